/* SPDX-License-Identifier: Apache-2.0 */
#include "core/admit.h"

#include "model/identity.h"

enum dba_reason dba_admit(const struct dba_settings *settings, int64_t org_id,
                          const struct dba_facts *facts, const struct dba_service *service,
                          const char *user)
{
    if (org_id <= 0 || facts->org_id != org_id)
        return DBA_REASON_OTHER_ORG;
    if (!facts->personal)
        return dba_names_have(&settings->administrative_users, user) ||
                       dba_names_have(&service->administrative_users, user)
                   ? DBA_REASON_VALID
                   : DBA_REASON_NOT_PERSONAL;
    if (!settings->enable_personal_tokens)
        return DBA_REASON_PERSONAL_OFF;
    if (facts->email[0] == '\0')
        return DBA_REASON_NO_EMAIL;
    if (!dba_identity_fits(settings->map, settings->domain, service->username, facts->email,
                           user))
        return DBA_REASON_OTHER_USER;
    return DBA_REASON_VALID;
}

enum dba_reason dba_admit_caller(const struct dba_settings *settings,
                                 const struct dba_service *service, uid_t peer_uid,
                                 pid_t peer_pid, const char *user, uid_t user_uid)
{
    if (service == NULL)
        return DBA_REASON_SERVICE;
    if (!dba_service_caller(service, peer_uid))
        return DBA_REASON_CALLER;
    if (!dba_user_valid(service->username, user))
        return DBA_REASON_USER;
    if (dba_names_have(&settings->deny_users, user) ||
        dba_names_have(&service->deny_users, user))
        return DBA_REASON_DENY_USER;
    if (!service->unix_account)
        return DBA_REASON_NONE;
    /* Root's statement of the uid is believed (design.md), but uid 0 never logs in with a
     * token; (uid_t)-1 is no account. */
    if (user_uid == 0 || user_uid == (uid_t)-1 || user_uid < settings->min_uid)
        return DBA_REASON_USER;
    /* A process of another pid namespace (0) cannot be watched, and pid 1 opens nothing. */
    return peer_pid > 1 ? DBA_REASON_NONE : DBA_REASON_CALLER;
}
