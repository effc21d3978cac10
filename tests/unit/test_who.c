/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is a token user. NSS is this file's: the three functions that the client calls are
 * defined here, so that every failure of a source can be had, and lookups be counted.
 */
#include "client/who.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/policy.h"
#include "tests/support/fake.h"

#define DBLAB  4000
#define OTHERS 4001

/* ---- NSS ---- */

static struct nss {
    int account_error, group_error; /* returned instead of an answer */
    size_t need;                    /* bytes that an entry takes */
    int many_groups;                /* of "initgroups", before the one that counts */
    unsigned accounts_asked, groups_asked, lists_asked;
} nss;

static struct account {
    const char *name;
    uid_t uid;
    gid_t gid;
} accounts[] = {
    {"root", 0, 0},
    {"alice", 3001, 3001},      /* listed in the group */
    {"bob", 3002, 3002},        /* in no group of ours */
    {"primary", 3003, DBLAB},   /* by its primary group */
    {"initgroups", 3004, 3004}, /* by a source that lists no members */
    {"system", 500, DBLAB},
    {"denied", 3005, DBLAB},
};

int getpwnam_r(const char *name, struct passwd *entry, char *buf, size_t size,
               struct passwd **result)
{
    *result = NULL;
    nss.accounts_asked++;
    if (nss.account_error != 0)
        return nss.account_error;
    if (size < nss.need)
        return ERANGE;
    memset(buf, 'x', size);
    for (size_t i = 0; i < sizeof accounts / sizeof accounts[0]; i++)
        if (strcmp(accounts[i].name, name) == 0) {
            *entry = (struct passwd){.pw_uid = accounts[i].uid, .pw_gid = accounts[i].gid};
            *result = entry;
        }
    return 0;
}

int getgrnam_r(const char *name, struct group *entry, char *buf, size_t size,
               struct group **result)
{
    static char alice[] = "alice";
    static char root[] = "root";
    static char *members[] = {root, alice, NULL};
    static char *none[] = {NULL};

    *result = NULL;
    nss.groups_asked++;
    if (nss.group_error != 0)
        return nss.group_error;
    if (size < nss.need)
        return ERANGE;
    memset(buf, 'x', size);
    if (strcmp(name, "dblab") == 0)
        *entry = (struct group){.gr_gid = DBLAB, .gr_mem = members};
    else if (strcmp(name, "others") == 0)
        *entry = (struct group){.gr_gid = OTHERS, .gr_mem = none};
    else
        return 0;
    *result = entry;
    return 0;
}

int getgrouplist(const char *user, gid_t group, gid_t *groups, int *count)
{
    int have = *count;
    int n = 1 + nss.many_groups + (strcmp(user, "initgroups") == 0);

    nss.lists_asked++;
    *count = n;
    if (have < n)
        return -1;
    for (int i = 0; i < n; i++)
        groups[i] = i == 0 ? group : 10000 + (gid_t)i;
    if (strcmp(user, "initgroups") == 0)
        groups[n - 1] = DBLAB;
    return n;
}

/* ---- the policy ---- */

static char policy[512];
static struct fake folder; /* only its folder: who.c asks no daemon */

static int setup(void **state)
{
    (void)state;
    memset(&nss, 0, sizeof nss);
    (void)snprintf(policy, sizeof policy,
                   "dblab-auth-policy 1\ngroup dblab\nmin-uid 1000\ndeny-user denied\n"
                   "service sshd unix local\ncaller %u\n"
                   "service pool plain local\ncaller %u\nservice-deny-user carol\n"
                   "service web plain email\ncaller %u\n"
                   "service closed plain local\nend\n",
                   geteuid(), geteuid(), geteuid());
    fake_listen(&folder, 1);
    fake_policy(&folder, policy);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_stop(&folder);
    return 0;
}

static struct dba_who_answer ask(const char *service, const char *user)
{
    struct dba_who_answer answer;

    dba_who_is(folder.path, "dblab", service, user, &answer);
    assert_non_null(answer.why);
    if (answer.who != DBA_WHO_TOKEN_USER)
        assert_true(strlen(answer.why) > 0);
    return answer;
}

static void assert_who(const char *service, const char *user, enum dba_who want)
{
    struct dba_who_answer answer = ask(service, user);

    if (answer.who != want)
        print_error("%s at %s: %s\n", user, service, answer.why);
    assert_int_equal(answer.who, want);
}

static void policy_path(char path[128])
{
    (void)snprintf(path, 128, "%s/policy", folder.folder);
}

static void without_policy(void)
{
    char path[128];

    policy_path(path);
    assert_int_equal(unlink(path), 0);
}

/* ---- services with Unix accounts ---- */

static void test_members(void **state)
{
    (void)state;
    assert_who("sshd", "alice", DBA_WHO_TOKEN_USER);
    assert_int_equal(ask("sshd", "alice").uid, 3001);
    assert_who("sshd", "primary", DBA_WHO_TOKEN_USER);
    assert_int_equal(nss.lists_asked, 0);
    assert_who("sshd", "initgroups", DBA_WHO_TOKEN_USER);
    assert_int_equal(nss.lists_asked, 1);
    nss.many_groups = 1000;
    assert_who("sshd", "initgroups", DBA_WHO_TOKEN_USER);
    nss.many_groups = 100000; /* more than a process can have */
    assert_who("sshd", "initgroups", DBA_WHO_UNAVAILABLE);
}

static void test_others(void **state)
{
    (void)state;
    assert_who("sshd", "bob", DBA_WHO_OTHER);
    assert_true(ask("sshd", "bob").uid == DBA_NO_UID);
    assert_who("sshd", "unknown", DBA_WHO_OTHER);
    assert_who("sshd", "", DBA_WHO_OTHER);
    assert_who("sshd", "system", DBA_WHO_OTHER);
    assert_who("sshd", "root", DBA_WHO_OTHER); /* though the group lists it */
}

/* Before any question about the service. */
static void test_unlisted_service(void **state)
{
    (void)state;
    assert_who("cups", "alice", DBA_WHO_SERVICE);
    assert_who("cups", "bob", DBA_WHO_OTHER);
    assert_who("", "alice", DBA_WHO_SERVICE);
}

static void test_denied_member(void **state)
{
    (void)state;
    assert_who("sshd", "denied", DBA_WHO_DENIED);
    assert_who("sshd", "carol", DBA_WHO_OTHER); /* denied elsewhere */
}

static void test_missing_group(void **state)
{
    (void)state;
    fake_policy(&folder, "dblab-auth-policy 1\ngroup gone\nmin-uid 1000\n"
                         "service sshd unix local\nend\n");
    assert_who("sshd", "alice", DBA_WHO_OTHER);
}

/* A lookup that fails is never "no". */
static void test_failing_nss(void **state)
{
    (void)state;
    nss.account_error = EIO;
    assert_who("sshd", "alice", DBA_WHO_UNAVAILABLE);
    assert_who("cups", "alice", DBA_WHO_UNAVAILABLE);
    nss.account_error = ENOENT;
    assert_who("sshd", "bob", DBA_WHO_UNAVAILABLE);
    nss.account_error = 0;
    nss.group_error = EIO;
    assert_who("sshd", "alice", DBA_WHO_UNAVAILABLE);
    assert_who("sshd", "bob", DBA_WHO_UNAVAILABLE);
    /* For those who are none in any case the group is not asked about. */
    nss.groups_asked = 0;
    assert_who("sshd", "root", DBA_WHO_OTHER);
    assert_who("sshd", "system", DBA_WHO_OTHER);
    assert_who("sshd", "unknown", DBA_WHO_OTHER);
    assert_int_equal(nss.groups_asked, 0);
}

static void test_large_entries(void **state)
{
    (void)state;
    nss.need = (size_t)1024 * 1024;
    assert_who("sshd", "alice", DBA_WHO_TOKEN_USER);
    nss.need++;
    assert_who("sshd", "alice", DBA_WHO_UNAVAILABLE);
}

/* ---- services without ---- */

static void test_plain_services(void **state)
{
    (void)state;
    assert_who("pool", "anybody", DBA_WHO_TOKEN_USER);
    assert_true(ask("pool", "anybody").uid == DBA_NO_UID);
    assert_who("pool", "any/body", DBA_WHO_OTHER);
    assert_who("pool", "Anybody", DBA_WHO_OTHER);
    assert_who("pool", "a@acme.io", DBA_WHO_OTHER);
    assert_who("pool", "", DBA_WHO_OTHER);
    assert_who("pool", "denied", DBA_WHO_DENIED);
    assert_who("pool", "carol", DBA_WHO_DENIED);
    assert_who("web", "a@acme.io", DBA_WHO_TOKEN_USER);
    assert_who("web", "anybody", DBA_WHO_OTHER);
    assert_int_equal(nss.accounts_asked + nss.groups_asked + nss.lists_asked, 0);
}

/* What a process that is not root, and listed or not, is told. */
static enum dba_who who_for_stranger(const char *service, const char *user)
{
    int status;
    pid_t child;

    if (geteuid() != 0)
        return ask(service, user).who;
    child = fork();
    if (child == 0)
        _exit(setgid(65534) != 0 || setuid(65534) != 0 ? 99 : (int)ask(service, user).who);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return (enum dba_who)WEXITSTATUS(status);
}

static void test_callers(void **state)
{
    char text[512];

    (void)state;
    assert_int_equal(who_for_stranger("closed", "anybody"), DBA_WHO_CALLER);
    assert_int_equal(who_for_stranger("closed", "any/body"), DBA_WHO_OTHER);
    assert_int_equal(who_for_stranger("sshd", "bob"), DBA_WHO_OTHER);
    (void)snprintf(text, sizeof text,
                   "dblab-auth-policy 1\ngroup dblab\nmin-uid 1000\n"
                   "service pool plain local\ncaller %u\nend\n",
                   geteuid() != 0 ? geteuid() : 65534);
    fake_policy(&folder, text);
    assert_int_equal(who_for_stranger("pool", "anybody"), DBA_WHO_TOKEN_USER);
}

/* ---- no policy file: a daemon that never ran ---- */

static void test_no_policy(void **state)
{
    struct dba_who_answer answer;

    (void)state;
    without_policy();
    assert_who("sshd", "alice", DBA_WHO_TOKEN_USER);
    assert_int_equal(ask("sshd", "alice").uid, 3001);
    assert_who("anything", "alice", DBA_WHO_TOKEN_USER);
    assert_who("sshd", "bob", DBA_WHO_OTHER);
    assert_who("sshd", "root", DBA_WHO_OTHER);
    assert_who("sshd", "system", DBA_WHO_OTHER); /* the default of minUid */
    assert_who("pool", "anybody", DBA_WHO_OTHER);
    dba_who_is(folder.path, "others", "sshd", "alice", &answer);
    assert_int_equal(answer.who, DBA_WHO_OTHER);
    dba_who_is(folder.path, "a-name-that-is-longer-than-any-group", "sshd", "alice", &answer);
    assert_int_equal(answer.who, DBA_WHO_UNAVAILABLE);
    dba_who_is("/nonexistent/folder/socket", "dblab", "sshd", "alice", &answer);
    assert_int_equal(answer.who, DBA_WHO_TOKEN_USER);
}

/* ---- a policy file that may not be believed: nobody is let by ---- */

static void assert_unbelieved(void)
{
    assert_who("sshd", "alice", DBA_WHO_UNAVAILABLE);
    assert_who("sshd", "bob", DBA_WHO_UNAVAILABLE);
    assert_who("pool", "anybody", DBA_WHO_UNAVAILABLE);
}

static void test_damaged_policy(void **state)
{
    char text[sizeof policy];

    (void)state;
    for (size_t len = 0; len < strlen(policy); len++) {
        memcpy(text, policy, len);
        text[len] = '\0';
        fake_policy(&folder, text);
        assert_unbelieved();
    }
    fake_policy(&folder, policy);
    assert_who("sshd", "alice", DBA_WHO_TOKEN_USER);
}

static void test_policy_of_others(void **state)
{
    char path[128];

    (void)state;
    policy_path(path);
    assert_int_equal(chmod(path, 0664), 0);
    assert_unbelieved();
    assert_int_equal(chmod(path, 0646), 0);
    assert_unbelieved();
    assert_int_equal(chmod(path, 0600), 0);
    assert_who("sshd", "alice", DBA_WHO_TOKEN_USER);
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(path, 65534, 0), 0);
    assert_unbelieved();
}

static void test_policy_no_file(void **state)
{
    char path[128];
    char target[160];

    (void)state;
    policy_path(path);
    (void)snprintf(target, sizeof target, "%s.real", path);
    assert_int_equal(rename(path, target), 0);
    assert_int_equal(symlink(target, path), 0);
    assert_unbelieved();
    assert_int_equal(unlink(path), 0);
    assert_int_equal(unlink(target), 0);
    assert_int_equal(mkfifo(path, 0600), 0); /* would block for ever */
    assert_unbelieved();
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_unbelieved();
    assert_int_equal(rmdir(path), 0);
}

/* Longer than the stack's buffer, and longer than any. */
static void test_long_policy(void **state)
{
    size_t most = DBA_POLICY_MAX + 100;
    char *text = malloc(most + 1);
    char end[64];
    size_t len;

    (void)state;
    assert_non_null(text);
    (void)snprintf(end, sizeof end, "service sshd unix local\ncaller %u\nend\n", geteuid());
    len = (size_t)sprintf(text, "dblab-auth-policy 1\ngroup dblab\nmin-uid 1000\n");
    for (int i = 0; len < 100000; i++)
        len += (size_t)sprintf(text + len, "deny-user somebody%d\n", i);
    (void)strcpy(text + len, end);
    fake_policy(&folder, text);
    assert_who("sshd", "alice", DBA_WHO_TOKEN_USER);
    for (int i = 0; len < DBA_POLICY_MAX; i++)
        len += (size_t)sprintf(text + len, "deny-user another%d\n", i);
    (void)strcpy(text + len, end);
    fake_policy(&folder, text);
    assert_unbelieved();
    free(text);
}

static void test_odd_socket_paths(void **state)
{
    struct dba_who_answer answer;
    char path[700];

    (void)state;
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    dba_who_is(path, "dblab", "sshd", "alice", &answer); /* no folder */
    assert_int_equal(answer.who, DBA_WHO_UNAVAILABLE);
    path[0] = path[600] = '/';
    dba_who_is(path, "dblab", "sshd", "alice", &answer); /* a longer one than any */
    assert_int_equal(answer.who, DBA_WHO_UNAVAILABLE);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_members),        TEST(test_others),         TEST(test_unlisted_service),
        TEST(test_denied_member),  TEST(test_missing_group),  TEST(test_failing_nss),
        TEST(test_large_entries),  TEST(test_plain_services), TEST(test_callers),
        TEST(test_no_policy),      TEST(test_damaged_policy), TEST(test_policy_of_others),
        TEST(test_policy_no_file), TEST(test_long_policy),    TEST(test_odd_socket_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
