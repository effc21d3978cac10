/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a keeper sends. The input is taken as a frame: it is read within its bounds, and what is
 * taken encodes to the same bytes. Then as the fields of a reply: what is encoded decodes to
 * the same fields.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void from_bytes(const uint8_t *data, size_t size)
{
    static const struct dba_reply none;
    struct dba_reply reply;
    uint8_t *again;
    size_t total;
    size_t len;
    enum dba_err err = dba_reply_length(data, size, &total);

    check((err == DBA_OK) == (total != 0) && total <= DBA_REPLY_BASE + DBA_TEXT_MAX);
    if (dba_reply_decode(data, size, &reply) != DBA_OK) {
        check(memcmp(&reply, &none, sizeof none) == 0);
        return;
    }
    check(err == DBA_OK && total == size);
    check((const uint8_t *)reply.text >= data && reply.text_len <= size);
    again = malloc(DBA_REPLY_BASE + reply.text_len);
    check(again != NULL && dba_reply_encode(&reply, again, &len) == DBA_OK && len == size);
    check(memcmp(again, data, size) == 0);
    free(again);
}

struct input {
    const uint8_t *at;
    size_t left;
};

static uint8_t byte(struct input *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

static void string(struct input *in, char *out, size_t most)
{
    size_t want = byte(in);
    size_t len = want < in->left ? want : in->left;

    if (len > most)
        len = most;
    memcpy(out, in->at, len);
    out[len] = '\0';
    in->at += len;
    in->left -= len;
}

static void from_fields(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct dba_reply a = {.op = (enum dba_op)(byte(&in) % 8)};
    struct dba_reply b;
    uint8_t *buf = malloc(DBA_REPLY_BASE + size);
    size_t len;

    check(buf != NULL);
    a.result = (enum dba_result)(byte(&in) % 8);
    a.reason = (enum dba_reason)(byte(&in) % 32);
    a.cause = (enum dba_cause)(byte(&in) % 32);
    a.personal = byte(&in) % 2 == 1;
    a.org_id = (int64_t)((uint64_t)byte(&in) << 56 | byte(&in));
    string(&in, a.email, DBA_EMAIL_MAX);
    string(&in, a.user, DBA_USER_MAX);
    a.text = (const char *)in.at;
    a.text_len = (uint32_t)in.left;
    if (dba_reply_encode(&a, buf, &len) == DBA_OK) {
        check(dba_reply_decode(buf, len, &b) == DBA_OK);
        check(a.op == b.op && a.result == b.result && a.reason == b.reason);
        check(a.cause == b.cause && a.personal == b.personal && a.org_id == b.org_id);
        check(strcmp(a.email, b.email) == 0 && strcmp(a.user, b.user) == 0);
        check(a.text_len == b.text_len && memcmp(a.text, b.text, a.text_len) == 0);
    } else {
        check(len == 0);
    }
    free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    from_bytes(data, size);
    from_fields(data, size);
    return 0;
}
