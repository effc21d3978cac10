/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that came from outside: whether it is UTF-8, and how it may be shown.
 */
#ifndef DBA_BASE_TEXT_H
#define DBA_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Well-formed UTF-8 (Unicode 15, table 3-7: no surrogates, no overlong forms). */
bool dba_text_is_utf8(const char *bytes, size_t len);

/*
 * Copies `src` for a log line or a terminal: printable ASCII but for '"' and '\' stays,
 * every other byte becomes '?'. Always terminates; cuts at `cap` - 1. Returns `dst`.
 */
const char *dba_text_clean(char *dst, size_t cap, const char *src);

/*
 * Copies a string whole into a field of `cap` bytes. Returns false, leaving "", if it does
 * not fit: text that decides access is never cut.
 */
bool dba_text_copy(char *dst, size_t cap, const char *src);

/* ASCII only, whatever the locale: identifiers of people are compared with these. */
char dba_text_lower(char c);
bool dba_text_equal_nocase(const char *a, const char *b);

#endif
