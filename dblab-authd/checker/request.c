/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON is written here by hand and not by a library: a token needs two escapes, and so no
 * copy of it is left in anybody's freed memory.
 */
#include "dblab-authd/checker/request.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static bool clean(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)bytes[i] < 0x20 || bytes[i] == 0x7f)
            return false;
    return true;
}

static const char *setup_wrong(const struct link_setup *setup)
{
    const struct {
        const char *text;
        size_t cap;
    } texts[] = {
        {setup->url, sizeof setup->url},
        {setup->org_key, sizeof setup->org_key},
        {setup->instance_id, sizeof setup->instance_id},
        {setup->pinned_public_key, sizeof setup->pinned_public_key},
        {setup->proxy, sizeof setup->proxy},
    };

    if (setup->version != LINK_VERSION)
        return "keeper and checker are of different versions";
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t len = strnlen(texts[i].text, texts[i].cap);

        if (len == texts[i].cap || !clean(texts[i].text, len))
            return "a text in the setup has control characters";
    }
    if (setup->timeout_ms == 0 || setup->connect_timeout_ms == 0 ||
        setup->max_connections == 0 || setup->max_in_flight == 0)
        return "a number in the setup is 0";
    return NULL;
}

static void header_add(struct request_common *common, const char *name, const char *value)
{
    (void)snprintf(common->headers[common->count++], REQUEST_LINE,
                   value[0] != '\0' ? "%s: %s" : "%s;", name, value);
}

const char *request_common(const struct link_setup *setup, struct request_common *common)
{
    const char *why = setup_wrong(setup);

    if (why != NULL)
        return why;
    _Static_assert(REQUEST_LINE > sizeof "Org-Key: " + sizeof setup->org_key, "no cut");
    (void)snprintf(common->url, sizeof common->url, "%s" REQUEST_PATH, setup->url);
    common->count = 0;
    header_add(common, "Content-Type", "application/json");
    header_add(common, "Selfassigned-Instance-ID", setup->instance_id);
    if (setup->org_key[0] != '\0')
        header_add(common, "Org-Key", setup->org_key);
    /* A short body needs no leave to be sent. */
    memcpy(common->headers[common->count++], "Expect:", sizeof "Expect:");
    return NULL;
}

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

void request_access(const struct dba_token *access, char line[REQUEST_ACCESS_MAX])
{
    static const char name[] = "Access-Token: ";

    memcpy(line, name, sizeof name - 1);
    memcpy(line + sizeof name - 1, access->bytes, access->len);
    line[sizeof name - 1 + access->len] = '\0';
}

bool request_token_valid(const struct dba_token *token)
{
    return token->len > 0 && token->len <= DBA_TOKEN_MAX && token->bytes[token->len] == '\0' &&
           clean(token->bytes, token->len) && dba_text_is_utf8(token->bytes, token->len);
}
