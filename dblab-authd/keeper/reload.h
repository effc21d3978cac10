/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the configuration again, all or nothing.
 */
#ifndef DBA_KEEPER_RELOAD_H
#define DBA_KEEPER_RELOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "dblab-authd/keeper/config.h"
#include "dblab-authd/keeper/driver.h"
#include "dblab-authd/keeper/notify.h"

struct reload {
    const char *path;      /* of the file */
    struct config *config; /* in force; owned by whoever made it, replaced by a reload */
    struct driver *driver;
    const struct notify *notify;
};

/*
 * Without sessions there is nothing yet that `force` would end. On any error the old
 * configuration stays in force. What was said on the way, lines `FILE:LINE: message`, is in
 * *text, a new buffer (NULL: nothing). `arg` is a struct reload: this is driver_options.reload.
 */
bool reload_run(bool force, char **text, size_t *len, void *arg);

#endif
