/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the core decides by: the part of the configuration that is policy. Where a Platform
 * is and how it is spoken to is not in here. Made by the keeper (or a test, or the
 * simulator), owned by who made it, never changed while somebody reads it.
 */
#ifndef DBA_MODEL_SETTINGS_H
#define DBA_MODEL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/token.h"
#include "model/identity.h"
#include "model/name.h"

struct dba_names {
    char **items; /* each its own allocation, and the array */
    size_t count;
};

bool dba_names_have(const struct dba_names *names, const char *name);

/* Copies `name` to the end; DBA_ERR_MEMORY leaves the list as it was. */
enum dba_err dba_names_add(struct dba_names *names, const char *name);
void dba_names_clear(struct dba_names *names);

enum dba_session_kind {
    DBA_SESSION_NONE,
    DBA_SESSION_PAM,
    DBA_SESSION_CALLER,
    DBA_SESSION_CONNECTOR,
};

struct dba_service {
    char name[DBA_SERVICE_MAX + 1];
    bool unix_account;
    enum dba_username username;
    enum dba_session_kind session;
    dba_time wait;                         /* a caller is kept no longer; DBA_NEVER: no limit */
    struct dba_names administrative_users; /* beside tokens.administrativeUsers */
    struct dba_names deny_users;           /* beside identity.denyUsers */
    uid_t *callers;                        /* root always may, and is not in here */
    size_t callers_count;
};

struct dba_settings {
    /* platform */
    int64_t org_id; /* 0: that of the own token */
    bool enable_personal_tokens;
    dba_time timeout;         /* T: one whole call */
    uint32_t max_connections; /* in flight until HTTP/2 is agreed */
    uint32_t max_in_flight;
    struct dba_token access_token; /* our own; len 0: none */
    /* tokens */
    struct dba_token verification_token; /* len 0: none */
    struct dba_names administrative_users;
    struct dba_names verification_users;
    /* identity */
    char domain[254];
    struct dba_map *map; /* owned; NULL: no file */
    char group[DBA_NAME_MAX + 1];
    uid_t min_uid;
    struct dba_names deny_users;
    /* revocation, outage */
    dba_time bound, notice, kill_wait, remember;
    dba_time outage_logins;
    dba_time outage_sessions; /* DBA_NEVER: for ever (-1) */
    /* limits */
    uint32_t failures_per_minute, verdicts, sessions, connections;
    /* services */
    struct dba_service *services;
    size_t services_count;
};

/* All zero is a valid empty one to fill. Frees what is inside and zeroes it, tokens wiped. */
void dba_settings_clear(struct dba_settings *settings);

const struct dba_service *dba_settings_service(const struct dba_settings *settings,
                                               const char *name); /* NULL: not listed */

/* May a process of `uid` speak for this service? */
bool dba_service_caller(const struct dba_service *service, uid_t uid);

/* A = bound - 3*T - notice - killWait - 1 (revocation.md). May be negative in nonsense. */
dba_time dba_settings_max_age(const struct dba_settings *settings);

#endif
