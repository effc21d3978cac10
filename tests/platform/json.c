/* SPDX-License-Identifier: Apache-2.0 */
/* A little JSON; see json.h. */
#include "tests/platform/json.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tests/platform/loop.h"

void text_add(struct text *text, const char *bytes, size_t len)
{
    if (text->len + len + 1 > text->room) {
        text->room = (text->len + len + 1) * 2;
        text->data = take_more(text->data, text->room);
    }
    memcpy(text->data + text->len, bytes, len);
    text->len += len;
    text->data[text->len] = '\0';
}

void text_printf(struct text *text, const char *format, ...)
{
    char buf[2048];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(buf, sizeof buf, format, args);
    va_end(args);
    if (len > 0) {
        text_add(text, buf, (size_t)len < sizeof buf ? (size_t)len : sizeof buf - 1);
    }
}

void text_add_json(struct text *text, const char *bytes, size_t len, bool latin)
{
    text_add(text, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];

        if (c == '"' || c == '\\') {
            text_add(text, "\\", 1);
            text_add(text, bytes + i, 1);
        } else if (c < 0x20 || c == 0x7f || (latin && c > 0x7e)) {
            text_printf(text, "\\u%04x", c);
        } else {
            text_add(text, bytes + i, 1);
        }
    }
    text_add(text, "\"", 1);
}

/* ---- reading ---- */

struct reader {
    const char *at, *end;
};

static void skip_space(struct reader *in)
{
    while (in->at < in->end && strchr(" \t\r\n", *in->at) != NULL && *in->at != '\0') {
        in->at++;
    }
}

static bool skip_char(struct reader *in, char c)
{
    skip_space(in);
    if (in->at == in->end || *in->at != c) {
        return false;
    }
    in->at++;
    return true;
}

static bool hex4(struct reader *in, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdef";
        const char *digit;

        if (in->at == in->end || *in->at == '\0') {
            return false;
        }
        digit = strchr(digits, *in->at | 0x20);
        if (digit == NULL) {
            return false;
        }
        *value = *value << 4 | (uint32_t)(digit - digits);
        in->at++;
    }
    return true;
}

static size_t utf8(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* What follows a backslash. */
static bool escape(struct reader *in, char *out, size_t *len)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found;
    uint32_t c, low;

    if (in->at == in->end) {
        return false;
    }
    if (*in->at != 'u') {
        found = *in->at == '\0' ? NULL : strchr(from, *in->at);
        if (found == NULL) {
            return false;
        }
        in->at++;
        out[0] = to[found - from];
        *len = 1;
        return true;
    }
    in->at++;
    if (!hex4(in, &c) || (c >= 0xdc00 && c < 0xe000)) {
        return false;
    }
    if (c >= 0xd800 && c < 0xdc00) {
        if (in->end - in->at < 2 || in->at[0] != '\\' || in->at[1] != 'u') {
            return false;
        }
        in->at += 2;
        if (!hex4(in, &low) || low < 0xdc00 || low >= 0xe000) {
            return false;
        }
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    *len = utf8(c, out);
    return true;
}

static bool string(struct reader *in, char *out, size_t cap, size_t *out_len)
{
    size_t len = 0;

    if (!skip_char(in, '"')) {
        return false;
    }
    while (in->at < in->end && *in->at != '"') {
        char bytes[4];
        size_t count = 1;

        if ((unsigned char)*in->at < 0x20) {
            return false;
        }
        bytes[0] = *in->at++;
        if (bytes[0] == '\\' && !escape(in, bytes, &count)) {
            return false;
        }
        if (len + count >= cap) {
            return false;
        }
        memcpy(out + len, bytes, count);
        len += count;
    }
    out[len] = '\0';
    *out_len = len;
    return skip_char(in, '"');
}

bool json_member(const char *text, size_t len, const char *name, char *value, size_t cap,
                 size_t *value_len)
{
    struct reader in = {.at = text, .end = text + len};
    bool found = false;
    char other[1024];

    if (!skip_char(&in, '{')) {
        return false;
    }
    do {
        char key[64];
        size_t key_len, other_len;

        if (!string(&in, key, sizeof key, &key_len) || !skip_char(&in, ':')) {
            return false;
        }
        if (strcmp(key, name) == 0) {
            if (found || !string(&in, value, cap, value_len)) {
                return false;
            }
            found = true;
        } else if (!string(&in, other, sizeof other, &other_len)) {
            return false;
        }
    } while (skip_char(&in, ','));
    if (!skip_char(&in, '}')) {
        return false;
    }
    skip_space(&in);
    return found && in.at == in.end;
}
