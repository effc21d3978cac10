/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of a client: a socket, perhaps TLS on it, and one of two protocols on that.
 * What is written is collected and leaves at the end of the batch of events, so that many
 * small answers are one TLS record and one system call.
 */
#ifndef PLATFORM_CONN_H
#define PLATFORM_CONN_H

#include "tests/platform/exchange.h"
#include "tests/platform/platform.h"

struct conn;

/* A protocol collects no more than this ahead of what the client takes. */
#define CONN_AHEAD ((size_t)1 << 20)

/* A protocol: takes what came, sends answers. `state` is its own. */
struct protocol {
    void (*start)(struct conn *conn);
    void (*input)(struct conn *conn, const char *bytes, size_t len);
    /* Before what was collected is written: the protocol may add to it. */
    void (*output)(struct conn *conn);
    /* The answer in exchange->reply is due; the exchange ends with exchange_end(). */
    void (*answer)(struct conn *conn, struct exchange *exchange);
    /* More of an answer that drips or never ends. */
    void (*more)(struct conn *conn, struct exchange *exchange);
    void (*part)(struct conn *conn); /* polite: says that it is the last answer */
    void (*stop)(struct conn *conn); /* frees state; nothing of it is running then */
};

extern const struct protocol protocol_h1, protocol_h2;

struct conn {
    struct watch watch;
    struct platform *platform;
    struct conn *prev, *next; /* platform->conns, or next: platform->buried */
    struct conn *next_dirty;
    uint64_t number;
    void *ssl; /* NULL: plain */
    bool shaken, trap, silent, is_dirty, closing, lingering, dead, blocked;
    const struct protocol *protocol; /* NULL before the handshake's end */
    void *state;
    struct exchange *exchanges;
    struct text out;
    size_t out_at;
    struct timer throttle; /* slow headers: one byte each time; lingering: its end */
    bool throttled;
};

/* What a listener accepted; owned by the platform from here on. */
void conn_new(struct platform *platform, int fd, bool with_tls, bool trap, bool silent);

/* Collects bytes to write. */
void conn_write(struct conn *conn, const char *bytes, size_t len);
void conn_dirty(struct conn *conn); /* its protocol has something to say */

size_t conn_pending(const struct conn *conn); /* bytes collected and not gone */

void conn_throttle(struct conn *conn); /* from now on byte by byte */

void conn_close_soon(struct conn *conn); /* when all is written */
void conn_close(struct conn *conn, bool reset);

/* Closes all, perhaps with the protocol's farewell. */
void conn_close_all(struct platform *platform, enum parting parting);
void conn_freeze(struct platform *platform, bool frozen);

/* At the end of each batch of events: writes, and frees what was closed. */
void conn_after_batch(struct platform *platform);

#endif
