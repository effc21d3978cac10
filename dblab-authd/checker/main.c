/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dblab-authd-checker: asks the Platform about tokens for dblab-authd, which starts it. It
 * finds its link to the keeper as descriptor LINK_FD, and knows nothing but what it is told
 * there.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/token.h"
#include "dblab-authd/checker/http.h"
#include "dblab-authd/checker/sandbox.h"
#include "dblab-authd/common/link.h"
#include "dblab-authd/common/loop.h"
#include "dblab-authd/common/process.h"

#define CA_MAX ((size_t)4 * 1024 * 1024)

/* Answers that did not fit the socket. */
struct queued {
    struct queued *next;
    struct link_frame frame;
};

struct checker {
    struct loop *loop;
    struct loop_fd *watch;
    struct http *http;
    struct queued *first, **last;
    char *ca;
    size_t ca_len;
};

static int fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "dblab-authd-checker: %s: %s\n", what, why);
    return 1;
}

/* ---- to the keeper ---- */

static void want(struct checker *checker)
{
    loop_fd_want(checker->watch, checker->first != NULL ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

static void put_frame(struct checker *checker, const struct link_frame *frame)
{
    struct queued *q;

    if (checker->first == NULL && link_send(LINK_FD, frame))
        return;
    q = calloc(1, sizeof *q);
    if (q == NULL) {
        loop_stop(checker->loop); /* the keeper starts another and asks again */
        return;
    }
    q->frame = *frame;
    *checker->last = q;
    checker->last = &q->next;
    want(checker);
}

static void flush(struct checker *checker)
{
    while (checker->first != NULL && link_send(LINK_FD, &checker->first->frame)) {
        struct queued *q = checker->first;

        checker->first = q->next;
        if (checker->first == NULL)
            checker->last = &checker->first;
        free(q);
    }
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
    struct link_frame frame = {.kind = LINK_COLD};

    put_frame(arg, &frame);
}

/* ---- from the keeper ---- */

/* False: not what a keeper sends. */
static bool on_frame(struct checker *checker, const struct link_frame *frame)
{
    struct link_frame pong = {.kind = LINK_PONG, .number = frame->number};

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
    default: /* a number from outside */
        return false;
    }
}

static void on_link(int fd, unsigned events, void *arg)
{
    struct checker *checker = arg;
    struct link_frame frame;
    int got;

    if ((events & LOOP_WRITE) != 0)
        flush(checker);
    while ((got = link_receive(fd, &frame)) > 0) {
        bool known = on_frame(checker, &frame);

        dba_wipe(&frame, sizeof frame);
        if (!known)
            got = -1;
        if (!known)
            break;
    }
    if (got < 0)
        loop_stop(checker->loop);
}

/* ---- starting ---- */

/* The first frame; waited for without a limit: the keeper's death ends us (PR_SET_PDEATHSIG).
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
    ok = got > 0 && frame.kind == LINK_SETUP && frame.u.setup.version == LINK_VERSION;
    if (ok)
        *setup = frame.u.setup;
    dba_wipe(&frame, sizeof frame);
    return ok;
}

/* The whole of platform.caFile, which the keeper opened. */
static bool read_ca(struct checker *checker)
{
    ssize_t n;

    checker->ca = malloc(CA_MAX + 1);
    if (checker->ca == NULL)
        return false;
    while ((n = read(LINK_CA_FD, checker->ca + checker->ca_len, CA_MAX - checker->ca_len)) !=
           0) {
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            checker->ca_len += (size_t)n;
    }
    return checker->ca_len > 0 && checker->ca_len < CA_MAX;
}

static int serve(struct checker *checker, const struct link_setup *setup)
{
    static const struct link_frame ready = {.kind = LINK_READY};
    const char *why;

    checker->last = &checker->first;
    checker->loop = loop_new();
    if (checker->loop == NULL)
        return fail("loop", "out of memory");
    checker->watch = loop_fd_new(checker->loop, LINK_FD, LOOP_READ, on_link, checker);
    checker->http = http_new(checker->loop, setup, checker->ca, checker->ca_len, on_answer,
                             on_cold, checker, &why);
    if (checker->watch == NULL || checker->http == NULL)
        return fail("platform", checker->http == NULL ? why : "out of memory");
    if (!sandbox_enter())
        return fail("sandbox", strerror(errno));
    put_frame(checker, &ready);
    loop_run(checker->loop);
    http_free(&checker->http);
    loop_fd_free(&checker->watch);
    loop_free(&checker->loop);
    return 0;
}

int main(void)
{
    struct checker checker = {0};
    struct link_setup setup;
    int code;

    if (getuid() == 0 || geteuid() == 0 || process_has_capability())
        return fail("refused", "it is started by dblab-authd, and never with privileges");
    if (!process_harden())
        return fail("the process cannot be protected", strerror(errno));
    (void)signal(SIGPIPE, SIG_IGN);
    if (!http_init() || !receive_setup(&setup))
        return fail("start", "no libcurl, or no keeper");
    if (setup.has_ca && !read_ca(&checker))
        return fail("platform.caFile", "cannot be read, is empty, or is larger than 4 MiB");
    (void)close(LINK_CA_FD);
    code = serve(&checker, &setup);
    free(checker.ca);
    return code;
}
