/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What both programs do first to their own process: nothing of it can be read by others, and
 * nothing that it inherited is believed.
 */
#ifndef DBA_COMMON_PROCESS_H
#define DBA_COMMON_PROCESS_H

#include <stdbool.h>

/*
 * Not dumpable (so not traceable by the same uid either), no core files, umask 077, an empty
 * environment. Must be called again after an exec or a change of uid: both undo the first.
 * False: errno says what failed.
 */
bool process_harden(void);

/*
 * Descriptors 0 and 1 become /dev/null; 2 stays if it is open, else it becomes /dev/null too,
 * so that no file opened later is taken for it. False: errno.
 */
bool process_standard_fds(void);

/* Closes every descriptor from `first` on. */
void process_close_from(int first);

/* Has this process any capability, in whichever set it could be used from? */
bool process_has_capability(void);

#endif
