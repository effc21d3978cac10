/* SPDX-License-Identifier: Apache-2.0 */
/*
 * People: each has up to three tokens, makes and loses them, logs in by ssh, sudo, cron, the
 * poolers and the web server, mistypes, and tries what is not theirs.
 */
#include <string.h>

#include "world.h"

static void login(struct world *w, struct ask *ask)
{
    ask->process = process_new(w);
    if (ask->process == NULL)
        return; /* no pid is free */
    ask->peer_pid = ask->process->id.pid;
    caller_ask(w, ask, w->now);
}

static struct token *some_token(struct world *w, const struct person *p)
{
    struct token *found[TOKENS_OWN];
    size_t count = 0;

    for (size_t i = 0; i < TOKENS_OWN; i++)
        if (p->tokens[i] != NULL)
            found[count++] = p->tokens[i];
    return count > 0 ? found[rng_below(&w->rng, count)] : NULL;
}

static struct token *wrong_token(struct world *w, const struct person *p)
{
    const struct person *other = &w->people[rng_below(&w->rng, w->people_count)];

    switch (rng_below(&w->rng, 7)) {
    case 0:
        return w->admin;
    case 1:
        return w->conf.secret;
    case 2:
        return p->old;
    case 3:
        return w->junk[rng_below(&w->rng, 8)];
    case 4:
        return platform_token(w, TOKEN_JUNK, 12 + rng_below(&w->rng, 500));
    default:
        return some_token(w, other);
    }
}

static struct name *wrong_name(struct world *w, const struct person *p)
{
    static const char *const names[] = {"root", "ops",  "ops2", "setup",     "u01",
                                        "u03",  "Evil", "a b",  "x@acme.io", "\xc3\xa9ve"};

    if (p->alias != NULL && rng_chance(&w->rng, 50))
        return p->alias;
    return world_name(w, names[rng_below(&w->rng, sizeof names / sizeof names[0])]);
}

/* What should not be, now and then. */
static void mischief(struct world *w, const struct person *p, struct ask *ask)
{
    switch (rng_below(&w->rng, 8)) {
    case 0:
        ask->peer_uid = 1001;
        break;
    case 1:
        ask->user_uid = rng_chance(&w->rng, 50) ? 0 : 999;
        break;
    case 2:
        ask->peer_pid = rng_chance(&w->rng, 50) ? 0 : 1;
        break;
    case 3:
    case 4:
        ask->name = wrong_name(w, p);
        break;
    default:
        ask->token = wrong_token(w, p);
        break;
    }
}

static struct ask draft_of(struct world *w, const struct person *p)
{
    struct ask ask = {.op = DBA_OP_AUTH,
                      .token = some_token(w, p),
                      .user_uid = p->uid,
                      .address = rng_below(&w->rng, 8)};
    size_t service = rng_below(&w->rng, w->quiet ? 2 : SERVICES);

    ask.service = &w->conf.services[service];
    ask.name = ask.service->email_style ? p->address : p->local;
    ask.peer_uid = ask.service->caller;
    ask.plan = PLAN_ACCOUNT;
    ask.life = w->quiet ? w->stay : rng_spread(&w->rng, w->stay / 16 + 1, w->stay);
    ask.deadline = rng_chance(&w->rng, 80) ? 6 * DBA_SECOND
                                           : rng_spread(&w->rng, DBA_MSEC, 6 * DBA_SECOND);
    if (rng_rare(&w->rng, 50))
        ask.deadline = 0;
    return ask;
}

static void check_by_root(struct world *w, struct ask *ask)
{
    ask->op = DBA_OP_CHECK;
    ask->peer_uid = 0;
    ask->plan = PLAN_END;
    if (rng_chance(&w->rng, 30))
        ask->name = world_name(w, "");
}

/* The shared tokens, under the names that may be theirs at some service. */
static void administrate(struct world *w, struct ask *ask)
{
    static const char *const names[] = {"ops", "ops2", "setup"};
    size_t i = rng_below(&w->rng, 3);

    ask->name = world_name(w, names[i]);
    ask->token = i < 2 ? w->admin : w->conf.secret;
    if (ask->token == NULL || rng_chance(&w->rng, 40)) {
        ask->op = DBA_OP_ACCOUNT;
        ask->token = NULL;
        ask->plan = PLAN_END;
    }
}

/* One token, many connections at the same moment. */
static void burst(struct world *w, const struct ask *ask)
{
    size_t count = (size_t)rng_time(&w->rng, 2, 20);
    struct ask copy = *ask;

    for (size_t i = 0; i < count; i++)
        login(w, &copy);
}

static void act(struct world *w, void *actor, uint64_t number)
{
    struct person *p = actor;
    struct ask ask = draft_of(w, p);
    uint64_t what = w->quiet ? 50 : rng_below(&w->rng, 100);

    (void)number;
    if (w->draining)
        return;
    queue_put(&w->queue, w->now + rng_around(&w->rng, w->gap), act, p, 0);
    if (what < 20) { /* a key login, cron, sudo with its cache */
        ask.op = DBA_OP_ACCOUNT;
        ask.token = NULL;
        ask.plan = PLAN_END;
        login(w, &ask);
        return;
    }
    if (what < 45)
        mischief(w, p, &ask);
    else if (what < 49)
        check_by_root(w, &ask);
    else if (what >= 90 && what < 96)
        administrate(w, &ask);
    if (ask.token == NULL && ask.op != DBA_OP_ACCOUNT)
        return;
    if (what >= 96)
        burst(w, &ask);
    else
        login(w, &ask);
}

/* ---- tokens ---- */

static void make(struct world *w, struct person *p, size_t slot)
{
    const struct truth truth = {
        .good = true, .personal = true, .org = OUR_ORG, .email = p->email};

    p->tokens[slot] = platform_token(w, TOKEN_PERSONAL, 16 + rng_below(&w->rng, 60));
    platform_change(w, p->tokens[slot], &truth, "made");
}

static void revoke(struct world *w, struct person *p, size_t slot)
{
    const struct truth gone = {.email = ""};

    platform_change(w, p->tokens[slot], &gone, "revoked");
    p->old = p->tokens[slot];
    p->tokens[slot] = NULL;
}

/* The owner is renamed, moved to another organization, or back. */
static void move(struct world *w, struct person *p, size_t slot)
{
    struct truth truth = *platform_truth(p->tokens[slot]);
    const char *const emails[] = {p->email,   p->email,  p->email, p->moved,
                                  p->shouted, p->tagged, "",       "Eve <u00@acme.io>"};

    if (rng_chance(&w->rng, 30)) {
        truth.org = truth.org == OUR_ORG ? OTHER_ORG : OUR_ORG;
        platform_change(w, p->tokens[slot], &truth, "moved");
        return;
    }
    truth.email = emails[rng_below(&w->rng, 8)];
    platform_change(w, p->tokens[slot], &truth, "renamed");
}

static void tokens(struct world *w, void *actor, uint64_t number)
{
    struct person *p = actor;
    size_t slot = rng_below(&w->rng, TOKENS_OWN);

    (void)number;
    if (w->draining)
        return;
    queue_put(&w->queue, w->now + rng_around(&w->rng, 8 * w->gap), tokens, p, 0);
    if (p->tokens[slot] == NULL)
        make(w, p, slot);
    else if (rng_chance(&w->rng, 50))
        revoke(w, p, slot);
    else if (rng_chance(&w->rng, 60))
        move(w, p, slot);
}

/* ---- told ---- */

void person_told(struct world *w, const struct ask *ask, const struct dba_decision *d)
{
    struct ask next = *ask;

    switch (ask->plan) {
    case PLAN_NOTHING:
    case PLAN_END:
        break;
    case PLAN_ACCOUNT:
        if (d->result != DBA_ACCEPTED)
            break;
        next.op = DBA_OP_ACCOUNT;
        next.token = NULL;
        next.plan = PLAN_STAY;
        next.deadline = 6 * DBA_SECOND;
        /* sshd's keyboard-interactive child ends right here; its parent goes on. */
        if (rng_rare(&w->rng, 8))
            process_end(w, ask->process, w->now + rng_time(&w->rng, 0, DBA_MSEC));
        caller_ask(w, &next, w->now + rng_time(&w->rng, 0, 20 * DBA_MSEC));
        return;
    case PLAN_STAY:
        if (d->result != DBA_ACCEPTED)
            break;
        process_end(w, ask->process, w->now + ask->life);
        return;
    }
    if (ask->plan != PLAN_NOTHING)
        process_end(w, ask->process, w->now + rng_time(&w->rng, 0, DBA_MSEC));
}

/* ---- the beginning ---- */

static void map_names(struct world *w, struct person *p)
{
    if (p->number % 4 == 3) { /* an address that no rule maps */
        p->alias = world_name(w, world_text(w, "m%02zu", p->number));
        w->mappings[w->mappings_count++] =
            (struct mapping){.email = p->moved, .name = p->alias->text};
    } else if (p->number % 7 == 5) { /* one that the rule would map */
        p->alias = world_name(w, world_text(w, "m%02zu", p->number));
        w->mappings[w->mappings_count++] =
            (struct mapping){.email = p->email, .name = p->alias->text};
    }
}

static void born(struct world *w, struct person *p)
{
    p->local = world_name(w, world_text(w, "u%02zu", p->number));
    p->email = world_text(w, "u%02zu@acme.io", p->number);
    p->address = world_name(w, p->email);
    p->moved = world_text(w, "u%02zu@other.org", p->number);
    p->shouted = world_text(w, "U%02zu@ACME.io", p->number);
    p->tagged = world_text(w, "u%02zu+x@acme.io", p->number);
    p->uid = (uid_t)(2000 + p->number);
    map_names(w, p);
}

void person_start(struct world *w)
{
    const struct truth ops = {.good = true, .org = OUR_ORG, .email = "ops@acme.io"};

    w->admin = platform_token(w, TOKEN_ADMIN, 40);
    platform_change(w, w->admin, &ops, "made");
    for (size_t i = 0; i < 8; i++)
        w->junk[i] = platform_token(w, TOKEN_JUNK, 20 + i);
    for (size_t i = 0; i < w->people_count; i++) {
        struct person *p = &w->people[i];

        p->number = i;
        born(w, p);
        make(w, p, 0);
        queue_put(&w->queue, w->now + rng_around(&w->rng, w->gap), act, p, 0);
        if (!w->quiet)
            queue_put(&w->queue, w->now + rng_around(&w->rng, 8 * w->gap), tokens, p, 0);
    }
}
