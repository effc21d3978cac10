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

#define READING_SAY_MAX 1600

/* Says `name:line: message`. */
typedef void reading_say_fn(const char *line, void *arg);

struct reading {
    const char *name; /* of the file, for messages */
    reading_say_fn *say;
    void *arg;
    bool failed;
    /* Line of each row of options[] outside `services`; 0: the default is in force. */
    unsigned lines[64];
};

/* One line `name:line: message`; the reading has failed. */
void reading_refuse(struct reading *reading, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The line of a key outside `services`, or 0. */
unsigned reading_line(const struct reading *reading, const char *group, const char *name);

/*
 * Reads `text` (NUL-terminated) over the defaults that are in `raw`. Says each thing that is
 * wrong; DBA_ERR_CONFIG if anything was.
 */
enum dba_err reading_run(struct reading *reading, const char *text, struct raw *raw);

#endif
