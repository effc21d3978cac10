/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct dba_request sample(void)
{
    struct dba_request r = {.op = DBA_OP_AUTH, .wait_ms = 6000, .uid = 1001};

    strcpy(r.service, "sshd");
    strcpy(r.user, "alice");
    strcpy(r.rhost, "192.0.2.1");
    strcpy(r.tty, "ssh");
    assert_int_equal(dba_token_set(&r.token, "to ken", 6), DBA_OK);
    return r;
}

static void test_request(void **state)
{
    struct dba_request in = sample();
    struct dba_request out;
    uint8_t buf[DBA_REQUEST_MAX];
    size_t len, total;

    (void)state;
    assert_int_equal(dba_request_encode(&in, buf, &len), DBA_OK);
    assert_int_equal(dba_request_length(buf, len, &total), DBA_OK);
    assert_int_equal(total, len);
    assert_int_equal(dba_request_decode(buf, len, &out), DBA_OK);
    assert_int_equal(out.op, in.op);
    assert_int_equal(out.wait_ms, 6000);
    assert_int_equal(out.uid, 1001);
    assert_string_equal(out.service, "sshd");
    assert_string_equal(out.user, "alice");
    assert_string_equal(out.rhost, "192.0.2.1");
    assert_string_equal(out.tty, "ssh");
    assert_string_equal(out.ruser, "");
    assert_true(dba_token_equal(&in.token, &out.token));
    for (size_t i = 0; i < len; i++)
        assert_int_not_equal(dba_request_decode(buf, i, &out), DBA_OK);
}

static void test_largest(void **state)
{
    struct dba_request in = {.op = DBA_OP_CHECK};
    struct dba_request out;
    uint8_t buf[DBA_REQUEST_MAX];
    char token[DBA_TOKEN_MAX];
    size_t len;

    (void)state;
    memset(in.service, 's', DBA_SERVICE_MAX);
    memset(in.user, 'u', DBA_USER_MAX);
    memset(in.rhost, 'r', DBA_RHOST_MAX);
    memset(in.tty, 't', DBA_TTY_MAX);
    memset(in.ruser, 'v', DBA_USER_MAX);
    memset(token, 'x', sizeof token);
    assert_int_equal(dba_token_set(&in.token, token, sizeof token), DBA_OK);
    assert_int_equal(dba_request_encode(&in, buf, &len), DBA_OK);
    assert_int_equal(len, DBA_REQUEST_MAX);
    assert_int_equal(dba_request_decode(buf, len, &out), DBA_OK);
}

static void test_hostile(void **state)
{
    struct dba_request in = sample();
    struct dba_request out;
    uint8_t buf[DBA_REQUEST_MAX + 1];
    size_t len, total;

    (void)state;
    assert_int_equal(dba_request_encode(&in, buf, &len), DBA_OK);
    assert_int_equal(dba_request_decode(buf, len + 1, &out), DBA_ERR_FORM); /* trailing */
    buf[8]++;
    assert_int_equal(dba_request_decode(buf, len, &out), DBA_ERR_SHORT);
    buf[8]--;
    buf[4] = 99; /* no such op */
    assert_int_equal(dba_request_decode(buf, len, &out), DBA_ERR_FORM);
    assert_int_equal(out.token.len, 0);
    buf[4] = DBA_OP_AUTH;
    buf[DBA_FRAME_HEADER + 8 + 2] = '\n'; /* in the service */
    assert_int_equal(dba_request_decode(buf, len, &out), DBA_ERR_FORM);
    assert_int_equal(dba_request_length((const uint8_t *)"GET /", 5, &total), DBA_ERR_FORM);
    assert_int_equal(dba_request_length((const uint8_t *)"DBq2", 4, &total), DBA_ERR_VERSION);
    assert_int_equal(dba_request_length((const uint8_t *)"DB", 2, &total), DBA_ERR_SHORT);
    memset(buf + 8, 0xff, 4);
    assert_int_equal(dba_request_length(buf, len, &total), DBA_ERR_SIZE);
    strcpy(in.user, "a\nb");
    assert_int_equal(dba_request_encode(&in, buf, &len), DBA_ERR_ARGUMENT);
}

static void test_reply(void **state)
{
    struct dba_reply in = {.op = DBA_OP_STATUS,
                           .result = DBA_UNAVAILABLE,
                           .reason = DBA_REASON_UNDECIDED,
                           .cause = DBA_CAUSE_TLS,
                           .personal = true,
                           .org_id = 1234567890123,
                           .email = "a@b",
                           .user = "a",
                           .text = "x=1\ny=2\n",
                           .text_len = 8};
    struct dba_reply out;
    uint8_t buf[DBA_REPLY_BASE + 8];
    size_t len;

    (void)state;
    assert_int_equal(dba_reply_encode(&in, buf, &len), DBA_OK);
    assert_int_equal(dba_reply_decode(buf, len, &out), DBA_OK);
    assert_int_equal(out.result, DBA_UNAVAILABLE);
    assert_int_equal(out.reason, DBA_REASON_UNDECIDED);
    assert_int_equal(out.cause, DBA_CAUSE_TLS);
    assert_true(out.org_id == 1234567890123 && out.personal);
    assert_int_equal(out.text_len, 8);
    assert_memory_equal(out.text, "x=1\ny=2\n", 8);
    for (size_t i = 0; i < len; i++) {
        assert_int_not_equal(dba_reply_decode(buf, i, &out), DBA_OK);
        assert_int_equal(out.result, DBA_UNAVAILABLE);
    }
    buf[6] = 77; /* no such result */
    assert_int_equal(dba_reply_decode(buf, len, &out), DBA_ERR_FORM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_largest),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_reply),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
