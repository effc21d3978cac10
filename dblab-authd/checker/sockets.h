/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TCP sockets to the Platform. libcurl says what it waits for on those in use; the idle
 * ones, which libcurl does not look at, are watched here, so that it is known at once when
 * the Platform closes one.
 *
 * Each socket has an owner (a pointer that is only compared and handed back).
 */
#ifndef DBA_CHECKER_SOCKETS_H
#define DBA_CHECKER_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "dblab-authd/common/loop.h"

struct sockets;

struct sockets_events {
    /* A socket in use is ready as it was wanted. */
    loop_fd_fn *ready; /* arg: the owner */
    /* An idle one has something to read: it may be a farewell. Said once; it is not watched
     * again before it was used again. */
    void (*stirred)(void *owner);
    /* An idle one was closed by the other side. */
    void (*lost)(void *owner);
};

struct sockets *sockets_new(struct loop *loop, const struct sockets_events *events);
void sockets_free(struct sockets **sockets); /* after all owners have closed theirs */

/* socket(2) with keepalive, non-blocking, close-on-exec. -1: errno. */
int sockets_open(struct sockets *sockets, int family, int type, int protocol, void *owner);
void sockets_close(struct sockets *sockets, int fd);

/*
 * What is waited for: LOOP_READ, LOOP_WRITE, both; 0: it is idle now. A socket is neither
 * before the first call. False: out of memory.
 */
bool sockets_want(struct sockets *sockets, int fd, unsigned events);

/* The one of this owner with this local port can carry requests now. */
void sockets_up(struct sockets *sockets, const void *owner, int local_port);

/* How many of this owner can; those that are about to are not counted. */
unsigned sockets_count_up(const struct sockets *sockets, const void *owner);

/* How many of this owner are open and usable: not closed by the other side, as far as known. */
unsigned sockets_usable(const struct sockets *sockets, const void *owner);

/*
 * Gives up the idle sockets of this owner that still have something to read, since nobody
 * understood it, or all idle ones: they are shut down, so that they cannot be used again, but
 * not closed.
 */
void sockets_give_up(struct sockets *sockets, const void *owner, bool all);

#endif
