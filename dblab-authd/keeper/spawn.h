/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making the checker's process: the system user without capabilities or other groups, an empty
 * environment, the descriptors 0 to 4 and no more, and an end with the keeper's.
 */
#ifndef DBA_KEEPER_SPAWN_H
#define DBA_KEEPER_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

struct spawn_options {
    const char *program; /* borrowed */
    uid_t uid;
    gid_t gid;
};

/*
 * The new process, with *link_fd the keeper's end of the link (non-blocking). `ca` are the
 * certificates that it finds as LINK_CA_FD, NULL for none. What fails after the fork says so on
 * standard error and ends the process. -1: errno.
 */
pid_t spawn_checker(const struct spawn_options *options, const char *ca, size_t ca_len,
                    int *link_fd);

#endif
