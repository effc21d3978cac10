/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTPS side of the checker, over libcurl: asks the Platform about tokens, many at once,
 * over few kept connections (HTTP/2 where the Platform has it).
 *
 * Rules that are kept here:
 *  - A check takes at most `timeout_ms`, name lookup and repeats included.
 *  - A request that fails without a byte of answer, on a connection that was used before, is
 *    repeated once on another one.
 *  - A connection on which a request timed out carries no further one.
 *  - The environment, cookies, redirects and credential files count nothing.
 */
#ifndef DBA_CHECKER_HTTP_H
#define DBA_CHECKER_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "dblab-authd/common/link.h"
#include "dblab-authd/common/loop.h"

struct http;

/* Each check ends in exactly one of these, perhaps from within http_check(). */
typedef void http_answer_fn(uint32_t id, const struct dba_answer *answer, void *arg);

/* No connection is open, so that the next request would have to wait for one (warmth.h). */
typedef void http_cold_fn(void *arg);

/* Once, before any thread and before the sandbox: files are read. False: libcurl cannot run. */
bool http_init(void);

/*
 * `setup` is copied; `ca` (PEM, `ca_len` bytes, 0: the system's) must live as long. The first
 * report of being cold comes from the loop. NULL: out of memory, or `*why` says (static) what
 * in the setup cannot be used.
 */
struct http *http_new(struct loop *loop, const struct link_setup *setup, const char *ca,
                      size_t ca_len, http_answer_fn *answer, http_cold_fn *cold, void *arg,
                      const char **why);
void http_free(struct http **http); /* checks under way are not answered any more */

/* Asks about a token. Copies what it needs of `check`, and wipes its copy when done. */
void http_check(struct http *http, const struct link_check *check);

/* Opens a connection without a token, unless there is one. */
void http_warm(struct http *http);

#endif
