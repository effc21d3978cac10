/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "base/clock.h"

/* Equal lines within this time are counted instead of written. */
#define REPEAT_TIME (10 * DBA_SECOND)

/* syslog(3) is one per process anyway; so is this. */
static struct {
    char last[512];
    dba_time written;
    unsigned repeated;
    int priority;
} state;

void log_open(void)
{
    openlog("dblab-authd", LOG_PID, LOG_AUTHPRIV);
}

static int priority_of(enum dba_level level)
{
    switch (level) {
    case DBA_LEVEL_ERROR:
        return LOG_ERR;
    case DBA_LEVEL_WARNING:
        return LOG_WARNING;
    case DBA_LEVEL_NOTICE:
        return LOG_NOTICE;
    case DBA_LEVEL_DEBUG:
        return LOG_DEBUG;
    }
    return LOG_ERR;
}

static void write_line(int priority, const char *text)
{
    syslog(priority, "%s", text);
    if (priority != LOG_DEBUG)
        (void)fprintf(stderr, "dblab-authd: %s\n", text);
}

static void flush_repeats(void)
{
    char line[sizeof state.last + 32];

    if (state.repeated == 0)
        return;
    (void)snprintf(line, sizeof line, "%s repeated=%u", state.last, state.repeated);
    state.repeated = 0;
    write_line(state.priority, line);
}

void log_text(enum dba_level level, const char *text)
{
    dba_time now = dba_clock_boot();

    if (strncmp(text, state.last, sizeof state.last - 1) == 0 &&
        now - state.written < REPEAT_TIME) {
        state.repeated++;
        return;
    }
    flush_repeats();
    (void)snprintf(state.last, sizeof state.last, "%s", text);
    state.written = now;
    state.priority = priority_of(level);
    write_line(state.priority, text);
}

void log_line(enum dba_level level, const char *format, ...)
{
    char line[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    log_text(level, line);
}
