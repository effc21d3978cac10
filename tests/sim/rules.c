/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may be whom and who may ask (design.md), written a second time from the text: the
 * simulator's own word, with which the core's is compared.
 */
#include <string.h>
#include <strings.h>

#include "world.h"

static bool plain_name(const char *text)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz_";
    static const char rest[] = "abcdefghijklmnopqrstuvwxyz_0123456789.-";

    return text[0] != '\0' && strchr(first, text[0]) != NULL &&
           strspn(text + 1, rest) == strlen(text + 1) && strlen(text) <= 32;
}

static bool plain_address(const char *text)
{
    static const char all[] = "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-";
    const char *at = strchr(text, '@');

    return at != NULL && at != text && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
           strspn(text, all) == strlen(text) && strlen(text) <= 254;
}

static bool name_fits_style(const struct service *service, const char *name)
{
    return service->email_style ? plain_address(name) : plain_name(name);
}

static bool same(const char *a, const char *b)
{
    return a != NULL && strcmp(a, b) == 0;
}

enum dba_reason rule_may_ask(const struct conf *conf, const struct ask *ask)
{
    const struct service *service = ask->service;
    const char *name = ask->name->text;
    bool check = ask->op == DBA_OP_CHECK;

    if (!service->listed)
        return DBA_REASON_SERVICE;
    if (check && name[0] == '\0')
        return DBA_REASON_NONE;
    if (!check && ask->peer_uid != 0 &&
        (service->caller == 0 || ask->peer_uid != service->caller))
        return DBA_REASON_CALLER;
    if (!name_fits_style(service, name))
        return DBA_REASON_USER;
    if (same(conf->denied, name) || same(service->denied, name))
        return DBA_REASON_DENY_USER;
    if (check || !service->unix_account)
        return DBA_REASON_NONE;
    if (ask->user_uid == 0 || ask->user_uid == (uid_t)-1 || ask->user_uid < conf->min_uid)
        return DBA_REASON_USER;
    return ask->peer_pid < 2 ? DBA_REASON_CALLER : DBA_REASON_NONE;
}

static bool is_mapped(const struct world *w, const char *email)
{
    for (size_t i = 0; w->conf.mapped && i < w->mappings_count; i++)
        if (strcasecmp(w->mappings[i].email, email) == 0)
            return true;
    return false;
}

static bool fits(const struct world *w, const struct service *service, const char *email,
                 const char *name)
{
    const char *at = strchr(email, '@');

    if (is_mapped(w, email)) {
        for (size_t i = 0; i < w->mappings_count; i++)
            if (strcasecmp(w->mappings[i].email, email) == 0 && same(w->mappings[i].name, name))
                return true;
        return false;
    }
    if (!plain_address(email) || strcasecmp(at + 1, w->conf.domain) != 0)
        return false;
    if (service->email_style)
        return strcasecmp(email, name) == 0;
    return strlen(name) == (size_t)(at - email) && strncasecmp(email, name, strlen(name)) == 0;
}

enum dba_reason rule_admits(const struct world *w, int64_t org, const struct truth *facts,
                            const struct service *service, const char *name)
{
    if (!facts->good)
        return DBA_REASON_INVALID;
    if (!service->listed)
        return DBA_REASON_SERVICE;
    if (facts->org != org)
        return DBA_REASON_OTHER_ORG;
    if (!facts->personal)
        return same(w->conf.admin_user, name) || same(service->admin_user, name)
                   ? DBA_REASON_VALID
                   : DBA_REASON_NOT_PERSONAL;
    if (!w->conf.personal)
        return DBA_REASON_PERSONAL_OFF;
    if (facts->email[0] == '\0')
        return DBA_REASON_NO_EMAIL;
    return fits(w, service, facts->email, name) ? DBA_REASON_VALID : DBA_REASON_OTHER_USER;
}

int64_t rule_org(const struct world *w)
{
    if (w->conf.org_id != 0)
        return w->conf.org_id;
    return w->org_conflict ? 0 : w->own_org;
}
