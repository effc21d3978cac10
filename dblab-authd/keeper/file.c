/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/token.h"

static bool refuse(char *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(char *why, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(why, FILE_WHY_MAX, format, args);
    va_end(args);
    return false;
}

static bool folder_ok(const char *path, char *why)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return refuse(why, "%s: %s", path, strerror(errno));
    if (st.st_uid != 0)
        return refuse(why, "%s is not root's; mend it with: chown root %s", path, path);
    /* In a sticky folder nobody can replace what is root's. */
    if ((st.st_mode & S_ISVTX) != 0)
        return true;
    if ((st.st_mode & S_IWOTH) != 0)
        return refuse(why, "%s is writable by others; mend it with: chmod o-w %s", path, path);
    if ((st.st_mode & S_IWGRP) != 0 && st.st_gid != 0)
        return refuse(why, "%s is writable by its group; mend it with: chmod g-w %s", path,
                      path);
    return true;
}

/* Every folder from / to the file's own; `real` has no links in it. */
static bool folders_ok(const char *real, char *why)
{
    char path[PATH_MAX];

    if (!folder_ok("/", why))
        return false;
    for (const char *slash = strchr(real + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        (void)snprintf(path, sizeof path, "%.*s", (int)(slash - real), real);
        if (!folder_ok(path, why))
            return false;
    }
    return true;
}

static bool itself_ok(int fd, const char *path, enum file_kind kind, char *why)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return refuse(why, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return refuse(why, "%s is not a regular file", path);
    if (st.st_uid != 0)
        return refuse(why, "%s is not root's; mend it with: chown root %s", path, path);
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return refuse(why, "%s is writable by others; mend it with: chmod go-w %s", path, path);
    if (kind == FILE_SECRET && (st.st_mode & S_IROTH) != 0)
        return refuse(why, "%s is readable by others; mend it with: chmod o-rwx %s", path,
                      path);
    if (kind == FILE_PROGRAM && (st.st_mode & S_IXUSR) == 0)
        return refuse(why, "%s is not executable; mend it with: chmod u+x %s", path, path);
    return true;
}

int file_open(const char *path, enum file_kind kind, char *why)
{
    char real[PATH_MAX];
    int fd;

    if (path[0] != '/') {
        (void)refuse(why, "%s is not an absolute path", path);
        return -1;
    }
    if (realpath(path, real) == NULL) {
        (void)refuse(why, "%s: %s", path, strerror(errno));
        return -1;
    }
    if (!folders_ok(real, why))
        return -1;
    fd = open(real, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        (void)refuse(why, "%s: %s", path, strerror(errno));
        return -1;
    }
    if (itself_ok(fd, path, kind, why))
        return fd;
    (void)close(fd);
    return -1;
}

bool file_read(const char *path, enum file_kind kind, size_t max, char **text, size_t *len,
               char *why)
{
    size_t room = max + 1;
    int fd = file_open(path, kind, why);
    bool ok = false;

    *text = NULL;
    *len = 0;
    if (fd < 0)
        return false;
    *text = malloc(room + 1);
    if (*text == NULL) {
        (void)refuse(why, "out of memory");
        goto out;
    }
    while (*len < room) {
        ssize_t n = read(fd, *text + *len, room - *len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            (void)refuse(why, "%s: %s", path, strerror(errno));
            goto out;
        }
        if (n == 0)
            break;
        *len += (size_t)n;
    }
    if (*len > max) {
        (void)refuse(why, "%s is larger than %zu bytes", path, max);
        goto out;
    }
    (*text)[*len] = '\0';
    ok = true;
out:
    if (!ok && *text != NULL) {
        dba_wipe(*text, *len);
        free(*text);
        *text = NULL;
    }
    (void)close(fd);
    return ok;
}
