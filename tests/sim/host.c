/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the keeper is on a real host: it carries events into the core and actions out of it,
 * serves its timer (late, early, or not for the length of a sleep), and decides nothing.
 */
#include <string.h>

#include "base/token.h"
#include "memory.h"
#include "world.h"

#define STUCK 1000 /* timer calls at one moment after which nothing moves any more */

static void take_actions(struct world *w)
{
    static struct dba_action action; /* large, and wiped by us each time */

    while (!w->failed && dba_core_next(w->core, &action)) {
        w->sequence++;
        switch (action.what) {
        case DBA_DO_REPLY:
            caller_replied(w, &action.reply);
            break;
        case DBA_DO_CHECK:
            checker_send(w, &action);
            break;
        case DBA_DO_WARM:
            checker_warm(w);
            break;
        case DBA_DO_WATCH:
            process_watch(w, action.process);
            break;
        case DBA_DO_LOG:
            inv_log(w, action.text);
            break;
        }
    }
    dba_wipe(&action, sizeof action);
}

static void timer(struct world *w, void *actor, uint64_t number);

static void arm(struct world *w)
{
    dba_time expiry = dba_core_expiry(w->core);
    dba_time late = rng_rare(&w->rng, 4) ? rng_time(&w->rng, 0, w->late) : 0;

    if (expiry == DBA_NEVER)
        return;
    if (expiry < w->now)
        expiry = w->now;
    if (w->armed > w->now && w->armed <= expiry + late)
        return;
    w->armed = expiry + late;
    queue_put(&w->queue, w->armed, timer, NULL, ++w->armed_number);
}

/* Every event ends here. */
static void settle(struct world *w)
{
    w->events++;
    take_actions(w);
    if (!w->failed)
        inv_after(w);
    w->subject = NULL;
    if (!w->failed)
        arm(w);
}

void host_serve(struct world *w)
{
    bool due = dba_core_expiry(w->core) <= w->now;

    w->served_in_vain = due && w->served == w->now ? w->served_in_vain + 1 : 0;
    if (w->served_in_vain > STUCK) {
        world_fail(w, "10", "the core wants to be called again and again at one moment");
        return;
    }
    w->served = w->now;
    dba_core_expire(w->core, w->now, rng_next(&w->rng));
    settle(w);
}

static void timer(struct world *w, void *actor, uint64_t number)
{
    (void)actor;
    if (number != w->armed_number)
        return;
    w->armed = 0;
    if (dba_core_expiry(w->core) <= w->now)
        host_serve(w);
    else
        arm(w);
}

bool host_start(struct world *w)
{
    uint8_t key[DBA_CORE_KEY];

    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)rng_next(&w->rng);
    w->settings = conf_settings(w);
    if (dba_core_new(&w->core, w->now, rng_next(&w->rng), w->settings, key, &sim_memory) !=
        DBA_OK) {
        world_fail(w, "0", "no core");
        return false;
    }
    settle(w);
    return true;
}

void host_ask(struct world *w, const struct dba_ask *ask)
{
    w->sequence++;
    dba_core_ask(w->core, w->now, rng_next(&w->rng), ask);
    settle(w);
}

void host_hangup(struct world *w, uint64_t id)
{
    w->sequence++;
    dba_core_hangup(w->core, w->now, rng_next(&w->rng), id);
    settle(w);
}

void host_answer(struct world *w, uint32_t check, const struct dba_answer *answer)
{
    w->sequence++;
    dba_core_answer(w->core, w->now, rng_next(&w->rng), check, answer);
    settle(w);
}

void host_checker_lost(struct world *w)
{
    world_say(w, "checker   lost");
    w->http2 = false;
    w->sequence++;
    dba_core_checker_lost(w->core, w->now, rng_next(&w->rng));
    settle(w);
}

void host_cold(struct world *w)
{
    world_say(w, "checker   cold");
    w->http2 = false;
    w->sequence++;
    dba_core_cold(w->core, w->now, rng_next(&w->rng));
    settle(w);
}

void host_gone(struct world *w, struct dba_process id)
{
    w->sequence++;
    dba_core_gone(w->core, w->now, rng_next(&w->rng), id);
    settle(w);
}

void host_configure(struct world *w, bool new_platform)
{
    struct dba_settings *old = w->settings;

    world_say(w, "admin     reload%s bound=%.3f A=%.3f remember=%.3f orgId=%lld own=%zd",
              new_platform ? " (new Platform)" : "", dba_time_in_seconds(w->conf.bound),
              dba_time_in_seconds(conf_max_age(&w->conf)),
              dba_time_in_seconds(w->conf.remember), (long long)w->conf.org_id,
              w->conf.own != NULL ? (ssize_t)w->conf.own->number : (ssize_t)-1);
    w->sequence++;
    if (new_platform) {
        checker_drop_all(w);
        w->http2 = false;
    }
    w->settings = conf_settings(w);
    book_configured(w, new_platform);
    dba_core_configure(w->core, w->now, rng_next(&w->rng), w->settings, new_platform);
    conf_free(old);
    settle(w);
}
