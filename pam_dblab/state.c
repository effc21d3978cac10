/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What auth leaves for account, in the handle: libpam wipes the token itself before account is
 * called, and an application may change the user in between.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "pam_dblab/module.h"

#define NAME  "pam_dblab.accepted"
#define LASTS DBA_SECOND

struct accepted {
    dba_time when;
    char service[DBA_SERVICE_MAX + 1];
    char user[DBA_USER_MAX + 1];
};

/* Called in forked children, too (callers.md 2): it frees memory and does nothing else. */
static void forget(pam_handle_t *pamh, void *data, int status)
{
    (void)pamh;
    (void)status;
    free(data);
}

void state_clear(pam_handle_t *pamh)
{
    const void *data = NULL;

    if (pam_get_data(pamh, NAME, &data) == PAM_SUCCESS && data != NULL)
        (void)pam_set_data(pamh, NAME, NULL, NULL);
}

void state_accepted(const struct login *login)
{
    struct accepted *accepted = calloc(1, sizeof *accepted);

    /* Without it account asks the daemon: slower, not wrong. */
    if (accepted == NULL)
        return;
    accepted->when = dba_clock_monotonic();
    if (!dba_text_copy(accepted->service, sizeof accepted->service, login->service) ||
        !dba_text_copy(accepted->user, sizeof accepted->user, login->user) ||
        pam_set_data(login->pamh, NAME, accepted, forget) != PAM_SUCCESS)
        free(accepted);
}

bool state_is_accepted(const struct login *login)
{
    const void *data = NULL;
    const struct accepted *accepted;

    if (pam_get_data(login->pamh, NAME, &data) != PAM_SUCCESS || data == NULL)
        return false;
    accepted = data;
    return dba_clock_monotonic() - accepted->when < LASTS &&
           strcmp(accepted->service, login->service) == 0 &&
           strcmp(accepted->user, login->user) == 0;
}
