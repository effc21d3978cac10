/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Platform: what is true of each token at each moment, and what it answers when it looks
 * at one. It may fail in every way, but never says good of a token that is not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "world.h"

#define MARK "DBLT" /* begins every token, so that one is known wherever it turns up */

struct token *platform_token(struct world *w, enum token_kind kind, size_t length)
{
    static const char *const fill[] = {"x", "Z", "7", " ", "\"", "\\", "-", "\xc3\xa9"};
    struct token *token = need(sizeof *token);
    char text[DBA_TOKEN_MAX + 1];
    size_t len;

    token->number = w->tokens_count;
    token->kind = kind;
    token->good_low = token->good_high = DBA_NEVER;
    token->counted = token->undecided = token->asked = -3600 * DBA_SECOND;
    len = (size_t)snprintf(text, sizeof text, MARK "%08zu", token->number);
    for (size_t n = 1; len < length && n > 0;) {
        const char *more = fill[rng_below(&w->rng, 8)];

        n = strlen(more);
        if (len + n > length)
            break;
        memcpy(text + len, more, n);
        len += n;
    }
    if (dba_token_set(&token->text, text, len) != DBA_OK)
        abort();
    w->tokens = grow(w->tokens, &w->tokens_room, w->tokens_count + 1, sizeof(struct token *));
    w->tokens[w->tokens_count++] = token;
    return token;
}

struct token *platform_find(const struct world *w, const struct dba_token *text)
{
    char digits[9] = "";
    size_t number;

    if (text->len < 12 || memcmp(text->bytes, MARK, 4) != 0)
        return NULL;
    memcpy(digits, text->bytes + 4, 8);
    number = strtoul(digits, NULL, 10);
    if (number >= w->tokens_count || !dba_token_equal(&w->tokens[number]->text, text))
        return NULL;
    return w->tokens[number];
}

const struct truth *platform_truth(const struct token *token)
{
    static const struct truth never = {.email = ""};

    return token->versions_count > 0 ? &token->versions[token->versions_count - 1].truth
                                     : &never;
}

void platform_change(struct world *w, struct token *token, const struct truth *truth,
                     const char *why)
{
    token->versions = grow(token->versions, &token->versions_room, token->versions_count + 1,
                           sizeof *token->versions);
    token->versions[token->versions_count++] =
        (struct version){.from = w->now, .truth = *truth};
    world_say(w, "platform  token %zu %s: %s org=%lld %s \"%s\"", token->number, why,
              truth->good ? "good" : "bad", (long long)truth->org,
              truth->personal ? "personal" : "impersonal", truth->email);
}

dba_time platform_latency(struct world *w)
{
    if (rng_chance(&w->rng, w->faults.slow))
        return rng_time(&w->rng, w->latency, w->conf.timeout * 13 / 10);
    return rng_time(&w->rng, w->latency / 5, w->latency);
}

static void answer_undecided(struct world *w, struct dba_answer *answer)
{
    static const enum dba_cause causes[] = {
        DBA_CAUSE_STATUS, DBA_CAUSE_MALFORMED, DBA_CAUSE_SIZE,  DBA_CAUSE_CONNECT,
        DBA_CAUSE_DNS,    DBA_CAUSE_TLS,       DBA_CAUSE_CLOSED};

    answer->class = DBA_ANSWER_UNDECIDED;
    answer->cause = causes[rng_below(&w->rng, sizeof causes / sizeof causes[0])];
    answer->status = answer->cause == DBA_CAUSE_STATUS ? 500 : 0;
}

static void answer_hold(struct world *w, struct dba_answer *answer)
{
    answer->class = DBA_ANSWER_UNDECIDED;
    answer->cause = DBA_CAUSE_HELD;
    answer->hold = true;
    answer->status = rng_chance(&w->rng, 50) ? 429 : 503;
    if (answer->status == 503 || rng_chance(&w->rng, 50))
        answer->retry_after_ms =
            (uint32_t)(rng_spread(&w->rng, DBA_SECOND, 3 * w->conf.bound + DBA_SECOND) /
                       DBA_MSEC);
}

static void answer_truth(struct world *w, struct request *request, struct dba_answer *answer)
{
    const struct truth *truth = platform_truth(request->token);

    answer->cause = DBA_CAUSE_NONE;
    /* A bad Access-Token looks just like a bad token (platform.md). */
    if (w->gateway_bad || rng_chance(&w->rng, w->faults.flicker) || request->access == NULL ||
        !platform_truth(request->access)->good || !truth->good) {
        answer->class = DBA_ANSWER_INVALID;
        answer->status = 401;
        return;
    }
    answer->class = DBA_ANSWER_GOOD;
    answer->status = 200;
    answer->org_id = truth->org;
    answer->personal = truth->personal;
    if (rng_chance(&w->rng, w->faults.lost_email))
        return;
    request->email = truth->email;
    strcpy(answer->email, truth->email);
}

void platform_look(struct world *w, void *actor, uint64_t number)
{
    struct request *request = actor;
    struct dba_answer *answer = &request->answer;

    (void)number;
    request->events--;
    request->email = "";
    answer->http2 = w->http2_served;
    if (w->faults.outage || rng_chance(&w->rng, w->faults.undecided))
        answer_undecided(w, answer);
    else if (rng_chance(&w->rng, w->faults.hold))
        answer_hold(w, answer);
    else
        answer_truth(w, request, answer);
}

/* A gateway that answers 401 to everything, for a while, again and again. */
void platform_gateway(struct world *w, void *actor, uint64_t number)
{
    (void)actor;
    (void)number;
    if (!w->faults.gateway || w->calm_since != DBA_NEVER) {
        w->gateway_bad = false;
        return;
    }
    w->gateway_bad = !w->gateway_bad;
    world_say(w, "platform  gateway %s", w->gateway_bad ? "answers 401 to all" : "is good");
    queue_put(&w->queue, w->now + rng_spread(&w->rng, w->latency / 4, w->conf.bound),
              platform_gateway, NULL, 0);
}
