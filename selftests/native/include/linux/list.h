/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists; removed entries are poisoned */
#ifndef _NATIVE_LIST_H
#define _NATIVE_LIST_H

#include <linux/types.h>

/* A walk has reached an entry; see native_longest_walk() */
void native_step(void);

#define LIST_HEAD(name)	struct list_head name = { &(name), &(name) }

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline void list_add_tail(struct list_head *node, struct list_head *head)
{
	node->next = head;
	node->prev = head->prev;
	head->prev->next = node;
	head->prev = node;
}

static inline void list_add(struct list_head *node, struct list_head *head)
{
	list_add_tail(node, head->next);
}

static inline void list_del(struct list_head *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->next = NULL;
	node->prev = NULL;
}

static inline size_t list_count_nodes(const struct list_head *head)
{
	size_t n = 0;

	for (const struct list_head *at = head->next; at != head; at = at->next)
		n++;
	return n;
}

#define list_for_each_entry_safe(pos, tmp, head, member) \
	for (pos = container_of((head)->next, typeof(*pos), member), \
	     tmp = container_of(pos->member.next, typeof(*pos), member); \
	     &pos->member != (head); \
	     pos = tmp, tmp = container_of(tmp->member.next, typeof(*tmp), member))

#define list_for_each_entry(pos, head, member) \
	for (pos = container_of((head)->next, typeof(*pos), member); \
	     &pos->member != (head) && (native_step(), true); \
	     pos = container_of(pos->member.next, typeof(*pos), member))

static inline void hlist_add_head(struct hlist_node *node,
				  struct hlist_head *head)
{
	node->next = head->first;
	node->pprev = &head->first;
	if (head->first)
		head->first->pprev = &node->next;
	head->first = node;
}

static inline void hlist_del(struct hlist_node *node)
{
	*node->pprev = node->next;
	if (node->next)
		node->next->pprev = node->pprev;
	node->next = NULL;
	node->pprev = NULL;
}

#define hlist_of(node, type, member) \
	((node) ? container_of(node, type, member) : NULL)

#define hlist_for_each_entry(pos, head, member) \
	for (pos = hlist_of((head)->first, typeof(*pos), member); \
	     pos && (native_step(), true); \
	     pos = hlist_of(pos->member.next, typeof(*pos), member))

#endif /* _NATIVE_LIST_H */
