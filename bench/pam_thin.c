/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that a module which asks a daemon can do: a prompt, one round trip over a Unix
 * socket, no checks of any kind. A yardstick of the bench; it lets everybody in.
 *
 *     auth required pam_thin.so SOCKET
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include "bench/thin.h"

#define ENTRY __attribute__((visibility("default")))

static int ask(const char *path, const char *user, const char *token)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct thin_request request = {{0}, {0}};
    struct thin_reply reply = {0};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int code = PAM_AUTHINFO_UNAVAIL;

    if (fd < 0 || strlen(path) >= sizeof address.sun_path)
        return code;
    memcpy(address.sun_path, path, strlen(path) + 1);
    (void)strncpy(request.user, user, sizeof request.user - 1);
    (void)strncpy(request.token, token, sizeof request.token - 1);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
        send(fd, &request, sizeof request, MSG_NOSIGNAL) == (ssize_t)sizeof request &&
        recv(fd, &reply, sizeof reply, MSG_WAITALL) == (ssize_t)sizeof reply)
        code = reply.code;
    (void)close(fd);
    return code;
}

ENTRY int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    const char *user = NULL;
    char *token = NULL;
    int code = PAM_SERVICE_ERR;

    (void)flags;
    if (argc != 1 || pam_get_user(pamh, &user, NULL) != PAM_SUCCESS)
        return code;
    if (pam_prompt(pamh, PAM_PROMPT_ECHO_OFF, &token, "Token: ") == PAM_SUCCESS &&
        token != NULL)
        code = ask(argv[0], user, token);
    free(token);
    return code;
}

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
    return pam_sm_setcred(pamh, flags, argc, argv);
}
