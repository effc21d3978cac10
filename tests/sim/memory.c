/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096

static void *must(void *memory)
{
    if (memory == NULL) {
        fputs("simulate: out of memory\n", stderr);
        exit(2);
    }
    return memory;
}

void *need(size_t size)
{
    return must(calloc(1, size));
}

void *grow(void *array, size_t *room, size_t count, size_t size)
{
    if (count <= *room)
        return array;
    *room = *room > 0 ? *room * 2 : 64;
    if (*room < count)
        *room = count;
    return must(reallocarray(array, *room, size));
}

static void *get(size_t size, void *arg)
{
    size_t whole = (size + PAGE - 1) / PAGE * PAGE;
    void *memory = aligned_alloc(PAGE, whole);

    (void)arg;
    if (memory != NULL)
        memset(memory, 0, whole);
    return memory;
}

static void put(void *memory, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    free(memory);
}

const struct dba_core_memory sim_memory = {.get = get, .put = put};
