/* SPDX-License-Identifier: Apache-2.0 */
#include "dblab-authd/checker/warmth.h"

#include <string.h>

void warmth_init(struct warmth *warmth, dba_time now)
{
    memset(warmth, 0, sizeof *warmth);
    warmth->tokens = WARMTH_BURST * WARMTH_REFILL;
    warmth->counted = now;
    warmth->due = now;
}

static void refill(struct warmth *warmth, dba_time now)
{
    warmth->tokens += now - warmth->counted;
    if (warmth->tokens > WARMTH_BURST * WARMTH_REFILL)
        warmth->tokens = WARMTH_BURST * WARMTH_REFILL;
    warmth->counted = now;
}

static dba_time next_report(struct warmth *warmth, dba_time now)
{
    warmth->pays = warmth->kept;
    warmth->kept = false;
    if (!warmth->pays) {
        warmth->delay = warmth->delay == 0 ? WARMTH_DELAY_MIN : 2 * warmth->delay;
        if (warmth->delay > WARMTH_DELAY_MAX)
            warmth->delay = WARMTH_DELAY_MAX;
        return now + warmth->delay;
    }
    warmth->delay = 0;
    refill(warmth, now);
    return warmth->tokens >= WARMTH_REFILL ? now : now + WARMTH_REFILL - warmth->tokens;
}

void warmth_set(struct warmth *warmth, dba_time now, bool warm)
{
    if (warm == warmth->warm)
        return;
    warmth->warm = warm;
    warmth->due = warm ? DBA_NEVER : next_report(warmth, now);
}

void warmth_keeps(struct warmth *warmth)
{
    warmth->kept = true;
}

bool warmth_report(struct warmth *warmth, dba_time now)
{
    if (warmth->due > now)
        return false;
    warmth->due = DBA_NEVER;
    if (warmth->pays) {
        refill(warmth, now);
        warmth->tokens -= WARMTH_REFILL;
    }
    return true;
}
