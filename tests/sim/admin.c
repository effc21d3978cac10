/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The administrator: reloads that change who may be whom, the limits, the bound, or the own
 * token, and mends what is broken when the faults are to stop.
 */
#include "world.h"

static void change_times(struct world *w)
{
    struct conf *conf = &w->conf;
    dba_time age = conf->timeout + rng_spread(&w->rng, conf->timeout / 20, 20 * conf->timeout);

    conf->bound = age + 3 * conf->timeout + conf->notice + conf->kill_wait + DBA_SECOND;
    conf->remember = rng_spread(&w->rng, conf->bound / 4, 200 * conf->bound);
    conf->outage =
        rng_chance(&w->rng, 50) ? 0 : rng_spread(&w->rng, conf->bound / 8, 8 * conf->bound);
}

static void change_limits(struct world *w)
{
    struct conf *conf = &w->conf;

    conf->connections = (uint32_t)rng_time(&w->rng, 1, 32);
    conf->in_flight = (uint32_t)rng_time(&w->rng, 1, 128);
    conf->failures = (uint32_t)rng_time(&w->rng, 1, 12);
}

static void change_lists(struct world *w)
{
    struct conf *conf = &w->conf;
    struct service *service = &conf->services[rng_below(&w->rng, SERVICES)];

    switch (rng_below(&w->rng, 7)) {
    case 0:
        conf->admin_user = conf->admin_user == NULL ? "ops" : NULL;
        break;
    case 1:
        service->admin_user = service->admin_user == NULL ? "ops2" : NULL;
        break;
    case 2:
        service->denied = service->denied == NULL ? "u03" : NULL;
        break;
    case 3:
        conf->denied = conf->denied[0] == 'r' ? "u01" : "root";
        break;
    case 4:
        service->listed = !service->listed;
        break;
    case 5:
        conf->secret_user = conf->secret_user == NULL ? "setup" : NULL;
        break;
    default:
        conf->mapped = !conf->mapped;
        break;
    }
}

static void change_rules(struct world *w)
{
    struct conf *conf = &w->conf;

    switch (rng_below(&w->rng, 4)) {
    case 0:
        conf->domain = conf->domain[0] == 'a' ? "other.org" : "acme.io";
        break;
    case 1:
        conf->personal = !conf->personal;
        break;
    case 2:
        conf->secret = conf->secret == NULL || rng_chance(&w->rng, 50)
                           ? platform_token(w, TOKEN_SECRET, 30)
                           : NULL;
        break;
    default:
        if (conf->own != NULL)
            conf->org_id = conf->org_id == 0 ? OUR_ORG : 0;
        break;
    }
}

void admin_new_own(struct world *w, bool other_org)
{
    const struct truth truth = {
        .good = true, .org = other_org ? OTHER_ORG : OUR_ORG, .email = ""};

    w->conf.own = platform_token(w, TOKEN_OWN, 28);
    platform_change(w, w->conf.own, &truth, "own token");
}

void admin_reload(struct world *w, void *actor, uint64_t number)
{
    bool new_platform = rng_chance(&w->rng, 20);

    (void)actor;
    (void)number;
    if (!w->faults.reloads || w->calm_since != DBA_NEVER)
        return;
    switch (rng_below(&w->rng, 6)) {
    case 0:
        change_times(w);
        break;
    case 1:
        change_limits(w);
        break;
    case 2:
    case 3:
        change_lists(w);
        break;
    case 4:
        change_rules(w);
        break;
    default:
        if (w->conf.own != NULL && w->conf.org_id != 0 && rng_chance(&w->rng, 30))
            w->conf.own = NULL;
        else
            admin_new_own(w, rng_chance(&w->rng, 30));
        break;
    }
    host_configure(w, new_platform);
    queue_put(&w->queue, w->now + rng_around(&w->rng, w->conf.bound), admin_reload, NULL, 0);
}

/* What makes every login impossible is a fault, too. */
static bool mend_rules(struct world *w)
{
    struct conf *conf = &w->conf;
    bool mended = !conf->personal || conf->domain[0] != 'a';

    conf->personal = true;
    conf->domain = "acme.io";
    for (size_t i = 0; i < SERVICES; i++) {
        mended |= !conf->services[i].listed;
        conf->services[i].listed = true;
    }
    return mended;
}

void admin_heal(struct world *w)
{
    bool wrong_org = w->own_org != OUR_ORG && w->own_org != 0 && w->conf.org_id == 0;
    const struct truth *own = w->conf.own != NULL ? platform_truth(w->conf.own) : NULL;
    bool mended = mend_rules(w);

    if (own != NULL && (!own->good || own->org != OUR_ORG)) {
        admin_new_own(w, false);
        mended = true;
    }
    if (mended || wrong_org || w->org_conflict)
        host_configure(w, wrong_org);
}
