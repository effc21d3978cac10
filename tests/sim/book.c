/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The oracle's book: which answers the core has had, which tokens it let somebody in by, what
 * is alive behind them. Kept from what goes in and comes out; the core is not asked.
 */
#include <string.h>

#include "memory.h"
#include "world.h"

struct pair *book_pair(struct token *token, const struct name *name)
{
    for (size_t i = 0; i < token->pairs_count; i++)
        if (token->pairs[i].name == name)
            return &token->pairs[i];
    return NULL;
}

bool book_remembers(const struct world *w, const struct pair *pair)
{
    return pair->alive > 0 || (pair->forgotten == DBA_NEVER &&
                               w->now < dba_time_add(pair->last, w->conf.remember));
}

bool book_held(const struct world *w, const struct token *token)
{
    for (size_t i = 0; i < token->pairs_count; i++)
        if (book_remembers(w, &token->pairs[i]))
            return true;
    return false;
}

/* ---- what is live ---- */

static bool is_live(const struct world *w, const struct token *token)
{
    if (token->kind == TOKEN_SECRET)
        return false;
    for (size_t i = 0; i < token->pairs_count; i++)
        if (token->pairs[i].name->alive > 0 && book_remembers(w, &token->pairs[i]))
            return true;
    return false;
}

/* When nobody could have been a witness: for any token, or for the one that alone is live. */
static void note_lonely(struct world *w)
{
    if (w->own_token != NULL)
        return;
    if (w->live == 0)
        w->lonely = w->now;
    for (size_t i = 0; w->live == 1 && i < w->bearers_count; i++)
        if (w->bearers[i]->live)
            w->bearers[i]->lonely = w->now;
}

void book_recount(struct world *w)
{
    note_lonely(w); /* until now */
    w->live = w->known = 0;
    for (size_t i = 0; i < w->bearers_count; i++) {
        struct token *token = w->bearers[i];
        bool live = is_live(w, token);

        w->live += live;
        w->known += token->pairs_count > 0;
        if (live == token->live)
            continue;
        token->live = live;
        *(live ? &token->live_since : &token->dead_since) = w->now;
        w->live_changed = w->now;
    }
    note_lonely(w);
}

static void add_bearer(struct world *w, struct token *token)
{
    w->bearers =
        grow(w->bearers, &w->bearers_room, w->bearers_count + 1, sizeof(struct token *));
    w->bearers[w->bearers_count++] = token;
}

static void remove_bearer(struct world *w, struct token *token)
{
    size_t i = 0;

    while (w->bearers[i] != token)
        i++;
    w->bearers[i] = w->bearers[--w->bearers_count];
    if (token->live)
        w->live_changed = token->dead_since = w->now;
    token->live = false;
}

static void forget(struct world *w, struct token *token, struct pair *pair)
{
    if (pair->negative != 0)
        w->doubted = token->doubted = w->now + w->conf.bound + 10 * w->conf.timeout;
    pair->name->alive -= pair->alive;
    *pair = token->pairs[--token->pairs_count];
    if (token->pairs_count == 0)
        remove_bearer(w, token);
    book_recount(w);
    evidence_recount(w);
}

static bool is_over(const struct world *w, const struct pair *pair)
{
    return pair->alive == 0 && pair->forgotten != DBA_NEVER &&
           w->now >= pair->forgotten + REMEMBER_GRACE;
}

static event_fn remember_over;

/* Once it is forgotten, a longer `remember` brings nothing back. */
static void check_remembered(struct world *w, struct token *token, struct pair *pair)
{
    if (pair->forgotten != DBA_NEVER || w->now < pair->until)
        return;
    pair->forgotten = w->now;
    queue_put(&w->queue, w->now + REMEMBER_GRACE, remember_over, token, pair->id);
}

/* Event: is it still remembered? */
static void remember_over(struct world *w, void *actor, uint64_t number)
{
    struct token *token = actor;

    for (size_t i = 0; i < token->pairs_count; i++) {
        struct pair *pair = &token->pairs[i];

        if (pair->id != number)
            continue;
        check_remembered(w, token, pair);
        if (is_over(w, pair)) {
            forget(w, token, pair);
            return;
        }
    }
    book_recount(w);
}

void book_slept(struct world *w)
{
    for (size_t i = 0; i < w->bearers_count; i++)
        for (size_t p = 0; p < w->bearers[i]->pairs_count; p++)
            check_remembered(w, w->bearers[i], &w->bearers[i]->pairs[p]);
    book_recount(w);
}

static void remember_until(struct world *w, struct token *token, struct pair *pair)
{
    pair->until = dba_time_add(pair->last, w->conf.remember);
    queue_put(&w->queue, pair->until, remember_over, token, pair->id);
}

/* ---- accepted ---- */

static void rest_on(struct world *w, struct process *process, struct token *token,
                    struct pair *pair)
{
    for (size_t i = 0; i < process->rests_count; i++)
        if (process->rests[i].pair == pair->id)
            return;
    process->rests = grow(process->rests, &process->rests_room, process->rests_count + 1,
                          sizeof *process->rests);
    process->rests[process->rests_count++] = (struct rest){.token = token, .pair = pair->id};
    pair->alive++;
    pair->name->alive++;
    w->must_watch = grow(w->must_watch, &w->must_watch_room, w->must_watch_count + 1,
                         sizeof(struct process *));
    w->must_watch[w->must_watch_count++] = process;
    process->refs++;
}

static void push(struct history *history, const struct verdict *verdict)
{
    history->verdicts[history->count++ % VERDICTS] = *verdict;
}

/* Which answer let them in: it is what the core goes by from now on. */
static void admitted_by(const struct world *w, struct token *token, struct pair *pair)
{
    const struct history *const both[] = {&token->good, &token->bad};
    const struct verdict *newest = NULL;

    for (size_t h = 0; h < 2; h++)
        for (size_t i = 0; i < both[h]->count && i < VERDICTS; i++) {
            const struct verdict *v = &both[h]->verdicts[i];

            if ((newest == NULL || v->arrived > newest->arrived) &&
                rule_admits(w, rule_org(w), &v->facts, pair->service, pair->name->text) ==
                    DBA_REASON_VALID)
                newest = v;
        }
    if (newest == NULL)
        return;
    pair->facts = newest->facts;
    push(&token->good, newest);
}

void book_accepted(struct world *w, const struct ask *ask)
{
    struct token *token = ask->token;
    struct pair *pair;

    if (ask->op != DBA_OP_AUTH)
        return;
    pair = book_pair(token, ask->name);
    if (pair == NULL) {
        if (token->pairs_count == PAIRS)
            return;
        if (token->pairs_count == 0)
            add_bearer(w, token);
        pair = &token->pairs[token->pairs_count++];
        *pair = (struct pair){.id = ++w->last_pair, .name = ask->name};
        pair->facts = (struct truth){.good = true, .email = ""};
    }
    pair->service = ask->service;
    pair->last = w->now;
    pair->forgotten = DBA_NEVER;
    admitted_by(w, token, pair);
    remember_until(w, token, pair);
    if (ask->service->unix_account)
        rest_on(w, ask->process, token, pair);
    book_recount(w);
}

void book_gone(struct world *w, struct process *process)
{
    for (size_t i = 0; i < process->rests_count; i++) {
        struct token *token = process->rests[i].token;

        for (size_t p = 0; p < token->pairs_count; p++) {
            struct pair *pair = &token->pairs[p];

            if (pair->id != process->rests[i].pair)
                continue;
            pair->alive--;
            pair->name->alive--;
            if (is_over(w, pair))
                forget(w, token, pair);
            break;
        }
    }
    process->rests_count = 0;
    book_recount(w);
}

void book_lost(struct world *w, struct token *token, struct pair *pair)
{
    world_say(w, "book      token %zu lost for %s", token->number, pair->name->text);
    forget(w, token, pair);
}

/* ---- answers ---- */

static void learn_own(struct world *w, const struct truth *facts)
{
    w->own_answered = true;
    w->own_invalid = !facts->good;
    if (!facts->good)
        w->own_refused = w->sequence;
    if (!facts->good)
        return;
    if (w->conf.org_id != 0 || w->own_org == facts->org) {
        w->own_org = facts->org;
        w->org_conflict = false;
        return;
    }
    if (w->own_org != 0 && w->live > 0) {
        w->org_conflict = true;
        return;
    }
    w->own_org = facts->org;
    w->org_conflict = false;
    w->marks = w->reviewed = true;
    for (size_t i = 0; i < w->bearers_count; i++)
        for (size_t p = 0; p < w->bearers[i]->pairs_count; p++) {
            struct pair *pair = &w->bearers[i]->pairs[p];

            if (w->bearers[i]->kind == TOKEN_SECRET)
                continue; /* of no organization */
            pair->may_go |= rule_admits(w, facts->org, &pair->facts, pair->service,
                                        pair->name->text) != DBA_REASON_VALID;
        }
}

/* Is it one that is believed at once: that takes nothing away? */
static bool believed(const struct world *w, const struct token *token,
                     const struct truth *facts)
{
    if (!facts->good || (facts->personal && facts->email[0] == '\0'))
        return false;
    for (size_t i = 0; i < token->pairs_count; i++)
        if (rule_admits(w, rule_org(w), facts, token->pairs[i].service,
                        token->pairs[i].name->text) != DBA_REASON_VALID)
            return false;
    return true;
}

static void keep(struct world *w, struct token *token, const struct request *request,
                 const struct truth *facts)
{
    const struct verdict verdict = {
        .arrived = w->sequence, .sent = request->sent, .facts = *facts};

    push(believed(w, token, facts) ? &token->good : &token->bad, &verdict);
}

static void about_token(struct world *w, struct token *token, const struct request *request,
                        const struct truth *facts)
{
    bool all = true;

    for (size_t i = 0; i < token->pairs_count; i++) {
        struct pair *pair = &token->pairs[i];
        enum dba_reason reason =
            rule_admits(w, rule_org(w), facts, pair->service, pair->name->text);

        if (reason == DBA_REASON_VALID) {
            pair->facts = *facts;
            if (!request->may_witness)
                pair->negative = 0;
        } else if (reason == DBA_REASON_NO_EMAIL && facts->org == rule_org(w)) {
            all = false; /* says nothing of a token that was good */
            token->undecided = w->now;
        } else {
            all = false;
            evidence_negative(w, token, pair, request);
        }
    }
    if (all && facts->good && !request->may_witness)
        token->good_low = request->sent;
    if (all && facts->good)
        token->good_high = request->sent;
    if (w->suspects > 0 || !all)
        evidence_recount(w);
}

void book_answer(struct world *w, struct request *request)
{
    const struct dba_answer *answer = &request->answer;
    struct token *token = request->token;
    struct truth facts = {.good = answer->class == DBA_ANSWER_GOOD,
                          .personal = answer->personal,
                          .org = answer->org_id,
                          .email = ""};

    w->sequence++;
    inv_answered(w, request);
    if (request->outdated) {
        token->repeated = true;
        return;
    }
    token->repeated = false;
    w->subject = token;
    if (answer->class == DBA_ANSWER_UNDECIDED) {
        token->undecided = w->now;
        if (!request->may_witness)
            evidence_over(w, token);
        return;
    }
    if (facts.good)
        facts.email = request->email;
    keep(w, token, request, &facts);
    if (token == w->conf.own)
        learn_own(w, &facts);
    if (token != w->conf.own && rule_org(w) != 0)
        about_token(w, token, request, &facts);
    if (facts.good)
        evidence_witness(w, request);
}

/* ---- losses and reloads ---- */

/* The core says that it took a token's name away: which one, and may it? */
void book_logged_loss(struct world *w, const char *name, bool invalid)
{
    struct pair *found = NULL;
    struct token *token = NULL;

    for (size_t i = 0; i < w->bearers_count && (found == NULL || !found->may_go); i++)
        for (size_t p = 0; p < w->bearers[i]->pairs_count; p++) {
            struct pair *pair = &w->bearers[i]->pairs[p];

            if (strcmp(pair->name->text, name) != 0 || (found != NULL && !pair->may_go))
                continue;
            if (w->subject != NULL && w->subject != w->bearers[i] && w->subject != w->conf.own)
                continue;
            found = pair;
            token = w->bearers[i];
            if (pair->may_go)
                break;
        }
    if (found == NULL)
        return; /* remembered no longer */
    if (!found->may_go && book_remembers(w, found)) {
        world_fail(w, "3", "token %zu of %s taken away without a reason", token->number, name);
        return;
    }
    if (invalid)
        token->refused = w->sequence;
    book_lost(w, token, found);
}

static void outdate(struct world *w)
{
    for (struct request *r = w->requests; r != NULL; r = r->next)
        r->outdated = true;
}

static void review(struct world *w, struct token *token, bool new_platform)
{
    for (size_t i = 0; i < token->pairs_count; i++) {
        struct pair *pair = &token->pairs[i];
        const char *name = pair->name->text;
        bool denied =
            !pair->service->listed || strcmp(w->conf.denied, name) == 0 ||
            (pair->service->denied != NULL && strcmp(pair->service->denied, name) == 0);

        if (token->kind == TOKEN_SECRET)
            pair->may_go = denied || token != w->conf.secret || w->conf.secret_user == NULL ||
                           strcmp(w->conf.secret_user, name) != 0;
        else
            pair->may_go = denied || (rule_org(w) != 0 &&
                                      rule_admits(w, rule_org(w), &pair->facts, pair->service,
                                                  name) != DBA_REASON_VALID);
        check_remembered(w, token, pair);
        remember_until(w, token, pair);
    }
    if (!new_platform)
        return;
    token->good.count = token->bad.count = 0;
    token->good_low = token->good_high = DBA_NEVER;
    if (token->open > 0)
        token->repeated = true;
}

void book_configured(struct world *w, bool new_platform)
{
    static const struct token none;
    const struct token *before = w->own_token != NULL ? w->own_token : &none;

    book_recount(w);
    if (new_platform) {
        w->own_org = 0;
        w->org_conflict = false;
        w->own_answered = w->own_invalid = false;
    }
    if (w->conf.org_id != 0)
        w->org_conflict = false;
    if (w->conf.own != before) {
        if (w->conf.own != NULL)
            outdate(w);
        w->own_answered = w->own_invalid = false;
        w->own_token = w->conf.own;
    }
    for (size_t i = 0; i < w->tokens_count; i++)
        review(w, w->tokens[i], new_platform);
    w->marks = w->reviewed = true;
    w->live_changed = w->now;
    if (w->conf.verdicts > w->verdicts_most)
        w->verdicts_most = w->conf.verdicts;
}

void book_reviewed(struct world *w)
{
    for (size_t i = w->bearers_count;
         i-- > 0;) { /* the last takes the place of one that goes */
        struct token *token = w->bearers[i];

        for (size_t p = token->pairs_count; p-- > 0;)
            if (token->pairs[p].may_go)
                book_lost(w, token, &token->pairs[p]);
    }
}
