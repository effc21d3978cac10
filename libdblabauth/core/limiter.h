/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limiter: how many refusals within a minute are let pass for one service, address and
 * user (failuresPerMinute), and for one service and address whatever the user (ten times as
 * many). A minute is counted in steps of five seconds, so one is never shorter than 60
 * seconds and at most 65.
 */
#ifndef DBA_CORE_LIMITER_H
#define DBA_CORE_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct dba_limiter;

/* `key` as in digest.h, copied. NULL: no memory. */
struct dba_limiter *dba_limiter_new(const uint8_t *key);
void dba_limiter_free(struct dba_limiter **limiter);

struct dba_origin {
    const char *service;
    const char *rhost; /* "" if the caller named none: an address of its own */
    const char *user;
};

bool dba_limiter_blocks(const struct dba_limiter *limiter, dba_time now, uint32_t per_minute,
                        const struct dba_origin *origin);

/* Counts one refusal. At most `entries` counters are kept; the least recently used goes. */
void dba_limiter_count(struct dba_limiter *limiter, dba_time now, uint32_t entries,
                       const struct dba_origin *origin);

/*
 * The address that is limited: all of loopback is one, and so is an IPv6 /64; other text as
 * it is, in lower case. `out` has DBA_ORIGIN_ADDRESS bytes.
 */
#define DBA_ORIGIN_ADDRESS 256
void dba_limiter_address(const char *rhost, char *out);

#endif
