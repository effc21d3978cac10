/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Randomness of the simulator: everything comes from one 64-bit seed, so that the same seed is
 * the same run on every machine (integers only, no libm).
 */
#ifndef SIM_RNG_H
#define SIM_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

struct rng {
    uint64_t state;
};

void rng_seed(struct rng *rng, uint64_t seed);
uint64_t rng_next(struct rng *rng);

uint64_t rng_below(struct rng *rng, uint64_t n);                   /* 0..n-1; n > 0 */
dba_time rng_time(struct rng *rng, dba_time low, dba_time high);   /* both included */
dba_time rng_spread(struct rng *rng, dba_time low, dba_time high); /* even in the logarithm */
dba_time rng_around(struct rng *rng, dba_time mean); /* a wait with this mean, 0 to 4 of it */
bool rng_chance(struct rng *rng, unsigned percent);
bool rng_rare(struct rng *rng, unsigned one_in);

#endif
