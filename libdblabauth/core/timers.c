/* SPDX-License-Identifier: Apache-2.0 */
#include "core/timers.h"

#include <stddef.h>

void dba_timer_init(struct dba_timer *timer, enum dba_timer_kind kind)
{
    *timer = (struct dba_timer){.when = DBA_NEVER, .kind = kind};
}

static struct dba_timer *meld(struct dba_timer *a, struct dba_timer *b)
{
    struct dba_timer *less = a;
    struct dba_timer *more = b;

    if (a == NULL || b == NULL)
        return a != NULL ? a : b;
    if (b->when < a->when) {
        less = b;
        more = a;
    }
    more->next = less->child;
    if (less->child != NULL)
        less->child->prev = more;
    more->prev = less;
    less->child = more;
    less->next = less->prev = NULL;
    return less;
}

/* Melds a list of siblings: in pairs from the left, then the pairs from the right. */
static struct dba_timer *meld_all(struct dba_timer *first)
{
    struct dba_timer *pairs = NULL; /* linked by `next`, last pair first */
    struct dba_timer *all = NULL;

    while (first != NULL) {
        struct dba_timer *a = first;
        struct dba_timer *b = a->next;
        struct dba_timer *pair;

        first = b != NULL ? b->next : NULL;
        a->next = a->prev = NULL;
        if (b != NULL)
            b->next = b->prev = NULL;
        pair = meld(a, b);
        pair->next = pairs;
        pairs = pair;
    }
    while (pairs != NULL) {
        struct dba_timer *pair = pairs;

        pairs = pair->next;
        pair->next = NULL;
        all = meld(all, pair);
    }
    return all;
}

static void take_out(struct dba_timers *timers, struct dba_timer *timer)
{
    struct dba_timer *rest = meld_all(timer->child);

    if (timer == timers->root) {
        timers->root = rest;
    } else {
        if (timer->prev->child == timer)
            timer->prev->child = timer->next;
        else
            timer->prev->next = timer->next;
        if (timer->next != NULL)
            timer->next->prev = timer->prev;
        timers->root = meld(timers->root, rest);
    }
    timer->child = timer->next = timer->prev = NULL;
    timer->when = DBA_NEVER;
}

void dba_timer_set(struct dba_timers *timers, struct dba_timer *timer, dba_time when)
{
    if (timer->when == when)
        return;
    if (timer->when != DBA_NEVER)
        take_out(timers, timer);
    timer->when = when;
    if (when != DBA_NEVER)
        timers->root = meld(timers->root, timer);
}

dba_time dba_timers_next(const struct dba_timers *timers)
{
    return timers->root != NULL ? timers->root->when : DBA_NEVER;
}

struct dba_timer *dba_timers_due(struct dba_timers *timers, dba_time now)
{
    struct dba_timer *timer = timers->root;

    if (timer == NULL || timer->when > now)
        return NULL;
    take_out(timers, timer);
    return timer;
}
