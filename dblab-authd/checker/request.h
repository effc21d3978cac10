/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of the Platform's one call, and what may stand in a header. Pure.
 */
#ifndef DBA_CHECKER_REQUEST_H
#define DBA_CHECKER_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/token.h"

/* `{"token":"..."}` with each byte of the token escaped, and a NUL. */
#define REQUEST_BODY_MAX (2 * DBA_TOKEN_MAX + sizeof "{\"token\":\"\"}")

/* Writes the body and a NUL into `body`; returns its length. The caller wipes it. */
size_t request_body(const struct dba_token *token, char body[REQUEST_BODY_MAX]);

/* May this text be the value of a header? No control bytes: no CR, LF or NUL to end it early.
 */
bool request_header_value_valid(const char *value);

/* Is this token what dba_token_set() lets through? The other process is not believed. */
bool request_token_valid(const struct dba_token *token);

#endif
