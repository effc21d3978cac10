/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Platform's one call as text: where it goes, its headers, its body. Pure.
 */
#ifndef DBA_CHECKER_REQUEST_H
#define DBA_CHECKER_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/token.h"
#include "dblab-authd/common/link.h"

#define REQUEST_PATH    "/rpc/dblab_token_check"
#define REQUEST_HEADERS 4
#define REQUEST_LINE    640 /* bytes of the longest header: a name and what link_setup holds */

/* `{"token":"..."}` with each byte of the token escaped, and a NUL. */
#define REQUEST_BODY_MAX (2 * DBA_TOKEN_MAX + sizeof "{\"token\":\"\"}")

/* `Access-Token: ...` and a NUL. */
#define REQUEST_ACCESS_MAX (sizeof "Access-Token: " + DBA_TOKEN_MAX)

/* What all checks have in common, in libcurl's notation (`Name;`: empty, `Name:`: none). */
struct request_common {
    char url[LINK_URL_MAX + sizeof REQUEST_PATH];
    char headers[REQUEST_HEADERS][REQUEST_LINE];
    unsigned count;
};

/*
 * NULL, or what in the setup cannot be used (static): another version, a text that does not
 * end, a control byte (which would let a value end its header), a zero.
 */
const char *request_common(const struct link_setup *setup, struct request_common *common);

/* Writes the body and a NUL into `body`; returns its length. The caller wipes it. */
size_t request_body(const struct dba_token *token, char body[REQUEST_BODY_MAX]);

/* Writes the header that authenticates a check. The caller wipes it. */
void request_access(const struct dba_token *access, char line[REQUEST_ACCESS_MAX]);

/* Is this token what dba_token_set() lets through? The other process is not believed. */
bool request_token_valid(const struct dba_token *token);

#endif
