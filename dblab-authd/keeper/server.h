/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The callers at runDir/socket: one request, one reply each. Who is there is what
 * the kernel says (SO_PEERCRED), and what it may take up is bounded: peers that are neither
 * root nor a listed caller get 16 connections together, a listed caller at most half of
 * limits.connections, and everybody a second to send its frame. Root waits in the backlog when
 * all are taken.
 */
#ifndef DBA_KEEPER_SERVER_H
#define DBA_KEEPER_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/core.h"
#include "dblab-authd/common/loop.h"
#include "model/settings.h"
#include "wire/frame.h"

struct server;

struct server_peer {
    struct dba_process process; /* pid 0: of another pid namespace */
    uid_t uid;
};

struct server_events {
    /* A whole request; it is wiped after the call. Answer with server_reply(), now or later. */
    void (*request)(uint64_t id, const struct server_peer *peer,
                    const struct dba_request *request, void *arg);
    /* The caller went away before its reply. */
    void (*hangup)(uint64_t id, void *arg);
    void *arg;
};

/* Takes over a listening descriptor. `settings` are borrowed until server_settings(). */
struct server *server_new(struct loop *loop, int fd, const struct dba_settings *settings,
                          const struct server_events *events);
void server_settings(struct server *server, const struct dba_settings *settings);
void server_free(struct server **server); /* closes all; the listening one, too */

/* An id whose caller is gone counts nothing. */
void server_reply(struct server *server, uint64_t id, const struct dba_reply *reply);

size_t server_connections(const struct server *server);

#endif
