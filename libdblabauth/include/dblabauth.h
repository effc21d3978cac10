/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libdblabauth: ask the local dblab-authd whether a Database Lab token may log in.
 *
 * For proxies and servers that do not use PAM (those that do need only pam_dblab(8)). The
 * library talks to the daemon's Unix socket and to nothing else: no network, no TLS, no
 * environment, no signals, no threads of its own. See dblabauth(3).
 *
 * A context is for one thread at a time; several threads use several contexts.
 */
#ifndef DBLABAUTH_H
#define DBLABAUTH_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dblabauth; /* opaque */

enum dblabauth_status {
    DBLABAUTH_UNAVAILABLE = 0, /* daemon or Platform do not decide: deny, and say "try again" */
    DBLABAUTH_OK = 1,          /* yes */
    DBLABAUTH_REFUSED = 2,     /* no */
    DBLABAUTH_LIMITED = 3,     /* no: too many refusals lately, the token was not looked at */
    DBLABAUTH_DENIED = 4,      /* no: this process or this service or this user may not */
    DBLABAUTH_NOT_OURS = 5,    /* not a token user: authenticate in another way */
    DBLABAUTH_ERROR = 6        /* out of memory or an invalid argument: deny */
};

/*
 * Makes a context for `service`, a name in the daemon's setting "services"; the process must
 * run as root or as one of that service's "callers". Returns DBLABAUTH_OK or DBLABAUTH_ERROR;
 * *out is NULL on an error.
 */
enum dblabauth_status dblabauth_new(struct dblabauth **out, const char *service);

/* Frees it and sets *context to NULL. Both may be NULL. */
void dblabauth_free(struct dblabauth **context);

/* The daemon's socket; default /run/dblab-auth/socket. Copied. */
enum dblabauth_status dblabauth_set_socket(struct dblabauth *context, const char *path);

/* How long one call may take at most; default 6000 ms, 50 to 3,600,000. */
enum dblabauth_status dblabauth_set_timeout(struct dblabauth *context, unsigned milliseconds);

/* Where the client comes from: an IP address or host name, NULL for none. Copied. */
enum dblabauth_status dblabauth_set_address(struct dblabauth *context, const char *address);

/*
 * Is `user` somebody who logs in with a token here? OK: ask for the token and nothing else;
 * NOT_OURS; DENIED; UNAVAILABLE. Asks no daemon: it is decided by NSS and a published file.
 */
enum dblabauth_status dblabauth_is_token_user(struct dblabauth *context, const char *user);

/*
 * May the bearer of `token` (`length` bytes, no NUL needed) log in as `user`? Never keeps the
 * token; wiping `token` is the caller's duty.
 */
enum dblabauth_status dblabauth_authenticate(struct dblabauth *context, const char *user,
                                             const char *token, size_t length);

/* Is there now a valid token behind `user`, presented earlier on this host? */
enum dblabauth_status dblabauth_account(struct dblabauth *context, const char *user);

/*
 * One sentence about the last call on this context, for a log. Not for the client of a
 * refused login. Never NULL; valid until the next call on the context.
 */
const char *dblabauth_message(const struct dblabauth *context);

#ifdef __cplusplus
}
#endif

#endif
