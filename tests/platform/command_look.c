/* SPDX-License-Identifier: Apache-2.0 */
/* Commands to look at what came; the list is in control.h. */
#include <inttypes.h>
#include <stdlib.h>

#include "tests/platform/listener.h"
#include "tests/platform/words.h"

static const char *counts(struct words *words)
{
    if (words->count > 1) {
        struct token *token = words_token(words);

        text_printf(words->out, "= {\"requests\":%" PRIu64 "}\n",
                    token == NULL ? 0 : token->requests);
        return NULL;
    }
    text_printf(words->out, "= ");
    record_counts(&words->platform->record, words->out);
    text_printf(words->out, "\n");
    return NULL;
}

static void forget_requests(struct token *token, void *arg)
{
    (void)arg;
    token->requests = 0;
}

static const char *reset(struct words *words)
{
    record_reset(&words->platform->record);
    tokens_each(words->platform->tokens, forget_requests, NULL);
    return NULL;
}

static const char *keep(struct words *words)
{
    record_keep(&words->platform->record, strtoul(words_text(words, 1), NULL, 10));
    return NULL;
}

static const char *requests(struct words *words)
{
    size_t last = words->count > 1 ? strtoul(words_text(words, 1), NULL, 10) : RECORD_MAX;

    record_requests(&words->platform->record, last, words_is(words, 0, "requests"), words->out);
    return NULL;
}

static const char *trace(struct words *words)
{
    return record_trace(&words->platform->record,
                        words_is(words, 1, "off") ? NULL : words_text(words, 1))
               ? NULL
               : "the file cannot be written";
}

static const char *ports(struct words *words)
{
    text_printf(words->out, "= {\"https\":%d,\"trap\":%d}\n",
                listener_port(words->platform->listeners[0]), words->platform->trap_port);
    return NULL;
}

static const char *quit(struct words *words)
{
    loop_stop(words->platform->loop);
    return NULL;
}

const struct command commands_to_look[] = {
    {"counts", 1, counts},     {"reset", 1, reset},  {"keep", 2, keep},
    {"requests", 1, requests}, {"log", 1, requests}, {"trace", 2, trace},
    {"ports", 1, ports},       {"quit", 1, quit},    {NULL, 0, NULL},
};
