/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callers: what each is told, once. Auth and check are about one token, account is about any
 * that the user presented on this host. What can be decided from a young verdict is decided at
 * once; who must wait is told "unavailable" at its deadline or its service's `wait`, while the
 * check goes on.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/state.h"

/* A person's tokens that one account request has checked at once; the rest does not vouch. */
#define ACCOUNT_TOKENS 8

/* ---- waiting ---- */

static struct dba_waiter *waiter_keep(struct dba_core *core, const struct dba_waiter *draft,
                                      dba_time deadline)
{
    const struct dba_service *service = dba_settings_service(core->settings, draft->service);
    struct dba_waiter *w = dba_table_add(core->waiters, &draft->id);
    dba_time wait;

    if (w == NULL)
        return NULL;
    *w = *draft;
    dba_list_init(&w->links);
    dba_timer_init(&w->timer, DBA_TIMER_WAITER);
    w->rhost = strdup(draft->rhost);
    if (w->rhost == NULL) {
        dba_table_remove(core->waiters, w);
        return NULL;
    }
    wait = service != NULL ? dba_time_add(core->now, service->wait) : DBA_NEVER;
    if (draft->op == DBA_OP_CHECK || wait > deadline)
        wait = deadline;
    dba_timer_set(&core->timers, &w->timer, wait);
    return w;
}

static bool link_up(struct dba_waiter *waiter, struct dba_check *check)
{
    struct dba_link *link = calloc(1, sizeof *link);

    if (link == NULL)
        return false;
    dba_list_init(&link->of_waiter);
    dba_list_init(&link->of_check);
    link->waiter = waiter;
    link->check = check;
    dba_list_append(&waiter->links, &link->of_waiter);
    dba_list_append(&check->links, &link->of_check);
    return true;
}

static void link_cut(struct dba_link *link)
{
    dba_list_remove(&link->of_waiter);
    dba_list_remove(&link->of_check);
    free(link);
}

void dba_waiter_free(struct dba_core *core, struct dba_waiter *waiter)
{
    while (!dba_list_empty(&waiter->links))
        link_cut(dba_container(waiter->links.next, struct dba_link, of_waiter));
    dba_timer_set(&core->timers, &waiter->timer, DBA_NEVER);
    free(waiter->rhost);
    dba_table_remove(core->waiters, waiter);
}

/* Shares or starts the check of `digest`, if the Platform may be asked now. */
static bool wait_for(struct dba_core *core, struct dba_waiter *w,
                     const struct dba_digest *digest, const struct dba_token *token,
                     enum dba_cause *cause)
{
    struct dba_check *check = dba_table_find(core->checks, digest);

    /* To share one that is out needs nothing new to be sent. */
    if ((check == NULL || check->request == NULL) && !dba_platform_takes_login(core, cause))
        return false;
    *cause = DBA_CAUSE_FULL;
    check = dba_check_join(core, digest, token, false);
    return check != NULL && link_up(w, check);
}

static void wait_account(struct dba_core *core, struct dba_waiter *w)
{
    struct dba_user *user = dba_user_find(core, w->user);
    enum dba_cause cause = DBA_CAUSE_ORG;
    struct dba_token token;
    unsigned asked = 0;

    for (struct dba_list *n = user->presented.next;
         n != &user->presented && asked < ACCOUNT_TOKENS; n = n->next) {
        struct dba_known *known = dba_container(n, struct dba_presented, of_user)->known;

        if (known->verification || dba_core_org(core) == 0 ||
            !dba_vouches(core, dba_container(n, struct dba_presented, of_user), w))
            continue;
        dba_kept_show(known->kept, &token);
        if (wait_for(core, w, dba_table_key(core->known, known), &token, &cause))
            asked++;
        dba_token_wipe(&token);
    }
    if (asked > 0)
        return;
    dba_decide_unavailable(core, w, NULL, cause, cause != DBA_CAUSE_FULL);
    dba_waiter_free(core, w);
}

/* ---- events of checks and timers ---- */

static void told_one(struct dba_core *core, struct dba_waiter *w, const struct dba_token *token,
                     bool decided, enum dba_cause cause)
{
    if (!decided)
        w->cause = cause;
    if (w->op == DBA_OP_ACCOUNT) {
        if (decided && dba_may_ask(core, w) != DBA_REASON_NONE) {
            dba_tell_short(core, w, DBA_DENIED, dba_may_ask(core, w));
        } else if (dba_decide_account(core, w)) {
            /* told */
        } else if (!dba_list_empty(&w->links)) {
            return; /* another of the user's tokens may still be answered valid */
        } else {
            dba_decide_unavailable(
                core, w, NULL, w->cause != DBA_CAUSE_NONE ? w->cause : DBA_CAUSE_FULL, true);
        }
    } else if (!decided || !dba_decide_token(core, w, token)) {
        /* Decided, but not to be found again: there was no memory for it. */
        dba_decide_unavailable(core, w, token, decided ? DBA_CAUSE_FULL : cause, !decided);
    }
    dba_waiter_free(core, w);
}

void dba_waiter_told(struct dba_core *core, struct dba_check *check, bool decided,
                     enum dba_cause cause)
{
    struct dba_token token;

    if (dba_list_empty(&check->links))
        return;
    dba_kept_show(check->kept, &token);
    while (!dba_list_empty(&check->links)) {
        struct dba_link *link = dba_container(check->links.next, struct dba_link, of_check);
        struct dba_waiter *w = link->waiter;

        link_cut(link);
        told_one(core, w, &token, decided, cause);
    }
    dba_token_wipe(&token);
}

void dba_waiter_deadline(struct dba_core *core, struct dba_waiter *waiter)
{
    struct dba_token token = {0};

    if (!dba_list_empty(&waiter->links))
        dba_kept_show(
            dba_container(waiter->links.next, struct dba_link, of_waiter)->check->kept, &token);
    dba_decide_unavailable(core, waiter, &token, DBA_CAUSE_WAIT, !core->reachable);
    dba_token_wipe(&token);
    dba_waiter_free(core, waiter);
}

void dba_core_hangup(struct dba_core *core, dba_time now, uint64_t random, uint64_t id)
{
    struct dba_waiter *waiter;

    dba_core_event(core, now, random);
    waiter = dba_table_find(core->waiters, &id);
    if (waiter != NULL)
        dba_waiter_free(core, waiter);
    dba_platform_pump(core);
}

/* ---- the event ---- */

static void ask_token(struct dba_core *core, struct dba_waiter *draft,
                      const struct dba_ask *ask)
{
    struct dba_known *known = dba_table_find(core->known, &draft->digest);
    struct dba_origin origin = dba_origin_of(draft);
    enum dba_cause cause = DBA_CAUSE_FULL;
    struct dba_waiter *w;
    bool good = known != NULL && dba_core_org(core) != 0 &&
                dba_verdict_admits(core, &known->verdict, draft->service, draft->user) ==
                    DBA_REASON_VALID;

    if (dba_decide_verification(core, draft, ask->token))
        return;
    /* A token that is known to be valid for this login is never limited. */
    if (!good && draft->op == DBA_OP_AUTH) {
        struct dba_verdict *seen = dba_table_find(core->seen, &draft->digest);

        good = seen != NULL && dba_verdict_fresh(core, seen) && dba_core_org(core) != 0 &&
               dba_verdict_admits(core, seen, draft->service, draft->user) == DBA_REASON_VALID;
        if (!good && dba_limiter_blocks(core->limiter, core->now,
                                        core->settings->failures_per_minute, &origin)) {
            dba_tell_short(core, draft, DBA_LIMITED, DBA_REASON_LIMITED);
            return;
        }
    }
    if (dba_decide_token(core, draft, ask->token))
        return;
    if (ask->deadline <= core->now) {
        dba_decide_unavailable(core, draft, ask->token, DBA_CAUSE_WAIT, false);
        return;
    }
    w = waiter_keep(core, draft, ask->deadline);
    if (w != NULL && wait_for(core, w, &draft->digest, ask->token, &cause))
        return;
    dba_decide_unavailable(core, draft, ask->token, cause, cause != DBA_CAUSE_FULL);
    if (w != NULL)
        dba_waiter_free(core, w);
}

static void ask_account(struct dba_core *core, struct dba_waiter *draft, dba_time deadline)
{
    struct dba_waiter *w;

    if (dba_decide_account(core, draft))
        return;
    w = deadline > core->now ? waiter_keep(core, draft, deadline) : NULL;
    if (w == NULL)
        dba_decide_unavailable(core, draft, NULL, DBA_CAUSE_WAIT, false);
    else
        wait_account(core, w);
}

void dba_core_ask(struct dba_core *core, dba_time now, uint64_t random,
                  const struct dba_ask *ask)
{
    struct dba_waiter draft = {.id = ask->id,
                               .op = ask->op,
                               .peer = ask->peer,
                               .peer_uid = ask->peer_uid,
                               .user_uid = ask->user_uid};
    char rhost[DBA_ORIGIN_ADDRESS];
    enum dba_reason reason;

    dba_core_event(core, now, random);
    dba_list_init(&draft.links);
    (void)dba_text_copy(draft.service, sizeof draft.service, ask->service);
    (void)dba_text_copy(draft.user, sizeof draft.user, ask->user);
    (void)dba_text_copy(rhost, sizeof rhost, ask->rhost);
    draft.rhost = rhost;
    reason = dba_may_ask(core, &draft);
    if (reason != DBA_REASON_NONE) {
        dba_tell_short(core, &draft, DBA_DENIED, reason);
    } else if (ask->op == DBA_OP_ACCOUNT) {
        ask_account(core, &draft, ask->deadline);
    } else {
        dba_digest(&draft.digest, core->key, DBA_DIGEST_TOKEN, ask->token->bytes,
                   ask->token->len);
        ask_token(core, &draft, ask);
    }
    dba_platform_pump(core);
}
