/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <limits.h>
#include <time.h>

static dba_time clock_read(clockid_t id)
{
    struct timespec ts = {0};

    /* Cannot fail: both clocks exist on every Linux that we build for. */
    (void)clock_gettime(id, &ts);
    return (dba_time)ts.tv_sec * DBA_SECOND + ts.tv_nsec;
}

dba_time dba_clock_boot(void)
{
    return clock_read(CLOCK_BOOTTIME);
}

dba_time dba_clock_monotonic(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

dba_time dba_time_add(dba_time a, dba_time b)
{
    if (a == DBA_NEVER || b == DBA_NEVER || a > DBA_NEVER - b)
        return DBA_NEVER;
    return a + b;
}

dba_time dba_time_of_seconds(double seconds)
{
    return (dba_time)(seconds * 1e9 + 0.5);
}

double dba_time_in_seconds(dba_time t)
{
    return (double)t / 1e9;
}

int dba_time_poll_msec(dba_time deadline, dba_time now)
{
    dba_time left;

    if (deadline <= now)
        return 0;
    left = (deadline - now - 1) / DBA_MSEC + 1;
    return left > INT_MAX ? INT_MAX : (int)left;
}
