/* SPDX-License-Identifier: Apache-2.0 */
/* Event loop of the simulated Platform; see loop.h. */
#include "tests/platform/loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 256

struct loop {
    int epoll;
    struct watch alarm;  /* the timerfd */
    nanosec alarm_when;  /* what it is set to; 0: not set */
    struct timer **heap; /* from 1 */
    size_t count, room;
    bool stop;
};

void *take(size_t size)
{
    void *memory = calloc(1, size);

    if (memory == NULL) {
        perror("platformd");
        exit(1);
    }
    return memory;
}

void *take_more(void *old, size_t size)
{
    void *memory = realloc(old, size);

    if (memory == NULL) {
        perror("platformd");
        exit(1);
    }
    return memory;
}

nanosec loop_now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (nanosec)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- timers ---- */

static void heap_put(struct loop *loop, size_t place, struct timer *timer)
{
    loop->heap[place] = timer;
    timer->place = place;
}

static void heap_up(struct loop *loop, size_t place, struct timer *timer)
{
    while (place > 1 && loop->heap[place / 2]->when > timer->when) {
        heap_put(loop, place, loop->heap[place / 2]);
        place /= 2;
    }
    heap_put(loop, place, timer);
}

static void heap_down(struct loop *loop, size_t place, struct timer *timer)
{
    for (;;) {
        size_t child = place * 2;

        if (child > loop->count) {
            break;
        }
        if (child < loop->count && loop->heap[child + 1]->when < loop->heap[child]->when) {
            child++;
        }
        if (loop->heap[child]->when >= timer->when) {
            break;
        }
        heap_put(loop, place, loop->heap[child]);
        place = child;
    }
    heap_put(loop, place, timer);
}

void loop_timer_unset(struct loop *loop, struct timer *timer)
{
    size_t place = timer->place;
    struct timer *last;

    if (place == 0) {
        return;
    }
    timer->place = 0;
    last = loop->heap[loop->count--];
    if (last == timer) {
        return;
    }
    heap_up(loop, place, last);
    heap_down(loop, last->place, last);
}

void loop_timer_set(struct loop *loop, struct timer *timer, nanosec when)
{
    loop_timer_unset(loop, timer);
    timer->when = when;
    if (loop->count + 1 >= loop->room) {
        loop->room = loop->room == 0 ? 64 : loop->room * 2;
        loop->heap = take_more(loop->heap, loop->room * sizeof *loop->heap);
    }
    loop->count++;
    heap_up(loop, loop->count, timer);
}

static void run_timers(struct loop *loop)
{
    nanosec now = loop_now();

    while (loop->count > 0 && loop->heap[1]->when <= now) {
        struct timer *timer = loop->heap[1];

        loop_timer_unset(loop, timer);
        timer->fn(timer);
    }
}

static void set_alarm(struct loop *loop)
{
    struct itimerspec spec = {0};
    nanosec when = loop->count > 0 ? loop->heap[1]->when : 0;

    if (when == loop->alarm_when) {
        return;
    }
    loop->alarm_when = when;
    spec.it_value.tv_sec = when / 1000000000;
    spec.it_value.tv_nsec = when % 1000000000;
    (void)timerfd_settime(loop->alarm.fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void on_alarm(struct watch *watch, uint32_t events)
{
    struct loop *loop = CONTAINER(watch, struct loop, alarm);
    uint64_t times;
    ssize_t got = read(watch->fd, &times, sizeof times);

    (void)got;
    (void)events;
    loop->alarm_when = 0; /* run_timers() comes after each batch anyway */
}

/* ---- descriptors ---- */

void loop_watch(struct loop *loop, struct watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data = {.ptr = watch}};

    if (epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &event) != 0 &&
        (errno != ENOENT || epoll_ctl(loop->epoll, EPOLL_CTL_ADD, watch->fd, &event) != 0)) {
        perror("platformd: epoll_ctl");
        exit(1);
    }
    watch->events = events;
}

void loop_unwatch(struct loop *loop, struct watch *watch)
{
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
}

struct loop *loop_new(void)
{
    struct loop *loop = take(sizeof *loop);

    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->alarm.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    loop->alarm.fn = on_alarm;
    if (loop->epoll < 0 || loop->alarm.fd < 0) {
        perror("platformd");
        exit(1);
    }
    loop_watch(loop, &loop->alarm, EPOLLIN);
    return loop;
}

void loop_free(struct loop *loop)
{
    close(loop->alarm.fd);
    close(loop->epoll);
    free(loop->heap);
    free(loop);
}

void loop_stop(struct loop *loop)
{
    loop->stop = true;
}

void loop_run(struct loop *loop, void (*after)(void *arg), void *arg)
{
    struct epoll_event events[EVENTS];

    while (!loop->stop) {
        int count;

        set_alarm(loop);
        count = epoll_wait(loop->epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            struct watch *watch = events[i].data.ptr;

            watch->fn(watch, events[i].events);
        }
        run_timers(loop);
        after(arg);
    }
}
