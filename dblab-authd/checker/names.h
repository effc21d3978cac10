/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host names that a request needs addresses of, the Platform's and a proxy's: looked up
 * before they are needed, and used on while a new lookup runs or fails. An old address does no
 * harm, since TLS says who is there.
 */
#ifndef DBA_CHECKER_NAMES_H
#define DBA_CHECKER_NAMES_H

#include <stdbool.h>

#include "dblab-authd/common/loop.h"

struct names;

/* A lookup has ended: the addresses are known (anew), or not (yet, or still the old ones). */
typedef void names_fn(bool found, void *arg);

/*
 * `proxy` may be "". NULL: *why says what in the two URLs cannot be used, or that there is no
 * memory.
 */
struct names *names_new(struct loop *loop, const char *url, const char *proxy, names_fn *fn,
                        void *arg, const char **why);
void names_free(struct names **names);

/* False: nothing is known yet; ask for it by names_refresh() and wait for the call. */
bool names_known(const struct names *names);

/* Starts a lookup if what is known is at least so old. False: that cannot be started. */
bool names_refresh(struct names *names, dba_time age);

/* `host:port:address,address` of the i-th name; NULL: there are not so many. */
const char *names_entry(const struct names *names, unsigned i);

/* Changes with the entries; 0 before the first. */
unsigned names_version(const struct names *names);

#endif
