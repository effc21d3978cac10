/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a supervisor hands over and is told, spoken directly: NOTIFY_SOCKET (sd_notify(3)) and
 * LISTEN_FDS (sd_listen_fds(3)). Both are read once, before the environment is cleared.
 */
#ifndef DBA_KEEPER_NOTIFY_H
#define DBA_KEEPER_NOTIFY_H

#include <stdbool.h>
#include <sys/un.h>

struct notify {
    struct sockaddr_un address;
    unsigned length;  /* of the address; 0: nobody is to be told */
    int activated_fd; /* a listening socket, or -1 */
};

void notify_read(struct notify *notify);
void notify_send(const struct notify *notify, const char *state); /* "READY=1\n..." */
void notify_reloading(const struct notify *notify);               /* READY=1 follows it */

#endif
