/* SPDX-License-Identifier: Apache-2.0 */
/* What both programs do first to their own process. */
#include "dblab-authd/common/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

bool process_harden(void)
{
    static const struct rlimit no_core = {0, 0};

    (void)umask(077);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0)
        return false;
    if (clearenv() != 0) {
        errno = ENOMEM;
        return false;
    }
    return true;
}

bool process_standard_fds(void)
{
    bool done = false;
    int null;

    /* Taking the lowest free number, it lands on 0, 1 or 2 itself if those are closed. */
    do
        null = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (null >= 0 && null <= STDERR_FILENO && fcntl(null, F_SETFD, 0) == 0);
    if (null < 0)
        return false;
    if (dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0)
        done = true;
    (void)close(null);
    return done;
}

/* The way of kernels before 5.9 and of sandboxes that do not know close_range(). */
static void close_one_by_one(int first)
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;

    if (dir == NULL) {
        long max = sysconf(_SC_OPEN_MAX);

        for (int fd = first; fd < (max > 0 ? max : 1024); fd++)
            (void)close(fd);
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        char *end;
        long fd = strtol(entry->d_name, &end, 10);

        if (end != entry->d_name && *end == '\0' && fd >= first && fd != dirfd(dir))
            (void)close((int)fd);
    }
    (void)closedir(dir);
}

void process_close_from(int first)
{
    if (close_range((unsigned)first, ~0u, 0) != 0)
        close_one_by_one(first);
}

bool process_has_capability(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2] = {{0}};

    /* Called directly: this file is in programs that do not link libcap. */
    if (syscall(SYS_capget, &header, sets) != 0)
        return true;
    for (int i = 0; i < 2; i++)
        if ((sets[i].effective | sets[i].permitted | sets[i].inheritable) != 0)
            return true;
    return false;
}
