/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Actions that wait for the driver: replies first, then requests to the Platform, then the
 * rest. A request's token is copied out of the vault only when it is taken, so no queue holds
 * one. An action that finds no memory is left out; a caller that then gets no reply from us
 * gets it from its own deadline, as "unavailable".
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/state.h"

struct out {
    struct dba_list in_out;
    enum dba_do what;
    union {
        struct dba_decision reply;
        struct dba_process process;
        struct {
            enum dba_level level;
            char text[512];
        } log;
    } u;
};

static struct out *out_new(struct dba_list *list, enum dba_do what)
{
    struct out *out = calloc(1, sizeof *out);

    if (out == NULL)
        return NULL;
    dba_list_init(&out->in_out);
    dba_list_append(list, &out->in_out);
    out->what = what;
    return out;
}

void dba_out_decide(struct dba_core *core, const struct dba_decision *decision)
{
    struct out *out = out_new(&core->out_replies, DBA_DO_REPLY);

    if (out != NULL)
        out->u.reply = *decision;
}

void dba_out_request(struct dba_core *core, struct dba_request_out *request)
{
    dba_list_append(&core->out_requests, &request->in_out);
}

void dba_out_warm(struct dba_core *core)
{
    (void)out_new(&core->out_others, DBA_DO_WARM);
}

void dba_out_watch(struct dba_core *core, struct dba_process process)
{
    struct out *out = out_new(&core->out_others, DBA_DO_WATCH);

    if (out != NULL)
        out->u.process = process;
}

void dba_out_log(struct dba_core *core, enum dba_level level, const char *format, ...)
{
    struct out *out = out_new(&core->out_others, DBA_DO_LOG);
    va_list args;

    if (out == NULL)
        return;
    out->u.log.level = level;
    va_start(args, format);
    (void)vsnprintf(out->u.log.text, sizeof out->u.log.text, format, args);
    va_end(args);
}

/* The tokens of a request, at the moment at which it is handed out. */
static void fill_check(struct dba_core *core, struct dba_request_out *request,
                       struct dba_action *action)
{
    const struct dba_token *own = &core->settings->access_token;

    action->what = DBA_DO_CHECK;
    action->check = *(const uint32_t *)dba_table_key(core->requests, request);
    action->recheck = request->recheck;
    if (request->check != NULL) {
        dba_kept_show(request->check->kept, &action->token);
    } else if (request->witness != NULL && request->witness->kept != NULL) {
        dba_kept_show(request->witness->kept, &action->token);
    } else {
        action->token = *own;
    }
    action->access = request->own_access ? *own : action->token;
}

static void fill(struct dba_action *action, const struct out *out)
{
    action->what = out->what;
    switch (out->what) {
    case DBA_DO_REPLY:
        action->reply = out->u.reply;
        break;
    case DBA_DO_WATCH:
        action->process = out->u.process;
        break;
    case DBA_DO_LOG:
        action->level = out->u.log.level;
        memcpy(action->text, out->u.log.text, sizeof action->text);
        break;
    case DBA_DO_CHECK:
    case DBA_DO_WARM:
        break;
    }
}

static bool take(struct dba_list *list, struct dba_action *action)
{
    struct out *out;

    if (dba_list_empty(list))
        return false;
    out = dba_container(list->next, struct out, in_out);
    dba_list_remove(&out->in_out);
    fill(action, out);
    free(out);
    return true;
}

bool dba_out_next(struct dba_core *core, struct dba_action *action)
{
    memset(action, 0, sizeof *action);
    if (take(&core->out_replies, action))
        return true;
    if (!dba_list_empty(&core->out_requests)) {
        struct dba_request_out *request =
            dba_container(core->out_requests.next, struct dba_request_out, in_out);

        dba_list_remove(&request->in_out);
        fill_check(core, request, action);
        return true;
    }
    return take(&core->out_others, action);
}

void dba_out_free(struct dba_core *core)
{
    struct dba_action action;

    while (take(&core->out_replies, &action) || take(&core->out_others, &action))
        continue;
}
