/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/option.h"

#include <stdlib.h>
#include <string.h>

#define RAW(member)     offsetof(struct raw, member)
#define SERVICE(member) offsetof(struct raw_service, member)

/* Seconds are 0.05 to a day, what outlives days to 10^8; counts 1 to 10^7 (design.md). */
#define SECONDS_RANGE 0.05, 86400
#define LONG_RANGE    0.05, 1e8
#define COUNT_RANGE   1, 1e7

#define TEXT(group, name, member, value, doc)                                                  \
    {                                                                                          \
        group, name, OPTION_TEXT, RAW(member), value, 0, 0, 0, false, false, OPTION_PUBLIC,    \
            doc                                                                                \
    }
#define SECRET(group, name, member, secrecy, doc)                                              \
    {                                                                                          \
        group, name, OPTION_TEXT, RAW(member), "", 0, 0, 0, false, false, secrecy, doc         \
    }
#define NAMES(group, name, member, value, doc)                                                 \
    {                                                                                          \
        group, name, OPTION_NAMES, RAW(member), value, 0, 0, 0, false, false, OPTION_PUBLIC,   \
            doc                                                                                \
    }
#define SECONDS(group, name, member, value, range, zero, minus_one, doc)                       \
    {                                                                                          \
        group, name, OPTION_SECONDS, RAW(member), NULL, value, range, zero, minus_one,         \
            OPTION_PUBLIC, doc                                                                 \
    }
#define NUMBER(group, name, member, value, range, zero, doc)                                   \
    {                                                                                          \
        group, name, OPTION_NUMBER, RAW(member), NULL, value, range, zero, false,              \
            OPTION_PUBLIC, doc                                                                 \
    }

/* clang-format off */
const struct option options[] = {
    TEXT("", "runDir", run_dir, "/run/dblab-auth",
         "Folder of the socket and of the published policy file."),

    TEXT("platform", "url", url, "https://postgres.ai/api/general",
         "Where the Database Lab Platform is: https, or http to loopback on a port below 1024."),
    TEXT("platform", "accessTokenFile", access_token_file, "",
         "File whose first line is the organization's own access token."),
    SECRET("platform", "accessToken", access_token, OPTION_SECRET,
           "The same token in this file; not together with accessTokenFile."),
    SECRET("platform", "orgKey", org_key, OPTION_SECRET,
           "Sent as the header Org-Key where it is set."),
    TEXT("platform", "instanceId", instance_id, "",
         "Sent as the header Selfassigned-Instance-ID."),
    {"platform", "orgId", OPTION_NUMBER, RAW(org_id), NULL, 0, 1, 9007199254740991.0, true,
     false, OPTION_PUBLIC,
     "The organization whose tokens are accepted; 0: that of the own token. Needed without one."},
    {"platform", "enablePersonalTokens", OPTION_BOOL, RAW(enable_personal_tokens), NULL, 1, 0, 0,
     false, false, OPTION_PUBLIC, "Whether personal tokens are accepted at all."},
    TEXT("platform", "caFile", ca_file, "",
         "Certificates (PEM) that the Platform's must be signed by; empty: the system's."),
    TEXT("platform", "pinnedPublicKey", pinned_public_key, "",
         "The Platform's public key, sha256//BASE64, several separated by a semicolon."),
    SECRET("platform", "proxy", proxy, OPTION_USERINFO,
           "URL of a proxy. It is never taken from the environment."),
    SECONDS("platform", "connectTimeout", connect_timeout, 2.0, SECONDS_RANGE, false, false,
            "Seconds until a connection must be made."),
    SECONDS("platform", "timeout", timeout, 4.0, SECONDS_RANGE, false, false,
            "Seconds that one whole call may take."),
    NUMBER("platform", "maxConnections", max_connections, 32, COUNT_RANGE, false,
           "Most connections, and most requests in flight until HTTP/2 is agreed."),
    NUMBER("platform", "maxInFlight", max_in_flight, 128, COUNT_RANGE, false,
           "Most requests in flight."),

    NAMES("tokens", "administrativeUsers", administrative_users, "",
          "User names for which an administrative token is accepted, at any service."),
    TEXT("tokens", "verificationTokenFile", verification_token_file, "",
         "File whose first line is the engine's verification token."),
    NAMES("tokens", "verificationUsers", verification_users, "",
          "User names for which the verification token is accepted."),

    TEXT("identity", "domain", domain, "",
         "Domain whose addresses map to the user name before the @."),
    TEXT("identity", "mapFile", map_file, "",
         "File of lines 'email name [name...]' that come before that rule."),
    TEXT("identity", "group", group, "dblab",
         "Members of this group log in with a token, or not at all."),
    NUMBER("identity", "minUid", min_uid, 1000, COUNT_RANGE, false,
           "Accounts with a lower uid are never token users."),
    NAMES("identity", "denyUsers", deny_users, "root postgres pgbouncer",
          "Names that never log in with a token, at any service."),

    SECONDS("revocation", "bound", bound, 30.0, SECONDS_RANGE, false, false,
            "The promise: seconds from a revocation until it is in force on this host."),
    SECONDS("revocation", "notice", notice, 0.0, SECONDS_RANGE, true, false,
            "Seconds of warning on the terminal before a session is ended."),
    SECONDS("revocation", "killWait", kill_wait, 2.0, SECONDS_RANGE, false, false,
            "Seconds between SIGTERM and SIGKILL."),
    SECONDS("revocation", "remember", remember, 43200.0, LONG_RANGE, false, false,
            "Seconds after its last accepted login for which a token vouches for key logins "
            "and sudo."),

    SECONDS("outage", "logins", outage_logins, 0.0, LONG_RANGE, true, false,
            "Seconds after its last good check for which a token is accepted while the "
            "Platform does not decide."),
    SECONDS("outage", "sessions", outage_sessions, -1.0, LONG_RANGE, true, true,
            "Seconds after the last good check until sessions end while the Platform does not "
            "decide; -1: never."),

    NUMBER("limits", "failuresPerMinute", failures_per_minute, 10, COUNT_RANGE, false,
           "Refusals within a minute for one service, address and user; ten times as many for "
           "one service and address."),
    NUMBER("limits", "verdicts", verdicts, 100000, COUNT_RANGE, false,
           "Most tokens that are remembered, and most refusals."),
    NUMBER("limits", "sessions", sessions, 10000, COUNT_RANGE, false,
           "Most sessions."),
    NUMBER("limits", "connections", connections, 1024, COUNT_RANGE, false,
           "Most callers at once."),

    {"services", "name", OPTION_TEXT, SERVICE(name), "", 0, 0, 0, false, false, OPTION_PUBLIC,
     "The PAM service's name. Needed."},
    {"services", "callers", OPTION_NAMES, SERVICE(callers), "", 0, 0, 0, false, false,
     OPTION_PUBLIC,
     "Users whose processes may speak for the service, beside root; only without unixAccount."},
    {"services", "unixAccount", OPTION_BOOL, SERVICE(unix_account), NULL, 1, 0, 0, false, false,
     OPTION_PUBLIC, "Whether the service's users are accounts of this host."},
    {"services", "username", OPTION_TEXT, SERVICE(username), "local", 0, 0, 0, false, false,
     OPTION_PUBLIC, "How a person is named: local (alice) or email (alice@acme.io)."},
    {"services", "session", OPTION_TEXT, SERVICE(session), "", 0, 0, 0, false, false,
     OPTION_PUBLIC,
     "pam, caller, connector or none; default pam with unixAccount, none without."},
    {"services", "connector", OPTION_TEXT, SERVICE(connector), "", 0, 0, 0, false, false,
     OPTION_PUBLIC,
     "Program that lists and ends a pooler's clients; needed with session = connector."},
    {"services", "connectorArguments", OPTION_NAMES, SERVICE(connector_arguments), "", 0, 0, 0,
     false, false, OPTION_PUBLIC, "Its arguments; none may have a password in it."},
    {"services", "unixSocket", OPTION_BOOL, SERVICE(unix_socket), NULL, 0, 0, 0, false, false,
     OPTION_PUBLIC, "Whether logins over the pooler's Unix socket are let in."},
    {"services", "wait", OPTION_SECONDS, SERVICE(wait), NULL, 0, SECONDS_RANGE, true, false,
     OPTION_PUBLIC, "Seconds that a caller may be kept waiting; 0: as long as it says itself."},
    {"services", "administrativeUsers", OPTION_NAMES, SERVICE(administrative_users), "", 0, 0,
     0, false, false, OPTION_PUBLIC, "As in tokens, for this service alone."},
    {"services", "denyUsers", OPTION_NAMES, SERVICE(deny_users), "", 0, 0, 0, false, false,
     OPTION_PUBLIC, "As in identity, for this service alone."},
};
/* clang-format on */
const size_t options_count = sizeof options / sizeof options[0];

const struct option *option_find(const char *group, const char *name)
{
    for (size_t i = 0; i < options_count; i++)
        if (strcmp(options[i].group, group) == 0 && strcmp(options[i].name, name) == 0)
            return &options[i];
    return NULL;
}

static bool add_words(struct dba_names *names, const char *words)
{
    while (*words != '\0') {
        size_t len = strcspn(words, " ");
        char *word = strndup(words, len);
        bool added = word != NULL && dba_names_add(names, word) == DBA_OK;

        free(word);
        if (!added)
            return false;
        words += len;
        words += strspn(words, " ");
    }
    return true;
}

bool option_holds_secret(const struct option *option, const void *base)
{
    const char *value;

    if (option->secrecy == OPTION_PUBLIC)
        return false;
    value = *(char *const *)((const char *)base + option->offset);
    return option->secrecy == OPTION_SECRET ? value[0] != '\0' : strchr(value, '@') != NULL;
}

bool option_default(const struct option *option, void *base)
{
    void *at = (char *)base + option->offset;

    switch (option->type) {
    case OPTION_BOOL:
        *(bool *)at = option->number != 0;
        break;
    case OPTION_NUMBER:
        *(int64_t *)at = (int64_t)option->number;
        break;
    case OPTION_SECONDS:
        *(double *)at = option->number;
        break;
    case OPTION_TEXT:
        *(char **)at = strdup(option->text);
        return *(char **)at != NULL;
    case OPTION_NAMES:
        return add_words(at, option->text);
    }
    return true;
}

static void clear_values(bool of_service, void *base)
{
    for (size_t i = 0; i < options_count; i++) {
        void *at = (char *)base + options[i].offset;

        if ((strcmp(options[i].group, "services") == 0) != of_service)
            continue;
        if (options[i].type == OPTION_NAMES) {
            dba_names_clear(at);
        } else if (options[i].type == OPTION_TEXT && *(char **)at != NULL) {
            if (options[i].secrecy != OPTION_PUBLIC)
                dba_wipe(*(char **)at, strlen(*(char **)at));
            free(*(char **)at);
            *(char **)at = NULL;
        }
    }
}

static bool default_values(bool of_service, void *base)
{
    for (size_t i = 0; i < options_count; i++)
        if ((strcmp(options[i].group, "services") == 0) == of_service &&
            !option_default(&options[i], base))
            return false;
    return true;
}

struct raw_service *raw_add_service(struct raw *raw)
{
    struct raw_service *list =
        reallocarray(raw->services, raw->services_count + 1, sizeof *list);
    struct raw_service *last;

    if (list == NULL)
        return NULL;
    raw->services = list;
    last = &list[raw->services_count++];
    memset(last, 0, sizeof *last);
    return default_values(true, last) ? last : NULL;
}

void raw_drop_services(struct raw *raw)
{
    for (size_t i = 0; i < raw->services_count; i++)
        clear_values(true, &raw->services[i]);
    free(raw->services);
    raw->services = NULL;
    raw->services_count = 0;
}

/* The list that is in force where the file has none (design.md). */
static bool default_services(struct raw *raw)
{
    static const char *const with_accounts[] = {
        "sshd", "sudo", "sudo-i", "su", "su-l", "login", "cron", "atd", "systemd-user"};
    static const char *const without[] = {"pgbouncer", "postgresql"};
    struct raw_service *service;

    for (size_t i = 0; i < sizeof with_accounts / sizeof with_accounts[0]; i++) {
        service = raw_add_service(raw);
        if (service == NULL)
            return false;
        free(service->name);
        service->name = strdup(with_accounts[i]);
        if (service->name == NULL)
            return false;
    }
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
        service = raw_add_service(raw);
        if (service == NULL || dba_names_add(&service->callers, "postgres") != DBA_OK)
            return false;
        free(service->name);
        service->name = strdup(without[i]);
        service->unix_account = false;
        /* pgbouncer has one thread for PAM: who waits there makes all others wait. */
        service->wait = i == 0 ? 1.0 : 0.0;
        free(service->session);
        service->session = strdup(i == 0 ? "none" : "caller");
        if (service->name == NULL || service->session == NULL)
            return false;
    }
    return true;
}

bool raw_init(struct raw *raw)
{
    memset(raw, 0, sizeof *raw);
    if (default_values(false, raw) && default_services(raw))
        return true;
    raw_clear(raw);
    return false;
}

void raw_clear(struct raw *raw)
{
    raw_drop_services(raw);
    clear_values(false, raw);
}

static void roff_default(const struct option *o, FILE *out)
{
    switch (o->type) {
    case OPTION_BOOL:
        (void)fprintf(out, "true or false; default %s", o->number != 0 ? "true" : "false");
        break;
    case OPTION_NUMBER:
        (void)fprintf(out, "%.0f to %.0f%s; default %.0f", o->low, o->high,
                      o->zero ? ", or 0" : "", o->number);
        break;
    case OPTION_SECONDS:
        (void)fprintf(out, "seconds, %g to %.0f%s%s; default %g", o->low, o->high,
                      o->zero ? ", or 0" : "", o->minus_one ? ", or \\-1" : "", o->number);
        break;
    case OPTION_TEXT:
        (void)fprintf(out, "text; default %s%s%s", o->text[0] != '\0' ? "\\(dq" : "none",
                      o->text, o->text[0] != '\0' ? "\\(dq" : "");
        break;
    case OPTION_NAMES:
        (void)fprintf(out, "list; default %s", o->text[0] != '\0' ? o->text : "empty");
        break;
    }
}

void options_roff(FILE *out)
{
    const char *group = NULL;

    for (size_t i = 0; i < options_count; i++) {
        const struct option *o = &options[i];

        if (group == NULL || strcmp(group, o->group) != 0) {
            if (group != NULL)
                (void)fputs(".El\n", out);
            (void)fprintf(out, ".Ss %s\n.Bl -tag -width Ds\n",
                          o->group[0] != '\0' ? o->group : "Top level");
            group = o->group;
        }
        (void)fprintf(out, ".It Ic %s\n%s\n.Pq ", o->name, o->doc);
        roff_default(o, out);
        (void)fputs("\n", out);
    }
    (void)fputs(".El\n", out);
}
