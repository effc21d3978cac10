/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON is written here by hand and not by a library: a token needs two escapes, and here
 * no copy of it is left in anybody's freed memory.
 */
#include "dblab-authd/checker/request.h"

#include <string.h>

#include "base/text.h"

size_t request_body(const struct dba_token *token, char body[REQUEST_BODY_MAX])
{
    static const char head[] = "{\"token\":\"";
    static const char tail[] = "\"}";
    char *p = body;

    memcpy(p, head, sizeof head - 1);
    p += sizeof head - 1;
    for (size_t i = 0; i < token->len && i < DBA_TOKEN_MAX; i++) {
        /* A token has no control bytes and is UTF-8: nothing else needs an escape. */
        if (token->bytes[i] == '"' || token->bytes[i] == '\\')
            *p++ = '\\';
        *p++ = token->bytes[i];
    }
    memcpy(p, tail, sizeof tail);
    return (size_t)(p - body) + sizeof tail - 1;
}

static bool clean(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)bytes[i] < 0x20 || bytes[i] == 0x7f)
            return false;
    return true;
}

bool request_header_value_valid(const char *value)
{
    return clean(value, strlen(value));
}

bool request_token_valid(const struct dba_token *token)
{
    return token->len > 0 && token->len <= DBA_TOKEN_MAX && token->bytes[token->len] == '\0' &&
           clean(token->bytes, token->len) && dba_text_is_utf8(token->bytes, token->len);
}
