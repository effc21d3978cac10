/* SPDX-License-Identifier: Apache-2.0 */
#include "core/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_order(void **state)
{
    struct dba_table *table = dba_table_new(sizeof(uint32_t), sizeof(int));
    uint32_t keys[] = {7, 8, 9};
    int *values[3];

    (void)state;
    assert_non_null(table);
    for (int i = 0; i < 3; i++) {
        values[i] = dba_table_add(table, &keys[i]);
        assert_non_null(values[i]);
        assert_int_equal(*values[i], 0);
        *values[i] = i;
    }
    assert_int_equal(dba_table_count(table), 3);
    assert_ptr_equal(dba_table_find(table, &keys[1]), values[1]);
    assert_int_equal(*(const uint32_t *)dba_table_key(table, values[2]), 9);
    assert_ptr_equal(dba_table_oldest(table), values[0]);
    dba_table_touch(table, values[0]);
    assert_ptr_equal(dba_table_oldest(table), values[1]);
    assert_ptr_equal(dba_table_next(table, values[1]), values[2]);
    assert_ptr_equal(dba_table_next(table, values[2]), values[0]);
    assert_null(dba_table_next(table, values[0]));
    dba_table_remove(table, values[1]);
    assert_null(dba_table_find(table, &keys[1]));
    assert_ptr_equal(dba_table_find(table, &keys[0]), values[0]);
    dba_table_free(&table);
    assert_null(table);
}

static void test_many(void **state)
{
    struct dba_table *table = dba_table_new(sizeof(uint32_t), 40);

    (void)state;
    for (uint32_t k = 1; k <= 50000; k++)
        assert_non_null(dba_table_add(table, &k));
    for (uint32_t k = 1; k <= 50000; k += 7)
        assert_non_null(dba_table_find(table, &k));
    while (dba_table_count(table) > 10)
        dba_table_remove(table, dba_table_oldest(table));
    assert_int_equal(*(const uint32_t *)dba_table_key(table, dba_table_oldest(table)), 49991);
    dba_table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
