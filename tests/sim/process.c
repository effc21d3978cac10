/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes of the simulated host, as far as tokens rest on them: they are watched when the
 * core says so, end when they like, and their pids are used again.
 */
#include <stdlib.h>

#include "memory.h"
#include "world.h"

struct process *process_new(struct world *w)
{
    struct process *process;
    unsigned tried = 0;

    do {
        w->last_pid = w->last_pid + 1 >= PIDS ? 2 : w->last_pid + 1;
        if (++tried > PIDS)
            return NULL;
    } while (w->pids[w->last_pid] != NULL && w->pids[w->last_pid]->running);
    process = need(sizeof *process);
    process->id.pid = w->last_pid;
    process->id.start = ++w->last_start;
    process->running = true;
    process->next = w->processes;
    if (w->processes != NULL)
        w->processes->previous = process;
    w->processes = process;
    w->pids[w->last_pid] = process;
    return process;
}

/* Frees it once it has ended and nobody names it any more. */
static void forget(struct world *w, struct process *process)
{
    if (process->running || process->refs > 0 || (process->watched && !process->gone_told))
        return;
    if (process->previous != NULL)
        process->previous->next = process->next;
    else
        w->processes = process->next;
    if (process->next != NULL)
        process->next->previous = process->previous;
    if (w->pids[process->id.pid] == process)
        w->pids[process->id.pid] = NULL;
    free(process->rests);
    free(process);
}

void process_unref(struct world *w, struct process *process)
{
    process->refs--;
    forget(w, process);
}

static void tell_gone(struct world *w, struct process *process)
{
    if (process->gone_told)
        return;
    process->gone_told = true;
    book_gone(w, process);
    host_gone(w, process->id);
}

static void ends(struct world *w, void *actor, uint64_t number)
{
    struct process *process = actor;

    (void)number;
    if (process->running) {
        world_say(w, "process   %d ends", (int)process->id.pid);
        process->running = false;
    }
    if (process->watched)
        tell_gone(w, process);
    process_unref(w, process);
}

void process_end(struct world *w, struct process *process, dba_time when)
{
    process->refs++;
    queue_put(&w->queue, when, ends, process, 0);
}

static struct process *find(const struct world *w, struct dba_process id)
{
    struct process *process = NULL;

    if (id.pid > 1 && id.pid < PIDS)
        process = w->pids[id.pid];
    if (process != NULL && process->id.start == id.start)
        return process;
    for (process = w->processes; process != NULL; process = process->next)
        if (process->id.pid == id.pid && process->id.start == id.start)
            break;
    return process;
}

void process_watch(struct world *w, struct dba_process id)
{
    struct process *process = find(w, id);

    world_say(w, "core      watch %d", (int)id.pid);
    if (process == NULL) {
        world_fail(w, "4", "a process is watched that never asked: pid %d", (int)id.pid);
        return;
    }
    if (process->watched && !process->gone_told)
        world_fail(w, "4", "pid %d is watched twice", (int)id.pid);
    process->watched = true;
    process->gone_told = false;
    if (!process->running) /* it ended while it was being answered */
        process_end(w, process, w->now);
}
