/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to say that no connection to the Platform is open. Saying so brings a new connection,
 * so that the next login finds one; but a Platform that cannot be reached, or that keeps no
 * connection, must not be called again and again for nothing. So:
 *
 *  - a connection that was kept for the next request and is lost is reported at once, at most
 *    16 times in a row and ten times a second in the long run;
 *  - after an attempt that left no connection it takes a second, and twice as long each time
 *    up to 8 seconds.
 */
#ifndef DBA_CHECKER_WARMTH_H
#define DBA_CHECKER_WARMTH_H

#include <stdbool.h>

#include "base/clock.h"

#define WARMTH_BURST     16
#define WARMTH_REFILL    (DBA_SECOND / 10)
#define WARMTH_DELAY_MIN DBA_SECOND
#define WARMTH_DELAY_MAX (8 * DBA_SECOND)

struct warmth {
    bool warm;        /* a connection is open, or being opened */
    bool kept;        /* since the last report, one was kept open after an answer */
    dba_time delay;   /* before the next report of an attempt that left none */
    bool pays;        /* the next report is one at once */
    dba_time tokens;  /* of the bucket, in time: each report at once costs WARMTH_REFILL */
    dba_time counted; /* when `tokens` was right */
    dba_time due;     /* of the report; DBA_NEVER: none */
};

/* Cold, and so to be reported at once. */
void warmth_init(struct warmth *warmth, dba_time now);

/* Is a connection open, or being opened? To be called whenever that may have changed. */
void warmth_set(struct warmth *warmth, dba_time now, bool warm);

/* A connection is open after an answer came over it: it is worth while to have one. */
void warmth_keeps(struct warmth *warmth);

/* True once for each report that is due; sets warmth->due anew. */
bool warmth_report(struct warmth *warmth, dba_time now);

#endif
