/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/frame.h"

#include <string.h>

#include "base/text.h"

#define REQUEST_MAGIC "DBq1"
#define REPLY_MAGIC   "DBr1"
#define MAGIC_LEN     4
#define FAMILY_LEN    3 /* "DBq", "DBr": the byte behind is the version */

/* ---- numbers and strings ---- */

struct writer {
    uint8_t *at;
};

static void put(struct writer *w, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        *w->at++ = (uint8_t)(value >> (8 * i));
}

static void put_bytes(struct writer *w, const void *bytes, size_t len)
{
    if (len > 0)
        memcpy(w->at, bytes, len);
    w->at += len;
}

static void put_string(struct writer *w, const char *text, size_t len)
{
    put(w, len, 2);
    put_bytes(w, text, len);
}

struct reader {
    const uint8_t *at;
    size_t left;
    bool bad;
};

static uint64_t get(struct reader *r, size_t bytes)
{
    uint64_t value = 0;

    if (r->bad || r->left < bytes) {
        r->bad = true;
        return 0;
    }
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)r->at[i] << (8 * i);
    r->at += bytes;
    r->left -= bytes;
    return value;
}

/* The string's bytes in place; NULL if it is not all there. */
static const char *get_bytes(struct reader *r, size_t len)
{
    const char *bytes = (const char *)r->at;

    if (r->bad || r->left < len) {
        r->bad = true;
        return NULL;
    }
    r->at += len;
    r->left -= len;
    return bytes;
}

static bool has_control(const char *bytes, size_t len, bool lines)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];

        if ((c < 0x20 && !(lines && (c == '\n' || c == '\t'))) || c == 0x7f)
            return true;
    }
    return false;
}

static void get_string(struct reader *r, char *out, size_t cap)
{
    size_t len = (size_t)get(r, 2);
    const char *bytes = get_bytes(r, len);

    out[0] = '\0';
    if (bytes == NULL)
        return;
    if (len >= cap || has_control(bytes, len, false)) {
        r->bad = true;
        return;
    }
    memcpy(out, bytes, len);
    out[len] = '\0';
}

/* ---- headers ---- */

static void put_header(struct writer *w, const char *magic, enum dba_op op, uint16_t second)
{
    put_bytes(w, magic, MAGIC_LEN);
    put(w, (uint64_t)op, 2);
    put(w, second, 2);
    put(w, 0, 4); /* the body's length, filled in at the end */
}

static void put_length(uint8_t *buf, const struct writer *w)
{
    struct writer field = {buf + DBA_FRAME_HEADER - 4};

    put(&field, (uint64_t)(w->at - buf) - DBA_FRAME_HEADER, 4);
}

static enum dba_err frame_length(const uint8_t *buf, size_t have, const char *magic,
                                 size_t most, size_t *total)
{
    struct reader r = {.left = 4};
    size_t len;

    *total = 0;
    /* What is not ours is dropped at its first byte, not after a whole header. */
    if (memcmp(buf, magic, have < FAMILY_LEN ? have : FAMILY_LEN) != 0)
        return DBA_ERR_FORM;
    if (have >= MAGIC_LEN && buf[FAMILY_LEN] != (uint8_t)magic[FAMILY_LEN])
        return DBA_ERR_VERSION;
    if (have < DBA_FRAME_HEADER)
        return DBA_ERR_SHORT;
    r.at = buf + DBA_FRAME_HEADER - 4;
    len = (size_t)get(&r, 4);
    if (len > most - DBA_FRAME_HEADER)
        return DBA_ERR_SIZE;
    *total = DBA_FRAME_HEADER + len;
    return DBA_OK;
}

enum dba_err dba_request_length(const uint8_t *buf, size_t have, size_t *total)
{
    return frame_length(buf, have, REQUEST_MAGIC, DBA_REQUEST_MAX, total);
}

enum dba_err dba_reply_length(const uint8_t *buf, size_t have, size_t *total)
{
    return frame_length(buf, have, REPLY_MAGIC, DBA_REPLY_BASE + DBA_TEXT_MAX, total);
}

/* A reader of what follows the magic; the frame must be here whole. */
static struct reader behind_magic(const uint8_t *buf, size_t len)
{
    return (struct reader){.at = buf + MAGIC_LEN, .left = len - MAGIC_LEN};
}

static bool op_known(uint64_t op)
{
    return op >= DBA_OP_AUTH && op <= DBA_OP_RELOAD;
}

static bool reason_known(uint64_t reason)
{
    switch (reason) {
#define X(name, value, word, text) case (value):
        DBA_REASON_LIST(X)
#undef X
        return true;
    default: /* a number from outside, not an enum */
        return false;
    }
}

/* ---- requests ---- */

void dba_request_clear(struct dba_request *request)
{
    dba_wipe(request, sizeof *request);
}

enum dba_err dba_request_encode(const struct dba_request *request, uint8_t *buf, size_t *len)
{
    struct writer w = {buf};
    const char *const strings[] = {request->service, request->user, request->rhost,
                                   request->tty, request->ruser};

    *len = 0;
    if (!op_known((uint64_t)request->op) || request->token.len > DBA_TOKEN_MAX)
        return DBA_ERR_ARGUMENT;
    put_header(&w, REQUEST_MAGIC, request->op, 0);
    put(&w, request->wait_ms, 4);
    put(&w, request->uid, 4);
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        if (has_control(strings[i], strlen(strings[i]), false))
            return DBA_ERR_ARGUMENT;
        put_string(&w, strings[i], strlen(strings[i]));
    }
    put_string(&w, request->token.bytes, request->token.len);
    put_length(buf, &w);
    *len = (size_t)(w.at - buf);
    return DBA_OK;
}

static void get_token(struct reader *r, struct dba_token *token)
{
    size_t len = (size_t)get(r, 2);
    const char *bytes = get_bytes(r, len);

    if (bytes != NULL && len > 0 && dba_token_set(token, bytes, len) != DBA_OK)
        r->bad = true;
}

enum dba_err dba_request_decode(const uint8_t *buf, size_t len, struct dba_request *request)
{
    struct reader r;
    size_t total;
    enum dba_err err = dba_request_length(buf, len, &total);
    uint64_t op;

    dba_request_clear(request);
    if (err != DBA_OK)
        return err;
    if (total != len)
        return total > len ? DBA_ERR_SHORT : DBA_ERR_FORM;
    r = behind_magic(buf, len);
    op = get(&r, 2);
    r.bad |= get(&r, 2) != 0;
    (void)get(&r, 4);
    r.bad |= !op_known(op);
    request->wait_ms = (uint32_t)get(&r, 4);
    request->uid = (uid_t)get(&r, 4);
    get_string(&r, request->service, sizeof request->service);
    get_string(&r, request->user, sizeof request->user);
    get_string(&r, request->rhost, sizeof request->rhost);
    get_string(&r, request->tty, sizeof request->tty);
    get_string(&r, request->ruser, sizeof request->ruser);
    get_token(&r, &request->token);
    if (r.bad || r.left > 0) {
        dba_request_clear(request);
        return DBA_ERR_FORM;
    }
    request->op = (enum dba_op)op;
    return DBA_OK;
}

/* ---- replies ---- */

static bool numbers_known(uint64_t op, uint64_t result, uint64_t reason, uint64_t cause)
{
    return op_known(op) && result <= DBA_DENIED && reason_known(reason) &&
           cause < DBA_CAUSE_COUNT;
}

enum dba_err dba_reply_encode(const struct dba_reply *reply, uint8_t *buf, size_t *len)
{
    struct writer w = {buf};

    *len = 0;
    if (!numbers_known((uint64_t)reply->op, (uint64_t)reply->result, (uint64_t)reply->reason,
                       (uint64_t)reply->cause) ||
        reply->text_len > DBA_TEXT_MAX || (reply->text == NULL && reply->text_len > 0) ||
        has_control(reply->email, strlen(reply->email), false) ||
        has_control(reply->user, strlen(reply->user), false) ||
        (reply->text_len > 0 && has_control(reply->text, reply->text_len, true)))
        return DBA_ERR_ARGUMENT;
    put_header(&w, REPLY_MAGIC, reply->op, (uint16_t)reply->result);
    put(&w, (uint64_t)reply->reason, 2);
    put(&w, reply->personal, 1);
    put(&w, (uint64_t)reply->cause, 1);
    put(&w, (uint64_t)reply->org_id, 8);
    put_string(&w, reply->email, strlen(reply->email));
    put_string(&w, reply->user, strlen(reply->user));
    put(&w, reply->text_len, 4);
    put_bytes(&w, reply->text, reply->text_len);
    put_length(buf, &w);
    *len = (size_t)(w.at - buf);
    return DBA_OK;
}

static void get_text(struct reader *r, struct dba_reply *reply)
{
    size_t len = (size_t)get(r, 4);

    reply->text = get_bytes(r, len);
    reply->text_len = (uint32_t)len;
    if (reply->text == NULL || len > DBA_TEXT_MAX || has_control(reply->text, len, true))
        r->bad = true;
}

enum dba_err dba_reply_decode(const uint8_t *buf, size_t len, struct dba_reply *reply)
{
    struct reader r;
    uint64_t op, result, reason, personal, cause;
    size_t total;
    enum dba_err err = dba_reply_length(buf, len, &total);

    memset(reply, 0, sizeof *reply);
    if (err != DBA_OK)
        return err;
    if (total != len)
        return total > len ? DBA_ERR_SHORT : DBA_ERR_FORM;
    r = behind_magic(buf, len);
    op = get(&r, 2);
    result = get(&r, 2);
    (void)get(&r, 4);
    reason = get(&r, 2);
    personal = get(&r, 1);
    cause = get(&r, 1);
    reply->org_id = (int64_t)get(&r, 8);
    get_string(&r, reply->email, sizeof reply->email);
    get_string(&r, reply->user, sizeof reply->user);
    get_text(&r, reply);
    if (r.bad || r.left > 0 || personal > 1 || !numbers_known(op, result, reason, cause)) {
        memset(reply, 0, sizeof *reply);
        return DBA_ERR_FORM;
    }
    reply->op = (enum dba_op)op;
    reply->result = (enum dba_result)result;
    reply->reason = (enum dba_reason)reason;
    reply->personal = personal == 1;
    reply->cause = (enum dba_cause)cause;
    return DBA_OK;
}
