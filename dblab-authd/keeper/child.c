/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/child.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/token.h"
#include "dblab-authd/keeper/log.h"

/*
 * While requests are out the checker is asked this often whether it lives, and is replaced when
 * that many questions in a row brought nothing: a login that waits must outlast a checker that
 * hangs. Questions are counted, not seconds: a keeper that was itself held up (or a host that
 * slept) must not take that for the checker's silence.
 */
#define PING_EVERY (100 * DBA_MSEC)
#define SILENT_MAX 5

/* The same until it is ready: exec, libraries, certificates. It doubles while none gets there,
 * so that a host under load is not kept busy with starting. */
#define SILENT_START_MIN 20
#define SILENT_START_MAX 160

/* A checker that dies again and again is started less and less often. */
#define RESTART_MIN (10 * DBA_MSEC)
#define RESTART_MAX DBA_SECOND

#define FRAMES_MAX 64 /* read at once before callers have their turn */
#define CORPSES    8

struct queued {
    struct queued *next;
    struct link_frame frame;
};

struct child {
    struct loop *loop;
    struct spawn_options options;
    struct child_setup setup;
    struct child_events events;
    pid_t pid; /* 0: none now */
    int fd;
    struct loop_fd *watch;
    struct loop_timer *ping_timer, *restart_timer;
    struct queued *first, **last; /* frames that did not fit the socket */
    bool ready;
    bool wants_lost; /* something was asked for while there was nobody */
    size_t out;      /* checks without an answer */
    unsigned silent; /* pings since anything was heard */
    unsigned starts; /* the most of them until it is ready */
    dba_time restart_after;
    pid_t corpses[CORPSES]; /* killed, but not gone yet; 0: a free place */
};

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

/* Without waiting: what is killed may take its time (a frozen cgroup, a slow disk). */
static void bury(struct child *child)
{
    for (size_t i = 0; i < CORPSES; i++)
        if (child->corpses[i] != 0 && waitpid(child->corpses[i], NULL, WNOHANG) != 0)
            child->corpses[i] = 0;
}

static void on_sigchld(int signal, void *arg)
{
    (void)signal;
    bury(arg);
}

/* It is not reaped yet, so its number cannot be another's. */
static void kill_checker(struct child *child)
{
    size_t at = 0;

    if (child->pid == 0)
        return;
    (void)kill(child->pid, SIGKILL);
    bury(child);
    while (at < CORPSES && child->corpses[at] != 0)
        at++;
    if (at < CORPSES)
        child->corpses[at] = child->pid;
    /* With no place left it stays a zombie until the keeper ends. */
    child->pid = 0;
    bury(child);
}

static void stop(struct child *child)
{
    loop_fd_free(&child->watch);
    if (child->fd >= 0)
        (void)close(child->fd);
    child->fd = -1;
    kill_checker(child);
    drop_queue(child);
    child->ready = false;
    child->out = 0;
    loop_timer_set(child->ping_timer, DBA_NEVER);
}

static bool start(struct child *child)
{
    struct link_frame frame = {.kind = LINK_SETUP};

    child->pid =
        spawn_checker(&child->options, child->setup.ca, child->setup.ca_len, &child->fd);
    if (child->pid < 0) {
        child->pid = 0;
        return false;
    }
    child->watch = loop_fd_new(child->loop, child->fd, LOOP_READ, on_socket, child);
    if (child->watch == NULL) {
        stop(child);
        return false;
    }
    child->silent = 0;
    frame.u.setup = *child->setup.link;
    put_frame(child, &frame);
    dba_wipe(&frame, sizeof frame);
    loop_timer_set(child->ping_timer, dba_clock_boot() + PING_EVERY);
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
    else
        child->events.cold(child->events.arg); /* its predecessor's connection is gone */
}

static void replace(struct child *child, const char *why)
{
    log_line(DBA_LEVEL_WARNING, "checker replaced reason=\"%s\" requests=%zu", why, child->out);
    child->wants_lost |= child->out > 0;
    stop(child);
    restart_later(child);
}

static unsigned silent_max(const struct child *child)
{
    return child->ready ? SILENT_MAX : child->starts;
}

static void hangs(struct child *child)
{
    if (!child->ready && child->starts < SILENT_START_MAX)
        child->starts *= 2;
    replace(child, "it hangs");
}

static void on_ping(void *arg)
{
    struct child *child = arg;
    struct link_frame ping = {.kind = LINK_PING};
    pid_t pid = child->pid;

    if (child->ready && child->out == 0)
        return; /* nobody waits: it may sleep */
    /* What it said while the keeper was held up counts first. */
    on_socket(child->fd, LOOP_READ, child);
    if (child->pid != pid)
        return;
    if (child->silent >= silent_max(child)) {
        hangs(child);
        return;
    }
    child->silent++;
    put_frame(child, &ping);
    loop_timer_set(child->ping_timer, dba_clock_boot() + PING_EVERY);
}

static void on_frame(struct child *child, const struct link_frame *frame)
{
    child->silent = 0;
    switch (frame->kind) {
    case LINK_READY:
        child->ready = true;
        child->starts = SILENT_START_MIN;
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
    for (int i = 0; i < FRAMES_MAX && child->fd == fd; i++) {
        got = link_receive(fd, &frame);
        if (got <= 0)
            break;
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

struct child *child_new(struct loop *loop, const struct spawn_options *options,
                        const struct child_setup *setup, const struct child_events *events)
{
    struct child *child = calloc(1, sizeof *child);

    if (child == NULL)
        return NULL;
    child->loop = loop;
    child->options = *options;
    child->setup = *setup;
    child->events = *events;
    child->fd = -1;
    child->last = &child->first;
    child->starts = SILENT_START_MIN;
    child->restart_after = RESTART_MIN;
    child->ping_timer = loop_timer_new(loop, on_ping, child);
    child->restart_timer = loop_timer_new(loop, on_restart, child);
    if (child->ping_timer == NULL || child->restart_timer == NULL ||
        !loop_signal(loop, SIGCHLD, on_sigchld, child) || !start(child))
        child_free(&child);
    return child;
}

void child_free(struct child **child)
{
    if (*child == NULL)
        return;
    if ((*child)->ping_timer != NULL)
        stop(*child);
    loop_timer_free(&(*child)->ping_timer);
    loop_timer_free(&(*child)->restart_timer);
    free(*child);
    *child = NULL;
}

void child_configure(struct child *child, const struct child_setup *setup, bool replace)
{
    child->setup = *setup;
    if (!replace)
        return;
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
        child->silent = 0;
        loop_timer_set(child->ping_timer, dba_clock_boot() + PING_EVERY);
    }
}

void child_warm(struct child *child)
{
    struct link_frame frame = {.kind = LINK_WARM};

    if (child->fd >= 0)
        put_frame(child, &frame);
}
