/* SPDX-License-Identifier: Apache-2.0 */
#include "core/limiter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const uint8_t key[32] = {1};
static const struct dba_origin alice = {
    .service = "sshd", .rhost = "192.0.2.1", .user = "alice"};

static void test_address(void **state)
{
    static const char *const cases[][2] = {
        {"127.0.0.1", "loopback"},
        {"127.9.9.9", "loopback"},
        {"::1", "loopback"},
        {"::ffff:127.0.0.1", "loopback"},
        {"localhost", "loopback"},
        {"LOCALHOST", "loopback"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"192.0.2.7", "192.0.2.7"},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
        {"2001:DB8:1:2::9", "2001:db8:1:2::"},
        {"Client.Example", "client.example"},
        {"unix", "unix"},
        {"", ""},
    };
    char out[DBA_ORIGIN_ADDRESS];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dba_limiter_address(cases[i][0], out);
        assert_string_equal(out, cases[i][1]);
    }
}

static void test_minute(void **state)
{
    struct dba_limiter *limiter = dba_limiter_new(key);
    struct dba_origin bob = alice;
    dba_time now = 1000 * DBA_SECOND + 4 * DBA_SECOND;

    (void)state;
    bob.user = "bob";
    for (int i = 0; i < 10; i++) {
        assert_false(dba_limiter_blocks(limiter, now, 10, &alice));
        dba_limiter_count(limiter, now, 1000, &alice);
    }
    assert_true(dba_limiter_blocks(limiter, now, 10, &alice));
    assert_false(dba_limiter_blocks(limiter, now, 10, &bob));
    assert_true(dba_limiter_blocks(limiter, now + 59 * DBA_SECOND, 10, &alice));
    assert_false(dba_limiter_blocks(limiter, now + 65 * DBA_SECOND, 10, &alice));
    dba_limiter_count(limiter, now + 65 * DBA_SECOND, 1000, &alice);
    assert_false(dba_limiter_blocks(limiter, now + 65 * DBA_SECOND, 10, &alice));
    /* A clock far ahead empties it, too. */
    dba_limiter_count(limiter, now + 100000 * DBA_SECOND, 1000, &alice);
    assert_false(dba_limiter_blocks(limiter, now + 100000 * DBA_SECOND, 2, &alice));
    dba_limiter_free(&limiter);
}

static void test_whole_address(void **state)
{
    struct dba_limiter *limiter = dba_limiter_new(key);
    struct dba_origin other = alice;
    char name[32];
    dba_time now = 5000 * DBA_SECOND;

    (void)state;
    for (int i = 0; i < 100; i++) {
        struct dba_origin one = alice;

        (void)snprintf(name, sizeof name, "user%d", i);
        one.user = name;
        dba_limiter_count(limiter, now, 1000, &one);
    }
    other.user = "nobody-yet";
    assert_true(dba_limiter_blocks(limiter, now, 10, &other));
    other.rhost = "192.0.2.2";
    assert_false(dba_limiter_blocks(limiter, now, 10, &other));
    other.rhost = alice.rhost;
    other.service = "pgbouncer";
    assert_false(dba_limiter_blocks(limiter, now, 10, &other));
    dba_limiter_free(&limiter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address),
        cmocka_unit_test(test_minute),
        cmocka_unit_test(test_whole_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
