/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/failalloc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/*
 * The linker makes __real_x of x and x of __wrap_x. Weak, so that a test which was linked
 * without that is told so, instead of breaking the build of all.
 */
#define REAL __attribute__((weak))
REAL void *__real_malloc(size_t size);
REAL void *__real_calloc(size_t count, size_t size);
REAL void *__real_realloc(void *old, size_t size);
REAL void *__real_reallocarray(void *old, size_t count, size_t size);
REAL char *__real_strdup(const char *text);
REAL char *__real_strndup(const char *text, size_t most);
REAL void __real_free(void *block);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t most);
void __wrap_free(void *block);

/* Of this thread, since failalloc_each() began a run; other threads allocate as ever. */
static _Thread_local struct {
    size_t made;   /* allocations asked for */
    size_t fail;   /* number of the first that fails; 0: none */
    bool and_on;   /* all after it fail, too */
    bool failed;   /* one did */
    intptr_t live; /* blocks not freed */
} count;

static bool fails(void)
{
    count.made++;
    if (count.fail == 0 || count.made < count.fail ||
        (count.made > count.fail && !count.and_on))
        return false;
    count.failed = true;
    errno = ENOMEM;
    return true;
}

/* `block` is new, unless it took the place of `old`. */
static void *counted(void *block, const void *old)
{
    if (block != NULL && old == NULL)
        count.live++;
    return block;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : counted(__real_malloc(size), NULL);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : counted(__real_calloc(n, size), NULL);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : counted(__real_realloc(old, size), old);
}

void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
    return fails() ? NULL : counted(__real_reallocarray(old, n, size), old);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : counted(__real_strdup(text), NULL);
}

char *__wrap_strndup(const char *text, size_t most)
{
    return fails() ? NULL : counted(__real_strndup(text, most), NULL);
}

void __wrap_free(void *block)
{
    if (block != NULL)
        count.live--;
    __real_free(block);
}

static enum dba_err run(failalloc_fn *fn, void *arg, size_t fail, bool and_on)
{
    enum dba_err err;

    memset(&count, 0, sizeof count);
    count.fail = fail;
    count.and_on = and_on;
    err = fn(arg);
    count.fail = 0;
    if (count.live != 0)
        fail_msg("allocation %zu%s failed: %jd blocks were not freed", fail,
                 and_on ? " and all after it" : "", (intmax_t)count.live);
    return err;
}

size_t failalloc_each(failalloc_fn *fn, void *arg)
{
    enum dba_err err;

    if (__real_malloc == NULL)
        fail_msg("this test is to be linked with $(FAILALLOC), see tests/tests.mk");
    for (size_t n = 1;; n++) {
        err = run(fn, arg, n, false);
        if (!count.failed)
            break;
        assert_int_equal(err, DBA_ERR_MEMORY);
        assert_int_equal(run(fn, arg, n, true), DBA_ERR_MEMORY);
    }
    assert_int_equal(err, DBA_OK);
    return count.made;
}
