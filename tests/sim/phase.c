/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When there are faults, which, and when there are none: phases of both kinds take turns.
 */
#include <string.h>

#include "world.h"

#define BACKOFF (4 * DBA_SECOND) /* the longest: where the bound is shorter it comes on top */

static void chaos(struct world *w, void *actor, uint64_t number);

dba_time phase_settled(const struct world *w)
{
    if (w->calm_since == DBA_NEVER)
        return DBA_NEVER;
    return w->calm_since + w->conf.bound + w->conf.timeout + BACKOFF;
}

static void draw_latency(struct world *w)
{
    w->latency = rng_spread(&w->rng, DBA_MSEC, w->conf.timeout / 2);
    w->late = rng_chance(&w->rng, 50) ? 0 : rng_time(&w->rng, 0, 5 * DBA_MSEC);
}

static void calm(struct world *w, void *actor, uint64_t number)
{
    (void)actor;
    (void)number;
    if (w->calm_since != DBA_NEVER)
        return;
    world_say(w, "phase     calm");
    memset(&w->faults, 0, sizeof w->faults);
    w->gateway_bad = false;
    draw_latency(w);
    w->calm_since = w->now;
    admin_heal(w);
    if (!w->quiet)
        queue_put(&w->queue,
                  w->now + rng_spread(&w->rng, 2 * w->conf.bound, 20 * w->conf.bound), chaos,
                  NULL, 0);
}

/* The host sleeps; its clock goes on, and its timers are served when it wakes. */
static void suspend(struct world *w, void *actor, uint64_t number)
{
    (void)actor;
    (void)number;
    if (!w->faults.suspends || w->calm_since != DBA_NEVER)
        return;
    w->now += rng_spread(&w->rng, DBA_SECOND / 10, 4 * w->conf.bound);
    world_say(w, "host      wakes");
    checker_suspended(w, w->now);
    book_slept(w);
    while (!w->failed && dba_core_expiry(w->core) <= w->now)
        host_serve(w);
    queue_put(&w->queue, w->now + rng_spread(&w->rng, w->conf.bound / 4, 8 * w->conf.bound),
              suspend, NULL, 0);
}

static unsigned percent(struct world *w, unsigned most)
{
    return rng_chance(&w->rng, 25) ? (unsigned)rng_below(&w->rng, most + 1) : 0;
}

static void draw_faults(struct world *w)
{
    struct rng *rng = &w->rng;

    w->faults = (struct faults){.undecided = percent(w, 60),
                                .hold = percent(w, 30),
                                .lost_email = percent(w, 60),
                                .flicker = percent(w, 50),
                                .stuck = percent(w, 20),
                                .doubled = percent(w, 40),
                                .slow = percent(w, 80),
                                .outage = rng_chance(rng, 8),
                                .gateway = rng_chance(rng, 20),
                                .own_bad = rng_chance(rng, 15),
                                .deaths = rng_chance(rng, 20),
                                .suspends = rng_chance(rng, 12),
                                .reloads = rng_chance(rng, 20),
                                .floods = rng_chance(rng, 15),
                                .late = rng_chance(rng, 25)};
}

static void soon(struct world *w, event_fn *fn)
{
    queue_put(&w->queue, w->now + rng_time(&w->rng, 0, w->conf.bound), fn, NULL, 0);
}

/* The own token expires, without anybody having been told. */
static void break_own(struct world *w, void *actor, uint64_t number)
{
    const struct truth gone = {.email = ""};

    (void)actor;
    (void)number;
    if (w->conf.own != NULL && w->faults.own_bad && w->calm_since == DBA_NEVER)
        platform_change(w, w->conf.own, &gone, "own token expired");
}

static void chaos(struct world *w, void *actor, uint64_t number)
{
    (void)actor;
    (void)number;
    if (w->draining || w->calm_since == DBA_NEVER)
        return;
    world_say(w, "phase     chaos");
    w->calm_since = DBA_NEVER;
    draw_faults(w);
    draw_latency(w);
    if (w->faults.late)
        w->late = rng_time(&w->rng, 0, 50 * DBA_MSEC);
    soon(w, break_own);
    soon(w, platform_gateway);
    soon(w, checker_death);
    soon(w, suspend);
    soon(w, admin_reload);
    soon(w, caller_flood);
    queue_put(&w->queue, w->now + rng_spread(&w->rng, w->conf.bound / 2, 16 * w->conf.bound),
              calm, NULL, 0);
}

void phase_start(struct world *w)
{
    w->calm_since = w->now;
    draw_latency(w);
    if (!w->quiet)
        soon(w, chaos);
    soon(w, checker_cold);
    soon(w, inv_audit);
}

/* All that is under way comes to its end: no new callers, no faults. */
void phase_drain(struct world *w)
{
    w->draining = true;
    calm(w, NULL, 0);
    w->ends = w->now + 2 * w->conf.bound + 30 * DBA_SECOND;
}
