/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/checker/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* A peer that is gone without a word is noticed within 15 + 3 * 2 seconds. */
#define KEEPALIVE_IDLE     15
#define KEEPALIVE_INTERVAL 2
#define KEEPALIVE_COUNT    3
#define USER_TIMEOUT_MS    ((KEEPALIVE_IDLE + KEEPALIVE_COUNT * KEEPALIVE_INTERVAL) * 1000)

enum use { USE_NEW, USE_ACTIVE, USE_IDLE, USE_DEAD };

struct entry {
    struct sockets *sockets;
    ino_t inode; /* tells it from another descriptor that got its number */
    struct loop_fd *watch;
    void *owner;
    enum use use;
    bool up;
};

struct sockets {
    struct loop *loop;
    struct sockets_events events;
    struct entry **by_fd; /* indexed by descriptor */
    int room;
};

static struct entry *entry_of(const struct sockets *sockets, int fd)
{
    return fd >= 0 && fd < sockets->room ? sockets->by_fd[fd] : NULL;
}

/*
 * libcurl (7.88) closes a socket by itself when another address of the same host answered
 * first. The number may be free then, or something else's.
 */
static bool is_open(const struct entry *entry, int fd)
{
    struct stat now;

    return fstat(fd, &now) == 0 && S_ISSOCK(now.st_mode) && now.st_ino == entry->inode;
}

static bool is_usable(const struct entry *entry, int fd, const void *owner)
{
    return entry != NULL && entry->owner == owner && entry->use != USE_DEAD &&
           is_open(entry, fd);
}

static void forget(struct sockets *sockets, int fd)
{
    loop_fd_free(&sockets->by_fd[fd]->watch);
    free(sockets->by_fd[fd]);
    sockets->by_fd[fd] = NULL;
}

struct sockets *sockets_new(struct loop *loop, const struct sockets_events *events)
{
    struct sockets *sockets = calloc(1, sizeof *sockets);

    if (sockets != NULL)
        *sockets = (struct sockets){.loop = loop, .events = *events};
    return sockets;
}

void sockets_free(struct sockets **sockets)
{
    if (*sockets == NULL)
        return;
    for (int fd = 0; fd < (*sockets)->room; fd++)
        if ((*sockets)->by_fd[fd] != NULL)
            forget(*sockets, fd);
    free((*sockets)->by_fd);
    free(*sockets);
    *sockets = NULL;
}

static bool room_for(struct sockets *sockets, int fd)
{
    int room = (fd / 64 + 1) * 64;
    struct entry **grown;

    if (fd < sockets->room)
        return true;
    grown = reallocarray(sockets->by_fd, (size_t)room, sizeof(struct entry *));
    if (grown == NULL)
        return false;
    memset(grown + sockets->room, 0, (size_t)(room - sockets->room) * sizeof(struct entry *));
    sockets->by_fd = grown;
    sockets->room = room;
    return true;
}

/* Best effort: a kernel that refuses one of these leaves the request's timeout. */
static void keepalive_set(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE},
        {IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL},
        {IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS},
    };

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                         sizeof options[i].value);
}

int sockets_open(struct sockets *sockets, int family, int type, int protocol, void *owner)
{
    int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    struct entry *entry = NULL;
    struct stat status;

    if (fd < 0)
        return -1;
    if (fstat(fd, &status) == 0 && room_for(sockets, fd))
        entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        (void)close(fd);
        errno = ENOMEM;
        return -1;
    }
    *entry = (struct entry){
        .sockets = sockets, .inode = status.st_ino, .owner = owner, .use = USE_NEW};
    if (sockets->by_fd[fd] != NULL)
        forget(sockets, fd);
    sockets->by_fd[fd] = entry;
    keepalive_set(fd);
    return fd;
}

void sockets_close(struct sockets *sockets, int fd)
{
    if (entry_of(sockets, fd) != NULL)
        forget(sockets, fd);
    (void)close(fd);
}

/* What waits on a socket: nothing, something to read, or the end. */
enum look { LOOK_QUIET, LOOK_DATA, LOOK_END };

static enum look look_at(int fd)
{
    struct pollfd ask = {.fd = fd, .events = POLLIN | POLLRDHUP};
    char byte;
    ssize_t got;

    if (poll(&ask, 1, 0) <= 0)
        return LOOK_QUIET;
    if (ask.revents & (POLLERR | POLLHUP | POLLRDHUP | POLLNVAL))
        return LOOK_END; /* whatever there is to read before the end is a farewell */
    got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got > 0)
        return LOOK_DATA;
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? LOOK_QUIET : LOOK_END;
}

static void idle_ready(struct entry *entry, int fd)
{
    struct sockets *sockets = entry->sockets;
    void *owner = entry->owner;

    switch (look_at(fd)) {
    case LOOK_QUIET:
        return;
    case LOOK_DATA:
        loop_fd_want(entry->watch, 0);
        sockets->events.stirred(owner);
        return;
    case LOOK_END:
        entry->use = USE_DEAD;
        loop_fd_want(entry->watch, 0);
        sockets->events.lost(owner);
        return;
    }
}

static void socket_ready(int fd, unsigned events, void *arg)
{
    struct entry *entry = arg;

    switch (entry->use) {
    case USE_ACTIVE:
        entry->sockets->events.ready(fd, events, entry->owner);
        return;
    case USE_IDLE:
        idle_ready(entry, fd);
        return;
    case USE_NEW:
    case USE_DEAD:
        return;
    }
}

bool sockets_want(struct sockets *sockets, int fd, unsigned events)
{
    struct entry *entry = entry_of(sockets, fd);
    unsigned wanted = events == 0 ? LOOP_READ : events;

    if (entry == NULL)
        return events == 0;
    if (!is_open(entry, fd)) {
        forget(sockets, fd);
        return events == 0;
    }
    if (events == 0 && entry->use == USE_DEAD)
        return true;
    entry->use = events == 0 ? USE_IDLE : USE_ACTIVE;
    if (entry->watch == NULL)
        entry->watch = loop_fd_new(sockets->loop, fd, wanted, socket_ready, entry);
    else
        loop_fd_want(entry->watch, wanted);
    return entry->watch != NULL;
}

static int local_port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } address = {.any.sa_family = AF_UNSPEC};
    socklen_t len = sizeof address;

    if (getsockname(fd, &address.any, &len) != 0)
        return -1;
    if (address.any.sa_family == AF_INET)
        return ntohs(address.four.sin_port);
    return address.any.sa_family == AF_INET6 ? ntohs(address.six.sin6_port) : -1;
}

void sockets_up(struct sockets *sockets, const void *owner, int local_port)
{
    for (int fd = 0; fd < sockets->room; fd++) {
        struct entry *entry = sockets->by_fd[fd];

        if (is_usable(entry, fd, owner) && !entry->up && local_port_of(fd) == local_port)
            entry->up = true;
    }
}

unsigned sockets_count_up(const struct sockets *sockets, const void *owner)
{
    unsigned count = 0;

    for (int fd = 0; fd < sockets->room; fd++)
        if (is_usable(sockets->by_fd[fd], fd, owner) && sockets->by_fd[fd]->up)
            count++;
    return count;
}

unsigned sockets_usable(const struct sockets *sockets, const void *owner)
{
    unsigned count = 0;

    for (int fd = 0; fd < sockets->room; fd++)
        if (is_usable(sockets->by_fd[fd], fd, owner))
            count++;
    return count;
}

void sockets_give_up(struct sockets *sockets, const void *owner, bool all)
{
    for (int fd = 0; fd < sockets->room; fd++) {
        struct entry *entry = sockets->by_fd[fd];

        if (entry == NULL || entry->owner != owner || entry->use != USE_IDLE ||
            (!all && look_at(fd) == LOOK_QUIET))
            continue;
        (void)shutdown(fd, SHUT_RDWR);
        entry->use = USE_DEAD;
        loop_fd_want(entry->watch, 0);
    }
}
