/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a fake daemon through the client, in cmocka tests.
 */
#ifndef DBA_TESTS_SUPPORT_ASKING_H
#define DBA_TESTS_SUPPORT_ASKING_H

#include "base/clock.h"
#include "wire/frame.h"

#define LONG  (30 * DBA_SECOND) /* for what must come to an end by itself */
#define SHORT (100 * DBA_MSEC)  /* for what must be ended by the deadline */

/* Asks whether "to ken" may be alice, uid 1001, at sshd from 192.0.2.1. */
enum dba_err asking(const char *path, dba_time most, struct dba_reply *reply);

/* The error is as told, and the reply then says that nothing is decided. */
void asking_fails(const char *path, dba_time most, enum dba_err want);
void asking_succeeds(const char *path);

/* Setup and teardown: a descriptor that is left behind fails the test. */
int asking_setup(void **state);
int asking_teardown(void **state);

#endif
