/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of tokens, in two tables. `known`: tokens that were accepted and are remembered
 * or have something alive behind them; they are never evicted. `seen`: every other answer,
 * refusals above all; the least recently used goes. So a flood of bad tokens evicts nothing
 * that somebody's login rests on.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/state.h"

static void set_facts(struct dba_verdict *verdict, const struct dba_answer *answer,
                      dba_time sent)
{
    free(verdict->email);
    verdict->email = NULL;
    verdict->class = answer->class;
    verdict->org_id = answer->org_id;
    verdict->personal = answer->personal;
    verdict->sent = sent;
    if (answer->class != DBA_ANSWER_GOOD || answer->email[0] == '\0')
        return;
    verdict->email = strdup(answer->email);
    if (verdict->email == NULL)
        verdict->sent = DBA_VOID; /* half an answer decides nothing */
}

struct dba_verdict *dba_verdict_find(struct dba_core *core, const struct dba_digest *digest,
                                     struct dba_known **known)
{
    struct dba_verdict *seen;

    *known = dba_table_find(core->known, digest);
    if (*known != NULL)
        return &(*known)->verdict;
    seen = dba_table_find(core->seen, digest);
    if (seen != NULL)
        dba_table_touch(core->seen, seen);
    return seen;
}

bool dba_verdict_fresh(const struct dba_core *core, const struct dba_verdict *verdict)
{
    return verdict->class != DBA_ANSWER_UNDECIDED && verdict->sent != DBA_VOID &&
           core->now - verdict->sent <= dba_settings_max_age(core->settings);
}

int64_t dba_core_org(const struct dba_core *core)
{
    if (core->settings->org_id != 0)
        return core->settings->org_id;
    return core->org_conflict ? 0 : core->own_org;
}

static enum dba_reason admits(const struct dba_core *core, enum dba_answer_class class,
                              const struct dba_facts *facts, const char *service,
                              const char *user)
{
    const struct dba_service *listed = dba_settings_service(core->settings, service);

    if (class != DBA_ANSWER_GOOD)
        return DBA_REASON_INVALID;
    if (listed == NULL)
        return DBA_REASON_SERVICE;
    return dba_admit(core->settings, dba_core_org(core), facts, listed, user);
}

enum dba_reason dba_verdict_admits(const struct dba_core *core,
                                   const struct dba_verdict *verdict, const char *service,
                                   const char *user)
{
    struct dba_facts facts = {.org_id = verdict->org_id,
                              .personal = verdict->personal,
                              .email = verdict->email != NULL ? verdict->email : ""};

    return admits(core, verdict->class, &facts, service, user);
}

/* Would this answer, were it believed, still admit the token under this name? */
static bool answer_admits(const struct dba_core *core, const struct dba_answer *answer,
                          const struct dba_presented *presented)
{
    struct dba_facts facts = {
        .org_id = answer->org_id, .personal = answer->personal, .email = answer->email};

    return admits(core, answer->class, &facts, presented->service, presented->user->name) ==
           DBA_REASON_VALID;
}

bool dba_verdict_takes(struct dba_core *core, struct dba_known *known,
                       const struct dba_answer *answer)
{
    bool takes = false;

    for (struct dba_list *n = known->presented.next; n != &known->presented; n = n->next) {
        struct dba_presented *p = dba_container(n, struct dba_presented, of_known);

        p->failed_first = !answer_admits(core, answer, p);
        takes |= p->failed_first;
    }
    return takes;
}

bool dba_verdict_confirms(struct dba_core *core, const struct dba_known *known,
                          const struct dba_answer *answer)
{
    for (struct dba_list *n = known->presented.next; n != &known->presented; n = n->next) {
        struct dba_presented *p = dba_container(n, struct dba_presented, of_known);

        if (!answer_admits(core, answer, p) && !p->failed_first)
            return false;
    }
    return true;
}

static void seen_put(struct dba_core *core, const struct dba_digest *digest,
                     const struct dba_answer *answer, dba_time sent)
{
    struct dba_verdict *seen = dba_table_find(core->seen, digest);

    if (seen == NULL) {
        while (dba_table_count(core->seen) >= core->settings->verdicts) {
            struct dba_verdict *oldest = dba_table_oldest(core->seen);

            free(oldest->email);
            dba_table_remove(core->seen, oldest);
        }
        seen = dba_table_add(core->seen, digest);
        if (seen == NULL)
            return;
        seen->counted = DBA_VOID;
    }
    set_facts(seen, answer, sent);
    dba_table_touch(core->seen, seen);
}

static void log_loss(struct dba_core *core, const struct dba_presented *presented,
                     const char *cause)
{
    char email[DBA_EMAIL_MAX + 1];
    const char *text = presented->known->verdict.email;

    dba_out_log(core, DBA_LEVEL_NOTICE, "revocation user=%s email=%s service=%s cause=%s",
                presented->user->name,
                dba_text_clean(email, sizeof email, text != NULL ? text : "-"),
                presented->service, cause);
}

static void lose(struct dba_core *core, struct dba_presented *presented, bool invalid)
{
    log_loss(core, presented, invalid ? "revoked" : "not-permitted");
    if (invalid)
        core->stats.revocations_revoked++;
    else
        core->stats.revocations_not_permitted++;
    dba_presented_drop(core, presented);
}

void dba_verdict_believe(struct dba_core *core, const struct dba_digest *digest,
                         const struct dba_answer *answer, dba_time sent)
{
    struct dba_known *known = dba_table_find(core->known, digest);
    struct dba_list *next;

    if (known == NULL) {
        seen_put(core, digest, answer, sent);
        return;
    }
    /* Those that it no longer admits first, while the log can still name the old email. */
    for (struct dba_list *n = known->presented.next; n != &known->presented; n = next) {
        struct dba_presented *p = dba_container(n, struct dba_presented, of_known);
        bool last = n->next == &known->presented && n->prev == &known->presented;

        next = n->next;
        if (answer_admits(core, answer, p))
            continue;
        lose(core, p, answer->class == DBA_ANSWER_INVALID);
        if (last) { /* and `known` with it */
            seen_put(core, digest, answer, sent);
            return;
        }
    }
    set_facts(&known->verdict, answer, sent);
    dba_recheck_track(core, known);
}

/* ---- what rests on a token ---- */

static void user_key(const struct dba_core *core, const char *name, struct dba_digest *key)
{
    dba_digest(key, core->key, DBA_DIGEST_USER, name, strlen(name));
}

struct dba_user *dba_user_find(const struct dba_core *core, const char *name)
{
    struct dba_digest key;

    user_key(core, name, &key);
    return dba_table_find(core->users, &key);
}

static struct dba_user *user_get(struct dba_core *core, const char *name)
{
    struct dba_user *user;
    struct dba_digest key;

    user_key(core, name, &key);
    user = dba_table_find(core->users, &key);
    if (user != NULL)
        return user;
    user = dba_table_add(core->users, &key);
    if (user == NULL)
        return NULL;
    dba_list_init(&user->presented);
    (void)dba_text_copy(user->name, sizeof user->name, name);
    return user;
}

static void user_put(struct dba_core *core, struct dba_user *user)
{
    if (dba_list_empty(&user->presented))
        dba_table_remove(core->users, user);
}

static void known_free(struct dba_core *core, struct dba_known *known)
{
    dba_recheck_forget(core, known);
    dba_vault_drop(core->vault, &known->kept);
    free(known->verdict.email);
    dba_table_remove(core->known, known);
}

/* A known entry that nobody is named by yet; the answer about it moves over from `seen`. */
static struct dba_known *known_new(struct dba_core *core, const struct dba_digest *digest,
                                   const struct dba_token *token, bool verification)
{
    struct dba_verdict *seen = dba_table_find(core->seen, digest);
    struct dba_known *known;

    if (dba_table_count(core->known) >= core->settings->verdicts) {
        dba_out_log(core, DBA_LEVEL_ERROR,
                    "limit reached name=limits.verdicts value=%u remedy=\"raise it\"",
                    core->settings->verdicts);
        return NULL;
    }
    known = dba_table_add(core->known, digest);
    if (known == NULL)
        return NULL;
    dba_list_init(&known->presented);
    dba_list_init(&known->in_live);
    dba_list_init(&known->in_due);
    dba_timer_init(&known->retry, DBA_TIMER_RETRY);
    known->verification = verification;
    known->verdict.counted = DBA_VOID;
    if (verification)
        return known;
    known->kept = dba_vault_keep(core->vault, token);
    if (known->kept == NULL || seen == NULL) {
        known_free(core, known);
        return NULL;
    }
    known->verdict = *seen;
    dba_table_remove(core->seen, seen);
    return known;
}

static struct dba_presented *presented_get(struct dba_known *known, struct dba_user *user)
{
    struct dba_presented *p;

    for (struct dba_list *n = known->presented.next; n != &known->presented; n = n->next) {
        p = dba_container(n, struct dba_presented, of_known);
        if (p->user == user)
            return p;
    }
    p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    dba_list_init(&p->of_known);
    dba_list_init(&p->of_user);
    dba_list_init(&p->in_remembered);
    dba_list_init(&p->alive);
    p->known = known;
    p->user = user;
    dba_list_append(&known->presented, &p->of_known);
    dba_list_append(&user->presented, &p->of_user);
    return p;
}

static void set_remember_timer(struct dba_core *core)
{
    dba_time when = DBA_NEVER;

    if (!dba_list_empty(&core->remembered))
        when = dba_time_add(
            dba_container(core->remembered.next, struct dba_presented, in_remembered)->last,
            core->settings->remember);
    dba_timer_set(&core->timers, &core->remember_timer, when);
}

struct dba_presented *dba_verdict_present(struct dba_core *core,
                                          const struct dba_digest *digest,
                                          const struct dba_token *token, bool verification,
                                          const char *service, const char *user)
{
    struct dba_known *known = dba_table_find(core->known, digest);
    struct dba_user *owner = user_get(core, user);
    struct dba_presented *p = NULL;

    if (owner == NULL)
        return NULL;
    if (known == NULL)
        known = known_new(core, digest, token, verification);
    if (known != NULL)
        p = presented_get(known, owner);
    if (p == NULL) {
        if (known != NULL && dba_list_empty(&known->presented))
            known_free(core, known);
        user_put(core, owner);
        return NULL;
    }
    p->last = core->now;
    (void)dba_text_copy(p->service, sizeof p->service, service);
    dba_list_append(&core->remembered, &p->in_remembered);
    set_remember_timer(core);
    dba_alive_known(core, known);
    return p;
}

void dba_presented_drop(struct dba_core *core, struct dba_presented *presented)
{
    struct dba_known *known = presented->known;
    struct dba_user *user = presented->user;

    while (!dba_list_empty(&presented->alive))
        dba_alive_drop(core,
                       dba_container(presented->alive.next, struct dba_alive, of_presented));
    dba_list_remove(&presented->of_known);
    dba_list_remove(&presented->of_user);
    dba_list_remove(&presented->in_remembered);
    free(presented);
    set_remember_timer(core);
    user_put(core, user);
    if (dba_list_empty(&known->presented))
        known_free(core, known);
    else
        dba_alive_known(core, known);
}

void dba_remember_due(struct dba_core *core)
{
    while (!dba_list_empty(&core->remembered)) {
        struct dba_presented *p =
            dba_container(core->remembered.next, struct dba_presented, in_remembered);

        if (dba_time_add(p->last, core->settings->remember) > core->now)
            break;
        dba_list_remove(&p->in_remembered);
        if (dba_list_empty(&p->alive))
            dba_presented_drop(core, p);
        else
            dba_alive_known(core, p->known);
    }
    set_remember_timer(core);
}

/* ---- settings and our own token ---- */

static bool still_admitted(const struct dba_core *core, const struct dba_known *known,
                           const struct dba_digest *digest, const struct dba_presented *p)
{
    const struct dba_service *service = dba_settings_service(core->settings, p->service);

    if (service == NULL || dba_names_have(&core->settings->deny_users, p->user->name) ||
        dba_names_have(&service->deny_users, p->user->name))
        return false;
    if (known->verification)
        return memcmp(digest, &core->verification, sizeof *digest) == 0 &&
               dba_names_have(&core->settings->verification_users, p->user->name);
    return dba_core_org(core) == 0 || dba_verdict_admits(core, &known->verdict, p->service,
                                                         p->user->name) == DBA_REASON_VALID;
}

/* Drops what is no longer admitted; `known` may be gone then. */
static void review(struct dba_core *core, struct dba_known *known)
{
    struct dba_digest digest = *(const struct dba_digest *)dba_table_key(core->known, known);
    struct dba_list *next;
    size_t left = 0;

    for (struct dba_list *n = known->presented.next; n != &known->presented; n = n->next)
        left++;
    for (struct dba_list *n = known->presented.next; left > 0; n = next, left--) {
        struct dba_presented *p = dba_container(n, struct dba_presented, of_known);

        next = n->next;
        if (!still_admitted(core, known, &digest, p))
            lose(core, p, false);
    }
}

void dba_verdicts_review(struct dba_core *core, bool void_all)
{
    void *next;

    for (struct dba_known *k = dba_table_oldest(core->known); k != NULL; k = next) {
        next = dba_table_next(core->known, k);
        if (void_all && !k->verification) {
            k->verdict.sent = DBA_VOID;
            dba_recheck_track(core, k);
        }
        review(core, k);
    }
    set_remember_timer(core);
    if (!void_all)
        return;
    for (struct dba_verdict *v = dba_table_oldest(core->seen); v != NULL; v = next) {
        next = dba_table_next(core->seen, v);
        v->sent = DBA_VOID;
    }
}

void dba_verdicts_void_refusals(struct dba_core *core)
{
    for (struct dba_verdict *v = dba_table_oldest(core->seen); v != NULL;
         v = dba_table_next(core->seen, v))
        if (v->class == DBA_ANSWER_INVALID)
            v->sent = DBA_VOID;
}
