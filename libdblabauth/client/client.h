/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to the keeper, one reply, one deadline. Runs inside foreign processes (sshd,
 * sudo, su, a pooler's worker thread): no globals, no signals, no environment, EINTR-safe,
 * MSG_NOSIGNAL, close-on-exec, thread-safe.
 */
#ifndef DBA_CLIENT_CLIENT_H
#define DBA_CLIENT_CLIENT_H

#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"
#include "wire/frame.h"

#define DBA_DEFAULT_SOCKET "/run/dblab-auth/socket"

/*
 * Sends `request` and waits for the reply until `deadline` (CLOCK_MONOTONIC); sets
 * request->wait_ms itself from what is left.
 *
 * A connection that was accepted but ends before the reply (the keeper restarted) is made
 * again and the request repeated until the deadline; a first connect that is refused or
 * finds no socket is an answer: DBA_ERR_REFUSED. The peer must be root or our own effective
 * uid (SO_PEERCRED gives who listens), else DBA_ERR_PEER and nothing is sent.
 *
 * `buf` receives the reply's bytes; reply->text points into it. DBA_REPLY_BASE bytes are
 * enough for AUTH and ACCOUNT, DBA_REPLY_BASE + DBA_TEXT_MAX for any.
 *
 * On any error *reply says UNAVAILABLE with DBA_REASON_NO_DAEMON.
 */
enum dba_err dba_client_ask(const char *socket_path, dba_time deadline,
                            struct dba_request *request, uint8_t *buf, size_t cap,
                            struct dba_reply *reply);

#endif
