/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Before a token that was good is believed not to be (revocation.md, Known): after the first
 * answer has arrived a witness is asked, our own token or somebody's live one; if it is still
 * valid, the token is asked about a second time. A gateway that answers 401 to everything, for
 * however short a time, so logs nobody out.
 */
#include <stdlib.h>
#include <string.h>

#include "core/state.h"

void dba_witness_want(struct dba_core *core, struct dba_check *check)
{
    check->phase = DBA_PHASE_WITNESS;
    dba_list_append(&core->want_witness, &check->in_queue);
}

/* May this known token speak for that check, and has it not been asked yet? */
static bool eligible(const struct dba_core *core, const struct dba_check *check,
                     const struct dba_digest *digest)
{
    if (memcmp(digest, dba_check_digest(core, check), sizeof *digest) == 0)
        return false;
    for (unsigned i = 0; i < check->tries; i++)
        if (memcmp(digest, &check->tried[i], sizeof *digest) == 0)
            return false;
    return true;
}

/*
 * The newest first: it was most likely answered valid a moment ago. One that is being checked
 * itself may be about to be refused, so it is asked only if there is nobody else; but it is
 * alive, so it must be asked.
 */
static struct dba_known *other_for(const struct dba_core *core, const struct dba_check *check)
{
    struct dba_known *busy = NULL;

    if (check->tries == DBA_WITNESS_TRIES)
        return NULL;
    for (struct dba_list *n = core->live.prev; n != &core->live; n = n->prev) {
        struct dba_known *known = dba_container(n, struct dba_known, in_live);
        const struct dba_digest *digest = dba_table_key(core->known, known);

        if (!eligible(core, check, digest))
            continue;
        if (dba_table_find(core->checks, digest) == NULL)
            return known;
        if (busy == NULL)
            busy = known;
    }
    return busy;
}

enum choice { CHOICE_OWN, CHOICE_OTHER, CHOICE_NONE };

/* Our own token; or if there is none, or it is known to be refused, somebody's live one. */
static enum choice choose(const struct dba_core *core, const struct dba_check *check,
                          struct dba_known **other)
{
    bool can_ask_own = core->own != DBA_OWN_NONE && !check->asked_own;

    *other = NULL;
    if (can_ask_own && core->own != DBA_OWN_INVALID)
        return CHOICE_OWN;
    *other = other_for(core, check);
    if (*other != NULL)
        return CHOICE_OTHER;
    return can_ask_own ? CHOICE_OWN : CHOICE_NONE;
}

/* Nobody is left to be asked. */
static void without(struct dba_core *core, struct dba_check *check)
{
    dba_list_remove(&check->in_queue);
    if (check->asked_witness) {
        dba_check_undecided(core, check, DBA_CAUSE_WITNESS);
        return;
    }
    check->phase = DBA_PHASE_PAUSE;
    dba_timer_set(&core->timers, &check->pause, core->now + DBA_SECOND);
}

static void take_along(struct dba_witness *witness, struct dba_check *check,
                       const struct dba_digest *digest)
{
    check->asked_witness = true;
    if (digest == NULL)
        check->asked_own = true;
    else
        check->tried[check->tries++] = *digest;
    dba_list_append(&witness->checks, &check->in_queue);
}

static void witness_free(struct dba_core *core, struct dba_witness *witness)
{
    dba_vault_drop(core->vault, &witness->kept);
    dba_list_remove(&witness->in_witnesses);
    free(witness);
}

static struct dba_witness *witness_new(struct dba_core *core, const struct dba_known *other)
{
    struct dba_witness *witness = calloc(1, sizeof *witness);
    struct dba_token token;

    if (witness == NULL)
        return NULL;
    dba_list_init(&witness->checks);
    dba_list_init(&witness->in_witnesses);
    dba_list_append(&core->witnesses, &witness->in_witnesses);
    if (other != NULL) {
        dba_kept_show(other->kept, &token);
        witness->kept = dba_vault_keep(core->vault, &token);
        dba_token_wipe(&token);
    }
    if (other == NULL || witness->kept != NULL)
        witness->request = dba_request_new(core);
    if (witness->request == NULL) {
        witness_free(core, witness);
        return NULL;
    }
    witness->request->witness = witness;
    return witness;
}

void dba_witness_send(struct dba_core *core)
{
    struct dba_check *first =
        dba_container(core->want_witness.next, struct dba_check, in_queue);
    struct dba_known *other;
    enum choice choice = choose(core, first, &other);
    struct dba_digest digest;
    struct dba_witness *witness;
    struct dba_list *next;

    if (choice == CHOICE_NONE) {
        without(core, first);
        return;
    }
    witness = witness_new(core, other);
    if (witness == NULL) {
        dba_check_undecided(core, first, DBA_CAUSE_FULL);
        return;
    }
    if (other != NULL)
        digest = *(const struct dba_digest *)dba_table_key(core->known, other);
    /* Everybody who waits now shares it; who comes later asks another. */
    for (struct dba_list *n = core->want_witness.next; n != &core->want_witness; n = next) {
        struct dba_check *check = dba_container(n, struct dba_check, in_queue);
        struct dba_known *unused;

        next = n->next;
        if (choose(core, check, &unused) == choice &&
            (other == NULL || eligible(core, check, &digest)))
            take_along(witness, check, other != NULL ? &digest : NULL);
    }
    core->stats.witnesses++;
    dba_out_request(core, witness->request);
}

static bool is_valid(const struct dba_core *core, const struct dba_answer *answer, bool own)
{
    int64_t org_id = dba_core_org(core);

    if (answer->class != DBA_ANSWER_GOOD || org_id == 0)
        return false;
    /* With orgId set, our own token may be of any organization: that it is answered good shows
     * that the Platform decides. */
    return own || answer->org_id == org_id;
}

void dba_witness_answered(struct dba_core *core, struct dba_witness *witness,
                          const struct dba_answer *answer, dba_time sent)
{
    bool own = witness->kept == NULL;
    bool valid;

    witness->request = NULL;
    if (own)
        dba_own_answered(core, answer, sent, false);
    valid = is_valid(core, answer, own);
    while (!dba_list_empty(&witness->checks)) {
        struct dba_check *check =
            dba_container(witness->checks.next, struct dba_check, in_queue);

        if (valid)
            dba_check_again(core, check);
        else if (answer->class == DBA_ANSWER_UNDECIDED)
            dba_check_undecided(core, check, DBA_CAUSE_WITNESS);
        else
            dba_witness_want(core, check);
    }
    witness_free(core, witness);
}

void dba_witness_lost(struct dba_core *core, struct dba_witness *witness)
{
    while (!dba_list_empty(&witness->checks)) {
        struct dba_check *check =
            dba_container(witness->checks.next, struct dba_check, in_queue);

        if (witness->kept == NULL)
            check->asked_own = false;
        else
            check->tries--;
        dba_witness_want(core, check);
    }
    witness_free(core, witness);
}
