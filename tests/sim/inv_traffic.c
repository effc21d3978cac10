/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invariant 6, what is sent to the Platform: how many at once, never two for one token (a
 * witness aside), one slot that logins leave free, how often live tokens are checked again and
 * how late, and that a pause is kept. A request that nobody asked for is a failure, too.
 */
#include "world.h"

#define BACKOFF (5 * DBA_SECOND) /* what was undecided is asked again so late at most */

static size_t capacity(const struct world *w)
{
    if (w->http2 || w->conf.in_flight < w->conf.connections)
        return w->conf.in_flight;
    return w->conf.connections;
}

static bool is_out(const struct world *w, const struct request *r)
{
    return !r->over && w->now < r->sent + w->conf.timeout;
}

static void check_slots(struct world *w, const struct request *request)
{
    size_t out = 0, logins = 0, all = capacity(w);

    for (const struct request *r = w->requests; r != NULL; r = r->next) {
        if (!is_out(w, r))
            continue;
        out++;
        logins += r->login;
        if (r->token == request->token && !r->may_witness && !request->may_witness)
            world_fail(w, "6", "two checks for token %zu at once", r->token->number);
    }
    if (out >= all)
        world_fail(w, "6", "%zu requests in flight, %zu are allowed", out + 1, all);
    if (request->login && all > 1 && logins >= all - 1)
        world_fail(w, "6", "logins take the slot of the re-checks (%zu of %zu)", logins + 1,
                   all);
}

static void check_pause(struct world *w, const struct request *request)
{
    if (w->now < w->hold_until)
        world_fail(w, "6", "a request during the Platform's pause, %.3f s too early",
                   dba_time_in_seconds(w->hold_until - w->now));
    if (!w->probing)
        return;
    if (w->now < w->probe_failed + DBA_SECOND)
        world_fail(w, "6", "a probe %.3f s after one that was not decided",
                   dba_time_in_seconds(w->now - w->probe_failed));
    for (const struct request *r = w->requests; r != NULL; r = r->next)
        if (is_out(w, r) && r->sent_order > w->held_order && r != request)
            world_fail(w, "6", "two probes at once after a pause");
}

/* After each event with a re-check in it, when it is known whether n changed in it. */
void inv_rate(struct world *w)
{
    const size_t ring = sizeof w->rechecks / sizeof w->rechecks[0];
    dba_time window = conf_max_age(&w->conf) - w->conf.timeout;
    size_t count = 0;
    double most;

    if (w->rechecks_count == w->rechecks_judged)
        return;
    w->rechecks_judged = w->rechecks_count;
    for (size_t i = w->rechecks_count; i-- > 0 && w->rechecks_count - i <= ring;) {
        if (w->rechecks[i % ring] <= w->now - DBA_SECOND)
            break;
        count++;
    }
    if (w->now - w->live_changed < window + DBA_SECOND || window <= 0)
        return;
    most = 1.5 * (double)w->live / dba_time_in_seconds(window) + 2;
    if ((double)count > most)
        world_fail(w, "6", "%zu re-checks in a second for %zu live tokens: at most %.2f", count,
                   w->live, most);
}

/* How late the driver, or a slot that is taken, may make it. */
static dba_time slack(const struct world *w)
{
    return w->late + (capacity(w) <= w->live + 1 ? 3 * w->latency : w->latency) + DBA_MSEC;
}

bool inv_promise(const struct world *w)
{
    dba_time window = conf_max_age(&w->conf) - w->conf.timeout;

    return (dba_time)w->live * w->latency * 4 <= (dba_time)capacity(w) * window;
}

static bool promise_holds(const struct world *w)
{
    dba_time window = conf_max_age(&w->conf) - w->conf.timeout;
    dba_time settled = phase_settled(w);

    return settled != DBA_NEVER && w->now >= settled + window && !w->probing &&
           w->now >= w->opened + conf_max_age(&w->conf) + window && inv_promise(w) &&
           window >= 4 * w->latency + 8 * w->late;
}

static bool still_admitted(const struct world *w, const struct token *token)
{
    for (size_t i = 0; i < token->pairs_count; i++)
        if (rule_admits(w, rule_org(w), platform_truth(token), token->pairs[i].service,
                        token->pairs[i].name->text) != DBA_REASON_VALID)
            return false;
    return token->versions_count > 0;
}

static void check_age(struct world *w, const struct token *token)
{
    dba_time window = conf_max_age(&w->conf) - w->conf.timeout;

    if (!token->live || token->good_high == DBA_NEVER || !promise_holds(w) ||
        w->now - token->live_since < 2 * window)
        return;
    /* What is suspected has no young verdict. */
    if (!still_admitted(w, token) ||
        token->versions[token->versions_count - 1].from > w->now - 2 * window - BACKOFF)
        return;
    if (w->now - token->good_high > window + slack(w))
        world_fail(w, "6", "the verdict of live token %zu is %.3f s old, A - T is %.3f",
                   token->number, dba_time_in_seconds(w->now - token->good_high),
                   dba_time_in_seconds(window));
}

/* Not a check of its own: then somebody must have asked. */
static void check_reason(struct world *w, const struct request *request)
{
    const struct token *token = request->token;

    if (request->recheck) {
        if (!token->live && w->now - token->dead_since > REMEMBER_GRACE)
            world_fail(w, "6", "a re-check of token %zu, behind which nothing is alive",
                       token->number);
        return;
    }
    if (request->login && !token->wanted)
        world_fail(w, "6", "a check of token %zu that nobody asked for", token->number);
}

void inv_request(struct world *w, struct request *request)
{
    struct token *token = request->token;
    bool own = token == w->conf.own;
    bool suspected = false;

    for (size_t i = 0; i < token->pairs_count; i++)
        suspected |= token->pairs[i].negative != 0;
    request->may_witness = w->suspects > (suspected ? 1u : 0u) || w->now < w->doubted;
    request->live = token->live;
    request->may_speak = evidence_may_speak(w, token);
    request->login = !own && !request->recheck && w->suspects == 0 && !token->repeated &&
                     !token->live && w->now >= token->doubted;
    if (token == w->conf.secret)
        world_fail(w, "9", "the verification token is sent to the Platform");
    check_slots(w, request);
    check_pause(w, request);
    check_reason(w, request);
    if (request->recheck) {
        w->rechecks[w->rechecks_count++ % (sizeof w->rechecks / sizeof w->rechecks[0])] =
            w->now;
        check_age(w, token);
    }
    token->wanted &= request->login || token->open > 0;
    if (request->login)
        token->wanted = false;
}

/* ---- what an answer tells ---- */

void inv_hold(struct world *w, const struct dba_answer *answer)
{
    dba_time asked =
        answer->retry_after_ms > 0 ? answer->retry_after_ms * DBA_MSEC : DBA_SECOND;
    dba_time until = w->now + (asked < w->conf.bound ? asked : w->conf.bound);

    if (until > w->hold_latest)
        w->hold_latest = until;
    for (size_t i = 0; i < w->bearers_count; i++) {
        const struct token *token = w->bearers[i];

        if (!token->live)
            continue;
        if (token->good_low == DBA_NEVER)
            until = w->now; /* as old as can be */
        else if (token->good_low + conf_max_age(&w->conf) < until)
            until = token->good_low + conf_max_age(&w->conf);
    }
    if (until > w->hold_until)
        w->hold_until = until;
    w->held_order = w->sequence;
    w->probing = true;
}

void inv_answered(struct world *w, const struct request *request)
{
    const struct dba_answer *answer = &request->answer;

    w->http2 |= answer->http2;
    if (answer->class != DBA_ANSWER_UNDECIDED) {
        w->decided_order = w->sequence;
        if (w->probing && w->now >= w->hold_until) {
            w->probing = false;
            w->opened = w->now;
        }
        return;
    }
    w->undecided = w->now;
    w->undecided_order = w->sequence;
    if (answer->hold)
        inv_hold(w, answer);
    else if (w->probing && w->now >= w->hold_until && request->sent_order > w->held_order)
        w->probe_failed = w->now;
}

/* ---- now and then ---- */

void inv_audit(struct world *w, void *actor, uint64_t number)
{
    (void)actor;
    (void)number;
    if (w->draining)
        return;
    queue_put(&w->queue, w->now + conf_max_age(&w->conf) / 4 + DBA_SECOND / 20, inv_audit, NULL,
              0);
    evidence_expire(w);
    for (size_t i = 0; i < w->bearers_count; i++)
        if (w->bearers[i]->live && w->bearers[i]->open == 0)
            check_age(w, w->bearers[i]);
}
