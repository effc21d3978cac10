/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port. Closed, it refuses connections but is kept in mind, and opened again it is the same
 * one; silent, it accepts and says nothing.
 */
#ifndef PLATFORM_LISTENER_H
#define PLATFORM_LISTENER_H

#include "tests/platform/platform.h"

struct listener;

/*
 * Listens on `address` ("127.0.0.1" or "::1") at `port`, 0 chooses one. NULL: errno. Added to
 * platform->listeners.
 */
struct listener *listener_new(struct platform *platform, const char *address, int port,
                              bool with_tls, bool trap);
int listener_port(const struct listener *listener);

/* Applies mode.listening and mode.frozen to all but the trap. False: a port is gone. */
bool listener_apply(struct platform *platform);
void listener_free_all(struct platform *platform);

#endif
