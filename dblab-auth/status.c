/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status: the daemon's lines key=value, as they come or as JSON; metrics: its Prometheus text.
 */
#include <string.h>

#include "dblab-auth/command.h"

#define VALUE_MAX 255

/* Keys that the design names; every other line is added in camel case as it comes. */
static const struct known {
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

struct line {
    char key[VALUE_MAX + 1];
    char value[VALUE_MAX + 1]; /* "": there is none */
};

static void copy(char *dst, const char *from, size_t len)
{
    if (len > VALUE_MAX)
        len = VALUE_MAX;
    memcpy(dst, from, len);
    dst[len] = '\0';
}

/* Copies the next line and moves *text and *left behind it; false at the end. */
static bool next_line(const char **text, size_t *left, struct line *line)
{
    const char *end = *left > 0 ? memchr(*text, '\n', *left) : NULL;
    const char *equals;
    size_t len;

    if (end == NULL)
        return false;
    len = (size_t)(end - *text);
    equals = memchr(*text, '=', len);
    if (equals == NULL)
        equals = end;
    copy(line->key, *text, (size_t)(equals - *text));
    copy(line->value, equals + (equals < end), (size_t)(end - equals) - (equals < end));
    *text = end + 1;
    *left -= len + 1;
    return true;
}

static const struct known *find(const char *key)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].key, key) == 0)
            return &known[i];
    return NULL;
}

static void print_value(const struct line *line)
{
    if (strcmp(line->key, "reachable") == 0)
        (void)fputs(strcmp(line->value, "1") == 0 ? "true" : "false", stdout);
    else if (line->value[0] == '\0')
        (void)fputs("null", stdout);
    else if (json_is_number(line->value))
        (void)fputs(line->value, stdout);
    else
        json_string(stdout, line->value);
}

/* some_key -> someKey */
static void print_name(const char *key)
{
    char name[VALUE_MAX + 1];
    size_t len = 0;

    for (; *key != '\0'; key++) {
        if (*key == '_' && key[1] >= 'a' && key[1] <= 'z')
            name[len++] = (char)(*++key - 'a' + 'A');
        else
            name[len++] = *key;
    }
    name[len] = '\0';
    json_string(stdout, name);
}

/* The members of one object: those of `platform`, or all others. */
static void print_members(const struct dba_reply *reply, bool platform)
{
    const char *text = reply->text;
    size_t left = reply->text_len;
    const char *before = platform ? "" : ", ";
    struct line line;

    while (next_line(&text, &left, &line)) {
        const struct known *entry = find(line.key);

        if ((entry != NULL && entry->in_platform) != platform)
            continue;
        (void)fputs(before, stdout);
        before = ", ";
        if (entry != NULL)
            json_string(stdout, entry->json);
        else
            print_name(line.key);
        (void)fputs(": ", stdout);
        print_value(&line);
    }
}

static void print_json(const struct dba_reply *reply)
{
    (void)fputs("{\"platform\": {", stdout);
    print_members(reply, true);
    (void)fputs("}", stdout);
    print_members(reply, false);
    (void)fputs("}\n", stdout);
}

/* A key that has no label of its own is readable without its underscores. */
static const char *label_of(struct line *line)
{
    const struct known *entry = find(line->key);

    for (char *at = line->key; (at = strchr(at, '_')) != NULL; at++)
        *at = ' ';
    return entry != NULL ? entry->label : line->key;
}

static void print_text(const struct dba_reply *reply)
{
    const char *text = reply->text;
    size_t left = reply->text_len;
    struct line line;

    while (next_line(&text, &left, &line)) {
        const char *value = line.value[0] != '\0' ? line.value : "-";

        if (strcmp(line.key, "reachable") == 0)
            value = strcmp(value, "1") == 0 ? "yes" : "no";
        (void)printf("%-32s %s\n", label_of(&line), value);
    }
}

/* Asks for a text, and prints it if there is one. */
static int show(const struct options *options, enum dba_op op,
                void (*print)(const struct dba_reply *reply))
{
    struct dba_request request = {.op = op, .uid = DBA_NO_UID};
    struct answer answer;
    int code = EXIT_UNDECIDED;

    if (!answer_get(options, &request, &answer))
        goto out;
    if (answer.reply.result != DBA_ACCEPTED || answer.reply.text == NULL) {
        (void)fprintf(stderr, "dblab-auth: %s\n", dba_reason_text(answer.reply.reason));
        goto out;
    }
    print(&answer.reply);
    code = EXIT_YES;
out:
    answer_clear(&answer);
    return code;
}

int status_run(const struct options *options)
{
    return show(options, DBA_OP_STATUS, options->json ? print_json : print_text);
}

static void print_as_it_is(const struct dba_reply *reply)
{
    (void)fwrite(reply->text, 1, reply->text_len, stdout);
}

int metrics_run(const struct options *options)
{
    return show(options, DBA_OP_METRICS, print_as_it_is);
}
