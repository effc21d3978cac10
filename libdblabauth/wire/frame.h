/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol between callers (module, command, third parties) and the keeper, over the
 * Unix stream socket runDir/socket. This header is its reference.
 *
 * One connection, one request, one reply; then the keeper closes. All numbers are
 * little-endian. No frame carries a pid or the caller's uid: the keeper takes both from the
 * socket (SO_PEERCRED), so they cannot be lied about.
 *
 *     request: magic "DBq1" | u16 op | u16 0 | u32 body length | body
 *       body:  u32 milliseconds the caller can wait | u32 uid of the user (-1: none) |
 *              string service | user | rhost | tty | ruser | token
 *     reply:   magic "DBr1" | u16 op | u16 result | u32 body length | body
 *       body:  u16 reason | u8 personal | u8 cause | i64 org id |
 *              string email | user | text
 *     string:  u16 length | bytes without NUL          (text: u32 length)
 *
 * A decoder takes exactly one frame, refuses trailing bytes, over-long fields, NUL or
 * control bytes in strings (in `text` newline and tab are allowed), unknown numbers.
 * Pure: no I/O, no allocation, no globals.
 */
#ifndef DBA_WIRE_FRAME_H
#define DBA_WIRE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/token.h"
#include "model/answer.h"
#include "model/name.h"
#include "model/result.h"

#define DBA_FRAME_HEADER 12
#define DBA_RHOST_MAX    253 /* a DNS name */
#define DBA_TTY_MAX      63
#define DBA_TEXT_MAX     (256u * 1024)

#define DBA_NO_UID ((uid_t)-1)

/* The most that one encoded frame can take, header included. */
#define DBA_REQUEST_MAX                                                                        \
    (DBA_FRAME_HEADER + 8 + 6 * 2 + DBA_SERVICE_MAX + DBA_USER_MAX + DBA_RHOST_MAX +           \
     DBA_TTY_MAX + DBA_USER_MAX + DBA_TOKEN_MAX)
#define DBA_REPLY_BASE (DBA_FRAME_HEADER + 12 + 2 * 2 + 4 + DBA_EMAIL_MAX + DBA_USER_MAX)

struct dba_request {
    enum dba_op op;
    uint32_t wait_ms;                  /* how long the caller can wait from now */
    uid_t uid;                         /* of the user, as the caller's NSS has it; DBA_NO_UID */
    char service[DBA_SERVICE_MAX + 1]; /* "" where the op needs none */
    char user[DBA_USER_MAX + 1];
    char rhost[DBA_RHOST_MAX + 1];
    char tty[DBA_TTY_MAX + 1];
    char ruser[DBA_USER_MAX + 1];
    struct dba_token token; /* AUTH and CHECK; wiped by dba_request_clear() */
};

struct dba_reply {
    enum dba_op op;
    enum dba_result result;
    enum dba_reason reason;
    enum dba_cause cause; /* with UNAVAILABLE */
    bool personal;
    int64_t org_id;
    char email[DBA_EMAIL_MAX + 1];
    char user[DBA_USER_MAX + 1];
    const char *text; /* not NUL-terminated; encode: may be NULL. decode: into the buffer */
    uint32_t text_len;
};

/* Wipes the token, zeroes the rest. */
void dba_request_clear(struct dba_request *request);

/* `buf` must have DBA_REQUEST_MAX bytes; who owns it wipes it, it holds a token. */
enum dba_err dba_request_encode(const struct dba_request *request, uint8_t *buf, size_t *len);

/*
 * How long is the frame that starts in these bytes? DBA_ERR_SHORT: more header needed;
 * DBA_ERR_FORM, _VERSION, _SIZE: drop the connection. Otherwise *total, header included.
 */
enum dba_err dba_request_length(const uint8_t *buf, size_t have, size_t *total);
enum dba_err dba_reply_length(const uint8_t *buf, size_t have, size_t *total);

/* `len` must be the frame's whole length. On an error *request is cleared. */
enum dba_err dba_request_decode(const uint8_t *buf, size_t len, struct dba_request *request);

/* `buf` must have DBA_REPLY_BASE + text_len bytes (text_len at most DBA_TEXT_MAX). */
enum dba_err dba_reply_encode(const struct dba_reply *reply, uint8_t *buf, size_t *len);

/* reply->text points into `buf`. On an error *reply is all zero: UNAVAILABLE. */
enum dba_err dba_reply_decode(const uint8_t *buf, size_t len, struct dba_reply *reply);

#endif
