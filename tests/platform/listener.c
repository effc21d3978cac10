/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of the simulated Platform; see listener.h. */
#include "tests/platform/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/platform/conn.h"

#define BACKLOG 4096

struct listener {
    struct watch watch; /* fd -1: closed */
    struct platform *platform;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address; /* with the port */
    socklen_t len;
    bool with_tls, trap;
};

static void on_connection(struct watch *watch, uint32_t events)
{
    struct listener *listener = CONTAINER(watch, struct listener, watch);
    struct platform *platform = listener->platform;

    (void)events;
    /* bounded, so that a flood of connections does not keep answers waiting */
    for (int i = 0; i < 64 && watch->fd >= 0; i++) {
        int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0) {
            return;
        }
        conn_new(platform, fd, listener->with_tls, listener->trap,
                 platform->mode.listening == LISTEN_SILENT && !listener->trap);
    }
}

/* False: errno. */
static bool open_port(struct listener *listener)
{
    int on = 1;
    int fd =
        socket(listener->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return false;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (listener->address.any.sa_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (bind(fd, &listener->address.any, listener->len) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, &listener->address.any, &listener->len) != 0) {
        int saved = errno;

        close(fd);
        errno = saved;
        return false;
    }
    listener->watch.fd = fd;
    loop_watch(listener->platform->loop, &listener->watch, EPOLLIN);
    return true;
}

static void close_port(struct listener *listener)
{
    if (listener->watch.fd >= 0) {
        loop_unwatch(listener->platform->loop, &listener->watch);
        close(listener->watch.fd);
        listener->watch.fd = -1;
    }
}

struct listener *listener_new(struct platform *platform, const char *address, int port,
                              bool with_tls, bool trap)
{
    struct listener *listener = take(sizeof *listener);
    size_t place = 0;

    listener->platform = platform;
    listener->watch.fd = -1;
    listener->watch.fn = on_connection;
    listener->with_tls = with_tls;
    listener->trap = trap;
    if (inet_pton(AF_INET, address, &listener->address.v4.sin_addr) == 1) {
        listener->address.v4.sin_family = AF_INET;
        listener->address.v4.sin_port = htons((uint16_t)port);
        listener->len = sizeof listener->address.v4;
    } else if (inet_pton(AF_INET6, address, &listener->address.v6.sin6_addr) == 1) {
        listener->address.v6.sin6_family = AF_INET6;
        listener->address.v6.sin6_port = htons((uint16_t)port);
        listener->len = sizeof listener->address.v6;
    }
    while (place < LISTENERS && platform->listeners[place] != NULL) {
        place++;
    }
    if (place == LISTENERS || !open_port(listener)) {
        free(listener);
        return NULL;
    }
    platform->listeners[place] = listener;
    return listener;
}

int listener_port(const struct listener *listener)
{
    return ntohs(listener->address.any.sa_family == AF_INET ? listener->address.v4.sin_port
                                                            : listener->address.v6.sin6_port);
}

bool listener_apply(struct platform *platform)
{
    bool done = true;

    for (size_t i = 0; i < LISTENERS && platform->listeners[i] != NULL; i++) {
        struct listener *listener = platform->listeners[i];

        if (listener->trap) {
            continue;
        }
        if (platform->mode.listening == LISTEN_CLOSED) {
            close_port(listener);
            continue;
        }
        if (listener->watch.fd < 0 && !open_port(listener)) {
            done = false;
            continue;
        }
        loop_watch(platform->loop, &listener->watch,
                   platform->mode.frozen ? 0 : (uint32_t)EPOLLIN);
    }
    return done;
}

void listener_free_all(struct platform *platform)
{
    for (size_t i = 0; i < LISTENERS && platform->listeners[i] != NULL; i++) {
        close_port(platform->listeners[i]);
        free(platform->listeners[i]);
        platform->listeners[i] = NULL;
    }
}
