/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of JSON (RFC 8259) as the command prints; a library for it would be one more that an
 * administrator's root shell loads.
 */
#include <string.h>

#include "base/text.h"
#include "dblab-auth/command.h"

void json_string(FILE *out, const char *text)
{
    bool utf8 = dba_text_is_utf8(text, strlen(text));

    (void)fputc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            (void)fprintf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            (void)fprintf(out, "\\u%04x", c);
        else if (c >= 0x80 && !utf8)
            (void)fputs("\\ufffd", out);
        else
            (void)fputc(c, out);
    }
    (void)fputc('"', out);
}

/* A non-negative decimal, as the daemon prints them: 0, 12, 3.250; not 007, 1. or .5. */
bool json_is_number(const char *text)
{
    size_t whole = strspn(text, "0123456789");
    size_t rest;

    if (whole == 0 || (whole > 1 && text[0] == '0'))
        return false;
    if (text[whole] == '\0')
        return true;
    rest = strspn(text + whole + 1, "0123456789");
    return text[whole] == '.' && rest > 0 && text[whole + 1 + rest] == '\0';
}
