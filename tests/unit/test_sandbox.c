/* SPDX-License-Identifier: Apache-2.0 */
/* What the checker's sandbox lets through, in processes of their own. */
#include "dblab-authd/checker/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PASSED 7 /* exit status; a sandbox that cannot be entered is another */

/* Runs `fn` in the sandbox, in a child; how it ended. */
static int inside(bool (*fn)(void))
{
    int status = -1;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(!sandbox_enter() ? 2 : fn() ? PASSED : 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static bool passes(bool (*fn)(void))
{
    int status = inside(fn);

    return WIFEXITED(status) && WEXITSTATUS(status) == PASSED;
}

static bool dies(bool (*fn)(void))
{
    int status = inside(fn);

    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static bool execute(void)
{
    char *const argv[] = {(char[]){"true"}, NULL};

    (void)execv("/bin/true", argv);
    return false;
}

static bool trace(void)
{
    (void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    return false;
}

static void test_kills(void **state)
{
    (void)state;
    assert_true(dies(execute));
    assert_true(dies(trace));
}

static bool fork_fails(void)
{
    return fork() < 0 && errno == EPERM;
}

static bool writing_fails(void)
{
    return open("/dev/null", O_WRONLY | O_CLOEXEC) < 0 && errno == EPERM &&
           open("/dev/null", O_RDWR | O_CLOEXEC) < 0 && errno == EPERM &&
           open("/tmp/dblab-sandbox", O_RDONLY | O_CREAT | O_CLOEXEC, 0600) < 0 &&
           errno == EPERM && unlink("/tmp/dblab-sandbox") < 0 && errno == EPERM;
}

static bool other_sockets_fail(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EPERM &&
           socket(AF_ALG, SOCK_SEQPACKET, 0) < 0 && errno == EPERM;
}

static bool executable_memory_fails(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return memory != MAP_FAILED && mprotect(memory, 4096, PROT_READ | PROT_EXEC) < 0 &&
           errno == EPERM &&
           mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
               MAP_FAILED &&
           errno == EPERM;
}

static bool signals_fail(void)
{
    return kill(getppid(), 0) < 0 && errno == EPERM;
}

static void test_fails(void **state)
{
    (void)state;
    assert_true(passes(fork_fails));
    assert_true(passes(writing_fails));
    assert_true(passes(other_sockets_fail));
    assert_true(passes(executable_memory_fails));
    assert_true(passes(signals_fail));
}

static bool reading_works(void)
{
    char byte;
    int fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);

    return (fd >= 0 && read(fd, &byte, 1) >= 0 && close(fd) == 0) || errno == ENOENT;
}

static bool network_works(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 && socket(AF_UNIX, SOCK_STREAM, 0) >= 0 &&
           (socket(AF_INET6, SOCK_STREAM, 0) >= 0 || errno == EAFNOSUPPORT);
}

static void *look_up(void *found)
{
    struct addrinfo *list = NULL;

    *(bool *)found = getaddrinfo("localhost", NULL, NULL, &list) == 0;
    freeaddrinfo(list);
    return NULL;
}

/* In a thread, with the name services' own files, sockets and libraries. */
static bool lookup_works(void)
{
    pthread_t thread;
    bool found = false;

    return pthread_create(&thread, NULL, look_up, &found) == 0 &&
           pthread_join(thread, NULL) == 0 && found;
}

static void test_works(void **state)
{
    (void)state;
    assert_true(passes(reading_works));
    assert_true(passes(network_works));
    assert_true(passes(lookup_works));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kills),
        cmocka_unit_test(test_fails),
        cmocka_unit_test(test_works),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
