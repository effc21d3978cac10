/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public face of client/ for third parties: the same questions as pam_dblab's, in their
 * order. Symbols are hidden by default, so each entry point is marked.
 */
#include "dblabauth.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "client/client.h"
#include "client/who.h"

#define API __attribute__((visibility("default")))

#define DEFAULT_TIMEOUT_MS 6000
#define TIMEOUT_MS_MIN     50
#define TIMEOUT_MS_MAX     3600000
#define DEFAULT_GROUP      "dblab"

struct dblabauth {
    char service[DBA_SERVICE_MAX + 1];
    char address[DBA_RHOST_MAX + 1];
    char socket[108]; /* sun_path */
    unsigned timeout_ms;
    const char *message; /* static */
};

static const char invalid_argument[] = "invalid argument";

static enum dblabauth_status say(struct dblabauth *context, enum dblabauth_status status,
                                 const char *message)
{
    context->message = message;
    return status;
}

API enum dblabauth_status dblabauth_new(struct dblabauth **out, const char *service)
{
    struct dblabauth *context;

    if (out == NULL)
        return DBLABAUTH_ERROR;
    *out = NULL;
    if (service == NULL || !dba_service_name_valid(service))
        return DBLABAUTH_ERROR;
    context = calloc(1, sizeof *context);
    if (context == NULL)
        return DBLABAUTH_ERROR;
    (void)dba_text_copy(context->service, sizeof context->service, service);
    (void)dba_text_copy(context->socket, sizeof context->socket, DBA_DEFAULT_SOCKET);
    context->timeout_ms = DEFAULT_TIMEOUT_MS;
    context->message = "nothing was asked yet";
    *out = context;
    return DBLABAUTH_OK;
}

API void dblabauth_free(struct dblabauth **context)
{
    if (context == NULL)
        return;
    free(*context);
    *context = NULL;
}

API enum dblabauth_status dblabauth_set_socket(struct dblabauth *context, const char *path)
{
    if (context == NULL)
        return DBLABAUTH_ERROR;
    if (path == NULL || path[0] != '/' || strlen(path) >= sizeof context->socket)
        return say(context, DBLABAUTH_ERROR, invalid_argument);
    (void)dba_text_copy(context->socket, sizeof context->socket, path);
    return say(context, DBLABAUTH_OK, "set");
}

API enum dblabauth_status dblabauth_set_timeout(struct dblabauth *context,
                                                unsigned milliseconds)
{
    if (context == NULL)
        return DBLABAUTH_ERROR;
    if (milliseconds < TIMEOUT_MS_MIN || milliseconds > TIMEOUT_MS_MAX)
        return say(context, DBLABAUTH_ERROR, invalid_argument);
    context->timeout_ms = milliseconds;
    return say(context, DBLABAUTH_OK, "set");
}

/* What the wire carries: anything else would make each request fail, far from its cause. */
static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

API enum dblabauth_status dblabauth_set_address(struct dblabauth *context, const char *address)
{
    const char *text = address != NULL ? address : "";

    if (context == NULL)
        return DBLABAUTH_ERROR;
    if (strlen(text) >= sizeof context->address || !is_printable(text))
        return say(context, DBLABAUTH_ERROR, invalid_argument);
    (void)dba_text_copy(context->address, sizeof context->address, text);
    return say(context, DBLABAUTH_OK, "set");
}

static enum dblabauth_status who(struct dblabauth *context, const char *user, uid_t *uid)
{
    struct dba_who_answer answer;

    dba_who_is(context->socket, DEFAULT_GROUP, context->service, user, &answer);
    *uid = answer.uid;
    switch (answer.who) {
    case DBA_WHO_UNAVAILABLE:
        return say(context, DBLABAUTH_UNAVAILABLE, answer.why);
    case DBA_WHO_TOKEN_USER:
        return say(context, DBLABAUTH_OK, answer.why);
    case DBA_WHO_OTHER:
        return say(context, DBLABAUTH_NOT_OURS, answer.why);
    case DBA_WHO_SERVICE:
    case DBA_WHO_CALLER:
    case DBA_WHO_DENIED:
        return say(context, DBLABAUTH_DENIED, answer.why);
    }
    return DBLABAUTH_UNAVAILABLE;
}

API enum dblabauth_status dblabauth_is_token_user(struct dblabauth *context, const char *user)
{
    uid_t uid;

    if (context == NULL)
        return DBLABAUTH_ERROR;
    if (user == NULL)
        return say(context, DBLABAUTH_ERROR, invalid_argument);
    return who(context, user, &uid);
}

static enum dblabauth_status status_of(enum dba_result result)
{
    switch (result) {
    case DBA_UNAVAILABLE:
        return DBLABAUTH_UNAVAILABLE;
    case DBA_ACCEPTED:
        return DBLABAUTH_OK;
    case DBA_REFUSED:
        return DBLABAUTH_REFUSED;
    case DBA_LIMITED:
        return DBLABAUTH_LIMITED;
    case DBA_DENIED:
        return DBLABAUTH_DENIED;
    }
    return DBLABAUTH_UNAVAILABLE;
}

static dba_time deadline_of(const struct dblabauth *context)
{
    return dba_clock_monotonic() + context->timeout_ms * DBA_MSEC;
}

/* Fills in the rest of `request` and asks. */
static enum dblabauth_status ask(struct dblabauth *context, const char *user, dba_time deadline,
                                 struct dba_request *request)
{
    uint8_t buf[DBA_REPLY_BASE];
    struct dba_reply reply;

    (void)dba_text_copy(request->service, sizeof request->service, context->service);
    (void)dba_text_copy(request->rhost, sizeof request->rhost, context->address);
    if (!dba_text_copy(request->user, sizeof request->user, user))
        return say(context, DBLABAUTH_ERROR, "the user name is too long");
    (void)dba_client_ask(context->socket, deadline, request, buf, sizeof buf, &reply);
    return say(context, status_of(reply.result), dba_reason_text(reply.reason));
}

API enum dblabauth_status dblabauth_authenticate(struct dblabauth *context, const char *user,
                                                 const char *token, size_t length)
{
    struct dba_request request = {.op = DBA_OP_AUTH};
    enum dblabauth_status status;
    dba_time deadline;

    if (context == NULL)
        return DBLABAUTH_ERROR;
    if (user == NULL || token == NULL)
        return say(context, DBLABAUTH_ERROR, invalid_argument);
    deadline = deadline_of(context);
    status = who(context, user, &request.uid);
    if (status != DBLABAUTH_OK)
        return status;
    if (dba_token_set(&request.token, token, length) != DBA_OK)
        return say(context, DBLABAUTH_REFUSED, dba_reason_text(DBA_REASON_FORM));
    status = ask(context, user, deadline, &request);
    dba_request_clear(&request);
    return status;
}

API enum dblabauth_status dblabauth_account(struct dblabauth *context, const char *user)
{
    struct dba_request request = {.op = DBA_OP_ACCOUNT};
    enum dblabauth_status status;
    dba_time deadline;

    if (context == NULL)
        return DBLABAUTH_ERROR;
    if (user == NULL)
        return say(context, DBLABAUTH_ERROR, invalid_argument);
    deadline = deadline_of(context);
    status = who(context, user, &request.uid);
    return status == DBLABAUTH_OK ? ask(context, user, deadline, &request) : status;
}

API const char *dblabauth_message(const struct dblabauth *context)
{
    return context != NULL ? context->message : invalid_argument;
}
