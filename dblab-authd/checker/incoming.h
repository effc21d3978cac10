/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has come in of one HTTP answer: bounded, byte by byte from a library that does not
 * bound it.
 */
#ifndef DBA_CHECKER_INCOMING_H
#define DBA_CHECKER_INCOMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define INCOMING_BODY_MAX    (64u * 1024) /* an honest answer has some hundred bytes */
#define INCOMING_HEADERS_MAX (32u * 1024) /* all lines together, those of 1xx answers too */

/* All zero is an empty one. */
struct incoming {
    size_t headers_len;
    bool headers_over, body_over;
    bool has_retry_after; /* of the last answer, not of a 1xx before it */
    char retry_after[64]; /* "" if it was longer than any usable one */
    char *body;
    size_t len, room;
};

/* One line, the status line too. False: over the limit. */
bool incoming_header(struct incoming *in, const char *line, size_t len);

/* False: over the limit, or out of memory. */
bool incoming_body(struct incoming *in, const char *bytes, size_t len);

/* Retry-After in milliseconds, at most a day: a number of seconds or a date; 0: not usable. */
uint32_t incoming_retry_after_ms(const struct incoming *in, time_t now);

void incoming_reset(struct incoming *in); /* empty again, ready for the next answer */
void incoming_free(struct incoming *in);

#endif
