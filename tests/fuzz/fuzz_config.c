/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration's text: read and ruled on, or said what is wrong. */
#include <stdlib.h>
#include <string.h>

#include "dblab-authd/keeper/rules.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void say(const char *line, void *arg)
{
    *(size_t *)arg += strlen(line);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    size_t said = 0;
    struct reading reading = {.name = "fuzz", .say = say, .arg = &said};
    char *text = malloc(size + 1);
    struct raw raw;

    if (text == NULL || !raw_init(&raw))
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    if (reading_run(&reading, text, &raw) == DBA_OK)
        rules_check(&reading, &raw);
    if (reading.failed != (said > 0))
        abort();
    raw_clear(&raw);
    free(text);
    return 0;
}
