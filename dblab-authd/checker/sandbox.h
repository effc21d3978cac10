/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the checker may ask of the kernel, by seccomp.
 */
#ifndef DBA_CHECKER_SANDBOX_H
#define DBA_CHECKER_SANDBOX_H

#include <stdbool.h>

/*
 * From here on, for all threads: network sockets, reading files, threads, memory, time. To
 * execute or to look into a process ends this one; all else fails with EPERM, among it opening
 * for writing, other processes, other kinds of sockets, and memory that is first written and
 * then executed. Sets no_new_privs. False: errno.
 */
bool sandbox_enter(void);

#endif
