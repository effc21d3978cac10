/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const enum dba_err all[] = {
#define X(name, value, text) name,
    DBA_ERR_LIST(X)
#undef X
};

enum { COUNT = sizeof all / sizeof all[0] };

/* `if (err < 0)` and `if (err != DBA_OK)` must mean the same. */
static void test_numbers(void **state)
{
    (void)state;
    assert_int_equal(DBA_OK, 0);
    assert_int_equal(all[0], DBA_OK);
    for (size_t i = 1; i < COUNT; i++) {
        assert_true((int)all[i] < 0);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(all[i], all[j]);
    }
}

static void test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        const char *text = dba_err_text(all[i]);

        assert_true(text[0] != '\0');
        assert_null(strpbrk(text, "\n\r\t\"\\"));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(text, dba_err_text(all[j]));
    }
    assert_string_equal(dba_err_text(DBA_OK), "success");
}

static void test_unknown(void **state)
{
    (void)state;
    assert_string_equal(dba_err_text((enum dba_err)1), "unknown error");
    assert_string_equal(dba_err_text((enum dba_err) - 1000), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
