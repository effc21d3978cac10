/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checker, as the core sees it: requests go out, answers come back once, late, twice or
 * not at all; it dies with what was in flight; its connection goes cold. It gives a request up
 * when T is over.
 */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "world.h"

/* When the core must have given up itself what was never answered. */
#define LATE     DBA_SECOND
#define PATIENCE (DBA_SECOND / 4) /* after T it does, at the earliest */

static void done_with(struct world *w, struct request *request)
{
    struct request **at = &w->requests;

    if (request->events > 0 || !request->over)
        return;
    while (*at != request)
        at = &(*at)->next;
    *at = request->next;
    free(request);
}

static void over(struct request *request)
{
    if (request->over)
        return;
    request->over = true;
    request->token->open--;
}

static void timed_out(struct world *w, void *actor, uint64_t number)
{
    (void)actor;
    (void)number;
    w->undecided = w->now;
    w->undecided_order = ++w->sequence;
}

/* Nobody will answer this one; the core believes so a little later than we. */
static void unanswered(struct world *w, struct request *request)
{
    over(request);
    request->token->repeated = true;
    request->token->undecided = w->silent_until = w->now + LATE;
    queue_put(&w->queue, w->now + PATIENCE, timed_out, NULL, 0);
}

static void hand_over(struct world *w, struct request *request)
{
    static const char *const words[] = {"undecided", "good", "invalid"};

    world_say(w, "checker   answer %u token %zu %s%s%s org=%lld \"%s\"%s", request->check,
              request->token->number, words[request->answer.class],
              request->answer.hold ? " hold" : "", request->answer.http2 ? " h2" : "",
              (long long)request->answer.org_id, request->answer.email,
              request->over ? " (late)" : "");
    if (request->over && request->answer.hold)
        inv_hold(w, &request->answer); /* late, but meant for all */
    if (!request->over) {
        book_answer(w, request);
        over(request);
    }
    host_answer(w, request->check, &request->answer);
}

static void arrive(struct world *w, void *actor, uint64_t number)
{
    struct request *request = actor;

    (void)number;
    request->events--;
    /* Late ones come only after the core's own patience is over: else it may count them. They
     * are a fault, so there are none where there is to be none. */
    if (!request->over ||
        (w->calm_since == DBA_NEVER &&
         (request->lost || w->served >= request->sent + w->conf.timeout + LATE)))
        hand_over(w, request);
    done_with(w, request);
}

static void never(struct world *w, void *actor, uint64_t number)
{
    struct request *request = actor;

    (void)number;
    request->events--;
    if (!request->over)
        unanswered(w, request);
    done_with(w, request);
}

static void event_for(struct world *w, struct request *request, dba_time at, event_fn *fn)
{
    request->events++;
    queue_put(&w->queue, at, fn, request, 0);
}

static void schedule(struct world *w, struct request *request)
{
    dba_time timeout = w->conf.timeout;
    dba_time took = platform_latency(w);
    dba_time look = request->sent + rng_time(&w->rng, 0, took < timeout ? took : timeout);

    if (took <= timeout)
        event_for(w, request, look, platform_look);
    if (rng_chance(&w->rng, w->faults.stuck)) {
        event_for(w, request, request->sent + timeout, never);
        event_for(w, request, request->sent + timeout + 2 * LATE, arrive);
    } else if (took <= timeout) {
        event_for(w, request, request->sent + took, arrive);
    } else {
        event_for(w, request, request->sent + timeout, arrive);
    }
    if (rng_chance(&w->rng, w->faults.doubled))
        event_for(w, request, request->sent + timeout + rng_spread(&w->rng, LATE, 20 * LATE),
                  arrive);
}

void checker_send(struct world *w, const struct dba_action *action)
{
    struct request *request = need(sizeof *request);

    request->check = action->check;
    request->token = platform_find(w, &action->token);
    request->access = platform_find(w, &action->access);
    request->sent = w->now;
    request->sent_order = ++w->sequence;
    request->recheck = action->recheck;
    request->answer.cause = DBA_CAUSE_TIMEOUT; /* until the Platform has looked */
    request->email = "";
    if (request->token == NULL) {
        free(request);
        world_fail(w, "9", "a check of a token that nobody has");
        return;
    }
    world_say(w, "core      check %u token %zu access %zd%s", request->check,
              request->token->number,
              request->access != NULL ? (ssize_t)request->access->number : (ssize_t)-1,
              request->recheck ? " (re-check)" : "");
    inv_request(w, request);
    request->token->open++;
    request->next = w->requests;
    w->requests = request;
    schedule(w, request);
}

void checker_drop_all(struct world *w)
{
    for (struct request *r = w->requests; r != NULL; r = r->next) {
        if (r->over)
            continue;
        unanswered(w, r);
        r->lost = true;
    }
}

void checker_death(struct world *w, void *actor, uint64_t number)
{
    (void)actor;
    (void)number;
    if (!w->faults.deaths || w->calm_since != DBA_NEVER)
        return;
    checker_drop_all(w);
    host_checker_lost(w);
    queue_put(&w->queue, w->now + rng_spread(&w->rng, w->latency, 4 * w->conf.bound),
              checker_death, NULL, 0);
}

void checker_cold(struct world *w, void *actor, uint64_t number)
{
    (void)actor;
    (void)number;
    if (rng_chance(&w->rng, 30))
        w->http2_served = !w->http2_served;
    host_cold(w);
    queue_put(&w->queue, w->now + rng_spread(&w->rng, w->conf.bound / 8, 100 * w->conf.bound),
              checker_cold, NULL, 0);
}

void checker_warm(struct world *w)
{
    world_say(w, "core      warm");
}

/* The host slept: answers that are there now count if they come before the timers. */
void checker_suspended(struct world *w, dba_time until)
{
    for (struct request *r = w->requests; r != NULL; r = r->next) {
        if (r->over || r->sent + w->conf.timeout + PATIENCE > until)
            continue;
        if (rng_chance(&w->rng, 50))
            unanswered(w, r);
        else
            hand_over(w, r); /* as it was looked at, or as "undecided" */
    }
}
