/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status: the daemon's lines key=value, as they come or as JSON.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "dblab-auth/command.h"

/* Keys that the design names; every other line is added in camel case as it comes. */
static const struct {
    const char *key, *json, *label;
    bool in_platform;
} known[] = {
    {"reachable", "reachable", "Platform decides", true},
    {"seconds_since_answer", "secondsSinceAnswer", "seconds since its last answer", true},
    {"org_id", "orgId", "organization", true},
    {"tokens", "tokens", "tokens remembered", false},
    {"sessions", "sessions", "live sessions", false},
    {"bound_seconds", "boundSeconds", "bound in seconds", false},
    {"oldest_verdict_seconds", "oldestVerdictSeconds", "oldest verdict in seconds", false},
};
#define KNOWN (sizeof known / sizeof known[0])

struct line {
    const char *key, *value;
};

/* Cuts the next line of `text` in place; false at the end. */
static bool next_line(char **text, struct line *line)
{
    char *end = strchr(*text, '\n');
    char *equals;

    if (end == NULL)
        return false;
    *end = '\0';
    line->key = *text;
    equals = strchr(*text, '=');
    line->value = "";
    if (equals != NULL) {
        *equals = '\0';
        line->value = equals + 1;
    }
    *text = end + 1;
    return true;
}

static size_t find(const char *key)
{
    size_t i = 0;

    while (i < KNOWN && strcmp(known[i].key, key) != 0)
        i++;
    return i;
}

static bool is_number(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789.") == strlen(text);
}

static void print_value(size_t at, const char *value)
{
    if (at < KNOWN && strcmp(known[at].key, "reachable") == 0)
        (void)fputs(strcmp(value, "1") == 0 ? "true" : "false", stdout);
    else if (value[0] == '\0')
        (void)fputs("null", stdout);
    else if (is_number(value))
        (void)fputs(value, stdout);
    else
        json_string(stdout, value);
}

static void print_camel(const char *key)
{
    (void)fputc('"', stdout);
    for (; *key != '\0'; key++) {
        if (*key == '_' && key[1] != '\0') {
            key++;
            (void)fputc(*key >= 'a' && *key <= 'z' ? *key - 'a' + 'A' : *key, stdout);
        } else {
            (void)fputc(*key, stdout);
        }
    }
    (void)fputc('"', stdout);
}

/* The members of one object: those of `platform`, or all others. */
static void print_members(const char *text, bool platform)
{
    char *copy = strdup(text);
    char *cursor = copy;
    bool first = true;
    struct line line;

    while (copy != NULL && next_line(&cursor, &line)) {
        size_t at = find(line.key);

        if ((at < KNOWN && known[at].in_platform) != platform)
            continue;
        (void)fputs(first && platform ? "" : ", ", stdout);
        first = false;
        if (at < KNOWN)
            json_string(stdout, known[at].json);
        else
            print_camel(line.key);
        (void)fputs(": ", stdout);
        print_value(at, line.value);
    }
    free(copy);
}

static void print_json(const char *text)
{
    (void)fputs("{\"platform\": {", stdout);
    print_members(text, true);
    (void)fputs("}", stdout);
    print_members(text, false);
    (void)fputs("}\n", stdout);
}

static void print_text(char *text)
{
    struct line line;

    while (next_line(&text, &line)) {
        size_t at = find(line.key);
        const char *value = line.value[0] != '\0' ? line.value : "-";

        if (strcmp(line.key, "reachable") == 0)
            value = strcmp(value, "1") == 0 ? "yes" : "no";
        (void)printf("%-32s %s\n", at < KNOWN ? known[at].label : line.key, value);
    }
}

int status_run(const struct options *options)
{
    struct dba_request request = {.op = DBA_OP_STATUS, .uid = DBA_NO_UID};
    struct dba_reply reply;
    char *text;

    if (!ask_daemon(options, &request, &reply))
        return EXIT_UNDECIDED;
    text = reply.text != NULL ? strndup(reply.text, reply.text_len) : NULL;
    if (reply.result != DBA_ACCEPTED || text == NULL) {
        (void)fprintf(stderr, "dblab-auth: %s\n", dba_reason_text(reply.reason));
        return EXIT_UNDECIDED;
    }
    if (options->json)
        print_json(text);
    else
        print_text(text);
    free(text);
    return EXIT_YES;
}

int metrics_run(const struct options *options)
{
    struct dba_request request = {.op = DBA_OP_METRICS, .uid = DBA_NO_UID};
    struct dba_reply reply;

    if (!ask_daemon(options, &request, &reply))
        return EXIT_UNDECIDED;
    if (reply.result != DBA_ACCEPTED || reply.text == NULL) {
        (void)fprintf(stderr, "dblab-auth: %s\n", dba_reason_text(reply.reason));
        return EXIT_UNDECIDED;
    }
    return fwrite(reply.text, 1, reply.text_len, stdout) == reply.text_len ? EXIT_YES
                                                                           : EXIT_UNDECIDED;
}
