/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/literals.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/token.h"

/* The character classes of libconfig's scanner. */
#define DIGITS     "0123456789"
#define HEX_DIGITS DIGITS "abcdefABCDEF"
#define LETTERS    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define NAME_START LETTERS "*"
#define NAME       LETTERS DIGITS "-_*"

struct scan {
    const char *at; /* what is to be read next */
    char *out;      /* where it is to be written */
    unsigned line;
};

static void copy(struct scan *scan, size_t count)
{
    for (; count > 0 && *scan->at != '\0'; count--) {
        scan->line += *scan->at == '\n';
        *scan->out++ = *scan->at++;
    }
}

/* The text in quotes; false: it has a NUL in it. */
static bool copy_text(struct scan *scan)
{
    copy(scan, 1);
    while (*scan->at != '\0' && *scan->at != '"') {
        if (strncmp(scan->at, "\\x00", 4) == 0 || strncmp(scan->at, "\\X00", 4) == 0)
            return false;
        copy(scan, *scan->at == '\\' ? 2 : 1);
    }
    copy(scan, 1);
    return true;
}

/* A comment of several lines. */
static void copy_comment(struct scan *scan)
{
    const char *end = strstr(scan->at + 2, "*/");

    copy(scan, end != NULL ? (size_t)(end - scan->at) + 2 : strlen(scan->at));
}

/* More than an int holds? Saturates: libconfig does so with what has an L. */
static bool is_wide(const char *digits, size_t len, unsigned base)
{
    uint64_t value = 0;

    for (size_t i = 0; i < len && value <= INT32_MAX; i++) {
        unsigned digit = (unsigned)(strchr(HEX_DIGITS, digits[i]) - HEX_DIGITS);

        value = value * base + (digit > 15 ? digit - 6 : digit);
    }
    return value > INT32_MAX;
}

static void copy_number(struct scan *scan)
{
    size_t sign = *scan->at == '-' || *scan->at == '+';
    bool hex = scan->at[0] == '0' && (scan->at[1] == 'x' || scan->at[1] == 'X');
    const char *digits = scan->at + (hex ? 2 : sign);
    size_t len = strspn(digits, hex ? HEX_DIGITS : DIGITS);
    const char *end = digits + len;

    if (!hex && (*end == '.' || *end == 'e' || *end == 'E')) {
        copy(scan, (size_t)(end - scan->at) + strspn(end, DIGITS ".eE+-"));
        return;
    }
    copy(scan, (size_t)(end - scan->at));
    if (*end == 'L')
        copy(scan, strspn(end, "L"));
    else if (is_wide(digits, len, hex ? 16 : 10))
        *scan->out++ = 'L';
}

static bool is_number(const char *at)
{
    if (*at == '-' || *at == '+')
        at++;
    return *at >= '0' && *at <= '9';
}

/* One token, as libconfig's scanner would cut it. */
static bool copy_token(struct scan *scan)
{
    char c = *scan->at;

    if (c == '"')
        return copy_text(scan);
    if (c == '#' || (c == '/' && scan->at[1] == '/'))
        copy(scan, strcspn(scan->at, "\n"));
    else if (c == '/' && scan->at[1] == '*')
        copy_comment(scan);
    else if (strchr(NAME_START, c) != NULL)
        copy(scan, strspn(scan->at, NAME));
    else if (c == '.')
        copy(scan, strspn(scan->at, DIGITS ".eE+-"));
    else if (is_number(scan->at))
        copy_number(scan);
    else
        copy(scan, 1);
    return true;
}

enum dba_err literals_mend(const char *text, char **mended, unsigned *line)
{
    /* An L is added to ten digits at least, or to eight of a hexadecimal number. */
    size_t room = strlen(text) + strlen(text) / 8 + 1;
    struct scan scan = {.at = text, .line = 1};

    *line = 0;
    *mended = calloc(1, room);
    if (*mended == NULL)
        return DBA_ERR_MEMORY;
    scan.out = *mended;
    while (*scan.at != '\0') {
        if (copy_token(&scan))
            continue;
        *line = scan.line;
        /* What was copied may hold a secret; the caller gets nothing to wipe. */
        dba_wipe(*mended, room);
        free(*mended);
        *mended = NULL;
        return DBA_ERR_FORM;
    }
    return DBA_OK;
}
