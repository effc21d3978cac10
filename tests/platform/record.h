/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the Platform saw: counters, the last requests whole, and if asked for the time of each
 * in a file.
 */
#ifndef PLATFORM_RECORD_H
#define PLATFORM_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/platform/json.h"
#include "tests/platform/loop.h"

#define RECORD_HEADERS 2048
#define RECORD_BODY    1024
#define RECORD_MAX     65536u

/* The counters that `counts` shows; gauges are kept by a reset. */
#define RECORD_COUNTERS(X)                                                                     \
    X(requests) /* POSTs to the call, whatever became of them */                               \
    X(answered) /* those whose answer left whole */                                            \
    X(with_access_token)                                                                       \
    X(without_access_token)                                                                    \
    X(bad_access_token) /* answered 401 for it */                                              \
    X(bad_bodies)                                                                              \
    X(options)                                                                                 \
    X(other_paths)                                                                             \
    X(http2) /* requests by it */                                                              \
    X(most_in_flight)                                                                          \
    X(connections)      /* accepted */                                                         \
    X(most_connections) /* at one time */                                                      \
    X(tls_failed)       /* handshakes that did not end well */                                 \
    X(trap_connections)                                                                        \
    X(trap_requests) /* redirects that were followed */                                        \
    X(trap_tokens)   /* those with a token in header or body */
#define RECORD_GAUGES(X)                                                                       \
    X(in_flight)                                                                               \
    X(open_connections)

struct record_entry {
    uint64_t number; /* of the request, from 1 */
    uint64_t connection;
    uint64_t token;        /* its number; UINT64_MAX: none */
    nanosec arrived, left; /* left 0: not answered (yet) */
    int status;            /* 0: not answered (yet) */
    const char *name;      /* of the fixture, static */
    bool http2, trap;
    char method[8];
    char path[128];
    char headers[RECORD_HEADERS];
    char body[RECORD_BODY];
    size_t headers_len, body_len;
};

struct record {
#define X(name) uint64_t name;
    RECORD_COUNTERS(X)
    RECORD_GAUGES(X)
#undef X
    uint64_t arrived;          /* all requests; never reset, so that numbers stay unique */
    struct record_entry *ring; /* owned */
    size_t ring_size;
    FILE *trace; /* NULL: none is written */
};

void record_init(struct record *record);
void record_free(struct record *record);
void record_reset(struct record *record);
void record_keep(struct record *record, size_t entries); /* how many requests are kept */

void record_connection(struct record *record, bool opened);
void record_in_flight(struct record *record, bool begins);

/* The place for a new request, its number set; the oldest is overwritten. */
struct record_entry *record_new(struct record *record);
/* The entry of a request, or NULL if overwritten since. */
struct record_entry *record_get(struct record *record, uint64_t number);

void record_counts(const struct record *record, struct text *out); /* one JSON object */
/* JSON lines, each behind "= ", oldest first. `whole`: with headers and body. */
void record_requests(const struct record *record, size_t last, bool whole, struct text *out);

/*
 * Writes `TIME TOKEN-NUMBER` for each request from now on (nanoseconds, CLOCK_MONOTONIC);
 * NULL ends it. False: the file cannot be written.
 */
bool record_trace(struct record *record, const char *path);
void record_trace_request(struct record *record, nanosec when, uint64_t token);

#endif
