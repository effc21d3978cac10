/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/keeper/privilege.h"

#include <errno.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static const struct {
    cap_value_t cap;
    bool needed;
} kept[] = {
    {CAP_SETUID, true},
    {CAP_SETGID, true},
    {CAP_KILL, true},
    {CAP_IPC_LOCK, false}, /* containers rarely have it */
};
#define KEPT (sizeof kept / sizeof kept[0])

static bool is_kept(cap_value_t cap)
{
    for (size_t i = 0; i < KEPT; i++)
        if (kept[i].cap == cap)
            return true;
    return false;
}

static bool has(cap_t caps, cap_value_t cap)
{
    cap_flag_value_t value = CAP_CLEAR;

    return cap_get_flag(caps, cap, CAP_PERMITTED, &value) == 0 && value == CAP_SET;
}

/*
 * Where CAP_SETPCAP is not there the bounding set stays: without new privileges (below) no
 * program that is started can gain from it anyway.
 */
static bool drop_bounding(cap_t now)
{
    if (!has(now, CAP_SETPCAP))
        return true;
    /* Past the last capability that the kernel knows it says EINVAL. */
    for (cap_value_t cap = 0; cap_get_bound(cap) >= 0; cap++)
        if (!is_kept(cap) && cap_get_bound(cap) == 1 && cap_drop_bound(cap) != 0)
            return false;
    return true;
}

static bool keep(cap_t now, cap_t caps)
{
    for (size_t i = 0; i < KEPT; i++) {
        if (!has(now, kept[i].cap)) {
            if (!kept[i].needed)
                continue;
            errno = EPERM;
            return false;
        }
        if (cap_set_flag(caps, CAP_PERMITTED, 1, &kept[i].cap, CAP_SET) != 0 ||
            cap_set_flag(caps, CAP_EFFECTIVE, 1, &kept[i].cap, CAP_SET) != 0)
            return false;
    }
    return cap_set_proc(caps) == 0;
}

bool privilege_limit(void)
{
    cap_t now = cap_get_proc();
    cap_t caps = cap_init();
    bool ok = now != NULL && caps != NULL && drop_bounding(now) && keep(now, caps) &&
              prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    int error = errno;

    if (now != NULL)
        (void)cap_free(now);
    if (caps != NULL)
        (void)cap_free(caps);
    errno = error;
    return ok;
}

bool privilege_may_lock(void)
{
    cap_t now = cap_get_proc();
    bool may = now != NULL && has(now, CAP_IPC_LOCK);

    if (now != NULL)
        (void)cap_free(now);
    return may;
}

bool privilege_raise_files(size_t files)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return false;
    if (limit.rlim_cur >= files)
        return true;
    if (limit.rlim_max < files) {
        struct rlimit more = {files, files};

        if (setrlimit(RLIMIT_NOFILE, &more) == 0)
            return true;
    }
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= files;
}
