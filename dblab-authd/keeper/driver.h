/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver: carries events and actions between the core, the callers, the checker and the
 * kernel. It decides nothing.
 */
#ifndef DBA_KEEPER_DRIVER_H
#define DBA_KEEPER_DRIVER_H

#include "dblab-authd/common/loop.h"
#include "dblab-authd/keeper/child.h"
#include "dblab-authd/keeper/config.h"
#include "dblab-authd/keeper/memory.h"

struct driver;

struct driver_options {
    struct loop *loop;
    struct memory *memory;
    struct spawn_options child;
    int listen_fd; /* taken over, in any case */

    /* RELOAD: does it and gives what is to be said, in a new buffer (NULL: nothing). */
    bool (*reload)(bool force, char **text, size_t *len, void *arg);
    void *arg;
};

/* `config` is borrowed until driver_configure(). NULL: errno, or no memory. */
struct driver *driver_new(const struct driver_options *options, const struct config *config);
void driver_free(struct driver **driver);

/* New settings for the core, the callers and, where it is concerned, the checker. */
void driver_configure(struct driver *driver, const struct config *config);

#endif
