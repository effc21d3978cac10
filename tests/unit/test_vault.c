/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t blocks_left = 1000;

static void *get(size_t size, void *arg)
{
    (void)arg;
    if (blocks_left == 0)
        return NULL;
    blocks_left--;
    return calloc(1, size);
}

static void put(void *memory, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    free(memory);
}

static const struct dba_core_memory memory = {.get = get, .put = put};

static struct dba_token token_of(size_t len, char c)
{
    struct dba_token token = {0};
    char bytes[DBA_TOKEN_MAX];

    memset(bytes, c, len);
    assert_int_equal(dba_token_set(&token, bytes, len), DBA_OK);
    return token;
}

static void test_sizes(void **state)
{
    static const size_t sizes[] = {1, 60, 61, 124, 125, 252, 253, 511};
    struct dba_vault *vault = dba_vault_new(&memory);
    struct dba_kept *kept[8];

    (void)state;
    for (size_t i = 0; i < 8; i++) {
        struct dba_token token = token_of(sizes[i], (char)('a' + i));
        struct dba_token back;

        kept[i] = dba_vault_keep(vault, &token);
        assert_non_null(kept[i]);
        dba_kept_show(kept[i], &back);
        assert_true(dba_token_equal(&token, &back));
        assert_true(dba_vault_holds(vault, &token));
    }
    for (size_t i = 0; i < 8; i++) {
        struct dba_token token = token_of(sizes[i], (char)('a' + i));

        dba_vault_drop(vault, &kept[i]);
        assert_null(kept[i]);
        assert_false(dba_vault_holds(vault, &token));
    }
    dba_vault_free(&vault);
}

static void test_many(void **state)
{
    enum { N = 5000 };
    static struct dba_kept *kept[N];
    struct dba_vault *vault = dba_vault_new(&memory);
    struct dba_token token = token_of(100, 'x');

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < N; i++)
            assert_non_null(kept[i] = dba_vault_keep(vault, &token));
        for (int i = 0; i < N; i++)
            dba_vault_drop(vault, &kept[i]);
    }
    assert_false(dba_vault_holds(vault, &token));
    dba_vault_free(&vault);
}

static void test_no_memory(void **state)
{
    struct dba_vault *vault = dba_vault_new(&memory);
    struct dba_token token = token_of(100, 'x');

    (void)state;
    blocks_left = 0;
    assert_null(dba_vault_keep(vault, &token));
    dba_vault_free(&vault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
