/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A daemon that does what a test says: it listens on a socket of its own in a new folder, in a
 * thread, and lets the test's function serve one connection after the other.
 */
#ifndef DBA_TESTS_SUPPORT_FAKE_H
#define DBA_TESTS_SUPPORT_FAKE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "wire/frame.h"

struct fake;

/* Serves connection number `n` (from 0); fake.c closes it afterwards. */
typedef void fake_fn(struct fake *fake, int fd, unsigned n);

struct fake {
    char folder[64];
    char path[96]; /* folder/socket */
    int fd;        /* listens */
    fake_fn *serve;
    void *arg; /* the test's */
    atomic_uint accepted;
    pthread_t thread;
    bool running;
};

/* Makes the folder and listens; nobody accepts before fake_run(). Aborts where it cannot. */
void fake_listen(struct fake *fake, int backlog);
void fake_run(struct fake *fake, fake_fn *serve, void *arg);
void fake_start(struct fake *fake, fake_fn *serve, void *arg); /* both */

void fake_end(struct fake *fake);  /* ends the thread if there is one; removes the socket */
void fake_stop(struct fake *fake); /* the same, and removes policy and folder */

/* For fake_fn: hangs up for all to come, as a daemon that ends does. */
void fake_unlisten(struct fake *fake);
void fake_relisten(struct fake *fake, int backlog);

/* Writes folder/policy, mode 0644. */
void fake_policy(const struct fake *fake, const char *text);

/* One whole request; false if the caller hung up or sent no such thing. */
bool fake_read(int fd, struct dba_request *request);

/* Bytes of an accepting reply to `op`, for those who spoil it. */
size_t fake_reply_bytes(enum dba_op op, uint8_t buf[DBA_REPLY_BASE]);
void fake_send(int fd, const struct dba_reply *reply);
void fake_write(int fd, const void *bytes, size_t len); /* until the caller hangs up */
void fake_wait_for_end(int fd);                         /* until the caller hangs up */

#endif
