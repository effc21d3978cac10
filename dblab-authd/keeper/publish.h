/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of the daemon, the lock that one daemon holds there, and the policy file that the
 * module reads.
 */
#ifndef DBA_KEEPER_PUBLISH_H
#define DBA_KEEPER_PUBLISH_H

#include <stdbool.h>

#include "model/settings.h"

#define PUBLISH_WHY_MAX 512

/*
 * Makes the folder if it is missing (what is above it must be there), takes the lock. The
 * lock's descriptor, kept until the end; -1: `why`.
 */
int publish_lock(const char *run_dir, char *why);
void publish_unlock(int fd);

/*
 * Writes runDir/policy whole and renames it into place, unless it says the same already: then
 * nothing needs to be written. False: `why`.
 */
bool publish_policy(const char *run_dir, const struct dba_settings *settings, char *why);

#endif
