/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where tokens rest: slots in memory that the driver gives (locked and kept out of cores by
 * the keeper). A slot is wiped when its token is dropped. Blocks are never given back before
 * the vault is freed: there is no more of them than the most tokens that were kept at once.
 */
#ifndef DBA_CORE_VAULT_H
#define DBA_CORE_VAULT_H

#include <stdbool.h>

#include "base/token.h"
#include "core/core.h"

struct dba_vault;
struct dba_kept; /* one token at rest */

struct dba_vault *dba_vault_new(const struct dba_core_memory *memory); /* NULL: no memory */
void dba_vault_free(struct dba_vault **vault);                         /* wipes all */

struct dba_kept *dba_vault_keep(struct dba_vault *vault, const struct dba_token *token);
void dba_vault_drop(struct dba_vault *vault, struct dba_kept **kept); /* wipes, NULLs */

/* Copies it out; the caller wipes the copy. */
void dba_kept_show(const struct dba_kept *kept, struct dba_token *token);

bool dba_vault_holds(const struct dba_vault *vault, const struct dba_token *token);

#endif
