/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token is a type of its own: bounded, checked on entry, wiped when done, compared in
 * constant time and never printed. There is no function that gives a token as text for a
 * log, on purpose.
 *
 * The longest is 511 bytes: sudo passes no more (callers.md 2: 512 is an error there).
 */
#ifndef DBA_BASE_TOKEN_H
#define DBA_BASE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DBA_TOKEN_MAX 511

struct dba_token {
    uint16_t len;                  /* 0: none */
    char bytes[DBA_TOKEN_MAX + 1]; /* NUL-terminated, no NUL inside */
};

/*
 * Takes `len` bytes if they can be a token: 1 to 511 of them, UTF-8, no control bytes
 * (0x00-0x1f, 0x7f). That also refuses the junk that sshd hands to PAM for unknown users
 * (auth-pam.c, fake_password: it starts with 08 0a 0d 7f). Otherwise `token` is emptied and
 * the error is DBA_ERR_FORM or DBA_ERR_SIZE.
 */
enum dba_err dba_token_set(struct dba_token *token, const char *bytes, size_t len);

bool dba_token_equal(const struct dba_token *a, const struct dba_token *b);

/* Empties it so that the compiler cannot leave the bytes. NULL is allowed. */
void dba_token_wipe(struct dba_token *token);

/* The same for any memory that held a token. NULL with 0 is allowed. */
void dba_wipe(void *memory, size_t len);

#endif
