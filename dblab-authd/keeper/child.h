/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checker, seen from the keeper: made (spawn.h), watched, and replaced when it dies or says
 * nothing while it should. It decides nothing: what was lost with a checker is told to `lost`.
 */
#ifndef DBA_KEEPER_CHILD_H
#define DBA_KEEPER_CHILD_H

#include <stdint.h>

#include "dblab-authd/common/link.h"
#include "dblab-authd/common/loop.h"
#include "dblab-authd/keeper/spawn.h"

struct child;

struct child_events {
    void (*answer)(uint32_t id, const struct dba_answer *answer, void *arg);
    void (*cold)(void *arg);
    void (*lost)(void *arg); /* all checks without an answer are; a new checker is there */
    void *arg;
};

/* What a checker is told. All of it is borrowed until the next child_setup() or the free. */
struct child_setup {
    const struct link_setup *link;
    const char *ca; /* certificates; NULL: the system's */
    size_t ca_len;
};

/* Starts the first checker. NULL: no memory or no process to be had (errno). */
struct child *child_new(struct loop *loop, const struct spawn_options *options,
                        const struct child_setup *setup, const struct child_events *events);
void child_free(struct child **child); /* ends the checker */

/*
 * From now on another setup. With `replace` a new checker takes the place of the present one at
 * once and `lost` is not called; without, it must be equal to the present one in all its bytes.
 */
void child_configure(struct child *child, const struct child_setup *setup, bool replace);

/* While there is no checker these are kept by nobody: `lost` follows when one is there. */
void child_check(struct child *child, uint32_t id, const struct dba_token *token,
                 const struct dba_token *access);
void child_warm(struct child *child);

#endif
