/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is going to happen in the simulated host: events in the order of their time, those of
 * one time in the order in which they were put in. An event cannot be taken back; who put it
 * in sees by `number` whether it still means something.
 */
#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

struct world;

typedef void event_fn(struct world *world, void *actor, uint64_t number);

struct event {
    dba_time at;
    uint64_t order;
    event_fn *fn;
    void *actor;
    uint64_t number;
};

struct queue {
    struct event *heap;
    size_t count, room;
    uint64_t order;
};

void queue_put(struct queue *queue, dba_time at, event_fn *fn, void *actor, uint64_t number);
bool queue_take(struct queue *queue, struct event *event); /* false: empty */
dba_time queue_next(const struct queue *queue);            /* DBA_NEVER: empty */
void queue_free(struct queue *queue);

#endif
