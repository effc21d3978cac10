/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intrusive circular lists. A head and a node are the same type; a node that is in no list
 * points to itself, so removing it twice does no harm.
 */
#ifndef DBA_CORE_LIST_H
#define DBA_CORE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct dba_list {
    struct dba_list *next, *prev;
};

/* The struct that holds `node` as its member. */
#define dba_container(node, type, member)                                                      \
    ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void dba_list_init(struct dba_list *list)
{
    list->next = list->prev = list;
}

static inline bool dba_list_empty(const struct dba_list *list)
{
    return list->next == list;
}

static inline void dba_list_remove(struct dba_list *node)
{
    node->next->prev = node->prev;
    node->prev->next = node->next;
    dba_list_init(node);
}

/* To the end; wherever it was before. */
static inline void dba_list_append(struct dba_list *head, struct dba_list *node)
{
    dba_list_remove(node);
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}

/* All nodes of `from` to the end of `to`, in order; `from` is empty then. */
static inline void dba_list_splice(struct dba_list *to, struct dba_list *from)
{
    if (dba_list_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    dba_list_init(from);
}

#endif
