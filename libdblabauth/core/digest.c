/* SPDX-License-Identifier: Apache-2.0 */
#include "core/digest.h"

#include <sodium.h>

#include "base/token.h"

void dba_digest(struct dba_digest *out, const uint8_t *key, enum dba_digest_of what,
                const void *data, size_t len)
{
    crypto_generichash_state state;
    uint8_t domain = (uint8_t)what;

    /* None of the three can fail with sizes that are constants in range. */
    (void)crypto_generichash_init(&state, key, DBA_DIGEST_SIZE, sizeof out->bytes);
    (void)crypto_generichash_update(&state, &domain, 1);
    (void)crypto_generichash_update(&state, data, len);
    (void)crypto_generichash_final(&state, out->bytes, sizeof out->bytes);
    dba_wipe(&state, sizeof state); /* it buffers the last block: the token itself */
}
