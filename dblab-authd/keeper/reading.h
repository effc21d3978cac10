/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file's text into raw values, by the table of option.h. The only file that
 * knows libconfig is reading.c. Pure: it reads no file.
 */
#ifndef DBA_KEEPER_READING_H
#define DBA_KEEPER_READING_H

#include <stdbool.h>

#include "base/err.h"
#include "dblab-authd/keeper/option.h"

#define READING_MESSAGE_MAX 2000
#define READING_SAY_MAX     (READING_MESSAGE_MAX + 1100)
#define READING_LINES       64 /* rows of options[] at most, but for those of `services` */

/* Says `name:line: message`. */
typedef void reading_say_fn(const char *line, void *arg);

struct reading {
    const char *name; /* of the file, for messages */
    reading_say_fn *say;
    void *arg;
    bool failed;
    bool no_memory; /* with `failed`: that is why, and nothing was said of it */
    /* Line of each row of options[] outside `services`: its own, its group's, or 0. */
    unsigned lines[READING_LINES];
};

/* One line `name:line: message`; the reading has failed. Line 0: of nothing in particular. */
void reading_refuse(struct reading *reading, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The reading has failed, for want of memory. */
void reading_no_memory(struct reading *reading);

/* One line `name:line: warning: message`; the reading goes on. */
void reading_warn(const struct reading *reading, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* DBA_OK, or why the reading has failed. */
enum dba_err reading_error(const struct reading *reading);

/* The line of a key outside `services`, or of its group; 0: neither is in the file. */
unsigned reading_line(const struct reading *reading, const char *group, const char *name);

/*
 * Reads `text` (NUL-terminated) over the defaults that are in `raw`. Says each thing that is
 * wrong; DBA_ERR_CONFIG if anything was, or DBA_ERR_MEMORY.
 */
enum dba_err reading_run(struct reading *reading, const char *text, struct raw *raw);

#endif
