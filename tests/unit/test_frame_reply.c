/* SPDX-License-Identifier: Apache-2.0 */
/* Replies; test_frame.c has the requests. */
#include "wire/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct dba_reply no_reply;

/*
 * From memory of exactly its size: a sanitizer build sees a byte read too many. It is gone
 * then: only the length of out->text may be looked at.
 */
static enum dba_err decode_reply(const uint8_t *buf, size_t len, struct dba_reply *out)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    enum dba_err err;

    assert_non_null(copy);
    memcpy(copy, buf, len);
    memset(out, 0xa5, sizeof *out);
    err = dba_reply_decode(copy, len, out);
    free(copy);
    if (err != DBA_OK)
        assert_memory_equal(out, &no_reply, sizeof no_reply);
    return err;
}

/* A sample, and its bytes as frame.h says. */
static struct dba_reply reply_sample(void)
{
    return (struct dba_reply){.op = DBA_OP_STATUS,
                              .result = DBA_UNAVAILABLE,
                              .reason = DBA_REASON_UNDECIDED,
                              .cause = DBA_CAUSE_TLS,
                              .personal = true,
                              .org_id = 0x0102030405060708,
                              .email = "a@b",
                              .user = "a",
                              .text = "x\t1\ny",
                              .text_len = 5};
}

static const uint8_t reply_bytes[] = "DBr1\x04\0\0\0\x1d\0\0\0"
                                     "\x0d\0\x01\x07\x08\x07\x06\x05\x04\x03\x02\x01"
                                     "\x03\0a@b\x01\0a\x05\0\0\0x\t1\ny";

enum {
    LEN = sizeof reply_bytes - 1,
    OP = 4, /* offsets of fields; those of strings are of their lengths */
    RESULT = 6,
    LENGTH = 8, /* of the body */
    REASON = DBA_FRAME_HEADER,
    PERSONAL = REASON + 2,
    CAUSE = REASON + 3,
    EMAIL = REASON + 12,
    TEXT = LEN - 5 - 4,
};

static void test_bytes(void **state)
{
    struct dba_reply in = reply_sample();
    struct dba_reply out;
    uint8_t buf[DBA_REPLY_BASE + 5];
    size_t len = 0;
    size_t total = 0;

    (void)state;
    assert_int_equal(dba_reply_encode(&in, buf, &len), DBA_OK);
    assert_int_equal(len, LEN);
    assert_memory_equal(buf, reply_bytes, len);
    assert_int_equal(dba_reply_length(buf, len, &total), DBA_OK);
    assert_int_equal(total, len);
    assert_int_equal(dba_reply_decode(buf, len, &out), DBA_OK);
    assert_int_equal(out.op, in.op);
    assert_int_equal(out.result, in.result);
    assert_int_equal(out.reason, in.reason);
    assert_int_equal(out.cause, in.cause);
    assert_true(out.personal && out.org_id == in.org_id);
    assert_string_equal(out.email, "a@b");
    assert_string_equal(out.user, "a");
    assert_int_equal(out.text_len, 5);
    assert_memory_equal(out.text, in.text, 5);
    assert_ptr_equal(out.text, buf + TEXT + 4);
}

static void test_ends(void **state)
{
    struct dba_reply in = {.op = DBA_OP_AUTH, .org_id = INT64_MIN};
    struct dba_reply out;
    uint8_t *buf = malloc(DBA_REPLY_BASE + DBA_TEXT_MAX + 1);
    char *text = malloc(DBA_TEXT_MAX + 1);
    size_t len, total;

    (void)state;
    assert_true(buf != NULL && text != NULL);
    assert_int_equal(dba_reply_encode(&in, buf, &len), DBA_OK);
    assert_int_equal(len, DBA_REPLY_BASE - DBA_EMAIL_MAX - DBA_USER_MAX);
    assert_int_equal(decode_reply(buf, len, &out), DBA_OK);
    assert_true(out.org_id == INT64_MIN && !out.personal && out.text_len == 0);

    memset(in.email, 'e', DBA_EMAIL_MAX);
    memset(in.user, 'u', DBA_USER_MAX);
    memset(text, 't', DBA_TEXT_MAX + 1);
    in.text = text;
    in.text_len = DBA_TEXT_MAX;
    in.org_id = INT64_MAX;
    assert_int_equal(dba_reply_encode(&in, buf, &len), DBA_OK);
    assert_int_equal(len, DBA_REPLY_BASE + DBA_TEXT_MAX);
    assert_int_equal(dba_reply_length(buf, len, &total), DBA_OK);
    assert_int_equal(decode_reply(buf, len, &out), DBA_OK);
    assert_true(out.org_id == INT64_MAX && out.text_len == DBA_TEXT_MAX);
    assert_string_equal(out.email, in.email);
    buf[LENGTH]++;
    assert_int_equal(dba_reply_length(buf, len, &total), DBA_ERR_SIZE);

    in.text_len++; /* what would be over is not encoded */
    assert_int_equal(dba_reply_encode(&in, buf, &len), DBA_ERR_ARGUMENT);
    assert_int_equal(len, 0);
    in.text = NULL;
    in.text_len = 1;
    assert_int_equal(dba_reply_encode(&in, buf, &len), DBA_ERR_ARGUMENT);
    free(text);
    free(buf);
}

/* The header's limit leaves room for a text that is too long, where the strings are short. */
static void test_text_limit(void **state)
{
    const size_t start = DBA_REPLY_BASE - DBA_EMAIL_MAX - DBA_USER_MAX;
    uint8_t *buf = calloc(1, start + DBA_TEXT_MAX + 1);
    struct dba_reply out;

    (void)state;
    assert_non_null(buf);
    for (uint32_t more = 0; more < 2; more++) {
        uint32_t text = DBA_TEXT_MAX + more;
        uint32_t body = (uint32_t)start - DBA_FRAME_HEADER + text;

        memcpy(buf, "DBr1\x01", 5);
        for (size_t i = 0; i < 4; i++) {
            buf[LENGTH + i] = (uint8_t)(body >> (8 * i));
            buf[start - 4 + i] = (uint8_t)(text >> (8 * i));
        }
        memset(buf + start, 't', text);
        assert_int_equal(decode_reply(buf, start + text, &out),
                         more == 0 ? DBA_OK : DBA_ERR_FORM);
    }
    free(buf);
}

/* Each number on the wire: what is known is taken and encoded, all else is neither. */
static void reply_number(size_t at, unsigned number, bool known)
{
    struct dba_reply in = reply_sample();
    struct dba_reply out;
    uint8_t buf[DBA_REPLY_BASE + 5];
    size_t len;

    memcpy(buf, reply_bytes, LEN);
    buf[at] = (uint8_t)number;
    assert_int_equal(decode_reply(buf, LEN, &out), known ? DBA_OK : DBA_ERR_FORM);
    if (at == OP)
        in.op = (enum dba_op)number;
    if (at == RESULT)
        in.result = (enum dba_result)number;
    if (at == REASON)
        in.reason = (enum dba_reason)number;
    if (at == CAUSE)
        in.cause = (enum dba_cause)number;
    if (at != PERSONAL)
        assert_int_equal(dba_reply_encode(&in, buf, &len), known ? DBA_OK : DBA_ERR_ARGUMENT);
}

static void test_numbers(void **state)
{
    static const size_t high[] = {OP + 1, RESULT + 1, REASON + 1};

    (void)state;
    for (unsigned n = 0; n < 256; n++) {
        reply_number(OP, n, n >= 1 && n <= 6);
        reply_number(RESULT, n, n <= DBA_DENIED);
        reply_number(REASON, n, strcmp(dba_reason_word((enum dba_reason)n), "unknown") != 0);
        reply_number(PERSONAL, n, n <= 1);
        reply_number(CAUSE, n, n < DBA_CAUSE_COUNT);
    }
    for (size_t i = 0; i < sizeof high / sizeof high[0]; i++) {
        struct dba_reply out;
        uint8_t buf[LEN];

        memcpy(buf, reply_bytes, LEN);
        buf[high[i]] = 1; /* 256 more */
        assert_int_equal(decode_reply(buf, LEN, &out), DBA_ERR_FORM);
    }
}

static void test_cut(void **state)
{
    struct dba_reply out;
    uint8_t buf[LEN + 1];

    (void)state;
    for (size_t len = 0; len < LEN; len++) {
        assert_int_equal(decode_reply(reply_bytes, len, &out), DBA_ERR_SHORT);
        if (len >= DBA_FRAME_HEADER) {
            memcpy(buf, reply_bytes, len);
            buf[LENGTH] = (uint8_t)(len - DBA_FRAME_HEADER);
            assert_int_equal(decode_reply(buf, len, &out), DBA_ERR_FORM);
        }
    }
    memcpy(buf, reply_bytes, sizeof buf);
    assert_int_equal(decode_reply(buf, sizeof buf, &out), DBA_ERR_FORM);
    buf[LENGTH]++;
    assert_int_equal(decode_reply(buf, sizeof buf, &out), DBA_ERR_FORM);
    memcpy(buf, reply_bytes, LEN);
    buf[2] = 'q'; /* a request is none */
    assert_int_equal(decode_reply(buf, LEN, &out), DBA_ERR_FORM);
    buf[2] = 'r';
    buf[3] = '2';
    assert_int_equal(decode_reply(buf, LEN, &out), DBA_ERR_VERSION);
}

static void test_lengths(void **state)
{
    static const size_t fields[] = {LENGTH,    LENGTH + 1, LENGTH + 2, LENGTH + 3, EMAIL,
                                    EMAIL + 1, TEXT,       TEXT + 1,   TEXT + 2,   TEXT + 3};
    struct dba_reply out;
    uint8_t buf[LEN];

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        for (unsigned c = 0; c < 256; c++) {
            memcpy(buf, reply_bytes, LEN);
            if (buf[fields[i]] == c)
                continue;
            buf[fields[i]] = (uint8_t)c;
            assert_int_not_equal(decode_reply(buf, LEN, &out), DBA_OK);
        }
}

/* Newline and tab are allowed in `text` alone: the rest goes to logs and terminals. */
static void test_controls(void **state)
{
    struct dba_reply in;
    struct dba_reply out;
    uint8_t buf[DBA_REPLY_BASE + 5];
    size_t len;

    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        bool control = c < 0x20 || c == 0x7f;
        bool in_text = control && c != '\n' && c != '\t';
        char text[2] = {'x', (char)c};

        memcpy(buf, reply_bytes, LEN);
        buf[EMAIL + 2] = (uint8_t)c;
        assert_int_equal(decode_reply(buf, LEN, &out), control ? DBA_ERR_FORM : DBA_OK);
        memcpy(buf, reply_bytes, LEN);
        buf[TEXT + 4] = (uint8_t)c;
        assert_int_equal(decode_reply(buf, LEN, &out), in_text ? DBA_ERR_FORM : DBA_OK);
        in = reply_sample();
        in.text = text;
        in.text_len = 2;
        assert_int_equal(dba_reply_encode(&in, buf, &len), in_text ? DBA_ERR_ARGUMENT : DBA_OK);
        if (c == 0)
            continue; /* ends a string */
        in = reply_sample();
        in.email[1] = (char)c;
        assert_int_equal(dba_reply_encode(&in, buf, &len), control ? DBA_ERR_ARGUMENT : DBA_OK);
        in = reply_sample();
        in.user[0] = (char)c;
        assert_int_equal(dba_reply_encode(&in, buf, &len), control ? DBA_ERR_ARGUMENT : DBA_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),      cmocka_unit_test(test_ends),
        cmocka_unit_test(test_text_limit), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_cut),        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_controls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
