/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define NAME     "dblab-authd"
#define LINE_MAX 2048 /* less than PIPE_BUF, see to_stderr() */

/* Equal lines within this time are counted instead of written. */
#define REPEAT_TIME (10 * DBA_SECOND)

/* A process has one log; so is this. */
static struct {
    char last[LINE_MAX];
    int priority; /* of `last` */
    dba_time written;
    unsigned repeated;
    int fd; /* connected to /dev/log, or -1 */
    unsigned lost;
    bool stderr_too;
} state = {.fd = -1, .stderr_too = true};

static bool is_journal(const struct stat *st)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char own[64];

    (void)snprintf(own, sizeof own, "%ju:%ju", (uintmax_t)st->st_dev, (uintmax_t)st->st_ino);
    return stream != NULL && strcmp(stream, own) == 0;
}

void log_open(void)
{
    struct stat st;
    struct stat null;

    state.stderr_too = fstat(STDERR_FILENO, &st) == 0 && !is_journal(&st) &&
                       (stat("/dev/null", &null) != 0 || null.st_rdev != st.st_rdev);
}

static int priority_of(enum dba_level level)
{
    switch (level) {
    case DBA_LEVEL_ERROR:
        return LOG_ERR;
    case DBA_LEVEL_WARNING:
        return LOG_WARNING;
    case DBA_LEVEL_NOTICE:
        return LOG_NOTICE;
    case DBA_LEVEL_DEBUG:
        return LOG_DEBUG;
    }
    return LOG_ERR;
}

/* ---- syslog ---- */

static bool syslog_connect(void)
{
    static const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};

    state.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (state.fd < 0)
        return false;
    if (connect(state.fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return true;
    (void)close(state.fd);
    state.fd = -1;
    return false;
}

static bool syslog_send(const char *line, size_t len)
{
    /* Twice: the first may find that the log was restarted since. */
    for (int i = 0; i < 2 && (state.fd >= 0 || syslog_connect()); i++) {
        if (send(state.fd, line, len, MSG_NOSIGNAL) >= 0)
            return true;
        if (errno == EAGAIN || errno == ENOBUFS)
            return false;
        (void)close(state.fd);
        state.fd = -1;
    }
    return false;
}

/* As syslog(3) writes it. */
static bool to_syslog(int priority, const char *text)
{
    time_t now = time(NULL);
    char line[LINE_MAX + 128];
    char when[32];
    struct tm tm;
    int len;

    if (localtime_r(&now, &tm) == NULL || strftime(when, sizeof when, "%b %e %T", &tm) == 0)
        when[0] = '\0';
    len = snprintf(line, sizeof line, "<%d>%s " NAME "[%d]: %s", LOG_AUTHPRIV | priority, when,
                   (int)getpid(), text);
    return syslog_send(line, (size_t)len);
}

/* ---- standard error ---- */

/* A pipe that poll(2) calls writable takes PIPE_BUF bytes without waiting, pipe(7). */
static void to_stderr(const char *text)
{
    struct pollfd ask = {.fd = STDERR_FILENO, .events = POLLOUT};
    char line[LINE_MAX + 32];
    int len = snprintf(line, sizeof line, NAME ": %s\n", text);

    if (poll(&ask, 1, 0) == 1 && (ask.revents & POLLOUT) != 0)
        len = (int)write(STDERR_FILENO, line, (size_t)len);
    (void)len;
}

/* ---- lines ---- */

static void write_line(int priority, const char *text)
{
    char note[64];

    if (state.lost > 0) {
        (void)snprintf(note, sizeof note, "log lines lost=%u", state.lost);
        if (to_syslog(LOG_WARNING, note))
            state.lost = 0;
    }
    state.lost += !to_syslog(priority, text);
    if (priority != LOG_DEBUG && state.stderr_too)
        to_stderr(text);
}

static void flush_repeats(void)
{
    char line[LINE_MAX + 32];

    if (state.repeated == 0)
        return;
    (void)snprintf(line, sizeof line, "%s repeated=%u", state.last, state.repeated);
    state.repeated = 0;
    write_line(state.priority, line);
}

void log_text(enum dba_level level, const char *text)
{
    dba_time now = dba_clock_boot();

    if (strcmp(text, state.last) == 0 && now - state.written < REPEAT_TIME) {
        state.repeated++;
        return;
    }
    flush_repeats();
    (void)snprintf(state.last, sizeof state.last, "%s", text);
    state.written = now;
    state.priority = priority_of(level);
    write_line(state.priority, state.last);
}

void log_line(enum dba_level level, const char *format, ...)
{
    char line[LINE_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    log_text(level, line);
}
