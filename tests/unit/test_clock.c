/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_clocks(void **state)
{
    dba_time monotonic = dba_clock_monotonic();
    dba_time boot = dba_clock_boot();

    (void)state;
    assert_true(monotonic > 0);
    assert_true(boot >= monotonic); /* it also counts the time asleep */
    assert_true(dba_clock_monotonic() >= monotonic);
    assert_true(dba_clock_boot() >= boot);
}

static void test_add(void **state)
{
    (void)state;
    assert_true(dba_time_add(0, 0) == 0);
    assert_true(dba_time_add(5, DBA_SECOND) == DBA_SECOND + 5);
    assert_true(dba_time_add(-5, 5) == 0);
    assert_true(dba_time_add(INT64_MIN, DBA_NEVER - 1) == -2);
    assert_true(dba_time_add(DBA_NEVER - 2, 1) == DBA_NEVER - 1);
    assert_true(dba_time_add(DBA_NEVER - 1, 1) == DBA_NEVER);
    assert_true(dba_time_add(DBA_NEVER - 1, 2) == DBA_NEVER);
    assert_true(dba_time_add(DBA_NEVER, 0) == DBA_NEVER);
    assert_true(dba_time_add(DBA_NEVER, DBA_NEVER) == DBA_NEVER);
    assert_true(dba_time_add(1, DBA_NEVER) == DBA_NEVER);
    assert_true(dba_time_add(-5, DBA_NEVER) == DBA_NEVER); /* never is no number */
}

static void test_seconds(void **state)
{
    (void)state;
    assert_true(dba_time_of_seconds(0) == 0);
    assert_true(dba_time_of_seconds(0.05) == 50 * DBA_MSEC);
    assert_true(dba_time_of_seconds(4.0) == 4 * DBA_SECOND);
    assert_true(dba_time_of_seconds(30.1) == 30100 * DBA_MSEC); /* 30.1 is below it in binary */
    assert_true(dba_time_of_seconds(1e-9) == 1);
    assert_true(dba_time_of_seconds(4e-10) == 0);
    assert_true(dba_time_of_seconds(6e-10) == 1);
    assert_true(dba_time_of_seconds(1e8) == 100000000 * DBA_SECOND);
    assert_true(dba_time_in_seconds(1500 * DBA_MSEC) == 1.5);
    assert_true(dba_time_in_seconds(-DBA_SECOND) == -1.0);
    for (int ms = 0; ms <= 5000; ms++)
        assert_true(dba_time_of_seconds(ms / 1000.0) == ms * DBA_MSEC);
}

static void test_poll(void **state)
{
    const dba_time now = 7 * DBA_SECOND;

    (void)state;
    assert_int_equal(dba_time_poll_msec(now, now), 0);
    assert_int_equal(dba_time_poll_msec(now - 1, now), 0);
    assert_int_equal(dba_time_poll_msec(INT64_MIN, now), 0);
    /* Rounded up: poll(2) must not return before the deadline, to be called again with 0. */
    assert_int_equal(dba_time_poll_msec(now + 1, now), 1);
    assert_int_equal(dba_time_poll_msec(now + DBA_MSEC, now), 1);
    assert_int_equal(dba_time_poll_msec(now + DBA_MSEC + 1, now), 2);
    assert_int_equal(dba_time_poll_msec(now + INT_MAX * DBA_MSEC, now), INT_MAX);
    assert_int_equal(dba_time_poll_msec(now + INT_MAX * DBA_MSEC + 1, now), INT_MAX);
    assert_int_equal(dba_time_poll_msec(DBA_NEVER, now), INT_MAX);
    assert_int_equal(dba_time_poll_msec(DBA_NEVER, DBA_NEVER), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_seconds),
        cmocka_unit_test(test_poll),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
