/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/checker/ca.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool ca_read(int fd, char **bytes, size_t *len)
{
    char *buffer = malloc(CA_FILE_MAX + 1);
    char *kept;
    ssize_t got = 1;

    *bytes = NULL;
    *len = 0;
    if (buffer == NULL)
        return false;
    while (got != 0 && *len <= CA_FILE_MAX) {
        got = pread(fd, buffer + *len, CA_FILE_MAX + 1 - *len, (off_t)*len);
        if (got < 0 && errno != EINTR)
            goto out;
        *len += got > 0 ? (size_t)got : 0;
    }
    errno = *len == 0 ? ENODATA : EFBIG;
    if (*len == 0 || *len > CA_FILE_MAX)
        goto out;
    kept = realloc(buffer, *len);
    *bytes = kept != NULL ? kept : buffer;
    return true;
out:
    free(buffer);
    *len = 0;
    return false;
}

/* Eight hexadecimal digits, a dot, a digit: 002c0b4f.0 */
static bool is_hashed_name(const char *name)
{
    return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && name[9] >= '0' &&
           name[9] <= '9' && name[10] == '\0';
}

bool ca_folder_hashed(const char *path)
{
    DIR *dir = path == NULL ? NULL : opendir(path);
    const struct dirent *entry;
    bool found = false;

    if (dir == NULL)
        return false;
    while (!found && (entry = readdir(dir)) != NULL)
        found = is_hashed_name(entry->d_name);
    (void)closedir(dir);
    return found;
}
