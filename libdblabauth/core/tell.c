/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling a caller its decision: the reply, the counter and the one line in the log.
 */
#include <string.h>

#include "base/text.h"
#include "core/state.h"

static void count_login(struct dba_core *core, const char *service, enum dba_result result)
{
    struct dba_stats *stats = &core->stats;
    size_t i;

    for (i = 0; i < stats->services; i++)
        if (strcmp(stats->logins[i].service, service) == 0)
            break;
    if (i == stats->services) {
        /* Names that are not listed are anybody's choice: they share one line. */
        if (dba_settings_service(core->settings, service) == NULL || i == DBA_STAT_SERVICES - 1)
            service = "other";
        for (i = 0; i < stats->services; i++)
            if (strcmp(stats->logins[i].service, service) == 0)
                break;
        if (i == stats->services) {
            (void)dba_text_copy(stats->logins[i].service, sizeof stats->logins[i].service,
                                service);
            stats->services++;
        }
    }
    stats->logins[i].results[result]++;
}

static enum dba_level level_of(const struct dba_decision *d)
{
    if (d->result == DBA_UNAVAILABLE)
        return DBA_LEVEL_WARNING;
    return d->op == DBA_OP_ACCOUNT && d->result == DBA_ACCEPTED ? DBA_LEVEL_DEBUG
                                                                : DBA_LEVEL_NOTICE;
}

void dba_tell(struct dba_core *core, const struct dba_waiter *waiter,
              struct dba_decision *decision)
{
    char user[DBA_USER_MAX + 1];
    char service[DBA_SERVICE_MAX + 1];
    char rhost[128];
    char email[DBA_EMAIL_MAX + 1];

    decision->id = waiter->id;
    decision->op = waiter->op;
    if (decision->user[0] == '\0')
        (void)dba_text_copy(decision->user, sizeof decision->user, waiter->user);
    dba_out_decide(core, decision);
    if (waiter->op != DBA_OP_CHECK)
        count_login(core, waiter->service, decision->result);
    dba_out_log(core, level_of(decision),
                "%s user=\"%s\" service=%s address=\"%s\" pid=%d result=%s reason=%s%s%s%s%s",
                dba_op_word(waiter->op), dba_text_clean(user, sizeof user, decision->user),
                dba_text_clean(service, sizeof service, waiter->service),
                dba_text_clean(rhost, sizeof rhost, waiter->rhost), (int)waiter->peer.pid,
                dba_result_word(decision->result), dba_reason_word(decision->reason),
                decision->result == DBA_UNAVAILABLE ? " cause=" : "",
                decision->result == DBA_UNAVAILABLE ? dba_cause_word(decision->cause) : "",
                decision->email[0] != '\0' ? " email=" : "",
                dba_text_clean(email, sizeof email, decision->email));
}

void dba_tell_short(struct dba_core *core, const struct dba_waiter *waiter,
                    enum dba_result result, enum dba_reason reason)
{
    struct dba_decision decision = {.result = result, .reason = reason};

    dba_tell(core, waiter, &decision);
}

void dba_tell_facts(struct dba_decision *decision, const struct dba_verdict *verdict)
{
    decision->personal = verdict->personal;
    decision->org_id = verdict->org_id;
    if (verdict->email != NULL)
        (void)dba_text_copy(decision->email, sizeof decision->email, verdict->email);
}
