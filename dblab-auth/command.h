/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dblab-auth, the administrator's command: what its files share. One file a verb; main.c has
 * the table.
 */
#ifndef DBLAB_AUTH_COMMAND_H
#define DBLAB_AUTH_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "wire/frame.h"

/* Exit codes (design.md, The command; sysexits.h for usage). */
enum exit_code { EXIT_YES = 0, EXIT_NO = 1, EXIT_UNDECIDED = 2, EXIT_USAGE = 64 };

struct options {
    const char *socket;
    const char *user;    /* --user; "" */
    const char *service; /* --service; "sshd" */
    bool json, force;
};

int check_run(const struct options *options);
int status_run(const struct options *options);
int metrics_run(const struct options *options);
int reload_run(const struct options *options);

/* ---- ask.c ---- */

/*
 * Asks the daemon. True: *reply is its answer, reply->text lies in a buffer that lives as long
 * as the process. False: said on standard error why not.
 */
bool ask_daemon(const struct options *options, struct dba_request *request,
                struct dba_reply *reply);

/* ---- json.c ---- */

/* A text as a JSON string, with quotes; bytes that are not UTF-8 never come here. */
void json_string(FILE *out, const char *text);

#endif
