/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much JSON as the one call needs: read `{"token": "..."}`, write strings.
 */
#ifndef PLATFORM_JSON_H
#define PLATFORM_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* Text that grows. Zeroed is empty; free(data). */
struct text {
    char *data;
    size_t len, room;
};

void text_add(struct text *text, const char *bytes, size_t len);
void text_printf(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Appends a JSON string with its quotes. Control bytes become escapes. `latin`: so do all
 * bytes over 0x7e, each as the code point of its number, so that any bytes come through.
 */
void text_add_json(struct text *text, const char *bytes, size_t len, bool latin);

/*
 * Is `text` one JSON object of string members, and is one of them `name`? Its value, decoded
 * (escapes and surrogate pairs to UTF-8), goes to `value`. False: anything else.
 */
bool json_member(const char *text, size_t len, const char *name, char *value, size_t cap,
                 size_t *value_len);

#endif
