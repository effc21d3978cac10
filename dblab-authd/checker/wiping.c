/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/checker/wiping.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/token.h"

void wiping_free(void *memory)
{
    if (memory != NULL)
        dba_wipe(memory, malloc_usable_size(memory));
    free(memory);
}

void *wiping_realloc(void *memory, size_t size)
{
    size_t had = memory == NULL ? 0 : malloc_usable_size(memory);
    void *moved;

    /* Shrinking stays in place: all of the block is wiped when it is freed. */
    if (memory != NULL && size > 0 && size <= had)
        return memory;
    moved = malloc(size > 0 ? size : 1);
    if (moved == NULL)
        return NULL;
    if (memory != NULL)
        memcpy(moved, memory, had < size ? had : size);
    wiping_free(memory);
    return moved;
}
