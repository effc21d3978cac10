/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop of both programs: a thin cover over libevent, so that only loop.c includes
 * it. One thread. Callbacks may add and free anything, themselves included.
 */
#ifndef DBA_COMMON_LOOP_H
#define DBA_COMMON_LOOP_H

#include <stdbool.h>

#include "base/clock.h"

struct loop;
struct loop_fd;    /* a watched descriptor */
struct loop_timer; /* one shot, set again as often as wanted */

#define LOOP_READ  1u
#define LOOP_WRITE 2u

typedef void loop_fd_fn(int fd, unsigned events, void *arg);
typedef void loop_timer_fn(void *arg);
typedef void loop_signal_fn(int signal, void *arg);

struct loop *loop_new(void); /* NULL: out of memory */
void loop_free(struct loop **loop);

/* Level-triggered. The descriptor stays the caller's. NULL: out of memory. */
struct loop_fd *loop_fd_new(struct loop *loop, int fd, unsigned events, loop_fd_fn *fn,
                            void *arg);
void loop_fd_want(struct loop_fd *watch, unsigned events); /* 0: nothing for now */
void loop_fd_free(struct loop_fd **watch);                 /* before the descriptor is closed */

/*
 * Times are CLOCK_BOOTTIME (a timerfd of that clock underneath), absolute; a past one is due
 * at once, DBA_NEVER unsets. Not due when made.
 */
struct loop_timer *loop_timer_new(struct loop *loop, loop_timer_fn *fn, void *arg);
void loop_timer_set(struct loop_timer *timer, dba_time when);
void loop_timer_free(struct loop_timer **timer);

bool loop_signal(struct loop *loop, int signal, loop_signal_fn *fn, void *arg);

void loop_run(struct loop *loop); /* until loop_stop() */
void loop_stop(struct loop *loop);

#endif
