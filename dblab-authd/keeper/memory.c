/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/memory.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include "dblab-authd/keeper/log.h"
#include "dblab-authd/keeper/privilege.h"

static bool has_no_limit(void)
{
    struct rlimit limit = {0, 0};

    return privilege_may_lock() ||
           (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY);
}

void memory_prepare(struct memory *memory)
{
    /*
     * All of the process, as it is touched: a token passes through stacks, buffers and the
     * configuration, too. With a limit this would make allocations fail later, so there the
     * vault alone is locked, as far as it goes.
     */
    if (has_no_limit() && mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0)
        return;
    memory->unlocked = true;
    log_line(DBA_LEVEL_WARNING, "memory not locked: tokens in memory may be swapped "
                                "remedy=\"CAP_IPC_LOCK, or an unlimited LimitMEMLOCK\"");
}

static void *get(size_t size, void *arg)
{
    void *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)arg;
    if (block == MAP_FAILED)
        return NULL;
    (void)madvise(block, size, MADV_DONTDUMP);
    (void)madvise(block, size, MADV_WIPEONFORK);
    (void)mlock(block, size);
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
