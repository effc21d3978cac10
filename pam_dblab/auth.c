/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authenticate: a token user's token, asked for and taken to the daemon. A refusal says nothing
 * to the person: why is in the logs (a stranger learns nothing about a token).
 */
#include <syslog.h>

#include "pam_dblab/module.h"

static int code_of(enum dba_result result)
{
    int code = PAM_AUTH_ERR;

    switch (result) {
    case DBA_UNAVAILABLE:
        code = PAM_AUTHINFO_UNAVAIL;
        break;
    case DBA_ACCEPTED:
        code = PAM_SUCCESS;
        break;
    case DBA_REFUSED:
        code = PAM_AUTH_ERR;
        break;
    case DBA_LIMITED:
        code = PAM_MAXTRIES;
        break;
    case DBA_DENIED:
        code = PAM_PERM_DENIED;
        break;
    }
    return code;
}

static const char *why(const struct dba_reply *reply)
{
    return reply->cause != DBA_CAUSE_NONE ? dba_cause_text(reply->cause)
                                          : dba_reason_text(reply->reason);
}

static int ask(struct login *login)
{
    struct dba_token token = {0};
    struct dba_reply reply;
    int rc = converse_token(login, &token);

    if (rc == PAM_AUTHTOK_ERR) {
        /* psql without a password hangs up here each time (callers.md 4): no failure. */
        login_log(login, "auth", LOG_INFO, "no-answer", "nobody answered the prompt");
        goto out;
    }
    if (rc != PAM_SUCCESS) {
        login_log(login, "auth", LOG_NOTICE, "refused", dba_reason_text(DBA_REASON_FORM));
        goto out;
    }
    /* The time that a person took to answer is not the daemon's. */
    login->deadline = dba_clock_monotonic() + login->options.timeout;
    login_ask(login, DBA_OP_AUTH, &token, &reply);
    rc = code_of(reply.result);
    login_log(login, "auth", rc == PAM_SUCCESS ? LOG_INFO : LOG_NOTICE,
              dba_result_word(reply.result), why(&reply));
    if (rc == PAM_SUCCESS)
        state_accepted(login);
out:
    dba_token_wipe(&token);
    return rc;
}

int auth_run(struct login *login)
{
    int code = PAM_AUTH_ERR;

    login_who(login, "auth");
    switch (login->who.who) {
    case DBA_WHO_UNAVAILABLE:
        code = PAM_AUTHINFO_UNAVAIL;
        break;
    case DBA_WHO_TOKEN_USER:
        code = ask(login);
        break;
    case DBA_WHO_OTHER:
        code = PAM_USER_UNKNOWN;
        break;
    case DBA_WHO_SERVICE:
    case DBA_WHO_CALLER:
    case DBA_WHO_DENIED:
        code = PAM_PERM_DENIED;
        break;
    }
    return code;
}
