/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the answers of the simulated Platform; see reply.h. */
#include "tests/platform/reply.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/platform/loop.h"

#define JSON "application/json; charset=utf-8"

void reply_clear(struct reply *reply)
{
    free(reply->headers.data);
    free(reply->owned.data);
    memset(reply, 0, sizeof *reply);
}

const char *reply_reason(const struct reply *reply)
{
    static const struct {
        int status;
        const char *reason;
    } usual[] = {
        {200, "OK"},           {201, "Created"},     {202, "Accepted"},
        {204, "No Content"},   {301, "Moved"},       {302, "Found"},
        {304, "Not Modified"}, {307, "Temporary"},   {308, "Permanent"},
        {401, "Unauthorized"}, {403, "Forbidden"},   {404, "Not Found"},
        {413, "Too Large"},    {429, "Too Many"},    {500, "Internal Server Error"},
        {502, "Bad Gateway"},  {503, "Unavailable"}, {504, "Gateway Timeout"},
    };

    if (reply->reason != NULL) {
        return reply->reason;
    }
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        if (usual[i].status == reply->status) {
            return usual[i].reason;
        }
    }
    return "Other";
}

/* ---- success ---- */

static void add_facts(struct text *out, enum extras extras, const struct token *token)
{
    text_printf(out, "{\"org_id\":%lld,\"is_personal\":%s", token->org,
                token->personal ? "true" : "false");
    if (token->email_form == EMAIL_NULL) {
        text_printf(out, ",\"email\":null");
    } else if (token->email_form == EMAIL_TEXT) {
        text_printf(out, ",\"email\":");
        text_add_json(out, token->email, token->email_len, false);
    }
    if (extras != EXTRAS_ABSENT) {
        const char *value = extras == EXTRAS_NULL ? "null" : "\"\"";

        text_printf(out, ",\"hint\":%s,\"details\":%s,\"code\":%s,\"message\":%s", value, value,
                    value, value);
    }
    text_printf(out, "}");
}

static void add_good(struct text *out, const struct reply_style *style,
                     const struct token *token)
{
    static const char *const before[] = {
        [WRAP_PLAIN] = "",
        [WRAP_ARRAY] = "[",
        [WRAP_RESULT] = "{\"result\":",
        [WRAP_ARRAY_RESULT] = "[{\"result\":",
    };
    static const char *const after[] = {
        [WRAP_PLAIN] = "",
        [WRAP_ARRAY] = "]",
        [WRAP_RESULT] = "}",
        [WRAP_ARRAY_RESULT] = "}]",
    };

    text_printf(out, "%s", before[style->wrap]);
    add_facts(out, style->extras, token);
    text_printf(out, "%s", after[style->wrap]);
}

static void use_owned(struct reply *reply)
{
    reply->body = reply->owned.data == NULL ? "" : reply->owned.data;
    reply->len = reply->owned.len;
}

void reply_good(struct reply *reply, const struct reply_style *style, const struct token *token)
{
    reply->status = 200;
    reply->type = JSON;
    reply->name = "normal";
    add_good(&reply->owned, style, token);
    use_owned(reply);
}

void reply_invalid(struct reply *reply)
{
    const struct fixture *fixture = fixture_find("401");

    reply->status = fixture->status;
    reply->type = fixture->type;
    reply->name = "normal";
    reply->body = fixture->text;
    reply->len = strlen(fixture->text);
}

/* ---- gzip without a compressor: stored blocks (RFC 1951, 3.2.4; RFC 1952) ---- */

static uint32_t crc32_of(const char *bytes, size_t len)
{
    uint32_t crc = 0xffffffffu;

    for (size_t i = 0; i < len; i++) {
        crc ^= (unsigned char)bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1u)));
        }
    }
    return ~crc;
}

static void add_le(struct text *out, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        char c = (char)(value >> (8 * i) & 0xff);

        text_add(out, &c, 1);
    }
}

/* `text` is replaced by its gzip form; at most 65,535 bytes. */
static void compress_text(struct text *text)
{
    static const char head[] = "\x1f\x8b\x08\0\0\0\0\0\0\x03\x01";
    struct text out = {0};
    uint32_t len = (uint32_t)text->len & 0xffff;

    text_add(&out, head, sizeof head - 1);
    add_le(&out, len, 2);
    add_le(&out, ~len, 2);
    text_add(&out, text->data, text->len);
    add_le(&out, crc32_of(text->data, text->len), 4);
    add_le(&out, len, 4);
    free(text->data);
    *text = out;
}

/* ---- fixtures ---- */

static void add_times(struct text *out, char c, size_t times)
{
    char run[4096];

    memset(run, c, sizeof run);
    while (times > 0) {
        size_t part = times < sizeof run ? times : sizeof run;

        text_add(out, run, part);
        times -= part;
    }
}

static void add_date(struct text *out, int seconds)
{
    time_t when = time(NULL) + seconds;
    struct tm tm;
    char date[64];

    (void)gmtime_r(&when, &tm);
    (void)strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    text_printf(out, "%s", date);
}

/* Copies header lines and fills in {trap}, {path}, {date+N}, {many}, {huge}. */
static void add_headers(struct text *out, const struct reply_style *style, const char *lines)
{
    while (*lines != '\0') {
        size_t plain = strcspn(lines, "{");

        text_add(out, lines, plain);
        lines += plain;
        if (strncmp(lines, "{trap}", 6) == 0) {
            text_printf(out, "%d", style->trap_port);
        } else if (strncmp(lines, "{path}", 6) == 0) {
            text_printf(out, "%s", style->path);
        } else if (strncmp(lines, "{date+", 6) == 0) {
            add_date(out, atoi(lines + 6));
        } else if (strncmp(lines, "{many}", 6) == 0) {
            for (int i = 0; i < 500; i++) {
                text_printf(out, "x-filler-%d: %d\n", i, i);
            }
        } else if (strncmp(lines, "{huge}", 6) == 0) {
            text_printf(out, "x-filler: ");
            add_times(out, 'x', 60000);
            text_add(out, "\n", 1);
        }
        lines += strcspn(lines, "}");
        lines += *lines == '}';
    }
}

static void add_answer(struct reply *reply, const struct reply_style *style,
                       const struct token *token)
{
    if (token != NULL) {
        add_good(&reply->owned, style, token);
    } else {
        const struct fixture *invalid = fixture_find("401");

        reply->status = reply->status == 0 ? invalid->status : reply->status;
        text_printf(&reply->owned, "%s", invalid->text);
    }
}

void reply_fixture(struct reply *reply, const struct reply_style *style,
                   const struct fixture *fixture, const struct token *token)
{
    reply->status = fixture->status;
    reply->reason = fixture->reason;
    reply->type = fixture->type;
    reply->name = fixture->name;
    reply->how = fixture->how;
    if (fixture->headers != NULL) {
        add_headers(&reply->headers, style, fixture->headers);
    }
    switch (fixture->body) {
    case BODY_TEXT:
        reply->body = fixture->text;
        reply->len = fixture->len != 0 ? fixture->len : strlen(fixture->text);
        break;
    case BODY_COPY:
        text_add(&reply->owned, fixture->text, fixture->len);
        use_owned(reply);
        break;
    case BODY_GOOD:
        add_answer(reply, style, token);
        use_owned(reply);
        break;
    case BODY_GZIP:
        add_answer(reply, style, token);
        compress_text(&reply->owned);
        use_owned(reply);
        break;
    case BODY_BIG:
        add_times(&reply->owned, ' ', (size_t)4 << 20);
        add_answer(reply, style, token);
        use_owned(reply);
        break;
    case BODY_DEEP:
        add_times(&reply->owned, '[', 10000);
        add_times(&reply->owned, ']', 10000);
        use_owned(reply);
        break;
    }
    if (reply->status == 0) {
        reply->status = 200;
    }
}

void reply_named(struct reply *reply, const struct reply_style *style, const char *name)
{
    reply_fixture(reply, style, fixture_find(name), NULL);
}
