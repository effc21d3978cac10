/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One read of the policy file and, at services with Unix accounts, two lookups: the account and
 * the group. Nothing is kept between calls; what NSS keeps is its own.
 */
#include "client/who.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "model/policy.h"
#include "wire/frame.h"

#define NSS_BUFFER     4096
#define NSS_BUFFER_MAX ((size_t)1024 * 1024) /* a group of some 50,000 members */
#define GROUPS_MAX     65536                 /* NGROUPS_MAX of Linux */
#define POLICY_STACK   8192 /* most policy files fit; a longer one is read into the heap */
#define MIN_UID        1000 /* while no policy file says another: the setting's default */

enum found { FOUND_FAILED, FOUND_NO, FOUND_YES };

/* ---- NSS: a lookup that fails is never "no" ---- */

struct account {
    uid_t uid;
    gid_t gid;
};

static enum found find_account(const char *user, struct account *account)
{
    size_t size = NSS_BUFFER;
    enum found found = FOUND_FAILED;
    char *buf = NULL;

    for (; size <= NSS_BUFFER_MAX; size *= 2) {
        struct passwd entry;
        struct passwd *result = NULL;
        char *larger = realloc(buf, size);
        int rc;

        if (larger == NULL)
            break;
        buf = larger;
        rc = getpwnam_r(user, &entry, buf, size, &result);
        if (rc == ERANGE)
            continue;
        if (rc != 0)
            break;
        found = result != NULL ? FOUND_YES : FOUND_NO;
        if (result != NULL)
            *account = (struct account){.uid = entry.pw_uid, .gid = entry.pw_gid};
        break;
    }
    free(buf);
    return found;
}

static bool is_listed(char *const *members, const char *user)
{
    for (; *members != NULL; members++)
        if (strcmp(*members, user) == 0)
            return true;
    return false;
}

/* The group's id, and whether its own entry lists the user. */
static enum found find_group(const char *name, const char *user, gid_t *gid, bool *listed)
{
    size_t size = NSS_BUFFER;
    enum found found = FOUND_FAILED;
    char *buf = NULL;

    for (; size <= NSS_BUFFER_MAX; size *= 2) {
        struct group entry;
        struct group *result = NULL;
        char *larger = realloc(buf, size);
        int rc;

        if (larger == NULL)
            break;
        buf = larger;
        rc = getgrnam_r(name, &entry, buf, size, &result);
        if (rc == ERANGE)
            continue;
        if (rc != 0)
            break;
        found = result != NULL ? FOUND_YES : FOUND_NO;
        if (result != NULL) {
            *gid = entry.gr_gid;
            *listed = is_listed(entry.gr_mem, user);
        }
        break;
    }
    free(buf);
    return found;
}

/*
 * For sources that do not list a group's members (sssd's ignore_group_members). glibc does not
 * say here whether a source failed; that the two lookups before this one went well has to do.
 */
static enum found find_in_list(const char *user, gid_t primary, gid_t gid)
{
    int count = 64;
    enum found found = FOUND_FAILED;
    gid_t *groups = NULL;

    for (;;) {
        int room = count;
        gid_t *larger = reallocarray(groups, (size_t)room, sizeof *groups);

        if (larger == NULL)
            break;
        groups = larger;
        if (getgrouplist(user, primary, groups, &count) >= 0) {
            found = FOUND_NO;
            for (int i = 0; i < count && found == FOUND_NO; i++)
                if (groups[i] == gid)
                    found = FOUND_YES;
            break;
        }
        if (count <= room)
            count = room * 2;
        if (count > GROUPS_MAX)
            break;
    }
    free(groups);
    return found;
}

static enum found is_member(const char *user, const char *group, uid_t min_uid, uid_t *uid)
{
    struct account account;
    bool listed = false;
    gid_t gid = 0;
    enum found found = find_account(user, &account);

    if (found != FOUND_YES)
        return found;
    if (account.uid == 0 || account.uid < min_uid)
        return FOUND_NO;
    found = find_group(group, user, &gid, &listed);
    if (found != FOUND_YES)
        return found;
    *uid = account.uid;
    return account.gid == gid || listed ? FOUND_YES : find_in_list(user, account.gid, gid);
}

/* ---- the policy file ---- */

enum policy_state { POLICY_OK, POLICY_ABSENT, POLICY_BAD };

static int open_policy(const char *socket_path)
{
    const char *slash = strrchr(socket_path, '/');
    char path[512];
    int len = snprintf(path, sizeof path, "%.*s/policy",
                       slash != NULL ? (int)(slash - socket_path) : 0, socket_path);

    if (slash == NULL || len < 0 || (size_t)len >= sizeof path) {
        errno = EINVAL;
        return -1;
    }
    return open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
}

static ssize_t read_all(int fd, char *buf, size_t cap)
{
    size_t have = 0;

    while (have < cap) {
        ssize_t n = read(fd, buf + have, cap - have);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

/* Only root, or who we are, may have written it. */
static bool trusted(const struct stat *st)
{
    return S_ISREG(st->st_mode) && (st->st_uid == 0 || st->st_uid == geteuid()) &&
           (st->st_mode & (S_IWGRP | S_IWOTH)) == 0 && st->st_size > 0 &&
           st->st_size <= (off_t)DBA_POLICY_MAX;
}

static enum policy_state read_policy(const char *socket_path, const char *service,
                                     const char *user, struct dba_policy_rule *rule)
{
    enum policy_state state = POLICY_BAD;
    char small[POLICY_STACK];
    char *text = small;
    struct stat st;
    ssize_t len;
    int fd = open_policy(socket_path);

    if (fd < 0)
        return errno == ENOENT ? POLICY_ABSENT : POLICY_BAD;
    if (fstat(fd, &st) != 0 || !trusted(&st))
        goto out;
    if ((size_t)st.st_size > sizeof small)
        text = malloc((size_t)st.st_size);
    if (text == NULL)
        goto out;
    len = read_all(fd, text, (size_t)st.st_size);
    if (len > 0 && dba_policy_read(text, (size_t)len, service, user, geteuid(), rule) == DBA_OK)
        state = POLICY_OK;
out:
    if (text != small)
        free(text);
    (void)close(fd);
    return state;
}

/* ---- the answer ---- */

static void say(struct dba_who_answer *answer, enum dba_who who, const char *why)
{
    answer->who = who;
    answer->why = why;
}

/* What a member may do at this service. */
static void judge(const struct dba_policy_rule *rule, struct dba_who_answer *answer)
{
    if (!rule->service_listed)
        say(answer, DBA_WHO_SERVICE, "the service is not listed in the setting \"services\"");
    else if (!rule->caller_may)
        say(answer, DBA_WHO_CALLER,
            "the caller is not root and not listed in the service's setting \"callers\"");
    else if (rule->user_denied)
        say(answer, DBA_WHO_DENIED, "the user is listed in \"denyUsers\"");
    else
        say(answer, DBA_WHO_TOKEN_USER, "a token user");
}

static void by_group(const char *user, const struct dba_policy_rule *rule,
                     struct dba_who_answer *answer)
{
    switch (is_member(user, rule->group, rule->min_uid, &answer->uid)) {
    case FOUND_FAILED:
        say(answer, DBA_WHO_UNAVAILABLE, "a lookup in the name service (NSS) failed");
        break;
    case FOUND_NO:
        answer->uid = DBA_NO_UID;
        say(answer, DBA_WHO_OTHER, "not in the group of the setting \"identity.group\"");
        break;
    case FOUND_YES:
        judge(rule, answer);
        break;
    }
}

void dba_who_is(const char *socket_path, const char *group, const char *service,
                const char *user, struct dba_who_answer *answer)
{
    struct dba_policy_rule rule = {0};

    *answer = (struct dba_who_answer){.uid = DBA_NO_UID, .why = ""};
    switch (read_policy(socket_path, service, user, &rule)) {
    case POLICY_BAD:
        say(answer, DBA_WHO_UNAVAILABLE,
            "the daemon's policy file cannot be read; restart dblab-authd");
        return;
    case POLICY_ABSENT:
        /* A daemon that never ran: nobody gets in by a token, but the members of its group are
         * not let in by anything else either. */
        rule = (struct dba_policy_rule){.min_uid = MIN_UID,
                                        .service_listed = true,
                                        .unix_account = true,
                                        .caller_may = true};
        if (!dba_text_copy(rule.group, sizeof rule.group, group)) {
            say(answer, DBA_WHO_UNAVAILABLE, "the group's name is too long");
            return;
        }
        break;
    case POLICY_OK:
        break;
    }
    if (!rule.service_listed || rule.unix_account)
        by_group(user, &rule, answer);
    else if (dba_user_valid(rule.username, user))
        judge(&rule, answer);
    else
        say(answer, DBA_WHO_OTHER, "not a valid user name at this service");
}
