/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checker's HTTP side against a server in the same loop that answers with given bytes:
 * plain HTTP/1.1, so that each byte is in the test's hand. TLS and HTTP/2 are in tests/daemon.
 */
#include "dblab-authd/checker/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "dblab-authd/checker/transfer.h"

#define CONNS  16
#define ACCESS "own"
#define GOOD   "{\"org_id\":7,\"is_personal\":true,\"email\":\"a@acme.io\"}" /* 51 bytes */
#define OK_200 "HTTP/1.1 200 OK\r\nContent-Length: 51\r\n\r\n" GOOD

/* What the server does with the n-th request: sends bytes, then perhaps more. */
enum then { KEEP, CLOSE, RESET };
struct script {
    const char *bytes; /* NULL: none */
    enum then then;
};

struct world {
    struct loop *loop;
    struct http *http;
    struct link_setup setup;
    int listener;
    struct loop_fd *accepting;
    struct conn {
        struct world *world;
        int fd;
        struct loop_fd *watch;
        char in[4096];
        size_t len;
    } conns[CONNS];
    int accepted, requests;
    const struct script *scripts; /* the last is repeated */
    char last[4096];              /* the last request */
    int answers, wanted;          /* stop after so many answers */
    struct dba_answer answer;
    int colds;
    bool stop_when_cold;
    struct loop_timer *guard;
};

static void conn_close(struct conn *conn, bool reset)
{
    const struct linger linger = {1, 0};

    if (conn->fd < 0)
        return;
    if (reset)
        (void)setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    loop_fd_free(&conn->watch);
    close(conn->fd);
    conn->fd = -1;
}

static bool request_whole(const struct conn *conn)
{
    const char *end = strstr(conn->in, "\r\n\r\n");
    const char *length = strstr(conn->in, "Content-Length: ");
    size_t body = length == NULL ? 0 : strtoul(length + 16, NULL, 10);

    return end != NULL && conn->len >= (size_t)(end + 4 - conn->in) + body;
}

static void conn_ready(int fd, unsigned events, void *arg)
{
    struct conn *conn = arg;
    struct world *world = conn->world;
    const struct script *script = world->scripts;
    ssize_t got = recv(fd, conn->in + conn->len, sizeof conn->in - 1 - conn->len, 0);

    (void)events;
    if (got <= 0) {
        conn_close(conn, false);
        return;
    }
    conn->len += (size_t)got;
    conn->in[conn->len] = '\0';
    if (!request_whole(conn))
        return;
    memcpy(world->last, conn->in, conn->len + 1);
    conn->len = 0;
    for (int i = 0; i < world->requests && script[1].then != (enum then) - 1; i++)
        script++;
    world->requests++;
    if (script->bytes != NULL)
        (void)!send(fd, script->bytes, strlen(script->bytes), MSG_NOSIGNAL);
    if (script->then != KEEP)
        conn_close(conn, script->then == RESET);
}

static void accept_ready(int fd, unsigned events, void *arg)
{
    struct world *world = arg;
    struct conn *conn = &world->conns[world->accepted++];

    (void)events;
    assert_true(world->accepted <= CONNS);
    conn->world = world;
    conn->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    conn->watch = loop_fd_new(world->loop, conn->fd, LOOP_READ, conn_ready, conn);
}

static void on_answer(uint32_t id, const struct dba_answer *answer, void *arg)
{
    struct world *world = arg;

    (void)id;
    world->answer = *answer;
    if (++world->answers >= world->wanted)
        loop_stop(world->loop);
}

static void on_cold(void *arg)
{
    struct world *world = arg;

    world->colds++;
    if (world->stop_when_cold)
        loop_stop(world->loop);
}

static void on_guard(void *arg)
{
    (void)arg;
    fail_msg("nothing happened for 20 seconds");
}

static void world_open(struct world *world, const struct script *scripts)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    struct http_options options = {.setup = &world->setup};
    const char *why;

    memset(world, 0, sizeof *world);
    for (int i = 0; i < CONNS; i++)
        world->conns[i].fd = -1;
    world->scripts = scripts;
    world->wanted = 1;
    world->loop = loop_new();
    world->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(world->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(world->listener, 64), 0);
    assert_int_equal(getsockname(world->listener, (struct sockaddr *)&address, &len), 0);
    world->accepting =
        loop_fd_new(world->loop, world->listener, LOOP_READ, accept_ready, world);
    world->setup = (struct link_setup){.version = LINK_VERSION,
                                       .connect_timeout_ms = 5000,
                                       .timeout_ms = 10000,
                                       .max_connections = 4,
                                       .max_in_flight = 8};
    (void)snprintf(world->setup.url, sizeof world->setup.url, "http://127.0.0.1:%u/api",
                   ntohs(address.sin_port));
    world->http = http_new(world->loop, &options, on_answer, on_cold, world, &why);
    assert_non_null(world->http);
    world->guard = loop_timer_new(world->loop, on_guard, world);
    loop_timer_set(world->guard, dba_clock_boot() + 20 * DBA_SECOND);
}

static void listener_close(struct world *world)
{
    loop_fd_free(&world->accepting);
    if (world->listener >= 0)
        close(world->listener);
    world->listener = -1;
}

static void world_close(struct world *world)
{
    http_free(&world->http);
    for (int i = 0; i < CONNS; i++)
        conn_close(&world->conns[i], false);
    listener_close(world);
    loop_timer_free(&world->guard);
    loop_free(&world->loop);
}

static void check(struct world *world, const char *token, const char *access)
{
    struct link_check check = {.id = 5};

    assert_int_equal(dba_token_set(&check.token, token, strlen(token)), DBA_OK);
    if (access != NULL)
        assert_int_equal(dba_token_set(&check.access, access, strlen(access)), DBA_OK);
    http_check(world->http, &check);
}

/* One check, answered. */
static void ask(struct world *world)
{
    world->answers = 0;
    world->wanted = 1;
    check(world, "tok", ACCESS);
    if (world->answers == 0)
        loop_run(world->loop);
    loop_timer_set(world->guard, dba_clock_boot() + 20 * DBA_SECOND);
}

static void wait_cold(struct world *world)
{
    int before = world->colds;

    world->stop_when_cold = true;
    while (world->colds == before)
        loop_run(world->loop);
    world->stop_when_cold = false;
}

/* ---- tests ---- */

#define END                                                                                    \
    {                                                                                          \
        NULL, (enum then) - 1                                                                  \
    }

struct row {
    const char *bytes;
    enum then then;
    enum dba_answer_class class;
    enum dba_cause cause;
    unsigned status;
};

static const struct row rows[] = {
    {OK_200, KEEP, DBA_ANSWER_GOOD, DBA_CAUSE_NONE, 200},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n" OK_200,
     KEEP, DBA_ANSWER_GOOD, DBA_CAUSE_NONE, 200},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n19\r\n"
     "{\"org_id\":7,\"is_personal\"\r\n"
     "1a\r\n:true,\"email\":\"a@acme.io\"}\r\n0\r\n\r\n",
     KEEP, DBA_ANSWER_GOOD, DBA_CAUSE_NONE, 200},
    {"HTTP/1.0 200 OK\r\n\r\n" GOOD, CLOSE, DBA_ANSWER_GOOD, DBA_CAUSE_NONE, 200},
    {"HTTP/1.1 401 go away\r\nContent-Length: 0\r\n\r\n", KEEP, DBA_ANSWER_INVALID,
     DBA_CAUSE_NONE, 401},
    {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n" GOOD, KEEP, DBA_ANSWER_UNDECIDED,
     DBA_CAUSE_MALFORMED, 200},
    {"HTTP/1.1 200 OK\r\nContent-Length: 52\r\n\r\n" GOOD, CLOSE, DBA_ANSWER_UNDECIDED,
     DBA_CAUSE_CLOSED, 200},
    {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", KEEP,
     DBA_ANSWER_UNDECIDED, DBA_CAUSE_STATUS, 302},
    {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x01",
     KEEP, DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, 200},
    {"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", CLOSE, DBA_ANSWER_UNDECIDED,
     DBA_CAUSE_CLOSED, 200},
    {"HTTP/1.1 503 No\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n", KEEP,
     DBA_ANSWER_UNDECIDED, DBA_CAUSE_HELD, 503},
    {"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", KEEP, DBA_ANSWER_UNDECIDED,
     DBA_CAUSE_STATUS, 503},
    {"garbage\r\n\r\n", CLOSE, DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, 0},
    {NULL, CLOSE, DBA_ANSWER_UNDECIDED, DBA_CAUSE_CLOSED, 0},
    {NULL, RESET, DBA_ANSWER_UNDECIDED, DBA_CAUSE_CLOSED, 0},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct script scripts[] = {{rows[i].bytes, rows[i].then}, END};
        struct world world;

        world_open(&world, scripts);
        ask(&world);
        if (world.answer.class != rows[i].class || world.answer.cause != rows[i].cause)
            print_error("row %zu: %s\n", i, rows[i].bytes);
        assert_int_equal(world.answer.class, rows[i].class);
        assert_int_equal(world.answer.cause, rows[i].cause);
        if (rows[i].class != DBA_ANSWER_UNDECIDED || rows[i].cause == DBA_CAUSE_HELD)
            assert_int_equal(world.answer.status, rows[i].status);
        assert_int_equal(world.answer.retry_after_ms,
                         rows[i].cause == DBA_CAUSE_HELD ? 3000 : 0);
        assert_false(world.answer.http2);
        assert_int_equal(world.requests, 1);
        world_close(&world);
    }
}

static void test_request(void **state)
{
    static const struct script scripts[] = {{OK_200, KEEP}, END};
    struct world world;

    (void)state;
    world_open(&world, scripts);
    world.wanted = 1;
    check(&world, "a\"b", ACCESS);
    loop_run(world.loop);
    assert_memory_equal(world.last, "POST /api/rpc/dblab_token_check HTTP/1.1\r\n", 42);
    assert_non_null(strstr(world.last, "\r\nAccess-Token: own\r\n"));
    assert_non_null(strstr(world.last, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(world.last, "\r\nSelfassigned-Instance-ID:\r\n"));
    assert_non_null(strstr(world.last, "\r\nUser-Agent: dblab-auth/" DBA_VERSION "\r\n"));
    assert_non_null(strstr(world.last, "\r\n\r\n{\"token\":\"a\\\"b\"}"));
    assert_null(strstr(world.last, "Expect:"));
    assert_null(strstr(world.last, "Org-Key"));
    world.answers = 0;
    check(&world, "tok", NULL);
    loop_run(world.loop);
    assert_null(strstr(world.last, "Access-Token"));
    assert_int_equal(world.accepted, 1); /* kept */
    world_close(&world);
}

static void test_not_a_token(void **state)
{
    static const struct script scripts[] = {{OK_200, KEEP}, END};
    struct link_check bad = {.id = 1, .token = {.len = 3, .bytes = "a\nb"}};
    struct world world;

    (void)state;
    world_open(&world, scripts);
    http_check(world.http, &bad);
    assert_int_equal(world.answers, 1);
    assert_int_equal(world.answer.class, DBA_ANSWER_UNDECIDED);
    assert_int_equal(world.answer.cause, DBA_CAUSE_CHECKER);
    world_close(&world);
}

static void test_warm(void **state)
{
    static const struct script scripts[] = {
        {"HTTP/1.1 204 None\r\n\r\n", KEEP}, {OK_200, KEEP}, {OK_200, KEEP}, END};
    struct world world;

    (void)state;
    world_open(&world, scripts);
    wait_cold(&world); /* at the start there is no connection */
    http_warm(world.http);
    http_warm(world.http); /* one is enough */
    ask(&world);           /* comes after it, or beside it on a connection of its own */
    assert_int_equal(world.answer.class, DBA_ANSWER_GOOD);
    assert_true(world.requests <= 2);
    ask(&world);
    http_warm(world.http); /* there is one */
    assert_int_equal(world.colds, 1);
    world_close(&world);
}

static void test_warm_has_no_token(void **state)
{
    static const struct script scripts[] = {{"HTTP/1.1 204 None\r\n\r\n", CLOSE}, END};
    struct world world;

    (void)state;
    world_open(&world, scripts);
    wait_cold(&world);
    http_warm(world.http);
    wait_cold(&world); /* closed after the answer */
    assert_memory_equal(world.last, "OPTIONS /api/rpc/dblab_token_check HTTP/1.1\r\n", 45);
    assert_null(strstr(world.last, "Access-Token"));
    assert_null(strstr(world.last, "token\""));
    world_close(&world);
}

static void test_lost_while_idle(void **state)
{
    static const struct script scripts[] = {{OK_200, KEEP}, END};
    struct world world;

    (void)state;
    world_open(&world, scripts);
    wait_cold(&world);
    ask(&world);
    assert_int_equal(world.colds, 1);
    conn_close(&world.conns[0], false);
    wait_cold(&world);
    ask(&world);
    conn_close(&world.conns[1], true);
    wait_cold(&world);
    ask(&world);
    assert_int_equal(world.answer.class, DBA_ANSWER_GOOD);
    assert_int_equal(world.accepted, 3);
    /* What nobody asked for ends a connection, too. */
    assert_int_equal(send(world.conns[2].fd, "HTTP/1.1 408 Late\r\n\r\n", 21, 0), 21);
    wait_cold(&world);
    ask(&world);
    assert_int_equal(world.answer.class, DBA_ANSWER_GOOD);
    assert_int_equal(world.accepted, 4);
    world_close(&world);
}

static void test_repeated_once(void **state)
{
    static const struct script once[] = {{OK_200, KEEP}, {NULL, CLOSE}, {OK_200, KEEP}, END};
    static const struct script never[] = {{OK_200, KEEP}, {NULL, RESET}, {NULL, RESET}, END};
    struct world world;

    (void)state;
    world_open(&world, once);
    ask(&world);
    ask(&world); /* closed under it, and asked again */
    assert_int_equal(world.answer.class, DBA_ANSWER_GOOD);
    assert_int_equal(world.requests, 3);
    world_close(&world);
    world_open(&world, never);
    ask(&world);
    ask(&world);
    assert_int_equal(world.answer.class, DBA_ANSWER_UNDECIDED);
    assert_int_equal(world.answer.cause, DBA_CAUSE_CLOSED);
    assert_int_equal(world.requests, 3);
    world_close(&world);
}

static void test_over_limits(void **state)
{
    char *big = calloc(1, 200000);
    const struct script scripts[] = {{big, KEEP}, END};
    struct world world;

    (void)state;
    assert_non_null(big);
    strcpy(big, "HTTP/1.1 200 OK\r\nContent-Length: 150000\r\n\r\n");
    memset(big + strlen(big), ' ', 150000);
    world_open(&world, scripts);
    ask(&world);
    assert_int_equal(world.answer.cause, DBA_CAUSE_SIZE);
    big[9] = '4';
    big[11] = '1';
    ask(&world);
    assert_int_equal(world.answer.class, DBA_ANSWER_INVALID);
    memset(big, 0, 200000);
    strcpy(big, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 900; i++)
        strcat(big, "X-Padding: 0123456789012345678901234567890123456789\r\n");
    strcat(big, "Content-Length: 51\r\n\r\n" GOOD);
    ask(&world);
    assert_int_equal(world.answer.class, DBA_ANSWER_UNDECIDED);
    assert_int_equal(world.answer.cause, DBA_CAUSE_SIZE);
    world_close(&world);
    free(big);
}

static void test_timeout(void **state)
{
    static const struct script scripts[] = {{NULL, KEEP}, END};
    struct http_options options;
    struct world world;
    const char *why;

    (void)state;
    world_open(&world, scripts);
    http_free(&world.http);
    world.setup.timeout_ms = 50;
    options = (struct http_options){.setup = &world.setup};
    world.http = http_new(world.loop, &options, on_answer, on_cold, &world, &why);
    ask(&world);
    assert_int_equal(world.answer.class, DBA_ANSWER_UNDECIDED);
    assert_int_equal(world.answer.cause, DBA_CAUSE_TIMEOUT);
    world.scripts = (const struct script[]){{"HTTP/1.1 200 OK\r\nContent-Le", KEEP}, END};
    ask(&world);
    assert_int_equal(world.answer.cause, DBA_CAUSE_TIMEOUT);
    assert_int_equal(world.accepted, 2); /* the first took no further one */
    world_close(&world);
}

static void test_refused(void **state)
{
    static const struct script scripts[] = {{OK_200, KEEP}, END};
    struct world world;

    (void)state;
    world_open(&world, scripts);
    listener_close(&world);
    ask(&world);
    assert_int_equal(world.answer.class, DBA_ANSWER_UNDECIDED);
    assert_int_equal(world.answer.cause, DBA_CAUSE_CONNECT);
    world_close(&world);
}

static void test_many(void **state)
{
    static const struct script scripts[] = {{OK_200, KEEP}, END};
    struct world world;

    (void)state;
    world_open(&world, scripts);
    world.wanted = 20;
    for (int i = 0; i < 20; i++) /* over max_in_flight, within what is let pass */
        check(&world, "tok", ACCESS);
    loop_run(world.loop);
    assert_int_equal(world.answers, 20);
    assert_int_equal(world.answer.class, DBA_ANSWER_GOOD);
    assert_true(world.accepted <= 4);
    for (int i = 0; i < 200; i++)
        check(&world, "tok", ACCESS);
    assert_int_equal(world.answer.cause, DBA_CAUSE_CHECKER); /* too many at once */
    world_close(&world);                                     /* with some under way */
}

static int library_init(void **state)
{
    (void)state;
    return transfer_library_init() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_not_a_token),
        cmocka_unit_test(test_warm),
        cmocka_unit_test(test_warm_has_no_token),
        cmocka_unit_test(test_lost_while_idle),
        cmocka_unit_test(test_repeated_once),
        cmocka_unit_test(test_over_limits),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, library_init, NULL);
}
