/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of one command line, and what the files of commands share: each has a table of its
 * own (command.c looks through all).
 */
#ifndef PLATFORM_WORDS_H
#define PLATFORM_WORDS_H

#include "tests/platform/platform.h"

#define WORDS 32

struct words {
    struct platform *platform;
    struct text *out;
    size_t count;
    struct {
        char *text; /* decoded, NUL-terminated; may have NULs inside */
        size_t len;
    } word[WORDS];
};

struct command {
    const char *name;                        /* NULL ends a table */
    size_t words;                            /* at least, the name counted */
    const char *(*run)(struct words *words); /* NULL: done; else why not (static) */
};

extern const struct command commands_of_tokens[], commands_of_behaviour[],
    commands_of_connections[], commands_to_look[];

/* Takes a line apart, in place. */
void words_read(struct words *words, char *line);

/* Word `i`; "" where there is none. */
const char *words_text(const struct words *words, size_t i);
bool words_is(const struct words *words, size_t i, const char *text);
nanosec words_milliseconds(const struct words *words, size_t i);

/* Which of the names (NULL ends them) is word `i`? -1: none. */
int words_one_of(const struct words *words, size_t i, const char *const *names);

/* The token that word 1 names; NULL: unknown. */
struct token *words_token(const struct words *words);
/* The same, made if it is unknown. */
struct token *words_token_or_new(const struct words *words);

#endif
