/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the checker may ask of the kernel. The only file that knows libseccomp is sandbox.c.
 */
#ifndef DBA_CHECKER_SANDBOX_H
#define DBA_CHECKER_SANDBOX_H

#include <stdbool.h>

/*
 * From here on: network sockets, reading files, threads, memory, time; nothing is executed or
 * traced (the process is killed), nothing is written but to what is open. All else fails with
 * EPERM. Needs no_new_privs. False: errno.
 */
bool sandbox_enter(void);

#endif
