/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dblab-authd/common/link.h"
#include "dblab-authd/common/process.h"

static void die(const char *what)
{
    (void)dprintf(STDERR_FILENO, "dblab-authd-checker: %s: %s\n", what, strerror(errno));
    _exit(1);
}

static void place_fd(int from, int to)
{
    /* dup2() takes the close-on-exec off; from itself to itself it would not. */
    if (from == to ? fcntl(to, F_SETFD, 0) != 0 : dup2(from, to) < 0)
        die("descriptors");
}

static void place_fds(int link, int ca)
{
    if (!process_standard_fds())
        die("standard descriptors");
    /* Out of the way of the two places first: either may stand on the other's. */
    link = fcntl(link, F_DUPFD, LINK_CA_FD + 1);
    ca = fcntl(ca, F_DUPFD, LINK_CA_FD + 1);
    if (link < 0 || ca < 0)
        die("descriptors");
    place_fd(link, LINK_FD);
    place_fd(ca, LINK_CA_FD);
    process_close_from(LINK_CA_FD + 1);
}

/* In the new process, after fork(2) of a program with one thread: becomes the checker. */
static void become(const struct spawn_options *options, int link, int ca, pid_t parent)
{
    char *const argv[] = {(char[]){"dblab-authd-checker"}, NULL};
    char *const env[] = {NULL};
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    place_fds(link, ca);
    if (setgroups(0, NULL) != 0 || setresgid(options->gid, options->gid, options->gid) != 0 ||
        setresuid(options->uid, options->uid, options->uid) != 0)
        die("changing to the system user");
    /* After the change of uid, which takes the second back. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        die("prctl");
    if (getppid() != parent)
        _exit(0); /* it died before the line above */
    (void)execve(options->program, argv, env);
    die(options->program);
}

/* A file of its own with these bytes: nobody can change what was read at load. */
static int ca_open(const char *ca, size_t len)
{
    int fd;

    if (ca == NULL)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    fd = memfd_create("certificates", MFD_CLOEXEC);
    while (fd >= 0 && len > 0) {
        ssize_t n = write(fd, ca, len);

        if (n < 0 && errno != EINTR) {
            (void)close(fd);
            return -1;
        }
        ca += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return fd;
}

pid_t spawn_checker(const struct spawn_options *options, const char *ca, size_t ca_len,
                    int *link_fd)
{
    pid_t parent = getpid();
    int pair[2] = {-1, -1};
    int ca_fd = ca_open(ca, ca_len);
    pid_t pid = -1;
    int error;

    *link_fd = -1;
    if (ca_fd >= 0 &&
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0)
        pid = fork();
    if (pid == 0)
        become(options, pair[1], ca_fd, parent);
    error = errno;
    if (pid > 0) {
        *link_fd = pair[0];
        pair[0] = -1;
    }
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0)
            (void)close(pair[i]);
    if (ca_fd >= 0)
        (void)close(ca_fd);
    errno = error;
    return pid;
}
