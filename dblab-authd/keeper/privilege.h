/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the keeper keeps of root: the only file that knows libcap is privilege.c.
 */
#ifndef DBA_KEEPER_PRIVILEGE_H
#define DBA_KEEPER_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>

/* Raises the limit of open files to `files` at least, as far as it goes. False: not so far. */
bool privilege_raise_files(size_t files);

/*
 * Keeps CAP_SETUID and CAP_SETGID (a checker is made anew when one dies), CAP_KILL (to end one
 * that hangs), and CAP_IPC_LOCK (tokens in memory), the last where there is one, and nothing
 * else in any set. False: errno; EPERM, if one that it cannot do without is not there.
 */
bool privilege_limit(void);

bool privilege_may_lock(void); /* is CAP_IPC_LOCK there? */

#endif
