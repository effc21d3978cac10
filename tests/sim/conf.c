/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configurations: what the seed may choose, all of it allowed by the contract (A >= T), and
 * how it is handed to the core.
 */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "world.h"

dba_time conf_max_age(const struct conf *conf)
{
    return conf->bound - 3 * conf->timeout - conf->notice - conf->kill_wait - DBA_SECOND;
}

static void draw_services(struct world *w)
{
    static const struct service all[SERVICES] = {
        {.name = "sshd", .unix_account = true, .listed = true},
        {.name = "sudo", .unix_account = true, .listed = true},
        {.name = "cron", .unix_account = true, .listed = true},
        {.name = "pgbouncer", .caller = 999, .listed = true},
        {.name = "postgresql", .caller = 999, .listed = true},
        {.name = "nginx", .caller = 33, .email_style = true, .listed = true},
    };

    memcpy(w->conf.services, all, sizeof all);
    for (size_t i = 0; i < SERVICES; i++) {
        struct service *service = &w->conf.services[i];

        service->wait = rng_chance(&w->rng, 30)
                            ? rng_time(&w->rng, DBA_SECOND / 20, 3 * DBA_SECOND)
                            : DBA_NEVER;
        if (rng_chance(&w->rng, 20))
            service->admin_user = "ops2";
        if (rng_chance(&w->rng, 20))
            service->denied = "u03";
    }
    w->conf.services[5].listed = rng_chance(&w->rng, 80);
}

static void draw_times(struct world *w, struct conf *conf)
{
    struct rng *rng = &w->rng;
    dba_time age;

    conf->timeout = rng_spread(rng, DBA_SECOND / 10, 5 * DBA_SECOND);
    conf->notice = rng_chance(rng, 30) ? rng_time(rng, 0, 2 * DBA_SECOND) : 0;
    conf->kill_wait = rng_time(rng, DBA_SECOND / 20, 2 * DBA_SECOND);
    /* A just over T is allowed, too: then all is re-checked as fast as it can be. */
    age = conf->timeout + rng_spread(rng, conf->timeout / 20, 20 * conf->timeout);
    conf->bound = age + 3 * conf->timeout + conf->notice + conf->kill_wait + DBA_SECOND;
    conf->remember = rng_spread(rng, conf->bound / 4, 200 * conf->bound);
    conf->outage = rng_chance(rng, 50) ? 0 : rng_spread(rng, conf->bound / 8, 8 * conf->bound);
}

static void draw_quiet(struct conf *conf)
{
    conf->timeout = 4 * DBA_SECOND;
    conf->notice = 0;
    conf->kill_wait = 2 * DBA_SECOND;
    conf->bound = 30 * DBA_SECOND;
    conf->remember = 43200 * DBA_SECOND;
    conf->outage = 0;
    conf->connections = 32;
    conf->in_flight = 128;
    conf->failures = 10;
    conf->verdicts = 100000;
}

void conf_draw(struct world *w)
{
    struct rng *rng = &w->rng;
    struct conf *conf = &w->conf;

    draw_services(w);
    draw_times(w, conf);
    conf->connections = (uint32_t)rng_time(rng, 1, rng_chance(rng, 50) ? 4 : 32);
    conf->in_flight = (uint32_t)rng_time(rng, 1, rng_chance(rng, 30) ? 4 : 128);
    conf->failures = (uint32_t)rng_time(rng, 1, 12);
    conf->verdicts = rng_chance(rng, 20) ? (uint32_t)rng_time(rng, 1, 40) : 10000;
    if (w->quiet)
        draw_quiet(conf);
    conf->org_id = rng_chance(rng, 40) ? OUR_ORG : 0;
    /* Without an own token the organization must be named. */
    if (conf->org_id == 0 || rng_chance(rng, 50))
        conf->own = platform_token(w, TOKEN_OWN, 24);
    conf->personal = true;
    conf->domain = "acme.io";
    conf->mapped = rng_chance(rng, 50);
    conf->min_uid = 1000;
    conf->denied = "root";
    if (rng_chance(rng, 60))
        conf->admin_user = "ops";
    if (rng_chance(rng, 40)) {
        conf->secret = platform_token(w, TOKEN_SECRET, 24);
        conf->secret_user = "setup";
    }
    w->verdicts_most = conf->verdicts;
}

static void add_name(struct dba_names *names, const char *name)
{
    if (name != NULL && dba_names_add(names, name) != DBA_OK)
        abort();
}

static void fill_service(struct dba_service *out, const struct service *service)
{
    strcpy(out->name, service->name);
    out->unix_account = service->unix_account;
    out->username = service->email_style ? DBA_USERNAME_EMAIL : DBA_USERNAME_LOCAL;
    out->session = service->unix_account ? DBA_SESSION_PAM : DBA_SESSION_NONE;
    out->wait = service->wait;
    add_name(&out->administrative_users, service->admin_user);
    add_name(&out->deny_users, service->denied);
    if (service->caller != 0) {
        out->callers = need(sizeof *out->callers);
        out->callers[0] = service->caller;
        out->callers_count = 1;
    }
}

static void fill_map(const struct world *w, struct dba_settings *s)
{
    char text[PEOPLE * 80];
    const char *why;
    size_t len = 0;
    unsigned line;

    if (!w->conf.mapped)
        return;
    for (size_t i = 0; i < w->mappings_count; i++) {
        len = (size_t)(stpcpy(text + len, w->mappings[i].email) - text);
        text[len++] = ' ';
        len = (size_t)(stpcpy(text + len, w->mappings[i].name) - text);
        text[len++] = '\n';
    }
    if (dba_map_parse(text, len, &s->map, &line, &why) != DBA_OK)
        abort();
}

static void fill_services(const struct world *w, struct dba_settings *s)
{
    s->services = need(SERVICES * sizeof *s->services);
    for (size_t i = 0; i < SERVICES; i++)
        if (w->conf.services[i].listed)
            fill_service(&s->services[s->services_count++], &w->conf.services[i]);
}

struct dba_settings *conf_settings(const struct world *w)
{
    const struct conf *conf = &w->conf;
    struct dba_settings *s = need(sizeof *s);

    s->org_id = conf->org_id;
    s->enable_personal_tokens = conf->personal;
    s->timeout = conf->timeout;
    s->max_connections = conf->connections;
    s->max_in_flight = conf->in_flight;
    if (conf->own != NULL)
        s->access_token = conf->own->text;
    if (conf->secret != NULL)
        s->verification_token = conf->secret->text;
    add_name(&s->administrative_users, conf->admin_user);
    add_name(&s->verification_users, conf->secret_user);
    add_name(&s->deny_users, conf->denied);
    strcpy(s->domain, conf->domain);
    strcpy(s->group, "dblab");
    s->min_uid = conf->min_uid;
    s->bound = conf->bound;
    s->notice = conf->notice;
    s->kill_wait = conf->kill_wait;
    s->remember = conf->remember;
    s->outage_logins = conf->outage;
    s->outage_sessions = DBA_NEVER;
    s->failures_per_minute = conf->failures;
    s->verdicts = conf->verdicts;
    s->sessions = 10000;
    s->connections = 1024;
    fill_map(w, s);
    fill_services(w, s);
    return s;
}

void conf_free(struct dba_settings *settings)
{
    if (settings == NULL)
        return;
    dba_settings_clear(settings);
    free(settings);
}
