/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTPS side of the checker: asks the Platform about tokens, many at once, over few kept
 * connections (HTTP/2 where the Platform has it).
 *
 *  - A check takes at most the setup's timeout_ms, name lookup and repeats included.
 *  - A request that fails without a byte of answer, on a connection that has answered
 *    something, is repeated at once on another one, up to three times.
 *  - A connection on which a request timed out carries no further one.
 */
#ifndef DBA_CHECKER_HTTP_H
#define DBA_CHECKER_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "dblab-authd/common/link.h"
#include "dblab-authd/common/loop.h"

struct http;

struct http_options {
    const struct link_setup *setup; /* copied */
    const char *ca;                 /* PEM, borrowed for as long; NULL: the system's */
    size_t ca_len;
    const char *ca_path; /* the system's folder of hashed names, borrowed; NULL: none */
};

/* Each check ends in exactly one of these, perhaps from within http_check(). */
typedef void http_answer_fn(uint32_t id, const struct dba_answer *answer, void *arg);

/* No connection is open, so that the next request would have to wait for one (warmth.h). */
typedef void http_cold_fn(void *arg);

/*
 * transfer_library_init() must have succeeded. The first report of being cold comes from the
 * loop. NULL: *why says (static) what in the setup cannot be used, or that there is no memory.
 */
struct http *http_new(struct loop *loop, const struct http_options *options,
                      http_answer_fn *answer, http_cold_fn *cold, void *arg, const char **why);
void http_free(struct http **http); /* checks under way are not answered any more */

/* Asks about a token. Keeps what it needs of `check`, and wipes that when done. */
void http_check(struct http *http, const struct link_check *check);

/* Opens a connection without a token, unless there is one. */
void http_warm(struct http *http);

#endif
