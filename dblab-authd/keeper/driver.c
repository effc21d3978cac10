/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/driver.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/core.h"
#include "core/list.h"
#include "dblab-authd/keeper/log.h"
#include "dblab-authd/keeper/report.h"
#include "dblab-authd/keeper/server.h"

/* A process that the core wants to know the end of. */
struct watch {
    struct driver *driver;
    struct dba_list in_watches;
    struct dba_process process;
    int pidfd;
    struct loop_fd *watch;
};

struct driver {
    struct driver_options options;
    const struct config *config;
    struct dba_core *core;
    struct server *server;
    struct child *child;
    struct loop_timer *timer;
    struct dba_list watches;
    struct dba_list gone; /* ended before they could be watched: told after the actions */
};

static uint64_t random_number(void)
{
    uint64_t number = 0;

    /* Cannot fail after the kernel's pool is ready, for so few bytes (getrandom(2)). */
    while (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        continue;
    return number;
}

/* ---- actions ---- */

static void watch_free(struct watch *w)
{
    loop_fd_free(&w->watch);
    if (w->pidfd >= 0)
        (void)close(w->pidfd);
    dba_list_remove(&w->in_watches);
    free(w);
}

static void run(struct driver *driver);

static void on_end(int fd, unsigned events, void *arg)
{
    struct watch *w = arg;
    struct driver *driver = w->driver;
    struct dba_process process = w->process;

    (void)fd;
    (void)events;
    watch_free(w);
    dba_core_gone(driver->core, dba_clock_boot(), random_number(), process);
    run(driver);
}

/* By pidfd, opened, then compared with the start time: the number may be another's by now. */
static void start_watch(struct driver *driver, struct dba_process process)
{
    struct watch *w = calloc(1, sizeof *w);

    if (w == NULL)
        return; /* it stays alive for the core: checked too often, never too seldom */
    w->driver = driver;
    w->process = process;
    dba_list_init(&w->in_watches);
    w->pidfd = (int)syscall(SYS_pidfd_open, process.pid, 0);
    if (w->pidfd >= 0 && server_start_time(process.pid) == process.start)
        w->watch = loop_fd_new(driver->options.loop, w->pidfd, LOOP_READ, on_end, w);
    dba_list_append(w->watch != NULL ? &driver->watches : &driver->gone, &w->in_watches);
}

static void reply(struct driver *driver, const struct dba_decision *d)
{
    struct dba_reply out = {.op = d->op,
                            .result = d->result,
                            .reason = d->reason,
                            .cause = d->cause,
                            .personal = d->personal,
                            .org_id = d->org_id};

    memcpy(out.email, d->email, sizeof out.email);
    memcpy(out.user, d->user, sizeof out.user);
    server_reply(driver->server, d->id, &out);
}

static void act(struct driver *driver, const struct dba_action *action)
{
    switch (action->what) {
    case DBA_DO_REPLY:
        reply(driver, &action->reply);
        break;
    case DBA_DO_CHECK:
        child_check(driver->child, action->check, &action->token, &action->access);
        break;
    case DBA_DO_WARM:
        child_warm(driver->child);
        break;
    case DBA_DO_WATCH:
        start_watch(driver, action->process);
        break;
    case DBA_DO_LOG:
        log_text(action->level, action->text);
        break;
    }
}

static bool tell_gone(struct driver *driver)
{
    struct watch *w;
    struct dba_process process;

    if (dba_list_empty(&driver->gone))
        return false;
    w = dba_container(driver->gone.next, struct watch, in_watches);
    process = w->process;
    watch_free(w);
    dba_core_gone(driver->core, dba_clock_boot(), random_number(), process);
    return true;
}

/* After each event: all actions, and when the core wants to be called next. */
static void run(struct driver *driver)
{
    struct dba_action action;

    do {
        while (dba_core_next(driver->core, &action)) {
            act(driver, &action);
            dba_wipe(&action, sizeof action);
        }
    } while (tell_gone(driver));
    loop_timer_set(driver->timer, dba_core_expiry(driver->core));
}

static void on_timer(void *arg)
{
    struct driver *driver = arg;

    dba_core_expire(driver->core, dba_clock_boot(), random_number());
    run(driver);
}

/* ---- events of the checker ---- */

static void on_answer(uint32_t id, const struct dba_answer *answer, void *arg)
{
    struct driver *driver = arg;

    dba_core_answer(driver->core, dba_clock_boot(), random_number(), id, answer);
    run(driver);
}

static void on_cold(void *arg)
{
    struct driver *driver = arg;

    dba_core_cold(driver->core, dba_clock_boot(), random_number());
    run(driver);
}

static void on_lost(void *arg)
{
    struct driver *driver = arg;

    dba_core_checker_lost(driver->core, dba_clock_boot(), random_number());
    run(driver);
}

/* ---- events of callers ---- */

static void ask(struct driver *driver, uint64_t id, const struct server_peer *peer,
                const struct dba_request *request)
{
    dba_time now = dba_clock_boot();
    struct dba_ask question = {.id = id,
                               .op = request->op,
                               .peer = peer->process,
                               .peer_uid = peer->uid,
                               .user_uid = request->uid,
                               .deadline = now + request->wait_ms * DBA_MSEC,
                               .service = request->service,
                               .user = request->user,
                               .rhost = request->rhost,
                               .tty = request->tty,
                               .token = &request->token};

    dba_core_ask(driver->core, now, random_number(), &question);
    run(driver);
}

static void tell(struct driver *driver, uint64_t id, const struct dba_request *request,
                 enum dba_result result, enum dba_reason reason, const char *text, size_t len)
{
    struct dba_reply out = {.op = request->op, .result = result, .reason = reason};

    if (text != NULL && len <= DBA_TEXT_MAX) {
        out.text = text;
        out.text_len = (uint32_t)len;
    }
    server_reply(driver->server, id, &out);
}

static void report(struct driver *driver, uint64_t id, const struct dba_request *request)
{
    struct report r = {.memory_locked = !driver->options.memory->unlocked,
                       .own_token = driver->config->settings.access_token.len > 0,
                       .connections = server_connections(driver->server)};
    size_t len = 0;
    char *text;

    dba_core_stats(driver->core, dba_clock_boot(), &r.stats);
    text = request->op == DBA_OP_STATUS ? report_status(&r, &len) : report_metrics(&r, &len);
    tell(driver, id, request, text != NULL ? DBA_ACCEPTED : DBA_UNAVAILABLE,
         text != NULL ? DBA_REASON_NONE : DBA_REASON_BUSY, text, len);
    free(text);
}

static void reload(struct driver *driver, uint64_t id, const struct dba_request *request)
{
    char *text = NULL;
    size_t len = 0;
    bool done = driver->options.reload(strcmp(request->service, "force") == 0, &text, &len,
                                       driver->options.arg);

    tell(driver, id, request, done ? DBA_ACCEPTED : DBA_REFUSED,
         done ? DBA_REASON_NONE : DBA_REASON_CONFIG, text, len);
    free(text);
}

static void on_request(uint64_t id, const struct server_peer *peer,
                       const struct dba_request *request, void *arg)
{
    struct driver *driver = arg;
    bool needs_token = request->op == DBA_OP_AUTH || request->op == DBA_OP_CHECK;

    if ((request->op == DBA_OP_CHECK || request->op == DBA_OP_RELOAD) && peer->uid != 0) {
        tell(driver, id, request, DBA_DENIED, DBA_REASON_ROOT_ONLY, NULL, 0);
        return;
    }
    if (needs_token && request->token.len == 0) {
        tell(driver, id, request, DBA_REFUSED, DBA_REASON_FORM, NULL, 0);
        return;
    }
    switch (request->op) {
    case DBA_OP_AUTH:
    case DBA_OP_ACCOUNT:
    case DBA_OP_CHECK:
        ask(driver, id, peer, request);
        break;
    case DBA_OP_STATUS:
    case DBA_OP_METRICS:
        report(driver, id, request);
        break;
    case DBA_OP_RELOAD:
        reload(driver, id, request);
        break;
    }
}

static void on_hangup(uint64_t id, void *arg)
{
    struct driver *driver = arg;

    dba_core_hangup(driver->core, dba_clock_boot(), random_number(), id);
    run(driver);
}

/* ---- life ---- */

static bool start(struct driver *driver)
{
    const struct driver_options *o = &driver->options;
    const struct config *config = driver->config;
    struct dba_core_memory memory = memory_for_core(o->memory);
    struct child_events from_child = {on_answer, on_cold, on_lost, driver};
    struct server_events from_server = {on_request, on_hangup, driver};
    uint8_t key[DBA_CORE_KEY];

    if (getrandom(key, sizeof key, 0) != (ssize_t)sizeof key)
        return false;
    if (dba_core_new(&driver->core, dba_clock_boot(), random_number(), &config->settings, key,
                     &memory) != DBA_OK)
        return false;
    dba_wipe(key, sizeof key);
    driver->timer = loop_timer_new(o->loop, on_timer, driver);
    driver->child =
        child_new(o->loop, &o->child, &config->platform, config->ca_file, &from_child);
    driver->server = server_new(o->loop, o->listen_fd, &config->settings, &from_server);
    return driver->timer != NULL && driver->child != NULL && driver->server != NULL;
}

struct driver *driver_new(const struct driver_options *options, const struct config *config)
{
    struct driver *driver = calloc(1, sizeof *driver);

    if (driver == NULL)
        return NULL;
    driver->options = *options;
    driver->config = config;
    dba_list_init(&driver->watches);
    dba_list_init(&driver->gone);
    if (!start(driver)) {
        driver_free(&driver);
        return NULL;
    }
    run(driver);
    return driver;
}

static void free_watches(struct dba_list *list)
{
    while (!dba_list_empty(list))
        watch_free(dba_container(list->next, struct watch, in_watches));
}

void driver_free(struct driver **driver)
{
    if (*driver == NULL)
        return;
    server_free(&(*driver)->server);
    child_free(&(*driver)->child);
    dba_core_free(&(*driver)->core);
    free_watches(&(*driver)->watches);
    free_watches(&(*driver)->gone);
    if ((*driver)->timer != NULL)
        loop_timer_free(&(*driver)->timer);
    free(*driver);
    *driver = NULL;
}

/* Would the Platform, or the way to it, be another one? */
static bool differs(const struct config *old, const struct config *new)
{
    return strcmp(old->platform.url, new->platform.url) != 0 ||
           strcmp(old->platform.org_key, new->platform.org_key) != 0 ||
           strcmp(old->platform.proxy, new->platform.proxy) != 0 ||
           strcmp(old->platform.pinned_public_key, new->platform.pinned_public_key) != 0 ||
           strcmp(old->ca_file, new->ca_file) != 0 ||
           old->settings.org_id != new->settings.org_id;
}

void driver_configure(struct driver *driver, const struct config *config)
{
    const struct config *old = driver->config;
    bool new_platform = differs(old, config);
    bool new_checker =
        new_platform || strcmp(old->platform.instance_id, config->platform.instance_id) != 0 ||
        old->platform.connect_timeout_ms != config->platform.connect_timeout_ms ||
        old->platform.timeout_ms != config->platform.timeout_ms ||
        old->platform.max_connections != config->platform.max_connections ||
        old->platform.max_in_flight != config->platform.max_in_flight;

    driver->config = config;
    server_settings(driver->server, &config->settings);
    if (new_checker)
        child_setup(driver->child, &config->platform, config->ca_file);
    dba_core_configure(driver->core, dba_clock_boot(), random_number(), &config->settings,
                       new_platform);
    if (new_checker && !new_platform)
        dba_core_checker_lost(driver->core, dba_clock_boot(), random_number());
    run(driver);
}
