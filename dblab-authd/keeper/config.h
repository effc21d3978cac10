/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file: libconfig text in, one checked `struct config` out, all or nothing.
 * One table (option.h) drives defaults, types, ranges, --check, --dump and the manual page.
 */
#ifndef DBA_KEEPER_CONFIG_H
#define DBA_KEEPER_CONFIG_H

#include <stdio.h>

#include "base/err.h"
#include "dblab-authd/common/link.h"
#include "model/settings.h"

#define CONFIG_PATH_MAX 1024

struct raw; /* option.h */

struct config {
    char run_dir[CONFIG_PATH_MAX];
    struct dba_settings settings; /* what the core decides by */
    struct link_setup platform;   /* what the checker is told */
    char *ca;                     /* what is in platform.caFile; NULL: the system's */
    size_t ca_len;
    struct raw *raw; /* the values as they are in the file, for the dump */
};

/* Where a message is to go: each is one line `FILE:LINE: message` without a newline. */
typedef void config_say_fn(const char *line, void *arg);

/*
 * Reads and checks `path` and every file that it names. On DBA_OK *out is the caller's, with
 * warnings said. On DBA_ERR_CONFIG (said: at least one line), DBA_ERR_MEMORY: *out is NULL.
 */
enum dba_err config_load(const char *path, config_say_fn *say, void *arg, struct config **out);

/* Frees it, tokens wiped, and NULLs it. */
void config_free(struct config **config);

/*
 * Prints every setting with its value in force, as a file that loads to the same; the value
 * of a secret is not printed (`accessToken` as a comment that says whether one is set).
 */
void config_dump(const struct config *config, FILE *out);

#endif
