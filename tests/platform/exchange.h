/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request and its answer. A protocol fills it in, hands it over when the request is
 * whole, and is told when the answer is due.
 */
#ifndef PLATFORM_EXCHANGE_H
#define PLATFORM_EXCHANGE_H

#include "tests/platform/platform.h"

#define EXCHANGE_HEADERS RECORD_HEADERS

struct conn;

struct exchange {
    struct conn *conn;
    struct exchange *prev, *next; /* of the connection */
    int32_t stream;               /* HTTP/2 */
    struct timer timer;           /* until the answer is due; then between drops */
    bool whole;                   /* handed over */
    bool answering;               /* the protocol has the reply */
    bool too_long;
    uint64_t entry; /* number in the record */
    struct reply reply;
    size_t sent; /* bytes of the body that the protocol took */
    bool has_access;
    size_t access_len, headers_len, body_len;
    char method[16];
    char path[512];
    char access[TOKEN_ROOM];
    char headers[EXCHANGE_HEADERS]; /* `name: value` lines, as far as they fit */
    char body[2 * TOKEN_ROOM];
};

struct exchange *exchange_new(struct conn *conn);

void exchange_set(char *field, size_t cap, const char *value, size_t len);
void exchange_header(struct exchange *exchange, const char *name, size_t name_len,
                     const char *value, size_t value_len);
void exchange_body(struct exchange *exchange, const char *bytes, size_t len);

/* The request is whole: counts it and has it answered, now or after the latency. */
void exchange_take(struct exchange *exchange);

/* Calls the protocol's more() after the time between two drops. */
void exchange_drip(struct exchange *exchange);

/* It is over; `answered`: whole. Frees it. */
void exchange_end(struct exchange *exchange, bool answered);

#endif
