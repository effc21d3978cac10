/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy file, runDir/policy: what the keeper publishes so that the module knows, in the
 * caller's process and without the daemon, who is a token user. Text, one statement a line:
 *
 *     dblab-auth-policy 1
 *     group NAME
 *     min-uid N
 *     deny-user NAME                 (any number)
 *     service NAME unix|plain local|email
 *     caller UID                     (of the service above, any number)
 *     service-deny-user NAME         (of the service above, any number)
 *     end
 *
 * It is written whole and renamed into place; one without its last line is damaged.
 */
#ifndef DBA_MODEL_POLICY_H
#define DBA_MODEL_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "model/name.h"
#include "model/settings.h"

#define DBA_POLICY_MAX (256u * 1024)

/* What the policy says about one user at one service, asked by one caller. */
struct dba_policy_rule {
    char group[DBA_NAME_MAX + 1];
    uid_t min_uid;
    bool service_listed;
    bool unix_account;          /* with service_listed */
    enum dba_username username; /* with service_listed */
    bool caller_may;            /* with service_listed; root always may */
    bool user_denied;           /* in identity.denyUsers or the service's own */
};

/*
 * Reads the file's text; allocates nothing. `caller` is the asking process's effective uid.
 * On an error (DBA_ERR_FORM, _VERSION, _SIZE, _SHORT: no `end`) the rule is all zero.
 */
enum dba_err dba_policy_read(const char *text, size_t len, const char *service,
                             const char *user, uid_t caller, struct dba_policy_rule *rule);

/*
 * Prints the file for these settings into a new buffer that the caller frees. DBA_ERR_SIZE
 * over DBA_POLICY_MAX; DBA_ERR_ARGUMENT for anything that would not read back the same.
 */
enum dba_err dba_policy_print(const struct dba_settings *settings, char **text, size_t *len);

#endif
