/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invariants about what a caller is told: 1 (nobody let in but on a token that was good within
 * A), 3 (nobody refused without a reason), 7 (with no faults, nobody good is kept out).
 */
#include <string.h>

#include "world.h"

/* A pause is over, for us, at the first decided answer after it; for the core, whose timer may
 * be served late, with the next one. */
#define LATE_PROBE (4 * DBA_SECOND)

/* ---- 1 ---- */

/* Was this true of the token at some moment since then? */
static bool was_good(const struct world *w, const struct token *token, dba_time since,
                     const struct service *service, const char *name)
{
    for (size_t i = token->versions_count; i-- > 0;) {
        const struct version *v = &token->versions[i];

        if (rule_admits(w, rule_org(w), &v->truth, service, name) == DBA_REASON_VALID)
            return true;
        if (v->from < since)
            return false;
    }
    return false;
}

static bool history_admits(const struct world *w, const struct history *history, uint64_t after,
                           dba_time since, const struct service *service, const char *name)
{
    for (size_t i = 0; i < history->count && i < VERDICTS; i++) {
        const struct verdict *v = &history->verdicts[i];

        if (v->sent >= since && v->arrived > after &&
            rule_admits(w, rule_org(w), &v->facts, service, name) == DBA_REASON_VALID)
            return true;
    }
    return false;
}

/* Had the core an answer that says so, not older than `since`, and no refusal later? */
static bool was_answered(const struct world *w, const struct token *token, dba_time since,
                         const struct service *service, const char *name)
{
    return history_admits(w, &token->good, token->refused, since, service, name) ||
           history_admits(w, &token->bad, token->refused, since, service, name);
}

static bool entitled(const struct world *w, const struct token *token,
                     const struct service *service, const char *name, dba_time age)
{
    if (token == w->conf.secret)
        return w->conf.secret_user != NULL && strcmp(w->conf.secret_user, name) == 0;
    return rule_org(w) != 0 && was_answered(w, token, w->now - age, service, name) &&
           was_good(w, token, w->now - age, service, name);
}

/* Since they asked: no answer, one that says nothing, or a refusal that no witness confirms. */
static bool token_undecided(const struct token *token, const struct ask *ask)
{
    for (size_t i = 0; i < token->pairs_count; i++)
        if (token->pairs[i].negative != 0)
            return true;
    return token->undecided >= ask->asked;
}

static bool platform_undecided(struct world *w, const struct ask *ask)
{
    if (w->undecided_order > w->decided_order || w->silent_until > w->now || w->probing ||
        w->hold_latest + LATE_PROBE > w->now)
        return true;
    if (ask->token != NULL)
        return token_undecided(ask->token, ask);
    for (size_t i = 0; i < w->bearers_count; i++)
        if (book_pair(w->bearers[i], ask->name) != NULL && token_undecided(w->bearers[i], ask))
            return true;
    return false;
}

static void accepted(struct world *w, const struct ask *ask, const struct dba_decision *d)
{
    const char *name = ask->name->text[0] != '\0' ? ask->name->text : d->user;
    bool outage = d->reason == DBA_REASON_OUTAGE;
    dba_time age = outage ? w->conf.outage : conf_max_age(&w->conf);
    bool good = false;

    if (outage && !platform_undecided(w, ask))
        world_fail(w, "1", "let in by outage.logins while the Platform decides");
    if (ask->name->text[0] != '\0' && strcmp(ask->name->text, d->user) != 0)
        world_fail(w, "1", "%s was told it is %s", ask->name->text, d->user);
    if (ask->op != DBA_OP_ACCOUNT) {
        good = entitled(w, ask->token, ask->service, name, age);
    } else {
        for (size_t i = 0; i < w->bearers_count && !good; i++)
            good = book_pair(w->bearers[i], ask->name) != NULL &&
                   entitled(w, w->bearers[i], ask->service, name, age);
    }
    if (!good)
        world_fail(w, "1", "%s of %s at %s was accepted (%s) without a token good since %.3f",
                   dba_op_word(ask->op), name, ask->service->name, dba_reason_word(d->reason),
                   dba_time_in_seconds(w->now - age));
}

/* ---- 3 ---- */

/* Must this pair still admit there, whatever was answered? */
static bool stands(const struct world *w, const struct token *token, const struct pair *pair,
                   const struct service *service)
{
    int64_t org = rule_org(w) != 0 ? rule_org(w) : pair->facts.org;

    if (!book_remembers(w, pair) || pair->may_go)
        return false;
    if (token->kind == TOKEN_SECRET)
        return token == w->conf.secret && w->conf.secret_user != NULL &&
               strcmp(w->conf.secret_user, pair->name->text) == 0;
    return rule_admits(w, org, &pair->facts, service, pair->name->text) == DBA_REASON_VALID;
}

static bool was_answered_so(const struct world *w, const struct history *history,
                            const struct ask *ask, enum dba_reason reason)
{
    for (size_t i = 0; i < history->count && i < VERDICTS; i++) {
        const struct verdict *v = &history->verdicts[i];

        if (v->sent >= w->now - conf_max_age(&w->conf) &&
            (ask->name->text[0] == '\0' ||
             rule_admits(w, rule_org(w), &v->facts, ask->service, ask->name->text) == reason))
            return true;
    }
    return false;
}

static void refused_token(struct world *w, const struct ask *ask, const struct dba_decision *d)
{
    struct token *token = ask->token;
    const struct pair *pair = book_pair(token, ask->name);

    if (token == w->conf.secret) {
        if (d->reason != DBA_REASON_VERIFICATION)
            world_fail(w, "3", "the verification token was refused as %s",
                       dba_reason_word(d->reason));
        return;
    }
    if (pair != NULL && stands(w, token, pair, ask->service))
        world_fail(w, "3", "token %zu of %s, good before, was refused (%s) without a reason",
                   token->number, ask->name->text, dba_reason_word(d->reason));
    if (!was_answered_so(w, &token->good, ask, d->reason) &&
        !was_answered_so(w, &token->bad, ask, d->reason))
        world_fail(w, "3", "token %zu was refused (%s), but no answer within A says so",
                   token->number, dba_reason_word(d->reason));
    if (d->reason == DBA_REASON_INVALID)
        token->refused = w->sequence;
}

static void refused_account(struct world *w, const struct ask *ask)
{
    for (size_t i = 0; i < w->bearers_count; i++) {
        const struct pair *pair = book_pair(w->bearers[i], ask->name);

        if (pair != NULL && stands(w, w->bearers[i], pair, ask->service))
            world_fail(w, "3", "account of %s was refused, though token %zu vouches",
                       ask->name->text, w->bearers[i]->number);
    }
}

/* ---- 7 ---- */

static bool should_pass(const struct world *w, const struct token *token, const struct ask *ask)
{
    const struct version *v;

    if (token->versions_count == 0)
        return token == w->conf.secret && w->conf.secret_user != NULL &&
               strcmp(w->conf.secret_user, ask->name->text) == 0;
    v = &token->versions[token->versions_count - 1];
    return v->from <= ask->asked - w->conf.bound &&
           rule_admits(w, OUR_ORG, &v->truth, ask->service, ask->name->text) ==
               DBA_REASON_VALID;
}

/* How long a good Platform may need for this one: those before it, the own token, its own. */
static dba_time needed(const struct world *w, const struct ask *ask)
{
    dba_time slots = w->http2 ? w->conf.in_flight : w->conf.connections;
    dba_time each;

    if (slots > (dba_time)w->conf.in_flight)
        slots = w->conf.in_flight;
    if (slots > 1)
        slots--;
    /* Where nobody can be a witness a check keeps its slot for a second. */
    each = w->latency + (w->conf.own == NULL ? DBA_SECOND : 0);
    return each * (4 + ((dba_time)ask->backlog + slots) / slots) + DBA_SECOND / 10;
}

/* After a pause one request at a time is sent; whoever is not that one is told so at once. */
static bool paused(const struct world *w)
{
    if (w->now < w->hold_until || w->now < w->probe_failed + 4 * DBA_SECOND)
        return true;
    for (const struct request *r = w->requests; r != NULL; r = r->next)
        if (!r->over && r->sent_order > w->held_order)
            return true;
    return false;
}

void inv_live(struct world *w, const struct ask *ask, const struct dba_decision *d)
{
    dba_time settled = phase_settled(w);
    const struct token *token = NULL;

    if (settled == DBA_NEVER || ask->asked < settled || d->result == DBA_ACCEPTED ||
        d->result == DBA_LIMITED || ask->name->text[0] == '\0' || ask->asked <= w->overloaded)
        return;
    if (d->cause == DBA_CAUSE_WAIT && ask->limit - ask->asked < needed(w, ask))
        return;
    if (d->cause == DBA_CAUSE_HELD && w->probing && paused(w))
        return;
    /* Of several tokens of a person one alone was asked about. */
    if (ask->op == DBA_OP_ACCOUNT && ask->paused)
        return;
    if (d->cause == DBA_CAUSE_FULL && w->known >= w->conf.verdicts)
        return;
    if (ask->op != DBA_OP_ACCOUNT && should_pass(w, ask->token, ask))
        token = ask->token;
    for (size_t i = 0; ask->op == DBA_OP_ACCOUNT && i < w->bearers_count; i++) {
        const struct pair *pair = book_pair(w->bearers[i], ask->name);

        if (pair != NULL && book_remembers(w, pair) && pair->last < settled &&
            should_pass(w, w->bearers[i], ask))
            token = w->bearers[i];
    }
    if (token != NULL)
        world_fail(w, "7", "%s of %s at %s with good token %zu and no faults: %s (%s, %s)",
                   dba_op_word(ask->op), ask->name->text, ask->service->name, token->number,
                   dba_result_word(d->result), dba_reason_word(d->reason),
                   dba_cause_word(d->cause));
}

/* ---- each reply ---- */

void inv_reply(struct world *w, const struct ask *ask, const struct dba_decision *d)
{
    enum dba_reason denied = rule_may_ask(&w->conf, ask);

    if (ask->op != d->op)
        world_fail(w, "8", "asked %s, answered %s", dba_op_word(ask->op), dba_op_word(d->op));
    if ((denied != DBA_REASON_NONE) != (d->result == DBA_DENIED)) {
        world_fail(w, denied != DBA_REASON_NONE ? "1" : "7",
                   "%s of %s at %s is %s, the rules say %s", dba_op_word(ask->op),
                   ask->name->text, ask->service->name, dba_result_word(d->result),
                   dba_reason_word(denied));
        return;
    }
    if (denied != DBA_REASON_NONE)
        return;
    if (d->result == DBA_ACCEPTED)
        accepted(w, ask, d);
    else if (d->result == DBA_REFUSED && ask->op == DBA_OP_ACCOUNT)
        refused_account(w, ask);
    else if (d->result == DBA_REFUSED)
        refused_token(w, ask, d);
    inv_limited(w, ask, d);
    inv_live(w, ask, d);
}
