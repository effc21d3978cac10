/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client against daemons that are there, come and go, are overrun, or are not ours.
 */
#include "client/client.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/asking.h"
#include "tests/support/fake.h"

static void answer(int fd)
{
    struct dba_reply reply = {.op = DBA_OP_AUTH, .result = DBA_ACCEPTED, .personal = true};

    reply.org_id = 7;
    strcpy(reply.email, "alice@acme.io");
    fake_send(fd, &reply);
}

static void serve_well(struct fake *fake, int fd, unsigned n)
{
    struct dba_request *request = fake->arg;
    struct dba_request other;

    (void)n;
    if (fake_read(fd, request != NULL ? request : &other))
        answer(fd);
}

static void test_exchange(void **state)
{
    struct fake fake;
    struct dba_request got;
    struct dba_reply reply;

    (void)state;
    fake_start(&fake, serve_well, &got);
    assert_int_equal(asking(fake.path, LONG, &reply), DBA_OK);
    fake_stop(&fake);
    assert_int_equal(got.op, DBA_OP_AUTH);
    assert_int_equal(got.uid, 1001);
    assert_string_equal(got.service, "sshd");
    assert_string_equal(got.user, "alice");
    assert_string_equal(got.rhost, "192.0.2.1");
    assert_string_equal(got.token.bytes, "to ken");
    assert_in_range(got.wait_ms, 1, LONG / DBA_MSEC - 1); /* the answer comes before our end */
    assert_int_equal(reply.result, DBA_ACCEPTED);
    assert_string_equal(reply.email, "alice@acme.io");
    assert_int_equal(reply.org_id, 7);
}

static void test_nobody(void **state)
{
    struct fake fake;
    char path[200];

    (void)state;
    fake_listen(&fake, 1);
    assert_int_equal(shutdown(fake.fd, SHUT_RDWR), 0); /* a socket that nobody listens on */
    asking_fails(fake.path, LONG, DBA_ERR_REFUSED);
    fake_stop(&fake);
    asking_fails(fake.path, LONG, DBA_ERR_REFUSED); /* nor is it there */
    asking_fails("", LONG, DBA_ERR_ARGUMENT);
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    asking_fails(path, LONG, DBA_ERR_ARGUMENT);
}

/* ---- hanging up ---- */

/* The first three hang up at different times. */
static void serve_the_fourth(struct fake *fake, int fd, unsigned n)
{
    struct dba_request request;
    uint8_t bytes[DBA_REPLY_BASE];
    size_t len = fake_reply_bytes(DBA_OP_AUTH, bytes);

    (void)fake;
    if (n == 0 || !fake_read(fd, &request))
        return;
    if (n == 2)
        fake_write(fd, bytes, len / 2);
    if (n == 3)
        fake_write(fd, bytes, len);
}

static void test_closed_before_the_reply(void **state)
{
    struct fake fake;

    (void)state;
    fake_start(&fake, serve_the_fourth, NULL);
    asking_succeeds(fake.path);
    fake_stop(&fake);
    assert_int_equal(fake.accepted, 4);
}

static void serve_nobody(struct fake *fake, int fd, unsigned n)
{
    (void)fake;
    (void)fd;
    (void)n;
}

static void test_always_closed(void **state)
{
    struct fake fake;

    (void)state;
    fake_start(&fake, serve_nobody, NULL);
    asking_fails(fake.path, SHORT, DBA_ERR_TIMEOUT);
    fake_stop(&fake);
    assert_true(fake.accepted > 1);
}

static void serve_and_end(struct fake *fake, int fd, unsigned n)
{
    (void)fd;
    (void)n;
    fake_unlisten(fake);
}

/* After an accepted connection a refusal is a restart: it is waited for. */
static void test_ends_for_good(void **state)
{
    struct fake fake;
    dba_time start = dba_clock_monotonic();

    (void)state;
    fake_start(&fake, serve_and_end, NULL);
    asking_fails(fake.path, SHORT, DBA_ERR_TIMEOUT);
    assert_true(dba_clock_monotonic() - start >= SHORT);
    fake_stop(&fake);
}

static void serve_after_a_restart(struct fake *fake, int fd, unsigned n)
{
    if (n > 0) {
        serve_well(fake, fd, n);
        return;
    }
    fake_unlisten(fake);
    (void)shutdown(fd, SHUT_RDWR);
    fake_relisten(fake, 16);
}

static void test_restarts(void **state)
{
    struct fake fake;

    (void)state;
    fake_start(&fake, serve_after_a_restart, NULL);
    asking_succeeds(fake.path);
    fake_stop(&fake);
}

/* ---- a full backlog ---- */

/* Connects until there is no room left; returns how many. */
static size_t fill(const struct fake *fake, int *fds, size_t most)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n;

    strcpy(address.sun_path, fake->path);
    for (n = 0; n < most; n++) {
        fds[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        assert_true(fds[n] >= 0);
        if (connect(fds[n], (struct sockaddr *)&address, sizeof address) == 0)
            continue;
        assert_int_equal(errno, EAGAIN);
        (void)close(fds[n]);
        return n;
    }
    fail();
    return 0;
}

static void *ask_in_a_thread(void *arg)
{
    const struct fake *fake = arg;
    struct dba_reply reply;

    return asking(fake->path, LONG, &reply) == DBA_OK ? arg : NULL;
}

static void test_full_backlog(void **state)
{
    enum { CALLERS = 20 };
    struct fake fake;
    pthread_t callers[CALLERS];
    int fds[64];
    size_t count;

    (void)state;
    fake_listen(&fake, 2);
    count = fill(&fake, fds, 64);
    asking_fails(fake.path, SHORT, DBA_ERR_TIMEOUT);
    for (size_t i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&callers[i], NULL, ask_in_a_thread, &fake), 0);
    for (size_t i = 0; i < count; i++)
        (void)close(fds[i]);
    fake_run(&fake, serve_well, NULL);
    for (size_t i = 0; i < CALLERS; i++) {
        void *fine;

        (void)pthread_join(callers[i], &fine);
        assert_non_null(fine);
    }
    fake_stop(&fake);
}

/* ---- signals of the host program ---- */

static void on_alarm(int signal)
{
    (void)signal;
}

static void storm(long microseconds)
{
    struct itimerval every = {{0, microseconds}, {0, microseconds}};
    struct sigaction action = {.sa_handler = on_alarm}; /* no SA_RESTART */

    (void)sigaction(SIGALRM, &action, NULL);
    (void)setitimer(ITIMER_REAL, &every, NULL);
}

static void serve_never(struct fake *fake, int fd, unsigned n)
{
    (void)fake;
    (void)n;
    fake_wait_for_end(fd);
}

static void test_signals(void **state)
{
    struct fake fake;
    int fds[64];
    size_t count;

    (void)state;
    storm(200);
    fake_start(&fake, serve_well, NULL);
    for (int i = 0; i < 200; i++)
        asking_succeeds(fake.path);
    fake_stop(&fake);
    fake_listen(&fake, 2);
    count = fill(&fake, fds, 64);
    asking_fails(fake.path, SHORT, DBA_ERR_TIMEOUT);
    for (size_t i = 0; i < count; i++)
        (void)close(fds[i]);
    fake_run(&fake, serve_never, NULL);
    asking_fails(fake.path, SHORT, DBA_ERR_TIMEOUT);
    storm(0);
    fake_stop(&fake);
}

/* ---- somebody else's socket ---- */

#define NOBODY 65534

/* Exits 0 if the caller hung up and had sent nothing. */
static void be_somebody_else(const struct fake *fake, int ready)
{
    char byte;
    int listener;
    int fd;
    struct fake mine = *fake;

    if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
        _exit(2);
    fake_relisten(&mine, 1);
    listener = mine.fd;
    if (write(ready, "", 1) != 1)
        _exit(2);
    fd = accept(listener, NULL, NULL);
    _exit(fd >= 0 && recv(fd, &byte, 1, 0) == 0 ? 0 : 1);
}

static void test_somebody_else(void **state)
{
    struct fake fake;
    int ready[2];
    int status;
    char byte;
    pid_t child;

    (void)state;
    if (geteuid() != 0)
        skip();
    fake_listen(&fake, 1);
    fake_unlisten(&fake);
    assert_int_equal(chown(fake.folder, NOBODY, NOBODY), 0);
    assert_int_equal(pipe(ready), 0);
    child = fork();
    if (child == 0)
        be_somebody_else(&fake, ready[1]);
    (void)close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    (void)close(ready[0]);
    asking_fails(fake.path, LONG, DBA_ERR_PEER);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    fake_stop(&fake);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, asking_setup, asking_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_exchange),      TEST(test_nobody),        TEST(test_closed_before_the_reply),
        TEST(test_always_closed), TEST(test_ends_for_good), TEST(test_restarts),
        TEST(test_full_backlog),  TEST(test_signals),       TEST(test_somebody_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
