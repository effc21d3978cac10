/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checker, seen from the keeper: made as the system user without capabilities, watched, and
 * replaced when it dies or says nothing while it should. It decides nothing: what was lost with
 * a checker is told to `lost`.
 */
#ifndef DBA_KEEPER_CHILD_H
#define DBA_KEEPER_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "dblab-authd/common/link.h"
#include "dblab-authd/common/loop.h"

struct child;

struct child_events {
    void (*answer)(uint32_t id, const struct dba_answer *answer, void *arg);
    void (*cold)(void *arg);
    void (*lost)(void *arg);
    void *arg;
};

struct child_options {
    const char *program; /* borrowed for the child's life */
    const char *user;    /* for messages */
    uid_t uid;
    gid_t gid;
};

/* Starts the first checker. NULL: no memory or no process to be had (errno). */
struct child *child_new(struct loop *loop, const struct child_options *options,
                        const struct link_setup *setup, const char *ca_file,
                        const struct child_events *events);
void child_free(struct child **child); /* ends the checker */

/* From now on another setup: the checker is replaced, `lost` is not called. */
void child_setup(struct child *child, const struct link_setup *setup, const char *ca_file);

/* While there is no checker these are kept by nobody: `lost` follows when one is there. */
void child_check(struct child *child, uint32_t id, const struct dba_token *token,
                 const struct dba_token *access);
void child_warm(struct child *child);

pid_t child_pid(const struct child *child); /* 0: none now */

#endif
