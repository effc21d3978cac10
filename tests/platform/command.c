/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the control socket; their list is in control.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/platform/conn.h"
#include "tests/platform/control.h"
#include "tests/platform/listener.h"
#include "tests/platform/tls.h"

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

/* NULL: done. Else why not (static). */
typedef const char *command_fn(struct words *words);

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

static const char *text_of(const struct words *words, size_t i)
{
    return i < words->count ? words->word[i].text : "";
}

static bool is(const struct words *words, size_t i, const char *text)
{
    return strcmp(text_of(words, i), text) == 0;
}

static nanosec milliseconds(const struct words *words, size_t i)
{
    return (nanosec)(strtod(text_of(words, i), NULL) * (double)NANOSEC_PER_MS);
}

/* Which of the names is word `i`? -1: none. */
static int one_of(const struct words *words, size_t i, const char *const *names)
{
    for (int n = 0; names[n] != NULL; n++) {
        if (is(words, i, names[n])) {
            return n;
        }
    }
    return -1;
}

static struct token *known(const struct words *words)
{
    return tokens_find(words->platform->tokens, words->word[1].text, words->word[1].len);
}

static struct token *known_or_new(const struct words *words)
{
    return tokens_get(words->platform->tokens, words->word[1].text, words->word[1].len);
}

/* ---- tokens ---- */

static void set_email(struct token *token, const char *text, size_t len)
{
    enum email_form form = EMAIL_TEXT;

    if (strcmp(text, "null") == 0) {
        form = EMAIL_NULL;
    } else if (strcmp(text, "-") == 0) {
        form = EMAIL_ABSENT;
    }
    token_set_email(token, form, text, len);
}

static const char *add(struct words *words)
{
    struct token *token = known_or_new(words);

    token->state = TOKEN_GOOD;
    token->org = strtoll(text_of(words, 2), NULL, 10);
    token->personal = is(words, 3, "true");
    token->expires = words->count > 5 ? loop_now() + milliseconds(words, 5) : 0;
    set_email(token, words->word[4].text, words->word[4].len);
    return NULL;
}

static const char *add_many(struct words *words)
{
    long count = strtol(text_of(words, 2), NULL, 10);

    for (long i = 0; i < count; i++) {
        char name[512], email[512];
        int name_len = snprintf(name, sizeof name, "%.400s%ld", text_of(words, 1), i);
        int email_len = snprintf(email, sizeof email, "user%ld@%.400s", i, text_of(words, 4));
        struct token *token = tokens_get(words->platform->tokens, name, (size_t)name_len);

        token->state = TOKEN_GOOD;
        token->org = strtoll(text_of(words, 3), NULL, 10);
        token->personal = true;
        token->expires = 0;
        token_set_email(token, EMAIL_TEXT, email, (size_t)email_len);
    }
    return NULL;
}

static const char *set(struct words *words)
{
    struct token *token = known(words);

    if (token == NULL) {
        return "no such token";
    }
    if (is(words, 2, "org")) {
        token->org = strtoll(text_of(words, 3), NULL, 10);
    } else if (is(words, 2, "personal")) {
        token->personal = is(words, 3, "true");
    } else if (is(words, 2, "email")) {
        set_email(token, words->word[3].text, words->word[3].len);
    } else {
        return "org, personal or email";
    }
    return NULL;
}

static const char *revoke(struct words *words)
{
    struct token *token = known(words);

    if (token == NULL) {
        return "no such token";
    }
    token->state = is(words, 0, "restore") ? TOKEN_GOOD : TOKEN_REVOKED;
    token->expires = is(words, 0, "restore") ? 0 : token->expires;
    return NULL;
}

static const char *expire(struct words *words)
{
    struct token *token = known(words);

    if (token == NULL) {
        return "no such token";
    }
    token->expires = loop_now() + milliseconds(words, 2);
    return NULL;
}

static const char *delete_token(struct words *words)
{
    tokens_delete(words->platform->tokens, words->word[1].text, words->word[1].len);
    return NULL;
}

static void list_token(struct token *token, void *arg)
{
    static const char *const states[] = {
        [TOKEN_UNKNOWN] = "unknown",
        [TOKEN_GOOD] = "good",
        [TOKEN_REVOKED] = "revoked",
    };
    struct text *out = arg;
    bool good = token_good(token, loop_now());

    text_printf(out, "= {\"token\":");
    text_add_json(out, token->bytes, token->len, true);
    text_printf(out,
                ",\"number\":%" PRIu64 ",\"state\":\"%s\",\"org\":%lld,\"personal\":%s,"
                "\"requests\":%" PRIu64 ",\"email\":",
                token->number,
                token->state == TOKEN_GOOD && !good ? "expired" : states[token->state],
                token->org, token->personal ? "true" : "false", token->requests);
    if (token->email_form == EMAIL_TEXT) {
        text_add_json(out, token->email, token->email_len, true);
    } else {
        text_printf(out, "null");
    }
    text_printf(out, "}\n");
}

static const char *list(struct words *words)
{
    tokens_each(words->platform->tokens, list_token, words->out);
    return NULL;
}

/* ---- behaviour ---- */

static const char *all(struct words *words)
{
    return script_always(&words->platform->mode.script, text_of(words, 1)) ? NULL
                                                                           : "no such fixture";
}

static const char *next(struct words *words)
{
    return script_set(&words->platform->mode.script, text_of(words, 1)) ? NULL
                                                                        : "no such fixture";
}

static const char *token_all(struct words *words)
{
    struct token *token = known_or_new(words);

    token_set_custom(token, NULL);
    return script_always(&token->script, text_of(words, 2)) ? NULL : "no such fixture";
}

static const char *token_next(struct words *words)
{
    return script_set(&known_or_new(words)->script, text_of(words, 2)) ? NULL
                                                                       : "no such fixture";
}

static const char *answer(struct words *words)
{
    struct fixture *custom = take(sizeof *custom);
    struct text headers = {0}, body = {0};

    for (size_t i = 5; i < words->count; i++) {
        text_printf(&headers, "%s\n", text_of(words, i));
    }
    text_add(&body, words->word[4].text, words->word[4].len);
    custom->name = "answer";
    custom->status = atoi(text_of(words, 2));
    custom->type = is(words, 3, "") ? NULL : "application/json";
    if (is(words, 3, "text/html")) {
        custom->type = "text/html";
    }
    custom->headers = headers.data;
    custom->text = body.data;
    custom->len = body.len;
    token_set_custom(known_or_new(words), custom);
    return NULL;
}

static const char *latency(struct words *words)
{
    if (words->count > 2) {
        tokens_get(words->platform->tokens, words->word[2].text, words->word[2].len)->latency =
            milliseconds(words, 1);
    } else {
        words->platform->mode.latency = milliseconds(words, 1);
    }
    return NULL;
}

static const char *drip(struct words *words)
{
    words->platform->mode.drip = milliseconds(words, 1);
    return NULL;
}

static const char *wrap(struct words *words)
{
    static const char *const names[] = {"plain", "array", "result", "array-result", NULL};
    int found = one_of(words, 1, names);

    if (found < 0) {
        return "plain, array, result or array-result";
    }
    words->platform->mode.wrap = (enum wrap)found;
    return NULL;
}

static const char *extras(struct words *words)
{
    static const char *const names[] = {"absent", "null", "empty", NULL};
    int found = one_of(words, 1, names);

    if (found < 0) {
        return "absent, null or empty";
    }
    words->platform->mode.extras = (enum extras)found;
    return NULL;
}

static const char *access_rule(struct words *words)
{
    words->platform->mode.access_required = is(words, 1, "required");
    return NULL;
}

static const char *base(struct words *words)
{
    (void)snprintf(words->platform->mode.base, sizeof words->platform->mode.base, "%s",
                   text_of(words, 1));
    return NULL;
}

static const char *fixtures(struct words *words)
{
    for (const struct fixture *f = fixture_table(); f->name != NULL; f++) {
        text_printf(words->out, "= %s\n", f->name);
    }
    return NULL;
}

/* ---- connections ---- */

static const char *certificate(struct words *words)
{
    return tls_use_certificate(words->platform->tls, text_of(words, 1)) ? NULL
                                                                        : "no such certificate";
}

static const char *tls_max(struct words *words)
{
    return tls_use_version(words->platform->tls, text_of(words, 1)) ? NULL : "no such version";
}

static const char *alpn(struct words *words)
{
    words->platform->mode.http1_only = !is(words, 1, "h2");
    return NULL;
}

static const char *streams(struct words *words)
{
    words->platform->mode.streams = (uint32_t)strtoul(text_of(words, 1), NULL, 10);
    return NULL;
}

static const char *listener(struct words *words)
{
    static const char *const names[] = {"open", "closed", "silent", NULL};
    int found = one_of(words, 1, names);

    if (found < 0) {
        return "open, closed or silent";
    }
    words->platform->mode.listening = (enum listening)found;
    return listener_apply(words->platform) ? NULL : "the port is taken";
}

static const char *freeze(struct words *words)
{
    conn_freeze(words->platform, is(words, 1, "on"));
    return listener_apply(words->platform) ? NULL : "the port is taken";
}

static const char *close_all(struct words *words)
{
    conn_close_all(words->platform, is(words, 1, "polite") ? PART_POLITE : PART_RUDE);
    return NULL;
}

static const char *close_each(struct words *words)
{
    static const char *const names[] = {"never", "polite", "rude", NULL};
    int found = one_of(words, 1, names);

    if (found < 0) {
        return "never, polite or rude";
    }
    words->platform->mode.parting = (enum parting)found;
    return NULL;
}

/* ---- to look at ---- */

static const char *counts(struct words *words)
{
    if (words->count > 1) {
        struct token *token = known(words);

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
    record_keep(&words->platform->record, strtoul(text_of(words, 1), NULL, 10));
    return NULL;
}

static const char *requests(struct words *words)
{
    size_t last = words->count > 1 ? strtoul(text_of(words, 1), NULL, 10) : RECORD_MAX;

    record_requests(&words->platform->record, last, is(words, 0, "requests"), words->out);
    return NULL;
}

static const char *trace(struct words *words)
{
    return record_trace(&words->platform->record,
                        is(words, 1, "off") ? NULL : text_of(words, 1))
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

void command_run(struct platform *platform, char *line, struct text *out)
{
    static const struct {
        const char *name;
        size_t words; /* at least, the name counted */
        command_fn *fn;
    } commands[] = {
        {"add", 5, add},
        {"add-many", 5, add_many},
        {"set", 4, set},
        {"revoke", 2, revoke},
        {"restore", 2, revoke},
        {"delete", 2, delete_token},
        {"expire", 2, expire},
        {"list", 1, list},
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
        {"certificate", 2, certificate},
        {"tls-max", 2, tls_max},
        {"alpn", 2, alpn},
        {"streams", 2, streams},
        {"listener", 2, listener},
        {"freeze", 2, freeze},
        {"close-all", 1, close_all},
        {"close-each", 2, close_each},
        {"counts", 1, counts},
        {"reset", 1, reset},
        {"keep", 2, keep},
        {"requests", 1, requests},
        {"log", 1, requests},
        {"trace", 2, trace},
        {"ports", 1, ports},
        {"quit", 1, quit},
    };
    struct words words = {.platform = platform, .out = out};
    const char *why = "no such command";
    char *rest = NULL;

    for (char *word = strtok_r(line, " ", &rest); word != NULL && words.count < WORDS;
         word = strtok_r(NULL, " ", &rest)) {
        words.word[words.count].text = word;
        words.word[words.count++].len = decode(word);
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (is(&words, 0, commands[i].name)) {
            why =
                words.count < commands[i].words ? "words are missing" : commands[i].fn(&words);
            break;
        }
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
