/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of dblab-auth that have something to get wrong by themselves: JSON, and reading a
 * token from a pipe or a terminal.
 */
#include "dblab-auth/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- JSON ---- */

static void assert_json(const char *text, const char *want)
{
    char *got = NULL;
    size_t len;
    FILE *out = open_memstream(&got, &len);

    assert_non_null(out);
    json_string(out, text);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(got, want);
    free(got);
}

static void test_json_string(void **state)
{
    (void)state;
    assert_json("", "\"\"");
    assert_json("alice@acme.io", "\"alice@acme.io\"");
    assert_json("a\"b\\c", "\"a\\\"b\\\\c\"");
    assert_json("a\nb\x01\x7f", "\"a\\u000ab\\u0001\\u007f\"");
    assert_json("\xc3\xa9", "\"\xc3\xa9\"");
    assert_json("\xc3\xa9\xff", "\"\\ufffd\\ufffd\\ufffd\"");
}

static void test_json_number(void **state)
{
    static const char *const yes[] = {"0", "7", "30.000", "0.05", "1234567890123", NULL};
    static const char *const no[] = {"",    ".",    "1.", ".5",  "007", "1.2.3",
                                     "-1x", "1e+5", "+1", "nan", " 1",  NULL};

    (void)state;
    for (size_t i = 0; yes[i] != NULL; i++)
        assert_true(json_is_number(yes[i]));
    for (size_t i = 0; no[i] != NULL; i++)
        assert_false(json_is_number(no[i]));
}

/* ---- a token from standard input; in a child, whose input it is ---- */

enum { OTHER_TOKEN = 50 };

static int read_in_child(const char *want)
{
    struct dba_token token;
    enum token_read read_it = token_read(&token);

    if (read_it == TOKEN_READ && strcmp(token.bytes, want) != 0)
        return OTHER_TOKEN;
    return (int)read_it;
}

static int from_pipe(const void *bytes, size_t len, const char *want)
{
    int fds[2];
    int status;
    pid_t child;

    assert_int_equal(pipe(fds), 0);
    child = fork();
    if (child == 0) {
        (void)close(fds[1]);
        (void)dup2(fds[0], STDIN_FILENO);
        _exit(read_in_child(want));
    }
    (void)close(fds[0]);
    assert_int_equal(write(fds[1], bytes, len), (ssize_t)len);
    (void)close(fds[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_from_pipe(void **state)
{
    char longest[DBA_TOKEN_MAX + 2];

    (void)state;
    assert_int_equal(from_pipe("secret\n", 7, "secret"), TOKEN_READ);
    assert_int_equal(from_pipe("secret", 6, "secret"), TOKEN_READ);
    assert_int_equal(from_pipe("a b\nsecond line\n", 16, "a b"), TOKEN_READ);
    assert_int_equal(from_pipe("", 0, ""), TOKEN_BAD_FORM);
    assert_int_equal(from_pipe("\n", 1, ""), TOKEN_BAD_FORM);
    assert_int_equal(from_pipe("a\tb\n", 4, ""), TOKEN_BAD_FORM);
    assert_int_equal(from_pipe("a\0b\n", 4, ""), TOKEN_BAD_FORM);
    memset(longest, 'x', sizeof longest);
    assert_int_equal(from_pipe(longest, DBA_TOKEN_MAX + 1, ""), TOKEN_BAD_FORM);
    longest[DBA_TOKEN_MAX] = '\0';
    assert_int_equal(from_pipe(longest, DBA_TOKEN_MAX, longest), TOKEN_READ);
}

static void test_no_input(void **state)
{
    pid_t child = fork();
    int status;

    (void)state;
    if (child == 0) {
        (void)close(STDIN_FILENO);
        _exit(read_in_child(""));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), TOKEN_NONE);
}

/* ---- from a terminal ---- */

struct terminal {
    int master;
    int slave; /* kept open, so that its settings can be read when the child is gone */
    pid_t child;
};

static void terminal_open(struct terminal *t, const char *want)
{
    t->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(t->master >= 0);
    assert_int_equal(grantpt(t->master), 0);
    assert_int_equal(unlockpt(t->master), 0);
    t->slave = open(ptsname(t->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(t->slave >= 0);
    t->child = fork();
    if (t->child == 0) {
        (void)setsid();
        (void)dup2(t->slave, STDIN_FILENO);
        if (ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0)
            _exit(98);
        _exit(read_in_child(want));
    }
}

/* Reads what the terminal shows until it ends with `end`. */
static void terminal_shows(const struct terminal *t, char shown[512], const char *end)
{
    size_t have = 0;

    shown[0] = '\0';
    while (have < strlen(end) || strcmp(shown + have - strlen(end), end) != 0) {
        struct pollfd pfd = {.fd = t->master, .events = POLLIN};
        ssize_t n;

        assert_int_equal(poll(&pfd, 1, 30000), 1);
        n = read(t->master, shown + have, 511 - have);
        assert_true(n > 0);
        have += (size_t)n;
        shown[have] = '\0';
    }
}

static bool terminal_echoes(const struct terminal *t)
{
    struct termios settings;

    assert_int_equal(tcgetattr(t->slave, &settings), 0);
    return (settings.c_lflag & ECHO) != 0;
}

static int terminal_close(struct terminal *t)
{
    int status;

    assert_int_equal(waitpid(t->child, &status, 0), t->child);
    assert_true(terminal_echoes(t));
    (void)close(t->slave);
    (void)close(t->master);
    return status;
}

static void test_from_terminal(void **state)
{
    struct terminal t;
    char shown[512];
    int status;

    (void)state;
    terminal_open(&t, "secret");
    terminal_shows(&t, shown, "token: ");
    assert_false(terminal_echoes(&t));
    assert_int_equal(write(t.master, "secret\n", 7), 7);
    terminal_shows(&t, shown, "\r\n");
    assert_null(strstr(shown, "secret"));
    status = terminal_close(&t);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), TOKEN_READ);
}

/* ^C ends the program as ever, on a terminal that echoes again. */
static void test_interrupted(void **state)
{
    struct terminal t;
    char shown[512];
    int status;

    (void)state;
    terminal_open(&t, "");
    terminal_shows(&t, shown, "token: ");
    assert_int_equal(write(t.master, "sec\x03", 4), 4);
    status = terminal_close(&t);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGINT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_string),   cmocka_unit_test(test_json_number),
        cmocka_unit_test(test_from_pipe),     cmocka_unit_test(test_no_input),
        cmocka_unit_test(test_from_terminal), cmocka_unit_test(test_interrupted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
