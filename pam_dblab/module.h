/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pam_dblab: what its files share. One file per PAM concern:
 *
 *     entry.c     the six entry points
 *     options.c   the words after the module's name in a pam.d line
 *     login.c     one call of ours: who is it, where from, and who is a token user
 *     auth.c      authenticate: prompt, ask
 *     account.c   is there now a valid token behind this user?
 *     converse.c  prompts and messages
 *     state.c     what this transaction remembers from auth to account
 *
 * The module runs inside sshd, sudo, su, a pooler: no network, no environment, no globals, no
 * signals, no lasting descriptors. Everything ends by one absolute deadline. A code starts as
 * a denial.
 */
#ifndef PAM_DBLAB_MODULE_H
#define PAM_DBLAB_MODULE_H

#include <stdbool.h>

#include <security/pam_modules.h>

#include "base/clock.h"
#include "base/token.h"
#include "client/who.h"
#include "model/result.h"
#include "wire/frame.h"

/* ---- options.c ---- */

struct options {
    char socket[108]; /* sun_path */
    dba_time timeout;
    char group[DBA_NAME_MAX + 1];
    char prompt[128];
    bool use_first_pass;
    bool try_first_pass;
    bool debug;
};

/* PAM_SUCCESS, or PAM_SERVICE_ERR with a log line about the first word that is wrong. */
int options_parse(pam_handle_t *pamh, int argc, const char **argv, struct options *options);

/* ---- login.c ---- */

struct login {
    pam_handle_t *pamh;
    int flags;
    struct options options;
    dba_time deadline;
    const char *user; /* these belong to the handle; "" where an item is not set */
    const char *service;
    const char *rhost;
    const char *tty;
    const char *ruser;
    struct dba_who_answer who;
};

/* Parses the options, reads the items, starts the clock. PAM_SUCCESS or the code to return. */
int login_start(struct login *login, pam_handle_t *pamh, int flags, int argc,
                const char **argv);

/* Decides who the user is; logs what is worth a line. */
void login_who(struct login *login, const char *phase);

/* Asks the daemon; *reply is UNAVAILABLE on any trouble. */
void login_ask(const struct login *login, enum dba_op op, const struct dba_token *token,
               struct dba_reply *reply);

/* One line: `auth user=... result=... reason=...`. */
void login_log(const struct login *login, const char *phase, int level, const char *result,
               const char *reason);

/* ---- the concerns ---- */
int auth_run(struct login *login);
int account_run(struct login *login);

/* ---- converse.c ---- */

/*
 * The token: that of an earlier module if the options say so, else by a prompt of our own; it
 * is never left to later modules. PAM_SUCCESS; PAM_AUTH_ERR: its form is bad; PAM_AUTHTOK_ERR:
 * no answer.
 */
int converse_token(const struct login *login, struct dba_token *token);

/* Says a sentence, unless PAM_SILENT; whether it is shown is the application's business. */
void converse_say(const struct login *login, int style, const char *text);

/* ---- state.c ---- */

/* Auth's own reply is account's answer for a second (design.md). */
void state_clear(pam_handle_t *pamh);
void state_accepted(const struct login *login);
bool state_is_accepted(const struct login *login);

#endif
