/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"
#include "dblab-auth/command.h"

/* A reload reads files, and a check waits for the Platform twice over: its witness, too. */
#define TIMEOUT (20 * DBA_SECOND)

static const char *advice(enum dba_err err)
{
    switch (err) {
    case DBA_ERR_REFUSED:
        return "is dblab-authd running?";
    case DBA_ERR_PEER:
        return "the socket is not root's: nothing was sent";
    case DBA_ERR_TIMEOUT:
        return "it does not answer";
    case DBA_OK:
    case DBA_ERR_MEMORY:
    case DBA_ERR_ARGUMENT:
    case DBA_ERR_FORM:
    case DBA_ERR_SIZE:
    case DBA_ERR_SHORT:
    case DBA_ERR_VERSION:
    case DBA_ERR_SYSTEM:
    case DBA_ERR_CLOSED:
    case DBA_ERR_ABSENT:
    case DBA_ERR_LIMIT:
    case DBA_ERR_CONFIG:
        break;
    }
    return dba_err_text(err);
}

bool ask_daemon(const struct options *options, struct dba_request *request,
                struct dba_reply *reply)
{
    size_t cap = DBA_REPLY_BASE + DBA_TEXT_MAX;
    uint8_t *buf = malloc(cap); /* for the life of the process: reply->text is in it */
    enum dba_err err = DBA_ERR_MEMORY;

    if (buf != NULL)
        err = dba_client_ask(options->socket, dba_clock_monotonic() + TIMEOUT, request, buf,
                             cap, reply);
    if (err == DBA_OK)
        return true;
    (void)fprintf(stderr, "dblab-auth: %s: %s\n", options->socket, advice(err));
    free(buf);
    return false;
}
