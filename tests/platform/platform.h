/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated Platform: an HTTPS server that answers POST {base}/rpc/dblab_token_check as
 * the Database Lab Platform does, or fails at it in any way that can be asked for. It is the
 * Platform of the daemon's tests and of the bench.
 *
 *     main.c       options; composes what follows
 *     control.c    the control socket, one command a line (control.h lists them)
 *     command*.c   the commands;  words.c  takes a line apart
 *     listener.c   ports; open, closed, or silent
 *     tls.c        certificates that can be changed for the next connections
 *     conn.c       one connection: bytes in and out, throttled or cut
 *     h1.c h2.c    the two protocols
 *     exchange.c   one request: counted, captured, delayed, answered
 *     service.c    what it is answered: the call itself, and scripts
 *     fixture.c    the failures, by name;  reply.c  makes answers of them
 *     tokens.c record.c json.c loop.c
 */
#ifndef PLATFORM_PLATFORM_H
#define PLATFORM_PLATFORM_H

#include <stdbool.h>

#include "tests/platform/fixture.h"
#include "tests/platform/loop.h"
#include "tests/platform/record.h"
#include "tests/platform/reply.h"
#include "tests/platform/tokens.h"

#define LISTENERS 6

enum listening { LISTEN_OPEN, LISTEN_CLOSED, LISTEN_SILENT };

/* What the owner of a connection does behind an answer. */
enum parting { PART_NEVER, PART_POLITE, PART_RUDE };

/* How it behaves; control calls change it. */
struct mode {
    char base[256]; /* before /rpc/... */
    enum wrap wrap;
    enum extras extras;
    bool access_required; /* a request without Access-Token is answered 401 */
    nanosec latency;
    nanosec drip;         /* between two bytes of what drips */
    struct script script; /* for all requests, before any token's own */
    enum listening listening;
    enum parting parting; /* after each answer */
    bool frozen;          /* nothing is read, written or accepted */
    bool http1_only;      /* ALPN of the next connections */
    uint32_t streams;     /* SETTINGS_MAX_CONCURRENT_STREAMS of the next connections */
};

struct platform {
    struct loop *loop;
    struct tls *tls;
    struct tokens *tokens;
    struct record record;
    struct mode mode;
    struct listener *listeners[LISTENERS];
    int trap_port;
    struct conn *conns;  /* all that are open */
    struct conn *dirty;  /* those with something to write */
    struct conn *buried; /* closed in this batch of events */
    uint64_t accepted;
    struct control *control;
};

#endif
