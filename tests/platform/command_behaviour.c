/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about how requests are answered; the list is in control.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/platform/words.h"

static const char *all(struct words *words)
{
    return script_always(&words->platform->mode.script, words_text(words, 1))
               ? NULL
               : "no such fixture";
}

static const char *next(struct words *words)
{
    return script_set(&words->platform->mode.script, words_text(words, 1)) ? NULL
                                                                           : "no such fixture";
}

static const char *token_all(struct words *words)
{
    struct token *token = words_token_or_new(words);

    token_set_custom(token, NULL);
    return script_always(&token->script, words_text(words, 2)) ? NULL : "no such fixture";
}

static const char *token_next(struct words *words)
{
    return script_set(&words_token_or_new(words)->script, words_text(words, 2))
               ? NULL
               : "no such fixture";
}

static const char *answer(struct words *words)
{
    struct fixture *custom = take(sizeof *custom);
    struct text headers = {0}, body = {0};

    for (size_t i = 5; i < words->count; i++) {
        text_printf(&headers, "%s\n", words_text(words, i));
    }
    text_add(&body, words->word[4].text, words->word[4].len);
    custom->name = "answer";
    custom->status = atoi(words_text(words, 2));
    custom->type = words_is(words, 3, "") ? NULL : "application/json";
    if (words_is(words, 3, "text/html")) {
        custom->type = "text/html";
    }
    custom->headers = headers.data;
    custom->text = body.data;
    custom->len = body.len;
    custom->body = BODY_COPY;
    token_set_custom(words_token_or_new(words), custom);
    return NULL;
}

static const char *latency(struct words *words)
{
    if (words->count > 2) {
        tokens_get(words->platform->tokens, words->word[2].text, words->word[2].len)->latency =
            words_milliseconds(words, 1);
    } else {
        words->platform->mode.latency = words_milliseconds(words, 1);
    }
    return NULL;
}

static const char *drip(struct words *words)
{
    words->platform->mode.drip = words_milliseconds(words, 1);
    return NULL;
}

static const char *wrap(struct words *words)
{
    static const char *const names[] = {"plain", "array", "result", "array-result", NULL};
    int found = words_one_of(words, 1, names);

    if (found < 0) {
        return "plain, array, result or array-result";
    }
    words->platform->mode.wrap = (enum wrap)found;
    return NULL;
}

static const char *extras(struct words *words)
{
    static const char *const names[] = {"absent", "null", "empty", NULL};
    int found = words_one_of(words, 1, names);

    if (found < 0) {
        return "absent, null or empty";
    }
    words->platform->mode.extras = (enum extras)found;
    return NULL;
}

static const char *access_rule(struct words *words)
{
    words->platform->mode.access_required = words_is(words, 1, "required");
    return NULL;
}

static const char *base(struct words *words)
{
    (void)snprintf(words->platform->mode.base, sizeof words->platform->mode.base, "%s",
                   words_text(words, 1));
    return NULL;
}

static const char *fixtures(struct words *words)
{
    for (const struct fixture *f = fixture_table(); f->name != NULL; f++) {
        text_printf(words->out, "= %s\n", f->name);
    }
    return NULL;
}

const struct command commands_of_behaviour[] = {
    {"all", 2, all},
    {"next", 2, next},
    {"token-all", 3, token_all},
    {"token-next", 3, token_next},
    {"answer", 5, answer},
    {"latency", 2, latency},
    {"drip", 2, drip},
    {"wrap", 2, wrap},
    {"extras", 2, extras},
    {"access", 2, access_rule},
    {"base", 2, base},
    {"fixtures", 1, fixtures},
    {NULL, 0, NULL},
};
