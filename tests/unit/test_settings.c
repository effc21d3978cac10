/* SPDX-License-Identifier: Apache-2.0 */
#include "model/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/failalloc.h"

static void test_names(void **state)
{
    struct dba_names names = {0};
    char buffer[] = "alice";

    (void)state;
    assert_false(dba_names_have(&names, "alice"));
    dba_names_clear(&names); /* an empty one */
    assert_int_equal(dba_names_add(&names, buffer), DBA_OK);
    buffer[0] = 'x'; /* it was copied */
    assert_int_equal(dba_names_add(&names, "bob"), DBA_OK);
    assert_int_equal(dba_names_add(&names, ""), DBA_OK);
    assert_int_equal(names.count, 3);
    assert_string_equal(names.items[0], "alice");
    assert_string_equal(names.items[1], "bob");
    assert_true(dba_names_have(&names, "alice") && dba_names_have(&names, "bob"));
    assert_true(dba_names_have(&names, ""));
    assert_false(dba_names_have(&names, "alic"));
    assert_false(dba_names_have(&names, "alice1"));
    assert_false(dba_names_have(&names, "Alice"));
    dba_names_clear(&names);
    assert_null(names.items);
    assert_int_equal(names.count, 0);
    assert_false(dba_names_have(&names, "alice"));
}

static void test_service(void **state)
{
    uid_t callers[] = {104, 33};
    struct dba_service services[] = {{.name = "sshd"},
                                     {.name = "pgbouncer", .callers = callers}};
    struct dba_settings s = {.services = services, .services_count = 2};

    (void)state;
    services[1].callers_count = 2;
    assert_ptr_equal(dba_settings_service(&s, "sshd"), &services[0]);
    assert_ptr_equal(dba_settings_service(&s, "pgbouncer"), &services[1]);
    assert_null(dba_settings_service(&s, "ssh"));
    assert_null(dba_settings_service(&s, "sshd2"));
    assert_null(dba_settings_service(&s, "SSHD"));
    assert_null(dba_settings_service(&s, ""));
    s.services_count = 0;
    assert_null(dba_settings_service(&s, "sshd"));

    assert_true(dba_service_caller(&services[0], 0)); /* root always may */
    assert_false(dba_service_caller(&services[0], 104));
    assert_true(dba_service_caller(&services[1], 0));
    assert_true(dba_service_caller(&services[1], 104));
    assert_true(dba_service_caller(&services[1], 33));
    assert_false(dba_service_caller(&services[1], 105));
    assert_false(dba_service_caller(&services[1], (uid_t)-1));
}

/* The numbers of design.md's sample, and the smallest that can be. */
static void test_max_age(void **state)
{
    struct dba_settings s = {
        .bound = 30 * DBA_SECOND, .timeout = 4 * DBA_SECOND, .kill_wait = 2 * DBA_SECOND};

    (void)state;
    assert_true(dba_settings_max_age(&s) == 15 * DBA_SECOND);
    s.notice = 5 * DBA_SECOND;
    assert_true(dba_settings_max_age(&s) == 10 * DBA_SECOND);
    s.notice = 15 * DBA_SECOND;
    assert_true(dba_settings_max_age(&s) == 0);
    s.bound = 50 * DBA_MSEC;
    assert_true(dba_settings_max_age(&s) == 50 * DBA_MSEC - 30 * DBA_SECOND);
}

/* Everything that can be in it; what it leaves, failalloc and the sanitizers see. */
static enum dba_err fill(struct dba_settings *s)
{
    static const char map[] = "alice@else.where alice\n";
    const char *why;
    unsigned line;
    enum dba_err err = DBA_ERR_MEMORY;

    s->services = calloc(2, sizeof *s->services);
    if (s->services == NULL)
        return err;
    s->services_count = 2;
    s->services[1].callers = malloc(2 * sizeof *s->services[1].callers);
    if (s->services[1].callers == NULL)
        return err;
    s->services[1].callers[0] = 104;
    s->services[1].callers_count = 1;
    err = dba_map_parse(map, strlen(map), &s->map, &line, &why);
    for (int i = 0; i < 3 && err == DBA_OK; i++)
        err = dba_names_add(&s->deny_users, "root");
    if (err == DBA_OK)
        err = dba_names_add(&s->administrative_users, "deploy");
    if (err == DBA_OK)
        err = dba_names_add(&s->verification_users, "probe");
    if (err == DBA_OK)
        err = dba_names_add(&s->services[0].administrative_users, "deploy");
    if (err == DBA_OK)
        err = dba_names_add(&s->services[1].deny_users, "bob");
    return err;
}

static void test_clear(void **state)
{
    static const struct dba_settings nothing;
    struct dba_settings s = {.org_id = 5, .domain = "acme.io"};

    (void)state;
    assert_int_equal(fill(&s), DBA_OK);
    assert_int_equal(dba_token_set(&s.access_token, "own", 3), DBA_OK);
    assert_int_equal(dba_token_set(&s.verification_token, "verification", 12), DBA_OK);
    dba_settings_clear(&s);
    assert_memory_equal(&s, &nothing, sizeof s); /* tokens and pointers, too */
    dba_settings_clear(&s);                      /* an empty one */
}

static enum dba_err fill_and_clear(void *arg)
{
    struct dba_settings s = {0};
    enum dba_err err = fill(&s);

    (void)arg;
    dba_settings_clear(&s);
    return err;
}

/* DBA_ERR_MEMORY leaves the list as it was, and it can be added to again. */
static enum dba_err add_twice(void *arg)
{
    struct dba_names names = {0};
    enum dba_err err = DBA_OK;
    enum dba_err first = DBA_OK;

    (void)arg;
    for (int i = 0; i < 4; i++) {
        size_t before = names.count;

        err = dba_names_add(&names, i % 2 == 0 ? "a" : "b");
        assert_int_equal(names.count, before + (err == DBA_OK ? 1 : 0));
        if (first == DBA_OK)
            first = err;
    }
    for (size_t i = 0; i < names.count; i++)
        assert_int_equal(strlen(names.items[i]), 1);
    dba_names_clear(&names);
    return first;
}

static void test_memory(void **state)
{
    (void)state;
    assert_int_equal(failalloc_each(add_twice, NULL), 8);
    assert_true(failalloc_each(fill_and_clear, NULL) >= 2 + 3 + 2 * 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),   cmocka_unit_test(test_service),
        cmocka_unit_test(test_max_age), cmocka_unit_test(test_clear),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
