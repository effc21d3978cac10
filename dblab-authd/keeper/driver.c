/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/driver.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/core.h"
#include "dblab-authd/keeper/log.h"
#include "dblab-authd/keeper/report.h"
#include "dblab-authd/keeper/server.h"
#include "dblab-authd/keeper/watch.h"

struct driver {
    struct driver_options options;
    const struct config *config;
    struct dba_core *core;
    struct server *server;
    struct child *child;
    struct loop_timer *timer;
    struct watches *watches;
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
        watches_add(driver->watches, action->process);
        break;
    case DBA_DO_LOG:
        log_text(action->level, action->text);
        break;
    }
}

/* After each event: all actions, and when the core wants to be called next. */
static void run(struct driver *driver)
{
    struct dba_action action;

    while (dba_core_next(driver->core, &action)) {
        act(driver, &action);
        dba_wipe(&action, sizeof action);
    }
    loop_timer_set(driver->timer, dba_core_expiry(driver->core));
}

static void on_timer(void *arg)
{
    struct driver *driver = arg;

    dba_core_expire(driver->core, dba_clock_boot(), random_number());
    run(driver);
}

static void on_gone(struct dba_process process, void *arg)
{
    struct driver *driver = arg;

    dba_core_gone(driver->core, dba_clock_boot(), random_number(), process);
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

static struct child_setup setup_of(const struct config *config)
{
    return (struct child_setup){&config->platform, config->ca, config->ca_len};
}

static bool start_core(struct driver *driver)
{
    struct dba_core_memory memory = memory_for_core(driver->options.memory);
    uint8_t key[DBA_CORE_KEY];
    bool ok = getrandom(key, sizeof key, 0) == (ssize_t)sizeof key &&
              dba_core_new(&driver->core, dba_clock_boot(), random_number(),
                           &driver->config->settings, key, &memory) == DBA_OK;

    dba_wipe(key, sizeof key);
    return ok;
}

static bool start(struct driver *driver)
{
    const struct driver_options *o = &driver->options;
    struct child_setup setup = setup_of(driver->config);
    struct child_events from_child = {on_answer, on_cold, on_lost, driver};
    struct server_events from_server = {on_request, on_hangup, driver};

    driver->server = server_new(o->loop, o->listen_fd, &driver->config->settings, &from_server);
    driver->timer = loop_timer_new(o->loop, on_timer, driver);
    driver->watches = watches_new(o->loop, on_gone, driver);
    if (driver->server == NULL || driver->timer == NULL || driver->watches == NULL ||
        !start_core(driver))
        return false;
    driver->child = child_new(o->loop, &o->child, &setup, &from_child);
    return driver->child != NULL;
}

struct driver *driver_new(const struct driver_options *options, const struct config *config)
{
    struct driver *driver = calloc(1, sizeof *driver);

    if (driver == NULL)
        return NULL;
    driver->options = *options;
    driver->config = config;
    if (!start(driver)) {
        driver_free(&driver);
        return NULL;
    }
    run(driver);
    return driver;
}

void driver_free(struct driver **driver)
{
    if (*driver == NULL)
        return;
    server_free(&(*driver)->server);
    child_free(&(*driver)->child);
    dba_core_free(&(*driver)->core);
    watches_free(&(*driver)->watches);
    loop_timer_free(&(*driver)->timer);
    free(*driver);
    *driver = NULL;
}

static bool same_ca(const struct config *a, const struct config *b)
{
    if (a->ca == NULL || b->ca == NULL)
        return a->ca == b->ca;
    return a->ca_len == b->ca_len && memcmp(a->ca, b->ca, a->ca_len) == 0;
}

/* Is it still the same Platform that answers, and the same organization that it answers for? */
static bool same_platform(const struct config *a, const struct config *b)
{
    return strcmp(a->platform.url, b->platform.url) == 0 &&
           strcmp(a->platform.org_key, b->platform.org_key) == 0 &&
           strcmp(a->platform.proxy, b->platform.proxy) == 0 &&
           strcmp(a->platform.pinned_public_key, b->platform.pinned_public_key) == 0 &&
           a->settings.org_id == b->settings.org_id && same_ca(a, b);
}

/* Is the rest of what the checker was told the same? */
static bool same_manner(const struct link_setup *a, const struct link_setup *b)
{
    return strcmp(a->instance_id, b->instance_id) == 0 &&
           a->connect_timeout_ms == b->connect_timeout_ms && a->timeout_ms == b->timeout_ms &&
           a->max_connections == b->max_connections && a->max_in_flight == b->max_in_flight;
}

void driver_configure(struct driver *driver, const struct config *config)
{
    const struct config *old = driver->config;
    const struct child_setup setup = setup_of(config);
    bool new_platform = !same_platform(old, config);
    bool new_checker = new_platform || !same_manner(&old->platform, &config->platform);

    driver->config = config;
    server_settings(driver->server, &config->settings);
    child_configure(driver->child, &setup, new_checker);
    dba_core_configure(driver->core, dba_clock_boot(), random_number(), &config->settings,
                       new_platform);
    if (new_checker && !new_platform) /* else the core has it in hand already */
        dba_core_checker_lost(driver->core, dba_clock_boot(), random_number());
    if (new_checker)
        dba_core_cold(driver->core, dba_clock_boot(), random_number());
    run(driver);
}
