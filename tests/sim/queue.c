/* SPDX-License-Identifier: Apache-2.0 */
#include "queue.h"

#include <stdlib.h>

#include "memory.h"

static bool before(const struct event *a, const struct event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(struct event *a, struct event *b)
{
    struct event t = *a;

    *a = *b;
    *b = t;
}

void queue_put(struct queue *queue, dba_time at, event_fn *fn, void *actor, uint64_t number)
{
    size_t i = queue->count++;

    queue->heap = grow(queue->heap, &queue->room, queue->count, sizeof *queue->heap);
    queue->heap[i] = (struct event){
        .at = at, .order = queue->order++, .fn = fn, .actor = actor, .number = number};
    for (; i > 0 && before(&queue->heap[i], &queue->heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&queue->heap[i], &queue->heap[(i - 1) / 2]);
}

bool queue_take(struct queue *queue, struct event *event)
{
    size_t i = 0;

    if (queue->count == 0)
        return false;
    *event = queue->heap[0];
    queue->heap[0] = queue->heap[--queue->count];
    for (;;) {
        size_t least = i;

        for (size_t c = 2 * i + 1; c <= 2 * i + 2 && c < queue->count; c++)
            if (before(&queue->heap[c], &queue->heap[least]))
                least = c;
        if (least == i)
            return true;
        swap(&queue->heap[i], &queue->heap[least]);
        i = least;
    }
}

dba_time queue_next(const struct queue *queue)
{
    return queue->count > 0 ? queue->heap[0].at : DBA_NEVER;
}

void queue_free(struct queue *queue)
{
    free(queue->heap);
    *queue = (struct queue){0};
}
