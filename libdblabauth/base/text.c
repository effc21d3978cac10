/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdint.h>
#include <string.h>

/* Length of the well-formed sequence at `p` (n bytes are there), or 0. */
static size_t utf8_sequence(const uint8_t *p, size_t n)
{
    uint8_t low = 0x80;
    uint8_t high = 0xbf;
    size_t len;

    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xc2 && p[0] <= 0xdf)
        len = 2;
    else if (p[0] >= 0xe0 && p[0] <= 0xef)
        len = 3;
    else if (p[0] >= 0xf0 && p[0] <= 0xf4)
        len = 4;
    else
        return 0;
    if (n < len)
        return 0;
    /* The second byte is narrowed where the first alone would allow an overlong form, a
     * surrogate or a code point over U+10FFFF. */
    if (p[0] == 0xe0)
        low = 0xa0;
    else if (p[0] == 0xf0)
        low = 0x90;
    if (p[0] == 0xed)
        high = 0x9f;
    else if (p[0] == 0xf4)
        high = 0x8f;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

bool dba_text_is_utf8(const char *bytes, size_t len)
{
    const uint8_t *p = (const uint8_t *)bytes;
    size_t step;

    for (size_t i = 0; i < len; i += step) {
        step = utf8_sequence(p + i, len - i);
        if (step == 0)
            return false;
    }
    return true;
}

const char *dba_text_clean(char *dst, size_t cap, const char *src)
{
    size_t i;

    for (i = 0; i + 1 < cap && src[i] != '\0'; i++) {
        char c = src[i];

        dst[i] = (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') ? c : '?';
    }
    if (cap > 0)
        dst[i] = '\0';
    return dst;
}

bool dba_text_copy(char *dst, size_t cap, const char *src)
{
    size_t len = strlen(src);

    if (len >= cap) {
        if (cap > 0)
            dst[0] = '\0';
        return false;
    }
    memcpy(dst, src, len + 1);
    return true;
}

char dba_text_lower(char c)
{
    return (c >= 'A' && c <= 'Z') ? (char)(c - 'A' + 'a') : c;
}

bool dba_text_equal_nocase(const char *a, const char *b)
{
    for (; *a != '\0' && *b != '\0'; a++, b++)
        if (dba_text_lower(*a) != dba_text_lower(*b))
            return false;
    return *a == *b;
}
