/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration's text, types, ranges and contradictions: each case is a text and what must
 * be said about it, "" for nothing.
 */
#include "dblab-authd/keeper/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char said[8192];

static void say(const char *line, void *arg)
{
    (void)arg;
    (void)strncat(said, line, sizeof said - strlen(said) - 2);
    (void)strcat(said, "\n");
}

static void run(const char *text, struct raw *raw)
{
    struct reading reading = {.name = "F", .say = say};

    said[0] = '\0';
    assert_true(raw_init(raw));
    if (reading_run(&reading, text, raw) == DBA_OK)
        rules_check(&reading, raw);
    assert_int_equal(reading.failed, said[0] != '\0');
}

static void expect(const char *text, const char *what)
{
    struct raw raw;

    run(text, &raw);
    raw_clear(&raw);
    if (what[0] == '\0' ? said[0] != '\0' : strstr(said, what) == NULL)
        fail_msg("%s\nsaid: %s\nnot:  %s", text, said, what);
}

#define IDENTITY "identity: { domain = \"acme.io\"; };\n"
#define BASE                                                                                   \
    "platform: { orgId = 1; };\n"                                                              \
    "identity: { domain = \"acme.io\"; };\n"

static void test_good(void **state)
{
    (void)state;
    expect(BASE, "");
    expect(BASE "revocation: { bound = 30; };", "");
    expect(BASE "revocation: { bound = 30.5; };", "");
    expect(BASE "tokens: { administrativeUsers = (\"deploy\"); };", "");
    expect(BASE "outage: { logins = 60; sessions = 27.0; };", "");
    expect(BASE "services: ( { name = \"sshd\"; }, { name = \"nginx\"; unixAccount = false; "
                "callers = [\"www-data\"]; username = \"email\"; } );",
           "");
}

static void test_defaults(void **state)
{
    struct raw raw;

    (void)state;
    run(BASE, &raw);
    assert_string_equal(raw.run_dir, "/run/dblab-auth");
    assert_int_equal(raw.services_count, 11);
    assert_string_equal(raw.services[9].name, "pgbouncer");
    assert_false(raw.services[9].unix_account);
    assert_string_equal(raw.services[9].session, "none");
    assert_true(raw.services[9].wait == 1.0);
    assert_true(raw.bound == 30.0 && raw.outage_sessions == -1.0);
    assert_int_equal(raw.deny_users.count, 3);
    raw_clear(&raw);
}

static void test_text(void **state)
{
    (void)state;
    expect(BASE "nonsense = 1;", "F:3: unknown key \"nonsense\"");
    expect(BASE "revocation: { bond = 30; };", "F:3: unknown key \"bond\" in revocation");
    expect("platform: { orgId = 1; orgId = 2; };", "F:1: ");
    expect("platform = 1;", "F:1: platform must be a group");
    expect("platform: {", "F:1: ");
    expect("@include \"other\"\n", "F:1: @include is not supported");
    expect(BASE "services: [ ];", "F:3: services must be a list");
}

static void test_types(void **state)
{
    (void)state;
    expect("platform: { orgId = 1.5; };", "orgId must be a whole number");
    expect("platform: { orgId = \"1\"; };", "orgId must be a whole number");
    expect("platform: { orgId = -1; };", "orgId is -1, but must be 1 to");
    expect("platform: { timeout = true; };", "timeout must be a number of seconds");
    expect("platform: { timeout = 0.01; };", "timeout is 0.01, but must be 0.05 to 86400");
    expect("platform: { url = 1; };", "url must be a text in quotes");
    expect("platform: { enablePersonalTokens = 1; };", "must be true or false");
    expect("identity: { denyUsers = \"x\"; };", "denyUsers must be a list of texts");
    expect("identity: { denyUsers = [ 1 ]; };", "denyUsers must be a list of texts");
    expect("identity: { denyUsers = [ \"a\", \"a\" ]; };", "names \"a\" twice");
    expect("limits: { verdicts = 0; };", "verdicts is 0, but must be 1 to 10000000");
    expect("limits: { verdicts = 10000001; };", "verdicts is 10000001");
    expect("outage: { sessions = -2; };", "or 0, or -1");
}

static void test_url(void **state)
{
    static const char *const good[] = {"https://postgres.ai/api/general",
                                       "https://[2001:db8::1]:8443/x",
                                       "http://127.0.0.1/x",
                                       "http://localhost:1023/",
                                       "http://[::1]:80/",
                                       "https://a"};
    static const char *const bad[] = {
        "postgres.ai",        "ftp://a/",       "http://postgres.ai/", "http://127.0.0.1:1024/",
        "https://u:p@a/",     "https://a/?q",   "https://a/#f",        "https://a:0/",
        "https://a:70000/",   "https://",       "https://a b/",        "https://[::1/",
        "http://[::1]:8080/", "https://a:80x/y"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_null(rules_url(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (rules_url(bad[i]) == NULL)
            fail_msg("%s", bad[i]);
}

static void test_contradictions(void **state)
{
    (void)state;
    expect("identity: { domain = \"acme.io\"; };", "orgId is needed");
    expect("platform: { orgId = 1; };", "domain and identity.mapFile are both empty");
    expect(
        "platform: { orgId = 1; accessToken = \"a\"; accessTokenFile = \"/x\"; };\n" IDENTITY,
        "are both set");
    expect(BASE "revocation: { bound = 18.9; };", "A must be at least timeout = 4; raise bound "
                                                  "to 19");
    expect(BASE "revocation: { bound = 19; };", "");
    expect(BASE "outage: { sessions = 26.9; };", "at least A + 3*timeout = 15 + 3*4 = 27");
    expect("platform: { orgId = 1; }; identity: { domain = \"no domain\"; };", "is none");
    expect(BASE "tokens: { administrativeUsers = [\"root\"]; };", "must not name root");
    expect(BASE "tokens: { verificationUsers = [\"x\"]; };", "needs verificationTokenFile");
    expect("platform: { orgId = 1; connectTimeout = 5; };\n" IDENTITY, "");
}

static void test_services(void **state)
{
    (void)state;
    expect(BASE "services: ( { } );", "F:3: a service needs a name");
    expect(BASE "services: ( { name = \"a\"; }, { name = \"a\"; } );", "given twice");
    expect(BASE "services: ( { name = \"a/b\"; } );", "needs a name");
    expect(BASE "services: ( { name = \"a\"; callers = [\"postgres\"]; } );",
           "callers needs unixAccount = false");
    expect(BASE "services: ( { name = \"a\"; username = \"mail\"; } );", "local or email");
    expect(BASE "services: ( { name = \"a\"; username = \"email\"; } );",
           "needs unixAccount = false");
    expect(BASE "services: ( { name = \"a\"; session = \"x\"; } );", "session must be");
    expect(BASE "services: ( { name = \"a\"; session = \"caller\"; } );",
           "needs unixAccount = false");
    expect(BASE "services: ( { name = \"a\"; unixAccount = false; session = \"pam\"; } );",
           "needs unixAccount = true");
    expect(BASE "services: ( { name = \"a\"; unixAccount = false; session = \"connector\"; "
                "callers = [\"postgres\"]; } );",
           "needs a connector");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),     cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_text),     cmocka_unit_test(test_types),
        cmocka_unit_test(test_url),      cmocka_unit_test(test_contradictions),
        cmocka_unit_test(test_services),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
