/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the Platform's HTTP answer says of a token: the table "Which tokens are accepted" of
 * the design, as far as one answer alone decides it. Pure, and the only reader of JSON.
 */
#ifndef DBA_CHECKER_REPLY_H
#define DBA_CHECKER_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/answer.h"

struct reply {
    unsigned status;         /* HTTP status of the final answer */
    bool http2;              /* it came over HTTP/2 */
    bool over_size;          /* the body was longer than what is read; `body` counts nothing */
    bool has_retry_after;    /* there was a Retry-After header */
    uint32_t retry_after_ms; /* what it says; 0: nothing usable */
    const char *body;        /* bytes, not terminated; may be NULL if len is 0 */
    size_t len;
};

/*
 * Fills all of `answer`:
 *   401, whatever the body                              INVALID
 *   200 with a non-empty code, message or details       INVALID
 *   200 with facts, plain or in one of three wrappings  GOOD
 *   429, and 503 with Retry-After                       undecided, HELD
 *   anything else                                       undecided: STATUS, SIZE or MALFORMED
 * An email that is no plain text (over 254 bytes, control bytes, NUL) fits nobody: the answer
 * is GOOD, its email "".
 */
void reply_read(const struct reply *reply, struct dba_answer *answer);

#endif
