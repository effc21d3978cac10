/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time is a signed number of nanoseconds on a clock that never steps. Who reads which:
 * the daemon counts on CLOCK_BOOTTIME (a verdict ages while the host sleeps), a client's
 * deadline on CLOCK_MONOTONIC. The wall clock is for people only (logs, RFC 3339).
 */
#ifndef DBA_BASE_CLOCK_H
#define DBA_BASE_CLOCK_H

#include <stdint.h>

typedef int64_t dba_time;

#define DBA_NEVER  INT64_MAX /* later than any time */
#define DBA_MSEC   ((dba_time)1000000)
#define DBA_SECOND ((dba_time)1000000000)

dba_time dba_clock_boot(void);      /* CLOCK_BOOTTIME */
dba_time dba_clock_monotonic(void); /* CLOCK_MONOTONIC */

/* a + b, where DBA_NEVER stays DBA_NEVER and an overflow becomes it. b must not be negative. */
dba_time dba_time_add(dba_time a, dba_time b);

/* Seconds of a configuration (0 to 10^8) as time; rounds to the nearest nanosecond. */
dba_time dba_time_of_seconds(double seconds);
double dba_time_in_seconds(dba_time t);

/* Milliseconds until `deadline` for poll(2): rounded up, 0 if passed, at most INT_MAX. */
int dba_time_poll_msec(dba_time deadline, dba_time now);

#endif
