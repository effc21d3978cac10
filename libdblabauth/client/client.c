/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every wait is by poll(2) or by the kernel's own timeout, up to the one deadline: a host may
 * use SIGALRM for itself (PostgreSQL's authentication_timeout does), so a signal only makes us
 * look at the clock again.
 */
#include "client/client.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* Pauses before another try where there is nothing to wait on: the daemon is being restarted,
 * or hangs up on us because its connections are all taken. */
#define PAUSE_MIN_MS 5
#define PAUSE_MAX_MS 100

/* The daemon is told to answer a tenth, at most this, before we give up: its "unavailable" says
 * why, ours would only say that nobody answered. */
#define HEADROOM_MAX_MS 100

static void pause_until(dba_time deadline, int *pause_ms)
{
    int left = dba_time_poll_msec(deadline, dba_clock_monotonic());

    (void)poll(NULL, 0, *pause_ms < left ? *pause_ms : left);
    *pause_ms *= 2;
    if (*pause_ms > PAUSE_MAX_MS)
        *pause_ms = PAUSE_MAX_MS;
}

static enum dba_err wait_for(int fd, short events, dba_time deadline)
{
    struct pollfd pfd = {.fd = fd, .events = events};

    for (;;) {
        int left = dba_time_poll_msec(deadline, dba_clock_monotonic());
        int n = poll(&pfd, 1, left);

        if (n > 0)
            return DBA_OK;
        if (n == 0 && left == 0)
            return DBA_ERR_TIMEOUT;
        if (n < 0 && errno != EINTR)
            return DBA_ERR_SYSTEM;
    }
}

/* Who listens there must be root or ourselves: a token goes to nobody else. */
static enum dba_err check_peer(int fd)
{
    struct ucred cred;
    socklen_t len = sizeof cred;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0 || len != sizeof cred)
        return DBA_ERR_SYSTEM;
    return cred.uid == 0 || cred.uid == geteuid() ? DBA_OK : DBA_ERR_PEER;
}

static enum dba_err connect_error(int error)
{
    switch (error) {
    case EAGAIN: /* the backlog was full until the deadline */
        return DBA_ERR_TIMEOUT;
    case ECONNREFUSED:
    case ENOENT:
        return DBA_ERR_REFUSED;
    default:
        return DBA_ERR_SYSTEM;
    }
}

/*
 * Waits in a backlog that is full: the kernel wakes us, in turn, when there is room. (A socket
 * that does not block would get EAGAIN instead, and its pauses would be guesses.)
 */
static enum dba_err connect_until(int fd, const struct sockaddr_un *address, dba_time deadline)
{
    for (;;) {
        int left = dba_time_poll_msec(deadline, dba_clock_monotonic());
        struct timeval most = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000L};

        if (left == 0) /* as a timeout of the socket it would mean "for ever" */
            return DBA_ERR_TIMEOUT;
        if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most) != 0)
            return DBA_ERR_SYSTEM;
        if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0)
            return DBA_OK;
        if (errno != EINTR)
            return connect_error(errno);
    }
}

static enum dba_err connect_to(const char *path, dba_time deadline, int *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    enum dba_err err;
    int fd;

    *out = -1;
    if (len == 0 || len >= sizeof address.sun_path)
        return DBA_ERR_ARGUMENT;
    memcpy(address.sun_path, path, len);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return DBA_ERR_SYSTEM;
    err = connect_until(fd, &address, deadline);
    if (err == DBA_OK)
        err = check_peer(fd);
    if (err == DBA_OK)
        *out = fd;
    else
        (void)close(fd);
    return err;
}

static enum dba_err io_error(int error)
{
    return error == EPIPE || error == ECONNRESET ? DBA_ERR_CLOSED : DBA_ERR_SYSTEM;
}

static enum dba_err send_all(int fd, const uint8_t *buf, size_t len, dba_time deadline)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = send(fd, buf + done, len - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        enum dba_err err = DBA_OK;

        if (n >= 0)
            done += (size_t)n;
        else if (errno == EAGAIN)
            err = wait_for(fd, POLLOUT, deadline);
        else if (errno != EINTR)
            err = io_error(errno);
        if (err != DBA_OK)
            return err;
    }
    return DBA_OK;
}

/* An answer is never there at once: wait first, and one recv(2) is enough. */
static enum dba_err receive_some(int fd, uint8_t *buf, size_t cap, dba_time deadline,
                                 size_t *got)
{
    *got = 0;
    for (;;) {
        enum dba_err err = wait_for(fd, POLLIN, deadline);
        ssize_t n = err == DBA_OK ? recv(fd, buf, cap, MSG_DONTWAIT) : 0;

        if (err != DBA_OK)
            return err;
        if (n == 0)
            return DBA_ERR_CLOSED;
        if (n > 0) {
            *got = (size_t)n;
            return DBA_OK;
        }
        if (errno != EAGAIN && errno != EINTR)
            return io_error(errno);
    }
}

static enum dba_err receive_reply(int fd, dba_time deadline, uint8_t *buf, size_t cap,
                                  struct dba_reply *reply)
{
    size_t have = 0;
    size_t total = 0;
    size_t got;

    for (;;) {
        enum dba_err err = dba_reply_length(buf, have, &total);

        if (err == DBA_OK && have == total)
            return dba_reply_decode(buf, total, reply);
        if (err == DBA_OK && (total > cap || have > total))
            return DBA_ERR_FORM;
        if (err != DBA_OK && err != DBA_ERR_SHORT)
            return err;
        if (have == cap)
            return DBA_ERR_SIZE;
        if (dba_clock_monotonic() >= deadline) /* a server that drips never lets poll wait */
            return DBA_ERR_TIMEOUT;
        err = receive_some(fd, buf + have, cap - have, deadline, &got);
        if (err != DBA_OK)
            return err;
        have += got;
    }
}

static uint32_t time_to_answer(dba_time deadline)
{
    int left = dba_time_poll_msec(deadline, dba_clock_monotonic());

    return (uint32_t)(left - (left / 10 < HEADROOM_MAX_MS ? left / 10 : HEADROOM_MAX_MS));
}

static enum dba_err exchange(int fd, dba_time deadline, struct dba_request *request,
                             uint8_t *buf, size_t cap, struct dba_reply *reply)
{
    uint8_t frame[DBA_REQUEST_MAX];
    size_t len;
    enum dba_err err;

    request->wait_ms = time_to_answer(deadline);
    err = dba_request_encode(request, frame, &len);
    if (err == DBA_OK)
        err = send_all(fd, frame, len, deadline);
    dba_wipe(frame, sizeof frame);
    if (err == DBA_OK)
        err = receive_reply(fd, deadline, buf, cap, reply);
    if (err == DBA_OK && reply->op != request->op)
        err = DBA_ERR_FORM;
    return err;
}

enum dba_err dba_client_ask(const char *socket_path, dba_time deadline,
                            struct dba_request *request, uint8_t *buf, size_t cap,
                            struct dba_reply *reply)
{
    bool accepted = false; /* somebody was there: a refusal now is a restart, not an answer */
    int pause_ms = PAUSE_MIN_MS;
    enum dba_err err;
    int fd;

    for (;;) {
        err = connect_to(socket_path, deadline, &fd);
        if (err == DBA_OK) {
            accepted = true;
            err = exchange(fd, deadline, request, buf, cap, reply);
            (void)close(fd);
        }
        if (err != DBA_ERR_CLOSED && !(err == DBA_ERR_REFUSED && accepted))
            break;
        err = DBA_ERR_TIMEOUT;
        if (dba_clock_monotonic() >= deadline)
            break;
        pause_until(deadline, &pause_ms);
    }
    if (err != DBA_OK)
        *reply = (struct dba_reply){.op = request->op, .reason = DBA_REASON_NO_DAEMON};
    return err;
}
