/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's life, its clock and its gauges. See state.h for who does what.
 */
#include "core/core.h"

#include <stdlib.h>
#include <string.h>

#include "core/state.h"

dba_time dba_random_between(struct dba_core *core, dba_time low, dba_time high)
{
    uint64_t z = (core->random += 0x9e3779b97f4a7c15u); /* splitmix64 (Steele, Lea, Flood) */

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return low + (dba_time)(z % ((uint64_t)(high - low) + 1));
}

void dba_core_event(struct dba_core *core, dba_time now, uint64_t random)
{
    core->now = now;
    core->random ^= random;
}

static void init_lists(struct dba_core *core)
{
    struct dba_list *const lists[] = {
        &core->remembered,   &core->logins,      &core->urgent,       &core->again,
        &core->want_witness, &core->witnesses,   &core->live,         &core->due,
        &core->retries,      &core->out_replies, &core->out_requests, &core->out_others};

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        dba_list_init(lists[i]);
    dba_timer_init(&core->remember_timer, DBA_TIMER_REMEMBER);
    dba_timer_init(&core->pace_timer, DBA_TIMER_PACE);
    dba_timer_init(&core->flow_timer, DBA_TIMER_HOLD);
    dba_timer_init(&core->own_timer, DBA_TIMER_OWN);
    dba_timer_init(&core->cold_timer, DBA_TIMER_COLD);
}

static bool init_tables(struct dba_core *core, const struct dba_core_memory *memory)
{
    const size_t digest = sizeof(struct dba_digest);

    core->vault = dba_vault_new(memory);
    core->limiter = dba_limiter_new(core->key);
    core->known = dba_table_new(digest, sizeof(struct dba_known));
    core->seen = dba_table_new(digest, sizeof(struct dba_verdict));
    core->users = dba_table_new(digest, sizeof(struct dba_user));
    core->checks = dba_table_new(digest, sizeof(struct dba_check));
    core->processes = dba_table_new(sizeof(struct dba_process_key), sizeof(struct dba_watched));
    core->requests = dba_table_new(sizeof(uint32_t), sizeof(struct dba_request_out));
    core->waiters = dba_table_new(sizeof(uint64_t), sizeof(struct dba_waiter));
    return core->vault != NULL && core->limiter != NULL && core->known != NULL &&
           core->seen != NULL && core->users != NULL && core->checks != NULL &&
           core->processes != NULL && core->requests != NULL && core->waiters != NULL;
}

static void adopt(struct dba_core *core, const struct dba_settings *settings)
{
    core->settings = settings;
    dba_digest(&core->verification, core->key, DBA_DIGEST_TOKEN,
               settings->verification_token.bytes, settings->verification_token.len);
}

enum dba_err dba_core_new(struct dba_core **out, dba_time now, uint64_t random,
                          const struct dba_settings *settings, const uint8_t key[DBA_CORE_KEY],
                          const struct dba_core_memory *memory)
{
    struct dba_core *core = calloc(1, sizeof *core);

    *out = NULL;
    if (core == NULL)
        return DBA_ERR_MEMORY;
    dba_core_event(core, now, random);
    memcpy(core->key, key, sizeof core->key);
    init_lists(core);
    if (!init_tables(core, memory)) {
        dba_core_free(&core);
        return DBA_ERR_MEMORY;
    }
    adopt(core, settings);
    core->probe_backoff = core->warm_backoff = DBA_SECOND;
    core->last_recheck = core->warmed = now - 3600 * DBA_SECOND;
    core->last_answer = core->own_sent = DBA_VOID;
    core->live_changed = now;
    core->gap_until = now;
    core->resume_until = now;
    core->reachable = true; /* until it turns out not to be: the first line says so */
    dba_own_start(core);
    dba_platform_pump(core);
    *out = core;
    return DBA_OK;
}

static void free_contents(struct dba_core *core)
{
    void *value;

    while (core->waiters != NULL && (value = dba_table_oldest(core->waiters)) != NULL)
        dba_waiter_free(core, value);
    while (!dba_list_empty(&core->witnesses)) {
        struct dba_witness *w =
            dba_container(core->witnesses.next, struct dba_witness, in_witnesses);

        dba_list_remove(&w->in_witnesses);
        free(w);
    }
    while (core->known != NULL && (value = dba_table_oldest(core->known)) != NULL) {
        struct dba_known *known = value;

        dba_presented_drop(
            core, dba_container(known->presented.next, struct dba_presented, of_known));
    }
    while (core->seen != NULL && (value = dba_table_oldest(core->seen)) != NULL) {
        free(((struct dba_verdict *)value)->email);
        dba_table_remove(core->seen, value);
    }
    dba_out_free(core);
}

void dba_core_free(struct dba_core **core)
{
    struct dba_core *c = *core;

    if (c == NULL)
        return;
    free_contents(c);
    dba_limiter_free(&c->limiter);
    for (struct dba_table **t =
             (struct dba_table *[]){c->known, c->seen, c->users, c->checks, c->processes,
                                    c->requests, c->waiters, NULL};
         *t != NULL; t++)
        dba_table_free(t);
    dba_vault_free(&c->vault);
    dba_wipe(c, sizeof *c);
    free(c);
    *core = NULL;
}

void dba_core_configure(struct dba_core *core, dba_time now, uint64_t random,
                        const struct dba_settings *settings, bool new_platform)
{
    dba_core_event(core, now, random);
    adopt(core, settings);
    core->gap_until = now;
    if (new_platform) {
        core->org_conflict = false;
        core->own_org = 0;
        core->own = DBA_OWN_NONE; /* dba_own_start() makes it unknown */
        dba_requests_lost(core, false);
    }
    dba_verdicts_review(core, new_platform);
    dba_own_start(core);
    /* Requests that wait for the new number of slots, or need none any more. */
    dba_platform_pump(core);
}

void dba_core_answer(struct dba_core *core, dba_time now, uint64_t random, uint32_t check,
                     const struct dba_answer *answer)
{
    struct dba_request_out *request;

    dba_core_event(core, now, random);
    request = dba_table_find(core->requests, &check);
    /* One that the driver has not taken yet cannot have been answered. */
    if (request != NULL && dba_list_empty(&request->in_out))
        dba_request_answered(core, request, answer);
    else if (answer->hold)
        dba_platform_hold(core, answer->retry_after_ms); /* late, but meant for all */
    dba_platform_pump(core);
}

void dba_core_checker_lost(struct dba_core *core, dba_time now, uint64_t random)
{
    dba_core_event(core, now, random);
    core->stats.checker_lost++;
    dba_requests_lost(core, true);
    dba_platform_pump(core);
}

void dba_core_cold(struct dba_core *core, dba_time now, uint64_t random)
{
    dba_core_event(core, now, random);
    dba_own_cold(core);
    dba_platform_pump(core);
}

dba_time dba_core_expiry(const struct dba_core *core)
{
    return dba_timers_next(&core->timers);
}

static void expire_one(struct dba_core *core, struct dba_timer *timer)
{
    static const struct dba_answer timeout = {.class = DBA_ANSWER_UNDECIDED,
                                              .cause = DBA_CAUSE_TIMEOUT};

    switch (timer->kind) {
    case DBA_TIMER_WAITER:
        dba_waiter_deadline(core, dba_container(timer, struct dba_waiter, timer));
        break;
    case DBA_TIMER_REQUEST:
        if (dba_request_slept(core, dba_container(timer, struct dba_request_out, timer)))
            break;
        dba_request_answered(core, dba_container(timer, struct dba_request_out, timer),
                             &timeout);
        break;
    case DBA_TIMER_PAUSE:
        dba_check_again(core, dba_container(timer, struct dba_check, pause));
        break;
    case DBA_TIMER_RETRY:
        dba_recheck_retry(core, dba_container(timer, struct dba_known, retry));
        break;
    case DBA_TIMER_REMEMBER:
        dba_remember_due(core);
        break;
    case DBA_TIMER_PACE:
        break; /* the pump looks by itself */
    case DBA_TIMER_HOLD:
        dba_platform_flow_due(core);
        break;
    case DBA_TIMER_OWN:
        dba_own_want(core);
        break;
    case DBA_TIMER_COLD:
        dba_own_cold_due(core);
        break;
    }
}

void dba_core_expire(struct dba_core *core, dba_time now, uint64_t random)
{
    struct dba_timer *timer;

    if (dba_core_expiry(core) > now)
        return;
    dba_core_event(core, now, random);
    while ((timer = dba_timers_due(&core->timers, now)) != NULL)
        expire_one(core, timer);
    dba_platform_pump(core);
}

bool dba_core_next(struct dba_core *core, struct dba_action *action)
{
    return dba_out_next(core, action);
}

void dba_core_stats(const struct dba_core *core, dba_time now, struct dba_stats *stats)
{
    const struct dba_settings *s = core->settings;
    dba_time oldest = dba_live_oldest(core);
    dba_time max_age = dba_settings_max_age(s);
    double slots = core->http2 ? s->max_in_flight : s->max_connections;

    *stats = core->stats;
    stats->reachable = core->reachable && core->last_answer != DBA_VOID;
    stats->since_answer = core->last_answer == DBA_VOID ? DBA_NEVER : now - core->last_answer;
    stats->org_id = dba_core_org(core);
    stats->own_token_invalid = core->own == DBA_OWN_INVALID;
    stats->holding = core->flow != DBA_FLOW_OPEN;
    stats->tokens = dba_table_count(core->known);
    stats->live = core->live_count;
    stats->verdicts = dba_table_count(core->known);
    stats->refusals = dba_table_count(core->seen);
    stats->in_flight = dba_table_count(core->requests);
    stats->queued = dba_table_count(core->checks) - core->slots;
    stats->waiting = dba_table_count(core->waiters);
    stats->oldest_verdict = oldest == DBA_NEVER ? 0 : now - oldest;
    stats->bound = s->bound;
    stats->max_age = max_age;
    stats->overloaded = (double)core->live_count * core->mean_seconds >
                        slots * dba_time_in_seconds(max_age - s->timeout);
}

bool dba_core_holds_token(const struct dba_core *core, const struct dba_token *token)
{
    return dba_vault_holds(core->vault, token);
}
