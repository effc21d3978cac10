/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question to the daemon, and what to tell the administrator when there is no answer.
 */
#include <stdlib.h>

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

bool answer_get(const struct options *options, struct dba_request *request,
                struct answer *answer)
{
    size_t cap = DBA_REPLY_BASE + DBA_TEXT_MAX;
    enum dba_err err = DBA_ERR_MEMORY;

    *answer = (struct answer){.reply = {.op = request->op}};
    answer->bytes = malloc(cap);
    if (answer->bytes != NULL)
        err = dba_client_ask(options->socket, dba_clock_monotonic() + TIMEOUT, request,
                             answer->bytes, cap, &answer->reply);
    if (err == DBA_OK)
        return true;
    (void)fprintf(stderr, "dblab-auth: %s: %s\n", options->socket, advice(err));
    return false;
}

void answer_clear(struct answer *answer)
{
    free(answer->bytes);
    *answer = (struct answer){0};
}
