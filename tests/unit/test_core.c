/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core by hand: each case is a short story told event by event. What chance brings together
 * is the simulator's (tests/sim).
 */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CHECKS_MAX = 20000, REPLIES_MAX = 4096 };

struct world {
    struct dba_settings settings;
    struct dba_core *core;
    dba_time now;
    uint64_t next_id;
    uint32_t checks[CHECKS_MAX]; /* not answered yet, oldest first */
    struct dba_token tokens[CHECKS_MAX];
    size_t checks_count;
    struct dba_token last_access;
    struct dba_decision replies[REPLIES_MAX];
    size_t replies_count;
    size_t sent; /* checks ever */
    size_t watches;
};

static struct world w;

static void *get(size_t size, void *arg)
{
    (void)arg;
    return calloc(1, size);
}

static void put(void *memory, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    free(memory);
}

static void take(void)
{
    struct dba_action action;

    while (dba_core_next(w.core, &action)) {
        switch (action.what) {
        case DBA_DO_REPLY:
            assert_true(w.replies_count < REPLIES_MAX);
            w.replies[w.replies_count++] = action.reply;
            break;
        case DBA_DO_CHECK:
            assert_true(w.checks_count < CHECKS_MAX);
            w.tokens[w.checks_count] = action.token;
            w.checks[w.checks_count++] = action.check;
            w.last_access = action.access;
            w.sent++;
            break;
        case DBA_DO_WATCH:
            w.watches++;
            break;
        case DBA_DO_WARM:
        case DBA_DO_LOG:
            break;
        }
    }
}

static void add_service(const char *name, bool unix_account, dba_time wait)
{
    struct dba_service *s = &w.settings.services[w.settings.services_count++];

    (void)snprintf(s->name, sizeof s->name, "%s", name);
    s->unix_account = unix_account;
    s->wait = wait;
    if (!unix_account) {
        s->callers = malloc(sizeof *s->callers);
        s->callers[0] = 104;
        s->callers_count = 1;
    }
}

static void set_token(struct dba_token *token, const char *text)
{
    assert_int_equal(dba_token_set(token, text, strlen(text)), DBA_OK);
}

static void make_settings(void)
{
    memset(&w, 0, sizeof w);
    w.settings.enable_personal_tokens = true;
    w.settings.timeout = 4 * DBA_SECOND;
    w.settings.max_connections = 32;
    w.settings.max_in_flight = 128;
    w.settings.bound = 30 * DBA_SECOND; /* A = 15, A - T = 11 */
    w.settings.kill_wait = 2 * DBA_SECOND;
    w.settings.remember = 43200 * DBA_SECOND;
    w.settings.outage_sessions = DBA_NEVER;
    w.settings.failures_per_minute = 10;
    w.settings.verdicts = 1000;
    w.settings.sessions = 1000;
    w.settings.connections = 1024;
    w.settings.min_uid = 1000;
    strcpy(w.settings.domain, "acme.io");
    strcpy(w.settings.group, "dblab");
    assert_int_equal(dba_names_add(&w.settings.deny_users, "root"), DBA_OK);
    w.settings.services = calloc(3, sizeof *w.settings.services);
    add_service("sshd", true, DBA_NEVER);
    add_service("sudo", true, DBA_NEVER);
    add_service("pgbouncer", false, DBA_SECOND);
    w.now = 100000 * DBA_SECOND;
    w.next_id = 1;
}

static void start(void)
{
    static const uint8_t key[DBA_CORE_KEY] = {42};
    static const struct dba_core_memory memory = {.get = get, .put = put};

    assert_int_equal(dba_core_new(&w.core, w.now, 7, &w.settings, key, &memory), DBA_OK);
    take();
}

static struct dba_answer good(const char *email)
{
    struct dba_answer a = {
        .class = DBA_ANSWER_GOOD, .status = 200, .personal = true, .org_id = 1};

    (void)snprintf(a.email, sizeof a.email, "%s", email);
    a.http2 = true;
    return a;
}

static const struct dba_answer invalid = {
    .class = DBA_ANSWER_INVALID, .status = 401, .http2 = true};
static const struct dba_answer broken = {
    .class = DBA_ANSWER_UNDECIDED, .cause = DBA_CAUSE_STATUS, .status = 500, .http2 = true};

/* Answers the oldest request in flight, which must be about this token. */
static void answer(const char *token, struct dba_answer a)
{
    uint32_t id = w.checks[0];

    assert_true(w.checks_count > 0);
    assert_string_equal(w.tokens[0].bytes, token);
    w.checks_count--;
    memmove(w.checks, w.checks + 1, w.checks_count * sizeof w.checks[0]);
    memmove(w.tokens, w.tokens + 1, w.checks_count * sizeof w.tokens[0]);
    dba_core_answer(w.core, w.now, 3, id, &a);
    take();
}

/* The own token `own` is configured and valid, of organization 1. */
static void start_with_own(void)
{
    make_settings();
    set_token(&w.settings.access_token, "own");
    start();
    answer("own", good(""));
    assert_int_equal(w.sent, 1);
}

static void pass(dba_time time)
{
    dba_time end = w.now + time;

    while (dba_core_expiry(w.core) <= end) {
        if (dba_core_expiry(w.core) > w.now)
            w.now = dba_core_expiry(w.core);
        dba_core_expire(w.core, w.now, 5);
        take();
    }
    w.now = end;
}

static uint64_t ask_by(enum dba_op op, const char *service, const char *user, const char *token,
                       uid_t peer_uid, pid_t pid)
{
    struct dba_token t = {0};
    struct dba_ask ask = {.id = w.next_id++,
                          .op = op,
                          .peer = {.pid = pid, .start = 1},
                          .peer_uid = peer_uid,
                          .user_uid = 1001,
                          .deadline = w.now + 6 * DBA_SECOND,
                          .service = service,
                          .user = user,
                          .rhost = "192.0.2.1",
                          .tty = "ssh",
                          .token = &t};

    if (token != NULL)
        set_token(&t, token);
    dba_core_ask(w.core, w.now, 11, &ask);
    take();
    return ask.id;
}

static uint64_t auth(const char *user, const char *token)
{
    return ask_by(DBA_OP_AUTH, "sshd", user, token, 0, 500);
}

static uint64_t account(const char *user)
{
    return ask_by(DBA_OP_ACCOUNT, "sudo", user, NULL, 0, 501);
}

/* Exactly one reply to `id`, and what it says. */
static void told(uint64_t id, enum dba_result result, enum dba_reason reason)
{
    size_t found = 0;

    for (size_t i = 0; i < w.replies_count; i++) {
        if (w.replies[i].id != id)
            continue;
        found++;
        assert_string_equal(dba_result_word(w.replies[i].result), dba_result_word(result));
        assert_string_equal(dba_reason_word(w.replies[i].reason), dba_reason_word(reason));
    }
    assert_int_equal(found, 1);
}

static bool was_told(uint64_t id)
{
    for (size_t i = 0; i < w.replies_count; i++)
        if (w.replies[i].id == id)
            return true;
    return false;
}

static bool holds(const char *text)
{
    struct dba_token token = {0};

    set_token(&token, text);
    return dba_core_holds_token(w.core, &token);
}

static int finish(void **state)
{
    (void)state;
    dba_core_free(&w.core);
    assert_null(w.core);
    dba_settings_clear(&w.settings);
    return 0;
}

static void log_in(const char *user, const char *token, const char *email)
{
    uint64_t id = auth(user, token);

    answer(token, good(email));
    told(id, DBA_ACCEPTED, DBA_REASON_VALID);
}

/* ---- logging in ---- */

static void test_login(void **state)
{
    (void)state;
    start_with_own();
    log_in("alice", "ta", "Alice@ACME.io");
    assert_string_equal(w.last_access.bytes, "own");
    assert_int_equal(w.watches, 1);
    told(auth("alice", "ta"), DBA_ACCEPTED, DBA_REASON_VALID);
    told(account("alice"), DBA_ACCEPTED, DBA_REASON_VALID);
    told(account("bob"), DBA_REFUSED, DBA_REASON_NO_TOKEN);
    told(auth("bob", "ta"), DBA_REFUSED, DBA_REASON_OTHER_USER);
    assert_int_equal(w.sent, 2);
}

static void test_login_waits_for_own_organization(void **state)
{
    uint64_t id;

    (void)state;
    make_settings();
    set_token(&w.settings.access_token, "own");
    start();
    id = auth("alice", "ta");
    assert_int_equal(w.sent, 1);
    answer("own", good(""));
    answer("ta", good("alice@acme.io"));
    told(id, DBA_ACCEPTED, DBA_REASON_VALID);
}

static void test_own_token_undecided_at_start(void **state)
{
    uint64_t id;

    (void)state;
    make_settings();
    set_token(&w.settings.access_token, "own");
    start();
    id = auth("alice", "ta");
    answer("own", broken);
    told(id, DBA_UNAVAILABLE, DBA_REASON_UNDECIDED);
    assert_false(holds("ta"));
    pass(DBA_SECOND); /* the back-off of the own token */
    answer("own", good(""));
    log_in("alice", "ta", "alice@acme.io");
}

static void test_without_own_token(void **state)
{
    (void)state;
    make_settings();
    w.settings.org_id = 1;
    start();
    assert_int_equal(w.sent, 0);
    log_in("alice", "ta", "alice@acme.io");
    assert_string_equal(w.last_access.bytes, "ta");
}

static void test_refusals(void **state)
{
    struct dba_answer other = good("alice@acme.io");
    struct dba_answer admin = good("");
    uint64_t id;

    (void)state;
    start_with_own();
    id = auth("alice", "bad");
    answer("bad", invalid);
    told(id, DBA_REFUSED, DBA_REASON_INVALID);
    assert_false(holds("bad"));
    other.org_id = 2;
    id = auth("alice", "o");
    answer("o", other);
    told(id, DBA_REFUSED, DBA_REASON_OTHER_ORG);
    admin.personal = false;
    id = auth("alice", "adm");
    answer("adm", admin);
    told(id, DBA_REFUSED, DBA_REASON_NOT_PERSONAL);
    id = auth("alice", "old");
    answer("old", good(""));
    told(id, DBA_REFUSED, DBA_REASON_NO_EMAIL);
    id = auth("alice", "srv");
    answer("srv", broken);
    told(id, DBA_UNAVAILABLE, DBA_REASON_UNDECIDED);
    /* Believed for a while, without a request. */
    told(auth("alice", "bad"), DBA_REFUSED, DBA_REASON_INVALID);
    assert_int_equal(w.checks_count, 0);
}

static void test_denied(void **state)
{
    (void)state;
    start_with_own();
    told(ask_by(DBA_OP_AUTH, "nginx", "alice", "t", 0, 9), DBA_DENIED, DBA_REASON_SERVICE);
    told(ask_by(DBA_OP_AUTH, "sshd", "alice", "t", 104, 9), DBA_DENIED, DBA_REASON_CALLER);
    told(ask_by(DBA_OP_AUTH, "pgbouncer", "alice", "t", 105, 9), DBA_DENIED, DBA_REASON_CALLER);
    told(ask_by(DBA_OP_AUTH, "sshd", "root", "t", 0, 9), DBA_DENIED, DBA_REASON_DENY_USER);
    told(ask_by(DBA_OP_AUTH, "sshd", "../x", "t", 0, 9), DBA_DENIED, DBA_REASON_USER);
    told(ask_by(DBA_OP_AUTH, "sshd", "alice", "t", 0, 1), DBA_DENIED, DBA_REASON_CALLER);
    assert_int_equal(w.sent, 1);
}

static void test_administrative_and_verification(void **state)
{
    struct dba_answer admin = good("");

    (void)state;
    make_settings();
    w.settings.org_id = 1;
    set_token(&w.settings.verification_token, "verify");
    assert_int_equal(dba_names_add(&w.settings.administrative_users, "deploy"), DBA_OK);
    assert_int_equal(dba_names_add(&w.settings.verification_users, "setup"), DBA_OK);
    start();
    admin.personal = false;
    (void)auth("deploy", "adm");
    answer("adm", admin);
    told(1, DBA_ACCEPTED, DBA_REASON_VALID);
    told(account("deploy"), DBA_ACCEPTED, DBA_REASON_VALID);
    told(auth("setup", "verify"), DBA_ACCEPTED, DBA_REASON_VALID);
    told(account("setup"), DBA_ACCEPTED, DBA_REASON_VALID);
    told(auth("alice", "verify"), DBA_REFUSED, DBA_REASON_VERIFICATION);
    assert_int_equal(w.sent, 1);
    assert_false(holds("verify"));
}

static void test_check_says_whose(void **state)
{
    uint64_t id;

    (void)state;
    start_with_own();
    id = ask_by(DBA_OP_CHECK, "sshd", "", "ta", 0, 9);
    answer("ta", good("alice@acme.io"));
    told(id, DBA_ACCEPTED, DBA_REASON_VALID);
    assert_string_equal(w.replies[w.replies_count - 1].user, "alice");
    /* It remembers nothing. */
    assert_false(holds("ta"));
    told(account("alice"), DBA_REFUSED, DBA_REASON_NO_TOKEN);
    told(ask_by(DBA_OP_CHECK, "sshd", "bob", "ta", 0, 9), DBA_REFUSED, DBA_REASON_OTHER_USER);
}

/* ---- waiting ---- */

static void test_join(void **state)
{
    (void)state;
    start_with_own();
    for (int i = 0; i < 1000; i++)
        (void)auth("alice", "ta");
    assert_int_equal(w.sent, 2);
    answer("ta", good("alice@acme.io"));
    for (uint64_t id = 1; id <= 1000; id++)
        told(id, DBA_ACCEPTED, DBA_REASON_VALID);
}

static void test_wait_and_deadline(void **state)
{
    uint64_t quick, slow;

    (void)state;
    start_with_own();
    quick = ask_by(DBA_OP_AUTH, "pgbouncer", "alice", "ta", 104, 9);
    slow = auth("alice", "ta");
    pass(DBA_SECOND - 1);
    assert_false(was_told(quick));
    pass(1);
    told(quick, DBA_UNAVAILABLE, DBA_REASON_UNDECIDED);
    assert_false(was_told(slow));
    answer("ta", good("alice@acme.io"));
    told(slow, DBA_ACCEPTED, DBA_REASON_VALID);
    /* The next try finds the verdict. */
    told(ask_by(DBA_OP_AUTH, "pgbouncer", "alice", "ta", 104, 9), DBA_ACCEPTED,
         DBA_REASON_VALID);
}

static void test_silent_checker(void **state)
{
    uint64_t id;

    (void)state;
    start_with_own();
    id = auth("alice", "ta");
    pass(4 * DBA_SECOND + DBA_SECOND / 4);
    told(id, DBA_UNAVAILABLE, DBA_REASON_UNDECIDED);
    answer("ta", good("alice@acme.io")); /* too late: it counts nothing */
    assert_false(holds("ta"));
}

static void test_hangup(void **state)
{
    uint64_t id;

    (void)state;
    start_with_own();
    id = auth("alice", "ta");
    dba_core_hangup(w.core, w.now, 1, id);
    dba_core_hangup(w.core, w.now, 1, 12345);
    take();
    answer("ta", good("alice@acme.io"));
    assert_false(was_told(id));
    told(account("alice"), DBA_REFUSED, DBA_REASON_NO_TOKEN); /* nobody was let in */
}

static void test_checker_lost(void **state)
{
    uint64_t id;

    (void)state;
    start_with_own();
    id = auth("alice", "ta");
    w.checks_count = 0;
    dba_core_checker_lost(w.core, w.now, 1);
    take();
    assert_int_equal(w.checks_count, 1);
    answer("ta", good("alice@acme.io"));
    told(id, DBA_ACCEPTED, DBA_REASON_VALID);
    /* A token that kills each checker is given up. */
    id = auth("bob", "poison");
    for (int i = 0; i < 4; i++) {
        w.checks_count = 0;
        dba_core_checker_lost(w.core, w.now, 1);
        take();
    }
    told(id, DBA_UNAVAILABLE, DBA_REASON_UNDECIDED);
    assert_int_equal(w.checks_count, 0);
}

static void test_slots(void **state)
{
    struct dba_answer old = good("alice@acme.io");
    char token[16];

    (void)state;
    start_with_own();
    dba_core_cold(w.core, w.now, 1); /* HTTP/2 is no longer agreed */
    take();
    for (int i = 0; i < 40; i++) {
        (void)snprintf(token, sizeof token, "t%d", i);
        (void)auth("alice", token);
    }
    assert_int_equal(w.checks_count, 31); /* one of 32 is not for logins */
    old.http2 = false;
    answer("t0", old);
    assert_int_equal(w.checks_count, 31);
    answer("t1", good("alice@acme.io"));
    assert_int_equal(w.checks_count, 38); /* now it is */
}

/* ---- revocation ---- */

static void test_age(void **state)
{
    uint64_t id;

    (void)state;
    start_with_own();
    id =
        ask_by(DBA_OP_AUTH, "pgbouncer", "alice", "ta", 104, 9); /* nothing is alive after it */
    answer("ta", good("alice@acme.io"));
    pass(15 * DBA_SECOND);
    told(account("alice"), DBA_ACCEPTED, DBA_REASON_VALID);
    pass(1);
    id = account("alice");
    assert_false(was_told(id));
    answer("ta", good("alice@acme.io"));
    told(id, DBA_ACCEPTED, DBA_REASON_VALID);
}

static void present_only(void)
{
    (void)ask_by(DBA_OP_AUTH, "pgbouncer", "alice", "ta", 104, 9);
    answer("ta", good("alice@acme.io"));
    assert_true(holds("ta"));
    pass(16 * DBA_SECOND);
    assert_int_equal(w.checks_count, 0);
}

static void test_revoked_with_witness(void **state)
{
    uint64_t id;

    (void)state;
    start_with_own();
    present_only();
    id = auth("alice", "ta");
    answer("ta", invalid);
    answer("own", good(""));
    assert_false(was_told(id));
    answer("ta", invalid);
    told(id, DBA_REFUSED, DBA_REASON_INVALID);
    assert_false(holds("ta"));
    told(account("alice"), DBA_REFUSED, DBA_REASON_NO_TOKEN);
}

static void test_gateway_is_no_revocation(void **state)
{
    uint64_t id;

    (void)state;
    start_with_own();
    present_only();
    id = auth("alice", "ta");
    answer("ta", invalid);
    answer("own", invalid);
    told(id, DBA_UNAVAILABLE, DBA_REASON_UNDECIDED);
    assert_true(holds("ta"));
    id = auth("alice", "ta");
    assert_string_equal(w.last_access.bytes, "ta"); /* ours is refused: it speaks for itself */
    answer("ta", good("alice@acme.io"));
    told(id, DBA_ACCEPTED, DBA_REASON_VALID);
    /* It recovers between the two answers. */
    pass(16 * DBA_SECOND);
}

static void test_recovers_before_second(void **state)
{
    uint64_t id;

    (void)state;
    start_with_own();
    present_only();
    id = auth("alice", "ta");
    answer("ta", invalid);
    answer("own", good(""));
    answer("ta", good("alice@acme.io"));
    told(id, DBA_ACCEPTED, DBA_REASON_VALID);
}

static void test_moved_and_lost_email(void **state)
{
    uint64_t id;

    (void)state;
    start_with_own();
    present_only();
    id = auth("alice", "ta");
    answer("ta", good(""));
    told(id, DBA_UNAVAILABLE, DBA_REASON_UNDECIDED);
    id = auth("alice", "ta");
    answer("ta", good("carol@acme.io"));
    answer("own", good(""));
    answer("ta", good("carol@acme.io"));
    told(id, DBA_REFUSED, DBA_REASON_OTHER_USER);
    told(auth("carol", "ta"), DBA_ACCEPTED, DBA_REASON_VALID);
}

static void test_nobody_can_be_witness(void **state)
{
    uint64_t id;

    (void)state;
    make_settings();
    w.settings.org_id = 1;
    start();
    present_only();
    id = auth("alice", "ta");
    answer("ta", invalid);
    pass(DBA_SECOND - 1);
    assert_int_equal(w.checks_count, 0);
    pass(1);
    answer("ta", invalid);
    told(id, DBA_REFUSED, DBA_REASON_INVALID);
}

static void test_other_witness(void **state)
{
    uint64_t id;

    (void)state;
    make_settings();
    w.settings.org_id = 1;
    start();
    (void)ask_by(DBA_OP_AUTH, "pgbouncer", "alice", "ta", 104, 9);
    answer("ta", good("alice@acme.io"));
    pass(10 * DBA_SECOND);
    log_in("bob", "tb", "bob@acme.io"); /* alive */
    pass(5 * DBA_SECOND + 1);
    id = auth("alice", "ta");
    answer("ta", invalid);
    assert_string_equal(w.last_access.bytes, "tb");
    answer("tb", good("bob@acme.io"));
    answer("ta", invalid);
    told(id, DBA_REFUSED, DBA_REASON_INVALID);
}

static void test_forgotten(void **state)
{
    (void)state;
    start_with_own();
    present_only();
    pass(43200 * DBA_SECOND);
    assert_false(holds("ta"));
    told(account("alice"), DBA_REFUSED, DBA_REASON_NO_TOKEN);
}

/* ---- re-checks ---- */

static void test_recheck(void **state)
{
    (void)state;
    start_with_own();
    log_in("alice", "ta", "alice@acme.io");
    pass(5 * DBA_SECOND);
    assert_int_equal(w.checks_count, 0);
    for (int i = 0; w.checks_count == 0 && i < 60; i++)
        pass(DBA_SECOND / 10);
    answer("ta", good("alice@acme.io"));
    /* Until its process ends. */
    dba_core_gone(w.core, w.now, 1, (struct dba_process){.pid = 500, .start = 1});
    take();
    pass(100 * DBA_SECOND);
    assert_int_equal(w.checks_count, 0);
}

/* n tokens that logged in at one moment: each is checked in time, and in no second more often
 * than the contract allows once the number stood still. */
static void test_recheck_is_even(void **state)
{
    enum { N = 900, STEP_MS = 10, SECONDS = 60 };
    static unsigned sent_in[SECONDS * 1000 / STEP_MS];
    static dba_time last[N];
    char token[16];
    char email[32];
    char user[16];
    dba_time zero;

    (void)state;
    start_with_own();
    for (int i = 0; i < N; i++) {
        (void)snprintf(token, sizeof token, "t%d", i);
        (void)snprintf(user, sizeof user, "u%d", i);
        (void)snprintf(email, sizeof email, "u%d@acme.io", i);
        (void)ask_by(DBA_OP_AUTH, "sshd", user, token, 0, 1000 + i);
        answer(token, good(email));
        last[i] = w.now;
        w.replies_count = 0;
    }
    zero = w.now;
    for (size_t step = 0; step < SECONDS * 1000 / STEP_MS; step++) {
        pass(STEP_MS * DBA_MSEC);
        while (w.checks_count > 0) {
            int i = atoi(w.tokens[0].bytes + 1);

            assert_true(w.now - last[i] <= 11 * DBA_SECOND + STEP_MS * DBA_MSEC);
            assert_true(w.now - last[i] >= 5 * DBA_SECOND);
            last[i] = w.now;
            sent_in[step]++;
            (void)snprintf(token, sizeof token, "t%d", i);
            (void)snprintf(email, sizeof email, "u%d@acme.io", i);
            answer(token, good(email));
        }
    }
    assert_true(zero < w.now);
    for (size_t from = 12 * 1000 / STEP_MS; from + 1000 / STEP_MS <= SECONDS * 1000 / STEP_MS;
         from++) {
        unsigned in_second = 0;

        for (size_t i = 0; i < 1000 / STEP_MS; i++)
            in_second += sent_in[from + i];
        assert_true(in_second <= 1.5 * N / 11 + 2);
    }
}

/* ---- limits and pauses ---- */

static void test_limiter(void **state)
{
    char token[16];
    uint64_t id;

    (void)state;
    start_with_own();
    log_in("alice", "ta", "alice@acme.io");
    for (int i = 0; i < 10; i++) {
        (void)snprintf(token, sizeof token, "bad%d", i);
        id = auth("alice", token);
        answer(token, invalid);
        told(id, DBA_REFUSED, DBA_REASON_INVALID);
        told(auth("alice", token), i < 9 ? DBA_REFUSED : DBA_LIMITED,
             i < 9 ? DBA_REASON_INVALID : DBA_REASON_LIMITED); /* counts once */
    }
    told(auth("alice", "new"), DBA_LIMITED, DBA_REASON_LIMITED);
    assert_int_equal(w.checks_count, 0);
    told(auth("alice", "ta"), DBA_ACCEPTED, DBA_REASON_VALID);
}

static void test_hold(void **state)
{
    struct dba_answer held = {.class = DBA_ANSWER_UNDECIDED,
                              .cause = DBA_CAUSE_HELD,
                              .status = 429,
                              .hold = true,
                              .retry_after_ms = 5000};
    uint64_t id;

    (void)state;
    start_with_own();
    id = auth("alice", "ta");
    answer("ta", held);
    told(id, DBA_UNAVAILABLE, DBA_REASON_UNDECIDED);
    pass(5 * DBA_SECOND - 1);
    told(auth("alice", "ta"), DBA_UNAVAILABLE, DBA_REASON_UNDECIDED);
    assert_int_equal(w.checks_count, 0);
    pass(1);
    id = auth("alice", "ta"); /* the one request */
    told(auth("bob", "tb"), DBA_UNAVAILABLE, DBA_REASON_UNDECIDED);
    answer("ta", broken);
    told(id, DBA_UNAVAILABLE, DBA_REASON_UNDECIDED);
    told(auth("alice", "ta"), DBA_UNAVAILABLE, DBA_REASON_UNDECIDED);
    pass(DBA_SECOND);
    log_in("alice", "ta", "alice@acme.io");
    log_in("bob", "tb", "bob@acme.io");
}

static void test_outage_logins(void **state)
{
    uint64_t id;

    (void)state;
    start_with_own();
    w.settings.outage_logins = 60 * DBA_SECOND;
    present_only();
    id = auth("alice", "ta");
    answer("ta", broken);
    told(id, DBA_ACCEPTED, DBA_REASON_OUTAGE);
    id = account("alice");
    answer("ta", broken);
    told(id, DBA_ACCEPTED, DBA_REASON_OUTAGE);
    id = auth("bob", "tb");
    answer("tb", broken);
    told(id, DBA_UNAVAILABLE, DBA_REASON_UNDECIDED);
}

static void test_full(void **state)
{
    uint64_t id;

    (void)state;
    start_with_own();
    w.settings.verdicts = 1;
    log_in("alice", "ta", "alice@acme.io");
    id = auth("bob", "tb");
    answer("tb", good("bob@acme.io"));
    told(id, DBA_UNAVAILABLE, DBA_REASON_BUSY);
    told(auth("alice", "ta"), DBA_ACCEPTED, DBA_REASON_VALID);
}

static void test_reload(void **state)
{
    uint64_t id;

    (void)state;
    start_with_own();
    log_in("alice", "ta", "alice@acme.io");
    strcpy(w.settings.domain, "other.io");
    dba_core_configure(w.core, w.now, 1, &w.settings, false);
    take();
    answer("own", good(""));
    told(account("alice"), DBA_REFUSED, DBA_REASON_NO_TOKEN);
    assert_false(holds("ta"));
    id = auth("alice", "ta");
    answer("ta", good("alice@acme.io"));
    told(id, DBA_REFUSED, DBA_REASON_OTHER_USER);
}

static void test_new_platform(void **state)
{
    uint64_t id;

    (void)state;
    start_with_own();
    log_in("alice", "ta", "alice@acme.io");
    dba_core_configure(w.core, w.now, 1, &w.settings, true);
    take();
    id = auth("alice", "ta");
    assert_false(was_told(id));
    answer("own", good(""));
    answer("ta", good("alice@acme.io"));
    told(id, DBA_ACCEPTED, DBA_REASON_VALID);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, finish)
    const struct CMUnitTest tests[] = {
        CASE(test_login),
        CASE(test_login_waits_for_own_organization),
        CASE(test_own_token_undecided_at_start),
        CASE(test_without_own_token),
        CASE(test_refusals),
        CASE(test_denied),
        CASE(test_administrative_and_verification),
        CASE(test_check_says_whose),
        CASE(test_join),
        CASE(test_wait_and_deadline),
        CASE(test_silent_checker),
        CASE(test_hangup),
        CASE(test_checker_lost),
        CASE(test_slots),
        CASE(test_age),
        CASE(test_revoked_with_witness),
        CASE(test_gateway_is_no_revocation),
        CASE(test_recovers_before_second),
        CASE(test_moved_and_lost_email),
        CASE(test_nobody_can_be_witness),
        CASE(test_other_witness),
        CASE(test_forgotten),
        CASE(test_recheck),
        CASE(test_recheck_is_even),
        CASE(test_limiter),
        CASE(test_hold),
        CASE(test_outage_logins),
        CASE(test_full),
        CASE(test_reload),
        CASE(test_new_platform),
    };
#undef CASE

    return cmocka_run_group_tests(tests, NULL, NULL);
}
