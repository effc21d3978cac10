/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/notify.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"

#define LISTEN_FDS_START 3

static void read_address(struct notify *notify)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t len = path != NULL ? strlen(path) : 0;

    notify->length = 0;
    if (len < 2 || len >= sizeof notify->address.sun_path || (path[0] != '/' && path[0] != '@'))
        return;
    notify->address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(notify->address.sun_path, path, len);
    if (path[0] == '@')
        notify->address.sun_path[0] = '\0'; /* the abstract namespace, unix(7) */
    notify->length = (unsigned)(offsetof(struct sockaddr_un, sun_path) + len);
}

static bool is_listening(int fd)
{
    int on = 0;
    int type = 0;
    int domain = 0;
    socklen_t len = sizeof on;

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) != 0 || on != 1)
        return false;
    len = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 || type != SOCK_STREAM)
        return false;
    len = sizeof domain;
    /* Only there the kernel says who the peer is. */
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX;
}

void notify_read(struct notify *notify)
{
    const char *pid = getenv("LISTEN_PID");
    const char *fds = getenv("LISTEN_FDS");

    read_address(notify);
    notify->activated_fd = -1;
    if (pid == NULL || fds == NULL || strtol(pid, NULL, 10) != getpid() ||
        strtol(fds, NULL, 10) < 1 || !is_listening(LISTEN_FDS_START))
        return;
    (void)fcntl(LISTEN_FDS_START, F_SETFD, FD_CLOEXEC);
    notify->activated_fd = LISTEN_FDS_START;
}

void notify_reloading(const struct notify *notify)
{
    char state[80];

    (void)snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld\n",
                   (long long)(dba_clock_monotonic() / 1000));
    notify_send(notify, state);
}

void notify_send(const struct notify *notify, const char *state)
{
    /* For a supervisor that is busy; one that hangs must not make us hang. */
    static const struct timeval patience = {.tv_sec = 1};
    int fd;

    if (notify->length == 0)
        return;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL,
                 (const struct sockaddr *)&notify->address, notify->length);
    (void)close(fd);
}
