/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory in which tokens rest: locked, left out of cores and of forks.
 */
#ifndef DBA_KEEPER_MEMORY_H
#define DBA_KEEPER_MEMORY_H

#include <stdbool.h>

#include "core/core.h"

struct memory {
    bool unlocked; /* some of it may be swapped */
};

/* Locks what the process has and will have; if it may not, goes on and says so, once. */
void memory_prepare(struct memory *memory);

/* For the core; `memory` must outlive it. */
struct dba_core_memory memory_for_core(struct memory *memory);

#endif
