/* SPDX-License-Identifier: Apache-2.0 */
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

void trace_start(struct trace *trace, enum trace_mode mode)
{
    *trace = (struct trace){.mode = mode};
    if (mode == TRACE_KEEP)
        trace->lines = need(TRACE_KEPT * sizeof *trace->lines);
}

void trace_line(struct trace *trace, dba_time now, const char *format, ...)
{
    char line[sizeof *trace->lines];
    va_list args;
    int len;

    if (trace->mode == TRACE_OFF)
        return;
    len = snprintf(line, sizeof line, "%12.6f  ", dba_time_in_seconds(now));
    va_start(args, format);
    (void)vsnprintf(line + len, sizeof line - (size_t)len, format, args);
    va_end(args);
    if (trace->mode == TRACE_PRINT)
        puts(line);
    else
        memcpy(trace->lines[trace->count++ % TRACE_KEPT], line, sizeof line);
}

void trace_print(const struct trace *trace)
{
    size_t first = trace->count > TRACE_KEPT ? trace->count - TRACE_KEPT : 0;

    if (trace->mode != TRACE_KEEP)
        return;
    for (size_t i = first; i < trace->count; i++)
        puts(trace->lines[i % TRACE_KEPT]);
}

void trace_free(struct trace *trace)
{
    free(trace->lines);
    *trace = (struct trace){0};
}
