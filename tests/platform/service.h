/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides what a request is answered: the call as the Platform has it, and the scripts that
 * put failures in its place.
 */
#ifndef PLATFORM_SERVICE_H
#define PLATFORM_SERVICE_H

#include "tests/platform/exchange.h"

/* Sets exchange->reply, counts, and gives the time to wait before it leaves. */
nanosec service_answer(struct platform *platform, struct exchange *exchange,
                       struct record_entry *entry);

#endif
