/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon of pam_thin.c: an epoll loop that says yes. Nothing is checked and nothing is
 * bounded: it is what one round trip costs.
 *
 *     thin_daemon SOCKET     prints `ready`
 */
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench/thin.h"

static void answer(int fd)
{
    const struct thin_reply reply = {0};
    struct thin_request request;

    if (recv(fd, &request, sizeof request, MSG_DONTWAIT) == (ssize_t)sizeof request)
        (void)send(fd, &reply, sizeof reply, MSG_NOSIGNAL);
    (void)close(fd);
}

static void take(int epoll, int listening)
{
    struct epoll_event event = {.events = EPOLLIN};
    int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    event.data.fd = fd;
    if (fd >= 0)
        (void)epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static int serve(int listening)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listening};
    struct epoll_event events[64];
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &event) != 0)
        return 1;
    for (;;) {
        int count = epoll_wait(epoll, events, 64, -1);

        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listening)
                take(epoll, listening);
            else
                answer(events[i].data.fd);
        }
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (argc != 2 || fd < 0 || strlen(argv[1]) >= sizeof address.sun_path)
        return 1;
    memcpy(address.sun_path, argv[1], strlen(argv[1]) + 1);
    (void)unlink(argv[1]);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 4096) != 0)
        return 1;
    (void)puts("ready");
    (void)fflush(stdout);
    return serve(fd);
}
