/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's log: one line per event, `event key=value ...`, to syslog (LOG_AUTHPRIV) and to
 * standard error. Equal lines in a row are written once and then counted.
 *
 * Nothing here ever waits: with a log that is not read, lines are lost and counted, and logins
 * go on. syslog(3) would block then, which is why /dev/log is spoken to directly.
 */
#ifndef DBA_KEEPER_LOG_H
#define DBA_KEEPER_LOG_H

#include "core/core.h"

/*
 * Before the environment is cleared: where standard error is the journal's (JOURNAL_STREAM,
 * systemd.exec(5)) lines go to syslog alone, else each would be there twice.
 */
void log_open(void);

void log_text(enum dba_level level, const char *text);
void log_line(enum dba_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
