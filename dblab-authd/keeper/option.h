/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of settings: each key of dblab-auth.conf(5) with its type, default, range and what
 * it is for. Reading, --check, --dump and the manual page go by it; no key exists outside of
 * it.
 */
#ifndef DBA_KEEPER_OPTION_H
#define DBA_KEEPER_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "model/settings.h"

enum option_type {
    OPTION_BOOL,    /* bool */
    OPTION_NUMBER,  /* int64_t */
    OPTION_SECONDS, /* double; whole numbers are taken, too */
    OPTION_TEXT,    /* char *, owned */
    OPTION_NAMES,   /* struct dba_names */
};

enum option_secrecy {
    OPTION_PUBLIC,
    OPTION_SECRET,   /* neither printed by --dump nor allowed in a file that others can read */
    OPTION_USERINFO, /* the same, if it is a URL with a user in it */
};

/* The values as they are in the file, before anything is looked up or read by their help. */
struct raw_service {
    char *name;
    struct dba_names callers;
    bool unix_account;
    char *username;
    char *session; /* "": by unixAccount */
    char *connector;
    struct dba_names connector_arguments;
    bool unix_socket;
    double wait; /* 0: no limit but the caller's own */
    struct dba_names administrative_users;
    struct dba_names deny_users;
    unsigned line;
};

struct raw {
    char *run_dir;
    char *url, *access_token_file, *access_token, *org_key, *instance_id;
    int64_t org_id;
    bool enable_personal_tokens;
    char *ca_file, *pinned_public_key, *proxy;
    double connect_timeout, timeout;
    int64_t max_connections, max_in_flight;
    struct dba_names administrative_users, verification_users;
    char *verification_token_file;
    char *domain, *map_file, *group;
    int64_t min_uid;
    struct dba_names deny_users;
    double bound, notice, kill_wait, remember;
    double outage_logins, outage_sessions;
    int64_t failures_per_minute, verdicts, sessions, connections;
    struct raw_service *services;
    size_t services_count;
};

struct option {
    const char *group; /* "": top level; "services": of each entry of that list */
    const char *name;
    enum option_type type;
    size_t offset;        /* into struct raw, or struct raw_service */
    const char *text;     /* default of TEXT; of NAMES, words */
    double number;        /* default of BOOL, NUMBER, SECONDS */
    double low, high;     /* range of NUMBER and SECONDS */
    bool zero, minus_one; /* allowed beside the range */
    enum option_secrecy secrecy;
    const char *doc;
};

extern const struct option options[];
extern const size_t options_count;

/* The row of a key, or NULL. */
const struct option *option_find(const char *group, const char *name);

/* Is the value at `base` a secret, and not empty? */
bool option_holds_secret(const struct option *option, const void *base);

/* Sets one value, of a struct raw or raw_service at `base`, to its default. False: no memory.
 */
bool option_default(const struct option *option, void *base);

/* All defaults, the default list of services with them. False: no memory. */
bool raw_init(struct raw *raw);
void raw_clear(struct raw *raw); /* secrets wiped */

/* A new last service with defaults; NULL: no memory. */
struct raw_service *raw_add_service(struct raw *raw);
void raw_drop_services(struct raw *raw);

/* The table as the part of the manual page (mdoc) that lists the settings. */
void options_roff(FILE *out);

#endif
