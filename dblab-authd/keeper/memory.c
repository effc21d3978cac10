/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/memory.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include "dblab-authd/keeper/log.h"

void memory_prepare(void)
{
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

    if (setrlimit(RLIMIT_MEMLOCK, &limit) == 0 || getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_MEMLOCK, &limit);
}

static void *get(size_t size, void *arg)
{
    struct memory *memory = arg;
    void *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (block == MAP_FAILED)
        return NULL;
    (void)madvise(block, size, MADV_DONTDUMP);
    (void)madvise(block, size, MADV_WIPEONFORK);
    if (mlock(block, size) != 0 && !memory->unlocked) {
        memory->unlocked = true;
        log_line(DBA_LEVEL_WARNING, "memory not locked: tokens in memory may be swapped "
                                    "remedy=\"raise LimitMEMLOCK\"");
    }
    return block;
}

static void put(void *block, size_t size, void *arg)
{
    (void)arg;
    (void)munmap(block, size);
}

struct dba_core_memory memory_for_core(struct memory *memory)
{
    return (struct dba_core_memory){.get = get, .put = put, .arg = memory};
}
