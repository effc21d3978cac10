/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory in which tokens rest: locked, left out of cores and of forks.
 */
#ifndef DBA_KEEPER_MEMORY_H
#define DBA_KEEPER_MEMORY_H

#include <stdbool.h>

#include "core/core.h"

struct memory {
    bool unlocked; /* a lock failed: some of it may be swapped */
};

/* Raises RLIMIT_MEMLOCK as far as it goes. Before privileges are given up. */
void memory_prepare(void);

/* For the core; `memory` must outlive it. */
struct dba_core_memory memory_for_core(struct memory *memory);

#endif
