/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/rules.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

bool rules_session(const struct raw_service *service, enum dba_session_kind *kind)
{
    static const struct {
        const char *word;
        enum dba_session_kind kind;
    } kinds[] = {{"pam", DBA_SESSION_PAM},
                 {"caller", DBA_SESSION_CALLER},
                 {"connector", DBA_SESSION_CONNECTOR},
                 {"none", DBA_SESSION_NONE}};

    *kind = service->unix_account ? DBA_SESSION_PAM : DBA_SESSION_NONE;
    if (service->session[0] == '\0')
        return true;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(service->session, kinds[i].word) == 0) {
            *kind = kinds[i].kind;
            return true;
        }
    return false;
}

/* ---- the URL ---- */

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (dba_text_equal_nocase(host, "localhost"))
        return true;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* Cuts host and port out of `host[:port][/path]`. Port 0: none is given. */
static bool split(const char *rest, char *host, size_t cap, unsigned long *port)
{
    const char *end = rest + strcspn(rest, "/");
    static const char host_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789.-_";
    const char *begin = rest;
    const char *start = rest;
    const char *stop;
    struct in6_addr v6;
    char *tail;

    *port = 0;
    if (*rest == '[') {
        start = rest + 1;
        stop = memchr(start, ']', (size_t)(end - start));
        if (stop == NULL)
            return false;
        rest = stop + 1;
    } else {
        stop = rest + strcspn(rest, ":/");
        rest = stop;
    }
    if (stop == start || (size_t)(stop - start) >= cap)
        return false;
    memcpy(host, start, (size_t)(stop - start));
    host[stop - start] = '\0';
    if (start != begin ? inet_pton(AF_INET6, host, &v6) != 1
                       : strspn(host, host_letters) != strlen(host))
        return false;
    if (rest == end)
        return true;
    if (*rest != ':' || rest[1] < '1' || rest[1] > '9')
        return false;
    *port = strtoul(rest + 1, &tail, 10);
    return tail == end && *port <= 65535;
}

const char *rules_url(const char *url)
{
    char host[256];
    unsigned long port;
    bool https = strncmp(url, "https://", 8) == 0;

    if (!https && strncmp(url, "http://", 7) != 0)
        return "must start with https://";
    if (strlen(url) > LINK_URL_SAFE)
        return "is too long";
    if (strpbrk(url, "@?# \\\"") != NULL)
        return "must have no user, query, fragment or blank in it";
    if (!split(url + (https ? 8 : 7), host, sizeof host, &port))
        return "names no host, or no port of 1 to 65535";
    if (https)
        return NULL;
    if (!is_loopback(host))
        return "must be https, or http to loopback";
    /* Below 1024 only root can listen: nobody else can take the tokens there. 0: none is given,
     * so 80. */
    return port < 1024 ? NULL : "must be https, or http to a port below 1024";
}

const char *rules_proxy(const char *proxy)
{
    static const char *const schemes[] = {"http",    "https",  "socks4",
                                          "socks4a", "socks5", "socks5h"};
    const char *colons = strstr(proxy, "://");
    const char *rest = colons != NULL ? colons + 3 : proxy;
    const char *at;
    char host[256];
    unsigned long port;
    bool known = colons == NULL; /* http, then */

    for (size_t i = 0; !known && i < sizeof schemes / sizeof schemes[0]; i++)
        known = strlen(schemes[i]) == (size_t)(colons - proxy) &&
                strncmp(proxy, schemes[i], (size_t)(colons - proxy)) == 0;
    if (!known)
        return "must start with http, https, socks4, socks4a, socks5 or socks5h and ://";
    if (strpbrk(rest, "?# \\\"") != NULL)
        return "must have no query, fragment or blank in it";
    at = strrchr(rest, '@');
    if (!split(at != NULL ? at + 1 : rest, host, sizeof host, &port))
        return "names no host, or no port of 1 to 65535";
    return NULL;
}

/* `sha256//` and the base64 of 32 bytes, once or several times. */
static bool is_pin(const char *pin)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                 "0123456789+/";
    const char *digits;

    for (;;) {
        if (strncmp(pin, "sha256//", 8) != 0)
            return false;
        digits = pin + 8;
        pin = digits + strspn(digits, base64);
        if (pin - digits != 43 || *pin++ != '=')
            return false;
        if (*pin == '\0')
            return true;
        if (*pin++ != ';')
            return false;
    }
}

/* ---- the rules ---- */

static void check_platform(struct reading *r, const struct raw *raw)
{
    const char *why = rules_url(raw->url);

    if (why != NULL)
        reading_refuse(r, reading_line(r, "platform", "url"), "url %s", why);
    if (raw->access_token[0] != '\0' && raw->access_token_file[0] != '\0')
        reading_refuse(r, reading_line(r, "platform", "accessToken"),
                       "accessToken and accessTokenFile are both set; set one");
    if (raw->access_token[0] == '\0' && raw->access_token_file[0] == '\0' && raw->org_id == 0)
        reading_refuse(r, reading_line(r, "platform", "orgId"),
                       "orgId is needed where neither accessTokenFile nor accessToken is set");
    why = raw->proxy[0] != '\0' ? rules_proxy(raw->proxy) : NULL;
    if (why != NULL)
        reading_refuse(r, reading_line(r, "platform", "proxy"), "proxy %s", why);
    if (raw->pinned_public_key[0] != '\0' && !is_pin(raw->pinned_public_key))
        reading_refuse(r, reading_line(r, "platform", "pinnedPublicKey"),
                       "pinnedPublicKey must be sha256//BASE64, several separated by ;");
}

static void check_bound(struct reading *r, const struct raw *raw)
{
    double age = raw->bound - 3 * raw->timeout - raw->notice - raw->kill_wait - 1;
    unsigned line = reading_line(r, "revocation", "bound");

    if (age < raw->timeout)
        reading_refuse(r, line,
                       "A = bound - 3*timeout - notice - killWait - 1 = "
                       "%g - 3*%g - %g - %g - 1 = %g, but A must be at least timeout = %g; "
                       "raise bound to %g or lower the others",
                       raw->bound, raw->timeout, raw->notice, raw->kill_wait, age, raw->timeout,
                       4 * raw->timeout + raw->notice + raw->kill_wait + 1);
    else if (raw->outage_sessions != -1 && raw->outage_sessions < age + 3 * raw->timeout)
        reading_refuse(r, reading_line(r, "outage", "sessions"),
                       "sessions is %g, but must be -1 or at least A + 3*timeout = "
                       "%g + 3*%g = %g (A = bound - 3*timeout - notice - killWait - 1)",
                       raw->outage_sessions, age, raw->timeout, age + 3 * raw->timeout);
}

static void check_users(struct reading *r, unsigned line, const char *key,
                        const struct dba_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i], "root") == 0)
            reading_refuse(r, line, "%s must not name root", key);
        else if (!dba_name_valid(names->items[i]) &&
                 !dba_user_valid(DBA_USERNAME_EMAIL, names->items[i]))
            reading_refuse(r, line, "%s: \"%s\" is no user name", key, names->items[i]);
    }
}

/* Denied names need only be such that the policy file can hold them. */
static void check_denied(struct reading *r, unsigned line, const struct dba_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        if (strchr(names->items[i], ' ') != NULL || strlen(names->items[i]) > DBA_USER_MAX)
            reading_refuse(r, line, "denyUsers: \"%.64s\" is no user name", names->items[i]);
}

static void check_identity(struct reading *r, const struct raw *raw)
{
    if (raw->domain[0] == '\0' && raw->map_file[0] == '\0')
        reading_refuse(r, reading_line(r, "identity", "domain"),
                       "identity.domain and identity.mapFile are both empty: "
                       "no token would fit any user");
    if (raw->domain[0] != '\0' && !dba_domain_valid(raw->domain))
        reading_refuse(r, reading_line(r, "identity", "domain"), "domain \"%.64s\" is none",
                       raw->domain);
    if (!dba_name_valid(raw->group))
        reading_refuse(r, reading_line(r, "identity", "group"),
                       "group \"%.64s\" is no group name", raw->group);
    check_denied(r, reading_line(r, "identity", "denyUsers"), &raw->deny_users);
    check_users(r, reading_line(r, "tokens", "administrativeUsers"), "administrativeUsers",
                &raw->administrative_users);
    check_users(r, reading_line(r, "tokens", "verificationUsers"), "verificationUsers",
                &raw->verification_users);
    if (raw->verification_users.count > 0 && raw->verification_token_file[0] == '\0')
        reading_refuse(r, reading_line(r, "tokens", "verificationUsers"),
                       "verificationUsers needs verificationTokenFile");
}

/* As libpq takes one: a keyword, or what is behind the colon in scheme://user:password@host. */
static bool has_password(const char *argument)
{
    const char *colons = strstr(argument, "://");
    const char *at = colons != NULL ? strchr(colons, '@') : NULL;

    return strcasestr(argument, "password") != NULL ||
           (at != NULL && memchr(colons + 3, ':', (size_t)(at - colons - 3)) != NULL);
}

static void check_session(struct reading *r, const struct raw_service *s)
{
    enum dba_session_kind kind;

    if (!rules_session(s, &kind)) {
        reading_refuse(r, s->line, "session must be pam, caller, connector or none");
        return;
    }
    if (kind == DBA_SESSION_PAM && !s->unix_account)
        reading_refuse(r, s->line, "session \"pam\" needs unixAccount = true");
    if ((kind == DBA_SESSION_CALLER || kind == DBA_SESSION_CONNECTOR) && s->unix_account)
        reading_refuse(r, s->line, "session \"%s\" needs unixAccount = false", s->session);
    if (kind == DBA_SESSION_CONNECTOR && s->connector[0] == '\0')
        reading_refuse(r, s->line, "session \"connector\" needs a connector");
    if (kind == DBA_SESSION_CONNECTOR && s->callers.count == 0)
        reading_refuse(r, s->line, "session \"connector\" needs callers: it runs as the first");
    if (s->connector[0] == '\0' && s->connector_arguments.count > 0)
        reading_refuse(r, s->line, "connectorArguments needs a connector");
    if (s->unix_socket && s->connector[0] == '\0')
        reading_refuse(r, s->line, "unixSocket needs a connector");
    for (size_t i = 0; i < s->connector_arguments.count; i++)
        if (has_password(s->connector_arguments.items[i]))
            reading_refuse(r, s->line, "connectorArguments must have no password in it");
}

static void check_service(struct reading *r, const struct raw *raw, size_t at)
{
    const struct raw_service *s = &raw->services[at];

    if (!dba_service_name_valid(s->name)) {
        reading_refuse(r, s->line, "a service needs a name that is a file name of pam.d");
        return;
    }
    for (size_t i = 0; i < at; i++)
        if (strcmp(raw->services[i].name, s->name) == 0)
            reading_refuse(r, s->line, "service \"%s\" is given twice", s->name);
    if (strcmp(s->username, "local") != 0 && strcmp(s->username, "email") != 0)
        reading_refuse(r, s->line, "username must be local or email");
    if (s->unix_account && strcmp(s->username, "email") == 0)
        reading_refuse(r, s->line, "username \"email\" needs unixAccount = false");
    if (s->unix_account && s->callers.count > 0)
        reading_refuse(r, s->line,
                       "callers needs unixAccount = false: only root opens Unix accounts");
    check_users(r, s->line, "administrativeUsers", &s->administrative_users);
    check_denied(r, s->line, &s->deny_users);
    check_session(r, s);
}

void rules_check(struct reading *reading, const struct raw *raw)
{
    if (raw->run_dir[0] != '/' || strlen(raw->run_dir) > RUN_DIR_MAX)
        reading_refuse(reading, reading_line(reading, "", "runDir"),
                       "runDir must be an absolute path of at most %d bytes", RUN_DIR_MAX);
    check_platform(reading, raw);
    check_bound(reading, raw);
    check_identity(reading, raw);
    for (size_t i = 0; i < raw->services_count; i++)
        check_service(reading, raw, i);
}
