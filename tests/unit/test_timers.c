/* SPDX-License-Identifier: Apache-2.0 */
#include "core/timers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_order(void **state)
{
    struct dba_timers timers = {0};
    struct dba_timer t[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        dba_timer_init(&t[i], DBA_TIMER_OWN);
    assert_true(dba_timers_next(&timers) == DBA_NEVER);
    dba_timer_set(&timers, &t[0], 30);
    dba_timer_set(&timers, &t[1], 10);
    dba_timer_set(&timers, &t[2], 20);
    assert_true(dba_timers_next(&timers) == 10);
    assert_null(dba_timers_due(&timers, 9));
    assert_ptr_equal(dba_timers_due(&timers, 100), &t[1]);
    assert_true(t[1].when == DBA_NEVER);
    dba_timer_set(&timers, &t[2], DBA_NEVER);
    assert_ptr_equal(dba_timers_due(&timers, 100), &t[0]);
    assert_null(dba_timers_due(&timers, 100));
}

/* Against the obvious: set, set again and unset at random, the earliest is always right. */
static void test_random(void **state)
{
    enum { N = 200 };
    static struct dba_timer t[N];
    struct dba_timers timers = {0};

    (void)state;
    srand(1);
    for (int i = 0; i < N; i++)
        dba_timer_init(&t[i], DBA_TIMER_OWN);
    for (int round = 0; round < 20000; round++) {
        struct dba_timer *one = &t[rand() % N];
        dba_time least = DBA_NEVER;

        dba_timer_set(&timers, one, rand() % 4 == 0 ? DBA_NEVER : rand() % 1000);
        for (int i = 0; i < N; i++)
            if (t[i].when < least)
                least = t[i].when;
        assert_true(dba_timers_next(&timers) == least);
        if (rand() % 8 == 0 && least != DBA_NEVER) {
            struct dba_timer *due = dba_timers_due(&timers, least);

            assert_non_null(due);
            assert_true(due->when == DBA_NEVER);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
