/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callers: processes that ask the core, wait so long and no longer, hang up, and go on as they
 * are told. Each request is answered exactly once (revocation.md, invariant 8).
 */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "world.h"

/* The limiter takes some for one: all of loopback, an IPv6 /64. */
const char *const caller_addresses[] = {
    "127.0.0.1", "::1", "localhost", "10.0.0.5", "2001:db8::1", "2001:db8::2:3", "", "Host\"x",
};
static const size_t groups[] = {0, 0, 0, 1, 2, 2, 3, 4};

#define SLOTS 4096 /* callers at once; of an id: its low bits */

size_t caller_address_group(size_t address)
{
    return groups[address];
}

/* ---- asking ---- */

static struct ask *ask_of(struct world *w, uint64_t id)
{
    size_t slot = id % SLOTS;

    if (id == 0 || slot >= w->asks_count || w->asks[slot].id != id)
        return NULL;
    return &w->asks[slot];
}

static struct ask *open_slot(struct world *w, const struct ask *draft)
{
    size_t slot = 0;

    while (slot < w->asks_count && w->asks[slot].id != 0)
        slot++;
    if (slot == w->asks_count) {
        w->asks = grow(w->asks, &w->asks_room, ++w->asks_count, sizeof *w->asks);
    }
    w->asks[slot] = *draft;
    w->asks[slot].id = ++w->last_ask * SLOTS + slot;
    w->asks_open++;
    return &w->asks[slot];
}

static void overdue(struct world *w, void *actor, uint64_t number)
{
    struct ask *ask = ask_of(w, number);

    (void)actor;
    if (ask == NULL)
        return;
    if (w->served >= ask->limit)
        world_fail(w, "8", "ask %llu was not answered by its deadline",
                   (unsigned long long)ask->id / SLOTS);
    else if (dba_core_expiry(w->core) > ask->limit)
        world_fail(w, "8", "no timer for the deadline of ask %llu",
                   (unsigned long long)ask->id / SLOTS);
    else
        queue_put(&w->queue, (w->armed > w->now ? w->armed : w->now) + DBA_MSEC, overdue, NULL,
                  number);
}

static void hang_up(struct world *w, void *actor, uint64_t number)
{
    struct ask *ask = ask_of(w, number);

    (void)actor;
    if (ask == NULL)
        return;
    world_say(w, "caller    %llu hangs up", (unsigned long long)number / SLOTS);
    process_end(w, ask->process, w->now);
    process_unref(w, ask->process);
    ask->id = 0;
    w->asks_open--;
    host_hangup(w, number);
}

static void mark_wanted(struct world *w, const struct ask *ask)
{
    if (ask->token != NULL) {
        ask->token->wanted = true;
        ask->token->asked = w->now;
        return;
    }
    for (size_t i = 0; i < w->bearers_count; i++)
        if (book_pair(w->bearers[i], ask->name) != NULL) {
            w->bearers[i]->wanted = true;
            w->bearers[i]->asked = w->now;
        }
}

static void say_ask(struct world *w, const struct ask *ask)
{
    world_say(w, "caller    %llu %s service=%s user=%s token=%zd pid=%d uid=%d from \"%s\"",
              (unsigned long long)ask->id / SLOTS, dba_op_word(ask->op), ask->service->name,
              ask->name->text, ask->token != NULL ? (ssize_t)ask->token->number : (ssize_t)-1,
              (int)ask->peer_pid, (int)ask->peer_uid, caller_addresses[ask->address]);
}

/* Checks that come before a new one, at most; those whose callers are gone, too. */
static size_t backlog(const struct world *w)
{
    size_t count = w->asks_open + w->live;

    if (w->calm_since != DBA_NEVER)
        for (size_t i = 0; i < w->tokens_count; i++)
            count += w->tokens[i]->wanted;
    return count;
}

static void start(struct world *w, void *actor, uint64_t number)
{
    struct ask *draft = actor;
    struct ask *ask;
    struct dba_ask out;
    dba_time wait = draft->service->wait;

    (void)number;
    if (w->draining || !draft->process->running || w->asks_open >= SLOTS - 1) {
        process_unref(w, draft->process);
        free(draft);
        return;
    }
    draft->asked = w->now;
    draft->deadline += w->now;
    draft->limit = draft->deadline;
    if (draft->op != DBA_OP_CHECK && wait != DBA_NEVER && w->now + wait < draft->limit)
        draft->limit = w->now + wait;
    draft->paused = w->probing;
    draft->backlog = backlog(w);
    draft->must_be_limited = inv_must_limit(w, draft);
    ask = open_slot(w, draft);
    free(draft);
    out = (struct dba_ask){.id = ask->id,
                           .op = ask->op,
                           .peer = {ask->peer_pid, ask->process->id.start},
                           .peer_uid = ask->peer_uid,
                           .user_uid = ask->user_uid,
                           .deadline = ask->deadline,
                           .service = ask->service->name,
                           .user = ask->name->text,
                           .rhost = caller_addresses[ask->address],
                           .tty = "ssh",
                           .token = ask->token != NULL ? &ask->token->text : NULL};
    say_ask(w, ask);
    mark_wanted(w, ask);
    queue_put(&w->queue, ask->limit, overdue, NULL, ask->id);
    if (rng_chance(&w->rng, 8))
        queue_put(&w->queue, w->now + rng_spread(&w->rng, DBA_MSEC, 6 * DBA_SECOND), hang_up,
                  NULL, ask->id);
    host_ask(w, &out);
}

void caller_ask(struct world *w, const struct ask *draft, dba_time when)
{
    struct ask *copy = need(sizeof *copy);

    *copy = *draft;
    copy->process->refs++;
    queue_put(&w->queue, when, start, copy, 0);
}

void caller_replied(struct world *w, const struct dba_decision *d)
{
    struct ask *open = ask_of(w, d->id);
    struct ask ask;

    world_say(w, "core      reply %llu %s %s %s", (unsigned long long)d->id / SLOTS,
              dba_result_word(d->result), dba_reason_word(d->reason), dba_cause_word(d->cause));
    if (open == NULL) {
        world_fail(w, "8", "a reply to %llu, which nobody waits for any more",
                   (unsigned long long)d->id / SLOTS);
        return;
    }
    ask = *open;
    open->id = 0;
    w->asks_open--;
    inv_reply(w, &ask, d);
    if (d->result == DBA_ACCEPTED)
        book_accepted(w, &ask);
    person_told(w, &ask, d);
    process_unref(w, ask.process);
}

void caller_forget(const struct event *event)
{
    if (event->fn == start)
        free(event->actor);
}

void caller_audit(struct world *w)
{
    if (w->asks_open > 0)
        world_fail(w, "8", "%zu callers were never answered", w->asks_open);
}

/* ---- floods ---- */

/* One client that throws bad tokens, or many good logins at the same moment. */
void caller_flood(struct world *w, void *actor, uint64_t number)
{
    size_t count = (size_t)rng_spread(&w->rng, 2, 120);
    struct ask ask = {.op = DBA_OP_AUTH, .plan = PLAN_NOTHING};
    bool good = rng_chance(&w->rng, 40);

    (void)actor;
    (void)number;
    if (!w->faults.floods || w->calm_since != DBA_NEVER)
        return;
    ask.process = process_new(w);
    if (ask.process == NULL)
        return;
    ask.peer_pid = ask.process->id.pid;
    ask.service = &w->conf.services[rng_below(&w->rng, 2) == 0 ? 0 : 3];
    ask.user_uid = 2000;
    ask.address = rng_below(&w->rng, 6);
    for (size_t i = 0; i < count; i++) {
        struct person *person = &w->people[rng_below(&w->rng, w->people_count)];

        ask.name = person->local;
        ask.token = good && person->tokens[0] != NULL
                        ? person->tokens[0]
                        : platform_token(w, TOKEN_JUNK, 20 + rng_below(&w->rng, 30));
        ask.deadline = rng_time(&w->rng, DBA_SECOND / 2, 6 * DBA_SECOND);
        caller_ask(w, &ask, w->now + rng_time(&w->rng, 0, w->conf.bound / 8));
    }
    process_end(w, ask.process, w->now + w->conf.bound / 8 + 8 * DBA_SECOND);
    queue_put(&w->queue, w->now + rng_spread(&w->rng, w->conf.bound / 4, 4 * w->conf.bound),
              caller_flood, NULL, 0);
}
