/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "base/token.h"
#include "dblab-authd/common/process.h"
#include "dblab-authd/keeper/log.h"

/* While requests are out the checker is asked this often whether it lives, and has so long to
 * say so: a login that waits must outlast a checker that hangs. */
#define PING_EVERY  (100 * DBA_MSEC)
#define SILENCE_MAX (500 * DBA_MSEC)
#define START_MAX   (5 * DBA_SECOND) /* exec, libraries, the system's certificates */

/* A checker that dies again and again is started less and less often. */
#define RESTART_MIN (10 * DBA_MSEC)
#define RESTART_MAX DBA_SECOND

struct queued {
    struct queued *next;
    struct link_frame frame;
};

struct child {
    struct loop *loop;
    struct child_options options;
    struct link_setup setup;
    char ca_file[LINK_URL_MAX + 1];
    struct child_events events;
    pid_t pid;
    int fd;
    struct loop_fd *watch;
    struct loop_timer *ping_timer, *restart_timer;
    struct queued *first, **last; /* frames that did not fit the socket */
    bool ready;
    bool wants_lost; /* something was asked for while there was nobody */
    size_t out;      /* checks without an answer */
    dba_time heard;
    dba_time started;
    dba_time restart_after;
};

/* ---- the process ---- */

static void die(const char *what)
{
    (void)dprintf(STDERR_FILENO, "dblab-authd-checker: %s: %s\n", what, strerror(errno));
    _exit(1);
}

static void place_fd(int from, int to)
{
    if (from == to) {
        if (fcntl(to, F_SETFD, 0) != 0)
            die("fcntl");
    } else if (dup2(from, to) < 0) {
        die("dup2");
    }
}

/* In the new process, after fork(2) of a program with one thread: becomes the checker. */
static void become(const struct child_options *options, int link, int ca, pid_t parent)
{
    char *const argv[] = {(char[]){"dblab-authd-checker"}, NULL};
    char *const env[] = {NULL};
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    if (!process_standard_fds())
        die("standard descriptors");
    /* Out of the way of the two places first: either may stand on the other's. */
    link = fcntl(link, F_DUPFD, LINK_CA_FD + 1);
    ca = fcntl(ca, F_DUPFD, LINK_CA_FD + 1);
    if (link < 0 || ca < 0)
        die("fcntl");
    place_fd(link, LINK_FD);
    place_fd(ca, LINK_CA_FD);
    process_close_from(LINK_CA_FD + 1);
    if (setgroups(0, NULL) != 0 || setresgid(options->gid, options->gid, options->gid) != 0 ||
        setresuid(options->uid, options->uid, options->uid) != 0)
        die("changing to the system user");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        die("prctl");
    if (getppid() != parent)
        _exit(0); /* it died before the line above */
    (void)execve(options->program, argv, env);
    die(options->program);
}

static int open_ca(const struct child *child)
{
    return open(child->setup.has_ca ? child->ca_file : "/dev/null", O_RDONLY | O_CLOEXEC);
}

static bool spawn(struct child *child)
{
    pid_t parent = getpid();
    int pair[2] = {-1, -1};
    int ca = open_ca(child);
    bool ok = false;

    if (ca < 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        goto out;
    child->pid = fork();
    if (child->pid == 0)
        become(&child->options, pair[1], ca, parent);
    if (child->pid < 0) {
        child->pid = 0;
        goto out;
    }
    child->fd = pair[0];
    pair[0] = -1;
    ok = true;
out:
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0)
            (void)close(pair[i]);
    if (ca >= 0)
        (void)close(ca);
    return ok;
}

/* ---- frames ---- */

static void drop_queue(struct child *child)
{
    while (child->first != NULL) {
        struct queued *q = child->first;

        child->first = q->next;
        dba_wipe(q, sizeof *q);
        free(q);
    }
    child->last = &child->first;
}

static void flush(struct child *child)
{
    while (child->first != NULL && link_send(child->fd, &child->first->frame)) {
        struct queued *q = child->first;

        child->first = q->next;
        if (child->first == NULL)
            child->last = &child->first;
        dba_wipe(q, sizeof *q);
        free(q);
    }
    /* Any error but a full buffer shows itself when the socket is read. */
    loop_fd_want(child->watch, child->first != NULL ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

static void put_frame(struct child *child, const struct link_frame *frame)
{
    struct queued *q;

    if (child->first == NULL && link_send(child->fd, frame))
        return;
    q = calloc(1, sizeof *q);
    if (q == NULL)
        return; /* the core's own timer ends the request */
    q->frame = *frame;
    *child->last = q;
    child->last = &q->next;
    loop_fd_want(child->watch, LOOP_READ | LOOP_WRITE);
}

/* ---- life and death ---- */

static void on_socket(int fd, unsigned events, void *arg);

static void reap(struct child *child)
{
    if (child->pid == 0)
        return;
    (void)kill(child->pid, SIGKILL);
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    child->pid = 0;
}

static void stop(struct child *child)
{
    loop_fd_free(&child->watch);
    if (child->fd >= 0)
        (void)close(child->fd);
    child->fd = -1;
    reap(child);
    drop_queue(child);
    child->ready = false;
    child->out = 0;
    loop_timer_set(child->ping_timer, DBA_NEVER);
}

static bool start(struct child *child)
{
    struct link_frame frame = {.kind = LINK_SETUP};

    if (!spawn(child))
        return false;
    child->watch = loop_fd_new(child->loop, child->fd, LOOP_READ, on_socket, child);
    if (child->watch == NULL) {
        stop(child);
        return false;
    }
    child->started = child->heard = dba_clock_boot();
    frame.u.setup = child->setup;
    put_frame(child, &frame);
    dba_wipe(&frame, sizeof frame);
    loop_timer_set(child->ping_timer, child->started + PING_EVERY);
    return true;
}

static void restart_later(struct child *child)
{
    loop_timer_set(child->restart_timer, dba_clock_boot() + child->restart_after);
    child->restart_after *= 2;
    if (child->restart_after > RESTART_MAX)
        child->restart_after = RESTART_MAX;
}

static void on_restart(void *arg)
{
    struct child *child = arg;
    bool lost = child->wants_lost;

    if (!start(child)) {
        log_line(DBA_LEVEL_ERROR, "checker cannot be started error=\"%s\"", strerror(errno));
        restart_later(child);
        return;
    }
    child->wants_lost = false;
    if (lost)
        child->events.lost(child->events.arg);
}

static void replace(struct child *child, const char *why)
{
    log_line(DBA_LEVEL_WARNING, "checker replaced reason=\"%s\" requests=%zu", why, child->out);
    child->wants_lost |= child->out > 0;
    stop(child);
    restart_later(child);
}

static void on_ping(void *arg)
{
    struct child *child = arg;
    struct link_frame ping = {.kind = LINK_PING};
    dba_time now = dba_clock_boot();
    dba_time most = child->ready ? SILENCE_MAX : START_MAX;

    if (child->ready && child->out == 0)
        return; /* nobody waits: it may sleep */
    if (now - child->heard > most) {
        replace(child, "it hangs");
        return;
    }
    put_frame(child, &ping);
    loop_timer_set(child->ping_timer, now + PING_EVERY);
}

static void on_frame(struct child *child, const struct link_frame *frame)
{
    child->heard = dba_clock_boot();
    switch (frame->kind) {
    case LINK_READY:
        child->ready = true;
        break;
    case LINK_ANSWER:
        child->restart_after = RESTART_MIN;
        if (child->out > 0)
            child->out--;
        child->events.answer(frame->u.answer.id, &frame->u.answer.answer, child->events.arg);
        break;
    case LINK_COLD:
        child->events.cold(child->events.arg);
        break;
    default: /* PONG was heard above; a number from outside */
        break;
    }
}

static void on_socket(int fd, unsigned events, void *arg)
{
    struct child *child = arg;
    struct link_frame frame;
    int got = 0;

    if ((events & LOOP_WRITE) != 0)
        flush(child);
    /* A callback may have replaced the checker: then this is no longer its socket. */
    while (child->fd == fd && (got = link_receive(fd, &frame)) > 0) {
        if (frame.kind == LINK_ANSWER &&
            !link_answer_valid(&frame, link_frame_size(LINK_ANSWER))) {
            got = -1;
            break;
        }
        on_frame(child, &frame);
    }
    if (child->fd == fd && got < 0)
        replace(child, "it ended");
}

/* ---- what the keeper calls ---- */

static void set_setup(struct child *child, const struct link_setup *setup, const char *ca_file)
{
    child->setup = *setup;
    (void)dba_text_copy(child->ca_file, sizeof child->ca_file, ca_file);
}

struct child *child_new(struct loop *loop, const struct child_options *options,
                        const struct link_setup *setup, const char *ca_file,
                        const struct child_events *events)
{
    struct child *child = calloc(1, sizeof *child);

    if (child == NULL)
        return NULL;
    child->loop = loop;
    child->options = *options;
    child->events = *events;
    child->fd = -1;
    child->last = &child->first;
    child->restart_after = RESTART_MIN;
    set_setup(child, setup, ca_file);
    child->ping_timer = loop_timer_new(loop, on_ping, child);
    child->restart_timer = loop_timer_new(loop, on_restart, child);
    if (child->ping_timer == NULL || child->restart_timer == NULL || !start(child))
        child_free(&child);
    return child;
}

void child_free(struct child **child)
{
    if (*child == NULL)
        return;
    stop(*child);
    loop_timer_free(&(*child)->ping_timer);
    loop_timer_free(&(*child)->restart_timer);
    dba_wipe(*child, sizeof **child);
    free(*child);
    *child = NULL;
}

void child_setup(struct child *child, const struct link_setup *setup, const char *ca_file)
{
    set_setup(child, setup, ca_file);
    stop(child);
    child->wants_lost = false;
    loop_timer_set(child->restart_timer, DBA_NEVER);
    if (!start(child))
        restart_later(child);
}

void child_check(struct child *child, uint32_t id, const struct dba_token *token,
                 const struct dba_token *access)
{
    struct link_frame frame = {.kind = LINK_CHECK};

    if (child->fd < 0) {
        child->wants_lost = true;
        return;
    }
    frame.u.check.id = id;
    frame.u.check.token = *token;
    frame.u.check.access = *access;
    put_frame(child, &frame);
    dba_wipe(&frame, sizeof frame);
    if (child->out++ == 0 && child->ready) {
        child->heard = dba_clock_boot();
        loop_timer_set(child->ping_timer, child->heard + PING_EVERY);
    }
}

void child_warm(struct child *child)
{
    struct link_frame frame = {.kind = LINK_WARM};

    if (child->fd >= 0)
        put_frame(child, &frame);
}

pid_t child_pid(const struct child *child)
{
    return child->pid;
}
