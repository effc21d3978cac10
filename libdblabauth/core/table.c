/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uthash keeps insertion order by itself, so least recently used is its first element when a
 * touch is a removal and an addition.
 */
#include "core/table.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1 /* an addition that finds no memory leaves hh.tbl NULL */
#define HASH_FUNCTION(key, len, hash)                                                          \
    do {                                                                                       \
        memcpy(&(hash), (key), sizeof(unsigned));                                              \
    } while (0)
#include <uthash.h>

struct node {
    UT_hash_handle hh;
    _Alignas(max_align_t) unsigned char value[]; /* the value, then the key */
};

struct dba_table {
    struct node *nodes;
    size_t key_size;
    size_t value_size; /* rounded so that the key behind it is aligned */
};

static struct node *node_of(const void *value)
{
    return (struct node *)(void *)((char *)(uintptr_t)value - offsetof(struct node, value));
}

struct dba_table *dba_table_new(size_t key_size, size_t value_size)
{
    struct dba_table *table = calloc(1, sizeof *table);
    size_t step = _Alignof(max_align_t);

    if (table == NULL)
        return NULL;
    table->key_size = key_size;
    table->value_size = (value_size + step - 1) / step * step;
    return table;
}

void dba_table_free(struct dba_table **table)
{
    if (*table == NULL)
        return;
    for (void *v = dba_table_oldest(*table); v != NULL; v = dba_table_oldest(*table))
        dba_table_remove(*table, v);
    free(*table);
    *table = NULL;
}

void *dba_table_find(const struct dba_table *table, const void *key)
{
    struct node *node = NULL;

    HASH_FIND(hh, table->nodes, key, (unsigned)table->key_size, node);
    return node != NULL ? node->value : NULL;
}

static bool insert(struct dba_table *table, struct node *node)
{
    const void *key = node->value + table->value_size;

    HASH_ADD_KEYPTR(hh, table->nodes, key, (unsigned)table->key_size, node);
    return node->hh.tbl != NULL;
}

void *dba_table_add(struct dba_table *table, const void *key)
{
    struct node *node = calloc(1, sizeof *node + table->value_size + table->key_size);

    if (node == NULL)
        return NULL;
    memcpy(node->value + table->value_size, key, table->key_size);
    if (!insert(table, node)) {
        free(node);
        return NULL;
    }
    return node->value;
}

void dba_table_touch(struct dba_table *table, void *value)
{
    struct node *node = node_of(value);

    /* The only one, or already the newest: taking it out could free uthash's own tables, and
     * putting it back could then fail. */
    if (node->hh.next == NULL)
        return;
    HASH_DELETE(hh, table->nodes, node);
    (void)insert(table, node);
}

void dba_table_remove(struct dba_table *table, void *value)
{
    struct node *node = node_of(value);

    HASH_DELETE(hh, table->nodes, node);
    free(node);
}

size_t dba_table_count(const struct dba_table *table)
{
    return HASH_COUNT(table->nodes);
}

void *dba_table_oldest(const struct dba_table *table)
{
    return table->nodes != NULL ? table->nodes->value : NULL;
}

void *dba_table_next(const struct dba_table *table, const void *value)
{
    const struct node *next = node_of(value)->hh.next;

    (void)table;
    return next != NULL ? (void *)(uintptr_t)next->value : NULL;
}

const void *dba_table_key(const struct dba_table *table, const void *value)
{
    return (const unsigned char *)value + table->value_size;
}
