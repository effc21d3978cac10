/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When live tokens are checked again (revocation.md, How soon): at the latest when the verdict
 * is A - T old, at the earliest at half of that, spread evenly.
 *
 * Live tokens wait in `due`, the oldest verdict first. They are sent one by one with a gap
 * between them: the widest that lets the steady state breathe (a whole cycle in 4/5 of A - T),
 * or the one that the deadlines ahead ask for, if that is narrower (many people who logged in
 * at the same moment). What is overdue or was undecided waits in `retries` and never gets a
 * burst: no two re-checks are nearer than min_gap() allows.
 */
#include "core/state.h"

/* Re-checks in a second are at most 1.5 n / (A - T) + 2 where n stood still (revocation.md,
 * invariant 6); 1.4 n / (A - T) + 1 with even gaps stays under that whatever second is cut out.
 * Right after n changed, the half window after a burst of logins needs 2 n / (A - T). */
#define RATE_STILL   1.4
#define RATE_CHANGED 2.2
#define RATE_STEADY  1.25

/* The pace is worked out this many times in A - T: it looks at all live tokens. */
#define PACE_STEPS 50

#define BACKOFF_MIN (DBA_SECOND / 4)
#define BACKOFF_MAX (4 * DBA_SECOND)

/* A - T */
static dba_time window(const struct dba_core *core)
{
    dba_time w = dba_settings_max_age(core->settings) - core->settings->timeout;

    return w > DBA_MSEC ? w : DBA_MSEC;
}

static dba_time gap_of_rate(double per_second)
{
    return (dba_time)((double)DBA_SECOND / per_second);
}

static dba_time min_gap(const struct dba_core *core)
{
    double per_second = (double)core->live_count / dba_time_in_seconds(window(core));
    bool still = core->now - core->live_changed >= window(core);

    if (core->now < core->resume_until)
        return (dba_time)((double)dba_settings_max_age(core->settings) /
                          (double)core->live_count);
    return gap_of_rate(per_second * (still ? RATE_STILL : RATE_CHANGED) + 1);
}

/* A little before the latest time: the pace is worked out only now and then. */
static dba_time deadline(const struct dba_core *core, const struct dba_known *known)
{
    return known->verdict.sent + window(core) - window(core) / 16;
}

/* The gap that every deadline in `due` allows, from the last re-check on. */
static dba_time needed_gap(const struct dba_core *core)
{
    dba_time gap =
        gap_of_rate(RATE_STEADY * (double)core->live_count / dba_time_in_seconds(window(core)));
    dba_time k = 0;

    for (struct dba_list *n = core->due.next; n != &core->due; n = n->next) {
        const struct dba_known *known = dba_container(n, struct dba_known, in_due);
        dba_time left = deadline(core, known) - core->last_recheck;

        k++;
        if (left / k < gap)
            gap = left / k;
    }
    return gap;
}

static dba_time pace(struct dba_core *core)
{
    dba_time min = min_gap(core);

    if (core->now >= core->gap_until) {
        core->gap = needed_gap(core);
        core->gap_until = core->now + window(core) / PACE_STEPS;
    }
    return core->gap > min ? core->gap : min;
}

void dba_recheck_forget(struct dba_core *core, struct dba_known *known)
{
    dba_list_remove(&known->in_due);
    dba_timer_set(&core->timers, &known->retry, DBA_NEVER);
    if (!known->live)
        return;
    known->live = false;
    dba_list_remove(&known->in_live);
    core->live_count--;
    core->live_changed = core->now;
}

void dba_recheck_track(struct dba_core *core, struct dba_known *known)
{
    struct dba_list *at;

    if (!known->live)
        return;
    dba_list_remove(&known->in_due);
    dba_timer_set(&core->timers, &known->retry, DBA_NEVER);
    if (known->verdict.sent == DBA_VOID || core->now - known->verdict.sent >= window(core)) {
        dba_list_append(&core->retries, &known->in_due);
        return;
    }
    known->failures = 0;
    /* By age; a new verdict is the youngest but for answers that overtook each other. */
    for (at = core->due.prev; at != &core->due; at = at->prev)
        if (dba_container(at, struct dba_known, in_due)->verdict.sent <= known->verdict.sent)
            break;
    dba_list_append(at->next, &known->in_due); /* before the next: behind `at` */
}

void dba_recheck_failed(struct dba_core *core, struct dba_known *known)
{
    dba_time backoff = BACKOFF_MIN << (known->failures < 4 ? known->failures : 4);

    known->failures++;
    if (backoff > BACKOFF_MAX)
        backoff = BACKOFF_MAX;
    dba_list_remove(&known->in_due);
    dba_timer_set(&core->timers, &known->retry,
                  core->now + dba_random_between(core, backoff / 2, backoff));
}

void dba_recheck_retry(struct dba_core *core, struct dba_known *known)
{
    dba_list_append(&core->retries, &known->in_due);
}

static struct dba_known *head(const struct dba_list *list)
{
    return dba_list_empty(list) ? NULL : dba_container(list->next, struct dba_known, in_due);
}

struct dba_known *dba_recheck_next(struct dba_core *core)
{
    struct dba_known *due = head(&core->due);
    struct dba_known *retry = head(&core->retries);
    struct dba_known *next = NULL;
    dba_time when = DBA_NEVER;

    if (due != NULL) {
        dba_time early = due->verdict.sent + window(core) / 2;
        dba_time paced = core->last_recheck + pace(core);

        if (paced > deadline(core, due))
            paced = deadline(core, due);
        if (paced < core->last_recheck + min_gap(core))
            paced = core->last_recheck + min_gap(core);
        when = early > paced ? early : paced;
        next = due;
    }
    if (retry != NULL && core->last_recheck + min_gap(core) < when) {
        /* A regular one that is due by its own pace is not starved by those that fail. */
        if (when > core->now) {
            when = core->last_recheck + min_gap(core);
            next = retry;
        }
    }
    if (when <= core->now) {
        dba_timer_set(&core->timers, &core->pace_timer, DBA_NEVER);
        return next;
    }
    dba_timer_set(&core->timers, &core->pace_timer, when);
    return NULL;
}

void dba_recheck_sent(struct dba_core *core, struct dba_known *known)
{
    dba_list_remove(&known->in_due);
    core->last_recheck = core->now;
    core->stats.rechecks++;
}

dba_time dba_live_oldest(const struct dba_core *core)
{
    dba_time oldest = DBA_NEVER;

    for (struct dba_list *n = core->live.next; n != &core->live; n = n->next) {
        const struct dba_known *known = dba_container(n, struct dba_known, in_live);

        if (known->verdict.sent < oldest && known->verdict.sent != DBA_VOID)
            oldest = known->verdict.sent;
    }
    return oldest;
}
