/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Not pam_get_authtok(3): it would leave the token as PAM_AUTHTOK to the modules that follow.
 */
#include <stdlib.h>
#include <string.h>

#include <security/pam_ext.h>

#include "pam_dblab/module.h"

/* What an earlier module of the stack was given; it stays that module's. */
static const char *stacked(const struct login *login)
{
    const void *value = NULL;

    if (!login->options.use_first_pass && !login->options.try_first_pass)
        return NULL;
    if (pam_get_item(login->pamh, PAM_AUTHTOK, &value) != PAM_SUCCESS)
        return NULL;
    return value;
}

int converse_token(const struct login *login, struct dba_token *token)
{
    const char *given = stacked(login);
    char *answer = NULL;
    int rc;

    if (given != NULL && dba_token_set(token, given, strlen(given)) == DBA_OK)
        return PAM_SUCCESS;
    /* try_first_pass asks where what it found cannot be a token. One that is wrong is refused,
     * not asked for again: so does pam_get_authtok(3) (callers.md 6), and applications have
     * their own count of tries. */
    if (login->options.use_first_pass)
        return PAM_AUTH_ERR;
    rc = pam_prompt(login->pamh, PAM_PROMPT_ECHO_OFF, &answer, "%s", login->options.prompt);
    if (rc != PAM_SUCCESS || answer == NULL) {
        free(answer);
        return PAM_AUTHTOK_ERR;
    }
    rc = dba_token_set(token, answer, strlen(answer)) == DBA_OK ? PAM_SUCCESS : PAM_AUTH_ERR;
    dba_wipe(answer, strlen(answer));
    free(answer);
    return rc;
}

void converse_say(const struct login *login, int style, const char *text)
{
    if (((unsigned)login->flags & PAM_SILENT) != 0)
        return;
    (void)pam_prompt(login->pamh, style, NULL, "%s", text);
}
