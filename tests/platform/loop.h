/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated Platform's event loop: epoll, and a heap of timers behind one timerfd, so
 * that an answer leaves when it is due and not at the next millisecond. One thread.
 *
 * Watches and timers lie inside the caller's structs. What a callback frees may still have an
 * event in the same batch: free such structs in the `after` callback only.
 */
#ifndef PLATFORM_LOOP_H
#define PLATFORM_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t nanosec; /* CLOCK_MONOTONIC */

#define NANOSEC_PER_MS ((nanosec)1000000)

struct loop;

struct watch {
    int fd;
    uint32_t events; /* what epoll was told */
    void (*fn)(struct watch *watch, uint32_t events);
};

struct timer {
    nanosec when;
    size_t place; /* in the heap, from 1; 0: not set */
    void (*fn)(struct timer *timer);
};

#define CONTAINER(pointer, type, member)                                                       \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

nanosec loop_now(void);

struct loop *loop_new(void); /* ends the program if it cannot be had */
void loop_free(struct loop *loop);

/* Adds `watch`, or changes its events (0: none but errors). */
void loop_watch(struct loop *loop, struct watch *watch, uint32_t events);
void loop_unwatch(struct loop *loop, struct watch *watch);

void loop_timer_set(struct loop *loop, struct timer *timer, nanosec when);
void loop_timer_unset(struct loop *loop, struct timer *timer);

/* Until loop_stop(). `after` is called when a batch of events and timers was handled. */
void loop_run(struct loop *loop, void (*after)(void *arg), void *arg);
void loop_stop(struct loop *loop);

/* Memory, zeroed. A test server without memory ends. */
void *take(size_t size);
void *take_more(void *old, size_t size);

#endif
