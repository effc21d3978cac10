/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public face, as a proxy uses it, at a service without accounts of the system.
 */
#include "dblabauth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/fake.h"

struct world {
    struct fake fake;
    struct dblabauth *context;
    struct dba_request got;
    struct dba_reply reply; /* what the daemon says; its op is filled in */
};

static void serve(struct fake *fake, int fd, unsigned n)
{
    struct world *w = fake->arg;

    (void)n;
    if (!fake_read(fd, &w->got))
        return;
    w->reply.op = w->got.op;
    fake_send(fd, &w->reply);
}

static int setup(void **state)
{
    static struct world w;
    char policy[512];

    memset(&w, 0, sizeof w);
    fake_start(&w.fake, serve, &w);
    (void)snprintf(policy, sizeof policy,
                   "dblab-auth-policy 1\ngroup dblab\nmin-uid 1000\ndeny-user root\n"
                   "service proxy plain local\ncaller %u\nend\n",
                   geteuid());
    fake_policy(&w.fake, policy);
    if (dblabauth_new(&w.context, "proxy") != DBLABAUTH_OK ||
        dblabauth_set_socket(w.context, w.fake.path) != DBLABAUTH_OK)
        return -1;
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    dblabauth_free(&w->context);
    fake_stop(&w->fake);
    return w->context == NULL ? 0 : -1;
}

static void test_new(void **state)
{
    static const char *const names[] = {"", "a/b", "a b", "..\n", NULL};
    struct dblabauth *context = (struct dblabauth *)state;
    char longest[80];

    assert_int_equal(dblabauth_new(NULL, "proxy"), DBLABAUTH_ERROR);
    assert_int_equal(dblabauth_new(&context, NULL), DBLABAUTH_ERROR);
    assert_null(context);
    for (size_t i = 0; names[i] != NULL; i++) {
        assert_int_equal(dblabauth_new(&context, names[i]), DBLABAUTH_ERROR);
        assert_null(context);
    }
    memset(longest, 'a', sizeof longest);
    longest[64] = '\0';
    assert_int_equal(dblabauth_new(&context, longest), DBLABAUTH_ERROR);
    longest[63] = '\0';
    assert_int_equal(dblabauth_new(&context, longest), DBLABAUTH_OK);
    assert_true(strlen(dblabauth_message(context)) > 0);
    dblabauth_free(&context);
    assert_null(context);
    dblabauth_free(&context);
    dblabauth_free(NULL);
}

static void test_settings(void **state)
{
    struct world *w = *state;
    char path[200];
    char address[300];

    assert_int_equal(dblabauth_set_socket(w->context, "relative"), DBLABAUTH_ERROR);
    assert_int_equal(dblabauth_set_socket(w->context, NULL), DBLABAUTH_ERROR);
    memset(path, '/', sizeof path);
    path[108] = '\0'; /* one more than sun_path takes */
    assert_int_equal(dblabauth_set_socket(w->context, path), DBLABAUTH_ERROR);
    assert_int_equal(dblabauth_set_timeout(w->context, 49), DBLABAUTH_ERROR);
    assert_int_equal(dblabauth_set_timeout(w->context, 50), DBLABAUTH_OK);
    assert_int_equal(dblabauth_set_timeout(w->context, 3600000), DBLABAUTH_OK);
    assert_int_equal(dblabauth_set_timeout(w->context, 3600001), DBLABAUTH_ERROR);
    memset(address, 'a', sizeof address);
    address[254] = '\0';
    assert_int_equal(dblabauth_set_address(w->context, address), DBLABAUTH_ERROR);
    assert_int_equal(dblabauth_set_address(w->context, "a\nb"), DBLABAUTH_ERROR);
    assert_int_equal(dblabauth_set_address(w->context, "192.0.2.7"), DBLABAUTH_OK);
    assert_int_equal(dblabauth_set_address(NULL, "192.0.2.7"), DBLABAUTH_ERROR);
    assert_int_equal(dblabauth_set_timeout(NULL, 1000), DBLABAUTH_ERROR);
    assert_int_equal(dblabauth_set_socket(NULL, "/x"), DBLABAUTH_ERROR);
    /* What was refused has changed nothing. */
    w->reply.result = DBA_ACCEPTED;
    assert_int_equal(dblabauth_authenticate(w->context, "alice", "token", 5), DBLABAUTH_OK);
    assert_string_equal(w->got.rhost, "192.0.2.7");
    assert_int_equal(dblabauth_set_address(w->context, NULL), DBLABAUTH_OK);
    assert_int_equal(dblabauth_account(w->context, "alice"), DBLABAUTH_OK);
    assert_string_equal(w->got.rhost, "");
}

static void test_token_user(void **state)
{
    struct world *w = *state;

    assert_int_equal(dblabauth_is_token_user(w->context, "alice"), DBLABAUTH_OK);
    assert_int_equal(dblabauth_is_token_user(w->context, "al/ice"), DBLABAUTH_NOT_OURS);
    assert_int_equal(dblabauth_is_token_user(w->context, "root"), DBLABAUTH_DENIED);
    assert_non_null(strstr(dblabauth_message(w->context), "denyUsers"));
    assert_int_equal(dblabauth_is_token_user(w->context, NULL), DBLABAUTH_ERROR);
    assert_int_equal(dblabauth_is_token_user(NULL, "alice"), DBLABAUTH_ERROR);
    fake_policy(&w->fake, "damaged\n");
    assert_int_equal(dblabauth_is_token_user(w->context, "alice"), DBLABAUTH_UNAVAILABLE);
    assert_int_equal(w->fake.accepted, 0); /* no daemon is asked */
}

static void test_authenticate(void **state)
{
    struct world *w = *state;

    w->reply.result = DBA_ACCEPTED;
    w->reply.reason = DBA_REASON_VALID;
    assert_int_equal(dblabauth_authenticate(w->context, "alice", "tokens", 5), DBLABAUTH_OK);
    assert_int_equal(w->got.op, DBA_OP_AUTH);
    assert_string_equal(w->got.service, "proxy");
    assert_string_equal(w->got.user, "alice");
    assert_string_equal(w->got.token.bytes, "token"); /* `length` counts, not the NUL */
    assert_true(w->got.uid == DBA_NO_UID);
    assert_string_equal(dblabauth_message(w->context), dba_reason_text(DBA_REASON_VALID));
}

static void test_account(void **state)
{
    struct world *w = *state;

    w->reply.result = DBA_REFUSED;
    w->reply.reason = DBA_REASON_NO_TOKEN;
    assert_int_equal(dblabauth_account(w->context, "alice"), DBLABAUTH_REFUSED);
    assert_int_equal(w->got.op, DBA_OP_ACCOUNT);
    assert_int_equal(w->got.token.len, 0);
    assert_string_equal(dblabauth_message(w->context), dba_reason_text(DBA_REASON_NO_TOKEN));
    assert_int_equal(dblabauth_account(w->context, NULL), DBLABAUTH_ERROR);
    assert_int_equal(dblabauth_account(NULL, "alice"), DBLABAUTH_ERROR);
}

static void test_results(void **state)
{
    static const struct {
        enum dba_result result;
        enum dblabauth_status status;
    } rows[] = {
        {DBA_UNAVAILABLE, DBLABAUTH_UNAVAILABLE}, {DBA_ACCEPTED, DBLABAUTH_OK},
        {DBA_REFUSED, DBLABAUTH_REFUSED},         {DBA_LIMITED, DBLABAUTH_LIMITED},
        {DBA_DENIED, DBLABAUTH_DENIED},
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        w->reply.result = rows[i].result;
        assert_int_equal(dblabauth_authenticate(w->context, "alice", "token", 5),
                         rows[i].status);
        assert_int_equal(dblabauth_account(w->context, "alice"), rows[i].status);
    }
}

/* What needs no daemon to be decided is not sent to one. */
static void test_no_traffic(void **state)
{
    struct world *w = *state;
    char longest[512];

    memset(longest, 'x', sizeof longest);
    assert_int_equal(dblabauth_authenticate(w->context, "alice", "", 0), DBLABAUTH_REFUSED);
    assert_int_equal(dblabauth_authenticate(w->context, "alice", "a\nb", 3), DBLABAUTH_REFUSED);
    assert_int_equal(dblabauth_authenticate(w->context, "alice", "a\0b", 3), DBLABAUTH_REFUSED);
    assert_int_equal(dblabauth_authenticate(w->context, "alice", longest, sizeof longest),
                     DBLABAUTH_REFUSED);
    assert_string_equal(dblabauth_message(w->context), dba_reason_text(DBA_REASON_FORM));
    /* Whose password it is comes first: it may be one of any form. */
    assert_int_equal(dblabauth_authenticate(w->context, "al/ice", "", 0), DBLABAUTH_NOT_OURS);
    assert_int_equal(dblabauth_authenticate(w->context, "root", "token", 5), DBLABAUTH_DENIED);
    assert_int_equal(dblabauth_authenticate(w->context, NULL, "token", 5), DBLABAUTH_ERROR);
    assert_int_equal(dblabauth_authenticate(w->context, "alice", NULL, 5), DBLABAUTH_ERROR);
    assert_int_equal(dblabauth_authenticate(NULL, "alice", "token", 5), DBLABAUTH_ERROR);
    assert_int_equal(w->fake.accepted, 0);
}

static void hang(struct fake *fake, int fd, unsigned n)
{
    (void)fake;
    (void)n;
    fake_wait_for_end(fd);
}

static void test_no_daemon(void **state)
{
    struct world *w = *state;

    assert_int_equal(dblabauth_set_timeout(w->context, 50), DBLABAUTH_OK);
    w->fake.serve = hang;
    assert_int_equal(dblabauth_authenticate(w->context, "alice", "token", 5),
                     DBLABAUTH_UNAVAILABLE);
    assert_string_equal(dblabauth_message(w->context), dba_reason_text(DBA_REASON_NO_DAEMON));
    assert_int_equal(unlink(w->fake.path), 0);
    assert_int_equal(dblabauth_account(w->context, "alice"), DBLABAUTH_UNAVAILABLE);
    assert_string_equal(dblabauth_message(w->context), dba_reason_text(DBA_REASON_NO_DAEMON));
    assert_string_equal(dblabauth_message(NULL), "invalid argument");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_new),     TEST(test_settings), TEST(test_token_user), TEST(test_authenticate),
        TEST(test_account), TEST(test_results),  TEST(test_no_traffic), TEST(test_no_daemon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
