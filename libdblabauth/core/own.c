/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own access token: which organization is ours, whether the Platform still takes the token,
 * and an open connection before the first login needs one.
 */
#include <string.h>

#include "core/state.h"

#define BACKOFF_MIN (DBA_SECOND / 4)
#define BACKOFF_MAX (4 * DBA_SECOND)

/* A Platform that closes each connection at once is not connected to more often than this. */
#define WARM_MIN (DBA_SECOND)
#define WARM_MAX (60 * DBA_SECOND)

void dba_own_start(struct dba_core *core)
{
    const struct dba_token *token = &core->settings->access_token;
    struct dba_digest digest;

    dba_digest(&digest, core->key, DBA_DIGEST_TOKEN, token->bytes, token->len);
    if (token->len == 0) {
        core->own = DBA_OWN_NONE;
        core->own_wanted = false;
    } else if (core->own == DBA_OWN_NONE ||
               memcmp(&digest, &core->own_digest, sizeof digest) != 0) {
        core->own = DBA_OWN_UNKNOWN;
        core->own_sent = DBA_VOID;
        dba_requests_outdate(core); /* they carry the old one */
    }
    core->own_digest = digest;
    core->own_failed = false;
    core->own_backoff = BACKOFF_MIN;
    dba_own_want(core);
}

void dba_own_want(struct dba_core *core)
{
    dba_timer_set(&core->timers, &core->own_timer, DBA_NEVER);
    core->own_wanted = core->own != DBA_OWN_NONE && core->own_request == NULL;
}

void dba_own_send(struct dba_core *core)
{
    struct dba_request_out *request = dba_request_new(core);

    core->own_wanted = false;
    if (request == NULL) {
        dba_timer_set(&core->timers, &core->own_timer, core->now + BACKOFF_MAX);
        return;
    }
    request->own = true;
    request->own_access = true;
    core->own_request = request;
    core->warmed = core->now;
    dba_out_request(core, request);
}

static void learn(struct dba_core *core, int64_t org_id)
{
    if (core->settings->org_id != 0) {
        if (org_id != core->settings->org_id && core->own != DBA_OWN_GOOD)
            dba_out_log(core, DBA_LEVEL_WARNING,
                        "own-token of another organization org=%lld orgId=%lld",
                        (long long)org_id, (long long)core->settings->org_id);
        core->own_org = org_id;
        core->org_conflict = false;
        return;
    }
    if (core->own_org == org_id) {
        core->org_conflict = false;
        return;
    }
    if (core->own_org != 0 && core->live_count > 0) {
        if (!core->org_conflict)
            dba_out_log(core, DBA_LEVEL_ERROR,
                        "own-token changed its organization from=%lld to=%lld "
                        "remedy=\"set platform.orgId, or dblab-auth reload --force\"",
                        (long long)core->own_org, (long long)org_id);
        core->org_conflict = true;
        return;
    }
    dba_out_log(core, DBA_LEVEL_NOTICE, "organization org=%lld", (long long)org_id);
    core->own_org = org_id;
    core->org_conflict = false;
    dba_verdicts_review(core, false);
}

static void refused(struct dba_core *core)
{
    if (core->own != DBA_OWN_INVALID)
        dba_out_log(core, DBA_LEVEL_ERROR,
                    "own-token refused by the Platform "
                    "remedy=\"renew platform.accessTokenFile and reload\"");
    core->own = DBA_OWN_INVALID;
    /* Refusals until now may have been about ours. */
    dba_verdicts_void_refusals(core);
}

void dba_own_answered(struct dba_core *core, const struct dba_answer *answer, dba_time sent,
                      bool by_itself)
{
    dba_time again = DBA_NEVER;

    if (by_itself)
        core->own_request = NULL;
    if (core->own == DBA_OWN_NONE)
        return;
    switch (answer->class) {
    case DBA_ANSWER_GOOD:
        learn(core, answer->org_id);
        if (core->own == DBA_OWN_INVALID)
            dba_out_log(core, DBA_LEVEL_NOTICE, "own-token accepted again");
        core->own = DBA_OWN_GOOD;
        if (core->org_conflict)
            again = core->now + dba_settings_max_age(core->settings);
        break;
    case DBA_ANSWER_INVALID:
        refused(core);
        /* It may have been the gateway: nobody else would ever ask again. */
        again = core->now + dba_settings_max_age(core->settings);
        break;
    case DBA_ANSWER_UNDECIDED:
        if (!by_itself)
            return;
        core->own_failed = true;
        again = core->now + dba_random_between(core, core->own_backoff / 2, core->own_backoff);
        core->own_backoff *= 2;
        if (core->own_backoff > BACKOFF_MAX)
            core->own_backoff = BACKOFF_MAX;
        break;
    }
    if (answer->class != DBA_ANSWER_UNDECIDED) {
        core->own_failed = false;
        core->own_backoff = BACKOFF_MIN;
        core->own_sent = sent;
    }
    if (core->own_request == NULL)
        dba_timer_set(&core->timers, &core->own_timer, again);
    if (dba_core_org(core) == 0)
        dba_checks_fail_queued(core, DBA_CAUSE_ORG);
}

void dba_own_lost(struct dba_core *core)
{
    core->own_request = NULL;
    dba_own_want(core);
}

void dba_own_suspect(struct dba_core *core)
{
    if (core->own_sent == DBA_VOID ||
        core->now - core->own_sent > dba_settings_max_age(core->settings))
        dba_own_want(core);
}

static void warm(struct dba_core *core)
{
    core->warmed = core->now;
    if (core->own != DBA_OWN_NONE)
        dba_own_want(core);
    else
        dba_out_warm(core);
}

void dba_own_cold(struct dba_core *core)
{
    core->http2 = false;
    /* A request that is out, or will be, opens one by itself. */
    if (dba_table_count(core->requests) > 0 || dba_table_count(core->checks) > 0 ||
        core->own_wanted || core->flow != DBA_FLOW_OPEN)
        return;
    if (core->now - core->warmed >= WARM_MAX)
        core->warm_backoff = WARM_MIN;
    if (core->now - core->warmed >= core->warm_backoff) {
        warm(core);
        return;
    }
    if (core->cold_timer.when == DBA_NEVER) {
        dba_timer_set(&core->timers, &core->cold_timer, core->warmed + core->warm_backoff);
        core->warm_backoff *= 2;
        if (core->warm_backoff > WARM_MAX)
            core->warm_backoff = WARM_MAX;
    }
}

void dba_own_cold_due(struct dba_core *core)
{
    if (dba_table_count(core->requests) == 0 && core->flow == DBA_FLOW_OPEN)
        warm(core);
}
