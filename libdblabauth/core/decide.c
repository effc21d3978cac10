/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a caller is told, from what is known now: by a young verdict of its token, by any
 * token of the user, or, where nobody decides, by `outage.logins`. The rule itself, who may be
 * whom, is admit.c's.
 */
#include <string.h>

#include "base/text.h"
#include "core/state.h"

/* ---- refusing ---- */

struct dba_origin dba_origin_of(const struct dba_waiter *waiter)
{
    return (struct dba_origin){
        .service = waiter->service, .rhost = waiter->rhost, .user = waiter->user};
}

/* One token's refusals count once a minute: a forgotten client locks nobody out. */
static void count_refusal(struct dba_core *core, const struct dba_waiter *waiter,
                          struct dba_verdict *verdict)
{
    struct dba_origin origin = dba_origin_of(waiter);

    if (waiter->op != DBA_OP_AUTH)
        return;
    if (verdict != NULL && verdict->counted != DBA_VOID &&
        core->now - verdict->counted < 60 * DBA_SECOND)
        return;
    if (verdict != NULL)
        verdict->counted = core->now;
    dba_limiter_count(core->limiter, core->now, core->settings->verdicts, &origin);
}

/* ---- one token ---- */

/* Who may ask whom; settings may have changed since the caller came. */
enum dba_reason dba_may_ask(const struct dba_core *core, const struct dba_waiter *w)
{
    const struct dba_service *service = dba_settings_service(core->settings, w->service);

    if (w->op != DBA_OP_CHECK)
        return dba_admit_caller(core->settings, service, w->peer_uid, w->peer.pid, w->user,
                                w->user_uid);
    if (service == NULL)
        return DBA_REASON_SERVICE;
    if (w->user[0] == '\0')
        return DBA_REASON_NONE;
    if (!dba_user_valid(service->username, w->user))
        return DBA_REASON_USER;
    if (dba_names_have(&core->settings->deny_users, w->user) ||
        dba_names_have(&service->deny_users, w->user))
        return DBA_REASON_DENY_USER;
    return DBA_REASON_NONE;
}

/* `check` without a user is about whoever the token belongs to. */
static enum dba_reason admits_whom(const struct dba_core *core, const struct dba_waiter *w,
                                   const struct dba_verdict *verdict, char *user, size_t cap)
{
    const struct dba_service *service = dba_settings_service(core->settings, w->service);

    (void)dba_text_copy(user, cap, w->user);
    if (user[0] == '\0' && verdict->email != NULL && service != NULL)
        (void)dba_identity_name(core->settings->map, core->settings->domain, service->username,
                                verdict->email, user, cap);
    return dba_verdict_admits(core, verdict, w->service, user);
}

/* Lets the caller in, and remembers by what. */
static void accept(struct dba_core *core, const struct dba_waiter *w,
                   const struct dba_token *token, const struct dba_verdict *verdict,
                   struct dba_decision *decision)
{
    const struct dba_service *service = dba_settings_service(core->settings, w->service);
    struct dba_presented *presented;

    decision->result = DBA_ACCEPTED;
    if (verdict != NULL)
        dba_tell_facts(decision, verdict);
    if (w->op == DBA_OP_AUTH) {
        presented =
            dba_verdict_present(core, &w->digest, token, verdict == NULL, w->service, w->user);
        if (presented == NULL ||
            (service->unix_account && !dba_alive_add(core, presented, w->peer))) {
            *decision = (struct dba_decision){
                .result = DBA_UNAVAILABLE, .reason = DBA_REASON_BUSY, .cause = DBA_CAUSE_FULL};
        }
    }
    dba_tell(core, w, decision);
}

/* By a young verdict, if there is one. `token` is the caller's, or the check's. */
bool dba_decide_token(struct dba_core *core, const struct dba_waiter *w,
                      const struct dba_token *token)
{
    struct dba_known *known;
    struct dba_verdict *verdict = dba_verdict_find(core, &w->digest, &known);
    struct dba_decision decision = {0};

    if (verdict == NULL || !dba_verdict_fresh(core, verdict))
        return false;
    decision.reason = dba_may_ask(core, w);
    if (decision.reason != DBA_REASON_NONE) {
        dba_tell_short(core, w, DBA_DENIED, decision.reason);
        return true;
    }
    if (dba_core_org(core) == 0) {
        decision.reason = DBA_REASON_UNDECIDED;
        decision.cause = DBA_CAUSE_ORG;
        dba_tell(core, w, &decision);
        return true;
    }
    decision.reason = admits_whom(core, w, verdict, decision.user, sizeof decision.user);
    if (decision.reason == DBA_REASON_VALID) {
        accept(core, w, token, verdict, &decision);
        return true;
    }
    decision.result = DBA_REFUSED;
    if (w->op == DBA_OP_CHECK && verdict->class == DBA_ANSWER_GOOD)
        dba_tell_facts(&decision, verdict);
    count_refusal(core, w, verdict);
    dba_tell(core, w, &decision);
    return true;
}

/* The engine's verification token is compared here and sent nowhere. */
bool dba_decide_verification(struct dba_core *core, const struct dba_waiter *w,
                             const struct dba_token *token)
{
    struct dba_decision decision = {.reason = DBA_REASON_VALID};

    if (core->settings->verification_token.len == 0 ||
        !dba_token_equal(token, &core->settings->verification_token))
        return false;
    if (dba_names_have(&core->settings->verification_users, w->user)) {
        accept(core, w, token, NULL, &decision);
        return true;
    }
    count_refusal(core, w, NULL);
    dba_tell_short(core, w, DBA_REFUSED, DBA_REASON_VERIFICATION);
    return true;
}

/* outage.logins: a token that was good so lately that it is believed while nobody decides. */
static bool outage_admits(const struct dba_core *core, const struct dba_known *known,
                          const char *service, const char *user)
{
    return core->settings->outage_logins > 0 && known != NULL && !known->verification &&
           known->verdict.sent != DBA_VOID && dba_core_org(core) != 0 &&
           core->now - known->verdict.sent <= core->settings->outage_logins &&
           dba_verdict_admits(core, &known->verdict, service, user) == DBA_REASON_VALID;
}

/* ---- any token of a user ---- */

/* Would this one vouch for the user at this service, if it is still valid? */
bool dba_vouches(const struct dba_core *core, const struct dba_presented *p,
                 const struct dba_waiter *w)
{
    if (p->known->verification)
        return memcmp(dba_table_key(core->known, p->known), &core->verification,
                      sizeof core->verification) == 0 &&
               core->settings->verification_token.len > 0 &&
               dba_names_have(&core->settings->verification_users, w->user);
    return dba_verdict_admits(core, &p->known->verdict, w->service, w->user) ==
           DBA_REASON_VALID;
}

static struct dba_presented *outage_voucher(const struct dba_core *core,
                                            const struct dba_waiter *w)
{
    struct dba_user *user = dba_user_find(core, w->user);

    if (user == NULL)
        return NULL;
    for (struct dba_list *n = user->presented.next; n != &user->presented; n = n->next) {
        struct dba_presented *p = dba_container(n, struct dba_presented, of_user);

        if (outage_admits(core, p->known, w->service, w->user))
            return p;
    }
    return NULL;
}

/* Nobody decides. `really`: the Platform was asked and did not, or is known not to. */
void dba_decide_unavailable(struct dba_core *core, const struct dba_waiter *w,
                            const struct dba_token *token, enum dba_cause cause, bool really)
{
    struct dba_decision decision = {.reason = DBA_REASON_UNDECIDED, .cause = cause};
    struct dba_presented *voucher;
    struct dba_known *known;
    enum dba_reason denied = dba_may_ask(core, w);

    if (denied != DBA_REASON_NONE) {
        dba_tell_short(core, w, DBA_DENIED, denied);
        return;
    }
    if (really && w->op == DBA_OP_AUTH) {
        known = dba_table_find(core->known, &w->digest);
        if (outage_admits(core, known, w->service, w->user)) {
            decision = (struct dba_decision){.reason = DBA_REASON_OUTAGE};
            accept(core, w, token, &known->verdict, &decision);
            return;
        }
    } else if (really && w->op == DBA_OP_ACCOUNT) {
        voucher = outage_voucher(core, w);
        if (voucher != NULL) {
            decision =
                (struct dba_decision){.result = DBA_ACCEPTED, .reason = DBA_REASON_OUTAGE};
            dba_tell_facts(&decision, &voucher->known->verdict);
        }
    }
    dba_tell(core, w, &decision);
}

/* Tells at once if any token that vouches is young, or none vouches at all. */
bool dba_decide_account(struct dba_core *core, const struct dba_waiter *w)
{
    struct dba_user *user = dba_user_find(core, w->user);
    struct dba_decision decision = {.result = DBA_ACCEPTED, .reason = DBA_REASON_VALID};
    bool any = false;

    if (dba_core_org(core) == 0 && user != NULL) {
        /* A verification token needs no organization; all else cannot be known. */
        any = true;
    }
    for (struct dba_list *n = user != NULL ? user->presented.next : NULL;
         n != NULL && n != &user->presented; n = n->next) {
        struct dba_presented *p = dba_container(n, struct dba_presented, of_user);

        if (!dba_vouches(core, p, w))
            continue;
        if (p->known->verification ||
            (dba_core_org(core) != 0 && dba_verdict_fresh(core, &p->known->verdict))) {
            dba_tell_facts(&decision, &p->known->verdict);
            dba_tell(core, w, &decision);
            return true;
        }
        any = true;
    }
    if (any)
        return false;
    dba_tell_short(core, w, DBA_REFUSED, DBA_REASON_NO_TOKEN);
    return true;
}
