/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the keeper keeps of root: the only file that knows libcap is privilege.c.
 */
#ifndef DBA_KEEPER_PRIVILEGE_H
#define DBA_KEEPER_PRIVILEGE_H

#include <stdbool.h>

/*
 * Keeps CAP_SETUID and CAP_SETGID (a checker is made anew when one dies), CAP_KILL (to end one
 * that hangs), and CAP_IPC_LOCK (tokens in memory), and nothing else in any set. False:
 * errno.
 */
bool privilege_limit(void);

#endif
