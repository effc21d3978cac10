/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invariants about the core itself, looked at after each event: 3 (no token lost without a
 * reason) and 9 (none kept without one), 10 (an early timer call changes nothing), the tables'
 * limits, and what its log says.
 */
#include <stdio.h>
#include <string.h>

#include "world.h"

#define SAMPLE 16 /* what is costly is looked at in one event of so many */

/* ---- 3 and 9: which tokens are in memory ---- */

static bool asked_now(const struct world *w, const struct token *token)
{
    for (size_t i = 0; i < w->asks_count; i++)
        if (w->asks[i].id != 0 && w->asks[i].token == token)
            return true;
    return false;
}

void inv_token(struct world *w, struct token *token)
{
    bool held;

    if (token->kind == TOKEN_SECRET || token->kind == TOKEN_OWN)
        return;
    held = dba_core_holds_token(w->core, &token->text);
    if (!held && book_held(w, token))
        world_fail(w, "3", "token %zu is lost, though it vouches for %s", token->number,
                   token->pairs[0].name->text);
    if (held && token->pairs_count == 0 && token->open == 0 && !token->repeated &&
        !token->wanted && w->now >= token->doubted && !asked_now(w, token))
        world_fail(w, "9", "token %zu is still in memory", token->number);
}

/* ---- 10 ---- */

static void check_early(struct world *w)
{
    static struct dba_stats before, after; /* large */
    dba_time expiry = dba_core_expiry(w->core);
    struct dba_action action;

    if (expiry <= w->now)
        return;
    dba_core_stats(w->core, w->now, &before);
    dba_core_expire(w->core, w->now, rng_next(&w->rng));
    dba_core_stats(w->core, w->now, &after);
    if (dba_core_next(w->core, &action))
        world_fail(w, "10", "a timer call with nothing due gave an action");
    if (memcmp(&before, &after, sizeof before) != 0 || dba_core_expiry(w->core) != expiry)
        world_fail(w, "10", "a timer call with nothing due changed something");
}

/* ---- 6: tables ---- */

static void check_tables(struct world *w)
{
    static struct dba_stats stats; /* large */

    if (dba_core_expiry(w->core) <= w->now)
        return; /* it has yet to be told what time it is */
    book_recount(w);
    dba_core_stats(w->core, w->now, &stats);
    if (stats.verdicts > w->verdicts_most || stats.refusals > w->verdicts_most)
        world_fail(w, "6", "%llu verdicts and %llu refusals, limits.verdicts is %u",
                   (unsigned long long)stats.verdicts, (unsigned long long)stats.refusals,
                   w->verdicts_most);
    if (stats.waiting != w->asks_open)
        world_fail(w, "8", "%llu callers wait in the core, %zu outside",
                   (unsigned long long)stats.waiting, w->asks_open);
    if (stats.live != w->live)
        world_fail(w, "9", "%llu live tokens in the core, %zu outside",
                   (unsigned long long)stats.live, w->live);
}

/* ---- the log ---- */

void inv_log(struct world *w, const char *text)
{
    char name[DBA_USER_MAX + 1];

    world_say(w, "core      log: %s", text);
    if (strstr(text, "DBLT") != NULL)
        world_fail(w, "9", "a token in the log");
    for (const char *c = text; *c != '\0'; c++)
        if (*c < ' ' || *c > '~') {
            world_fail(w, "9", "a byte in the log that is not plain text");
            return;
        }
    if (sscanf(text, "revocation user=%254s", name) == 1)
        book_logged_loss(w, name, strstr(text, "cause=revoked") != NULL);
}

/* ---- after each event ---- */

static void clear_marks(struct world *w)
{
    for (size_t i = 0; i < w->bearers_count; i++)
        for (size_t p = 0; p < w->bearers[i]->pairs_count; p++)
            w->bearers[i]->pairs[p].may_go = false;
}

/* Nobody would tell when it ends. */
static void check_watched(struct world *w)
{
    for (size_t i = 0; i < w->must_watch_count; i++) {
        struct process *process = w->must_watch[i];

        if (!process->watched || process->gone_told)
            world_fail(w, "9", "pid %d was let in and is not watched", (int)process->id.pid);
        process_unref(w, process);
    }
    w->must_watch_count = 0;
}

void inv_after(struct world *w)
{
    if (!inv_promise(w))
        w->overloaded = w->now;
    check_watched(w);
    inv_rate(w);
    if (w->subject != NULL)
        inv_token(w, w->subject);
    if (w->reviewed) {
        book_reviewed(w);
        w->reviewed = false;
    }
    if (w->marks) {
        clear_marks(w);
        w->marks = false;
    }
    if (rng_rare(&w->rng, SAMPLE))
        check_early(w);
    if (rng_rare(&w->rng, SAMPLE))
        check_tables(w);
    if (rng_rare(&w->rng, SAMPLE) && w->tokens_count > 0)
        inv_token(w, w->tokens[rng_below(&w->rng, w->tokens_count)]);
}

/* ---- the end ---- */

void inv_end(struct world *w)
{
    caller_audit(w);
    for (size_t i = 0; i < w->tokens_count && !w->failed; i++)
        inv_token(w, w->tokens[i]);
    check_tables(w);
}
