/* SPDX-License-Identifier: Apache-2.0 */
/* The frames between keeper and checker: sizes, transport, and what an answer must be. */
#include "dblab-authd/common/link.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const enum link_kind kinds[] = {LINK_SETUP, LINK_CHECK,  LINK_WARM, LINK_PING,
                                       LINK_READY, LINK_ANSWER, LINK_COLD, LINK_PONG};

static void pair(int fds[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
}

static void test_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        assert_true(link_frame_size(kinds[i]) >= offsetof(struct link_frame, u));
        assert_true(link_frame_size(kinds[i]) <= sizeof(struct link_frame));
    }
    assert_int_equal(link_frame_size((enum link_kind)0), 0);
    assert_int_equal(link_frame_size((enum link_kind)99), 0);
}

static void test_there_and_back(void **state)
{
    struct link_frame sent, got;
    int fds[2];

    (void)state;
    pair(fds);
    assert_int_equal(link_receive(fds[1], &got), 0);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        memset(&sent, (int)(i + 1), sizeof sent);
        memset(&got, 0, sizeof got);
        sent.kind = kinds[i];
        assert_true(link_send(fds[0], &sent));
        assert_int_equal(link_receive(fds[1], &got), 1);
        assert_memory_equal(&sent, &got, link_frame_size(kinds[i]));
    }
    sent.kind = 99;
    assert_false(link_send(fds[0], &sent));
    assert_int_equal(errno, EINVAL);
    close(fds[0]);
    assert_int_equal(link_receive(fds[1], &got), -1);
    sent.kind = LINK_PONG;
    assert_false(link_send(fds[1], &sent)); /* and no SIGPIPE */
    close(fds[1]);
}

static void test_garbage(void **state)
{
    struct link_frame frame = {.kind = LINK_ANSWER};
    char more[sizeof frame + 1] = {LINK_PING};
    struct link_frame got;
    int fds[2];

    (void)state;
    pair(fds);
    assert_true(send(fds[0], &frame, 3, 0) == 3);
    assert_int_equal(link_receive(fds[1], &got), -1);
    assert_true(send(fds[0], &frame, offsetof(struct link_frame, u), 0) > 0);
    assert_int_equal(link_receive(fds[1], &got), -1);
    assert_true(send(fds[0], more, sizeof more, 0) > 0);
    assert_int_equal(link_receive(fds[1], &got), -1);
    frame.kind = 77;
    assert_true(send(fds[0], &frame, sizeof frame, 0) > 0);
    assert_int_equal(link_receive(fds[1], &got), -1);
    close(fds[0]);
    close(fds[1]);
}

static void test_full(void **state)
{
    struct link_frame frame = {.kind = LINK_SETUP};
    int fds[2];
    int sent = 0;

    (void)state;
    pair(fds);
    while (link_send(fds[0], &frame))
        sent++;
    assert_true(errno == EAGAIN || errno == EWOULDBLOCK);
    assert_true(sent > 0);
    for (int i = 0; i < sent; i++)
        assert_int_equal(link_receive(fds[1], &frame), 1);
    assert_int_equal(link_receive(fds[1], &frame), 0);
    close(fds[0]);
    close(fds[1]);
}

/* ---- what an answer must be ---- */

static struct link_frame good(void)
{
    struct link_frame frame = {.kind = LINK_ANSWER};

    frame.u.answer.answer = (struct dba_answer){.class = DBA_ANSWER_GOOD,
                                                .status = 200,
                                                .http2 = true,
                                                .personal = true,
                                                .org_id = 7,
                                                .email = "alice@acme.io"};
    return frame;
}

static struct link_frame undecided(enum dba_cause cause, uint16_t status)
{
    struct link_frame frame = {.kind = LINK_ANSWER};

    frame.u.answer.answer =
        (struct dba_answer){.class = DBA_ANSWER_UNDECIDED, .cause = cause, .status = status};
    return frame;
}

static bool valid(const struct link_frame *frame)
{
    return link_answer_valid(frame, link_frame_size(LINK_ANSWER));
}

static void test_honest(void **state)
{
    struct link_frame frame = good();

    (void)state;
    assert_true(valid(&frame));
    assert_false(link_answer_valid(&frame, link_frame_size(LINK_ANSWER) - 1));
    assert_false(link_answer_valid(&frame, sizeof frame));
    assert_false(link_answer_valid(&frame, 0));
    frame.kind = LINK_PONG;
    assert_false(valid(&frame));
    frame = undecided(DBA_CAUSE_NONE, 401);
    frame.u.answer.answer.class = DBA_ANSWER_INVALID;
    assert_true(valid(&frame));
    frame = undecided(DBA_CAUSE_TIMEOUT, 0);
    assert_true(valid(&frame));
    frame = undecided(DBA_CAUSE_HELD, 429);
    frame.u.answer.answer.hold = true;
    frame.u.answer.answer.retry_after_ms = 60000;
    assert_true(valid(&frame));
}

/* Sets one byte of a good answer. */
static bool with_byte(size_t at, unsigned char value)
{
    struct link_frame frame = good();
    unsigned char *bytes = (unsigned char *)&frame.u.answer.answer;

    bytes[at] = value;
    return valid(&frame);
}

static void test_false_bytes(void **state)
{
    (void)state;
    assert_false(with_byte(offsetof(struct dba_answer, http2), 2));
    assert_false(with_byte(offsetof(struct dba_answer, personal), 255));
    assert_false(with_byte(offsetof(struct dba_answer, hold), 1));
    assert_false(with_byte(offsetof(struct dba_answer, hold), 2));
    assert_false(with_byte(offsetof(struct dba_answer, class), 3));
    assert_false(with_byte(offsetof(struct dba_answer, cause), DBA_CAUSE_STATUS));
    assert_false(with_byte(offsetof(struct dba_answer, cause), DBA_CAUSE_COUNT));
    assert_false(with_byte(offsetof(struct dba_answer, org_id), 0));
    assert_false(with_byte(offsetof(struct dba_answer, org_id) + 7, 0x80));
    assert_false(with_byte(offsetof(struct dba_answer, retry_after_ms), 1));
    assert_false(with_byte(offsetof(struct dba_answer, status), 201));
    assert_false(with_byte(offsetof(struct dba_answer, email), '\n'));
    assert_false(with_byte(offsetof(struct dba_answer, email), 0xff));
    assert_true(with_byte(offsetof(struct dba_answer, email), 'b'));
    assert_true(with_byte(offsetof(struct dba_answer, personal), 0));
}

static void test_false_fields(void **state)
{
    struct link_frame frame = good();

    (void)state;
    memset(frame.u.answer.answer.email, 'a', sizeof frame.u.answer.answer.email);
    assert_false(valid(&frame));
    frame.u.answer.answer.email[DBA_EMAIL_MAX] = '\0';
    assert_true(valid(&frame));
    /* The other classes' fields. */
    frame = good();
    frame.u.answer.answer.class = DBA_ANSWER_INVALID;
    assert_false(valid(&frame));
    frame = undecided(DBA_CAUSE_NONE, 500);
    assert_false(valid(&frame));
    frame = undecided(DBA_CAUSE_WITNESS, 0); /* the core's own word */
    assert_false(valid(&frame));
    frame = undecided(DBA_CAUSE_HELD, 429); /* without hold */
    assert_false(valid(&frame));
    frame.u.answer.answer.hold = true;
    frame.u.answer.answer.status = 500;
    assert_false(valid(&frame));
    frame.u.answer.answer.status = 503;
    frame.u.answer.answer.retry_after_ms = UINT32_MAX;
    assert_false(valid(&frame));
    frame = undecided(DBA_CAUSE_CLOSED, 0);
    frame.u.answer.answer.email[0] = 'x';
    assert_false(valid(&frame));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_garbage),      cmocka_unit_test(test_full),
        cmocka_unit_test(test_honest),       cmocka_unit_test(test_false_bytes),
        cmocka_unit_test(test_false_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
