/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cover over libcurl: transfers (one HTTP request each) and the multis that they run in
 * (their connections). It decides nothing: what is sent where, and what follows from how it
 * ends, is in http.c.
 */
#ifndef DBA_CHECKER_TRANSFER_H
#define DBA_CHECKER_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/token.h"
#include "dblab-authd/checker/incoming.h"
#include "dblab-authd/checker/names.h"
#include "dblab-authd/checker/request.h"
#include "dblab-authd/checker/sockets.h"
#include "dblab-authd/common/link.h"
#include "dblab-authd/common/loop.h"
#include "model/answer.h"

/* Once, before any thread and before the sandbox: files are read. False: libcurl cannot run. */
bool transfer_library_init(void);

/* Where the system keeps its certificates under hashed names, as libcurl has it; may be NULL.
 */
const char *transfer_library_ca_path(void);

struct multi;

enum transfer_kind {
    TRANSFER_CHECK,
    TRANSFER_WARM,  /* OPTIONS without a token, for the sake of the connection */
    TRANSFER_NUDGE, /* never sent: makes libcurl read what came on an idle connection */
};

/* How a transfer has ended. */
struct transfer_end {
    enum dba_cause cause; /* NONE: `in` is a whole answer */
    unsigned status;      /* 0: none has come */
    bool http2;
    bool reused; /* it went over a connection that it had not made */
};

/* The part of it that others may look at. */
struct transfer {
    TAILQ_ENTRY(transfer) link; /* for whoever holds it */
    struct multi *multi;        /* where it runs; NULL: nowhere */
    enum transfer_kind kind;
    bool sent;        /* it has or had a connection, which may carry some of it */
    unsigned repeats; /* the holder's, as are the next three */
    unsigned answers;
    uint32_t id;
    dba_time deadline;
    struct incoming in;
};
TAILQ_HEAD(transfers, transfer);

/* What all transfers have in common; borrowed by each, as is all that it points to. */
struct transfer_options {
    const struct link_setup *setup;
    const struct request_common *common;
    const char *ca; /* PEM; NULL: the system's */
    size_t ca_len;
    const char *ca_path; /* the system's folder of hashed names; NULL: none */
    struct sockets *sockets;
};

/* NULL: out of memory. */
struct transfer *transfer_new(const struct transfer_options *options, enum transfer_kind kind);

/* What a check asks, and with which Access-Token (len 0: none). Both copied. */
bool transfer_ask(struct transfer *transfer, const struct dba_token *token,
                  const struct dba_token *access);

/* Frees it, with no token left behind. It must run nowhere. */
void transfer_free(struct transfer *transfer);

struct multi_events {
    /* A transfer has ended, and runs nowhere any more. Called from multi_turn() only. */
    void (*ended)(struct transfer *transfer, const struct transfer_end *end, void *owner);
    /* From the loop: multi_turn() is to be called. */
    void (*due)(void *owner);
};

/* `owner` is also that of its sockets. NULL: out of memory. */
struct multi *multi_new(struct loop *loop, const struct transfer_options *options,
                        const struct multi_events *events, void *owner);
void multi_free(struct multi **multi); /* none may run in it; its connections are closed */

/* How many connections it may have; more are left open, but none is made. */
void multi_limit(struct multi *multi, unsigned connections);

/*
 * Starts it, for `ms` milliseconds at most; multi_turn() must follow. False: out of memory, it
 * runs nowhere.
 */
bool multi_start(struct multi *multi, struct transfer *transfer, const struct names *names,
                 unsigned ms);

/* It runs nowhere any more, without an end. */
void multi_drop(struct transfer *transfer);

/* Has something been started that multi_turn() was not called for yet? */
bool multi_is_due(const struct multi *multi);

/* Lets libcurl work: because something was started or is due, or a socket is ready. */
void multi_turn(struct multi *multi);
void multi_turn_socket(struct multi *multi, int fd, unsigned events);

#endif
