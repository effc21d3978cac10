/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* In memory of exactly its size: a sanitizer build sees a byte read too many. */
static bool utf8(const char *bytes, size_t len)
{
    char *copy = malloc(len > 0 ? len : 1);
    bool is;

    assert_non_null(copy);
    memcpy(copy, bytes, len);
    is = dba_text_is_utf8(copy, len);
    free(copy);
    return is;
}

/* Each code point encodes to a form that is taken, whole, and to none that is not. */
static void test_code_points(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x110000; c += c < 0x1100 || (c >> 8) == 0xd7 ? 1 : 31) {
        char b[4];
        size_t len;
        bool good = c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff);

        if (c < 0x80) {
            b[0] = (char)c;
            len = 1;
        } else if (c < 0x800) {
            b[0] = (char)(0xc0 | c >> 6);
            len = 2;
        } else if (c < 0x10000) {
            b[0] = (char)(0xe0 | c >> 12);
            len = 3;
        } else {
            b[0] = (char)(0xf0 | c >> 18);
            len = 4;
        }
        for (size_t i = 1; i < len; i++)
            b[i] = (char)(0x80 | ((c >> (6 * (len - 1 - i))) & 0x3f));
        assert_int_equal(utf8(b, len), good);
        for (size_t cut = 1; cut < len; cut++)
            assert_false(utf8(b, cut));
    }
}

static void test_two_bytes(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++)
        for (unsigned second = 0; second < 256; second++) {
            const char b[2] = {(char)first, (char)second};
            bool good = (first < 0x80 && second < 0x80) ||
                        (first >= 0xc2 && first <= 0xdf && second >= 0x80 && second <= 0xbf);

            assert_int_equal(utf8(b, 2), good);
        }
}

/* Unicode 15, table 3-7: the ends of the rows whose second byte is narrowed, and one beyond. */
static void test_narrowed(void **state)
{
    (void)state;
    assert_true(utf8("", 0));
    assert_true(utf8("\xe0\xa0\x80", 3) && !utf8("\xe0\x9f\xbf", 3));
    assert_true(utf8("\xed\x9f\xbf", 3) && !utf8("\xed\xa0\x80", 3)); /* a surrogate */
    assert_true(utf8("\xee\x80\x80", 3) && utf8("\xef\xbf\xbf", 3));
    assert_true(utf8("\xf0\x90\x80\x80", 4) && !utf8("\xf0\x8f\xbf\xbf", 4));
    assert_true(utf8("\xf4\x8f\xbf\xbf", 4) && !utf8("\xf4\x90\x80\x80", 4));
    assert_false(utf8("\xc0\x80", 2)); /* NUL in two bytes */
    assert_false(utf8("\xc1\xbf", 2));
    assert_false(utf8("\xf5\x80\x80\x80", 4));
    assert_false(utf8("\xe1\x80\xc0", 3));
    assert_false(utf8("\xf1\x80\x80\x7f", 4));
    assert_false(utf8("a\x80", 2));
    assert_true(utf8("a\xc3\xa9z\xf0\x9f\x94\x91", 8));
    assert_false(utf8("a\xc3\xa9z\xf0\x9f\x94", 7));
}

static void test_clean(void **state)
{
    char out[8] = "xxxxxxx";

    (void)state;
    for (unsigned c = 1; c < 256; c++) {
        const char src[2] = {(char)c, '\0'};
        bool stays = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';

        assert_ptr_equal(dba_text_clean(out, sizeof out, src), out);
        assert_int_equal((unsigned char)out[0], stays ? c : '?');
        assert_int_equal(out[1], '\0');
    }
    assert_string_equal(dba_text_clean(out, sizeof out, "a\nb\"\\\x1b"), "a?b???");
    assert_string_equal(dba_text_clean(out, sizeof out, ""), "");
    assert_string_equal(dba_text_clean(out, sizeof out, "1234567"), "1234567");
    assert_string_equal(dba_text_clean(out, sizeof out, "12345678"), "1234567");
    assert_string_equal(dba_text_clean(out, 1, "abc"), "");
    out[0] = 'k';
    assert_ptr_equal(dba_text_clean(out, 0, "abc"), out);
    assert_int_equal(out[0], 'k');
}

static void test_copy(void **state)
{
    char out[8];

    (void)state;
    assert_true(dba_text_copy(out, sizeof out, "1234567"));
    assert_string_equal(out, "1234567");
    assert_false(dba_text_copy(out, sizeof out, "12345678")); /* whole or not at all */
    assert_string_equal(out, "");
    assert_true(dba_text_copy(out, sizeof out, ""));
    assert_string_equal(out, "");
    assert_true(dba_text_copy(out, 1, ""));
    assert_false(dba_text_copy(out, 1, "a"));
    out[0] = 'k';
    assert_false(dba_text_copy(out, 0, ""));
    assert_int_equal(out[0], 'k');
}

static void test_case(void **state)
{
    (void)state;
    for (int c = -128; c < 128; c++) {
        char want = (c >= 'A' && c <= 'Z') ? (char)(c + 32) : (char)c;

        assert_int_equal(dba_text_lower((char)c), want);
    }
    assert_true(dba_text_equal_nocase("", ""));
    assert_true(dba_text_equal_nocase("Acme.IO", "aCME.io"));
    assert_false(dba_text_equal_nocase("ab", "abc"));
    assert_false(dba_text_equal_nocase("abc", "ab"));
    assert_false(dba_text_equal_nocase("", "a"));
    assert_false(dba_text_equal_nocase("[", "{")); /* 0x20 apart, too, but no letters */
    assert_false(dba_text_equal_nocase("@", "`"));
    assert_false(dba_text_equal_nocase("\xc3\x89", "\xc3\xa9")); /* ASCII only */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_code_points), cmocka_unit_test(test_two_bytes),
        cmocka_unit_test(test_narrowed),    cmocka_unit_test(test_clean),
        cmocka_unit_test(test_copy),        cmocka_unit_test(test_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
