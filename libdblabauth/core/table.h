/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table of values with keys of one size, in the order in which they were added or
 * touched. The only file that knows uthash is table.c.
 *
 * Keys must start with four bytes that nobody outside can choose (a keyed digest) or that
 * are spread by nature (a number counted up): they are taken as the hash as they are.
 */
#ifndef DBA_CORE_TABLE_H
#define DBA_CORE_TABLE_H

#include <stddef.h>

struct dba_table;

struct dba_table *dba_table_new(size_t key_size, size_t value_size); /* NULL: no memory */
void dba_table_free(struct dba_table **table); /* values are not looked at */

void *dba_table_find(const struct dba_table *table, const void *key); /* NULL: not there */

/* A new zeroed value for a key that is not there; it is the newest. NULL: no memory. */
void *dba_table_add(struct dba_table *table, const void *key);
void dba_table_touch(struct dba_table *table, void *value); /* becomes the newest */
void dba_table_remove(struct dba_table *table, void *value);

size_t dba_table_count(const struct dba_table *table);
void *dba_table_oldest(const struct dba_table *table);                  /* NULL: empty */
void *dba_table_next(const struct dba_table *table, const void *value); /* towards the newest */
const void *dba_table_key(const struct dba_table *table, const void *value);

#endif
