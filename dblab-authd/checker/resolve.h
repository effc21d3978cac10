/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks host names up in a thread of its own. libcurl could, but it waits for its thread when
 * a transfer ends early, which would stop everything for as long as a name server is silent.
 */
#ifndef DBA_CHECKER_RESOLVE_H
#define DBA_CHECKER_RESOLVE_H

#include <stdbool.h>

#include "dblab-authd/common/loop.h"

#define RESOLVE_NAMES    2   /* the Platform's and a proxy's */
#define RESOLVE_HOST_MAX 255 /* bytes of a name */
#define RESOLVE_TEXT_MAX 768 /* addresses as text: at most 16 */

struct resolver;

struct resolve_names {
    unsigned count;
    char hosts[RESOLVE_NAMES][RESOLVE_HOST_MAX + 1];
};

/* For each name its addresses as CURLOPT_RESOLVE wants them: `192.0.2.1,[2001:db8::1]`. */
struct resolve_answer {
    char addresses[RESOLVE_NAMES][RESOLVE_TEXT_MAX];
};

/* `answer` is NULL if one of the names cannot be resolved now. Never called from within start.
 */
typedef void resolve_fn(const struct resolve_answer *answer, void *arg);

struct resolver *resolver_new(struct loop *loop, resolve_fn *fn, void *arg); /* NULL: errno */

/* A lookup that is still under way is forgotten. */
void resolver_free(struct resolver **resolver);

/* One lookup at a time; while one is under way this does nothing. False: no thread to be had.
 */
bool resolver_start(struct resolver *resolver, const struct resolve_names *names);

bool resolver_busy(const struct resolver *resolver);

#endif
