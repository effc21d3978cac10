/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ends of processes that are no children of ours. A process is named by its number and its
 * start time, so that one that got the same number later is another.
 */
#ifndef DBA_KEEPER_WATCH_H
#define DBA_KEEPER_WATCH_H

#include <stdint.h>
#include <sys/types.h>

#include "core/core.h"
#include "dblab-authd/common/loop.h"

struct watches;

typedef void watch_gone_fn(struct dba_process process, void *arg);

struct watches *watches_new(struct loop *loop, watch_gone_fn *fn, void *arg); /* NULL: memory */
void watches_free(struct watches **watches);

/*
 * `fn` is called once, when the process has ended, later than this returns. Without memory it
 * is never called: then what hangs on the process is checked too long, not too short.
 */
void watches_add(struct watches *watches, struct dba_process process);

/* Field 22 of /proc/PID/stat in ticks since boot; 0: no such process. */
uint64_t watch_start_time(pid_t pid);

#endif
