/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of a client; see conn.h. */
#include "tests/platform/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/platform/tls.h"

/* ---- bytes ---- */

static enum tls_status socket_status(ssize_t count, size_t *done)
{
    *done = count > 0 ? (size_t)count : 0;
    if (count > 0) {
        return TLS_DONE;
    }
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? TLS_WANT_READ : TLS_FAILED;
}

static enum tls_status read_some(struct conn *conn, char *bytes, size_t cap, size_t *got)
{
    if (conn->ssl != NULL) {
        return tls_read(conn->ssl, bytes, cap, got);
    }
    return socket_status(recv(conn->watch.fd, bytes, cap, 0), got);
}

static enum tls_status write_some(struct conn *conn, const char *bytes, size_t len, size_t *put)
{
    if (conn->ssl != NULL) {
        return tls_write(conn->ssl, bytes, len, put);
    }
    return socket_status(send(conn->watch.fd, bytes, len, MSG_NOSIGNAL), put);
}

size_t conn_pending(const struct conn *conn)
{
    return conn->out.len - conn->out_at;
}

void conn_dirty(struct conn *conn)
{
    if (!conn->is_dirty && !conn->dead) {
        conn->is_dirty = true;
        conn->next_dirty = conn->platform->dirty;
        conn->platform->dirty = conn;
    }
}

void conn_write(struct conn *conn, const char *bytes, size_t len)
{
    text_add(&conn->out, bytes, len);
    conn_dirty(conn);
}

static void want(struct conn *conn)
{
    uint32_t events = conn->platform->mode.frozen || conn->silent
                          ? 0
                          : EPOLLIN | (conn->blocked ? (uint32_t)EPOLLOUT : 0u);

    if (!conn->dead && conn->watch.events != events) {
        loop_watch(conn->platform->loop, &conn->watch, events);
    }
}

/*
 * Says that nothing more will come, then reads to the client's own end: closed with something
 * unread, a socket sends a reset, and that could overtake the answer.
 */
static void linger(struct conn *conn)
{
    while (conn->exchanges != NULL) {
        exchange_end(conn->exchanges, false);
    }
    conn->lingering = true;
    if (conn->ssl != NULL) {
        tls_farewell(conn->ssl);
    }
    (void)shutdown(conn->watch.fd, SHUT_WR);
    loop_timer_set(conn->platform->loop, &conn->throttle, loop_now() + 1000 * NANOSEC_PER_MS);
    want(conn);
}

/* Writes what was collected, as far as the socket takes it. */
static void flush(struct conn *conn)
{
    bool full = conn_pending(conn) >= CONN_AHEAD;

    conn->blocked = false;
    while (conn_pending(conn) > 0) {
        size_t put, len = conn->throttled ? 1 : conn_pending(conn);
        enum tls_status status = write_some(conn, conn->out.data + conn->out_at, len, &put);

        if (status == TLS_FAILED) {
            conn_close(conn, false);
            return;
        }
        if (status != TLS_DONE) {
            conn->blocked = true;
            break;
        }
        conn->out_at += put;
        if (conn->throttled) {
            break;
        }
    }
    if (conn_pending(conn) == 0) {
        conn->out.len = conn->out_at = 0;
        if (conn->closing) {
            linger(conn);
            return;
        }
        if (full) {
            conn_dirty(conn); /* its protocol had to stop */
        }
    } else if (conn->throttled) {
        loop_timer_set(conn->platform->loop, &conn->throttle,
                       loop_now() + conn->platform->mode.drip);
    }
    want(conn);
}

static void on_throttle(struct timer *timer)
{
    struct conn *conn = CONTAINER(timer, struct conn, throttle);

    if (conn->lingering) {
        conn_close(conn, false);
    } else {
        conn_dirty(conn);
    }
}

void conn_throttle(struct conn *conn)
{
    conn->throttled = true;
}

/* ---- life ---- */

void conn_close(struct conn *conn, bool reset)
{
    struct platform *platform = conn->platform;

    if (conn->dead) {
        return;
    }
    conn->dead = true;
    while (conn->exchanges != NULL) {
        exchange_end(conn->exchanges, false);
    }
    if (conn->ssl != NULL && !conn->shaken && !conn->silent) {
        platform->record.tls_failed++;
    }
    loop_timer_unset(platform->loop, &conn->throttle);
    loop_unwatch(platform->loop, &conn->watch);
    if (reset) {
        struct linger linger = {.l_onoff = 1, .l_linger = 0};

        (void)setsockopt(conn->watch.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
    if (conn->ssl != NULL) {
        if (!reset && !conn->lingering) {
            tls_farewell(conn->ssl);
        }
        tls_connection_free(conn->ssl);
    }
    close(conn->watch.fd);
    record_connection(&platform->record, false);
    if (conn->prev != NULL) {
        conn->prev->next = conn->next;
    } else {
        platform->conns = conn->next;
    }
    if (conn->next != NULL) {
        conn->next->prev = conn->prev;
    }
    conn->next = platform->buried;
    platform->buried = conn;
}

void conn_close_soon(struct conn *conn)
{
    conn->closing = true;
    conn_dirty(conn);
}

void conn_close_all(struct platform *platform, enum parting parting)
{
    struct conn *next;

    for (struct conn *conn = platform->conns; conn != NULL; conn = next) {
        next = conn->next;
        if (parting == PART_POLITE && conn->protocol != NULL) {
            conn->protocol->part(conn);
            conn_close_soon(conn);
        } else {
            conn_close(conn, false);
        }
    }
}

void conn_freeze(struct platform *platform, bool frozen)
{
    platform->mode.frozen = frozen;
    for (struct conn *conn = platform->conns; conn != NULL; conn = conn->next) {
        want(conn);
        conn_dirty(conn);
    }
}

/* ---- events ---- */

static void begin(struct conn *conn, bool http2)
{
    conn->shaken = true;
    conn->protocol = http2 ? &protocol_h2 : &protocol_h1;
    conn->protocol->start(conn);
    conn_dirty(conn);
}

static void shake(struct conn *conn)
{
    switch (tls_handshake(conn->ssl)) {
    case TLS_DONE:
        begin(conn, tls_agreed_http2(conn->ssl));
        break;
    case TLS_WANT_READ:
        break;
    case TLS_WANT_WRITE:
        conn->blocked = true;
        want(conn);
        break;
    case TLS_FAILED:
        conn_close(conn, false);
        break;
    }
}

static void on_event(struct watch *watch, uint32_t events)
{
    struct conn *conn = CONTAINER(watch, struct conn, watch);
    char bytes[16384];
    size_t got;

    if (conn->dead) {
        return;
    }
    if (conn->silent || conn->platform->mode.frozen) {
        if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
            conn_close(conn, false);
        }
        return;
    }
    if (conn->lingering) {
        ssize_t count = recv(conn->watch.fd, bytes, sizeof bytes, 0);

        if (count == 0 || (count < 0 && errno != EAGAIN)) {
            conn_close(conn, false);
        }
        return;
    }
    if (!conn->shaken) {
        conn->blocked = false;
        shake(conn);
    }
    while (conn->shaken && !conn->dead) {
        switch (read_some(conn, bytes, sizeof bytes, &got)) {
        case TLS_DONE:
            conn->protocol->input(conn, bytes, got);
            continue;
        case TLS_FAILED:
            conn_close(conn, false);
            return;
        case TLS_WANT_READ:
        case TLS_WANT_WRITE:
            break;
        }
        break;
    }
    if (conn->blocked) {
        conn_dirty(conn);
    }
}

void conn_new(struct platform *platform, int fd, bool with_tls, bool trap, bool silent)
{
    struct conn *conn = take(sizeof *conn);
    int on = 1;

    conn->platform = platform;
    conn->number = ++platform->accepted;
    conn->watch.fd = fd;
    conn->watch.fn = on_event;
    conn->throttle.fn = on_throttle;
    conn->trap = trap;
    conn->silent = silent;
    conn->next = platform->conns;
    if (conn->next != NULL) {
        conn->next->prev = conn;
    }
    platform->conns = conn;
    record_connection(&platform->record, true);
    platform->record.trap_connections += trap;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    loop_watch(platform->loop, &conn->watch, silent ? 0 : EPOLLIN);
    if (!with_tls) {
        begin(conn, false);
        return;
    }
    conn->ssl = tls_connection(platform->tls, fd);
    if (conn->ssl == NULL) {
        conn_close(conn, true);
    }
}

void conn_after_batch(struct platform *platform)
{
    while (platform->dirty != NULL) {
        struct conn *conn = platform->dirty;

        platform->dirty = conn->next_dirty;
        conn->is_dirty = false;
        if (conn->dead || conn->lingering || platform->mode.frozen || !conn->shaken) {
            continue;
        }
        if (conn->throttle.place == 0) {
            conn->protocol->output(conn);
        }
        if (!conn->dead && conn->throttle.place == 0) {
            flush(conn);
        }
    }
    while (platform->buried != NULL) {
        struct conn *conn = platform->buried;

        platform->buried = conn->next;
        if (conn->protocol != NULL) {
            conn->protocol->stop(conn);
        }
        free(conn->out.data);
        free(conn);
    }
}
