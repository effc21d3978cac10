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

#include "base/text.h"
#include "base/token.h"

#define LINKS_MAX 40 /* as the kernel has it, path_resolution(7) */

static bool refuse(char *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(char *why, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(why, FILE_WHY_MAX, format, args);
    va_end(args);
    return false;
}

/* ---- walking ---- */

struct walk {
    int folder;              /* where we are, judged; O_PATH */
    char at[PATH_MAX];       /* its path, for messages; "" is / */
    char rest[PATH_MAX];     /* of the path, still to be walked */
    char name[NAME_MAX + 1]; /* the last one, which is no link; "": it ended at a folder */
    unsigned links;
};

static bool folder_ok(int fd, const char *path, char *why)
{
    struct stat st;

    if (path[0] == '\0')
        path = "/";
    if (fstat(fd, &st) != 0)
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

/* Takes the next name off the rest; false: there is none. */
static bool next_name(struct walk *walk, bool *last)
{
    const char *start = walk->rest + strspn(walk->rest, "/");
    size_t len = strcspn(start, "/");
    const char *behind = start + len;

    if (len == 0 || len > NAME_MAX) {
        walk->name[0] = '\0';
        return false;
    }
    memcpy(walk->name, start, len);
    walk->name[len] = '\0';
    *last = behind[strspn(behind, "/")] == '\0';
    memmove(walk->rest, behind, strlen(behind) + 1);
    return true;
}

static bool path_of(const struct walk *walk, char *path, char *why)
{
    int len = snprintf(path, PATH_MAX, "%s/%s", walk->at, walk->name);

    return len < PATH_MAX || refuse(why, "%.100s...: %s", walk->at, strerror(ENAMETOOLONG));
}

/* Opens a folder below the present one (-1 as present: the root) and goes there. */
static bool enter(struct walk *walk, const char *name, const char *path, char *why)
{
    int fd = openat(walk->folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return refuse(why, "%s: %s", path, strerror(errno));
    if (!folder_ok(fd, path, why)) {
        (void)close(fd);
        return false;
    }
    if (walk->folder >= 0)
        (void)close(walk->folder);
    walk->folder = fd;
    (void)dba_text_copy(walk->at, sizeof walk->at, path);
    return true;
}

static bool enter_root(struct walk *walk, char *why)
{
    if (walk->folder >= 0)
        (void)close(walk->folder);
    walk->folder = -1;
    return enter(walk, "/", "", why);
}

/* Puts what the link says in front of the rest. */
static bool follow(struct walk *walk, const struct stat *st, const char *path, char *why)
{
    char target[PATH_MAX];
    char rest[PATH_MAX];
    ssize_t len;

    if (st->st_uid != 0)
        return refuse(why, "the link %s is not root's; mend it with: chown -h root %s", path,
                      path);
    len = readlinkat(walk->folder, walk->name, target, sizeof target);
    if (len < 0 || ++walk->links > LINKS_MAX)
        return refuse(why, "%s: %s", path, strerror(len < 0 ? errno : ELOOP));
    if (snprintf(rest, sizeof rest, "%.*s/%s", (int)len, target, walk->rest) >=
        (int)sizeof rest)
        return refuse(why, "%s: %s", path, strerror(ENAMETOOLONG));
    (void)dba_text_copy(walk->rest, sizeof walk->rest, rest);
    return target[0] != '/' || enter_root(walk, why);
}

static bool enter_parent(struct walk *walk, char *why)
{
    char parent[PATH_MAX];
    char *slash;

    (void)dba_text_copy(parent, sizeof parent, walk->at);
    slash = strrchr(parent, '/');
    if (slash == NULL)
        return true; /* of the root: itself */
    *slash = '\0';
    return enter(walk, "..", parent, why);
}

/* One name. *done: it is the last and no link; it may not be there. */
static bool step(struct walk *walk, bool last, bool *done, char *why)
{
    char path[PATH_MAX];
    struct stat st;

    *done = false;
    if (strcmp(walk->name, ".") == 0)
        return true;
    if (strcmp(walk->name, "..") == 0)
        return enter_parent(walk, why);
    if (!path_of(walk, path, why))
        return false;
    if (fstatat(walk->folder, walk->name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        *done = last && errno == ENOENT;
        return *done || refuse(why, "%s: %s", path, strerror(errno));
    }
    if (S_ISLNK(st.st_mode))
        return follow(walk, &st, path, why);
    *done = last;
    return last || enter(walk, walk->name, path, why);
}

/* To the folder of the last name, which is left in `walk`. Close walk->folder in any case. */
static bool walk_to(struct walk *walk, const char *path, char *why)
{
    bool last = false;
    bool done = false;

    *walk = (struct walk){.folder = -1};
    if (path[0] != '/')
        return refuse(why, "%s is not an absolute path", path);
    if (!dba_text_copy(walk->rest, sizeof walk->rest, path))
        return refuse(why, "%.100s...: %s", path, strerror(ENAMETOOLONG));
    if (!enter_root(walk, why))
        return false;
    while (!done && next_name(walk, &last))
        if (!step(walk, last, &done, why))
            return false;
    return done || walk->rest[strspn(walk->rest, "/")] == '\0' ||
           refuse(why, "%.100s...: %s", path, strerror(ENAMETOOLONG));
}

/* ---- what is at the end ---- */

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
    struct walk walk;
    int fd = -1;

    if (walk_to(&walk, path, why)) {
        /* Neither a FIFO nor a terminal must hold us up; both are refused below. */
        fd = openat(walk.folder, walk.name[0] != '\0' ? walk.name : ".",
                    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
            (void)refuse(why, "%s: %s", path, strerror(errno));
    }
    if (walk.folder >= 0)
        (void)close(walk.folder);
    if (fd < 0 || itself_ok(fd, path, kind, why))
        return fd;
    (void)close(fd);
    return -1;
}

/* The whole of it into `text`, which has room for max + 2 bytes. */
static bool read_whole(int fd, const char *path, size_t max, char *text, size_t *len, char *why)
{
    while (*len <= max) {
        ssize_t n = read(fd, text + *len, max + 1 - *len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return refuse(why, "%s: %s", path, strerror(errno));
        if (n == 0)
            break;
        *len += (size_t)n;
    }
    if (*len > max)
        return refuse(why, "%s is larger than %zu bytes", path, max);
    text[*len] = '\0';
    return true;
}

enum dba_err file_read(const char *path, enum file_kind kind, size_t max, char **text,
                       size_t *len, char *why)
{
    int fd = file_open(path, kind, why);
    enum dba_err err = DBA_ERR_MEMORY;

    *text = NULL;
    *len = 0;
    if (fd < 0)
        return DBA_ERR_CONFIG;
    *text = malloc(max + 2);
    if (*text != NULL)
        err = read_whole(fd, path, max, *text, len, why) ? DBA_OK : DBA_ERR_CONFIG;
    if (err != DBA_OK && *text != NULL) {
        dba_wipe(*text, *len);
        free(*text);
        *text = NULL;
        *len = 0;
    }
    (void)close(fd);
    return err;
}

bool file_folder_ok(const char *path, char *why)
{
    struct walk walk;
    struct stat st;
    bool ok = walk_to(&walk, path, why);

    if (ok && walk.name[0] != '\0' &&
        fstatat(walk.folder, walk.name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        ok = enter(&walk, walk.name, path, why);
    if (walk.folder >= 0)
        (void)close(walk.folder);
    return ok;
}
