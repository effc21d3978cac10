/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers of the core: an intrusive pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986), so
 * that setting one never needs memory and so never fails.
 */
#ifndef DBA_CORE_TIMERS_H
#define DBA_CORE_TIMERS_H

#include "base/clock.h"

/* Whose timer it is: core.c dispatches on it. */
enum dba_timer_kind {
    DBA_TIMER_WAITER,   /* a caller's deadline */
    DBA_TIMER_REQUEST,  /* a request to the Platform that was never answered */
    DBA_TIMER_PAUSE,    /* the second between two equal answers without a witness */
    DBA_TIMER_RETRY,    /* the back-off of a live token */
    DBA_TIMER_REMEMBER, /* the oldest presented token is to be forgotten */
    DBA_TIMER_PACE,     /* the next re-check */
    DBA_TIMER_HOLD,     /* the Platform's pause, or the pause between two probes, is over */
    DBA_TIMER_OWN,      /* the own token again */
    DBA_TIMER_COLD,     /* open a connection */
};

struct dba_timer {
    dba_time when; /* DBA_NEVER: not set */
    enum dba_timer_kind kind;
    struct dba_timer *child, *next, *prev; /* prev: the parent, for its first child */
};

struct dba_timers {
    struct dba_timer *root; /* the earliest; NULL: none */
};

void dba_timer_init(struct dba_timer *timer, enum dba_timer_kind kind);

/* Sets it anew; DBA_NEVER unsets. */
void dba_timer_set(struct dba_timers *timers, struct dba_timer *timer, dba_time when);

dba_time dba_timers_next(const struct dba_timers *timers); /* DBA_NEVER: none */

/* Takes out the earliest that is due, or NULL. */
struct dba_timer *dba_timers_due(struct dba_timers *timers, dba_time now);

#endif
