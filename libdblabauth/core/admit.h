/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rule: may the bearer of a token, of which the Platform said these facts, be this user
 * at this service? Pure. Nothing else in the product lets anybody in.
 */
#ifndef DBA_CORE_ADMIT_H
#define DBA_CORE_ADMIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/result.h"
#include "model/settings.h"

struct dba_facts {
    int64_t org_id;
    bool personal;
    const char *email; /* "": none */
};

/* DBA_REASON_VALID, or why not. `org_id` is our own organization, not 0. */
enum dba_reason dba_admit(const struct dba_settings *settings, int64_t org_id,
                          const struct dba_facts *facts, const struct dba_service *service,
                          const char *user);

/*
 * May this be asked at all: the service is listed, the caller may speak for it, the user can
 * be a token user there? DBA_REASON_NONE, or why not. `service` may be NULL: not listed.
 * `user_uid` is what the caller states; it counts at services with Unix accounts.
 */
enum dba_reason dba_admit_caller(const struct dba_settings *settings,
                                 const struct dba_service *service, uid_t peer_uid,
                                 pid_t peer_pid, const char *user, uid_t user_uid);

#endif
