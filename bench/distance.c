/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Distance: a relay on loopback that makes a server look as far away as one wishes. What comes
 * in goes out half a round trip later, in both directions, ends of streams included. To the
 * client a connection is there at once; so that it costs the round trip that it costs in a
 * network, nothing that the client says counts as sent before that is over.
 *
 *     distance LISTEN-PORT SERVER-PORT MILLISECONDS-OF-A-ROUND-TRIP     prints `ready`
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 16384

/* On its way: due at a time, to be written to a side. len 0: the end of the stream. */
struct chunk {
    struct chunk *next;
    uint64_t due;
    size_t len, done;
    char bytes[CHUNK];
};

/* One direction. A direction delays all alike, so its chunks are in order. */
struct way {
    int from, to;
    bool ended;  /* its end was read */
    bool closed; /* and passed on */
    struct chunk *first, **last;
};

struct relay {
    struct relay *next;
    uint64_t established; /* to the client */
    struct way up, down;
};

static struct {
    int epoll, port;
    uint64_t half;
    struct relay *relays;
} state;

static uint64_t now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void watch(int fd, void *what)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};

    (void)epoll_ctl(state.epoll, EPOLL_CTL_ADD, fd, &event);
}

/* ---- ways ---- */

static void way_init(struct way *way, int from, int to)
{
    *way = (struct way){.from = from, .to = to};
    way->last = &way->first;
    watch(from, way);
}

static void way_read(struct way *way, uint64_t established)
{
    struct chunk *chunk = malloc(sizeof *chunk);
    uint64_t sent = now();
    ssize_t n;

    if (chunk == NULL)
        exit(1);
    n = recv(way->from, chunk->bytes, sizeof chunk->bytes, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        free(chunk);
        return;
    }
    if (n <= 0) {
        way->ended = true;
        (void)epoll_ctl(state.epoll, EPOLL_CTL_DEL, way->from, NULL);
    }
    chunk->next = NULL;
    chunk->due = (sent > established ? sent : established) + state.half;
    chunk->len = n > 0 ? (size_t)n : 0;
    chunk->done = 0;
    *way->last = chunk;
    way->last = &chunk->next;
}

/* Writes what is due. The peers read what they are sent: a full buffer is waited out. */
static void way_write(struct way *way, uint64_t time)
{
    while (way->first != NULL && way->first->due <= time) {
        struct chunk *chunk = way->first;

        if (chunk->len == 0) {
            (void)shutdown(way->to, SHUT_WR);
            way->closed = true;
        } else if (send(way->to, chunk->bytes, chunk->len, MSG_NOSIGNAL) < 0) {
            way->ended = way->closed = true;
        }
        way->first = chunk->next;
        if (way->first == NULL)
            way->last = &way->first;
        free(chunk);
    }
}

/* ---- relays ---- */

static int connect_to_server(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)state.port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

static void no_delay(int fd)
{
    const int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void relay_new(int client)
{
    struct relay *relay = calloc(1, sizeof *relay);
    int server = connect_to_server();

    if (relay == NULL || server < 0) {
        (void)close(client);
        free(relay);
        return;
    }
    no_delay(client);
    no_delay(server);
    relay->established = now() + 2 * state.half;
    way_init(&relay->up, client, server);
    way_init(&relay->down, server, client);
    relay->next = state.relays;
    state.relays = relay;
}

/* Milliseconds until the next chunk is due, -1: nothing is under way. */
static int step(void)
{
    uint64_t time = now();
    uint64_t due = UINT64_MAX;

    for (struct relay **at = &state.relays; *at != NULL;) {
        struct relay *relay = *at;

        way_write(&relay->up, time);
        way_write(&relay->down, time);
        if (relay->up.closed && relay->down.closed) {
            (void)close(relay->up.from);
            (void)close(relay->up.to);
            *at = relay->next;
            free(relay);
            continue;
        }
        if (relay->up.first != NULL && relay->up.first->due < due)
            due = relay->up.first->due;
        if (relay->down.first != NULL && relay->down.first->due < due)
            due = relay->down.first->due;
        at = &relay->next;
    }
    return due == UINT64_MAX ? -1 : (int)((due - time + 999999) / 1000000);
}

static void read_way(struct way *way)
{
    for (struct relay *relay = state.relays; relay != NULL; relay = relay->next) {
        if (way == &relay->up)
            way_read(way, relay->established);
        else if (way == &relay->down)
            way_read(way, 0);
    }
}

/* False: the wait failed. */
static bool turn(int listening)
{
    struct epoll_event events[64];
    int count = epoll_wait(state.epoll, events, 64, step());

    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr != NULL)
            read_way(events[i].data.ptr);
        else
            relay_new(accept4(listening, NULL, NULL, SOCK_CLOEXEC));
    }
    return count >= 0 || errno == EINTR;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;

    if (argc != 4 || fd < 0)
        return 1;
    (void)signal(SIGPIPE, SIG_IGN);
    address.sin_port = htons((uint16_t)atoi(argv[1]));
    state.port = atoi(argv[2]);
    state.half = (uint64_t)(atof(argv[3]) * 500000.0);
    state.epoll = epoll_create1(EPOLL_CLOEXEC);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (state.epoll < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 1024) != 0)
        return 1;
    (void)puts("ready");
    (void)fflush(stdout);
    watch(fd, NULL);
    while (turn(fd))
        continue;
    return 1;
}
