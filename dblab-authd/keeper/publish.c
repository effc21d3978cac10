/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "model/policy.h"

#define LOCK_TIME (DBA_SECOND / 2)

static bool say(char *why, const char *what, const char *path, const char *error)
{
    (void)snprintf(why, PUBLISH_WHY_MAX, "%s %.300s: %s", what, path, error);
    return false;
}

static bool make_folder(const char *path, char *why)
{
    struct stat st;

    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        return say(why, "cannot make the folder", path, strerror(errno));
    if (lstat(path, &st) != 0)
        return say(why, "cannot look at", path, strerror(errno));
    if (!S_ISDIR(st.st_mode) || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return say(why, "cannot use the folder", path,
                   "it must be root's and writable by root alone");
    /* The umask of the daemon is 077, but callers must get in. */
    if ((st.st_mode & 07777) != 0755 && chmod(path, 0755) != 0)
        return say(why, "cannot open the folder to callers", path, strerror(errno));
    return true;
}

static int open_readable(const char *path)
{
    int error = errno;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    errno = error;
    return fd;
}

/*
 * Another one that ends, or a child of one that was killed between fork and exec, may hold it a
 * moment longer than its supervisor waits.
 */
static bool lock_soon(int fd)
{
    static const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    dba_time end = dba_clock_monotonic() + LOCK_TIME;

    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EINTR && (errno != EWOULDBLOCK || dba_clock_monotonic() > end))
            return false;
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

void publish_unlock(int fd)
{
    /* Closing alone would leave it with a child that has the descriptor, too. */
    (void)flock(fd, LOCK_UN);
    (void)close(fd);
}

int publish_lock(const char *run_dir, char *why)
{
    char path[PATH_MAX];
    int fd;

    if (!make_folder(run_dir, why))
        return -1;
    (void)snprintf(path, sizeof path, "%s/lock", run_dir);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) /* on a file system that cannot be written one that is there serves as well */
        fd = open_readable(path);
    if (fd < 0) {
        (void)say(why, "cannot open", path, strerror(errno));
        return -1;
    }
    if (lock_soon(fd))
        return fd;
    (void)say(why, "cannot lock", path,
              errno == EWOULDBLOCK ? "another dblab-authd is running" : strerror(errno));
    (void)close(fd);
    return -1;
}

static bool is_same(const char *path, const char *text, size_t len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char *now = malloc(len + 1);
    struct stat st;
    bool same = fd >= 0 && now != NULL && fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0644 &&
                st.st_uid == 0 && read(fd, now, len + 1) == (ssize_t)len &&
                memcmp(now, text, len) == 0;

    free(now);
    if (fd >= 0)
        (void)close(fd);
    return same;
}

static bool write_whole(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return fchmod(fd, 0644) == 0 && fsync(fd) == 0;
}

static bool replace(const char *path, const char *text, size_t len, char *why)
{
    char temporary[PATH_MAX + 8];
    bool ok = false;
    int fd;

    (void)snprintf(temporary, sizeof temporary, "%s.new", path);
    (void)unlink(temporary); /* of a daemon that was killed here; we hold the lock */
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return say(why, "cannot write", temporary, strerror(errno));
    if (!write_whole(fd, text, len))
        (void)say(why, "cannot write", temporary, strerror(errno));
    else if (rename(temporary, path) != 0)
        (void)say(why, "cannot replace", path, strerror(errno));
    else
        ok = true;
    (void)close(fd);
    if (!ok)
        (void)unlink(temporary);
    return ok;
}

bool publish_policy(const char *run_dir, const struct dba_settings *settings, char *why)
{
    char path[PATH_MAX];
    char *text = NULL;
    size_t len = 0;
    enum dba_err err = dba_policy_print(settings, &text, &len);
    bool ok;

    (void)snprintf(path, sizeof path, "%s/policy", run_dir);
    if (err != DBA_OK)
        return say(why, "cannot print", path, dba_err_text(err));
    ok = is_same(path, text, len) || replace(path, text, len, why);
    free(text);
    return ok;
}
