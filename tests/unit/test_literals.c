/* SPDX-License-Identifier: Apache-2.0 */
/* Whole numbers get the L that libconfig needs; nothing else of a text changes. */
#include "dblab-authd/keeper/literals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void expect(const char *text, const char *want)
{
    unsigned line;
    char *mended;

    assert_int_equal(literals_mend(text, &mended, &line), DBA_OK);
    assert_string_equal(mended, want);
    free(mended);
}

static void same(const char *text)
{
    expect(text, text);
}

static void test_numbers(void **state)
{
    (void)state;
    same("a = 2147483647;");
    expect("a = 2147483648;", "a = 2147483648L;");
    expect("a = -5000000001;", "a = -5000000001L;");
    expect("a = +5000000001;b=1", "a = +5000000001L;b=1");
    expect("a=99999999999999999999999999", "a=99999999999999999999999999L");
    same("a = 5000000001L;");
    same("a = 5000000001LL;");
    same("a = 00000000000000000000012;");
    same("a = 0x7fffffff;");
    expect("a = 0x80000000;", "a = 0x80000000L;");
    expect("a = 0XFfffffff;", "a = 0XFfffffffL;");
    same("a = 0x1ffffffffL;");
    expect("[5000000001,5000000002]", "[5000000001L,5000000002L]");
}

static void test_what_is_no_number(void **state)
{
    (void)state;
    same("");
    same("a = 5000000001.5;");
    same("a = 5000000001e3;");
    same("a = 1.5000000001;");
    same("a = .5000000001;");
    same("a = 1e+5000000001;");
    same("a5000000001 = 1;");
    same("a-5000000001 = 1;");
    same("a = \"5000000001\";");
    same("a = \"\\\"5000000001\";");
    same("a = \"\\\\\"; # \" 5000000001");
    same("# 5000000001\n// 5000000001\n/* 5000000001\n5000000001 */");
    same("a = \"/* \"; b = \"*/ 5000000001\";");
    expect("/* \" */ 5000000001 /* \" */", "/* \" */ 5000000001L /* \" */");
    same("/* 5000000001");
    same("\"5000000001");
    same("\"5000000001\\");
}

static void test_nul(void **state)
{
    unsigned line;
    char *mended;

    (void)state;
    assert_int_equal(literals_mend("a = 1;\n\nb = \"x\\x00y\";", &mended, &line), DBA_ERR_FORM);
    assert_null(mended);
    assert_int_equal(line, 3);
    assert_int_equal(literals_mend("b = \"x\\X00\";", &mended, &line), DBA_ERR_FORM);
    same("b = \"\\\\x00 is none\";");
    same("# \\x00");
    same("b = \"\\x01\\n\";");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_what_is_no_number),
        cmocka_unit_test(test_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
