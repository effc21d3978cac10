/* SPDX-License-Identifier: Apache-2.0 */
#include "rng.h"

void rng_seed(struct rng *rng, uint64_t seed)
{
    rng->state = seed;
    (void)rng_next(rng);
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t z = (rng->state += 0x9e3779b97f4a7c15u); /* splitmix64 (Steele, Lea, Flood) */

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t rng_below(struct rng *rng, uint64_t n)
{
    return rng_next(rng) % n;
}

dba_time rng_time(struct rng *rng, dba_time low, dba_time high)
{
    if (high <= low)
        return low;
    return low + (dba_time)rng_below(rng, (uint64_t)(high - low) + 1);
}

dba_time rng_spread(struct rng *rng, dba_time low, dba_time high)
{
    unsigned doublings = 0;

    if (low < 1)
        low = 1;
    for (dba_time t = low; t < high / 2; t *= 2)
        doublings++;
    low <<= rng_below(rng, doublings + 1u);
    return rng_time(rng, low, low * 2 < high ? low * 2 : high);
}

dba_time rng_around(struct rng *rng, dba_time mean)
{
    /* Two thirds come early, a third is spread far: bursts and gaps. */
    if (rng_below(rng, 3) > 0)
        return rng_time(rng, 0, mean);
    return rng_time(rng, 0, 4 * mean);
}

bool rng_chance(struct rng *rng, unsigned percent)
{
    return rng_below(rng, 100) < percent;
}

bool rng_rare(struct rng *rng, unsigned one_in)
{
    return rng_below(rng, one_in) == 0;
}
