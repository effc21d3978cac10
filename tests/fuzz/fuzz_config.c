/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration's text: read and ruled on, or said what is wrong. What is good is dumped,
 * and the dump reads to the same.
 */
#include <stdlib.h>
#include <string.h>

#include "dblab-authd/keeper/dump.h"
#include "dblab-authd/keeper/rules.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void say(const char *line, void *arg)
{
    *(size_t *)arg += strlen(line);
}

/* Reads the text over the defaults; false: said why not. */
static bool read_text(const char *text, struct raw *raw)
{
    size_t said = 0;
    struct reading reading = {.name = "fuzz", .say = say, .arg = &said};
    bool ok;

    if (!raw_init(raw))
        abort();
    ok = reading_run(&reading, text, raw) == DBA_OK;
    if (ok)
        rules_check(&reading, raw);
    if (reading.failed != (said > 0))
        abort();
    return ok;
}

static char *dump(const struct raw *raw)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (out == NULL)
        abort();
    dump_print(raw, out);
    if (fclose(out) != 0)
        abort();
    return text;
}

static void check_dump(const struct raw *raw)
{
    char *one = dump(raw);
    struct raw again;
    char *two;

    if (!read_text(one, &again))
        abort();
    /* Secrets are not in it: they count as set or not set. */
    two = dump(&again);
    if (raw->access_token[0] == '\0' && raw->org_key[0] == '\0' &&
        strchr(raw->proxy, '@') == NULL && strcmp(one, two) != 0)
        abort();
    free(one);
    free(two);
    raw_clear(&again);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    char *text = malloc(size + 1);
    struct raw raw;

    if (text == NULL)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    if (read_text(text, &raw))
        check_dump(&raw);
    raw_clear(&raw);
    free(text);
    return 0;
}
