/* SPDX-License-Identifier: Apache-2.0 */
#include "base/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static void test_form(void **state)
{
    char long_one[600];
    struct dba_token token;

    (void)state;
    memset(long_one, 'x', sizeof long_one);
    assert_int_equal(dba_token_set(&token, "a", 1), DBA_OK);
    assert_int_equal(dba_token_set(&token, long_one, 511), DBA_OK);
    assert_int_equal(token.len, 511);
    assert_int_equal(dba_token_set(&token, long_one, 512), DBA_ERR_SIZE);
    assert_int_equal(token.len, 0);
    assert_int_equal(dba_token_set(&token, "", 0), DBA_ERR_FORM);
    assert_int_equal(dba_token_set(&token, "a\0b", 3), DBA_ERR_FORM);
    assert_int_equal(dba_token_set(&token, "a\n", 2), DBA_ERR_FORM);
    assert_int_equal(dba_token_set(&token, "a\x7f", 2), DBA_ERR_FORM);
    assert_int_equal(dba_token_set(&token, "\b\n\r\177INCORRECT", 13), DBA_ERR_FORM);
    assert_int_equal(dba_token_set(&token, "\xff", 1), DBA_ERR_FORM);
    assert_int_equal(dba_token_set(&token, "a b\"\\\xc3\xa9", 7), DBA_OK);
}

static void test_equal(void **state)
{
    struct dba_token a = {0}, b = {0};

    (void)state;
    assert_int_equal(dba_token_set(&a, "token", 5), DBA_OK);
    assert_int_equal(dba_token_set(&b, "token", 5), DBA_OK);
    assert_true(dba_token_equal(&a, &b));
    assert_int_equal(dba_token_set(&b, "tokem", 5), DBA_OK);
    assert_false(dba_token_equal(&a, &b));
    assert_int_equal(dba_token_set(&b, "token1", 6), DBA_OK);
    assert_false(dba_token_equal(&a, &b));
    dba_token_wipe(&a);
    assert_int_equal(a.len, 0);
    assert_int_equal(a.bytes[0], 0);
    dba_token_wipe(NULL);
}

static void test_text(void **state)
{
    char out[8];

    (void)state;
    assert_string_equal(dba_text_clean(out, sizeof out, "a\nb\"\\"), "a?b??");
    assert_string_equal(dba_text_clean(out, 3, "abcdef"), "ab");
    assert_true(dba_text_copy(out, sizeof out, "1234567"));
    assert_false(dba_text_copy(out, sizeof out, "12345678"));
    assert_string_equal(out, "");
    assert_true(dba_text_equal_nocase("AbC", "aBc"));
    assert_false(dba_text_equal_nocase("ab", "abc"));
    assert_true(dba_text_is_utf8("\xf4\x8f\xbf\xbf", 4));
    assert_false(dba_text_is_utf8("\xf4\x90\x80\x80", 4)); /* over U+10FFFF */
    assert_false(dba_text_is_utf8("\xed\xa0\x80", 3));     /* a surrogate */
    assert_false(dba_text_is_utf8("\xc0\x80", 2));         /* overlong */
    assert_false(dba_text_is_utf8("\xe0\x80\x80", 3));
    assert_false(dba_text_is_utf8("\xc3", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
