/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account: is there now a valid token behind this user? It is what stops ssh keys, sudo's
 * cached timestamp, NOPASSWD, cron and at of a person whose token was revoked.
 */
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

static const char *sentence(const struct dba_reply *reply)
{
    if (reply->result == DBA_UNAVAILABLE && reply->reason != DBA_REASON_NO_DAEMON)
        return "Your Database Lab token cannot be checked now; try again in a moment.";
    if (reply->result == DBA_UNAVAILABLE)
        return "Your Database Lab token cannot be checked: dblab-authd cannot be reached.";
    if (reply->reason == DBA_REASON_NO_TOKEN)
        return "No valid Database Lab token is behind this login. "
               "Log in with your token instead of a key or a password.";
    return dba_reason_text(reply->reason);
}

static int ask(const struct login *login)
{
    struct dba_reply reply;
    int code;

    if (state_is_accepted(login))
        return PAM_SUCCESS;
    login_ask(login, DBA_OP_ACCOUNT, NULL, &reply);
    code = code_of(reply.result);
    if (code == PAM_SUCCESS && !login->options.debug)
        return code;
    login_log(login, "account", code == PAM_SUCCESS ? LOG_DEBUG : LOG_NOTICE,
              dba_result_word(reply.result),
              reply.cause != DBA_CAUSE_NONE ? dba_cause_text(reply.cause)
                                            : dba_reason_text(reply.reason));
    if (code != PAM_SUCCESS)
        converse_say(login, PAM_ERROR_MSG, sentence(&reply));
    return code;
}

int account_run(struct login *login)
{
    int code = PAM_ACCT_EXPIRED;

    if (is_roots_own(login))
        return PAM_IGNORE;
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
