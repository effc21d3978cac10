/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's folder, its lock and the policy file; the socket in it. Root's files: without
 * root all of it is skipped.
 */
#include "dblab-authd/keeper/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "dblab-authd/keeper/listener.h"
#include "model/policy.h"
#include "tests/support/folder.h"

static char folder[] = FOLDER_TEMPLATE;
static char run[64];
static char why[PUBLISH_WHY_MAX];

static const char *at(const char *name)
{
    static char path[128];

    (void)snprintf(path, sizeof path, "%s/%s", run, name);
    return path;
}

static int setup(void **state)
{
    int made;

    (void)state;
    (void)umask(077); /* the daemon's */
    made = folder_make(folder);
    (void)snprintf(run, sizeof run, "%s/run", folder);
    return made;
}

static int teardown(void **state)
{
    (void)state;
    return folder_remove(folder);
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 07777;
}

static void test_lock(void **state)
{
    int lock;

    (void)state;
    folder_needed();
    lock = publish_lock(run, why);
    assert_true(lock >= 0);
    assert_int_equal(mode_of(run), 0755);
    assert_int_equal(mode_of(at("lock")), 0600);
    assert_int_equal(publish_lock(run, why), -1);
    assert_non_null(strstr(why, "another dblab-authd is running"));
    publish_unlock(lock);
    lock = publish_lock(run, why);
    assert_true(lock >= 0);
    publish_unlock(lock);
}

/* A child that has the descriptor, too, does not keep the next daemon out. */
static void test_lock_outlives_no_daemon(void **state)
{
    int lock, next;
    pid_t child;

    (void)state;
    folder_needed();
    lock = publish_lock(run, why);
    child = fork();
    if (child == 0)
        for (;;)
            pause();
    publish_unlock(lock);
    next = publish_lock(run, why);
    assert_true(next >= 0);
    publish_unlock(next);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_folder(void **state)
{
    (void)state;
    folder_needed();
    assert_int_equal(chmod(run, 0777), 0);
    assert_int_equal(publish_lock(run, why), -1);
    assert_non_null(strstr(why, "it must be root's and writable by root alone"));
    assert_int_equal(chmod(run, 0700), 0);
    publish_unlock(publish_lock(run, why));
    assert_int_equal(mode_of(run), 0755);
    assert_int_equal(symlink(run, at("link")), 0);
    assert_int_equal(publish_lock(at("link"), why), -1);
    assert_int_equal(publish_lock(at("not/there"), why), -1);
    assert_non_null(strstr(why, "No such file"));
}

static ino_t inode_of(const char *path)
{
    struct stat st;

    assert_int_equal(lstat(path, &st), 0);
    return st.st_ino;
}

static void test_policy(void **state)
{
    struct dba_settings settings = {.group = "dblab", .min_uid = 1000};
    struct dba_policy_rule rule;
    char text[4096];
    ssize_t len;
    ino_t first;
    int fd;

    (void)state;
    folder_needed();
    assert_true(publish_policy(run, &settings, why));
    assert_int_equal(mode_of(at("policy")), 0644);
    fd = open(at("policy"), O_RDONLY | O_CLOEXEC);
    len = read(fd, text, sizeof text);
    close(fd);
    assert_true(len > 0);
    assert_int_equal(dba_policy_read(text, (size_t)len, "sshd", "alice", 0, &rule), DBA_OK);
    assert_string_equal(rule.group, "dblab");

    /* The same again writes nothing; another, another file; one with a wrong mode, too. */
    first = inode_of(at("policy"));
    fd = open(at("policy"), O_RDONLY | O_CLOEXEC); /* keeps its inode from being used again */
    assert_true(publish_policy(run, &settings, why));
    assert_true(inode_of(at("policy")) == first);
    settings.min_uid = 2000;
    assert_true(publish_policy(run, &settings, why));
    assert_true(inode_of(at("policy")) != first);
    close(fd);
    assert_int_equal(chmod(at("policy"), 0600), 0);
    assert_true(publish_policy(run, &settings, why));
    assert_int_equal(mode_of(at("policy")), 0644);
    assert_int_equal(access(at("policy.new"), F_OK), -1);

    /* What a killed daemon left half-written is in nobody's way; a folder in its place is. */
    close(open(at("policy.new"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    settings.min_uid = 3000;
    assert_true(publish_policy(run, &settings, why));
    assert_int_equal(mkdir(at("policy.new"), 0700), 0);
    settings.min_uid = 4000;
    assert_false(publish_policy(run, &settings, why));
    assert_non_null(strstr(why, "policy.new"));
    assert_int_equal(rmdir(at("policy.new")), 0);
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)strcpy(address.sun_path, path);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static void test_listener(void **state)
{
    int first, second, client;

    (void)state;
    folder_needed();
    first = listener_open(run, why);
    assert_true(first >= 0);
    assert_int_equal(mode_of(at("socket")), 0666);
    client = connect_to(at("socket"));
    assert_true(client >= 0);
    close(client);
    close(first); /* as when it is killed: the file stays */
    assert_int_equal(connect_to(at("socket")), -1);
    second = listener_open(run, why);
    assert_true(second >= 0);
    client = connect_to(at("socket"));
    assert_true(client >= 0);
    assert_int_equal(access(at("socket.new"), F_OK), -1);
    close(client);
    close(second);
    listener_remove(run);
    assert_int_equal(access(at("socket"), F_OK), -1);
    assert_int_equal(listener_open(at("none"), why), -1);
    assert_non_null(strstr(why, "No such file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lock),     cmocka_unit_test(test_lock_outlives_no_daemon),
        cmocka_unit_test(test_folder),   cmocka_unit_test(test_policy),
        cmocka_unit_test(test_listener),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
