/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client against daemons whose answer is slow, cut, spoilt or large.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

#include "client/client.h"
#include "tests/support/asking.h"
#include "tests/support/fake.h"

/* ---- slowness ---- */

static void serve_half(struct fake *fake, int fd, unsigned n)
{
    uint8_t bytes[DBA_REPLY_BASE];
    size_t len = fake_reply_bytes(DBA_OP_AUTH, bytes);

    (void)fake;
    (void)n;
    fake_write(fd, bytes, len - 1);
    fake_wait_for_end(fd);
}

static void test_hangs(void **state)
{
    struct fake fake;

    (void)state;
    fake_start(&fake, serve_half, NULL);
    asking_fails(fake.path, SHORT, DBA_ERR_TIMEOUT);
    asking_fails(fake.path, 0, DBA_ERR_TIMEOUT);
    asking_fails(fake.path, -DBA_SECOND, DBA_ERR_TIMEOUT);
    fake_stop(&fake);
    assert_int_equal(fake.accepted, 1); /* too late is too late to connect, too */
}

static void serve_byte_by_byte(struct fake *fake, int fd, unsigned n)
{
    struct dba_request request;
    uint8_t bytes[DBA_REPLY_BASE];
    size_t len = fake_reply_bytes(DBA_OP_AUTH, bytes);

    (void)fake;
    (void)n;
    if (fake_read(fd, &request))
        for (size_t i = 0; i < len; i++)
            fake_write(fd, bytes + i, 1);
}

static void test_byte_by_byte(void **state)
{
    struct fake fake;

    (void)state;
    fake_start(&fake, serve_byte_by_byte, NULL);
    asking_succeeds(fake.path);
    fake_stop(&fake);
}

/* A long text that never ends in time: there is always something to read. */
static void serve_drops(struct fake *fake, int fd, unsigned n)
{
    static const uint8_t head[] = {'D', 'B', 'r', '1', 4, 0, 1, 0, 0, 0, 4, 0};
    struct timespec pause = {.tv_nsec = 1000000};
    int flags = MSG_NOSIGNAL;

    (void)fake;
    (void)n;
    fake_write(fd, head, sizeof head);
    while (send(fd, "", 1, flags) == 1)
        (void)nanosleep(&pause, NULL);
}

static void test_drips(void **state)
{
    struct fake fake;
    struct dba_request request = {.op = DBA_OP_STATUS, .uid = DBA_NO_UID};
    struct dba_reply reply;
    size_t cap = DBA_REPLY_BASE + DBA_TEXT_MAX;
    uint8_t *buf = malloc(cap);

    (void)state;
    fake_start(&fake, serve_drops, NULL);
    assert_int_equal(
        dba_client_ask(fake.path, dba_clock_monotonic() + SHORT, &request, buf, cap, &reply),
        DBA_ERR_TIMEOUT);
    fake_stop(&fake);
    free(buf);
}

/* ---- nonsense: an answer, but none to believe; it is not asked for again ---- */

struct spoilt {
    uint8_t bytes[DBA_REPLY_BASE + 1];
    size_t len;
};

static void serve_spoilt(struct fake *fake, int fd, unsigned n)
{
    const struct spoilt *spoilt = fake->arg;
    struct dba_request request;

    (void)n;
    if (fake_read(fd, &request))
        fake_write(fd, spoilt->bytes, spoilt->len);
    fake_wait_for_end(fd);
}

static void assert_nonsense(const struct spoilt *spoilt, enum dba_err want)
{
    struct fake fake;
    struct spoilt copy = *spoilt;

    fake_start(&fake, serve_spoilt, &copy);
    asking_fails(fake.path, LONG, want);
    fake_stop(&fake);
    assert_int_equal(fake.accepted, 1);
}

static struct spoilt good(void)
{
    struct spoilt spoilt = {{0}, 0};

    spoilt.len = fake_reply_bytes(DBA_OP_AUTH, spoilt.bytes);
    return spoilt;
}

static void test_nonsense(void **state)
{
    struct spoilt s = good();

    (void)state;
    memset(s.bytes, 0xff, s.len);
    assert_nonsense(&s, DBA_ERR_FORM);
    s = good();
    s.bytes[3] = '2';
    assert_nonsense(&s, DBA_ERR_VERSION);
    s = good();
    s.bytes[11] = 0xff; /* the length's highest byte */
    assert_nonsense(&s, DBA_ERR_SIZE);
    s = good();
    s.bytes[s.len++] = 0; /* one byte too many */
    assert_nonsense(&s, DBA_ERR_FORM);
    s = good();
    s.bytes[6] = 99; /* no such result */
    assert_nonsense(&s, DBA_ERR_FORM);
    s = good();
    s.bytes[4] = DBA_OP_ACCOUNT; /* the answer to another question */
    assert_nonsense(&s, DBA_ERR_FORM);
}

static void serve_text(struct fake *fake, int fd, unsigned n)
{
    struct dba_request request;
    struct dba_reply reply = {.op = DBA_OP_METRICS, .result = DBA_ACCEPTED};

    (void)n;
    reply.text = fake->arg;
    reply.text_len = DBA_TEXT_MAX;
    if (fake_read(fd, &request))
        fake_send(fd, &reply);
}

static void test_long_text(void **state)
{
    struct fake fake;
    struct dba_request request = {.op = DBA_OP_METRICS, .uid = DBA_NO_UID};
    struct dba_reply reply;
    size_t cap = DBA_REPLY_BASE + DBA_TEXT_MAX;
    uint8_t *buf = malloc(cap);
    char *text = malloc(DBA_TEXT_MAX);

    (void)state;
    memset(text, 'x', DBA_TEXT_MAX);
    fake_start(&fake, serve_text, text);
    assert_int_equal(
        dba_client_ask(fake.path, dba_clock_monotonic() + LONG, &request, buf, cap, &reply),
        DBA_OK);
    assert_int_equal(reply.text_len, DBA_TEXT_MAX);
    assert_memory_equal(reply.text, text, DBA_TEXT_MAX);
    /* One that does not fit into the buffer is no answer. */
    assert_int_equal(dba_client_ask(fake.path, dba_clock_monotonic() + LONG, &request, buf,
                                    DBA_REPLY_BASE, &reply),
                     DBA_ERR_FORM);
    assert_int_equal(reply.result, DBA_UNAVAILABLE);
    fake_stop(&fake);
    free(buf);
    free(text);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, asking_setup, asking_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_hangs),    TEST(test_byte_by_byte), TEST(test_drips),
        TEST(test_nonsense), TEST(test_long_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
