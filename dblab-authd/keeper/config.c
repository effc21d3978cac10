/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From raw values to settings: what the file names is read, callers are looked up. What is read
 * is kept, so that a daemon that runs relies on no file that may have changed since.
 */
#include "dblab-authd/keeper/config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "dblab-authd/keeper/dump.h"
#include "dblab-authd/keeper/file.h"
#include "dblab-authd/keeper/option.h"
#include "dblab-authd/keeper/reading.h"
#include "dblab-authd/keeper/rules.h"

#define CONFIG_FILE_MAX ((size_t)1024 * 1024)
#define SECRET_FILE_MAX ((size_t)4096)
#define CA_FILE_MAX     ((size_t)4 * 1024 * 1024) /* the checker takes no more */
#define ENTRY_MAX       16384                     /* of passwd(5) and group(5) */

static dba_time seconds(double value)
{
    return value < 0 ? DBA_NEVER : dba_time_of_seconds(value);
}

/* A file that the key names. False: said. */
static bool read_file(struct reading *r, unsigned line, const char *key, const char *path,
                      enum file_kind kind, size_t max, char **text, size_t *len)
{
    char why[FILE_WHY_MAX];
    enum dba_err err = file_read(path, kind, max, text, len, why);

    if (err == DBA_ERR_MEMORY)
        reading_no_memory(r);
    else if (err != DBA_OK)
        reading_refuse(r, line, "%s: %s", key, why);
    return err == DBA_OK;
}

/* ---- secrets ---- */

/* The first line. */
static void take_token(struct reading *r, unsigned line, const char *key, const char *text,
                       size_t len, struct dba_token *token)
{
    const char *end = memchr(text, '\n', len);

    if (end != NULL)
        len = (size_t)(end - text);
    if (len > 0 && text[len - 1] == '\r')
        len--;
    if (dba_token_set(token, text, len) != DBA_OK)
        reading_refuse(r, line, "%s: a token is a line of 1 to %d bytes without control bytes",
                       key, DBA_TOKEN_MAX);
}

static void read_token_file(struct reading *r, unsigned line, const char *key, const char *path,
                            struct dba_token *token)
{
    char *text;
    size_t len;

    if (!read_file(r, line, key, path, FILE_SECRET, SECRET_FILE_MAX, &text, &len))
        return;
    take_token(r, line, key, text, len, token);
    dba_wipe(text, len);
    free(text);
}

static void read_secrets(struct reading *r, const struct raw *raw, struct dba_settings *s)
{
    if (raw->access_token_file[0] != '\0')
        read_token_file(r, reading_line(r, "platform", "accessTokenFile"), "accessTokenFile",
                        raw->access_token_file, &s->access_token);
    else if (raw->access_token[0] != '\0')
        take_token(r, reading_line(r, "platform", "accessToken"), "accessToken",
                   raw->access_token, strlen(raw->access_token), &s->access_token);
    if (raw->verification_token_file[0] != '\0')
        read_token_file(r, reading_line(r, "tokens", "verificationTokenFile"),
                        "verificationTokenFile", raw->verification_token_file,
                        &s->verification_token);
}

static void read_map(struct reading *r, const struct raw *raw, struct dba_settings *s)
{
    struct reading of_map = *r; /* its messages name the map file */
    const char *what;
    enum dba_err err;
    unsigned at;
    char *text;
    size_t len;

    if (raw->map_file[0] == '\0' ||
        !read_file(r, reading_line(r, "identity", "mapFile"), "mapFile", raw->map_file,
                   FILE_PLAIN, DBA_MAP_FILE_MAX, &text, &len))
        return;
    err = dba_map_parse(text, len, &s->map, &at, &what);
    free(text);
    if (err == DBA_ERR_MEMORY) {
        reading_no_memory(r);
    } else if (err != DBA_OK) {
        of_map.name = raw->map_file;
        reading_refuse(&of_map, at, "%s", what);
        r->failed = true;
    }
}

/* ---- services ---- */

/* 0; ENOENT: no such account; or what failed, from which nothing follows. */
static int find_uid(const char *name, uid_t *uid)
{
    struct passwd entry;
    struct passwd *result = NULL;
    char buf[ENTRY_MAX];
    int error = getpwnam_r(name, &entry, buf, sizeof buf, &result);

    if (result != NULL) {
        *uid = result->pw_uid;
        return 0;
    }
    /* getpwnam_r(3) names these, beside 0, as ways of saying it. */
    return error == 0 || error == ESRCH || error == EBADF || error == EPERM ? ENOENT : error;
}

static void set_callers(struct reading *r, const struct raw_service *raw,
                        struct dba_service *service)
{
    service->callers = calloc(raw->callers.count + 1, sizeof *service->callers);
    if (service->callers == NULL) {
        reading_no_memory(r);
        return;
    }
    for (size_t i = 0; i < raw->callers.count; i++) {
        const char *name = raw->callers.items[i];
        int error = find_uid(name, &service->callers[service->callers_count]);

        if (error == 0)
            service->callers_count++;
        else if (error == ENOENT)
            reading_warn(r, raw->line, "service \"%s\": the caller \"%s\" has no account",
                         raw->name, name);
        else
            reading_refuse(r, raw->line, "service \"%s\": the caller \"%s\": %s", raw->name,
                           name, strerror(error));
    }
}

static void copy_names(struct reading *r, const struct dba_names *from, struct dba_names *to)
{
    for (size_t i = 0; i < from->count; i++)
        if (dba_names_add(to, from->items[i]) != DBA_OK)
            reading_no_memory(r);
}

static void check_connector(struct reading *r, const struct raw_service *raw)
{
    char why[FILE_WHY_MAX];
    int fd;

    if (raw->connector[0] == '\0')
        return;
    fd = file_open(raw->connector, FILE_PROGRAM, why);
    if (fd < 0)
        reading_refuse(r, raw->line, "connector: %s", why);
    else
        (void)close(fd);
}

static void set_services(struct reading *r, const struct raw *raw, struct dba_settings *s)
{
    s->services = calloc(raw->services_count + 1, sizeof *s->services);
    if (s->services == NULL) {
        reading_no_memory(r);
        return;
    }
    s->services_count = raw->services_count;
    for (size_t i = 0; i < raw->services_count; i++) {
        const struct raw_service *from = &raw->services[i];
        struct dba_service *to = &s->services[i];

        (void)dba_text_copy(to->name, sizeof to->name, from->name);
        to->unix_account = from->unix_account;
        to->username =
            strcmp(from->username, "email") == 0 ? DBA_USERNAME_EMAIL : DBA_USERNAME_LOCAL;
        (void)rules_session(from, &to->session);
        to->wait = from->wait > 0 ? seconds(from->wait) : DBA_NEVER;
        copy_names(r, &from->administrative_users, &to->administrative_users);
        copy_names(r, &from->deny_users, &to->deny_users);
        set_callers(r, from, to);
        check_connector(r, from);
    }
}

/* ---- the rest ---- */

static void set_values(struct reading *r, const struct raw *raw, struct dba_settings *s)
{
    s->org_id = raw->org_id;
    s->enable_personal_tokens = raw->enable_personal_tokens;
    s->timeout = seconds(raw->timeout);
    s->max_connections = (uint32_t)raw->max_connections;
    s->max_in_flight = (uint32_t)raw->max_in_flight;
    (void)dba_text_copy(s->domain, sizeof s->domain, raw->domain);
    (void)dba_text_copy(s->group, sizeof s->group, raw->group);
    s->min_uid = (uid_t)raw->min_uid;
    s->bound = seconds(raw->bound);
    s->notice = seconds(raw->notice);
    s->kill_wait = seconds(raw->kill_wait);
    s->remember = seconds(raw->remember);
    s->outage_logins = seconds(raw->outage_logins);
    s->outage_sessions = seconds(raw->outage_sessions);
    s->failures_per_minute = (uint32_t)raw->failures_per_minute;
    s->verdicts = (uint32_t)raw->verdicts;
    s->sessions = (uint32_t)raw->sessions;
    s->connections = (uint32_t)raw->connections;
    copy_names(r, &raw->administrative_users, &s->administrative_users);
    copy_names(r, &raw->verification_users, &s->verification_users);
    copy_names(r, &raw->deny_users, &s->deny_users);
}

static void set_text(struct reading *r, const char *key, char *to, size_t cap, const char *from)
{
    if (!dba_text_copy(to, cap, from))
        reading_refuse(r, reading_line(r, "platform", key), "%s is longer than %zu bytes", key,
                       cap - 1);
}

static void read_ca(struct reading *r, const struct raw *raw, struct config *config)
{
    unsigned line = reading_line(r, "platform", "caFile");

    if (read_file(r, line, "caFile", raw->ca_file, FILE_PLAIN, CA_FILE_MAX, &config->ca,
                  &config->ca_len) &&
        memmem(config->ca, config->ca_len, "-----BEGIN ", 11) == NULL)
        reading_refuse(r, line, "caFile: %s has no certificate (PEM) in it", raw->ca_file);
}

static void set_platform(struct reading *r, const struct raw *raw, struct config *config)
{
    struct link_setup *p = &config->platform;
    double connect = raw->connect_timeout < raw->timeout ? raw->connect_timeout : raw->timeout;
    size_t len;

    p->version = LINK_VERSION;
    set_text(r, "url", p->url, sizeof p->url, raw->url);
    for (len = strlen(p->url); len > 0 && p->url[len - 1] == '/'; len--)
        p->url[len - 1] = '\0';
    set_text(r, "orgKey", p->org_key, sizeof p->org_key, raw->org_key);
    set_text(r, "instanceId", p->instance_id, sizeof p->instance_id, raw->instance_id);
    set_text(r, "pinnedPublicKey", p->pinned_public_key, sizeof p->pinned_public_key,
             raw->pinned_public_key);
    set_text(r, "proxy", p->proxy, sizeof p->proxy, raw->proxy);
    p->has_ca = raw->ca_file[0] != '\0';
    p->timeout_ms = (uint32_t)(raw->timeout * 1000 + 0.5);
    p->connect_timeout_ms = (uint32_t)(connect * 1000 + 0.5);
    p->max_connections = (uint32_t)raw->max_connections;
    p->max_in_flight = (uint32_t)raw->max_in_flight;
    if (p->has_ca)
        read_ca(r, raw, config);
}

/* What is wrong with the host, as far as it can be said now. */
static void check_host(struct reading *r, const struct raw *raw)
{
    struct group entry;
    struct group *found = NULL;
    char buf[ENTRY_MAX];
    char why[FILE_WHY_MAX];

    if (!file_folder_ok(raw->run_dir, why))
        reading_refuse(r, reading_line(r, "", "runDir"),
                       "runDir must be root's and writable by root alone, as all above it: %s",
                       why);
    /* ERANGE: so many members that it surely is there. */
    if (getgrnam_r(raw->group, &entry, buf, sizeof buf, &found) == 0 && found == NULL)
        reading_warn(r, reading_line(r, "identity", "group"),
                     "the group \"%s\" does not exist: nobody is a token user at services with "
                     "Unix accounts",
                     raw->group);
}

static struct config *build(struct reading *r, const struct raw *raw)
{
    struct config *config = calloc(1, sizeof *config);

    if (config == NULL)
        return NULL;
    (void)dba_text_copy(config->run_dir, sizeof config->run_dir, raw->run_dir);
    set_values(r, raw, &config->settings);
    set_services(r, raw, &config->settings);
    set_platform(r, raw, config);
    read_secrets(r, raw, &config->settings);
    read_map(r, raw, &config->settings);
    check_host(r, raw);
    return config;
}

/* A file with a secret in it is a secret itself. */
static void check_secrecy(struct reading *r, const char *path, const struct raw *raw)
{
    char why[FILE_WHY_MAX];

    for (size_t i = 0; i < options_count; i++) {
        const struct option *o = &options[i];
        int fd;

        if (strcmp(o->group, "services") == 0 || !option_holds_secret(o, raw))
            continue;
        fd = file_open(path, FILE_SECRET, why);
        if (fd < 0)
            reading_refuse(r, reading_line(r, o->group, o->name), "%s is a secret, but %s",
                           o->name, why);
        else
            (void)close(fd);
    }
}

static void read_text(struct reading *r, const char *path, struct raw *raw)
{
    char why[FILE_WHY_MAX];
    char *text;
    size_t len;
    enum dba_err err = file_read(path, FILE_PLAIN, CONFIG_FILE_MAX, &text, &len, why);

    if (err == DBA_ERR_MEMORY)
        reading_no_memory(r);
    else if (err != DBA_OK)
        reading_refuse(r, 0, "%s", why);
    if (err != DBA_OK)
        return;
    if (strlen(text) != len)
        reading_refuse(r, 0, "a NUL byte in the file");
    else if (reading_run(r, text, raw) == DBA_OK)
        rules_check(r, raw);
    dba_wipe(text, len);
    free(text);
}

/* NULL: the reading has failed. */
static struct config *load(struct reading *r, const char *path, struct raw *raw)
{
    struct config *config = NULL;

    read_text(r, path, raw);
    if (!r->failed)
        check_secrecy(r, path, raw);
    if (r->failed)
        return NULL;
    config = build(r, raw);
    if (config == NULL)
        reading_no_memory(r);
    else if (r->failed)
        config_free(&config);
    return config;
}

/* The dump needs to know only that there is one; it rests in the settings. */
static void forget_token(struct raw *raw)
{
    if (raw->access_token[0] == '\0')
        return;
    dba_wipe(raw->access_token, strlen(raw->access_token));
    raw->access_token[0] = '*';
}

enum dba_err config_load(const char *path, config_say_fn *say, void *arg, struct config **out)
{
    struct reading reading = {.name = path, .say = say, .arg = arg};
    struct raw *raw = malloc(sizeof *raw);

    *out = NULL;
    if (raw == NULL || !raw_init(raw)) {
        free(raw);
        return DBA_ERR_MEMORY;
    }
    *out = load(&reading, path, raw);
    if (*out != NULL) {
        forget_token(raw);
        (*out)->raw = raw;
        return DBA_OK;
    }
    raw_clear(raw);
    free(raw);
    return reading_error(&reading);
}

void config_free(struct config **config)
{
    if (*config == NULL)
        return;
    if ((*config)->raw != NULL) {
        raw_clear((*config)->raw);
        free((*config)->raw);
    }
    dba_settings_clear(&(*config)->settings);
    free((*config)->ca);
    dba_wipe(*config, sizeof **config);
    free(*config);
    *config = NULL;
}

void config_dump(const struct config *config, FILE *out)
{
    dump_print(config->raw, out);
}
