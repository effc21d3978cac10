/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the settings demand of each other, as far as it can be said without looking at the host.
 * Pure.
 */
#ifndef DBA_KEEPER_RULES_H
#define DBA_KEEPER_RULES_H

#include "dblab-authd/common/link.h"
#include "dblab-authd/keeper/reading.h"

/* A Unix socket in it must fit sun_path, 108 bytes. */
#define RUN_DIR_MAX   90
#define LINK_URL_SAFE (LINK_URL_MAX - 64) /* the path of the call is added */

/* Says each contradiction with FILE:LINE; the reading has failed if there was one. */
void rules_check(struct reading *reading, const struct raw *raw);

/* The kind of a service's session: what is set, or its default. False: no such word. */
bool rules_session(const struct raw_service *service, enum dba_session_kind *kind);

/* `https://…`, or `http://` to loopback on a port below 1024; NULL, or what is wrong. */
const char *rules_url(const char *url);

/* `[scheme://][user:password@]host[:port]`; NULL, or what is wrong. */
const char *rules_proxy(const char *proxy);

#endif
