/* SPDX-License-Identifier: Apache-2.0 */
#include "base/token.h"

#include <string.h>

#include "base/text.h"

enum dba_err dba_token_set(struct dba_token *token, const char *bytes, size_t len)
{
    dba_wipe(token, sizeof *token);
    if (len == 0)
        return DBA_ERR_FORM;
    if (len > DBA_TOKEN_MAX)
        return DBA_ERR_SIZE;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)bytes[i] < 0x20 || bytes[i] == 0x7f)
            return DBA_ERR_FORM;
    if (!dba_text_is_utf8(bytes, len))
        return DBA_ERR_FORM;
    memcpy(token->bytes, bytes, len);
    token->bytes[len] = '\0';
    token->len = (uint16_t)len;
    return DBA_OK;
}

bool dba_token_equal(const struct dba_token *a, const struct dba_token *b)
{
    unsigned differs = (unsigned)a->len ^ (unsigned)b->len;

    /* All bytes of both, whatever their length: the time says nothing. */
    for (size_t i = 0; i < sizeof a->bytes; i++) {
        unsigned x = i < a->len ? (unsigned char)a->bytes[i] : 0;
        unsigned y = i < b->len ? (unsigned char)b->bytes[i] : 0;

        differs |= x ^ y;
    }
    return differs == 0;
}

void dba_token_wipe(struct dba_token *token)
{
    if (token != NULL)
        dba_wipe(token, sizeof *token);
}

void dba_wipe(void *memory, size_t len)
{
    if (len > 0)
        explicit_bzero(memory, len);
}
