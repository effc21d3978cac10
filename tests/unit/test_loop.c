/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop: timers in order, descriptors, signals, and freeing from within. */
#include "dblab-authd/common/loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#define MANY 500

struct world {
    struct loop *loop;
    struct loop_timer *timers[MANY];
    struct loop_fd *watch, *other;
    int fds[2];
    int count;
    int left;
    dba_time last;
    int signal;
};

static void stop(void *arg)
{
    loop_stop(((struct world *)arg)->loop);
}

static struct world world_new(void)
{
    struct world world = {.loop = loop_new()};

    assert_non_null(world.loop);
    assert_int_equal(pipe(world.fds), 0);
    return world;
}

static void world_free(struct world *world)
{
    loop_fd_free(&world->watch);
    loop_fd_free(&world->other);
    for (int i = 0; i < MANY; i++)
        loop_timer_free(&world->timers[i]);
    loop_free(&world->loop);
    assert_null(world->loop);
    close(world->fds[0]);
    close(world->fds[1]);
}

/* One timer of many, with its own time to be compared. */
struct one {
    struct world *world;
    dba_time when;
};

static void in_order(void *arg)
{
    struct one *one = arg;

    assert_true(one->when >= one->world->last);
    assert_true(dba_clock_boot() >= one->when);
    one->world->last = one->when;
    one->world->count++;
    if (--one->world->left == 0)
        loop_stop(one->world->loop);
}

static void test_timers_in_order(void **state)
{
    struct world world = world_new();
    struct one ones[MANY];
    dba_time now = dba_clock_boot();
    uint32_t random = 1;

    (void)state;
    for (int i = 0; i < MANY; i++) {
        random = random * 1103515245u + 12345u;
        ones[i] = (struct one){&world, now + (random >> 16) % 20000 * 1000};
        world.timers[i] = loop_timer_new(world.loop, in_order, &ones[i]);
        assert_non_null(world.timers[i]);
        loop_timer_set(world.timers[i], ones[i].when);
    }
    /* Some are set anew, some unset, some freed. */
    for (int i = 0; i < MANY; i += 3) {
        ones[i].when = now + (i % 7) * DBA_MSEC;
        loop_timer_set(world.timers[i], ones[i].when);
    }
    for (int i = 1; i < MANY; i += 3)
        loop_timer_set(world.timers[i], DBA_NEVER);
    for (int i = 1; i < MANY; i += 6)
        loop_timer_free(&world.timers[i]);
    world.left = MANY - (MANY + 1) / 3;
    loop_run(world.loop);
    assert_int_equal(world.count, MANY - (MANY + 1) / 3);
    world_free(&world);
}

static void again(void *arg)
{
    struct world *world = arg;

    world->count++;
    loop_timer_set(world->timers[0], 0); /* always due: must not starve the pipe */
}

static void readable(int fd, unsigned events, void *arg)
{
    struct world *world = arg;
    char byte;

    assert_int_equal(events, LOOP_READ);
    assert_int_equal(read(fd, &byte, 1), 1);
    loop_stop(world->loop);
}

static void test_timer_in_the_past(void **state)
{
    struct world world = world_new();

    (void)state;
    world.timers[0] = loop_timer_new(world.loop, again, &world);
    loop_timer_set(world.timers[0], -5);
    world.watch = loop_fd_new(world.loop, world.fds[0], LOOP_READ, readable, &world);
    assert_int_equal(write(world.fds[1], "x", 1), 1);
    loop_run(world.loop);
    world_free(&world);
}

static void free_itself(void *arg)
{
    struct world *world = arg;

    loop_timer_free(&world->timers[0]);
    loop_timer_free(&world->timers[1]); /* due as well */
    world->count++;
    loop_stop(world->loop);
}

static void test_timer_frees(void **state)
{
    struct world world = world_new();

    (void)state;
    world.timers[0] = loop_timer_new(world.loop, free_itself, &world);
    world.timers[1] = loop_timer_new(world.loop, free_itself, &world);
    loop_timer_set(world.timers[0], 1);
    loop_timer_set(world.timers[1], 1);
    loop_run(world.loop);
    assert_int_equal(world.count, 1);
    world_free(&world);
}

static void free_both(int fd, unsigned events, void *arg)
{
    struct world *world = arg;

    (void)fd;
    (void)events;
    loop_fd_free(&world->watch);
    loop_fd_free(&world->other);
    world->count++;
    loop_timer_set(world->timers[0], 0);
}

static void test_fd_frees(void **state)
{
    struct world world = world_new();
    int second = dup(world.fds[0]);

    (void)state;
    world.timers[0] = loop_timer_new(world.loop, stop, &world);
    world.watch = loop_fd_new(world.loop, world.fds[0], LOOP_READ, free_both, &world);
    world.other = loop_fd_new(world.loop, second, LOOP_READ, free_both, &world);
    assert_int_equal(write(world.fds[1], "x", 1), 1);
    loop_run(world.loop);
    assert_int_equal(world.count, 1);
    close(second);
    world_free(&world);
}

static void writable(int fd, unsigned events, void *arg)
{
    struct world *world = arg;

    (void)fd;
    assert_int_equal(events, LOOP_WRITE);
    if (++world->count == 3) {
        loop_fd_want(world->watch, 0);
        loop_timer_set(world->timers[0], dba_clock_boot() + DBA_MSEC);
    }
}

static void test_fd_wants(void **state)
{
    struct world world = world_new();

    (void)state;
    world.timers[0] = loop_timer_new(world.loop, stop, &world);
    world.watch = loop_fd_new(world.loop, world.fds[1], 0, writable, &world);
    loop_fd_want(world.watch, LOOP_WRITE);
    loop_run(world.loop);
    assert_int_equal(world.count, 3); /* level-triggered; none after it was not wanted */
    world_free(&world);
}

static void signalled(int signal, void *arg)
{
    struct world *world = arg;

    world->signal = signal;
    loop_stop(world->loop);
}

static void test_signal(void **state)
{
    struct world world = world_new();

    (void)state;
    assert_true(loop_signal(world.loop, SIGHUP, signalled, &world));
    assert_int_equal(raise(SIGHUP), 0);
    loop_run(world.loop);
    assert_int_equal(world.signal, SIGHUP);
    world_free(&world);
}

static void test_stop_before_run(void **state)
{
    struct world world = world_new();

    (void)state;
    loop_stop(world.loop);
    loop_run(world.loop);
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers_in_order), cmocka_unit_test(test_timer_in_the_past),
        cmocka_unit_test(test_timer_frees),     cmocka_unit_test(test_fd_frees),
        cmocka_unit_test(test_fd_wants),        cmocka_unit_test(test_signal),
        cmocka_unit_test(test_stop_before_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
