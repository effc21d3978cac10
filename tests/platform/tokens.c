/* SPDX-License-Identifier: Apache-2.0 */
/* Table of the Platform's tokens; see tokens.h. */
#include "tests/platform/tokens.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 65536u /* a bench has 10,000 tokens */

struct tokens {
    struct token *buckets[BUCKETS];
    uint64_t arrived;
};

struct tokens *tokens_new(void)
{
    return take(sizeof(struct tokens));
}

static void free_token(struct token *token)
{
    script_clear(&token->script);
    token_set_custom(token, NULL);
    free(token->email);
    free(token);
}

void tokens_free(struct tokens *tokens)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        while (tokens->buckets[i] != NULL) {
            struct token *token = tokens->buckets[i];

            tokens->buckets[i] = token->next;
            free_token(token);
        }
    }
    free(tokens);
}

/* FNV-1a. */
static struct token **bucket(struct tokens *tokens, const char *bytes, size_t len)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * 16777619u;
    }
    return &tokens->buckets[(hash ^ hash >> 16) % BUCKETS];
}

static struct token **place(struct tokens *tokens, const char *bytes, size_t len)
{
    struct token **at = bucket(tokens, bytes, len);

    while (*at != NULL && ((*at)->len != len || memcmp((*at)->bytes, bytes, len) != 0)) {
        at = &(*at)->next;
    }
    return at;
}

struct token *tokens_find(struct tokens *tokens, const char *bytes, size_t len)
{
    return *place(tokens, bytes, len);
}

struct token *tokens_get(struct tokens *tokens, const char *bytes, size_t len)
{
    struct token **at = place(tokens, bytes, len);
    struct token *token = *at;

    if (token == NULL) {
        token = take(sizeof *token + len + 1);
        token->number = tokens->arrived++;
        token->email_form = EMAIL_ABSENT;
        token->latency = -1;
        token->len = len;
        memcpy(token->bytes, bytes, len);
        *at = token;
    }
    return token;
}

void tokens_delete(struct tokens *tokens, const char *bytes, size_t len)
{
    struct token **at = place(tokens, bytes, len);
    struct token *token = *at;

    if (token != NULL) {
        *at = token->next;
        free_token(token);
    }
}

void tokens_each(struct tokens *tokens, void (*fn)(struct token *token, void *arg), void *arg)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct token *token = tokens->buckets[i]; token != NULL; token = token->next) {
            fn(token, arg);
        }
    }
}

void token_set_email(struct token *token, enum email_form form, const char *email, size_t len)
{
    free(token->email);
    token->email = take(len + 1);
    memcpy(token->email, email, len);
    token->email_len = len;
    token->email_form = form;
}

void token_set_custom(struct token *token, struct fixture *custom)
{
    struct fixture *old = token->custom;

    if (old != NULL) {
        free((void *)(uintptr_t)old->headers);
        free((void *)(uintptr_t)old->text);
        free(old);
    }
    token->custom = custom;
    token->script.always = custom;
}

bool token_good(const struct token *token, nanosec now)
{
    return token->state == TOKEN_GOOD && (token->expires == 0 || token->expires > now);
}
