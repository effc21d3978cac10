/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vault.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)64 * 1024)

/* Slots of a few sizes: most tokens are short, and locked memory is scarce. */
static const size_t slot_sizes[] = {64, 128, 256, 520};
#define CLASSES (sizeof slot_sizes / sizeof slot_sizes[0])

struct dba_kept {
    uint16_t len;   /* 0: the slot is free */
    uint16_t class; /* index of slot_sizes */
    union {
        struct dba_kept *next_free;
        char bytes[8]; /* and on to the slot's end */
    } u;
};

#define BYTES_AT offsetof(struct dba_kept, u)

struct block {
    struct block *next;
    char *memory;
    size_t class;
};

struct dba_vault {
    struct dba_core_memory memory;
    struct block *blocks;
    struct dba_kept *free[CLASSES];
};

struct dba_vault *dba_vault_new(const struct dba_core_memory *memory)
{
    struct dba_vault *vault = calloc(1, sizeof *vault);

    if (vault != NULL)
        vault->memory = *memory;
    return vault;
}

void dba_vault_free(struct dba_vault **vault)
{
    if (*vault == NULL)
        return;
    while ((*vault)->blocks != NULL) {
        struct block *block = (*vault)->blocks;

        (*vault)->blocks = block->next;
        dba_wipe(block->memory, BLOCK_SIZE);
        (*vault)->memory.put(block->memory, BLOCK_SIZE, (*vault)->memory.arg);
        free(block);
    }
    free(*vault);
    *vault = NULL;
}

static struct dba_kept *slot_at(const struct block *block, size_t offset)
{
    return (struct dba_kept *)(void *)(block->memory + offset);
}

static bool add_block(struct dba_vault *vault, size_t class)
{
    struct block *block = calloc(1, sizeof *block);
    size_t size = slot_sizes[class];

    if (block == NULL)
        return false;
    block->memory = vault->memory.get(BLOCK_SIZE, vault->memory.arg);
    if (block->memory == NULL) {
        free(block);
        return false;
    }
    block->class = class;
    block->next = vault->blocks;
    vault->blocks = block;
    for (size_t at = 0; at + size <= BLOCK_SIZE; at += size) {
        struct dba_kept *slot = slot_at(block, at);

        slot->class = (uint16_t) class;
        slot->u.next_free = vault->free[class];
        vault->free[class] = slot;
    }
    return true;
}

struct dba_kept *dba_vault_keep(struct dba_vault *vault, const struct dba_token *token)
{
    struct dba_kept *slot;
    size_t class = 0;

    while (BYTES_AT + token->len > slot_sizes[class])
        class ++;
    if (vault->free[class] == NULL && !add_block(vault, class))
        return NULL;
    slot = vault->free[class];
    vault->free[class] = slot->u.next_free;
    slot->len = token->len;
    memcpy((char *)slot + BYTES_AT, token->bytes, token->len);
    return slot;
}

void dba_vault_drop(struct dba_vault *vault, struct dba_kept **kept)
{
    struct dba_kept *slot = *kept;
    uint16_t class;

    if (slot == NULL)
        return;
    class = slot->class;
    dba_wipe(slot, slot_sizes[class]);
    slot->class = class;
    slot->u.next_free = vault->free[class];
    vault->free[class] = slot;
    *kept = NULL;
}

void dba_kept_show(const struct dba_kept *kept, struct dba_token *token)
{
    dba_token_wipe(token);
    token->len = kept->len;
    memcpy(token->bytes, (const char *)kept + BYTES_AT, kept->len);
}

bool dba_vault_holds(const struct dba_vault *vault, const struct dba_token *token)
{
    for (const struct block *block = vault->blocks; block != NULL; block = block->next) {
        size_t size = slot_sizes[block->class];

        for (size_t at = 0; at + size <= BLOCK_SIZE; at += size) {
            const struct dba_kept *slot = slot_at(block, at);

            if (slot->len == token->len &&
                memcmp((const char *)slot + BYTES_AT, token->bytes, token->len) == 0)
                return true;
        }
    }
    return false;
}
