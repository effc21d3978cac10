/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One check of one token, from the first caller that needs it to the answer that is believed:
 *
 *     QUEUED -> FIRST -> believed
 *                     -> WITNESS -> AGAIN -> SECOND -> believed
 *                     -> PAUSE ----^
 *
 * and from any of them to "undecided", from which nothing is concluded. Equal tokens share one
 * check. It holds its slot from its first request to its end, so that a re-check, its witness
 * and its second request wait for no login in between.
 */
#include <string.h>

#include "core/state.h"

/* A token whose requests were lost with so many checkers in a row may be what kills them. */
#define LOSSES_MAX 3

const struct dba_digest *dba_check_digest(const struct dba_core *core,
                                          const struct dba_check *check)
{
    return dba_table_key(core->checks, check);
}

static struct dba_check *check_new(struct dba_core *core, const struct dba_digest *digest,
                                   const struct dba_token *token)
{
    struct dba_check *check = dba_table_add(core->checks, digest);

    if (check == NULL)
        return NULL;
    check->kept = dba_vault_keep(core->vault, token);
    if (check->kept == NULL) {
        dba_table_remove(core->checks, check);
        return NULL;
    }
    check->phase = DBA_PHASE_QUEUED;
    dba_list_init(&check->links);
    dba_list_init(&check->in_queue);
    dba_timer_init(&check->pause, DBA_TIMER_PAUSE);
    return check;
}

struct dba_check *dba_check_join(struct dba_core *core, const struct dba_digest *digest,
                                 const struct dba_token *token, bool urgent)
{
    struct dba_check *check = dba_table_find(core->checks, digest);

    if (check == NULL)
        check = check_new(core, digest, token);
    if (check == NULL)
        return NULL;
    check->urgent |= urgent;
    if (check->phase == DBA_PHASE_QUEUED)
        dba_list_append(check->urgent ? &core->urgent : &core->logins, &check->in_queue);
    return check;
}

static void check_free(struct dba_core *core, struct dba_check *check)
{
    if (check->slot)
        core->slots--;
    dba_list_remove(&check->in_queue);
    dba_timer_set(&core->timers, &check->pause, DBA_NEVER);
    dba_vault_drop(core->vault, &check->kept);
    dba_table_remove(core->checks, check);
}

static void believe(struct dba_core *core, struct dba_check *check,
                    const struct dba_answer *answer, dba_time sent)
{
    struct dba_digest digest = *dba_check_digest(core, check);

    dba_verdict_believe(core, &digest, answer, sent);
    dba_waiter_told(core, check, true, DBA_CAUSE_NONE);
    check_free(core, check);
}

void dba_check_undecided(struct dba_core *core, struct dba_check *check, enum dba_cause cause)
{
    struct dba_known *known = dba_table_find(core->known, dba_check_digest(core, check));

    if (known != NULL && known->live)
        dba_recheck_failed(core, known);
    dba_waiter_told(core, check, false, cause);
    check_free(core, check);
}

/* A good token's answer that merely lacks the email says nothing (an older Platform). */
static bool lost_email(const struct dba_core *core, const struct dba_known *known,
                       const struct dba_answer *answer)
{
    return answer->class == DBA_ANSWER_GOOD && answer->email[0] == '\0' && answer->personal &&
           answer->org_id == dba_core_org(core) && known->verdict.email != NULL;
}

void dba_check_answered(struct dba_core *core, struct dba_check *check,
                        const struct dba_answer *answer, dba_time sent, bool own_access)
{
    struct dba_known *known = dba_table_find(core->known, dba_check_digest(core, check));

    check->request = NULL;
    if (answer->class == DBA_ANSWER_UNDECIDED) {
        dba_check_undecided(core, check, answer->cause);
    } else if (dba_core_org(core) == 0) {
        dba_check_undecided(core, check, DBA_CAUSE_ORG);
    } else if (known == NULL) {
        /* Never seen good: it is refused without a witness. If it was our own token that the
         * Platform refused, own.c finds out. */
        if (answer->class == DBA_ANSWER_INVALID && own_access)
            dba_own_suspect(core);
        believe(core, check, answer, sent);
    } else if (lost_email(core, known, answer)) {
        dba_check_undecided(core, check, DBA_CAUSE_EMAIL);
    } else if (check->phase == DBA_PHASE_FIRST) {
        if (!dba_verdict_takes(core, known, answer)) {
            believe(core, check, answer, sent);
            return;
        }
        dba_witness_want(core, check);
    } else if (dba_verdict_confirms(core, known, answer)) {
        believe(core, check, answer, sent);
    } else {
        dba_check_undecided(core, check, DBA_CAUSE_WITNESS);
    }
}

void dba_check_again(struct dba_core *core, struct dba_check *check)
{
    check->phase = DBA_PHASE_AGAIN;
    check->second = true;
    dba_list_append(&core->again, &check->in_queue);
}

void dba_check_repeat(struct dba_core *core, struct dba_check *check, bool lost)
{
    check->request = NULL;
    if (lost && ++check->losses > LOSSES_MAX) {
        dba_check_undecided(core, check, DBA_CAUSE_CHECKER);
        return;
    }
    check->second = check->phase == DBA_PHASE_SECOND;
    check->phase = DBA_PHASE_AGAIN;
    dba_list_append(&core->again, &check->in_queue);
}

void dba_check_send(struct dba_core *core, struct dba_check *check)
{
    struct dba_request_out *request = dba_request_new(core);
    bool repeated = check->phase == DBA_PHASE_AGAIN;

    dba_list_remove(&check->in_queue);
    if (request == NULL) {
        dba_check_undecided(core, check, DBA_CAUSE_FULL);
        return;
    }
    if (!check->slot) {
        check->slot = true;
        core->slots++;
    }
    request->check = check;
    request->recheck = check->urgent && !repeated;
    check->request = request;
    check->phase = repeated && check->second ? DBA_PHASE_SECOND : DBA_PHASE_FIRST;
    dba_out_request(core, request);
}

void dba_checks_fail_queued(struct dba_core *core, enum dba_cause cause)
{
    void *next;

    for (struct dba_check *c = dba_table_oldest(core->checks); c != NULL; c = next) {
        next = dba_table_next(core->checks, c);
        if (c->request != NULL)
            continue;
        if (c->phase == DBA_PHASE_QUEUED && !c->urgent)
            dba_check_undecided(core, c, cause);
        else
            dba_waiter_told(core, c, false, cause);
    }
}
