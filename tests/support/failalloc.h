/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs code again and again, each time with another of its allocations failing, until it gets
 * through without a failure. So every path that follows a failed allocation is walked once.
 *
 * Only calls that stand in our own objects can fail and are counted: those inside libc and
 * other libraries always work. The linker does it, in plain and in sanitizer builds alike: a
 * test that uses this is linked with $(FAILALLOC) (tests/tests.mk). One that is not fails and
 * says so.
 */
#ifndef DBA_TESTS_SUPPORT_FAILALLOC_H
#define DBA_TESTS_SUPPORT_FAILALLOC_H

#include <stddef.h>

#include "base/err.h"

/*
 * One run from scratch: makes what it needs, does the work, frees all that it made, and returns
 * the work's error. May use cmocka's asserts.
 */
typedef enum dba_err failalloc_fn(void *arg);

/*
 * For n = 1, 2, ...: `fn` with its n-th allocation failing, then with the n-th and all after it
 * failing. Each such run must return DBA_ERR_MEMORY, and every run must free what it allocated.
 * Ends with the run in which nothing failed, which must return DBA_OK. Gives back how many
 * allocations that one made.
 */
size_t failalloc_each(failalloc_fn *fn, void *arg);

#endif
