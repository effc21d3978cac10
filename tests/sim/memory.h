/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of the simulator itself: a world that cannot have it ends the program.
 */
#ifndef SIM_MEMORY_H
#define SIM_MEMORY_H

#include <stddef.h>

#include "core/core.h"

void *need(size_t size); /* zeroed */

/* An array with room for `count`; *room is what it has. */
void *grow(void *array, size_t *room, size_t count, size_t size);

/* What the core keeps tokens in: plain memory here. */
extern const struct dba_core_memory sim_memory;

#endif
