/* SPDX-License-Identifier: Apache-2.0 */
/* Finds and runs a command of the control socket; the list is in control.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/platform/control.h"
#include "tests/platform/words.h"

static const struct command *find(const char *name)
{
    const struct command *const tables[] = {commands_of_tokens, commands_of_behaviour,
                                            commands_of_connections, commands_to_look};

    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        for (const struct command *command = tables[i]; command->name != NULL; command++) {
            if (strcmp(command->name, name) == 0) {
                return command;
            }
        }
    }
    return NULL;
}

void command_run(struct platform *platform, char *line, struct text *out)
{
    struct words words = {.platform = platform, .out = out};
    const struct command *command;
    const char *why;

    words_read(&words, line);
    command = find(words_text(&words, 0));
    if (command == NULL) {
        why = "no such command";
    } else if (words.count < command->words) {
        why = "words are missing";
    } else {
        why = command->run(&words);
    }
    if (why == NULL) {
        text_printf(out, "ok\n");
    } else {
        text_printf(out, "error %s\n", why);
    }
}

bool command_run_file(struct platform *platform, const char *path)
{
    FILE *in = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    bool done = in != NULL;

    while (done && getline(&line, &room, in) > 0) {
        struct text out = {0};

        line[strcspn(line, "#\n")] = '\0';
        if (line[strspn(line, " ")] != '\0') {
            command_run(platform, line, &out);
            if (strstr(out.data, "error ") == out.data) {
                (void)fprintf(stderr, "platformd: %s: %s: %s", path, line, out.data);
                done = false;
            }
            free(out.data);
        }
    }
    if (in == NULL) {
        perror(path);
    } else {
        (void)fclose(in);
    }
    free(line);
    return done;
}
