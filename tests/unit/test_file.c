/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may have written a file: each rule broken once, and what is said of it. Root makes other
 * people's files; without root all of it is skipped.
 */
#include "dblab-authd/keeper/file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/folder.h"

#define SOMEBODY 12345

static char folder[] = FOLDER_TEMPLATE;
static char why[FILE_WHY_MAX];

static const char *at(const char *name)
{
    static char path[256];

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text, mode_t mode)
{
    int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void make(const char *name, mode_t mode)
{
    assert_int_equal(mkdir(at(name), 0700), 0);
    assert_int_equal(chmod(at(name), mode), 0);
}

static int setup(void **state)
{
    (void)state;
    return folder_make(folder);
}

static int teardown(void **state)
{
    (void)state;
    return folder_remove(folder);
}

static void good(const char *name, enum file_kind kind)
{
    int fd = file_open(at(name), kind, why);

    if (fd < 0)
        fail_msg("%s", why);
    close(fd);
}

static void bad(const char *name, enum file_kind kind, const char *what)
{
    assert_int_equal(file_open(at(name), kind, why), -1);
    if (strstr(why, what) == NULL)
        fail_msg("%s\nnot: %s", why, what);
}

static void test_modes(void **state)
{
    (void)state;
    folder_needed();
    put("f", "x", 0644);
    good("f", FILE_PLAIN);
    bad("f", FILE_SECRET, "readable by others; mend it with: chmod o-rwx");
    bad("f", FILE_PROGRAM, "not executable; mend it with: chmod u+x");
    put("f", "x", 0640);
    good("f", FILE_SECRET);
    put("f", "x", 0664);
    bad("f", FILE_PLAIN, "writable by others; mend it with: chmod go-w");
    put("f", "x", 0646);
    bad("f", FILE_PLAIN, "writable by others");
    put("f", "x", 0755);
    good("f", FILE_PROGRAM);
}

static void test_owner(void **state)
{
    (void)state;
    folder_needed();
    put("owned", "x", 0644);
    assert_int_equal(chown(at("owned"), SOMEBODY, 0), 0);
    bad("owned", FILE_PLAIN, "is not root's; mend it with: chown root /tmp/");
}

static void test_what_is_no_file(void **state)
{
    (void)state;
    folder_needed();
    bad("none", FILE_PLAIN, "No such file or directory");
    bad("none/below", FILE_PLAIN, "No such file or directory");
    make("folder", 0755);
    bad("folder", FILE_PLAIN, "is not a regular file");
    put("plain", "x", 0644);
    bad("plain/below", FILE_PLAIN, "Not a directory");
    assert_int_equal(mkfifo(at("fifo"), 0644), 0);
    bad("fifo", FILE_PLAIN, "is not a regular file"); /* and does not wait for a writer */
    assert_int_equal(file_open("relative", FILE_PLAIN, why), -1);
    assert_non_null(strstr(why, "not an absolute path"));
}

static void test_folders(void **state)
{
    (void)state;
    folder_needed();
    make("d", 0755);
    put("d/f", "x", 0644);
    good("d/f", FILE_PLAIN);
    good("d//.//../d/f", FILE_PLAIN);
    assert_int_equal(chmod(at("d"), 0757), 0);
    bad("d/f", FILE_PLAIN, "/d is writable by others; mend it with: chmod o-w");
    assert_int_equal(chmod(at("d"), 0775), 0);
    good("d/f", FILE_PLAIN); /* its group is root's */
    assert_int_equal(chown(at("d"), 0, SOMEBODY), 0);
    bad("d/f", FILE_PLAIN, "/d is writable by its group; mend it with: chmod g-w");
    assert_int_equal(chmod(at("d"), 01777), 0);
    good("d/f", FILE_PLAIN);
    assert_int_equal(chown(at("d"), SOMEBODY, 0), 0);
    bad("d/f", FILE_PLAIN, "/d is not root's");
}

/* Whoever can turn a link could choose the file, wherever it points to now. */
static void test_links(void **state)
{
    char target[300];

    (void)state;
    folder_needed();
    make("real", 0755);
    put("real/f", "x", 0644);
    (void)snprintf(target, sizeof target, "%s/real/f", folder);
    assert_int_equal(symlink(target, at("absolute")), 0);
    assert_int_equal(symlink("real/./f", at("relative")), 0);
    assert_int_equal(symlink("../real", at("real/up")), 0);
    good("absolute", FILE_PLAIN);
    good("relative", FILE_PLAIN);
    good("real/up/up/f", FILE_PLAIN);

    make("hers", 0755);
    assert_int_equal(symlink(target, at("hers/f")), 0);
    assert_int_equal(chown(at("hers"), SOMEBODY, 0), 0);
    bad("hers/f", FILE_PLAIN, "/hers is not root's");
    make("sticky", 01777);
    assert_int_equal(symlink(target, at("sticky/f")), 0);
    good("sticky/f", FILE_PLAIN);
    assert_int_equal(lchown(at("sticky/f"), SOMEBODY, 0), 0);
    bad("sticky/f", FILE_PLAIN, "is not root's; mend it with: chown -h root");

    assert_int_equal(symlink("loop", at("loop")), 0);
    bad("loop", FILE_PLAIN, "Too many levels of symbolic links");
    assert_int_equal(symlink("nowhere", at("dangling")), 0);
    bad("dangling", FILE_PLAIN, "No such file or directory");
}

static void test_long_names(void **state)
{
    char name[400];
    char path[8192];

    (void)state;
    folder_needed();
    memset(name, 'x', sizeof name);
    name[300] = '\0';
    (void)snprintf(path, sizeof path, "/%s", name);
    assert_int_equal(file_open(path, FILE_PLAIN, why), -1);
    assert_non_null(strstr(why, "File name too long"));
    memset(path, '/', sizeof path);
    path[sizeof path - 1] = '\0';
    assert_int_equal(file_open(path, FILE_PLAIN, why), -1);
    assert_non_null(strstr(why, "File name too long"));
}

static void test_reading(void **state)
{
    char *text;
    size_t len;

    (void)state;
    folder_needed();
    put("r", "12345", 0644);
    assert_int_equal(file_read(at("r"), FILE_PLAIN, 5, &text, &len, why), DBA_OK);
    assert_int_equal(len, 5);
    assert_string_equal(text, "12345");
    free(text);
    assert_int_equal(file_read(at("r"), FILE_PLAIN, 4, &text, &len, why), DBA_ERR_CONFIG);
    assert_null(text);
    assert_non_null(strstr(why, "is larger than 4 bytes"));
    put("r", "", 0644);
    assert_int_equal(file_read(at("r"), FILE_PLAIN, 5, &text, &len, why), DBA_OK);
    assert_int_equal(len, 0);
    free(text);
    assert_int_equal(file_read(at("no"), FILE_PLAIN, 5, &text, &len, why), DBA_ERR_CONFIG);
}

static void test_folder_ok(void **state)
{
    (void)state;
    folder_needed();
    assert_true(file_folder_ok("/", why));
    assert_true(file_folder_ok(folder, why));
    assert_true(file_folder_ok(at("to-be-made"), why));
    assert_false(file_folder_ok(at("to-be-made/below"), why));
    make("open", 0777);
    assert_false(file_folder_ok(at("open"), why));
    assert_false(file_folder_ok(at("open/to-be-made"), why));
    put("no-folder", "", 0644);
    assert_false(file_folder_ok(at("no-folder"), why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modes),           cmocka_unit_test(test_owner),
        cmocka_unit_test(test_what_is_no_file), cmocka_unit_test(test_folders),
        cmocka_unit_test(test_links),           cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_reading),         cmocka_unit_test(test_folder_ok),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
