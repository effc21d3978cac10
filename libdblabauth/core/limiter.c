/* SPDX-License-Identifier: Apache-2.0 */
#include "core/limiter.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/digest.h"
#include "core/table.h"

#define STEP     (5 * DBA_SECOND)
#define STEPS    13 /* 12 make a minute; the one that is running makes it no shorter */
#define PER_HOST 10 /* design.md: ten times as many for one service and address */

struct counter {
    int64_t step; /* of the newest count */
    uint32_t counts[STEPS];
};

struct dba_limiter {
    uint8_t key[DBA_DIGEST_SIZE];
    struct dba_table *counters;
};

struct dba_limiter *dba_limiter_new(const uint8_t *key)
{
    struct dba_limiter *limiter = calloc(1, sizeof *limiter);

    if (limiter == NULL)
        return NULL;
    memcpy(limiter->key, key, sizeof limiter->key);
    limiter->counters = dba_table_new(sizeof(struct dba_digest), sizeof(struct counter));
    if (limiter->counters == NULL)
        dba_limiter_free(&limiter);
    return limiter;
}

void dba_limiter_free(struct dba_limiter **limiter)
{
    if (*limiter == NULL)
        return;
    dba_table_free(&(*limiter)->counters);
    free(*limiter);
    *limiter = NULL;
}

static bool is_loopback4(uint32_t host_order)
{
    return host_order >> 24 == 127;
}

void dba_limiter_address(const char *rhost, char *out)
{
    struct in_addr v4;
    struct in6_addr v6;
    size_t i;

    if (inet_pton(AF_INET6, rhost, &v6) == 1) {
        if (IN6_IS_ADDR_V4MAPPED(&v6)) {
            memcpy(&v4, &v6.s6_addr[12], sizeof v4);
        } else {
            if (IN6_IS_ADDR_LOOPBACK(&v6)) {
                (void)dba_text_copy(out, DBA_ORIGIN_ADDRESS, "loopback");
                return;
            }
            memset(&v6.s6_addr[8], 0, 8);
            (void)inet_ntop(AF_INET6, &v6, out, DBA_ORIGIN_ADDRESS);
            return;
        }
    } else if (inet_pton(AF_INET, rhost, &v4) != 1) {
        for (i = 0; rhost[i] != '\0' && i + 1 < DBA_ORIGIN_ADDRESS; i++)
            out[i] = dba_text_lower(rhost[i]);
        out[i] = '\0';
        if (strcmp(out, "localhost") == 0)
            (void)dba_text_copy(out, DBA_ORIGIN_ADDRESS, "loopback");
        return;
    }
    if (is_loopback4(ntohl(v4.s_addr)))
        (void)dba_text_copy(out, DBA_ORIGIN_ADDRESS, "loopback");
    else
        (void)inet_ntop(AF_INET, &v4, out, DBA_ORIGIN_ADDRESS);
}

/* `user` NULL: the counter of the address alone. */
static void key_of(const struct dba_limiter *limiter, struct dba_digest *key,
                   const struct dba_origin *origin, const char *user)
{
    char text[64 + DBA_ORIGIN_ADDRESS + 256];
    char address[DBA_ORIGIN_ADDRESS];
    int len;

    /* No field can have the separator in it: the wire lets no control byte through. */
    dba_limiter_address(origin->rhost, address);
    len = snprintf(text, sizeof text, "%s\n%s%s%s", origin->service, address,
                   user != NULL ? "\n" : "", user != NULL ? user : "");
    if (len < 0 || (size_t)len >= sizeof text)
        len = (int)sizeof text - 1;
    dba_digest(key, limiter->key, DBA_DIGEST_ORIGIN, text, (size_t)len);
}

static uint64_t sum(const struct counter *counter, int64_t step)
{
    uint64_t total = 0;

    for (int64_t s = counter->step - STEPS + 1; s <= counter->step; s++)
        if (s > step - STEPS && s >= 0)
            total += counter->counts[s % STEPS];
    return total;
}

static bool full(const struct dba_limiter *limiter, dba_time now, uint64_t limit,
                 const struct dba_origin *origin, const char *user)
{
    const struct counter *counter;
    struct dba_digest key;

    key_of(limiter, &key, origin, user);
    counter = dba_table_find(limiter->counters, &key);
    return counter != NULL && sum(counter, now / STEP) >= limit;
}

bool dba_limiter_blocks(const struct dba_limiter *limiter, dba_time now, uint32_t per_minute,
                        const struct dba_origin *origin)
{
    return full(limiter, now, per_minute, origin, origin->user) ||
           full(limiter, now, (uint64_t)per_minute * PER_HOST, origin, NULL);
}

static void count(struct dba_limiter *limiter, dba_time now, uint32_t entries,
                  const struct dba_origin *origin, const char *user)
{
    struct dba_digest key;
    struct counter *counter;
    int64_t step = now / STEP;

    key_of(limiter, &key, origin, user);
    counter = dba_table_find(limiter->counters, &key);
    if (counter == NULL) {
        while (dba_table_count(limiter->counters) >= entries)
            dba_table_remove(limiter->counters, dba_table_oldest(limiter->counters));
        counter = dba_table_add(limiter->counters, &key);
        if (counter == NULL)
            return;
        counter->step = step;
    }
    dba_table_touch(limiter->counters, counter);
    if (step - counter->step >= STEPS) {
        memset(counter->counts, 0, sizeof counter->counts);
        counter->step = step;
    }
    for (; counter->step < step; counter->step++)
        counter->counts[(counter->step + 1) % STEPS] = 0;
    if (counter->counts[step % STEPS] < UINT32_MAX)
        counter->counts[step % STEPS]++;
}

void dba_limiter_count(struct dba_limiter *limiter, dba_time now, uint32_t entries,
                       const struct dba_origin *origin)
{
    count(limiter, now, entries, origin, origin->user);
    count(limiter, now, entries, origin, NULL);
}
