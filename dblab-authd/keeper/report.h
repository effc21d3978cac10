/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state in words: for `dblab-auth status` (lines key=value) and as Prometheus text.
 */
#ifndef DBA_KEEPER_REPORT_H
#define DBA_KEEPER_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/stats.h"

struct report {
    struct dba_stats stats;
    bool memory_locked;
    bool own_token; /* one is configured */
    size_t connections;
};

/* Into a new buffer that the caller frees; NULL: no memory. */
char *report_status(const struct report *report, size_t *len);
char *report_metrics(const struct report *report, size_t *len);

#endif
