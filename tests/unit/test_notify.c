/* SPDX-License-Identifier: Apache-2.0 */
/* What a supervisor hands over, believed only if it is what it should be, and what it is told.
 */
#include "dblab-authd/keeper/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int setup(void **state)
{
    (void)state;
    return clearenv();
}

/* An abstract name of this process: nothing is left in any folder. */
static int bind_abstract(int type, char *name, size_t cap)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    (void)snprintf(name, cap, "@dblab-test-%d", (int)getpid());
    memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
                     0);
    return fd;
}

static void test_tell(void **state)
{
    struct notify notify;
    char name[64];
    char got[128];
    int fd = bind_abstract(SOCK_DGRAM, name, sizeof name);
    ssize_t len;

    (void)state;
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    notify_read(&notify);
    notify_send(&notify, "READY=1\n");
    len = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
    assert_int_equal(len, 8);
    assert_memory_equal(got, "READY=1\n", 8);
    notify_reloading(&notify);
    len = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
    assert_true(len > 0);
    got[len] = '\0';
    assert_int_equal(strncmp(got, "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
    close(fd);
    notify_send(&notify, "READY=1\n"); /* nobody is there any more: no harm */
}

static void test_nobody_to_tell(void **state)
{
    static const char *const names[] = {"", "@", "relative", "/", "vsock:1:2"};
    struct notify notify;
    char name[300];

    (void)state;
    notify_read(&notify);
    assert_int_equal(notify.length, 0);
    notify_send(&notify, "READY=1\n");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(setenv("NOTIFY_SOCKET", names[i], 1), 0);
        notify_read(&notify);
        assert_int_equal(notify.length, 0);
    }
    memset(name, 'x', sizeof name);
    name[0] = '/';
    name[sizeof name - 1] = '\0';
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    notify_read(&notify);
    assert_int_equal(notify.length, 0);
}

/* Puts `fd` where a supervisor does. */
static int handed_over(int fd, const char *pid, const char *count)
{
    struct notify notify;

    if (fd >= 0)
        assert_int_equal(dup2(fd, 3), 3);
    else
        close(3);
    assert_int_equal(setenv("LISTEN_PID", pid, 1), 0);
    assert_int_equal(setenv("LISTEN_FDS", count, 1), 0);
    notify_read(&notify);
    return notify.activated_fd;
}

static void test_activation(void **state)
{
    const struct sockaddr_in loopback = {.sin_family = AF_INET,
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char pid[16];
    char name[64];
    int unix_fd, tcp, datagram;
    int occupied = dup(STDERR_FILENO); /* may be 3: then it is in the way of nothing below */

    (void)state;
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    while (occupied >= 0 && occupied <= 3)
        occupied = dup(STDERR_FILENO);
    unix_fd = bind_abstract(SOCK_STREAM, name, sizeof name);
    assert_int_equal(handed_over(unix_fd, pid, "1"), -1); /* it does not listen */
    assert_int_equal(listen(unix_fd, 1), 0);
    assert_int_equal(handed_over(unix_fd, pid, "1"), 3);
    assert_true((fcntl(3, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(handed_over(unix_fd, pid, "2"), 3);
    assert_int_equal(handed_over(unix_fd, pid, "0"), -1);
    assert_int_equal(handed_over(unix_fd, pid, "x"), -1);
    assert_int_equal(handed_over(unix_fd, "1", "1"), -1); /* another's */
    assert_int_equal(handed_over(-1, pid, "1"), -1);

    tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(tcp, (const struct sockaddr *)&loopback, sizeof loopback), 0);
    assert_int_equal(listen(tcp, 1), 0);
    assert_int_equal(handed_over(tcp, pid, "1"), -1);
    datagram = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(handed_over(datagram, pid, "1"), -1);
    close(tcp);
    close(datagram);
    close(unix_fd);
    close(3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_tell, setup),
        cmocka_unit_test_setup(test_nobody_to_tell, setup),
        cmocka_unit_test_setup(test_activation, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
