/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory functions for libraries through which tokens pass: what is given back was wiped.
 */
#ifndef DBA_CHECKER_WIPING_H
#define DBA_CHECKER_WIPING_H

#include <stddef.h>

/* For blocks of malloc(), calloc() and strdup(). NULL is allowed. */
void wiping_free(void *memory);

/* realloc() that leaves no copy behind; on NULL the old block is as it was. */
void *wiping_realloc(void *memory, size_t size);

#endif
