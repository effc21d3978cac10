/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call of an application: what it says of the login, who that is, and asking the daemon.
 */
#include <string.h>
#include <syslog.h>

#include <security/pam_ext.h>

#include "base/text.h"
#include "client/client.h"
#include "pam_dblab/module.h"

static const char *item(const pam_handle_t *pamh, int type)
{
    const void *value = NULL;

    if (pam_get_item(pamh, type, &value) != PAM_SUCCESS || value == NULL)
        return "";
    return value;
}

int login_start(struct login *login, pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    int rc;

    *login = (struct login){.pamh = pamh, .flags = flags};
    rc = options_parse(pamh, argc, argv, &login->options);
    if (rc != PAM_SUCCESS)
        return rc;
    /* May ask for the name, as login(1) wants; the clock of ours starts after that. */
    rc = pam_get_user(pamh, &login->user, NULL);
    if (rc != PAM_SUCCESS)
        return rc == PAM_CONV_AGAIN ? PAM_INCOMPLETE : PAM_AUTH_ERR;
    if (login->user == NULL)
        return PAM_AUTH_ERR;
    login->service = item(pamh, PAM_SERVICE);
    login->rhost = item(pamh, PAM_RHOST);
    login->tty = item(pamh, PAM_TTY);
    login->ruser = item(pamh, PAM_RUSER);
    login->deadline = dba_clock_monotonic() + login->options.timeout;
    return PAM_SUCCESS;
}

/* Our own sentences name settings in quotes; within a quoted value they are single ones. */
static const char *requote(char *dst, size_t cap, const char *sentence)
{
    size_t i;

    for (i = 0; i + 1 < cap && sentence[i] != '\0'; i++)
        dst[i] = sentence[i] == '"' ? '\'' : sentence[i];
    dst[i] = '\0';
    return dst;
}

void login_log(const struct login *login, const char *phase, int level, const char *result,
               const char *reason)
{
    char user[DBA_USER_MAX + 1];
    char rhost[128];
    char why[256];

    pam_syslog(login->pamh, level, "%s user=\"%s\" address=\"%s\" result=%s reason=\"%s\"",
               phase, dba_text_clean(user, sizeof user, login->user),
               dba_text_clean(rhost, sizeof rhost, login->rhost), result,
               requote(why, sizeof why, reason));
}

void login_who(struct login *login, const char *phase)
{
    dba_who_is(login->options.socket, login->options.group, login->service, login->user,
               &login->who);
    switch (login->who.who) {
    case DBA_WHO_UNAVAILABLE:
        login_log(login, phase, LOG_ERR, "unavailable", login->who.why);
        break;
    case DBA_WHO_SERVICE:
    case DBA_WHO_CALLER:
    case DBA_WHO_DENIED:
        login_log(login, phase, LOG_NOTICE, "denied", login->who.why);
        break;
    case DBA_WHO_TOKEN_USER:
    case DBA_WHO_OTHER:
        if (login->options.debug)
            login_log(login, phase, LOG_DEBUG, "who", login->who.why);
        break;
    }
}

/*
 * What is only told (address, terminal, who asked) is cleaned, and left out where it does not
 * fit: it may not be what keeps somebody out. Who and what it is about goes as it is, or not.
 */
static void tell(char *dst, size_t cap, const char *text)
{
    if (strlen(text) < cap)
        (void)dba_text_clean(dst, cap, text);
}

void login_ask(const struct login *login, enum dba_op op, const struct dba_token *token,
               struct dba_reply *reply)
{
    struct dba_request request = {.op = op, .uid = login->who.uid};
    uint8_t buf[DBA_REPLY_BASE];

    *reply = (struct dba_reply){.op = op};
    tell(request.rhost, sizeof request.rhost, login->rhost);
    tell(request.tty, sizeof request.tty, login->tty);
    tell(request.ruser, sizeof request.ruser, login->ruser);
    if (dba_text_copy(request.service, sizeof request.service, login->service) &&
        dba_text_copy(request.user, sizeof request.user, login->user)) {
        if (token != NULL)
            request.token = *token;
        (void)dba_client_ask(login->options.socket, login->deadline, &request, buf, sizeof buf,
                             reply);
    }
    dba_request_clear(&request);
    reply->text = NULL; /* it pointed into `buf` */
    reply->text_len = 0;
}
