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

#include "tests/support/failalloc.h"

#define HEAD "dblab-auth-policy 1\ngroup dblab\nmin-uid 1000\n"

static const char sample[] = HEAD "deny-user root\n"
                                  "deny-user postgres\n"
                                  "service sshd unix local\n"
                                  "service pgbouncer plain local\n"
                                  "caller 104\n"
                                  "caller 33\n"
                                  "service-deny-user bob\n"
                                  "service web plain email\n"
                                  "caller 33\n"
                                  "end\n";

/* Field by field: what is between them may be anything. */
static bool is_none(const struct dba_policy_rule *rule)
{
    return rule->group[0] == '\0' && rule->min_uid == 0 && !rule->service_listed &&
           !rule->unix_account && rule->username == DBA_USERNAME_LOCAL && !rule->caller_may &&
           !rule->user_denied;
}

/* From memory of exactly its size: a sanitizer build sees a byte read too many. */
static enum dba_err read_bytes(const char *text, size_t len, const char *service,
                               const char *user, uid_t caller, struct dba_policy_rule *rule)
{
    char *copy = malloc(len > 0 ? len : 1);
    enum dba_err err;

    assert_non_null(copy);
    memcpy(copy, text, len);
    memset(rule, 0xa5, sizeof *rule);
    err = dba_policy_read(copy, len, service, user, caller, rule);
    assert_true(err == DBA_OK || is_none(rule));
    free(copy);
    return err;
}

static struct dba_policy_rule rule_of(const char *service, const char *user, uid_t caller)
{
    struct dba_policy_rule rule;

    assert_int_equal(read_bytes(sample, sizeof sample - 1, service, user, caller, &rule),
                     DBA_OK);
    assert_string_equal(rule.group, "dblab");
    assert_int_equal(rule.min_uid, 1000);
    return rule;
}

static void expect(const char *text, enum dba_err want)
{
    struct dba_policy_rule rule;
    enum dba_err err = read_bytes(text, strlen(text), "sshd", "alice", 0, &rule);

    if (err != want)
        fail_msg("%s, not %s:\n%s", dba_err_text(err), dba_err_text(want), text);
}

static void test_service(void **state)
{
    struct dba_policy_rule rule = rule_of("sshd", "alice", 0);

    (void)state;
    assert_true(rule.service_listed && rule.unix_account);
    assert_int_equal(rule.username, DBA_USERNAME_LOCAL);
    rule = rule_of("pgbouncer", "alice", 0);
    assert_true(rule.service_listed && !rule.unix_account);
    assert_int_equal(rule.username, DBA_USERNAME_LOCAL);
    rule = rule_of("web", "alice", 0);
    assert_true(rule.service_listed && !rule.unix_account);
    assert_int_equal(rule.username, DBA_USERNAME_EMAIL);
}

/* One that is not listed: nothing of the others' lines is true of it. */
static void test_not_listed(void **state)
{
    static const char *const names[] = {"", "ssh", "sshd2", "SSHD", "web plain", "104", "end"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct dba_policy_rule rule = rule_of(names[i], "bob", 33);

        assert_false(rule.service_listed || rule.unix_account || rule.caller_may);
        assert_false(rule.user_denied);
        assert_true(rule_of(names[i], "root", 0).user_denied);
        assert_false(rule_of(names[i], "alice", 0).caller_may); /* not even root */
    }
}

static void test_caller(void **state)
{
    (void)state;
    assert_true(rule_of("sshd", "alice", 0).caller_may);
    assert_false(rule_of("sshd", "alice", 104).caller_may);
    assert_true(rule_of("pgbouncer", "alice", 0).caller_may);
    assert_true(rule_of("pgbouncer", "alice", 104).caller_may);
    assert_true(rule_of("pgbouncer", "alice", 33).caller_may);
    assert_false(rule_of("pgbouncer", "alice", 10).caller_may);
    assert_false(rule_of("pgbouncer", "alice", 1040).caller_may);
    assert_false(rule_of("pgbouncer", "alice", (uid_t)-1).caller_may);
    assert_true(rule_of("web", "alice", 33).caller_may);
    assert_false(rule_of("web", "alice", 104).caller_may);
}

static void test_denied(void **state)
{
    (void)state;
    assert_true(rule_of("sshd", "root", 0).user_denied);
    assert_true(rule_of("web", "postgres", 0).user_denied);
    assert_false(rule_of("sshd", "bob", 0).user_denied);
    assert_true(rule_of("pgbouncer", "bob", 0).user_denied);
    assert_false(rule_of("web", "bob", 0).user_denied);
    assert_false(rule_of("pgbouncer", "bo", 0).user_denied);
    assert_false(rule_of("pgbouncer", "bobby", 0).user_denied);
    assert_false(rule_of("pgbouncer", "", 0).user_denied);
}

/* A file that was cut anywhere gives no rule, and says that it was cut. */
static void test_cut(void **state)
{
    struct dba_policy_rule rule;

    (void)state;
    for (size_t len = 0; len < sizeof sample - 1; len++)
        assert_int_equal(read_bytes(sample, len, "sshd", "alice", 0, &rule), DBA_ERR_SHORT);
    expect("", DBA_ERR_SHORT);
    expect("\n", DBA_ERR_SHORT);
    expect(HEAD, DBA_ERR_SHORT);
    expect(HEAD "end", DBA_ERR_SHORT);
    expect(HEAD "end\n", DBA_OK);
    assert_int_equal(dba_policy_read(NULL, 0, "sshd", "alice", 0, &rule), DBA_ERR_SHORT);
}

static void test_version(void **state)
{
    (void)state;
    expect("dblab-auth-policy 2\nend\n", DBA_ERR_VERSION);
    expect("dblab-auth-policy 2\nwhat only a newer one knows\nend\n", DBA_ERR_VERSION);
    expect("dblab-auth-policy 10\ngroup x\nmin-uid 1\nend\n", DBA_ERR_VERSION);
    expect("dblab-auth-policy 1 \ngroup x\nmin-uid 1\nend\n", DBA_ERR_VERSION);
    expect("dblab-auth-policy \nend\n", DBA_ERR_VERSION);
    expect("dblab-auth-policy\nend\n", DBA_ERR_FORM);
    expect("\n" HEAD "end\n", DBA_ERR_FORM);
    expect("other-policy 1\nend\n", DBA_ERR_FORM);
}

static void test_malformed(void **state)
{
    static const char *const texts[] = {
        HEAD "what 1\nend\n",
        HEAD "\nend\n",
        HEAD "end \nend\n",
        HEAD " end\nend\n",
        HEAD "end\nend\n",
        HEAD "end\n\n",
        HEAD "END\nend\n",
        HEAD "# comment\nend\n",
        HEAD "deny-user root\r\nend\r\n",
        HEAD "group other\nend\n",
        HEAD "min-uid 1000\nend\n",
        HEAD "deny-user\nend\n",
        HEAD "deny-user \nend\n",
        HEAD "caller 104\nend\n",
        HEAD "service-deny-user bob\nend\n",
        HEAD "service\nend\n",
        HEAD "service sshd\nend\n",
        HEAD "service sshd unix\nend\n",
        HEAD "service sshd unix local more\nend\n",
        HEAD "service  unix local\nend\n",
        HEAD "service sshd  local\nend\n",
        HEAD "service sshd Unix local\nend\n",
        HEAD "service sshd unix whole\nend\n",
        HEAD "service x plain wrong\nend\n",
        HEAD "service sshd unix local\nservice sshd plain local\nend\n",
        HEAD "service sshd unix local\ndeny-user root\nend\n",
        HEAD "service sshd unix local\ngroup other\nend\n",
        HEAD "service sshd unix local\nservice-deny-user \nend\n",
        "dblab-auth-policy 1\ngroup dblab\nend\n",
        "dblab-auth-policy 1\nmin-uid 1\nend\n",
        "dblab-auth-policy 1\ngroup \nmin-uid 1\nend\n",
        "dblab-auth-policy 1\ngroup Upper\nmin-uid 1\nend\n",
        "dblab-auth-policy 1\ngroup two words\nmin-uid 1\nend\n",
        "dblab-auth-policy 1\ngroup a23456789012345678901234567890123\nmin-uid 1\nend\n",
    };
    struct dba_policy_rule rule;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        expect(texts[i], DBA_ERR_FORM);
    expect(HEAD "service sshd unix local\nservice-deny-user\nend\n", DBA_ERR_FORM);
    assert_int_equal(
        read_bytes(HEAD "deny-user a\0b\nend\n", strlen(HEAD) + 18, "sshd", "alice", 0, &rule),
        DBA_ERR_FORM);
    expect("dblab-auth-policy 1\ngroup a2345678901234567890123456789012\nmin-uid 1\nend\n",
           DBA_OK);
}

static void test_numbers(void **state)
{
    static const char *const bad[] = {"",
                                      "-1",
                                      "+1",
                                      "1 ",
                                      " 1",
                                      "01",
                                      "0x1",
                                      "4294967295",
                                      "4294967296",
                                      "1e3",
                                      "1.0",
                                      "\xd9\xa3",
                                      "10000000000",
                                      "18446744073709551617"};
    char text[200];
    struct dba_policy_rule rule;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)sprintf(text, "dblab-auth-policy 1\ngroup x\nmin-uid %s\nend\n", bad[i]);
        expect(text, DBA_ERR_FORM);
        (void)sprintf(text, HEAD "service x plain local\ncaller %s\nend\n", bad[i]);
        expect(text, DBA_ERR_FORM);
    }
    (void)strcpy(text, "dblab-auth-policy 1\ngroup x\nmin-uid 4294967294\n"
                       "service x plain local\ncaller 4294967294\ncaller 0\nend\n");
    assert_int_equal(read_bytes(text, strlen(text), "x", "alice", 4294967294U, &rule), DBA_OK);
    assert_int_equal(rule.min_uid, 4294967294U);
    assert_true(rule.caller_may);
}

/* A good policy of `len` bytes: one name takes them. */
static char *of_size(size_t len)
{
    static const char start[] = HEAD "deny-user ";
    static const char end[] = "\nend\n";
    char *text = malloc(len);

    assert_non_null(text);
    memset(text, 'y', len);
    memcpy(text, start, strlen(start));
    memcpy(text + len - strlen(end), end, strlen(end));
    return text;
}

static void test_size(void **state)
{
    struct dba_policy_rule rule;
    char *text = of_size(DBA_POLICY_MAX);

    (void)state;
    assert_int_equal(read_bytes(text, DBA_POLICY_MAX, "sshd", "alice", 0, &rule), DBA_OK);
    free(text);
    text = of_size(DBA_POLICY_MAX + 1);
    assert_int_equal(read_bytes(text, DBA_POLICY_MAX + 1, "sshd", "alice", 0, &rule),
                     DBA_ERR_SIZE);
    free(text);
}

/* ---- printing ---- */

/* The settings whose policy is `sample`. */
static enum dba_err fill(struct dba_settings *s)
{
    enum dba_err err = dba_names_add(&s->deny_users, "root");

    strcpy(s->group, "dblab");
    s->min_uid = 1000;
    if (err == DBA_OK)
        err = dba_names_add(&s->deny_users, "postgres");
    s->services = calloc(3, sizeof *s->services);
    if (err != DBA_OK || s->services == NULL)
        return DBA_ERR_MEMORY;
    s->services_count = 3;
    strcpy(s->services[0].name, "sshd");
    s->services[0].unix_account = true;
    strcpy(s->services[1].name, "pgbouncer");
    strcpy(s->services[2].name, "web");
    s->services[2].username = DBA_USERNAME_EMAIL;
    for (size_t i = 1; i < 3; i++) {
        s->services[i].callers = calloc(2, sizeof(uid_t));
        if (s->services[i].callers == NULL)
            return DBA_ERR_MEMORY;
        s->services[i].callers[0] = i == 1 ? 104 : 33;
        s->services[i].callers[1] = 33;
        s->services[i].callers_count = 3 - i;
    }
    return dba_names_add(&s->services[1].deny_users, "bob");
}

static void test_print(void **state)
{
    struct dba_settings s = {0};
    char *text;
    size_t len;

    (void)state;
    assert_int_equal(fill(&s), DBA_OK);
    assert_int_equal(dba_policy_print(&s, &text, &len), DBA_OK);
    assert_int_equal(len, sizeof sample - 1);
    assert_memory_equal(text, sample, len);
    free(text);
    dba_settings_clear(&s);
    strcpy(s.group, "g");
    assert_int_equal(dba_policy_print(&s, &text, &len), DBA_OK);
    assert_int_equal(len, strlen("dblab-auth-policy 1\ngroup g\nmin-uid 0\nend\n"));
    assert_memory_equal(text, "dblab-auth-policy 1\ngroup g\nmin-uid 0\nend\n", len);
    free(text);
}

static void unprintable(const struct dba_settings *s, enum dba_err want)
{
    char *text = (char *)&text;
    size_t len = 7;

    assert_int_equal(dba_policy_print(s, &text, &len), want);
    assert_null(text);
    assert_int_equal(len, 0);
}

/* Whatever would not read back the same is refused, wherever it stands. */
static void test_unprintable_names(void **state)
{
    static const char *const names[] = {"",     "two words", "a\n",  "a\nend", "\n", " ",
                                        "a\tb", "a\r",       "\x01", "a\x7f",  " a", "a "};
    struct dba_settings s = {0};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(fill(&s), DBA_OK);
        assert_int_equal(dba_names_add(&s.deny_users, names[i]), DBA_OK);
        unprintable(&s, DBA_ERR_ARGUMENT);
        dba_settings_clear(&s);
        assert_int_equal(fill(&s), DBA_OK);
        assert_int_equal(dba_names_add(&s.services[2].deny_users, names[i]), DBA_OK);
        unprintable(&s, DBA_ERR_ARGUMENT);
        dba_settings_clear(&s);
        assert_int_equal(fill(&s), DBA_OK);
        strcpy(s.services[2].name, names[i]);
        unprintable(&s, DBA_ERR_ARGUMENT);
        strcpy(s.services[2].name, "web");
        strcpy(s.group, names[i]);
        unprintable(&s, DBA_ERR_ARGUMENT);
        dba_settings_clear(&s);
    }
}

static void test_unprintable_rest(void **state)
{
    struct dba_settings s = {0};

    (void)state;
    assert_int_equal(fill(&s), DBA_OK);
    strcpy(s.services[2].name, "sshd"); /* twice */
    unprintable(&s, DBA_ERR_ARGUMENT);
    strcpy(s.services[2].name, "web");
    s.services[2].callers[0] = (uid_t)-1;
    unprintable(&s, DBA_ERR_ARGUMENT);
    s.services[2].callers[0] = 33;
    s.min_uid = (uid_t)-1;
    unprintable(&s, DBA_ERR_ARGUMENT);
    s.min_uid = 1000;
    strcpy(s.group, "Upper");
    unprintable(&s, DBA_ERR_ARGUMENT);
    dba_settings_clear(&s);
}

/* Exactly DBA_POLICY_MAX bytes are printed, and can be read; one more is refused. */
static void test_print_size(void **state)
{
    const size_t rest = strlen(HEAD "deny-user \nend\n");
    char *name = malloc(DBA_POLICY_MAX);
    struct dba_settings s = {.group = "dblab", .min_uid = 1000};
    struct dba_policy_rule rule;
    char *text;
    size_t len;

    (void)state;
    assert_non_null(name);
    memset(name, 'n', DBA_POLICY_MAX);
    name[DBA_POLICY_MAX - rest] = '\0';
    assert_int_equal(dba_names_add(&s.deny_users, name), DBA_OK);
    assert_int_equal(dba_policy_print(&s, &text, &len), DBA_OK);
    assert_int_equal(len, DBA_POLICY_MAX);
    assert_int_equal(read_bytes(text, len, "sshd", name, 0, &rule), DBA_OK);
    assert_true(rule.user_denied);
    free(text);
    assert_int_equal(dba_names_add(&s.deny_users, "n"), DBA_OK);
    unprintable(&s, DBA_ERR_SIZE);
    dba_settings_clear(&s);
    name[DBA_POLICY_MAX - rest] = 'n';
    name[DBA_POLICY_MAX - rest + 1] = '\0';
    strcpy(s.group, "dblab");
    s.min_uid = 1000;
    assert_int_equal(dba_names_add(&s.deny_users, name), DBA_OK);
    unprintable(&s, DBA_ERR_SIZE);
    dba_settings_clear(&s);
    free(name);
}

static enum dba_err print_once(void *arg)
{
    struct dba_settings s = {0};
    char *text = NULL;
    size_t len = 7;
    enum dba_err err = fill(&s);

    (void)arg;
    if (err == DBA_OK) {
        err = dba_policy_print(&s, &text, &len);
        assert_int_equal(text != NULL, err == DBA_OK);
        assert_int_equal(len, err == DBA_OK ? sizeof sample - 1 : 0);
    }
    free(text);
    dba_settings_clear(&s);
    return err;
}

static void test_memory(void **state)
{
    (void)state;
    assert_int_equal(failalloc_each(print_once, NULL), 3 * 2 + 3 + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_service),
        cmocka_unit_test(test_not_listed),
        cmocka_unit_test(test_caller),
        cmocka_unit_test(test_denied),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_unprintable_names),
        cmocka_unit_test(test_unprintable_rest),
        cmocka_unit_test(test_print_size),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
