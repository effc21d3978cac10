/* SPDX-License-Identifier: Apache-2.0 */
#include "model/policy.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LINE "dblab-auth-policy "
#define VERSION    "1"
#define NO_UID     ((uid_t)-1) /* chown(2) and others: nobody's, so never in the file */

/* ---- reading: one pass, nothing allocated: this is in the path of each login ---- */

struct span {
    const char *at;
    size_t len;
};

static bool is(struct span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.at, text, span.len) == 0;
}

/* Cuts the text up to the separator off `rest`. */
static struct span cut(struct span *rest, char separator)
{
    const char *end = rest->len > 0 ? memchr(rest->at, separator, rest->len) : NULL;
    struct span head = {rest->at, end != NULL ? (size_t)(end - rest->at) : rest->len};
    size_t skip = end != NULL ? head.len + 1 : head.len;

    rest->at += skip;
    rest->len -= skip;
    return head;
}

static bool number(struct span span, uid_t *out)
{
    uint64_t value = 0;

    if (span.len == 0 || span.len > 10 || (span.len > 1 && span.at[0] == '0'))
        return false;
    for (size_t i = 0; i < span.len; i++) {
        if (span.at[i] < '0' || span.at[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(span.at[i] - '0');
    }
    *out = (uid_t)value;
    return value < NO_UID;
}

struct reading {
    const char *service, *user;
    uid_t caller;
    bool in_service; /* a service line was read */
    bool in_ours;    /* and it was the one that is asked about */
    bool has_group, has_min_uid;
};

static bool read_service(struct reading *r, struct span words, struct dba_policy_rule *rule)
{
    struct span name = cut(&words, ' ');
    struct span kind = cut(&words, ' ');
    struct span style = cut(&words, ' ');

    if (name.len == 0 || name.len > DBA_SERVICE_MAX || words.len > 0 ||
        !(is(kind, "unix") || is(kind, "plain")) || !(is(style, "local") || is(style, "email")))
        return false;
    r->in_service = true;
    r->in_ours = is(name, r->service);
    if (!r->in_ours)
        return true;
    if (rule->service_listed)
        return false; /* twice */
    rule->service_listed = true;
    rule->unix_account = is(kind, "unix");
    rule->username = is(style, "email") ? DBA_USERNAME_EMAIL : DBA_USERNAME_LOCAL;
    rule->caller_may = r->caller == 0;
    return true;
}

static bool read_group(struct reading *r, struct span words, struct dba_policy_rule *rule)
{
    if (r->has_group || words.len == 0 || words.len > DBA_NAME_MAX)
        return false;
    memcpy(rule->group, words.at, words.len);
    rule->group[words.len] = '\0';
    r->has_group = true;
    return dba_name_valid(rule->group);
}

static bool read_line(struct reading *r, struct span line, struct dba_policy_rule *rule)
{
    struct span word = cut(&line, ' ');
    uid_t uid;

    if (is(word, "service"))
        return read_service(r, line, rule);
    if (is(word, "caller")) {
        if (!r->in_service || !number(line, &uid))
            return false;
        rule->caller_may |= r->in_ours && uid == r->caller;
        return true;
    }
    if (is(word, "service-deny-user")) {
        rule->user_denied |= r->in_ours && is(line, r->user);
        return r->in_service && line.len > 0;
    }
    if (r->in_service)
        return false;
    if (is(word, "deny-user")) {
        rule->user_denied |= is(line, r->user);
        return line.len > 0;
    }
    if (is(word, "min-uid") && !r->has_min_uid) {
        r->has_min_uid = true;
        return number(line, &rule->min_uid);
    }
    return is(word, "group") && read_group(r, line, rule);
}

static enum dba_err read_all(struct span rest, struct reading *r, struct dba_policy_rule *rule)
{
    struct span line = cut(&rest, '\n');

    if (line.len < strlen(FIRST_LINE) || memcmp(line.at, FIRST_LINE, strlen(FIRST_LINE)) != 0)
        return rest.len == 0 ? DBA_ERR_SHORT : DBA_ERR_FORM;
    line.at += strlen(FIRST_LINE);
    line.len -= strlen(FIRST_LINE);
    if (!is(line, VERSION))
        return DBA_ERR_VERSION;
    while (rest.len > 0) {
        line = cut(&rest, '\n');
        if (is(line, "end") && rest.len == 0)
            return r->has_group && r->has_min_uid ? DBA_OK : DBA_ERR_FORM;
        if (memchr(line.at, '\0', line.len) != NULL || !read_line(r, line, rule))
            return DBA_ERR_FORM;
    }
    return DBA_ERR_SHORT;
}

enum dba_err dba_policy_read(const char *text, size_t len, const char *service,
                             const char *user, uid_t caller, struct dba_policy_rule *rule)
{
    struct reading r = {.service = service, .user = user, .caller = caller};
    enum dba_err err = DBA_ERR_SIZE;

    *rule = (struct dba_policy_rule){0};
    /* A file that was cut in the middle of `end` has no newline at its end, either. */
    if (len == 0 || text[len - 1] != '\n')
        err = DBA_ERR_SHORT;
    else if (len <= DBA_POLICY_MAX)
        err = read_all((struct span){text, len}, &r, rule);
    if (err != DBA_OK)
        *rule = (struct dba_policy_rule){0};
    return err;
}

/* ---- printing ---- */

struct printing {
    char *text;
    size_t len;
    bool fits;
};

static void print(struct printing *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void print(struct printing *out, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(out->text + out->len, DBA_POLICY_MAX + 1 - out->len, format, args);
    va_end(args);
    if (len < 0 || (size_t)len > DBA_POLICY_MAX - out->len)
        out->fits = false;
    else
        out->len += (size_t)len;
}

/* Would it read back as it is? */
static bool printable(const char *name)
{
    if (name[0] == '\0')
        return false;
    for (; *name != '\0'; name++)
        if ((unsigned char)*name <= 0x20 || *name == 0x7f)
            return false;
    return true;
}

static bool names_printable(const struct dba_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        if (!printable(names->items[i]))
            return false;
    return true;
}

static bool service_printable(const struct dba_service *service)
{
    for (size_t i = 0; i < service->callers_count; i++)
        if (service->callers[i] == NO_UID)
            return false;
    return dba_service_name_valid(service->name) && names_printable(&service->deny_users);
}

static bool settings_printable(const struct dba_settings *s)
{
    if (!dba_name_valid(s->group) || s->min_uid == NO_UID || !names_printable(&s->deny_users))
        return false;
    for (size_t i = 0; i < s->services_count; i++)
        if (!service_printable(&s->services[i]) ||
            dba_settings_service(s, s->services[i].name) != &s->services[i]) /* twice */
            return false;
    return true;
}

static void print_names(struct printing *out, const char *word, const struct dba_names *names)
{
    for (size_t i = 0; i < names->count && out->fits; i++)
        print(out, "%s %s\n", word, names->items[i]);
}

static void print_service(struct printing *out, const struct dba_service *service)
{
    print(out, "service %s %s %s\n", service->name, service->unix_account ? "unix" : "plain",
          service->username == DBA_USERNAME_EMAIL ? "email" : "local");
    for (size_t i = 0; i < service->callers_count && out->fits; i++)
        print(out, "caller %u\n", service->callers[i]);
    print_names(out, "service-deny-user", &service->deny_users);
}

enum dba_err dba_policy_print(const struct dba_settings *settings, char **text, size_t *len)
{
    struct printing out = {.fits = true};

    *text = NULL;
    *len = 0;
    if (!settings_printable(settings))
        return DBA_ERR_ARGUMENT;
    out.text = malloc(DBA_POLICY_MAX + 1);
    if (out.text == NULL)
        return DBA_ERR_MEMORY;
    print(&out, FIRST_LINE VERSION "\ngroup %s\nmin-uid %u\n", settings->group,
          settings->min_uid);
    print_names(&out, "deny-user", &settings->deny_users);
    for (size_t i = 0; i < settings->services_count && out.fits; i++)
        print_service(&out, &settings->services[i]);
    print(&out, "end\n");
    if (!out.fits) {
        free(out.text);
        return DBA_ERR_SIZE;
    }
    *text = out.text;
    *len = out.len;
    return DBA_OK;
}
