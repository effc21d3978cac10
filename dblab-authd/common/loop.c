/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop over libevent. Timers do not use libevent's own, which know no clock that
 * counts suspended time: all of them share one timerfd of CLOCK_BOOTTIME and lie in a heap.
 */
#include "dblab-authd/common/loop.h"

#include <event2/event.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define UNSET SIZE_MAX /* a timer that is not in the heap */

struct loop_fd {
    struct loop *loop;
    struct event *event;
    int fd;
    unsigned wanted;
    loop_fd_fn *fn;
    void *arg;
};

struct loop_timer {
    struct loop *loop;
    size_t at; /* its place in the heap, or UNSET */
    dba_time when;
    loop_timer_fn *fn;
    void *arg;
};

struct signal_watch {
    struct signal_watch *next;
    struct event *event;
    loop_signal_fn *fn;
    void *arg;
};

struct loop {
    struct event_base *base;
    bool stopping;
    struct signal_watch *signals;
    int clock_fd;
    struct event *clock_event;
    dba_time armed;           /* what the timerfd is set to; DBA_NEVER: to nothing */
    struct loop_timer **heap; /* of the timers that are set, the earliest first */
    size_t set, timers, room; /* in the heap; that exist; that the heap has place for */
};

/* ---- the heap of timers ---- */

static void heap_place(struct loop *loop, size_t at, struct loop_timer *timer)
{
    loop->heap[at] = timer;
    timer->at = at;
}

/* Lets the timer that belongs at `at` rise or sink to where it is in order. */
static void heap_settle(struct loop *loop, size_t at, struct loop_timer *timer)
{
    while (at > 0 && loop->heap[(at - 1) / 2]->when > timer->when) {
        heap_place(loop, at, loop->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= loop->set)
            break;
        if (child + 1 < loop->set && loop->heap[child + 1]->when < loop->heap[child]->when)
            child++;
        if (loop->heap[child]->when >= timer->when)
            break;
        heap_place(loop, at, loop->heap[child]);
        at = child;
    }
    heap_place(loop, at, timer);
}

static void heap_remove(struct loop *loop, struct loop_timer *timer)
{
    size_t at = timer->at;
    struct loop_timer *last = loop->heap[--loop->set];

    timer->at = UNSET;
    if (last != timer)
        heap_settle(loop, at, last);
}

static void clock_arm(struct loop *loop, dba_time when)
{
    struct itimerspec spec = {0};

    if (when != DBA_NEVER) {
        /* All zero would mean "disarm". */
        dba_time positive = when > 0 ? when : 1;

        spec.it_value.tv_sec = (time_t)(positive / DBA_SECOND);
        spec.it_value.tv_nsec = (long)(positive % DBA_SECOND);
    }
    /* Setting it also takes back that it was readable, so it never needs to be read. */
    (void)timerfd_settime(loop->clock_fd, TFD_TIMER_ABSTIME, &spec, NULL);
    loop->armed = when;
}

static void clock_due(evutil_socket_t fd, short events, void *arg)
{
    struct loop *loop = arg;
    dba_time now = dba_clock_boot();

    (void)fd;
    (void)events;
    /* Bounded: a timer that sets itself to the past must not starve the descriptors. */
    for (size_t budget = loop->set; budget > 0 && loop->set > 0; budget--) {
        struct loop_timer *timer = loop->heap[0];

        if (timer->when > now)
            break;
        heap_remove(loop, timer);
        timer->fn(timer->arg);
    }
    clock_arm(loop, loop->set > 0 ? loop->heap[0]->when : DBA_NEVER);
}

struct loop_timer *loop_timer_new(struct loop *loop, loop_timer_fn *fn, void *arg)
{
    struct loop_timer *timer = calloc(1, sizeof *timer);

    if (timer == NULL)
        return NULL;
    /* Room is made here, so that setting a timer cannot fail. */
    if (loop->timers == loop->room) {
        size_t room = loop->room == 0 ? 16 : 2 * loop->room;
        struct loop_timer **heap = reallocarray(loop->heap, room, sizeof(struct loop_timer *));

        if (heap == NULL) {
            free(timer);
            return NULL;
        }
        loop->heap = heap;
        loop->room = room;
    }
    loop->timers++;
    *timer =
        (struct loop_timer){.loop = loop, .at = UNSET, .when = DBA_NEVER, .fn = fn, .arg = arg};
    return timer;
}

void loop_timer_set(struct loop_timer *timer, dba_time when)
{
    struct loop *loop = timer->loop;

    timer->when = when;
    if (when == DBA_NEVER) {
        if (timer->at != UNSET)
            heap_remove(loop, timer);
        return;
    }
    heap_settle(loop, timer->at != UNSET ? timer->at : loop->set++, timer);
    /*
     * The timerfd is only ever brought forward here: when the earliest timer goes away it
     * fires once for nothing, which is cheaper than a system call for each timer that is set
     * and unset, as the deadline of a short request is.
     */
    if (when < loop->armed)
        clock_arm(loop, when);
}

void loop_timer_free(struct loop_timer **timer)
{
    if (*timer == NULL)
        return;
    if ((*timer)->at != UNSET)
        heap_remove((*timer)->loop, *timer);
    (*timer)->loop->timers--;
    free(*timer);
    *timer = NULL;
}

/* ---- descriptors ---- */

static void fd_ready(evutil_socket_t fd, short events, void *arg)
{
    const struct loop_fd *watch = arg;
    unsigned ready = 0;

    if (events & EV_READ)
        ready |= LOOP_READ;
    if (events & EV_WRITE)
        ready |= LOOP_WRITE;
    watch->fn(fd, ready, watch->arg); /* may free `watch` */
}

static bool fd_watch(struct loop_fd *watch, unsigned events)
{
    short flags = EV_PERSIST;

    if (events & LOOP_READ)
        flags = (short)(flags | EV_READ);
    if (events & LOOP_WRITE)
        flags = (short)(flags | EV_WRITE);
    watch->wanted = events;
    if (event_assign(watch->event, watch->loop->base, watch->fd, flags, fd_ready, watch) != 0)
        return false;
    return events == 0 || event_add(watch->event, NULL) == 0;
}

struct loop_fd *loop_fd_new(struct loop *loop, int fd, unsigned events, loop_fd_fn *fn,
                            void *arg)
{
    struct loop_fd *watch = calloc(1, sizeof *watch);

    if (watch == NULL)
        return NULL;
    *watch = (struct loop_fd){.loop = loop, .fd = fd, .fn = fn, .arg = arg};
    watch->event = event_new(loop->base, fd, EV_PERSIST, fd_ready, watch);
    if (watch->event == NULL || !fd_watch(watch, events))
        loop_fd_free(&watch);
    return watch;
}

void loop_fd_want(struct loop_fd *watch, unsigned events)
{
    if (events == watch->wanted)
        return;
    (void)event_del(watch->event);
    (void)fd_watch(watch, events);
}

void loop_fd_free(struct loop_fd **watch)
{
    if (*watch == NULL)
        return;
    if ((*watch)->event != NULL)
        event_free((*watch)->event);
    free(*watch);
    *watch = NULL;
}

/* ---- signals ---- */

static void signal_came(evutil_socket_t signal, short events, void *arg)
{
    const struct signal_watch *watch = arg;

    (void)events;
    watch->fn(signal, watch->arg);
}

bool loop_signal(struct loop *loop, int signal, loop_signal_fn *fn, void *arg)
{
    struct signal_watch *watch = calloc(1, sizeof *watch);

    if (watch == NULL)
        return false;
    watch->fn = fn;
    watch->arg = arg;
    watch->event = evsignal_new(loop->base, signal, signal_came, watch);
    if (watch->event == NULL || event_add(watch->event, NULL) != 0) {
        if (watch->event != NULL)
            event_free(watch->event);
        free(watch);
        return false;
    }
    watch->next = loop->signals;
    loop->signals = watch;
    return true;
}

/* ---- the loop ---- */

static struct event_base *base_new(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config == NULL)
        return NULL;
    /* The environment is never listened to (EVENT_NOEPOLL and others). */
    if (event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV) == 0)
        base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

struct loop *loop_new(void)
{
    struct loop *loop = calloc(1, sizeof *loop);

    if (loop == NULL)
        return NULL;
    loop->armed = DBA_NEVER;
    loop->clock_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    loop->base = base_new();
    if (loop->clock_fd >= 0 && loop->base != NULL)
        loop->clock_event =
            event_new(loop->base, loop->clock_fd, EV_READ | EV_PERSIST, clock_due, loop);
    if (loop->clock_event == NULL || event_add(loop->clock_event, NULL) != 0)
        loop_free(&loop);
    return loop;
}

void loop_free(struct loop **loop)
{
    struct signal_watch *watch;

    if (*loop == NULL)
        return;
    while ((watch = (*loop)->signals) != NULL) {
        (*loop)->signals = watch->next;
        event_free(watch->event);
        free(watch);
    }
    if ((*loop)->clock_event != NULL)
        event_free((*loop)->clock_event);
    if ((*loop)->base != NULL)
        event_base_free((*loop)->base);
    if ((*loop)->clock_fd >= 0)
        (void)close((*loop)->clock_fd);
    free((*loop)->heap);
    free(*loop);
    *loop = NULL;
}

void loop_run(struct loop *loop)
{
    /* A flag of our own: libevent forgets a stop that was asked for before it ran. */
    while (!loop->stopping && event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY) == 0)
        continue;
    loop->stopping = false;
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
    (void)event_base_loopbreak(loop->base);
}
