/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be sent to the Platform, and when (revocation.md, How soon): so many requests at
 * once, one slot of which logins never take; nothing while the Platform asked for a pause, then
 * one at a time until one is decided. And the bookkeeping of requests in flight.
 */
#include "core/state.h"

/* The checker itself gives up after T; this is for one that does not say so. */
#define TIMEOUT_GRACE (DBA_SECOND / 4)

/* A timer that is served so late was slept over by the whole host: the Platform had no chance.
 */
#define SLEPT DBA_SECOND

#define PROBE_BACKOFF_MIN DBA_SECOND
#define PROBE_BACKOFF_MAX (4 * DBA_SECOND)

static size_t capacity(const struct dba_core *core)
{
    const struct dba_settings *s = core->settings;

    if (core->http2 || s->max_in_flight < s->max_connections)
        return s->max_in_flight;
    return s->max_connections;
}

/* One slot is kept for re-checks, witnesses and our own token. */
static size_t login_capacity(const struct dba_core *core)
{
    size_t all = capacity(core);

    return all > 1 ? all - 1 : all;
}

static bool may_send(const struct dba_core *core)
{
    if (dba_table_count(core->requests) >= capacity(core))
        return false;
    switch (core->flow) {
    case DBA_FLOW_OPEN:
        return true;
    case DBA_FLOW_HELD:
        return false;
    case DBA_FLOW_PROBE:
        break;
    }
    return core->probes == 0 && core->flow_timer.when == DBA_NEVER;
}

bool dba_platform_takes_login(const struct dba_core *core, enum dba_cause *cause)
{
    *cause = DBA_CAUSE_NONE;
    if (core->flow == DBA_FLOW_HELD ||
        (core->flow == DBA_FLOW_PROBE &&
         (!may_send(core) || core->own_wanted || !dba_list_empty(&core->again) ||
          !dba_list_empty(&core->want_witness) || !dba_list_empty(&core->urgent) ||
          !dba_list_empty(&core->logins)))) {
        *cause = DBA_CAUSE_HELD;
        return false;
    }
    /* While our own token is asked for the first time a login waits for that. */
    if (dba_core_org(core) == 0 &&
        (core->own != DBA_OWN_UNKNOWN || core->own_failed || core->org_conflict)) {
        *cause = DBA_CAUSE_ORG;
        return false;
    }
    return true;
}

static struct dba_check *first_of(const struct dba_list *list)
{
    return dba_list_empty(list) ? NULL : dba_container(list->next, struct dba_check, in_queue);
}

/* Turns the next re-check that is due into a check at the head of the urgent ones. */
static bool start_recheck(struct dba_core *core)
{
    struct dba_known *known = dba_recheck_next(core);
    struct dba_check *check;
    struct dba_token token;

    if (known == NULL)
        return false;
    dba_recheck_sent(core, known);
    dba_kept_show(known->kept, &token);
    check = dba_check_join(core, dba_table_key(core->known, known), &token, true);
    dba_token_wipe(&token);
    if (check == NULL)
        dba_recheck_failed(core, known);
    return true;
}

/* Sends the one thing that comes first; false: nothing can or may be sent. */
static bool send_one(struct dba_core *core)
{
    struct dba_check *check;

    if (!may_send(core))
        return false;
    if (core->own_wanted) {
        dba_own_send(core);
        return true;
    }
    if ((check = first_of(&core->again)) != NULL) {
        dba_check_send(core, check);
        return true;
    }
    if (!dba_list_empty(&core->want_witness)) {
        dba_witness_send(core);
        return true;
    }
    if (core->slots < capacity(core)) {
        if ((check = first_of(&core->urgent)) != NULL) {
            dba_check_send(core, check);
            return true;
        }
        if (start_recheck(core))
            return true;
    }
    check = first_of(&core->logins);
    if (check == NULL || core->slots >= login_capacity(core) || dba_core_org(core) == 0)
        return false;
    dba_check_send(core, check);
    return true;
}

void dba_platform_pump(struct dba_core *core)
{
    while (send_one(core))
        continue;
}

/* ---- pauses ---- */

static void set_flow(struct dba_core *core, enum dba_flow flow, dba_time not_before)
{
    core->flow = flow;
    dba_timer_set(&core->timers, &core->flow_timer,
                  not_before > core->now ? not_before : DBA_NEVER);
}

static void probe_later(struct dba_core *core)
{
    set_flow(core, DBA_FLOW_PROBE, core->now + core->probe_backoff);
    core->probe_backoff *= 2;
    if (core->probe_backoff > PROBE_BACKOFF_MAX)
        core->probe_backoff = PROBE_BACKOFF_MAX;
}

void dba_platform_hold(struct dba_core *core, uint32_t retry_after_ms)
{
    dba_time asked = retry_after_ms > 0 ? retry_after_ms * DBA_MSEC : DBA_SECOND;
    dba_time oldest = dba_live_oldest(core);
    dba_time until = core->now + asked;
    dba_time latest = core->now + core->settings->bound;

    if (oldest != DBA_NEVER && oldest + dba_settings_max_age(core->settings) < latest)
        latest = oldest + dba_settings_max_age(core->settings);
    if (until > latest)
        until = latest;
    if (core->flow == DBA_FLOW_HELD && core->flow_timer.when > until)
        return; /* an earlier answer named a later time */
    if (core->flow != DBA_FLOW_HELD)
        dba_out_log(core, DBA_LEVEL_WARNING, "platform held seconds=%.3f asked=%.3f",
                    until > core->now ? dba_time_in_seconds(until - core->now) : 0.0,
                    dba_time_in_seconds(asked));
    if (until > core->now)
        set_flow(core, DBA_FLOW_HELD, until);
    else
        probe_later(core);
    dba_checks_fail_queued(core, DBA_CAUSE_HELD);
}

void dba_platform_flow_due(struct dba_core *core)
{
    if (core->flow == DBA_FLOW_HELD)
        set_flow(core, DBA_FLOW_PROBE, core->now);
}

static void follow(struct dba_core *core, const struct dba_request_out *request,
                   const struct dba_answer *answer)
{
    if (request->probe)
        core->probes--;
    if (answer->hold) {
        dba_platform_hold(core, answer->retry_after_ms);
    } else if (core->flow != DBA_FLOW_PROBE) {
        return;
    } else if (answer->class != DBA_ANSWER_UNDECIDED) {
        set_flow(core, DBA_FLOW_OPEN, core->now);
        core->probe_backoff = PROBE_BACKOFF_MIN;
        core->resume_until = core->now + dba_settings_max_age(core->settings);
        dba_out_log(core, DBA_LEVEL_NOTICE, "platform resumed");
    } else if (request->probe) {
        probe_later(core);
        dba_checks_fail_queued(core, DBA_CAUSE_HELD);
    }
}

/* ---- requests ---- */

struct dba_request_out *dba_request_new(struct dba_core *core)
{
    struct dba_request_out *request;
    uint32_t id;

    do {
        id = ++core->last_request;
    } while (id == 0 || dba_table_find(core->requests, &id) != NULL);
    request = dba_table_add(core->requests, &id);
    if (request == NULL)
        return NULL;
    dba_list_init(&request->in_out);
    dba_timer_init(&request->timer, DBA_TIMER_REQUEST);
    dba_timer_set(&core->timers, &request->timer,
                  core->now + core->settings->timeout + TIMEOUT_GRACE);
    request->sent = core->now;
    /* While ours is refused, each token vouches for its own check. */
    request->own_access = core->own != DBA_OWN_NONE && core->own != DBA_OWN_INVALID;
    request->probe = core->flow == DBA_FLOW_PROBE;
    core->probes += request->probe;
    return request;
}

static void request_free(struct dba_core *core, struct dba_request_out *request)
{
    dba_list_remove(&request->in_out);
    dba_timer_set(&core->timers, &request->timer, DBA_NEVER);
    dba_table_remove(core->requests, request);
}

static void observe(struct dba_core *core, const struct dba_answer *answer, dba_time sent)
{
    static const double ends[DBA_SECONDS_STEPS] = DBA_SECONDS_BUCKETS;
    double seconds = dba_time_in_seconds(core->now - sent);
    bool decided = answer->class != DBA_ANSWER_UNDECIDED;

    core->stats.checks[answer->class]++;
    if (!decided)
        core->stats.causes[answer->cause]++;
    for (size_t i = 0; i < DBA_SECONDS_STEPS; i++)
        if (seconds <= ends[i])
            core->stats.seconds[i]++;
    core->stats.seconds_count++;
    core->stats.seconds_sum += seconds;
    core->mean_seconds += (seconds - core->mean_seconds) / 16;
    core->http2 |= answer->http2;
    if (decided)
        core->last_answer = core->now;
    if (decided != core->reachable)
        dba_out_log(core, decided ? DBA_LEVEL_NOTICE : DBA_LEVEL_WARNING,
                    "platform %s cause=%s status=%u", decided ? "decides" : "undecided",
                    dba_cause_word(answer->cause), answer->status);
    core->reachable = decided;
}

/* What was asked has to be asked again. */
static void repeat(struct dba_core *core, const struct dba_request_out *done, bool lost)
{
    if (done->check != NULL)
        dba_check_repeat(core, done->check, lost);
    else if (done->witness != NULL)
        dba_witness_lost(core, done->witness);
    else
        dba_own_lost(core);
}

bool dba_request_slept(struct dba_core *core, struct dba_request_out *request)
{
    dba_time due = request->sent + core->settings->timeout + TIMEOUT_GRACE;
    struct dba_request_out done = *request;

    if (core->now - due < SLEPT)
        return false;
    request_free(core, request);
    core->probes -= done.probe;
    repeat(core, &done, false);
    return true;
}

void dba_request_answered(struct dba_core *core, struct dba_request_out *request,
                          const struct dba_answer *answer)
{
    struct dba_request_out done = *request;

    request_free(core, request);
    observe(core, answer, done.sent);
    follow(core, &done, answer);
    if (done.outdated)
        repeat(core, &done, false);
    else if (done.check != NULL)
        dba_check_answered(core, done.check, answer, done.sent, done.own_access);
    else if (done.witness != NULL)
        dba_witness_answered(core, done.witness, answer, done.sent);
    else
        dba_own_answered(core, answer, done.sent, true);
}

void dba_requests_lost(struct dba_core *core, bool lost)
{
    struct dba_request_out *request;

    core->http2 = false;
    core->probes = 0;
    while ((request = dba_table_oldest(core->requests)) != NULL) {
        struct dba_request_out done = *request;

        request_free(core, request);
        repeat(core, &done, lost);
    }
}

void dba_requests_outdate(struct dba_core *core)
{
    for (struct dba_request_out *r = dba_table_oldest(core->requests); r != NULL;
         r = dba_table_next(core->requests, r))
        r->outdated = true;
}
