/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket runDir/socket, where the supervisor does not hand one over.
 */
#ifndef DBA_KEEPER_LISTENER_H
#define DBA_KEEPER_LISTENER_H

#define LISTENER_WHY_MAX 256

/*
 * Makes it, mode 0666, listening and non-blocking. It takes the place of one that a daemon left
 * behind (the lock is held, so that one ended) in one step: there is no moment without. -1:
 * `why`.
 */
int listener_open(const char *run_dir, char *why);

/* Takes the file away, at an end in order. */
void listener_remove(const char *run_dir);

#endif
