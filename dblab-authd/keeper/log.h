/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's log: one line per event, `event key=value ...`, to syslog (LOG_AUTHPRIV) and to
 * standard error. Equal lines in a row are written once and then counted.
 */
#ifndef DBA_KEEPER_LOG_H
#define DBA_KEEPER_LOG_H

#include "core/core.h"

void log_open(void); /* `dblab-authd` in syslog */

void log_text(enum dba_level level, const char *text);
void log_line(enum dba_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
