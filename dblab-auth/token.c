/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a token comes from: the terminal, without echo, or standard input where that is none;
 * never an argument or the environment, which others could read.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "dblab-auth/command.h"

/* One more than a token may have, so that a longer line is seen to be one. */
#define LINE_MAX_BYTES (DBA_TOKEN_MAX + 1)

enum got { GOT_LINE, GOT_TOO_LONG, GOT_NOTHING };

/* Byte by byte, so that what stands behind the line is left to whom it is meant for. */
static enum got read_line(int fd, char *buf, size_t *len)
{
    *len = 0;
    while (*len < LINE_MAX_BYTES) {
        ssize_t n = read(fd, buf + *len, 1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return GOT_NOTHING;
        if (n == 0 || buf[*len] == '\n')
            return GOT_LINE;
        (*len)++;
    }
    return GOT_TOO_LONG;
}

/* Waits until the terminal has a line (0) or a signal came (its number); -1: neither can be. */
static int wait_for_line(int tty, int signals)
{
    struct pollfd fds[] = {{.fd = tty, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    struct signalfd_siginfo info;

    while (poll(fds, 2, -1) < 0)
        if (errno != EINTR)
            return -1;
    if (fds[1].revents != 0)
        return read(signals, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : -1;
    return 0;
}

static enum got ask_without_echo(int tty, int signals, char *buf, size_t *len, int *signo)
{
    static const char prompt[] = "Database Lab token: ";
    struct termios old;
    struct termios quiet;
    enum got got = GOT_NOTHING;

    if (tcgetattr(tty, &old) != 0)
        return GOT_NOTHING;
    quiet = old;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(tty, TCSAFLUSH, &quiet) != 0)
        return GOT_NOTHING;
    if (write(tty, prompt, sizeof prompt - 1) > 0) {
        *signo = wait_for_line(tty, signals);
        if (*signo == 0)
            got = read_line(tty, buf, len);
    }
    /* Flushing drops the rest of a line that was too long: it must not reach the shell. */
    (void)tcsetattr(tty, TCSAFLUSH, &old);
    if (write(tty, "\n", 1) < 0)
        got = GOT_NOTHING;
    return got;
}

/*
 * The signals that end us wait until the terminal echoes again; so does a stop, which would
 * leave a shell on a silent terminal.
 */
static enum got read_from_terminal(char *buf, size_t *len)
{
    sigset_t held;
    sigset_t before;
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    int signals = -1;
    int signo = 0;
    enum got got = GOT_NOTHING;

    (void)sigemptyset(&held);
    (void)sigaddset(&held, SIGHUP);
    (void)sigaddset(&held, SIGINT);
    (void)sigaddset(&held, SIGQUIT);
    (void)sigaddset(&held, SIGTERM);
    (void)sigaddset(&held, SIGTSTP);
    (void)sigprocmask(SIG_BLOCK, &held, &before);
    signals = signalfd(-1, &held, SFD_CLOEXEC);
    if (tty >= 0 && signals >= 0)
        got = ask_without_echo(tty, signals, buf, len, &signo);
    if (signals >= 0)
        (void)close(signals);
    if (tty >= 0)
        (void)close(tty);
    if (signo > 0)
        (void)raise(signo);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return got;
}

enum token_read token_read(struct dba_token *token)
{
    char buf[LINE_MAX_BYTES];
    size_t len = 0;
    enum got got;
    enum dba_err err = DBA_ERR_SIZE;

    *token = (struct dba_token){0};
    /* No core of ours has it, and nobody of our own uid can look. */
    (void)prctl(PR_SET_DUMPABLE, 0);
    got = isatty(STDIN_FILENO) ? read_from_terminal(buf, &len)
                               : read_line(STDIN_FILENO, buf, &len);
    if (got == GOT_LINE)
        err = dba_token_set(token, buf, len);
    dba_wipe(buf, sizeof buf);
    if (got == GOT_NOTHING)
        return TOKEN_NONE;
    return err == DBA_OK ? TOKEN_READ : TOKEN_BAD_FORM;
}
