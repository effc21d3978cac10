/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a proxy does with libdblabauth, to copy from: one client that says its user name and, on
 * standard input, its token.
 *
 *     cc -o example example.c $(pkg-config --cflags --libs dblabauth)
 *     example SERVICE USER [SOCKET] < token
 *
 * SERVICE is a name in the daemon's setting "services"; who runs this must be root or one of
 * the service's "callers". Exit: 0 let in, 1 refused, 2 undecided, 3 not a token user.
 */
#include <dblabauth.h>
#include <stdio.h>
#include <string.h>

/* A compiler may drop a memset of what is not read again; it may not drop this. */
static void wipe(char *bytes, size_t len)
{
    volatile char *at = bytes;

    while (len-- > 0)
        *at++ = 0;
}

/* One status, one decision: whatever is not OK denies. */
static int exit_code(enum dblabauth_status status)
{
    switch (status) {
    case DBLABAUTH_OK:
        return 0;
    case DBLABAUTH_REFUSED:
    case DBLABAUTH_LIMITED:
    case DBLABAUTH_DENIED:
    case DBLABAUTH_ERROR:
        return 1;
    case DBLABAUTH_UNAVAILABLE: /* tell the client to try again */
        return 2;
    case DBLABAUTH_NOT_OURS: /* go on with the proxy's other ways to authenticate */
        return 3;
    }
    return 1;
}

static enum dblabauth_status log_in(struct dblabauth *context, const char *user)
{
    char token[1024] =
        ""; /* more than a token can have: a longer line must not be cut into one */
    enum dblabauth_status status;

    /* Who is asked for a token, and who for a password? This is known before either is. */
    status = dblabauth_is_token_user(context, user);
    if (status != DBLABAUTH_OK)
        return status;

    if (fgets(token, sizeof token, stdin) == NULL)
        return DBLABAUTH_REFUSED;
    status = dblabauth_authenticate(context, user, token, strcspn(token, "\n"));
    wipe(token, sizeof token);
    if (status != DBLABAUTH_OK)
        return status;

    /* Later, for whatever the client wants to open: is there still a valid token behind it? */
    return dblabauth_account(context, user);
}

int main(int argc, char **argv)
{
    struct dblabauth *context = NULL;
    enum dblabauth_status status;

    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: %s SERVICE USER [SOCKET]\n", argv[0]);
        return 64;
    }
    status = dblabauth_new(&context, argv[1]);
    if (status == DBLABAUTH_OK && argc == 4)
        status = dblabauth_set_socket(context, argv[3]);
    /* A proxy names the client's address here: refusals are counted by it. */
    if (status == DBLABAUTH_OK)
        status = dblabauth_set_address(context, "127.0.0.1");
    if (status == DBLABAUTH_OK)
        status = log_in(context, argv[2]);

    /* For the log; a client that was refused is not told why. */
    fprintf(stderr, "%s\n", dblabauth_message(context));
    dblabauth_free(&context);
    return exit_code(status);
}
