/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dblab-auth(1): the table of verbs.
 */
#include <string.h>

#include "base/text.h"
#include "client/client.h"
#include "dblab-auth/command.h"

/* Which options a verb takes. */
#define TAKES_USER  1u
#define TAKES_JSON  2u
#define TAKES_FORCE 4u

static const struct verb {
    const char *name;
    int (*run)(const struct options *options);
    unsigned takes;
} verbs[] = {
    {"check", check_run, TAKES_USER | TAKES_JSON},
    {"status", status_run, TAKES_JSON},
    {"metrics", metrics_run, 0},
    {"reload", reload_run, TAKES_FORCE},
};

static const char usage[] =
    "usage: dblab-auth check [--user USER] [--service SERVICE] [--json]\n"
    "       dblab-auth status [--json]\n"
    "       dblab-auth metrics\n"
    "       dblab-auth reload [--force]\n"
    "options of all: --socket PATH, --help, --version\n"
    "see dblab-auth(1)\n";

static const struct verb *find(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

/* The option's place for a value, or NULL. */
static const char **value_of(struct options *options, const struct verb *verb, const char *word)
{
    if (strcmp(word, "--socket") == 0)
        return &options->socket;
    if ((verb->takes & TAKES_USER) != 0 && strcmp(word, "--user") == 0)
        return &options->user;
    if ((verb->takes & TAKES_USER) != 0 && strcmp(word, "--service") == 0)
        return &options->service;
    return NULL;
}

static bool *switch_of(struct options *options, const struct verb *verb, const char *word)
{
    if ((verb->takes & TAKES_JSON) != 0 && strcmp(word, "--json") == 0)
        return &options->json;
    if ((verb->takes & TAKES_FORCE) != 0 && strcmp(word, "--force") == 0)
        return &options->force;
    return NULL;
}

static bool complain(const char *what, const char *word)
{
    char shown[64];

    (void)fprintf(stderr, "dblab-auth: %s \"%s\"\n", what,
                  dba_text_clean(shown, sizeof shown, word));
    return false;
}

static bool parse(struct options *options, const struct verb *verb, int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        const char **value = value_of(options, verb, argv[i]);
        bool *on = switch_of(options, verb, argv[i]);

        if (on != NULL)
            *on = true;
        else if (value != NULL && i + 1 < argc)
            *value = argv[++i];
        else
            return complain(value != NULL ? "a value is missing behind" : "unknown option",
                            argv[i]);
    }
    return true;
}

/* What was printed counts only once it is written: a full disk must not look like "yes". */
static int finish(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    (void)fputs("dblab-auth: the output cannot be written\n", stderr);
    return code == EXIT_YES ? EXIT_UNDECIDED : code;
}

int main(int argc, char **argv)
{
    struct options options = {.socket = DBA_DEFAULT_SOCKET, .user = "", .service = "sshd"};
    const struct verb *verb;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return finish(fputs(usage, stdout) < 0);
        if (strcmp(argv[i], "--version") == 0)
            return finish(puts("dblab-auth " DBA_VERSION) < 0);
    }
    verb = argc > 1 ? find(argv[1]) : NULL;
    if (argc > 1 && verb == NULL)
        (void)complain("unknown command", argv[1]);
    if (verb == NULL || !parse(&options, verb, argc, argv)) {
        (void)fputs(usage, stderr);
        return EXIT_USAGE;
    }
    return finish(verb->run(&options));
}
