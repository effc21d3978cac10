/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is sent to the Platform over which connections, and what follows when it ends.
 *
 * Transfers run in a generation, that is a multi with its connections. When a connection can
 * no longer be trusted, its generation is retired: what was sent over it may end there, all
 * else goes on in a new one. libcurl cannot be told to give up one connection, so that is the
 * unit.
 */
#include "dblab-authd/checker/http.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dblab-authd/checker/names.h"
#include "dblab-authd/checker/reply.h"
#include "dblab-authd/checker/request.h"
#include "dblab-authd/checker/sockets.h"
#include "dblab-authd/checker/transfer.h"
#include "dblab-authd/checker/warmth.h"

#define NAMES_REFRESH     (60 * DBA_SECOND) /* how long resolvers commonly keep an address */
#define NAMES_REFRESH_MIN (5 * DBA_SECOND)  /* when a connection failed: it may be a new one */
#define EXCESS_MAX        16 /* checks over maxInFlight: the keeper's given up ones */
#define REPEATS_MAX       3  /* a connection that others were first to use may be lost, too */

struct generation {
    TAILQ_ENTRY(generation) link;
    struct http *http;
    struct multi *multi;
    struct transfers transfers;
    unsigned answers; /* so far */
    bool http2;       /* by the last one */
    bool refused;     /* by libcurl, to use an idle connection for a nudge */
};

TAILQ_HEAD(generations, generation);

struct http {
    struct loop *loop;
    struct link_setup setup;
    struct sockets *sockets; /* owners: generations */
    struct names *names;
    struct transfer_options options;
    struct request_common common;
    struct generations generations; /* the last is the current one, the others retire */
    struct transfers waiting;       /* for the first name lookup, the oldest first */
    struct loop_timer *waiting_timer;
    uint32_t checks; /* under way */
    struct warmth warmth;
    bool http2;    /* as in the last answer */
    bool answered; /* since the last look at whether a connection was kept */
    struct loop_timer *cold_timer;
    http_answer_fn *answer;
    http_cold_fn *cold;
    void *arg;
};

static struct generation *current(const struct http *http)
{
    return TAILQ_LAST(&http->generations, generations);
}

/* ---- the end of a check ---- */

static void finish(struct http *http, struct transfer *transfer,
                   const struct dba_answer *answer)
{
    if (transfer->kind == TRANSFER_CHECK) {
        http->checks--;
        http->answer(transfer->id, answer, http->arg);
    }
    transfer_free(transfer);
}

static void finish_undecided(struct http *http, struct transfer *transfer, enum dba_cause cause)
{
    struct dba_answer answer = {.class = DBA_ANSWER_UNDECIDED, .cause = cause};

    finish(http, transfer, &answer);
}

static void finish_read(struct http *http, struct transfer *transfer,
                        const struct transfer_end *end)
{
    struct reply reply = {.status = end->status,
                          .http2 = end->http2,
                          .over_size = transfer->in.body_over,
                          .has_retry_after = transfer->in.has_retry_after,
                          .retry_after_ms = incoming_retry_after_ms(&transfer->in, time(NULL)),
                          .body = transfer->in.body,
                          .len = transfer->in.len};
    struct dba_answer answer;

    reply_read(&reply, &answer);
    finish(http, transfer, &answer);
}

/* ---- generations ---- */

/*
 * Over HTTP/2 a second connection is made when the first has all the streams that the Platform
 * allows; but as long as that is not up, libcurl would make another one for each request. So
 * there may be as many on the way as there are up.
 */
static void connections_limit(const struct generation *generation)
{
    const struct http *http = generation->http;
    unsigned limit = http->setup.max_connections;

    if (http->http2) {
        unsigned few = 2 * sockets_count_up(http->sockets, generation);

        few = few > 0 ? few : 2;
        limit = few < limit ? few : limit;
    }
    multi_limit(generation->multi, limit);
}

static void on_ended(struct transfer *transfer, const struct transfer_end *end, void *owner);
static void on_due(void *owner);

static struct generation *generation_new(struct http *http)
{
    static const struct multi_events events = {.ended = on_ended, .due = on_due};
    struct generation *generation = calloc(1, sizeof *generation);

    if (generation == NULL)
        return NULL;
    generation->http = http;
    TAILQ_INIT(&generation->transfers);
    generation->multi = multi_new(http->loop, &http->options, &events, generation);
    if (generation->multi == NULL) {
        free(generation);
        return NULL;
    }
    TAILQ_INSERT_TAIL(&http->generations, generation, link);
    connections_limit(generation);
    return generation;
}

static void generation_free(struct generation *generation)
{
    TAILQ_REMOVE(&generation->http->generations, generation, link);
    multi_free(&generation->multi);
    free(generation);
}

/* In the current generation, for what is left of its time. It is turned in settle(). */
static void start(struct http *http, struct transfer *transfer)
{
    struct generation *generation = current(http);
    dba_time left = transfer->deadline - dba_clock_boot();

    if (left < DBA_MSEC) {
        finish_undecided(http, transfer, DBA_CAUSE_TIMEOUT);
        return;
    }
    incoming_reset(&transfer->in);
    transfer->sent = false;
    transfer->answers = generation->answers;
    if (!multi_start(generation->multi, transfer, http->names, (unsigned)(left / DBA_MSEC))) {
        finish_undecided(http, transfer, DBA_CAUSE_CHECKER);
        return;
    }
    TAILQ_INSERT_TAIL(&generation->transfers, transfer, link);
}

/* What was not sent yet goes on in a new generation; what was may end here. */
static void retire(struct generation *generation)
{
    struct http *http = generation->http;
    struct transfer *transfer, *next;

    if (generation != current(http) || generation_new(http) == NULL)
        return;
    for (transfer = TAILQ_FIRST(&generation->transfers); transfer != NULL; transfer = next) {
        next = TAILQ_NEXT(transfer, link);
        if (transfer->sent)
            continue;
        TAILQ_REMOVE(&generation->transfers, transfer, link);
        multi_drop(transfer);
        start(http, transfer);
    }
}

/*
 * An HTTP/1.1 connection is closed by libcurl when its request times out. Over HTTP/2 it takes
 * further ones, and in all likelihood lets them time out too.
 */
static bool is_sick(const struct generation *generation, const struct transfer *transfer,
                    const struct transfer_end *end)
{
    return end->cause == DBA_CAUSE_TIMEOUT && transfer->sent &&
           (generation->answers == 0 || generation->http2);
}

/*
 * The Platform closed a connection after it had answered something: just when it was used
 * again, or behind the answer to another request that shared it.
 */
static bool is_to_be_repeated(const struct generation *generation,
                              const struct transfer *transfer, const struct transfer_end *end)
{
    bool used = end->reused || generation->answers != transfer->answers;

    return transfer->kind == TRANSFER_CHECK && end->cause == DBA_CAUSE_CLOSED && used &&
           transfer->in.headers_len == 0 && transfer->repeats < REPEATS_MAX;
}

static void on_ended(struct transfer *transfer, const struct transfer_end *end, void *owner)
{
    struct generation *generation = owner;
    struct http *http = generation->http;

    TAILQ_REMOVE(&generation->transfers, transfer, link);
    if (transfer->kind == TRANSFER_NUDGE) {
        generation->refused = !transfer->sent;
        transfer_free(transfer);
        return;
    }
    if (end->cause == DBA_CAUSE_NONE) {
        generation->answers++;
        http->answered = true;
        generation->http2 = http->http2 = end->http2;
        finish_read(http, transfer, end);
        return;
    }
    if (end->cause == DBA_CAUSE_CONNECT)
        (void)names_refresh(http->names, NAMES_REFRESH_MIN);
    if (is_sick(generation, transfer, end))
        retire(generation);
    if (is_to_be_repeated(generation, transfer, end)) {
        retire(generation);
        transfer->repeats++;
        start(http, transfer);
        return;
    }
    finish_undecided(http, transfer, end->cause);
}

/* ---- after each event ---- */

static bool is_warm(const struct http *http)
{
    const struct generation *now = current(http);

    return !TAILQ_EMPTY(&http->waiting) || !TAILQ_EMPTY(&now->transfers) ||
           sockets_usable(http->sockets, now) > 0;
}

/* Also what the timer calls when a report is due. */
static void warmth_look(void *arg)
{
    struct http *http = arg;
    dba_time now = dba_clock_boot();

    if (http->answered && sockets_usable(http->sockets, current(http)) > 0)
        warmth_keeps(&http->warmth);
    http->answered = false;
    warmth_set(&http->warmth, now, is_warm(http));
    if (warmth_report(&http->warmth, now))
        http->cold(http->arg);
    loop_timer_set(http->cold_timer, http->warmth.due);
}

/* Lets libcurl do what became due, and looks at what has changed by all that. */
static void settle(struct http *http)
{
    struct generation *generation, *next;
    bool turned;

    do {
        turned = false;
        TAILQ_FOREACH(generation, &http->generations, link)
        {
            /* cppcheck-suppress uninitvar ; it does not see the loop's first step */
            if (!multi_is_due(generation->multi))
                continue;
            multi_turn(generation->multi);
            turned = true;
        }
    } while (turned);
    for (generation = TAILQ_FIRST(&http->generations); generation != current(http);
         generation = next) {
        next = TAILQ_NEXT(generation, link);
        if (TAILQ_EMPTY(&generation->transfers))
            generation_free(generation);
    }
    connections_limit(current(http));
    warmth_look(http);
}

static void on_due(void *owner)
{
    struct generation *generation = owner;

    multi_turn(generation->multi);
    settle(generation->http);
}

static void on_socket(int fd, unsigned events, void *owner)
{
    struct generation *generation = owner;

    multi_turn_socket(generation->multi, fd, events);
    settle(generation->http);
}

/*
 * Something came on an idle connection. Over HTTP/2 it may be a PING that must be answered or
 * a farewell: libcurl reads it when it takes the connection for a transfer. If it then takes
 * none it has understood a farewell. Whatever is still there to be read after that, or came
 * over HTTP/1.1, ends the connection.
 */
static void on_stirred(void *owner)
{
    struct generation *generation = owner;
    struct http *http = generation->http;
    struct transfer *nudge = NULL;

    generation->refused = false;
    if (generation == current(http) && generation->http2)
        nudge = transfer_new(&http->options, TRANSFER_NUDGE);
    if (nudge != NULL) {
        nudge->deadline = dba_clock_boot() + DBA_SECOND;
        start(http, nudge);
        multi_turn(generation->multi);
    }
    sockets_give_up(http->sockets, generation, generation->refused);
    settle(http);
}

static void on_lost(void *owner)
{
    settle(((struct generation *)owner)->http);
}

/* ---- names ---- */

static void on_names(bool found, void *arg)
{
    struct http *http = arg;
    struct transfer *transfer;

    while ((found || !names_known(http->names)) &&
           (transfer = TAILQ_FIRST(&http->waiting)) != NULL) {
        TAILQ_REMOVE(&http->waiting, transfer, link);
        if (found)
            start(http, transfer);
        else
            finish_undecided(http, transfer, DBA_CAUSE_DNS);
    }
    settle(http);
}

static void on_waited(void *arg)
{
    struct http *http = arg;
    struct transfer *transfer;

    while ((transfer = TAILQ_FIRST(&http->waiting)) != NULL &&
           transfer->deadline <= dba_clock_boot()) {
        TAILQ_REMOVE(&http->waiting, transfer, link);
        finish_undecided(http, transfer, DBA_CAUSE_DNS);
    }
    if (transfer != NULL)
        loop_timer_set(http->waiting_timer, transfer->deadline);
    settle(http);
}

/* Starts it now, or when the names are known. */
static void begin(struct http *http, struct transfer *transfer)
{
    transfer->deadline = dba_clock_boot() + http->setup.timeout_ms * DBA_MSEC;
    if (names_known(http->names)) {
        if (sockets_usable(http->sockets, current(http)) == 0)
            (void)names_refresh(http->names, NAMES_REFRESH);
        start(http, transfer);
    } else if (names_refresh(http->names, 0)) {
        if (TAILQ_EMPTY(&http->waiting))
            loop_timer_set(http->waiting_timer, transfer->deadline);
        TAILQ_INSERT_TAIL(&http->waiting, transfer, link);
    } else {
        finish_undecided(http, transfer, DBA_CAUSE_DNS);
    }
    settle(http);
}

/* ---- from outside ---- */

void http_check(struct http *http, const struct link_check *check)
{
    struct dba_answer failed = {.class = DBA_ANSWER_UNDECIDED, .cause = DBA_CAUSE_CHECKER};
    struct transfer *transfer = NULL;

    if (http->checks < http->setup.max_in_flight + EXCESS_MAX &&
        request_token_valid(&check->token) &&
        (check->access.len == 0 || request_token_valid(&check->access)))
        transfer = transfer_new(&http->options, TRANSFER_CHECK);
    if (transfer == NULL) {
        http->answer(check->id, &failed, http->arg);
        return;
    }
    http->checks++;
    transfer->id = check->id;
    if (transfer_ask(transfer, &check->token, &check->access))
        begin(http, transfer);
    else
        finish(http, transfer, &failed);
}

void http_warm(struct http *http)
{
    struct transfer *transfer;

    if (is_warm(http))
        return;
    transfer = transfer_new(&http->options, TRANSFER_WARM);
    if (transfer != NULL)
        begin(http, transfer);
}

static bool parts_new(struct http *http, const char **why)
{
    static const struct sockets_events events = {
        .ready = on_socket, .stirred = on_stirred, .lost = on_lost};

    http->names =
        names_new(http->loop, http->setup.url, http->setup.proxy, on_names, http, why);
    if (http->names == NULL)
        return false;
    *why = "out of memory";
    http->sockets = sockets_new(http->loop, &events);
    http->options.sockets = http->sockets;
    http->waiting_timer = loop_timer_new(http->loop, on_waited, http);
    http->cold_timer = loop_timer_new(http->loop, warmth_look, http);
    return http->sockets != NULL && http->waiting_timer != NULL && http->cold_timer != NULL &&
           generation_new(http) != NULL;
}

struct http *http_new(struct loop *loop, const struct http_options *options,
                      http_answer_fn *answer, http_cold_fn *cold, void *arg, const char **why)
{
    struct http *http = calloc(1, sizeof *http);

    *why = "out of memory";
    if (http == NULL)
        return NULL;
    TAILQ_INIT(&http->generations);
    TAILQ_INIT(&http->waiting);
    warmth_init(&http->warmth, dba_clock_boot());
    http->loop = loop;
    http->setup = *options->setup;
    http->options = (struct transfer_options){&http->setup,    &http->common,    options->ca,
                                              options->ca_len, options->ca_path, NULL};
    http->answer = answer;
    http->cold = cold;
    http->arg = arg;
    *why = request_common(&http->setup, &http->common);
    if (*why != NULL || !parts_new(http, why)) {
        http_free(&http);
        return NULL;
    }
    (void)names_refresh(http->names, 0);
    loop_timer_set(http->cold_timer, http->warmth.due);
    return http;
}

static void transfers_clear(struct transfers *transfers)
{
    struct transfer *transfer;

    while ((transfer = TAILQ_FIRST(transfers)) != NULL) {
        TAILQ_REMOVE(transfers, transfer, link);
        multi_drop(transfer);
        transfer_free(transfer);
    }
}

void http_free(struct http **http)
{
    struct generation *generation;

    if (*http == NULL)
        return;
    transfers_clear(&(*http)->waiting);
    while ((generation = TAILQ_FIRST(&(*http)->generations)) != NULL) {
        transfers_clear(&generation->transfers);
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it does not see that it is taken out */
        generation_free(generation);
    }
    sockets_free(&(*http)->sockets);
    names_free(&(*http)->names);
    loop_timer_free(&(*http)->waiting_timer);
    loop_timer_free(&(*http)->cold_timer);
    free(*http);
    *http = NULL;
}
