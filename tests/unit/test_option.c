/* SPDX-License-Identifier: Apache-2.0 */
/* The table of settings: it is sound in itself, and gives the defaults of the design. */
#include "dblab-authd/keeper/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dblab-authd/keeper/reading.h"
#include "tests/support/failalloc.h"

static bool of_service(const struct option *o)
{
    return strcmp(o->group, "services") == 0;
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < options_count; i++) {
        const struct option *o = &options[i];

        assert_ptr_equal(option_find(o->group, o->name), o); /* so no key is there twice */
        assert_int_equal(o->doc[strlen(o->doc) - 1], '.');
        if (o->type == OPTION_NUMBER || o->type == OPTION_SECONDS)
            assert_true((o->number >= o->low && o->number <= o->high) ||
                        (o->zero && o->number == 0) || (o->minus_one && o->number == -1));
        if (!of_service(o))
            assert_true(i < READING_LINES);
        assert_true(o->secrecy == OPTION_PUBLIC || o->type == OPTION_TEXT);
    }
    assert_null(option_find("", "nothing"));
    assert_null(option_find("platform", "runDir"));
}

/* Of one group all rows are together, and those of services come last. */
static void test_order(void **state)
{
    (void)state;
    for (size_t i = 1; i < options_count; i++)
        for (size_t k = 0; k + 1 < i; k++)
            if (strcmp(options[i].group, options[k].group) == 0)
                assert_string_equal(options[i - 1].group, options[i].group);
    assert_true(of_service(&options[options_count - 1]));
}

/* No two rows write to the same place. */
static void test_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < options_count; i++)
        for (size_t k = 0; k < i; k++)
            assert_true(options[i].offset != options[k].offset ||
                        of_service(&options[i]) != of_service(&options[k]));
}

static void test_defaults(void **state)
{
    struct raw raw;

    (void)state;
    assert_true(raw_init(&raw));
    assert_string_equal(raw.run_dir, "/run/dblab-auth");
    assert_string_equal(raw.url, "https://postgres.ai/api/general");
    assert_true(raw.connect_timeout == 2.0 && raw.timeout == 4.0 && raw.bound == 30.0);
    assert_true(raw.notice == 0 && raw.kill_wait == 2.0 && raw.remember == 43200.0);
    assert_true(raw.outage_logins == 0 && raw.outage_sessions == -1);
    assert_int_equal(raw.max_connections, 32);
    assert_int_equal(raw.max_in_flight, 128);
    assert_int_equal(raw.failures_per_minute, 10);
    assert_int_equal(raw.verdicts, 100000);
    assert_int_equal(raw.sessions, 10000);
    assert_int_equal(raw.connections, 1024);
    assert_string_equal(raw.group, "dblab");
    assert_int_equal(raw.min_uid, 1000);
    assert_true(raw.enable_personal_tokens);
    assert_int_equal(raw.administrative_users.count + raw.verification_users.count, 0);
    raw_clear(&raw);
    assert_int_equal(raw.services_count, 0);
    assert_null(raw.run_dir);
}

static void test_default_services(void **state)
{
    static const char *const names[] = {"sshd",         "sudo",      "sudo-i",    "su",
                                        "su-l",         "login",     "cron",      "atd",
                                        "systemd-user", "pgbouncer", "postgresql"};
    struct raw raw;

    (void)state;
    assert_true(raw_init(&raw));
    assert_int_equal(raw.services_count, sizeof names / sizeof names[0]);
    for (size_t i = 0; i < raw.services_count; i++) {
        const struct raw_service *s = &raw.services[i];

        assert_string_equal(s->name, names[i]);
        assert_int_equal(s->unix_account, i < 9);
        assert_int_equal(s->callers.count, i < 9 ? 0 : 1);
        assert_string_equal(s->username, "local");
    }
    assert_true(raw.services[9].wait == 1.0 && raw.services[10].wait == 0);
    raw_clear(&raw);
}

static void test_secrets(void **state)
{
    const struct option *token = option_find("platform", "accessToken");
    const struct option *proxy = option_find("platform", "proxy");
    struct raw raw = {.access_token = (char[]){""}, .proxy = (char[]){"http://proxy:3128"}};

    (void)state;
    assert_false(option_holds_secret(token, &raw));
    assert_false(option_holds_secret(proxy, &raw));
    raw.access_token = (char[]){"t"};
    raw.proxy = (char[]){"http://user:password@proxy:3128"};
    assert_true(option_holds_secret(token, &raw));
    assert_true(option_holds_secret(proxy, &raw));
    assert_false(option_holds_secret(option_find("platform", "url"), &raw));
}

/* Each key is in the manual's list, once. */
static void test_roff(void **state)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    (void)state;
    assert_non_null(out);
    options_roff(out);
    assert_int_equal(fclose(out), 0);
    for (size_t i = 0; i < options_count; i++) {
        char item[64];

        (void)snprintf(item, sizeof item, ".It Ic %s\n", options[i].name);
        assert_non_null(strstr(text, item));
        assert_non_null(strstr(text, options[i].doc));
    }
    free(text);
}

static enum dba_err init_once(void *arg)
{
    struct raw raw;

    (void)arg;
    if (!raw_init(&raw))
        return DBA_ERR_MEMORY;
    raw_clear(&raw);
    return DBA_OK;
}

/* There if this is linked with $(FAILALLOC), tests/tests.mk. */
__attribute__((weak)) void *__real_malloc(size_t size);

static void test_memory(void **state)
{
    (void)state;
    if (__real_malloc == NULL)
        skip();
    assert_true(failalloc_each(init_once, NULL) > options_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_default_services),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_roff),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
