/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dblab-authd-checker: asks the Platform about tokens for dblab-authd, which starts it as the
 * system user dblab-auth. It finds its link to the keeper as descriptor LINK_FD, knows nothing
 * but what it is told there, and ends when that is closed.
 */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/token.h"
#include "dblab-authd/checker/ca.h"
#include "dblab-authd/checker/http.h"
#include "dblab-authd/checker/sandbox.h"
#include "dblab-authd/checker/transfer.h"
#include "dblab-authd/common/link.h"
#include "dblab-authd/common/loop.h"
#include "dblab-authd/common/process.h"

#define FRAMES_MAX 64 /* read at once before the Platform's answers have their turn */

/* A frame that did not fit the socket. */
struct queued {
    struct queued *next;
    struct link_frame frame;
};

struct checker {
    struct loop *loop;
    struct loop_fd *watch;
    struct http *http;
    struct queued *first, **last;
    struct http_options options;
    char *ca;
};

static int fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "dblab-authd-checker: %s: %s\n", what, why);
    return EXIT_FAILURE;
}

/* ---- to the keeper ---- */

static void want(const struct checker *checker)
{
    loop_fd_want(checker->watch, checker->first != NULL ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

static void put_frame(struct checker *checker, const struct link_frame *frame)
{
    struct queued *queued;

    if (checker->first == NULL && link_send(LINK_FD, frame))
        return;
    queued = calloc(1, sizeof *queued);
    if (queued == NULL) {
        loop_stop(checker->loop); /* the keeper starts another and asks again */
        return;
    }
    queued->frame = *frame;
    *checker->last = queued;
    checker->last = &queued->next;
    want(checker);
}

static void drop_first(struct checker *checker)
{
    struct queued *queued = checker->first;

    checker->first = queued->next;
    if (checker->first == NULL)
        checker->last = &checker->first;
    free(queued);
}

static void flush(struct checker *checker)
{
    /* Any error but a full buffer shows itself when the socket is read. */
    while (checker->first != NULL && link_send(LINK_FD, &checker->first->frame))
        drop_first(checker);
    want(checker);
}

static void on_answer(uint32_t id, const struct dba_answer *answer, void *arg)
{
    struct link_frame frame = {.kind = LINK_ANSWER};

    frame.u.answer.id = id;
    frame.u.answer.answer = *answer;
    put_frame(arg, &frame);
}

static void on_cold(void *arg)
{
    const struct link_frame frame = {.kind = LINK_COLD};

    put_frame(arg, &frame);
}

/* ---- from the keeper ---- */

/* False: not what a keeper sends. */
static bool on_frame(struct checker *checker, const struct link_frame *frame)
{
    const struct link_frame pong = {.kind = LINK_PONG, .number = frame->number};

    switch (frame->kind) {
    case LINK_CHECK:
        http_check(checker->http, &frame->u.check);
        return true;
    case LINK_WARM:
        http_warm(checker->http);
        return true;
    case LINK_PING:
        put_frame(checker, &pong);
        return true;
    default: /* a number from outside, no enum */
        return false;
    }
}

static void on_link(int fd, unsigned events, void *arg)
{
    struct checker *checker = arg;
    struct link_frame frame;
    int got = 0;

    if ((events & LOOP_WRITE) != 0)
        flush(checker);
    for (int i = 0; i < FRAMES_MAX; i++) {
        got = link_receive(fd, &frame);
        if (got <= 0)
            break;
        if (!on_frame(checker, &frame))
            got = -1;
        dba_wipe(&frame, link_frame_size((enum link_kind)frame.kind));
        if (got < 0)
            break;
    }
    if (got < 0)
        loop_stop(checker->loop);
}

/* ---- starting ---- */

/*
 * The first frame. Waited for without a limit: the keeper sends it right away, and its death
 * ends us.
 */
static bool receive_setup(struct link_setup *setup)
{
    struct pollfd ask = {.fd = LINK_FD, .events = POLLIN};
    struct link_frame frame;
    bool ok;
    int got;

    while ((got = link_receive(LINK_FD, &frame)) == 0)
        if (poll(&ask, 1, -1) < 0 && errno != EINTR)
            return false;
    ok = got > 0 && frame.kind == LINK_SETUP;
    if (ok)
        *setup = frame.u.setup;
    return ok;
}

/* What was inherited is given up before anything is opened or believed. */
static const char *prepare(void)
{
    static const int ignored[] = {SIGPIPE, SIGHUP, SIGINT};
    sigset_t none;

    if (getuid() == 0 || geteuid() == 0 || process_has_capability())
        return "it is started by dblab-authd, and never with privileges";
    process_close_from(LINK_CA_FD + 1);
    if (!process_standard_fds() || !process_harden())
        return strerror(errno);
    /* Tokens pass through libraries: what those free is overwritten, as far as libc does. */
    (void)mallopt(M_PERTURB, 0x5a);
    /* A terminal's signals are for the keeper, which ends us by closing the link. */
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        (void)signal(ignored[i], SIG_IGN);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    return NULL;
}

/* What must be read before the sandbox, or need not be read again and again. */
static const char *read_files(struct checker *checker)
{
    const char *folder;

    if (!transfer_library_init())
        return "libcurl cannot be used";
    folder = transfer_library_ca_path();
    if (ca_folder_hashed(folder))
        checker->options.ca_path = folder;
    if (checker->options.setup->has_ca &&
        !ca_read(LINK_CA_FD, &checker->ca, &checker->options.ca_len))
        return errno == EFBIG     ? "platform.caFile is larger than 4 MiB"
               : errno == ENODATA ? "platform.caFile is empty"
                                  : "platform.caFile cannot be read";
    checker->options.ca = checker->ca;
    (void)close(LINK_CA_FD);
    return NULL;
}

static const char *serve(struct checker *checker)
{
    const struct link_frame ready = {.kind = LINK_READY};
    const char *why = "out of memory";

    checker->last = &checker->first;
    checker->loop = loop_new();
    if (checker->loop == NULL)
        return why;
    checker->watch = loop_fd_new(checker->loop, LINK_FD, LOOP_READ, on_link, checker);
    if (checker->watch == NULL)
        return why;
    /* Before there is a thread, and before a byte of the Platform's is read. */
    if (!sandbox_enter())
        return "the sandbox (seccomp) cannot be entered";
    checker->http =
        http_new(checker->loop, &checker->options, on_answer, on_cold, checker, &why);
    if (checker->http == NULL)
        return why;
    put_frame(checker, &ready);
    loop_run(checker->loop);
    return NULL;
}

int main(void)
{
    struct link_setup setup;
    struct checker checker = {.options.setup = &setup};
    const char *why = prepare();

    if (why != NULL)
        return fail("refused", why);
    if (!receive_setup(&setup))
        return fail("start", "no setup from the keeper");
    why = read_files(&checker);
    if (why == NULL)
        why = serve(&checker);
    http_free(&checker.http);
    while (checker.first != NULL)
        drop_first(&checker);
    loop_fd_free(&checker.watch);
    loop_free(&checker.loop);
    free(checker.ca);
    if (why != NULL)
        (void)fail("start", why);
    /* Not exit(): a name lookup may still run in its thread, in libraries that exit() ends. */
    _exit(why == NULL ? EXIT_SUCCESS : EXIT_FAILURE);
}
