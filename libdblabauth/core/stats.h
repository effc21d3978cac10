/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the core counts. Counters only grow; gauges are read when asked for.
 */
#ifndef DBA_CORE_STATS_H
#define DBA_CORE_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "model/answer.h"
#include "model/result.h"

#define DBA_RESULTS 5 /* enum dba_result */
#define DBA_CLASSES 3 /* enum dba_answer_class */
#define DBA_STAT_SERVICES                                                                      \
    64 /* services with counters of their own; the last takes the rest                         \
        */
#define DBA_SECONDS_STEPS 12

/* Upper ends of the histogram of a check's seconds; what is slower counts in the total only. */
#define DBA_SECONDS_BUCKETS                                                                    \
    {                                                                                          \
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0                     \
    }

struct dba_stats {
    /* counters */
    struct {
        char service[64];
        uint64_t results[DBA_RESULTS]; /* decisions of AUTH and ACCOUNT */
    } logins[DBA_STAT_SERVICES];
    size_t services;
    uint64_t checks[DBA_CLASSES]; /* answers of the Platform by class */
    uint64_t causes[DBA_CAUSE_COUNT];
    uint64_t seconds[DBA_SECONDS_STEPS]; /* cumulative, as Prometheus has it */
    uint64_t seconds_count;
    double seconds_sum;
    uint64_t rechecks, witnesses;
    uint64_t revocations_revoked, revocations_not_permitted;
    uint64_t checker_lost;
    /* gauges */
    bool reachable;              /* the last check was decided */
    dba_time since_answer;       /* since the last decided answer; DBA_NEVER: none yet */
    int64_t org_id;              /* 0: not known */
    bool own_token_invalid;      /* ours was answered invalid, last */
    bool holding;                /* the Platform asked for a pause that lasts */
    uint64_t tokens;             /* remembered, or with something alive behind them */
    uint64_t live;               /* with something alive behind them */
    uint64_t verdicts, refusals; /* entries of the two tables */
    uint64_t in_flight, queued, waiting; /* requests out, checks that wait, callers that wait */
    dba_time oldest_verdict; /* age of the oldest that something alive relies on; 0: none */
    dba_time bound, max_age; /* revocation.bound and A */
    bool overloaded;         /* live tokens x answer time over what the promise allows */
};

#endif
