/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event log of a run. A run without it costs nothing: a failure is replayed from its seed
 * with the log on, and the last lines are kept.
 */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

#define TRACE_KEPT 200

enum trace_mode { TRACE_OFF, TRACE_KEEP, TRACE_PRINT };

struct trace {
    enum trace_mode mode;
    char (*lines)[320]; /* TRACE_KEEP: a ring of TRACE_KEPT */
    size_t count;
};

void trace_start(struct trace *trace, enum trace_mode mode);
void trace_line(struct trace *trace, dba_time now, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void trace_print(const struct trace *trace); /* what was kept */
void trace_free(struct trace *trace);

#endif
