/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limiter (design.md, Limits), from both sides: who was refused too often is not looked
 * at, and nobody else is turned away; a token known to be valid never.
 */
#include <stdlib.h>

#include "memory.h"
#include "world.h"

#define MINUTE  (60 * DBA_SECOND)
#define AT_MOST (65 * DBA_SECOND) /* a minute may be that long: limiter.h */
#define ADDRESS 10                /* times as many for an address, whatever the user */

struct tally {
    size_t user, address;
};

static struct tally count(const struct world *w, const struct ask *ask, dba_time span,
                          bool certain)
{
    struct tally tally = {0};

    for (size_t i = w->refusals_count; i-- > w->refusals_first;) {
        const struct refusal *r = &w->refusals[i];

        if (r->at <= w->now - span)
            break;
        if ((certain && !r->must_count) || r->service != ask->service ||
            r->address != caller_address_group(ask->address))
            continue;
        tally.address++;
        tally.user += r->name == ask->name;
    }
    return tally;
}

static bool known_good(const struct world *w, const struct ask *ask)
{
    struct token *token = ask->token;
    const struct pair *pair = book_pair(token, ask->name);

    if (token == w->conf.secret)
        return true; /* compared here: it has no verdict */
    return pair != NULL && book_remembers(w, pair) && !pair->may_go && rule_org(w) != 0 &&
           rule_admits(w, rule_org(w), &pair->facts, ask->service, ask->name->text) ==
               DBA_REASON_VALID;
}

/* Asked when the caller comes, before the core is. */
bool inv_must_limit(const struct world *w, const struct ask *ask)
{
    struct tally tally;

    if (ask->op != DBA_OP_AUTH || ask->token->kind != TOKEN_JUNK || w->conf.verdicts < 10000)
        return false;
    tally = count(w, ask, MINUTE, true);
    return tally.user >= w->conf.failures || tally.address >= w->conf.failures * ADDRESS;
}

static void note(struct world *w, const struct ask *ask)
{
    struct token *token = ask->token;
    bool must = token->kind == TOKEN_JUNK && w->now - token->counted >= MINUTE;

    if (must)
        token->counted = w->now;
    while (w->refusals_first < w->refusals_count &&
           w->refusals[w->refusals_first].at < w->now - AT_MOST)
        w->refusals_first++;
    if (w->refusals_first == w->refusals_count)
        w->refusals_first = w->refusals_count = 0;
    w->refusals =
        grow(w->refusals, &w->refusals_room, w->refusals_count + 1, sizeof *w->refusals);
    w->refusals[w->refusals_count++] =
        (struct refusal){.at = w->now,
                         .service = ask->service,
                         .address = caller_address_group(ask->address),
                         .name = ask->name,
                         .must_count = must};
}

void inv_limited(struct world *w, const struct ask *ask, const struct dba_decision *d)
{
    struct tally tally;

    if (ask->op != DBA_OP_AUTH) {
        if (d->result == DBA_LIMITED)
            world_fail(w, "7", "%s was limited", dba_op_word(ask->op));
        return;
    }
    if (ask->must_be_limited && d->result != DBA_LIMITED)
        world_fail(w, "6", "the limiter let a token pass: %s from %s at %s", ask->name->text,
                   caller_addresses[ask->address], ask->service->name);
    if (d->result == DBA_REFUSED)
        note(w, ask);
    if (d->result != DBA_LIMITED)
        return;
    tally = count(w, ask, AT_MOST, false);
    if (tally.user < w->conf.failures && tally.address < w->conf.failures * ADDRESS)
        world_fail(w, "7", "%s at %s was limited after %zu refusals, %zu from the address",
                   ask->name->text, ask->service->name, tally.user, tally.address);
    if (known_good(w, ask))
        world_fail(w, "7", "token %zu, known to be valid, was limited", ask->token->number);
}
