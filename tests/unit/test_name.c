/* SPDX-License-Identifier: Apache-2.0 */
#include "model/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef bool valid_fn(const char *text);

/* Which bytes may stand first, and which behind a good one: `first` and `later` list them. */
static void alphabet(valid_fn *valid, const char *before, const char *after, const char *first,
                     const char *later)
{
    for (int c = 1; c < 256; c++) {
        char text[64];

        text[0] = (char)c;
        strcpy(text + 1, after);
        assert_int_equal(valid(text), strchr(first, c) != NULL);
        strcpy(text, before);
        text[strlen(before)] = (char)c;
        strcpy(text + strlen(before) + 1, after);
        assert_int_equal(valid(text), strchr(later, c) != NULL);
    }
}

/* Valid up to `most` bytes, behind `start` and filled up with 'x'. */
static void longest(valid_fn *valid, const char *start, size_t most)
{
    char text[512];

    memset(text, 'x', sizeof text);
    memcpy(text, start, strlen(start));
    for (size_t len = strlen(start) + 1; len < sizeof text; len++) {
        text[len] = '\0';
        assert_int_equal(valid(text), len <= most);
        text[len] = 'x';
    }
}

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static void test_name(void **state)
{
    (void)state;
    alphabet(dba_name_valid, "a", "b", LOWER "_", LOWER DIGITS "_.-");
    longest(dba_name_valid, "a", 32);
    assert_true(dba_name_valid("_"));
    assert_true(dba_name_valid("a--..__9"));
    assert_false(dba_name_valid(""));
    assert_false(dba_name_valid("alice\n"));
    assert_false(dba_name_valid("../alice"));
    assert_false(dba_name_valid("alice@acme.io"));
}

static void test_address(void **state)
{
    (void)state;
    alphabet(dba_address_valid, "a", "b@acme.io", LOWER UPPER DIGITS "._-",
             LOWER UPPER DIGITS "._-");
    longest(dba_address_valid, "a@b", 254);
    assert_true(dba_address_valid("a@b"));
    assert_true(dba_address_valid("A.b-c_9@Acme.IO"));
    assert_false(dba_address_valid(""));
    assert_false(dba_address_valid("@"));
    assert_false(dba_address_valid("a@"));
    assert_false(dba_address_valid("@b"));
    assert_false(dba_address_valid("ab"));
    assert_false(dba_address_valid("a@@b"));
    assert_false(dba_address_valid("a@b@c"));
    assert_false(dba_address_valid("a+b@acme.io"));
    assert_false(dba_address_valid("A <a@b>"));
    assert_false(dba_address_valid("a@b "));
    assert_false(dba_address_valid("a@b\xc3\xa9"));
}

static void test_user(void **state)
{
    (void)state;
    assert_true(dba_user_valid(DBA_USERNAME_LOCAL, "alice"));
    assert_false(dba_user_valid(DBA_USERNAME_LOCAL, "alice@acme.io"));
    assert_false(dba_user_valid(DBA_USERNAME_LOCAL, "Alice"));
    assert_true(dba_user_valid(DBA_USERNAME_EMAIL, "alice@acme.io"));
    assert_false(dba_user_valid(DBA_USERNAME_EMAIL, "alice"));
    assert_false(dba_user_valid(DBA_USERNAME_EMAIL, "Alice@acme.io"));
    assert_false(dba_user_valid(DBA_USERNAME_EMAIL, "alice@acme.iO"));
    assert_false(dba_user_valid(DBA_USERNAME_EMAIL, ""));
    assert_false(dba_user_valid(DBA_USERNAME_LOCAL, ""));
}

static void test_service(void **state)
{
    (void)state;
    alphabet(dba_service_name_valid, "a", "b", LOWER UPPER DIGITS "_.-",
             LOWER UPPER DIGITS "_.-");
    longest(dba_service_name_valid, "s", 63);
    assert_true(dba_service_name_valid("sudo-i"));
    assert_true(dba_service_name_valid("..."));
    assert_false(dba_service_name_valid(""));
    assert_false(dba_service_name_valid(".")); /* folders of pam.d */
    assert_false(dba_service_name_valid(".."));
    assert_false(dba_service_name_valid("../sshd"));
}

static void test_domain(void **state)
{
    char longest_one[256];

    (void)state;
    alphabet(dba_domain_valid, "a", "b.io", LOWER UPPER DIGITS, LOWER UPPER DIGITS ".-");
    longest(dba_domain_valid, "acme.", 5 + 63); /* a label has at most 63 */
    for (size_t i = 0; i < sizeof longest_one; i++)
        longest_one[i] = i % 2 == 0 ? 'x' : '.';
    longest_one[253] = '\0';
    assert_true(dba_domain_valid(longest_one));
    longest_one[253] = 'x';
    longest_one[254] = '\0';
    assert_false(dba_domain_valid(longest_one));
    assert_true(dba_domain_valid("localhost"));
    assert_true(dba_domain_valid("a-b.c--d.9"));
    assert_false(dba_domain_valid(""));
    assert_false(dba_domain_valid("."));
    assert_false(dba_domain_valid("acme..io"));
    assert_false(dba_domain_valid(".acme.io"));
    assert_false(dba_domain_valid("acme.io."));
    assert_false(dba_domain_valid("-acme.io"));
    assert_false(dba_domain_valid("acme-.io"));
    assert_false(dba_domain_valid("acme.-io"));
    assert_false(dba_domain_valid("acme.io-"));
    assert_false(dba_domain_valid("acme_x.io"));
    assert_false(dba_domain_valid("@acme.io"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name),   cmocka_unit_test(test_address),
        cmocka_unit_test(test_user),   cmocka_unit_test(test_service),
        cmocka_unit_test(test_domain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
