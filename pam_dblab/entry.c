/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The six entry points of pam_dblab(8).
 */
#include "pam_dblab/module.h"

#define ENTRY __attribute__((visibility("default")))

ENTRY int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct login login;
    int rc;

    state_clear(pamh); /* whatever becomes of this try: the last one's answer is over */
    rc = login_start(&login, pamh, flags, argc, argv);
    return rc == PAM_SUCCESS ? auth_run(&login) : rc;
}

/* A module that ignored this would fail a stack in which it alone succeeded (callers.md 6). */
ENTRY int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_SUCCESS;
}

ENTRY int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct login login;
    int rc = login_start(&login, pamh, flags, argc, argv);

    return rc == PAM_SUCCESS ? account_run(&login) : rc;
}

ENTRY int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct options options;

    (void)flags;
    return options_parse(pamh, argc, argv, &options);
}

ENTRY int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_SUCCESS;
}

/* libpam calls twice; where a stack lets our first refusal pass, the message is not repeated.
 */
ENTRY int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct login login;
    int rc = login_start(&login, pamh, flags, argc, argv);

    if (rc != PAM_SUCCESS)
        return rc;
    if (((unsigned)flags & PAM_PRELIM_CHECK) != 0)
        converse_say(&login, PAM_ERROR_MSG,
                     "Database Lab tokens are made and revoked on the Database Lab Platform.");
    return PAM_PERM_DENIED;
}
