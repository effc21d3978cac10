/* SPDX-License-Identifier: Apache-2.0 */
#include "base/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct dba_token empty;

static struct dba_token token_of(const char *text)
{
    struct dba_token token;

    assert_int_equal(dba_token_set(&token, text, strlen(text)), DBA_OK);
    return token;
}

static void refused(const char *bytes, size_t len, enum dba_err want)
{
    struct dba_token token = token_of("a token that was here before");

    assert_int_equal(dba_token_set(&token, bytes, len), want);
    assert_memory_equal(&token, &empty, sizeof token);
}

static void test_length(void **state)
{
    struct dba_token token;
    char bytes[2000];

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    for (size_t len = 1; len <= DBA_TOKEN_MAX; len++) {
        assert_int_equal(dba_token_set(&token, bytes, len), DBA_OK);
        assert_int_equal(token.len, len);
        assert_int_equal(strlen(token.bytes), len);
    }
    refused(bytes, 0, DBA_ERR_FORM);
    refused(bytes, 512, DBA_ERR_SIZE);
    refused(bytes, 2000, DBA_ERR_SIZE);
    refused(bytes, 511 + 65536, DBA_ERR_SIZE); /* would be 511 in 16 bits */
}

static void test_bytes(void **state)
{
    struct dba_token token;

    (void)state;
    for (int c = 0; c < 128; c++) {
        const char bytes[3] = {'a', (char)c, 'b'};

        if (c < 0x20 || c == 0x7f) {
            refused(bytes, 3, DBA_ERR_FORM);
            refused(bytes + 1, 2, DBA_ERR_FORM);
            refused(bytes, 2, DBA_ERR_FORM);
        } else {
            assert_int_equal(dba_token_set(&token, bytes, 3), DBA_OK);
            assert_memory_equal(token.bytes, bytes, 3);
        }
    }
    for (int c = 128; c < 256; c++) {
        const char byte = (char)c;

        refused(&byte, 1, DBA_ERR_FORM);
    }
    (void)token_of(" a b\"\\\xc3\xa9\xf0\x9f\x94\x91");
    refused("a\xc3", 2, DBA_ERR_FORM);
    refused("\xed\xa0\x80", 3, DBA_ERR_FORM);
    refused("\b\n\r\177INCORRECT", 13, DBA_ERR_FORM); /* what sshd sends for unknown users */
}

static void test_equal(void **state)
{
    struct dba_token a = token_of("token");
    struct dba_token b = token_of("token");
    char bytes[DBA_TOKEN_MAX];

    (void)state;
    assert_true(dba_token_equal(&a, &b));
    assert_true(dba_token_equal(&empty, &empty));
    assert_false(dba_token_equal(&a, &empty));
    b = token_of("tokem");
    assert_false(dba_token_equal(&a, &b));
    b = token_of("Token");
    assert_false(dba_token_equal(&a, &b));
    b = token_of("token1");
    assert_false(dba_token_equal(&a, &b) || dba_token_equal(&b, &a));
    /* Only what `len` covers counts, on either side. */
    b = token_of("token and more");
    b.len = 5;
    assert_true(dba_token_equal(&a, &b) && dba_token_equal(&b, &a));

    memset(bytes, 'x', sizeof bytes);
    assert_int_equal(dba_token_set(&a, bytes, sizeof bytes), DBA_OK);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = 'y';
        assert_int_equal(dba_token_set(&b, bytes, sizeof bytes), DBA_OK);
        assert_false(dba_token_equal(&a, &b));
        bytes[i] = 'x';
    }
}

static void test_wipe(void **state)
{
    struct dba_token token = token_of("token");
    char bytes[16];

    (void)state;
    dba_token_wipe(&token);
    assert_memory_equal(&token, &empty, sizeof token);
    dba_token_wipe(NULL);
    dba_wipe(NULL, 0);
    memset(bytes, 'x', sizeof bytes);
    dba_wipe(bytes + 4, 8);
    assert_memory_equal(bytes, "xxxx\0\0\0\0\0\0\0\0xxxx", sizeof bytes);
    dba_wipe(bytes, 0);
    assert_int_equal(bytes[0], 'x');
}

/* A shorter token leaves nothing of the longer one that was there. */
static void test_set_again(void **state)
{
    struct dba_token token = token_of("a long token of somebody else");
    struct dba_token fresh = {0};

    (void)state;
    assert_int_equal(dba_token_set(&token, "short", 5), DBA_OK);
    assert_int_equal(dba_token_set(&fresh, "short", 5), DBA_OK);
    assert_memory_equal(&token, &fresh, sizeof token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_length),    cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_equal),     cmocka_unit_test(test_wipe),
        cmocka_unit_test(test_set_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
