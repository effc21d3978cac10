/* SPDX-License-Identifier: Apache-2.0 */
/* The Platform's answer, case by case, and with each allocation failing in turn. */
#include "dblab-authd/checker/reply.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#define FACTS "\"org_id\":7,\"is_personal\":true,\"email\":\"a@acme.io\""

struct row {
    unsigned status;
    const char *body;
    enum dba_answer_class class;
    enum dba_cause cause;
    const char *email; /* with GOOD */
};

static const struct row rows[] = {
    /* What is good. */
    {200, "{" FACTS "}", DBA_ANSWER_GOOD, DBA_CAUSE_NONE, "a@acme.io"},
    {200, " [{" FACTS "}]\n", DBA_ANSWER_GOOD, DBA_CAUSE_NONE, "a@acme.io"},
    {200, "{\"result\":{" FACTS "}}", DBA_ANSWER_GOOD, DBA_CAUSE_NONE, "a@acme.io"},
    {200, "[{\"result\":{" FACTS "}}]", DBA_ANSWER_GOOD, DBA_CAUSE_NONE, "a@acme.io"},
    {200,
     "{" FACTS ",\"hint\":null,\"details\":\"\",\"code\":null,\"message\":\"\",\"new\":[1]}",
     DBA_ANSWER_GOOD, DBA_CAUSE_NONE, "a@acme.io"},
    {200, "{" FACTS ",\"hint\":\"be well\"}", DBA_ANSWER_GOOD, DBA_CAUSE_NONE, "a@acme.io"},
    {200, "{\"org_id\":7,\"is_personal\":true}", DBA_ANSWER_GOOD, DBA_CAUSE_NONE, ""},
    {200, "{\"org_id\":7,\"is_personal\":true,\"email\":null}", DBA_ANSWER_GOOD, DBA_CAUSE_NONE,
     ""},
    {200, "{\"org_id\":7,\"is_personal\":true,\"email\":\"\"}", DBA_ANSWER_GOOD, DBA_CAUSE_NONE,
     ""},
    /* An email that is no plain text fits nobody. */
    {200, "{\"org_id\":7,\"is_personal\":true,\"email\":\"a\\u0000@acme.io\"}", DBA_ANSWER_GOOD,
     DBA_CAUSE_NONE, ""},
    {200, "{\"org_id\":7,\"is_personal\":true,\"email\":\"a@acme.io\\n\"}", DBA_ANSWER_GOOD,
     DBA_CAUSE_NONE, ""},
    {200, "{\"org_id\":7,\"is_personal\":true,\"email\":\"a\\u007f@acme.io\"}", DBA_ANSWER_GOOD,
     DBA_CAUSE_NONE, ""},
    {200, "{\"org_id\":7,\"is_personal\":true,\"email\":\"A <a@acme.io>\"}", DBA_ANSWER_GOOD,
     DBA_CAUSE_NONE, "A <a@acme.io>"},
    {200, "{\"org_id\":7,\"is_personal\":true,\"email\":\"\\u00e4@acme.io\"}", DBA_ANSWER_GOOD,
     DBA_CAUSE_NONE, "\xc3\xa4@acme.io"},
    /* What is invalid. */
    {401, NULL, DBA_ANSWER_INVALID, DBA_CAUSE_NONE, NULL},
    {401, "<html>no</html>", DBA_ANSWER_INVALID, DBA_CAUSE_NONE, NULL},
    {401, "{" FACTS "}", DBA_ANSWER_INVALID, DBA_CAUSE_NONE, NULL},
    {200, "{\"code\":\"PT401\",\"message\":\"Invalid token\"}", DBA_ANSWER_INVALID,
     DBA_CAUSE_NONE, NULL},
    {200, "{" FACTS ",\"code\":\"X\"}", DBA_ANSWER_INVALID, DBA_CAUSE_NONE, NULL},
    {200, "{" FACTS ",\"message\":\"x\"}", DBA_ANSWER_INVALID, DBA_CAUSE_NONE, NULL},
    {200, "[{\"result\":{" FACTS ",\"details\":\"x\"}}]", DBA_ANSWER_INVALID, DBA_CAUSE_NONE,
     NULL},
    {200, "{" FACTS ",\"details\":\"\\u0000\"}", DBA_ANSWER_INVALID, DBA_CAUSE_NONE, NULL},
    /* What decides nothing. */
    {200, "{\"hint\":\"no token here\"}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, "{" FACTS ",\"code\":5}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, "{" FACTS ",\"message\":false}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, "{" FACTS ",\"code\":\"X\",\"details\":{}}", DBA_ANSWER_UNDECIDED,
     DBA_CAUSE_MALFORMED, NULL},
    {200, "{" FACTS ",\"hint\":[]}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, "{\"org_id\":0,\"is_personal\":true}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED,
     NULL},
    {200, "{\"org_id\":-1,\"is_personal\":true}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED,
     NULL},
    {200, "{\"org_id\":null,\"is_personal\":true}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED,
     NULL},
    {200, "{\"org_id\":\"1\",\"is_personal\":true}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED,
     NULL},
    {200, "{\"org_id\":1.5,\"is_personal\":true}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED,
     NULL},
    {200, "{\"org_id\":1.0,\"is_personal\":true}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED,
     NULL},
    {200, "{\"org_id\":9223372036854775808,\"is_personal\":true}", DBA_ANSWER_UNDECIDED,
     DBA_CAUSE_MALFORMED, NULL},
    {200, "{\"org_id\":1,\"is_personal\":null}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED,
     NULL},
    {200, "{\"org_id\":1,\"is_personal\":\"true\"}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED,
     NULL},
    {200, "{\"org_id\":1,\"is_personal\":1}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, "{\"org_id\":1}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, "{\"org_id\":1,\"is_personal\":true,\"email\":[\"a\"]}", DBA_ANSWER_UNDECIDED,
     DBA_CAUSE_MALFORMED, NULL},
    {200, "{" FACTS ",\"org_id\":7}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, "{" FACTS "", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, "{" FACTS "} x", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, "{" FACTS "}{}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, "<html></html>", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, "", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, NULL, DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, "null", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, "[]", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, "[{" FACTS "},{" FACTS "}]", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, "[[{" FACTS "}]]", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, "{\"result\":[{" FACTS "}]}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, "{\"result\":{\"result\":{" FACTS "}}}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED,
     NULL},
    {200, "{" FACTS ",\"result\":{" FACTS "}}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED,
     NULL},
    {200, "{\"result\":null}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, "{\"email\":\"\xff\"}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, "\xef\xbb\xbf{" FACTS "}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {200, "\x1f\x8b\x08gzip", DBA_ANSWER_UNDECIDED, DBA_CAUSE_MALFORMED, NULL},
    {201, "{" FACTS "}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_STATUS, NULL},
    {202, "{" FACTS "}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_STATUS, NULL},
    {204, NULL, DBA_ANSWER_UNDECIDED, DBA_CAUSE_STATUS, NULL},
    {302, NULL, DBA_ANSWER_UNDECIDED, DBA_CAUSE_STATUS, NULL},
    {403, "{\"code\":\"PT403\",\"message\":\"Forbidden\"}", DBA_ANSWER_UNDECIDED,
     DBA_CAUSE_STATUS, NULL},
    {404, "{\"code\":\"PGRST202\"}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_STATUS, NULL},
    {500, "{" FACTS "}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_STATUS, NULL},
    {503, NULL, DBA_ANSWER_UNDECIDED, DBA_CAUSE_STATUS, NULL},
    {429, "{\"code\":\"PT429\"}", DBA_ANSWER_UNDECIDED, DBA_CAUSE_HELD, NULL},
};

static struct dba_answer read_row(const struct row *row)
{
    struct reply reply = {.status = row->status, .http2 = true, .body = row->body};
    struct dba_answer answer;

    reply.len = row->body == NULL ? 0 : strlen(row->body);
    memset(&answer, 0xee, sizeof answer);
    reply_read(&reply, &answer);
    return answer;
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct dba_answer answer = read_row(&rows[i]);
        bool good = rows[i].class == DBA_ANSWER_GOOD;

        if (answer.class != rows[i].class || answer.cause != rows[i].cause)
            print_error("row %zu: %u %s\n", i, rows[i].status, rows[i].body);
        assert_int_equal(answer.class, rows[i].class);
        assert_int_equal(answer.cause, rows[i].cause);
        assert_int_equal(answer.status, rows[i].status);
        assert_true(answer.http2);
        assert_int_equal(answer.hold, rows[i].cause == DBA_CAUSE_HELD);
        assert_int_equal(answer.org_id, good ? 7 : 0);
        assert_int_equal(answer.personal, good);
        assert_string_equal(answer.email, good ? rows[i].email : "");
    }
}

static void test_org_id_and_kind(void **state)
{
    static const char body[] = "{\"org_id\":9223372036854775807,\"is_personal\":false}";
    struct row row = {200, body, DBA_ANSWER_GOOD, DBA_CAUSE_NONE, ""};
    struct dba_answer answer = read_row(&row);

    (void)state;
    assert_int_equal(answer.class, DBA_ANSWER_GOOD);
    assert_true(answer.org_id == INT64_MAX);
    assert_false(answer.personal);
}

static void email_of_length(size_t len, const char *expected)
{
    char body[1024] = "{\"org_id\":1,\"is_personal\":true,\"email\":\"";
    struct row row = {200, body, DBA_ANSWER_GOOD, DBA_CAUSE_NONE, NULL};
    struct dba_answer answer;
    size_t at = strlen(body);

    memset(body + at, 'a', len);
    strcpy(body + at + len, "\"}");
    answer = read_row(&row);
    assert_int_equal(answer.class, DBA_ANSWER_GOOD);
    assert_int_equal(strlen(answer.email), expected == NULL ? len : 0);
}

static void test_long_email(void **state)
{
    (void)state;
    email_of_length(DBA_EMAIL_MAX, NULL);
    email_of_length(DBA_EMAIL_MAX + 1, "");
    email_of_length(900, "");
}

static void test_over_size(void **state)
{
    static const char body[] = "{" FACTS "}";
    struct reply reply = {
        .status = 200, .over_size = true, .body = body, .len = sizeof body - 1};
    struct dba_answer answer;

    (void)state;
    reply_read(&reply, &answer);
    assert_int_equal(answer.class, DBA_ANSWER_UNDECIDED);
    assert_int_equal(answer.cause, DBA_CAUSE_SIZE);
    reply.status = 401; /* its status says it all */
    reply_read(&reply, &answer);
    assert_int_equal(answer.class, DBA_ANSWER_INVALID);
}

static void test_retry_after(void **state)
{
    struct reply reply = {.status = 503, .has_retry_after = true, .retry_after_ms = 7000};
    struct dba_answer answer;

    (void)state;
    reply_read(&reply, &answer);
    assert_true(answer.hold);
    assert_int_equal(answer.cause, DBA_CAUSE_HELD);
    assert_int_equal(answer.retry_after_ms, 7000);
    reply.status = 429;
    reply.has_retry_after = false;
    reply_read(&reply, &answer);
    assert_true(answer.hold);
    assert_int_equal(answer.retry_after_ms, 0);
    reply.status = 500;
    reply.has_retry_after = true;
    reply_read(&reply, &answer);
    assert_false(answer.hold);
    assert_int_equal(answer.retry_after_ms, 0);
}

/* ---- memory that cannot be had ---- */

static unsigned allowed;

static void *failing_malloc(size_t size)
{
    if (allowed == 0)
        return NULL;
    allowed--;
    return malloc(size);
}

/* In a process of its own: jansson may end it by an assertion, which decides nothing either. */
static void without_memory(const struct row *row, unsigned n)
{
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(STDERR_FILENO);
        allowed = n;
        json_set_alloc_funcs(failing_malloc, free);
        _exit((int)read_row(row).class);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status))
        assert_int_equal(WTERMSIG(status), SIGABRT);
    else if (WEXITSTATUS(status) != (int)row->class)
        assert_int_equal(WEXITSTATUS(status), DBA_ANSWER_UNDECIDED);
}

static void test_no_memory(void **state)
{
    static const struct row some[] = {
        {200, "[{\"result\":{" FACTS "}}]", DBA_ANSWER_GOOD, DBA_CAUSE_NONE, ""},
        {200, "{" FACTS ",\"code\":\"X\"}", DBA_ANSWER_INVALID, DBA_CAUSE_NONE, ""}};

    (void)state;
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++)
        for (unsigned n = 0; n < 40; n++)
            without_memory(&some[i], n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),        cmocka_unit_test(test_org_id_and_kind),
        cmocka_unit_test(test_long_email),  cmocka_unit_test(test_over_size),
        cmocka_unit_test(test_retry_after), cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
