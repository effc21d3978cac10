/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account: is there now a valid token behind this user? It is what stops ssh keys, sudo's
 * cached timestamp, NOPASSWD, cron and at of a person whose token was revoked.
 */
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "pam_dblab/module.h"

/* What root starts by su is root's, not the token's (design.md). */
static bool is_roots_own(const struct login *login)
{
    return getuid() == 0 && strcmp(login->ruser, "root") == 0;
}

static int code_of(enum dba_result result)
{
    int code = PAM_ACCT_EXPIRED;

    switch (result) {
    case DBA_UNAVAILABLE:
        code = PAM_AUTHINFO_UNAVAIL;
        break;
    case DBA_ACCEPTED:
        code = PAM_SUCCESS;
        break;
    case DBA_REFUSED:
    case DBA_LIMITED:
        code = PAM_ACCT_EXPIRED;
        break;
    case DBA_DENIED:
        code = PAM_PERM_DENIED;
        break;
    }
    return code;
}

/* Who gets here has proven already who they are: they are told why. */
static void explain(const struct login *login, const struct dba_reply *reply)
{
    char text[256];

    if (reply->result == DBA_UNAVAILABLE && reply->reason != DBA_REASON_NO_DAEMON)
        (void)snprintf(text, sizeof text,
                       "Your Database Lab token cannot be checked now; try again in a moment.");
    else if (reply->result == DBA_UNAVAILABLE)
        (void)snprintf(text, sizeof text,
                       "Your Database Lab token cannot be checked: dblab-authd cannot be "
                       "reached.");
    else if (reply->reason == DBA_REASON_NO_TOKEN)
        (void)snprintf(text, sizeof text,
                       "No valid Database Lab token is behind this login. Log in with your "
                       "token instead of a key or a password.");
    else
        (void)snprintf(text, sizeof text, "Your Database Lab token is not accepted: %s.",
                       dba_reason_text(reply->reason));
    converse_say(login, PAM_ERROR_MSG, text);
}

static int ask(const struct login *login)
{
    struct dba_reply reply;
    int code;

    login_ask(login, DBA_OP_ACCOUNT, NULL, &reply);
    code = code_of(reply.result);
    if (code == PAM_SUCCESS && !login->options.debug)
        return code;
    login_log(login, "account", code == PAM_SUCCESS ? LOG_DEBUG : LOG_NOTICE,
              dba_result_word(reply.result),
              reply.cause != DBA_CAUSE_NONE ? dba_cause_text(reply.cause)
                                            : dba_reason_text(reply.reason));
    if (code != PAM_SUCCESS)
        explain(login, &reply);
    return code;
}

int account_run(struct login *login)
{
    int code = PAM_ACCT_EXPIRED;

    if (is_roots_own(login))
        return PAM_IGNORE;
    /* Then who it is was settled with it, less than a second ago: no lookup, no question. */
    if (state_is_accepted(login))
        return PAM_SUCCESS;
    login_who(login, "account");
    switch (login->who.who) {
    case DBA_WHO_UNAVAILABLE:
        code = PAM_AUTHINFO_UNAVAIL;
        break;
    case DBA_WHO_TOKEN_USER:
        code = ask(login);
        break;
    case DBA_WHO_OTHER:
        code = PAM_IGNORE;
        break;
    case DBA_WHO_SERVICE:
    case DBA_WHO_CALLER:
    case DBA_WHO_DENIED:
        code = PAM_PERM_DENIED;
        break;
    }
    return code;
}
