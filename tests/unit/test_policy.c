/* SPDX-License-Identifier: Apache-2.0 */
#include "model/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char text[] = "dblab-auth-policy 1\n"
                           "group dblab\n"
                           "min-uid 1000\n"
                           "deny-user root\n"
                           "service sshd unix local\n"
                           "service pgbouncer plain local\n"
                           "caller 104\n"
                           "service-deny-user bob\n"
                           "service web plain email\n"
                           "end\n";

static struct dba_policy_rule rule_of(const char *service, const char *user, uid_t caller)
{
    struct dba_policy_rule rule;

    assert_int_equal(dba_policy_read(text, sizeof text - 1, service, user, caller, &rule),
                     DBA_OK);
    return rule;
}

static void test_read(void **state)
{
    struct dba_policy_rule rule = rule_of("sshd", "alice", 0);

    (void)state;
    assert_string_equal(rule.group, "dblab");
    assert_int_equal(rule.min_uid, 1000);
    assert_true(rule.service_listed && rule.unix_account && rule.caller_may);
    assert_false(rule.user_denied);
    assert_false(rule_of("sshd", "alice", 104).caller_may);
    assert_true(rule_of("sshd", "root", 0).user_denied);
    assert_true(rule_of("pgbouncer", "alice", 104).caller_may);
    assert_false(rule_of("pgbouncer", "alice", 105).caller_may);
    assert_true(rule_of("pgbouncer", "bob", 0).user_denied);
    assert_false(rule_of("web", "bob", 0).user_denied);
    assert_int_equal(rule_of("web", "x", 0).username, DBA_USERNAME_EMAIL);
    rule = rule_of("nothing", "alice", 0);
    assert_false(rule.service_listed || rule.caller_may);
    assert_string_equal(rule.group, "dblab");
}

static enum dba_err read_text(const char *other)
{
    struct dba_policy_rule rule;

    return dba_policy_read(other, strlen(other), "a", "b", 0, &rule);
}

/* A file that was cut anywhere, or that has a byte changed in its words, gives no rule. */
static void test_damaged(void **state)
{
    struct dba_policy_rule rule;

    (void)state;
    for (size_t len = 0; len < sizeof text - 1; len++) {
        assert_int_not_equal(dba_policy_read(text, len, "sshd", "alice", 0, &rule), DBA_OK);
        assert_false(rule.service_listed);
    }
    assert_int_equal(read_text("dblab-auth-policy 2\nend\n"), DBA_ERR_VERSION);
    assert_int_equal(read_text("dblab-auth-policy 1\ngroup x\nmin-uid 1\nwhat 1\nend\n"),
                     DBA_ERR_FORM);
    assert_int_equal(read_text("dblab-auth-policy 1\ngroup x\nend\n"), DBA_ERR_FORM);
    assert_int_equal(read_text("dblab-auth-policy 1\ngroup x\nmin-uid 1\n"), DBA_ERR_SHORT);
}

static void test_round_trip(void **state)
{
    struct dba_settings s = {.min_uid = 1000};
    char *out;
    size_t len;

    (void)state;
    strcpy(s.group, "dblab");
    assert_int_equal(dba_names_add(&s.deny_users, "root"), DBA_OK);
    s.services = calloc(3, sizeof *s.services);
    s.services_count = 3;
    strcpy(s.services[0].name, "sshd");
    s.services[0].unix_account = true;
    strcpy(s.services[1].name, "pgbouncer");
    s.services[1].callers = malloc(sizeof(uid_t));
    s.services[1].callers[0] = 104;
    s.services[1].callers_count = 1;
    assert_int_equal(dba_names_add(&s.services[1].deny_users, "bob"), DBA_OK);
    strcpy(s.services[2].name, "web");
    s.services[2].username = DBA_USERNAME_EMAIL;
    assert_int_equal(dba_policy_print(&s, &out, &len), DBA_OK);
    assert_int_equal(len, sizeof text - 1);
    assert_memory_equal(out, text, len);
    free(out);
    assert_int_equal(dba_names_add(&s.deny_users, "two words"), DBA_OK);
    assert_int_equal(dba_policy_print(&s, &out, &len), DBA_ERR_ARGUMENT);
    assert_null(out);
    dba_settings_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
