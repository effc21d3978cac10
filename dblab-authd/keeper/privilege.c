/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/privilege.h"

#include <errno.h>
#include <stddef.h>
#include <sys/capability.h>
#include <sys/prctl.h>

static const cap_value_t kept[] = {CAP_SETUID, CAP_SETGID, CAP_KILL, CAP_IPC_LOCK};
#define KEPT ((int)(sizeof kept / sizeof kept[0]))

static bool is_kept(cap_value_t cap)
{
    for (int i = 0; i < KEPT; i++)
        if (kept[i] == cap)
            return true;
    return false;
}

static bool drop_bounding(void)
{
    for (cap_value_t cap = 0; cap_get_bound(cap) >= 0; cap++)
        if (!is_kept(cap) && cap_get_bound(cap) == 1 && cap_drop_bound(cap) != 0)
            return false;
    /* Past the last capability the kernel says EINVAL. */
    errno = 0;
    return true;
}

bool privilege_limit(void)
{
    cap_t caps = cap_init();
    bool ok = caps != NULL && drop_bounding() &&
              cap_set_flag(caps, CAP_PERMITTED, KEPT, kept, CAP_SET) == 0 &&
              cap_set_flag(caps, CAP_EFFECTIVE, KEPT, kept, CAP_SET) == 0 &&
              cap_set_proc(caps) == 0;

    if (caps != NULL)
        (void)cap_free(caps);
    return ok && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}
