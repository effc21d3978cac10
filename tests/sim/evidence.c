/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What entitles the core to take a token away that was good (revocation.md, Known): answered
 * so, then a witness valid that was sent after that answer had arrived, then answered so again
 * by a request that was sent after the witness's answer. Where there is no own token and no
 * other live one: answered so twice, a second apart.
 */
#include "world.h"

/* Was nobody there, at some moment since, who could have been a witness? */
static bool alone(const struct world *w, const struct token *token, dba_time since)
{
    return w->lonely >= since || token->lonely >= since ||
           (w->conf.own == NULL && w->live - token->live == 0);
}

void evidence_negative(struct world *w, const struct token *token, struct pair *pair,
                       const struct request *request)
{
    if (pair->negative == 0) {
        pair->negative = w->sequence;
        pair->first_at = w->now;
        pair->witnessed = 0;
    } else if ((pair->witnessed != 0 && pair->witnessed < request->sent_order) ||
               (alone(w, token, pair->first_at) &&
                request->sent >= pair->first_at + DBA_SECOND)) {
        pair->may_go = w->marks = true;
    }
    pair->negative_at = w->now;
}

bool evidence_may_speak(const struct world *w, const struct token *token)
{
    if (token == w->conf.own)
        return true;
    return token->live && (w->conf.own == NULL || w->own_invalid || !w->own_answered);
}

/* A good answer, of which it may be that it was a witness's. */
void evidence_witness(struct world *w, const struct request *request)
{
    bool own = request->token == w->conf.own;

    if (w->suspects == 0 || (!own && request->answer.org_id != rule_org(w)))
        return;
    for (size_t i = 0; i < w->bearers_count; i++) {
        struct token *token = w->bearers[i];

        if (token == request->token)
            continue;
        for (size_t p = 0; p < token->pairs_count; p++) {
            struct pair *pair = &token->pairs[p];
            /* Others may speak where our own was refused meanwhile, too. */
            bool may = request->may_speak || (request->live && w->own_refused > pair->negative);

            if (may && pair->negative != 0 && pair->witnessed == 0 &&
                request->sent_order > pair->negative)
                pair->witnessed = w->sequence;
        }
    }
}

void evidence_recount(struct world *w)
{
    w->suspects = 0;
    for (size_t i = 0; i < w->bearers_count; i++)
        for (size_t p = 0; p < w->bearers[i]->pairs_count; p++)
            if (w->bearers[i]->pairs[p].negative != 0) {
                w->suspects++;
                break;
            }
}

void evidence_over(struct world *w, struct token *token)
{
    for (size_t i = 0; i < token->pairs_count; i++)
        token->pairs[i].negative = 0;
    if (w->suspects > 0)
        evidence_recount(w);
}

/* The tries of a witness, a pause of the Platform, and a sleep are as long as it can take. */
void evidence_expire(struct world *w)
{
    dba_time longest = 8 * w->conf.bound + 10 * w->conf.timeout;

    for (size_t i = 0; i < w->bearers_count && w->suspects > 0; i++)
        for (size_t p = 0; p < w->bearers[i]->pairs_count; p++)
            if (w->bearers[i]->pairs[p].negative_at < w->now - longest)
                w->bearers[i]->pairs[p].negative = 0;
    evidence_recount(w);
}
