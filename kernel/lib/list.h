/* SPDX-License-Identifier: BSD-2-Clause */
/* Intrusive circular doubly linked lists. A zeroed list must be initialised before its first use.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "kernel/lib/types.h"

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

/* Inserts node before pos; with pos a list head: at the end. */
static inline void list_insert(struct list *pos, struct list *node)
{
	node->next = pos;
	node->prev = pos->prev;
	pos->prev->next = node;
	pos->prev = node;
}

/* Leaves node initialised, so that removing it twice does no harm. */
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Moves all nodes of from to the end of to. */
static inline void list_splice(struct list *from, struct list *to)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

/* Lets the list begin with node, and what was before it follow at the end; with node the list head:
 * as it is. */
static inline void list_rotate(struct list *l, struct list *node)
{
	if (node == l)
		return;
	list_remove(l);
	list_insert(node, l);
}

#define list_entry(node, type, field) container_of(node, type, field)
#define list_for_each(node, head)                                                                  \
	for (struct list *node = (head)->next; node != (head); node = node->next)
#define list_for_each_safe(node, head)                                                             \
	for (struct list *node = (head)->next, *node##_next = node->next; node != (head);          \
	     node = node##_next, node##_next = node->next)

#endif
