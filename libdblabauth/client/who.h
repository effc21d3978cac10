/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is a token user: decided here, in the caller's process, before any prompt, by NSS and
 * the policy file beside the daemon's socket; the same whether or not the daemon runs
 * (design.md, Who is a token user). Thread-safe; reads no environment.
 */
#ifndef DBA_CLIENT_WHO_H
#define DBA_CLIENT_WHO_H

#include <sys/types.h>

#include "model/name.h"

enum dba_who {
    DBA_WHO_UNAVAILABLE = 0, /* cannot be known now: NSS or the policy file fails */
    DBA_WHO_TOKEN_USER,
    DBA_WHO_OTHER,   /* not ours: the stack goes on */
    DBA_WHO_SERVICE, /* a token user, but the service is not listed */
    DBA_WHO_CALLER,  /* a token user, but this process may not speak for the service */
    DBA_WHO_DENIED,  /* a token user who is listed in denyUsers */
};

struct dba_who_answer {
    enum dba_who who;
    uid_t uid;       /* of the user's account; DBA_NO_UID at a service without accounts */
    const char *why; /* static sentence for the log; names the setting */
};

/*
 * `socket_path` names the folder where the policy file lies. `group` counts only while there
 * is no policy file (a daemon that never ran).
 */
void dba_who_is(const char *socket_path, const char *group, const char *service,
                const char *user, struct dba_who_answer *answer);

#endif
