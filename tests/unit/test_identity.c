/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct dba_map *parse(const char *text)
{
    struct dba_map *map;
    unsigned line;
    const char *why;

    assert_int_equal(dba_map_parse(text, strlen(text), &map, &line, &why), DBA_OK);
    return map;
}

static void refused(const char *text, unsigned line)
{
    struct dba_map *map;
    unsigned at;
    const char *why;

    assert_int_equal(dba_map_parse(text, strlen(text), &map, &at, &why), DBA_ERR_FORM);
    assert_null(map);
    assert_int_equal(at, line);
    assert_non_null(why);
}

static bool fits(const struct dba_map *map, const char *email, const char *user)
{
    return dba_identity_fits(map, "acme.io", DBA_USERNAME_LOCAL, email, user);
}

static void test_names(void **state)
{
    (void)state;
    assert_true(dba_name_valid("alice"));
    assert_true(dba_name_valid("_a.b-c9"));
    assert_true(dba_name_valid("a2345678901234567890123456789012"));
    assert_false(dba_name_valid("a23456789012345678901234567890123"));
    assert_false(dba_name_valid(""));
    assert_false(dba_name_valid("Alice"));
    assert_false(dba_name_valid("9a"));
    assert_false(dba_name_valid("a/b"));
    assert_false(dba_name_valid("../a"));
    assert_true(dba_address_valid("A.b-c_9@acme.io"));
    assert_false(dba_address_valid("a+b@acme.io"));
    assert_false(dba_address_valid("a@b@c"));
    assert_false(dba_address_valid("@c"));
    assert_false(dba_address_valid("a@"));
    assert_false(dba_address_valid("A <a@b>"));
    assert_true(dba_user_valid(DBA_USERNAME_EMAIL, "a@b"));
    assert_false(dba_user_valid(DBA_USERNAME_EMAIL, "A@b"));
    assert_true(dba_service_name_valid("sudo-i"));
    assert_false(dba_service_name_valid(".."));
    assert_false(dba_service_name_valid("a/b"));
    assert_true(dba_domain_valid("acme.io"));
    assert_false(dba_domain_valid("acme..io"));
    assert_false(dba_domain_valid("-acme.io"));
    assert_false(dba_domain_valid("acme.io."));
    assert_false(dba_domain_valid("acme io"));
}

static void test_rule(void **state)
{
    (void)state;
    assert_true(fits(NULL, "alice@acme.io", "alice"));
    assert_true(fits(NULL, "Alice@ACME.IO", "alice"));
    assert_false(fits(NULL, "alice@acme.io", "bob"));
    assert_false(fits(NULL, "alice@other.io", "alice"));
    assert_false(fits(NULL, "alice@acme.io.other.io", "alice"));
    assert_false(fits(NULL, "", "alice"));
    assert_false(fits(NULL, "alice+x@acme.io", "alice"));
    assert_false(fits(NULL, "A <alice@acme.io>", "alice"));
    assert_false(dba_identity_fits(NULL, "", DBA_USERNAME_LOCAL, "alice@acme.io", "alice"));
    assert_true(dba_identity_fits(NULL, "acme.io", DBA_USERNAME_EMAIL, "Alice@acme.io",
                                  "alice@acme.io"));
    assert_false(
        dba_identity_fits(NULL, "acme.io", DBA_USERNAME_EMAIL, "alice@acme.io", "alice"));
}

static void test_map(void **state)
{
    struct dba_map *map = parse("# people\n"
                                "Bob@Acme.io\tbobby  robert # two\n"
                                "\n"
                                "a+b@else.where plus\r\n"
                                "bob@acme.io third");
    char user[DBA_USER_MAX + 1];

    (void)state;
    assert_int_equal(dba_map_count(map), 2);
    assert_true(fits(map, "bob@acme.io", "bobby"));
    assert_true(fits(map, "BOB@acme.io", "robert"));
    assert_true(fits(map, "bob@acme.io", "third"));
    assert_false(fits(map, "bob@acme.io", "bob")); /* its lines, and nothing else */
    assert_true(fits(map, "a+b@else.where", "plus"));
    assert_true(fits(map, "carol@acme.io", "carol"));
    assert_true(dba_identity_name(map, "acme.io", DBA_USERNAME_LOCAL, "bob@acme.io", user,
                                  sizeof user));
    assert_string_equal(user, "bobby");
    assert_true(dba_identity_name(map, "acme.io", DBA_USERNAME_LOCAL, "Carol@acme.io", user,
                                  sizeof user));
    assert_string_equal(user, "carol");
    assert_false(
        dba_identity_name(map, "acme.io", DBA_USERNAME_LOCAL, "x@y.z", user, sizeof user));
    assert_string_equal(user, "");
    dba_map_free(&map);
    assert_null(map);
}

static void test_refused(void **state)
{
    (void)state;
    refused("alice\n", 1);
    refused("\na@b\n", 2);
    refused("a@b Alice\n", 1);
    refused("a@b ../x\n", 1);
    refused("a@b ok\n\x01\n", 2);
}

static void test_large(void **state)
{
    enum { N = 100000 };
    char *text = malloc((size_t)N * 40);
    struct dba_map *map;
    size_t len = 0;

    (void)state;
    for (int i = 0; i < N; i++)
        len += (size_t)sprintf(text + len, "u%d@acme.io x%d\n", (i * 7919) % N, i);
    text[len] = '\0';
    map = parse(text);
    assert_int_equal(dba_map_count(map), N);
    assert_true(fits(map, "u7919@acme.io", "x1"));
    assert_false(fits(map, "u7919@acme.io", "x2"));
    dba_map_free(&map);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names), cmocka_unit_test(test_rule),
        cmocka_unit_test(test_map),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
