/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a command line; see words.h. */
#include "tests/platform/words.h"

#include <stdlib.h>
#include <string.h>

static int hex(char c)
{
    const char *digits = "0123456789abcdef";
    const char *found = c == '\0' ? NULL : strchr(digits, c | 0x20);

    return found == NULL ? -1 : (int)(found - digits);
}

static size_t decode(char *word)
{
    size_t len = 0;

    if (strcmp(word, "\"\"") == 0) {
        word[0] = '\0';
        return 0;
    }
    for (const char *at = word; *at != '\0'; at++) {
        if (*at == '%' && hex(at[1]) >= 0 && hex(at[2]) >= 0) {
            word[len++] = (char)(hex(at[1]) << 4 | hex(at[2]));
            at += 2;
        } else {
            word[len++] = *at;
        }
    }
    word[len] = '\0';
    return len;
}

void words_read(struct words *words, char *line)
{
    char *rest = NULL;

    for (char *word = strtok_r(line, " ", &rest); word != NULL && words->count < WORDS;
         word = strtok_r(NULL, " ", &rest)) {
        words->word[words->count].text = word;
        words->word[words->count++].len = decode(word);
    }
}

const char *words_text(const struct words *words, size_t i)
{
    return i < words->count ? words->word[i].text : "";
}

bool words_is(const struct words *words, size_t i, const char *text)
{
    return strcmp(words_text(words, i), text) == 0;
}

nanosec words_milliseconds(const struct words *words, size_t i)
{
    return (nanosec)(strtod(words_text(words, i), NULL) * (double)NANOSEC_PER_MS);
}

/* Which of the names is word `i`? -1: none. */
int words_one_of(const struct words *words, size_t i, const char *const *names)
{
    for (int n = 0; names[n] != NULL; n++) {
        if (words_is(words, i, names[n])) {
            return n;
        }
    }
    return -1;
}

struct token *words_token(const struct words *words)
{
    return tokens_find(words->platform->tokens, words->word[1].text, words->word[1].len);
}

struct token *words_token_or_new(const struct words *words)
{
    return tokens_get(words->platform->tokens, words->word[1].text, words->word[1].len);
}
