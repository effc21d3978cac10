/* SPDX-License-Identifier: Apache-2.0 */
/* Requests; test_frame_reply.c has the replies. */
#include "wire/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct dba_request no_request;

/* From memory of exactly its size: a sanitizer build sees a byte read too many. */
static enum dba_err decode_request(const uint8_t *buf, size_t len, struct dba_request *out)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    enum dba_err err;

    assert_non_null(copy);
    memcpy(copy, buf, len);
    memset(out, 0xa5, sizeof *out);
    err = dba_request_decode(copy, len, out);
    free(copy);
    if (err != DBA_OK)
        assert_memory_equal(out, &no_request, sizeof no_request);
    return err;
}

static void assert_same(const struct dba_request *a, const struct dba_request *b)
{
    assert_int_equal(a->op, b->op);
    assert_int_equal(a->wait_ms, b->wait_ms);
    assert_int_equal(a->uid, b->uid);
    assert_string_equal(a->service, b->service);
    assert_string_equal(a->user, b->user);
    assert_string_equal(a->rhost, b->rhost);
    assert_string_equal(a->tty, b->tty);
    assert_string_equal(a->ruser, b->ruser);
    assert_true(dba_token_equal(&a->token, &b->token));
}

/* A sample, and its bytes as frame.h says. */
static struct dba_request request_sample(void)
{
    struct dba_request r = {.op = DBA_OP_AUTH,
                            .wait_ms = 0x01020304,
                            .uid = 1001,
                            .service = "sshd",
                            .user = "alice",
                            .rhost = "192.0.2.1",
                            .tty = "ssh",
                            .ruser = ""};

    assert_int_equal(dba_token_set(&r.token, "to \xc3\xa9", 5), DBA_OK);
    return r;
}

static const uint8_t request_bytes[] = "DBq1\x01\0\0\0\x2e\0\0\0"
                                       "\x04\x03\x02\x01\xe9\x03\0\0"
                                       "\x04\0sshd\x05\0"
                                       "alice\x09\0"
                                       "192.0.2.1\x03\0ssh\0\0\x05\0to \xc3\xa9";

enum {
    LEN = sizeof request_bytes - 1,
    OP = 4, /* offsets of fields; those of strings are of their lengths */
    ZERO = 6,
    LENGTH = 8, /* of the body */
    SERVICE = DBA_FRAME_HEADER + 8,
    TOKEN = LEN - 5 - 2,
};

static void test_bytes(void **state)
{
    struct dba_request in = request_sample();
    struct dba_request out;
    uint8_t buf[DBA_REQUEST_MAX];
    size_t len = 0;
    size_t total = 0;

    (void)state;
    assert_int_equal(dba_request_encode(&in, buf, &len), DBA_OK);
    assert_int_equal(len, LEN);
    assert_memory_equal(buf, request_bytes, len);
    assert_int_equal(dba_request_length(buf, len, &total), DBA_OK);
    assert_int_equal(total, len);
    assert_int_equal(decode_request(buf, len, &out), DBA_OK);
    assert_same(&out, &in);
    dba_request_clear(&out);
    assert_memory_equal(&out, &no_request, sizeof out);
}

/* Nothing but the operation; and all fields at their longest, which is DBA_REQUEST_MAX. */
static void test_ends(void **state)
{
    struct dba_request in = {.op = DBA_OP_STATUS, .uid = DBA_NO_UID};
    struct dba_request out;
    uint8_t buf[DBA_REQUEST_MAX + 1] = {0};
    size_t len, total;
    char token[DBA_TOKEN_MAX];

    (void)state;
    assert_int_equal(dba_request_encode(&in, buf, &len), DBA_OK);
    assert_int_equal(len, DBA_FRAME_HEADER + 8 + 6 * 2);
    assert_int_equal(decode_request(buf, len, &out), DBA_OK);
    assert_same(&out, &in);

    in.op = DBA_OP_CHECK;
    in.wait_ms = UINT32_MAX;
    memset(in.service, 's', DBA_SERVICE_MAX);
    memset(in.user, 'u', DBA_USER_MAX);
    memset(in.rhost, 'r', DBA_RHOST_MAX);
    memset(in.tty, 't', DBA_TTY_MAX);
    memset(in.ruser, 'v', DBA_USER_MAX);
    memset(token, 'x', sizeof token);
    assert_int_equal(dba_token_set(&in.token, token, sizeof token), DBA_OK);
    assert_int_equal(dba_request_encode(&in, buf, &len), DBA_OK);
    assert_int_equal(len, DBA_REQUEST_MAX);
    assert_int_equal(dba_request_length(buf, len, &total), DBA_OK);
    assert_int_equal(decode_request(buf, len, &out), DBA_OK);
    assert_same(&out, &in);
    buf[LENGTH]++; /* a body that is longer than any can be */
    assert_int_equal(dba_request_length(buf, len, &total), DBA_ERR_SIZE);
    assert_int_equal(total, 0);
    assert_int_equal(decode_request(buf, len + 1, &out), DBA_ERR_SIZE);
}

static void test_ops(void **state)
{
    struct dba_request in = request_sample();
    struct dba_request out;
    uint8_t buf[DBA_REQUEST_MAX];
    size_t len;

    (void)state;
    for (unsigned op = 0; op < 256; op++) {
        bool known = op >= 1 && op <= 6;

        in.op = (enum dba_op)op;
        assert_int_equal(dba_request_encode(&in, buf, &len), known ? DBA_OK : DBA_ERR_ARGUMENT);
        assert_int_equal(len, known ? LEN : 0);
        memcpy(buf, request_bytes, LEN);
        buf[OP] = (uint8_t)op;
        assert_int_equal(decode_request(buf, LEN, &out), known ? DBA_OK : DBA_ERR_FORM);
    }
    memcpy(buf, request_bytes, LEN);
    buf[OP + 1] = 1; /* 0x0101 */
    assert_int_equal(decode_request(buf, LEN, &out), DBA_ERR_FORM);
}

/* What must not go on the wire is not encoded: the strings come from a PAM caller. */
static void test_unfit(void **state)
{
    struct dba_request in;
    uint8_t buf[DBA_REQUEST_MAX];
    size_t len;

    (void)state;
    for (int field = 0; field < 5; field++)
        for (int c = 1; c < 256; c++) {
            in = request_sample();
            char *const text[] = {in.service, in.user, in.rhost, in.tty, in.ruser};
            bool control = c < 0x20 || c == 0x7f;

            text[field][0] = (char)c;
            text[field][1] = '\0';
            assert_int_equal(dba_request_encode(&in, buf, &len),
                             control ? DBA_ERR_ARGUMENT : DBA_OK);
            assert_int_equal(len == 0, control);
        }
    in = request_sample();
    in.token.len = DBA_TOKEN_MAX + 1;
    assert_int_equal(dba_request_encode(&in, buf, &len), DBA_ERR_ARGUMENT);
}

/* ---- hostile bytes ---- */

static void test_cut(void **state)
{
    struct dba_request out;
    uint8_t buf[LEN + 1];
    size_t total;

    (void)state;
    for (size_t len = 0; len < LEN; len++) {
        assert_int_equal(decode_request(request_bytes, len, &out), DBA_ERR_SHORT);
        assert_int_equal(dba_request_length(request_bytes, len, &total),
                         len < DBA_FRAME_HEADER ? DBA_ERR_SHORT : DBA_OK);
        assert_int_equal(total, len < DBA_FRAME_HEADER ? 0 : LEN);
        /* Cut, and the header says so, too. */
        if (len >= DBA_FRAME_HEADER) {
            memcpy(buf, request_bytes, len);
            buf[LENGTH] = (uint8_t)(len - DBA_FRAME_HEADER);
            assert_int_equal(decode_request(buf, len, &out), DBA_ERR_FORM);
        }
    }
    memcpy(buf, request_bytes, sizeof buf);
    assert_int_equal(decode_request(buf, sizeof buf, &out), DBA_ERR_FORM); /* trailing */
    buf[LENGTH]++;                                                         /* and said so */
    assert_int_equal(decode_request(buf, sizeof buf, &out), DBA_ERR_FORM);
}

static void test_magic(void **state)
{
    static const struct {
        const char *bytes;
        enum dba_err want;
    } cases[] = {
        {"", DBA_ERR_SHORT},       {"D", DBA_ERR_SHORT},
        {"DBq", DBA_ERR_SHORT},    {"DBq1", DBA_ERR_SHORT},
        {"DBq2", DBA_ERR_VERSION}, {"DBq", DBA_ERR_SHORT},
        {"G", DBA_ERR_FORM},       {"GET / HTTP/1.1", DBA_ERR_FORM},
        {"DBr1", DBA_ERR_FORM},    {"dbq1", DBA_ERR_FORM},
        {"Dx", DBA_ERR_FORM},      {"DBq\n1234567890", DBA_ERR_VERSION},
    };
    struct dba_request out;
    size_t total;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const uint8_t *bytes = (const uint8_t *)cases[i].bytes;
        size_t len = strlen(cases[i].bytes);

        assert_int_equal(dba_request_length(bytes, len, &total), cases[i].want);
        assert_int_equal(total, 0);
        assert_int_equal(decode_request(bytes, len, &out), cases[i].want);
    }
}

/* Any byte of the header's length, and of the strings' lengths, changed: never taken. */
static void test_lengths(void **state)
{
    static const size_t fields[] = {LENGTH,  LENGTH + 1,  LENGTH + 2, LENGTH + 3,
                                    SERVICE, SERVICE + 1, TOKEN,      TOKEN + 1};
    struct dba_request out;
    uint8_t buf[LEN];

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        for (unsigned c = 0; c < 256; c++) {
            memcpy(buf, request_bytes, LEN);
            if (buf[fields[i]] == c)
                continue;
            buf[fields[i]] = (uint8_t)c;
            assert_int_not_equal(decode_request(buf, LEN, &out), DBA_OK);
        }
}

/* Over-long fields that the frame has room for, one by one. */
static void test_over_long(void **state)
{
    static const size_t most[] = {DBA_SERVICE_MAX, DBA_USER_MAX, DBA_RHOST_MAX,
                                  DBA_TTY_MAX,     DBA_USER_MAX, DBA_TOKEN_MAX};
    struct dba_request out;

    (void)state;
    for (size_t field = 0; field < 6; field++)
        for (size_t more = 0; more < 2; more++) {
            uint8_t buf[DBA_REQUEST_MAX] = "DBq1\x03";
            size_t at = SERVICE;
            size_t len = most[field] + more;

            for (size_t i = 0; i < 6; i++, at += 2) {
                if (i != field)
                    continue;
                buf[at] = (uint8_t)len;
                buf[at + 1] = (uint8_t)(len >> 8);
                memset(buf + at + 2, 'x', len);
                at += len;
            }
            buf[LENGTH] = (uint8_t)(at - DBA_FRAME_HEADER);
            buf[LENGTH + 1] = (uint8_t)((at - DBA_FRAME_HEADER) >> 8);
            assert_int_equal(decode_request(buf, at, &out), more == 0 ? DBA_OK : DBA_ERR_FORM);
        }
}

static void test_controls(void **state)
{
    struct dba_request out;
    uint8_t buf[LEN];

    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        bool control = c < 0x20 || c == 0x7f;

        memcpy(buf, request_bytes, LEN);
        buf[SERVICE + 3] = (uint8_t)c;
        assert_int_equal(decode_request(buf, LEN, &out), control ? DBA_ERR_FORM : DBA_OK);
        memcpy(buf, request_bytes, LEN);
        buf[TOKEN + 3] = (uint8_t)c; /* a token is UTF-8, too */
        assert_int_equal(decode_request(buf, LEN, &out),
                         control || c >= 0x80 ? DBA_ERR_FORM : DBA_OK);
    }
    memcpy(buf, request_bytes, LEN);
    buf[ZERO] = 1;
    assert_int_equal(decode_request(buf, LEN, &out), DBA_ERR_FORM);
    buf[ZERO] = 0;
    buf[ZERO + 1] = 1;
    assert_int_equal(decode_request(buf, LEN, &out), DBA_ERR_FORM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),    cmocka_unit_test(test_ends),
        cmocka_unit_test(test_ops),      cmocka_unit_test(test_unfit),
        cmocka_unit_test(test_cut),      cmocka_unit_test(test_magic),
        cmocka_unit_test(test_lengths),  cmocka_unit_test(test_over_long),
        cmocka_unit_test(test_controls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
