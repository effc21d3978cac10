/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one request is answered, before any protocol: status, headers, body, and the manner in
 * which it leaves.
 */
#ifndef PLATFORM_REPLY_H
#define PLATFORM_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/platform/fixture.h"
#include "tests/platform/json.h"
#include "tests/platform/tokens.h"

/* How a Platform wraps its successes (platform.md). */
enum wrap { WRAP_PLAIN, WRAP_ARRAY, WRAP_RESULT, WRAP_ARRAY_RESULT };

/* What hint, details, code and message are on success. */
enum extras { EXTRAS_ABSENT, EXTRAS_NULL, EXTRAS_EMPTY };

struct reply {
    int status;
    const char *reason;  /* NULL: the usual one */
    const char *type;    /* NULL: none */
    const char *name;    /* the fixture's, for the record; static */
    struct text headers; /* `name: value` lines; to be freed */
    const char *body;
    size_t len;
    struct text owned; /* where the body is made for this reply */
    enum how how;
};

struct reply_style {
    enum wrap wrap;
    enum extras extras;
    int trap_port;
    const char *path; /* of this request */
};

void reply_clear(struct reply *reply);

/* 200 with the token's facts, or the 401 of an unknown, expired or revoked token. */
void reply_good(struct reply *reply, const struct reply_style *style,
                const struct token *token);
void reply_invalid(struct reply *reply);

/* As the fixture says. `token` gives the facts where it says "good". */
void reply_fixture(struct reply *reply, const struct reply_style *style,
                   const struct fixture *fixture, const struct token *token);

/* A fixture by its name, which must be in the table. */
void reply_named(struct reply *reply, const struct reply_style *style, const char *name);

const char *reply_reason(const struct reply *reply);

#endif
