/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keyed hashes: the names under which tokens, users and addresses are looked up. They give
 * nothing away (the key dies with the keeper) and nobody outside can make two of them meet.
 * The only file that knows libsodium in the core is digest.c.
 */
#ifndef DBA_CORE_DIGEST_H
#define DBA_CORE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DBA_DIGEST_SIZE 32

struct dba_digest {
    uint8_t bytes[DBA_DIGEST_SIZE];
};

/* What is hashed: digests of different things never meet. */
enum dba_digest_of { DBA_DIGEST_TOKEN = 1, DBA_DIGEST_USER, DBA_DIGEST_ORIGIN };

/* `key` has DBA_DIGEST_SIZE bytes. */
void dba_digest(struct dba_digest *out, const uint8_t *key, enum dba_digest_of what,
                const void *data, size_t len);

#endif
