/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callers at a real socket, both ends in this process: what is a request, what is none, who
 * hangs up, and how many there may be.
 */
#include "dblab-authd/keeper/server.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "dblab-authd/keeper/watch.h"

#define SOMEBODY  12345
#define STRANGERS 16

struct world {
    struct loop *loop;
    struct server *server;
    struct dba_settings settings;
    struct sockaddr_un address;
    socklen_t length;
    struct loop_timer *tick;
    /* what the server told */
    int requests, hangups;
    uint64_t id; /* of the last of either */
    struct server_peer peer;
    enum dba_op op;
    char user[DBA_USER_MAX + 1];
};

static void on_request(uint64_t id, const struct server_peer *peer,
                       const struct dba_request *request, void *arg)
{
    struct world *world = arg;

    world->requests++;
    world->id = id;
    world->peer = *peer;
    world->op = request->op;
    memcpy(world->user, request->user, sizeof world->user);
}

static void on_hangup(uint64_t id, void *arg)
{
    struct world *world = arg;

    world->hangups++;
    world->id = id;
}

static void on_tick(void *arg)
{
    loop_stop(((struct world *)arg)->loop);
}

/* Lets the server work off what there is: its descriptors come before a timer that is due. */
static void turn(struct world *world)
{
    for (int i = 0; i < 4; i++) {
        loop_timer_set(world->tick, dba_clock_boot());
        loop_run(world->loop);
    }
}

/* An abstract address: nothing is left in any folder. */
static int setup(void **state)
{
    static const struct server_events events_of = {.request = on_request, .hangup = on_hangup};
    static struct world world;
    struct server_events events = events_of;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memset(&world, 0, sizeof world);
    world.settings.connections = 100;
    world.address.sun_family = AF_UNIX;
    world.length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
                               (size_t)snprintf(world.address.sun_path + 1, 64,
                                                "dblab-test-server-%d", (int)getpid()));
    if (fd < 0 || bind(fd, (const struct sockaddr *)&world.address, world.length) != 0 ||
        listen(fd, 1024) != 0)
        return -1;
    events.arg = &world;
    world.loop = loop_new();
    world.server = server_new(world.loop, fd, &world.settings, &events);
    world.tick = loop_timer_new(world.loop, on_tick, &world);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    server_free(&world->server);
    loop_timer_free(&world->tick);
    loop_free(&world->loop);
    return 0;
}

static int call(const struct world *world)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&world->address, world->length), 0);
    return fd;
}

static size_t request_bytes(uint8_t *buf)
{
    struct dba_request request = {.op = DBA_OP_ACCOUNT, .wait_ms = 1000, .uid = DBA_NO_UID};
    size_t len;

    (void)strcpy(request.service, "sshd");
    (void)strcpy(request.user, "alice");
    assert_int_equal(dba_request_encode(&request, buf, &len), DBA_OK);
    return len;
}

static void say(int fd, const void *bytes, size_t len)
{
    assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
}

static int call_and_ask(const struct world *world)
{
    uint8_t buf[DBA_REQUEST_MAX];
    size_t len = request_bytes(buf);
    int fd = call(world);

    say(fd, buf, len);
    return fd;
}

/* Did the server close it without a word? */
static bool is_closed(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);

    return n == 0 || (n < 0 && errno == ECONNRESET);
}

static void test_one_request_one_reply(void **state)
{
    struct world *world = *state;
    const struct dba_reply out = {.op = DBA_OP_ACCOUNT, .result = DBA_ACCEPTED};
    uint8_t buf[DBA_REPLY_BASE];
    struct dba_reply in;
    int fd = call_and_ask(world);
    ssize_t len;

    turn(world);
    assert_int_equal(world->requests, 1);
    assert_int_equal(world->op, DBA_OP_ACCOUNT);
    assert_string_equal(world->user, "alice");
    assert_int_equal(world->peer.uid, geteuid());
    assert_int_equal(world->peer.process.pid, getpid());
    assert_true(world->peer.process.start == watch_start_time(getpid()));
    server_reply(world->server, world->id + 1, &out); /* nobody's */
    server_reply(world->server, world->id, &out);
    server_reply(world->server, world->id, &out); /* it is gone by now */
    len = recv(fd, buf, sizeof buf, 0);
    assert_true(len > 0);
    assert_int_equal(dba_reply_decode(buf, (size_t)len, &in), DBA_OK);
    assert_int_equal(in.result, DBA_ACCEPTED);
    assert_true(is_closed(fd));
    assert_int_equal(server_connections(world->server), 0);
    assert_int_equal(world->hangups, 0);
    close(fd);
}

static void test_in_pieces(void **state)
{
    struct world *world = *state;
    uint8_t buf[DBA_REQUEST_MAX];
    size_t len = request_bytes(buf);
    int fd = call(world);

    for (size_t i = 0; i < len; i++) {
        assert_int_equal(world->requests, 0);
        say(fd, buf + i, 1);
        turn(world);
    }
    assert_int_equal(world->requests, 1);
    close(fd);
}

static void drops(struct world *world, const void *bytes, size_t len)
{
    int fd = call(world);

    say(fd, bytes, len);
    turn(world);
    assert_true(is_closed(fd));
    assert_int_equal(world->requests, 0);
    assert_int_equal(server_connections(world->server), 0);
    close(fd);
}

static void test_nonsense(void **state)
{
    struct world *world = *state;
    uint8_t buf[2 * DBA_REQUEST_MAX] = {0};
    size_t len = request_bytes(buf);

    drops(world, buf, len + 1); /* more than one frame */
    buf[len - 1] = 'x';
    buf[0] = 'X';
    drops(world, buf, len);
    memset(buf, 0xff, sizeof buf);
    drops(world, buf, sizeof buf);
    (void)request_bytes(buf);
    buf[8] = buf[9] = buf[10] = 0xff; /* a length over the limit */
    drops(world, buf, DBA_FRAME_HEADER);
    len = request_bytes(buf);
    buf[DBA_FRAME_HEADER + 8] = 200; /* a string longer than the frame */
    drops(world, buf, len);
}

static void test_half_a_frame(void **state)
{
    struct world *world = *state;
    uint8_t buf[DBA_REQUEST_MAX];
    struct pollfd end;
    int fd = call(world);

    (void)request_bytes(buf);
    say(fd, buf, 20);
    turn(world);
    assert_int_equal(server_connections(world->server), 1);
    close(fd);
    turn(world);
    assert_int_equal(server_connections(world->server), 0);

    /* One that stays is not waited for. */
    fd = call(world);
    say(fd, buf, 20);
    end = (struct pollfd){.fd = fd, .events = POLLIN};
    for (dba_time last = dba_clock_boot() + 20 * DBA_SECOND; poll(&end, 1, 0) == 0;) {
        assert_true(dba_clock_boot() < last);
        loop_timer_set(world->tick, dba_clock_boot() + DBA_SECOND / 50);
        loop_run(world->loop);
    }
    assert_true(is_closed(fd));
    assert_int_equal(world->requests + world->hangups, 0);
    close(fd);
}

static void test_hangup(void **state)
{
    struct world *world = *state;
    int fd = call_and_ask(world);
    uint64_t id;

    turn(world);
    id = world->id;
    close(fd);
    turn(world);
    assert_int_equal(world->hangups, 1);
    assert_true(world->id == id);
    fd = call_and_ask(world);
    turn(world);
    say(fd, "more", 4); /* who waits has nothing to say */
    turn(world);
    assert_int_equal(world->hangups, 2);
    assert_true(is_closed(fd));
    close(fd);
}

/* A reply that does not fit the socket's buffer comes in full to who reads it slowly. */
static void test_long_reply(void **state)
{
    static char text[DBA_TEXT_MAX];
    struct world *world = *state;
    struct dba_reply out = {
        .op = DBA_OP_METRICS, .result = DBA_ACCEPTED, .text = text, .text_len = sizeof text};
    int fd = call_and_ask(world);
    size_t total = 0;
    char part[1000];
    ssize_t n;

    memset(text, 'x', sizeof text);
    turn(world);
    server_reply(world->server, world->id, &out);
    assert_int_equal(server_connections(world->server), 1);
    while ((n = recv(fd, part, sizeof part, MSG_DONTWAIT)) != 0) {
        if (n > 0)
            total += (size_t)n;
        else
            assert_int_equal(errno, EAGAIN);
        turn(world);
    }
    assert_true(total > sizeof text);
    assert_int_equal(server_connections(world->server), 0);
    close(fd);
}

/* With all connections taken the next waits, and is served when one is free. */
static void test_all_taken(void **state)
{
    struct world *world = *state;
    int fds[4];

    world->settings.connections = 3;
    for (int i = 0; i < 4; i++)
        fds[i] = call_and_ask(world);
    turn(world);
    assert_int_equal(world->requests, 3);
    assert_false(is_closed(fds[3]));
    close(fds[0]);
    turn(world);
    assert_int_equal(world->requests, 4);
    for (int i = 1; i < 4; i++)
        close(fds[i]);
}

static void test_strangers(void **state)
{
    struct world *world = *state;
    int fds[STRANGERS + 4];
    int closed = 0;
    int root;

    if (geteuid() != 0)
        skip();
    assert_int_equal(seteuid(SOMEBODY), 0);
    for (int i = 0; i < STRANGERS + 4; i++)
        fds[i] = call_and_ask(world);
    assert_int_equal(seteuid(0), 0);
    turn(world);
    for (int i = 0; i < STRANGERS + 4; i++)
        closed += is_closed(fds[i]);
    assert_int_equal(closed, 4);
    assert_int_equal(world->requests, STRANGERS);
    root = call_and_ask(world);
    turn(world);
    assert_int_equal(world->requests, STRANGERS + 1);
    assert_int_equal(world->peer.uid, 0);
    close(root);
    for (int i = 0; i < STRANGERS + 4; i++)
        close(fds[i]);
    turn(world);
    assert_int_equal(server_connections(world->server), 0);
}

static void test_listed_caller(void **state)
{
    struct world *world = *state;
    uid_t callers[] = {SOMEBODY};
    struct dba_service service = {.name = "x", .callers = callers, .callers_count = 1};
    int fds[60];

    if (geteuid() != 0)
        skip();
    world->settings.services = &service;
    world->settings.services_count = 1;
    assert_int_equal(seteuid(SOMEBODY), 0);
    for (int i = 0; i < 60; i++)
        fds[i] = call_and_ask(world);
    assert_int_equal(seteuid(0), 0);
    turn(world);
    assert_int_equal(world->requests, 50); /* half of all */
    for (int i = 0; i < 60; i++)
        close(fds[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_request_one_reply),
        TEST(test_in_pieces),
        TEST(test_nonsense),
        TEST(test_half_a_frame),
        TEST(test_hangup),
        TEST(test_long_reply),
        TEST(test_all_taken),
        TEST(test_strangers),
        TEST(test_listed_caller),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
