/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about tokens; the list is in control.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/platform/words.h"

static void set_email(struct token *token, const char *text, size_t len)
{
    enum email_form form = EMAIL_TEXT;

    if (strcmp(text, "null") == 0) {
        form = EMAIL_NULL;
    } else if (strcmp(text, "-") == 0) {
        form = EMAIL_ABSENT;
    }
    token_set_email(token, form, text, len);
}

static const char *add(struct words *words)
{
    struct token *token = words_token_or_new(words);

    token->state = TOKEN_GOOD;
    token->org = strtoll(words_text(words, 2), NULL, 10);
    token->personal = words_is(words, 3, "true");
    token->expires = words->count > 5 ? loop_now() + words_milliseconds(words, 5) : 0;
    set_email(token, words->word[4].text, words->word[4].len);
    return NULL;
}

static const char *add_many(struct words *words)
{
    long count = strtol(words_text(words, 2), NULL, 10);

    for (long i = 0; i < count; i++) {
        char name[512], email[512];
        int name_len = snprintf(name, sizeof name, "%.400s%ld", words_text(words, 1), i);
        int email_len =
            snprintf(email, sizeof email, "user%ld@%.400s", i, words_text(words, 4));
        struct token *token = tokens_get(words->platform->tokens, name, (size_t)name_len);

        token->state = TOKEN_GOOD;
        token->org = strtoll(words_text(words, 3), NULL, 10);
        token->personal = true;
        token->expires = 0;
        token_set_email(token, EMAIL_TEXT, email, (size_t)email_len);
    }
    return NULL;
}

static const char *set(struct words *words)
{
    struct token *token = words_token(words);

    if (token == NULL) {
        return "no such token";
    }
    if (words_is(words, 2, "org")) {
        token->org = strtoll(words_text(words, 3), NULL, 10);
    } else if (words_is(words, 2, "personal")) {
        token->personal = words_is(words, 3, "true");
    } else if (words_is(words, 2, "email")) {
        set_email(token, words->word[3].text, words->word[3].len);
    } else {
        return "org, personal or email";
    }
    return NULL;
}

static const char *revoke(struct words *words)
{
    struct token *token = words_token(words);

    if (token == NULL) {
        return "no such token";
    }
    token->state = words_is(words, 0, "restore") ? TOKEN_GOOD : TOKEN_REVOKED;
    token->expires = words_is(words, 0, "restore") ? 0 : token->expires;
    return NULL;
}

static const char *expire(struct words *words)
{
    struct token *token = words_token(words);

    if (token == NULL) {
        return "no such token";
    }
    token->expires = loop_now() + words_milliseconds(words, 2);
    return NULL;
}

static const char *delete_token(struct words *words)
{
    tokens_delete(words->platform->tokens, words->word[1].text, words->word[1].len);
    return NULL;
}

static void list_token(struct token *token, void *arg)
{
    static const char *const states[] = {
        [TOKEN_UNKNOWN] = "unknown",
        [TOKEN_GOOD] = "good",
        [TOKEN_REVOKED] = "revoked",
    };
    struct text *out = arg;
    bool good = token_good(token, loop_now());

    text_printf(out, "= {\"token\":");
    text_add_json(out, token->bytes, token->len, true);
    text_printf(out,
                ",\"number\":%" PRIu64 ",\"state\":\"%s\",\"org\":%lld,\"personal\":%s,"
                "\"requests\":%" PRIu64 ",\"email\":",
                token->number,
                token->state == TOKEN_GOOD && !good ? "expired" : states[token->state],
                token->org, token->personal ? "true" : "false", token->requests);
    if (token->email_form == EMAIL_TEXT) {
        text_add_json(out, token->email, token->email_len, true);
    } else {
        text_printf(out, "null");
    }
    text_printf(out, "}\n");
}

static const char *list(struct words *words)
{
    tokens_each(words->platform->tokens, list_token, words->out);
    return NULL;
}

const struct command commands_of_tokens[] = {
    {"add", 5, add},       {"add-many", 5, add_many}, {"set", 4, set},
    {"revoke", 2, revoke}, {"restore", 2, revoke},    {"delete", 2, delete_token},
    {"expire", 2, expire}, {"list", 1, list},         {NULL, 0, NULL},
};
