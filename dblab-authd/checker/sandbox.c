/* SPDX-License-Identifier: Apache-2.0 */
/* The one file that includes libseccomp. */
#include "dblab-authd/checker/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

/*
 * What libc with its name services, libevent, libcurl and OpenSSL need, with some that other
 * versions of theirs use for the same. Those that an architecture does not have, libseccomp
 * leaves out.
 */
static const int allowed[] = {
    /* descriptors */
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev),
    SCMP_SYS(close), SCMP_SYS(lseek), SCMP_SYS(fcntl), SCMP_SYS(dup), SCMP_SYS(poll),
    SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2),
    SCMP_SYS(eventfd2), SCMP_SYS(pipe2), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime),
    /* files: certificates, name services and their libraries */
    SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statx),
    SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
    SCMP_SYS(readlinkat), SCMP_SYS(getdents64), SCMP_SYS(getcwd),
    /* network */
    SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
    SCMP_SYS(setsockopt), SCMP_SYS(getsockopt), SCMP_SYS(sendto), SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg),
    SCMP_SYS(shutdown),
    /* memory and threads */
    SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(futex),
    SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(membarrier), SCMP_SYS(gettid),
    SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(restart_syscall),
    SCMP_SYS(exit), SCMP_SYS(exit_group),
    /* time and chance */
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom),
    /* about itself */
    SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
    SCMP_SYS(getegid), SCMP_SYS(getrlimit), SCMP_SYS(uname), SCMP_SYS(sysinfo),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack), SCMP_SYS(tgkill), /* abort() */
};

/* Nobody honest asks for these here. */
static const int killed[] = {
    SCMP_SYS(execve),           SCMP_SYS(execveat),          SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
};

/* AF_UNIX and AF_NETLINK are for name services (nscd, resolved; the order of addresses). */
static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

/* How much there is to read (resolver), and not to block (libcurl). */
static const unsigned long requests[] = {FIONREAD, FIONBIO};

static bool allow(scmp_filter_ctx ctx, int call, struct scmp_arg_cmp condition)
{
    return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 1, condition) == 0;
}

static bool allow_open(scmp_filter_ctx ctx)
{
    const scmp_datum_t writing = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;

    return allow(ctx, SCMP_SYS(openat), SCMP_A2(SCMP_CMP_MASKED_EQ, writing, O_RDONLY)) &&
           allow(ctx, SCMP_SYS(open), SCMP_A1(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
}

/* What can be executed comes out of files (a name service's library), which it cannot write. */
static bool allow_memory(scmp_filter_ctx ctx)
{
    return allow(ctx, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) &&
           allow(ctx, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) &&
           allow(ctx, SCMP_SYS(mmap), SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, 0));
}

/* Threads, no processes. clone3's flags are behind a pointer that a filter cannot follow: with
 * ENOSYS the C library takes clone. */
static bool allow_threads(scmp_filter_ctx ctx)
{
    return allow(ctx, SCMP_SYS(clone),
                 SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)) &&
           seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
}

static bool allow_by_argument(scmp_filter_ctx ctx)
{
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (!allow(ctx, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i], 0)))
            return false;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        if (!allow(ctx, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, requests[i], 0)))
            return false;
    /* libcurl's own to wake itself; and to read a limit, not to set one of anybody. */
    return allow(ctx, SCMP_SYS(socketpair), SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0)) &&
           allow(ctx, SCMP_SYS(prlimit64), SCMP_A2(SCMP_CMP_EQ, 0, 0));
}

bool sandbox_enter(void)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    bool ok = ctx != NULL && seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1) == 0;
    int error = 0;

    for (size_t i = 0; ok && i < sizeof allowed / sizeof allowed[0]; i++)
        ok = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
    for (size_t i = 0; ok && i < sizeof killed / sizeof killed[0]; i++)
        ok = seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, killed[i], 0) == 0;
    ok = ok && allow_open(ctx) && allow_memory(ctx) && allow_threads(ctx) &&
         allow_by_argument(ctx);
    if (ok) {
        error = seccomp_load(ctx);
        ok = error == 0;
    }
    if (ctx != NULL)
        seccomp_release(ctx);
    errno = error != 0 ? -error : ok ? 0 : ENOSYS;
    return ok;
}
