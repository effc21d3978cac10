/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is alive behind tokens: here, the processes of accepted auths at services with Unix
 * accounts. A token is live, and is checked again and again, while any name that it was
 * presented under has something alive, by whichever of that person's tokens (revocation.md).
 */
#include <stdlib.h>

#include "core/state.h"

void dba_alive_known(struct dba_core *core, struct dba_known *known)
{
    bool live = false;

    if (!known->verification)
        for (struct dba_list *n = known->presented.next; n != &known->presented; n = n->next)
            live |= dba_container(n, struct dba_presented, of_known)->user->alive > 0;
    if (live == known->live)
        return;
    known->live = live;
    core->live_changed = core->now;
    if (live) {
        core->live_count++;
        dba_list_append(&core->live, &known->in_live);
        dba_recheck_track(core, known);
    } else {
        core->live_count--;
        dba_list_remove(&known->in_live);
        dba_list_remove(&known->in_due);
        dba_timer_set(&core->timers, &known->retry, DBA_NEVER);
    }
}

void dba_alive_user(struct dba_core *core, struct dba_user *user)
{
    for (struct dba_list *n = user->presented.next; n != &user->presented; n = n->next)
        dba_alive_known(core, dba_container(n, struct dba_presented, of_user)->known);
}

static struct dba_process_key key_of(struct dba_process process)
{
    return (struct dba_process_key){.pid = process.pid, .start = process.start};
}

static struct dba_watched *watched_get(struct dba_core *core, struct dba_process process)
{
    struct dba_process_key key = key_of(process);
    struct dba_watched *watched = dba_table_find(core->processes, &key);

    if (watched != NULL)
        return watched;
    watched = dba_table_add(core->processes, &key);
    if (watched == NULL)
        return NULL;
    dba_list_init(&watched->alive);
    dba_out_watch(core, process);
    return watched;
}

bool dba_alive_add(struct dba_core *core, struct dba_presented *presented,
                   struct dba_process process)
{
    struct dba_watched *watched = watched_get(core, process);
    struct dba_alive *alive;

    if (watched == NULL)
        return false;
    for (struct dba_list *n = watched->alive.next; n != &watched->alive; n = n->next)
        if (dba_container(n, struct dba_alive, of_process)->presented == presented)
            return true;
    alive = calloc(1, sizeof *alive);
    if (alive == NULL)
        return false; /* a watched process without anything is taken out when it ends */
    dba_list_init(&alive->of_process);
    dba_list_init(&alive->of_presented);
    alive->presented = presented;
    dba_list_append(&watched->alive, &alive->of_process);
    dba_list_append(&presented->alive, &alive->of_presented);
    if (++presented->user->alive == 1)
        dba_alive_user(core, presented->user);
    return true;
}

void dba_alive_drop(struct dba_core *core, struct dba_alive *alive)
{
    struct dba_user *user = alive->presented->user;

    dba_list_remove(&alive->of_process);
    dba_list_remove(&alive->of_presented);
    free(alive);
    if (--user->alive == 0)
        dba_alive_user(core, user);
}

void dba_core_gone(struct dba_core *core, dba_time now, uint64_t random,
                   struct dba_process process)
{
    struct dba_process_key key = key_of(process);
    struct dba_watched *watched;

    dba_core_event(core, now, random);
    watched = dba_table_find(core->processes, &key);
    if (watched != NULL) {
        while (!dba_list_empty(&watched->alive)) {
            struct dba_alive *alive =
                dba_container(watched->alive.next, struct dba_alive, of_process);
            struct dba_presented *presented = alive->presented;

            dba_alive_drop(core, alive);
            if (dba_list_empty(&presented->alive) && dba_list_empty(&presented->in_remembered))
                dba_presented_drop(core, presented);
        }
        dba_table_remove(core->processes, watched);
    }
    dba_platform_pump(core);
}
