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

struct answer {
    struct dba_reply reply; /* its text lies in `bytes` */
    uint8_t *bytes;
};

/*
 * Asks the daemon; it sends no token in an answer. False: it said on standard error why not.
 * The caller clears the answer in either case.
 */
bool answer_get(const struct options *options, struct dba_request *request,
                struct answer *answer);
void answer_clear(struct answer *answer);

/* ---- token.c ---- */

enum token_read {
    TOKEN_NONE = 0, /* nothing could be read */
    TOKEN_BAD_FORM, /* what was read can be no token */
    TOKEN_READ,
};

/* Asks for a token; the caller wipes it. */
enum token_read token_read(struct dba_token *token);

/* ---- json.c ---- */

/* A text as a JSON string, with quotes. Of a text that is not UTF-8 the other bytes show as
 * U+FFFD. */
void json_string(FILE *out, const char *text);

/* Is this text a number as it stands? */
bool json_is_number(const char *text);

#endif
