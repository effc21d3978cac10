/* SPDX-License-Identifier: Apache-2.0 */
/* The failures of the simulated Platform; see fixture.h. */
#include "tests/platform/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/platform/loop.h"

#define JSON  "application/json; charset=utf-8"
#define HTML  "text/html"
#define PLAIN "text/plain"

#define INVALID                                                                                \
    "{\"hint\":\"Ensure that you use a valid and non-expired token\",\"details\":\"Cannot "    \
    "find the specified token or it is expired.\",\"code\":\"\",\"message\":\"Invalid "        \
    "token\"}"
#define PAGE                                                                                   \
    "<html>\r\n<head><title>Trouble</title></head>\r\n<body><center><h1>Trouble</h1>"          \
    "</center><hr><center>nginx</center></body>\r\n</html>\r\n"
#define LIMITED "{\"code\":\"PT429\",\"message\":\"Rate limited\",\"hint\":\"Retry in 60s\"}"
#define DOWN    "{\"code\":\"PGRST001\",\"message\":\"Database connection error\"}"

/* A good answer but for one field. */
#define ORG(value)      "{\"org_id\":" value ",\"is_personal\":true,\"email\":\"alice@acme.io\"}"
#define PERSONAL(value) "{\"org_id\":1,\"is_personal\":" value ",\"email\":\"alice@acme.io\"}"
#define EMAIL(value)    "{\"org_id\":1,\"is_personal\":true,\"email\":" value "}"
#define GOOD            ORG("1")
#define GOOD_AND(more)                                                                         \
    "{\"org_id\":1,\"is_personal\":true,\"email\":\"alice@acme.io\"," more "}"

#define STATUS(n, s, mime, more, body_text)                                                    \
    {                                                                                          \
        .name = (n), .status = (s), .type = (mime), .headers = (more), .text = (body_text)     \
    }
#define ANSWER(n, body_text)                                                                   \
    {                                                                                          \
        .name = (n), .status = 200, .type = JSON, .text = (body_text)                          \
    }
#define BYTES(n, body_text)                                                                    \
    {                                                                                          \
        .name = (n), .status = 200, .type = JSON, .text = (body_text),                         \
        .len = sizeof(body_text) - 1                                                           \
    }
/* The answer of a Platform that works, but for the manner. */
#define MANNER(n, h)                                                                           \
    {                                                                                          \
        .name = (n), .status = 0, .type = JSON, .body = BODY_GOOD, .how = (h)                  \
    }
#define REDIRECT(n, s, where)                                                                  \
    {                                                                                          \
        .name = (n), .status = (s), .type = HTML, .headers = "location: " where "\n",          \
        .text = PAGE                                                                           \
    }

static const struct fixture table[] = {
    /* the token, or the gateway, is refused */
    STATUS("401", 401, JSON, NULL, INVALID),
    STATUS("401-gateway", 401, JSON, NULL,
           "{\"hint\":\"Please check validity of token\",\"details\":\"Invalid token\"}"),
    STATUS("401-empty", 401, NULL, NULL, ""),
    STATUS("401-html", 401, HTML, NULL, PAGE),
    {.name = "401-reason", .status = 401, .reason = "Invalid token", .text = ""},
    STATUS("401-good-body", 401, JSON, NULL, GOOD),
    {.name = "401-hang-in-body",
     .status = 401,
     .type = JSON,
     .text = INVALID,
     .how = HOW_HANG_IN_BODY},
    /* other statuses */
    STATUS("400", 400, JSON, NULL, "{\"code\":\"PGRST102\",\"message\":\"Bad request\"}"),
    STATUS("403", 403, JSON, NULL,
           "{\"code\":\"PT403\",\"message\":\"Forbidden\",\"details\":\"Not yours.\"}"),
    STATUS("403-html", 403, HTML, NULL, PAGE),
    STATUS("403-empty", 403, NULL, NULL, ""),
    STATUS("404", 404, JSON, NULL,
           "{\"code\":\"PGRST202\",\"details\":null,\"hint\":null,\"message\":\"Could not find "
           "the public.dblab_token_check(token) function in the schema cache\"}"),
    STATUS("404-good-body", 404, JSON, NULL, GOOD),
    STATUS("407", 407, HTML, "proxy-authenticate: Basic realm=\"proxy\"\n", PAGE),
    STATUS("408", 408, NULL, NULL, ""),
    STATUS("418", 418, PLAIN, NULL, "teapot"),
    STATUS("429", 429, JSON, NULL, LIMITED),
    STATUS("429-seconds", 429, JSON, "retry-after: 1\n", LIMITED),
    STATUS("429-date", 429, JSON, "retry-after: {date+2}\n", LIMITED),
    STATUS("429-past-date", 429, JSON, "retry-after: Wed, 21 Oct 2015 07:28:00 GMT\n", LIMITED),
    STATUS("429-long", 429, JSON, "retry-after: 86400\n", LIMITED),
    STATUS("429-huge", 429, JSON, "retry-after: 99999999999999999999\n", LIMITED),
    STATUS("429-negative", 429, JSON, "retry-after: -5\n", LIMITED),
    STATUS("429-garbage", 429, JSON, "retry-after: soon\n", LIMITED),
    STATUS("429-html", 429, HTML, NULL, PAGE),
    STATUS("429-empty", 429, NULL, NULL, ""),
    STATUS("500", 500, JSON, NULL, DOWN),
    STATUS("500-html", 500, HTML, NULL, PAGE),
    STATUS("500-text", 500, PLAIN, NULL, "Internal Server Error\n"),
    STATUS("500-empty", 500, NULL, NULL, ""),
    STATUS("500-good-body", 500, JSON, NULL, GOOD),
    STATUS("500-invalid-body", 500, JSON, NULL, INVALID),
    STATUS("502", 502, HTML, NULL, PAGE),
    STATUS("503", 503, JSON, NULL, DOWN),
    STATUS("503-seconds", 503, HTML, "retry-after: 1\n", PAGE),
    STATUS("503-date", 503, HTML, "retry-after: {date+2}\n", PAGE),
    STATUS("504", 504, NULL, NULL, ""),
    STATUS("599", 599, PLAIN, NULL, "?"),
    STATUS("999", 999, JSON, NULL, GOOD),
    /* good bodies of other successes */
    STATUS("201", 201, JSON, NULL, GOOD),
    STATUS("202", 202, JSON, NULL, GOOD),
    STATUS("203", 203, JSON, NULL, GOOD),
    STATUS("204", 204, NULL, NULL, ""),
    STATUS("206", 206, JSON, "content-range: bytes 0-1/2\n", GOOD),
    STATUS("304", 304, NULL, NULL, ""),
    /* 200 that says no */
    ANSWER("200-code", GOOD_AND("\"code\":\"PT401\"")),
    ANSWER("200-message", GOOD_AND("\"message\":\"Invalid token\"")),
    ANSWER("200-details", GOOD_AND("\"details\":\"expired\"")),
    ANSWER("200-invalid", INVALID),
    /* 200 that says nothing */
    ANSWER("200-hint", "{\"hint\":\"no token here\"}"),
    ANSWER("200-code-number", GOOD_AND("\"code\":401")),
    ANSWER("200-code-false", GOOD_AND("\"code\":false")),
    ANSWER("200-message-object", GOOD_AND("\"message\":{}")),
    ANSWER("200-details-array", GOOD_AND("\"details\":[]")),
    ANSWER("200-org-0", ORG("0")),
    ANSWER("200-org-null", ORG("null")),
    ANSWER("200-org-string", ORG("\"1\"")),
    ANSWER("200-org-negative", ORG("-1")),
    ANSWER("200-org-fraction", ORG("1.5")),
    ANSWER("200-org-real", ORG("1.0")),
    ANSWER("200-org-exponent", ORG("1e0")),
    ANSWER("200-org-huge", ORG("9223372036854775808")),
    ANSWER("200-org-wrapped", ORG("18446744073709551617")),
    ANSWER("200-org-true", ORG("true")),
    ANSWER("200-org-array", ORG("[1]")),
    ANSWER("200-org-missing", "{\"is_personal\":true,\"email\":\"alice@acme.io\"}"),
    ANSWER("200-personal-null", PERSONAL("null")),
    ANSWER("200-personal-string", PERSONAL("\"true\"")),
    ANSWER("200-personal-number", PERSONAL("1")),
    ANSWER("200-personal-missing", "{\"org_id\":1,\"email\":\"alice@acme.io\"}"),
    ANSWER("200-email-number", EMAIL("5")),
    ANSWER("200-email-array", EMAIL("[\"alice@acme.io\"]")),
    ANSWER("200-duplicate-org",
           "{\"org_id\":2,\"is_personal\":true,\"email\":\"alice@acme.io\",\"org_id\":1}"),
    ANSWER("200-duplicate-personal",
           "{\"org_id\":1,\"is_personal\":false,\"is_personal\":true,\"email\":"
           "\"alice@acme.io\"}"),
    ANSWER("200-duplicate-email",
           "{\"org_id\":1,\"is_personal\":true,\"email\":\"bob@acme.io\",\"email\":"
           "\"alice@acme.io\"}"),
    ANSWER("200-duplicate-code", GOOD_AND("\"code\":\"PT401\",\"code\":\"\"")),
    ANSWER("200-truncated", "{\"org_id\":1,\"is_personal\":true,\"email\":\"alice@acme.io\""),
    ANSWER("200-trailing", GOOD "x"),
    ANSWER("200-two-objects", GOOD GOOD),
    BYTES("200-trailing-nul", GOOD "\0"),
    BYTES("200-nul-in-email", EMAIL("\"alice@acme.io\0.evil.io\"")),
    ANSWER("200-bom", "\xef\xbb\xbf" GOOD),
    ANSWER("200-bad-utf8", EMAIL("\"alice@acme.io\xff\"")),
    ANSWER("200-surrogate", EMAIL("\"\\ud800alice@acme.io\"")),
    ANSWER("200-single-quotes", "{'org_id':1,'is_personal':true,'email':'alice@acme.io'}"),
    ANSWER("200-comment", "/**/" GOOD),
    ANSWER("200-empty", ""),
    ANSWER("200-null", "null"),
    ANSWER("200-true", "true"),
    ANSWER("200-string", "\"ok\""),
    ANSWER("200-array-empty", "[]"),
    ANSWER("200-array-two", "[" GOOD "," GOOD "]"),
    ANSWER("200-array-null", "[null]"),
    ANSWER("200-array-nested", "[[" GOOD "]]"),
    ANSWER("200-result-null", "{\"result\":null}"),
    ANSWER("200-result-array", "{\"result\":[" GOOD "]}"),
    ANSWER("200-result-nested", "{\"result\":{\"result\":" GOOD "}}"),
    ANSWER("200-result-two", "{\"result\":" GOOD ",\"result\":" GOOD "}"),
    STATUS("200-html", 200, HTML, NULL, PAGE),
    {.name = "200-big", .status = 200, .type = JSON, .body = BODY_BIG},
    {.name = "200-deep", .status = 200, .type = JSON, .body = BODY_DEEP},
    {.name = "200-endless", .status = 200, .type = JSON, .text = " ", .how = HOW_ENDLESS},
    /* the way it comes */
    MANNER("good", HOW_PLAIN),
    MANNER("chunked", HOW_CHUNKED),
    MANNER("bad-chunk", HOW_BAD_CHUNK),
    MANNER("short-body", HOW_SHORT_BODY),
    MANNER("two-lengths", HOW_TWO_LENGTHS),
    MANNER("http10", HOW_HTTP10),
    MANNER("http09", HOW_HTTP09),
    MANNER("informed", HOW_INFORMED),
    MANNER("informed-endless", HOW_INFORMED_ENDLESS),
    MANNER("slow-headers", HOW_SLOW_HEADERS),
    MANNER("drip", HOW_DRIP),
    MANNER("hang", HOW_HANG),
    MANNER("hang-after-headers", HOW_HANG_AFTER_HEADERS),
    MANNER("hang-in-body", HOW_HANG_IN_BODY),
    MANNER("rst", HOW_RST),
    MANNER("rst-stream", HOW_RST_STREAM),
    MANNER("refused-stream", HOW_REFUSED_STREAM),
    MANNER("close", HOW_CLOSE),
    MANNER("close-after-headers", HOW_CLOSE_AFTER_HEADERS),
    MANNER("last", HOW_LAST),
    MANNER("garbage", HOW_GARBAGE),
    {.name = "gzip", .type = JSON, .headers = "content-encoding: gzip\n", .body = BODY_GZIP},
    {.name = "many-headers", .type = JSON, .headers = "{many}", .body = BODY_GOOD},
    {.name = "huge-header", .type = JSON, .headers = "{huge}", .body = BODY_GOOD},
    {.name = "cookie",
     .type = JSON,
     .headers = "set-cookie: session=1; Path=/\n",
     .body = BODY_GOOD},
    {.name = "hsts",
     .type = JSON,
     .headers = "strict-transport-security: max-age=9\nalt-svc: h3=\":1\"; ma=9, h2=\":1\"\n",
     .body = BODY_GOOD},
    /* elsewhere: {trap} is the other port, which counts who brings a token there */
    REDIRECT("301", 301, "https://localhost:{trap}/api/general/rpc/dblab_token_check"),
    REDIRECT("302", 302, "https://localhost:{trap}/api/general/rpc/dblab_token_check"),
    REDIRECT("303", 303, "https://localhost:{trap}/api/general/rpc/dblab_token_check"),
    REDIRECT("307", 307, "https://localhost:{trap}/api/general/rpc/dblab_token_check"),
    REDIRECT("308", 308, "https://localhost:{trap}/api/general/rpc/dblab_token_check"),
    REDIRECT("307-same", 307, "{path}"),
    {.name = NULL},
};

const struct fixture *fixture_table(void)
{
    return table;
}

static const struct fixture *find(const char *name, size_t len)
{
    for (const struct fixture *f = table; f->name != NULL; f++) {
        if (strlen(f->name) == len && memcmp(f->name, name, len) == 0) {
            return f;
        }
    }
    return NULL;
}

const struct fixture *fixture_find(const char *name)
{
    return find(name, strlen(name));
}

const struct fixture *fixture_of_token(const char *token, size_t len)
{
    static const char prefix[] = "fixture-";
    const size_t skip = sizeof prefix - 1;
    const char *dot;

    if (len <= skip || memcmp(token, prefix, skip) != 0) {
        return NULL;
    }
    dot = memchr(token, '.', len);
    return find(token + skip, dot == NULL ? len - skip : (size_t)(dot - token) - skip);
}

/* ---- scripts ---- */

void script_clear(struct script *script)
{
    free(script->steps);
    *script = (struct script){0};
}

/* "normal", or the name of a fixture. */
static bool named(const char *name, const struct fixture **fixture)
{
    *fixture = fixture_find(name);
    return *fixture != NULL || strcmp(name, "normal") == 0;
}

bool script_always(struct script *script, const char *name)
{
    return named(name, &script->always);
}

bool script_set(struct script *script, const char *list)
{
    const struct fixture **steps = take(SCRIPT_MAX * sizeof *steps);
    char copy[4096], *rest = NULL;
    size_t count = 0;

    (void)snprintf(copy, sizeof copy, "%s", list);
    for (char *word = strtok_r(copy, ",", &rest); word != NULL;
         word = strtok_r(NULL, ",", &rest)) {
        char *star = strchr(word, '*');
        const struct fixture *fixture;
        long times = 1;

        if (star != NULL) {
            *star = '\0';
            times = strtol(star + 1, NULL, 10);
        }
        if (!named(word, &fixture) || times < 1 || times > (long)(SCRIPT_MAX - count)) {
            free(steps);
            return false;
        }
        for (long i = 0; i < times; i++) {
            steps[count++] = fixture;
        }
    }
    free(script->steps);
    script->steps = steps;
    script->count = count;
    script->at = 0;
    return true;
}

bool script_next(struct script *script, const struct fixture **fixture)
{
    if (script->at < script->count) {
        *fixture = script->steps[script->at++];
        return true;
    }
    *fixture = script->always;
    return *fixture != NULL;
}
