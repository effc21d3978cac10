/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of processes: told once, of the process that was meant, pidfd or not. */
#include "dblab-authd/keeper/watch.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
    struct loop *loop;
    struct watches *watches;
    struct loop_timer *patience;
    struct dba_process gone;
    int told;
};

static void on_gone(struct dba_process process, void *arg)
{
    struct world *world = arg;

    world->gone = process;
    world->told++;
    loop_stop(world->loop);
}

static void give_up(void *arg)
{
    loop_stop(((struct world *)arg)->loop);
}

static int setup(void **state)
{
    static struct world world;

    memset(&world, 0, sizeof world);
    world.loop = loop_new();
    world.watches = watches_new(world.loop, on_gone, &world);
    world.patience = loop_timer_new(world.loop, give_up, &world);
    loop_timer_set(world.patience, dba_clock_boot() + 20 * DBA_SECOND);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    watches_free(&world->watches);
    loop_timer_free(&world->patience);
    loop_free(&world->loop);
    return 0;
}

/* A child that waits to be killed. */
static struct dba_process process_new(void)
{
    pid_t pid = fork();

    if (pid == 0)
        for (;;)
            pause();
    assert_true(pid > 0);
    return (struct dba_process){pid, watch_start_time(pid)};
}

static void process_end(struct dba_process process)
{
    assert_int_equal(kill(process.pid, SIGKILL), 0);
    assert_int_equal(waitpid(process.pid, NULL, 0), process.pid);
}

static void test_start_time(void **state)
{
    struct dba_process one = process_new();

    (void)state;
    assert_true(one.start > 0);
    assert_true(watch_start_time(getpid()) > 0 && watch_start_time(getpid()) <= one.start);
    process_end(one);
    assert_int_equal(watch_start_time(one.pid), 0);
}

static void test_end(void **state)
{
    struct world *world = *state;
    struct dba_process one = process_new();
    struct dba_process other = process_new();

    watches_add(world->watches, one);
    watches_add(world->watches, other);
    assert_int_equal(world->told, 0);
    process_end(other);
    loop_run(world->loop);
    assert_int_equal(world->told, 1);
    assert_int_equal(world->gone.pid, other.pid);
    assert_true(world->gone.start == other.start);
    process_end(one);
    loop_run(world->loop);
    assert_int_equal(world->gone.pid, one.pid);
}

/* Gone already, and another process with the same number: told, but not within the call. */
static void test_gone_before(void **state)
{
    struct world *world = *state;
    struct dba_process one = process_new();
    struct dba_process reused = {getpid(), watch_start_time(getpid()) + 1};
    struct dba_process unknown = {getpid(), 0};

    process_end(one);
    watches_add(world->watches, one);
    assert_int_equal(world->told, 0);
    loop_run(world->loop);
    assert_int_equal(world->gone.pid, one.pid);
    watches_add(world->watches, reused);
    loop_run(world->loop);
    assert_true(world->gone.start == reused.start);
    watches_add(world->watches, unknown);
    loop_run(world->loop);
    assert_int_equal(world->told, 3);
}

/* With no descriptor to be had a process that lives is not told as gone; its end is, later. */
static void test_without_descriptors(void **state)
{
    struct world *world = *state;
    struct dba_process one = process_new();
    struct rlimit limit;
    struct rlimit none;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){0, limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    watches_add(world->watches, one);
    loop_timer_set(world->patience, dba_clock_boot() + DBA_SECOND / 10);
    loop_run(world->loop);
    assert_int_equal(world->told, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    loop_timer_set(world->patience, dba_clock_boot() + 3 * DBA_SECOND / 2);
    loop_run(world->loop);
    assert_int_equal(world->told, 0);
    process_end(one);
    loop_timer_set(world->patience, dba_clock_boot() + 20 * DBA_SECOND);
    loop_run(world->loop);
    assert_int_equal(world->told, 1);
    assert_int_equal(world->gone.pid, one.pid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_start_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gone_before, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_descriptors, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
