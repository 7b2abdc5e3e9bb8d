/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: the maps of a table of rules
 *
 *	PIN_DIR/rules/TABLE/BASE/ARRAY	the arrays; BASE is the first generation in them
 *
 * A generation of the table is in the arrays with the highest BASE that is not above it.
 */
#ifndef _BUSEXT_RULES_MAPS_H
#define _BUSEXT_RULES_MAPS_H

#include "internal.h"
#include "rules_table.h"

#define RULES_ARRAYS	8
#define RULES_APPROVALS	4096	/* of a table */
#define RULES_MAPS	(RULES_ARRAYS + 1)	/* and the hash of approvals */

/**
 * struct rules_maps - the maps of a table
 * @base: the first generation in them; 0 without maps
 * @fd: their descriptors
 * @size: bytes of the arrays
 * @store: the arrays, as memory
 */
struct rules_maps {
	__u32		base;
	int		fd[RULES_MAPS];
	size_t		size[RULES_ARRAYS];
	struct rt_store	store;
};

/* Opens the pinned maps; returns 1, 0 if there are none or not all of them, or an errno. */
int rules_maps_open(struct bx_handle *h, const char *table, __u32 base, struct rules_maps *m);
/* Makes maps of the sizes in @head. */
int rules_maps_new(struct bx_handle *h, const struct bx_rt_head *head, struct rules_maps *m);
int rules_maps_pin(struct bx_handle *h, const char *table, const struct rules_maps *m);
/* Lets an object that is not loaded yet use the maps. */
int rules_maps_share(struct bx_handle *h, const struct object *obj, const struct rules_maps *m);
void rules_maps_close(struct rules_maps *m);
size_t rules_maps_bytes(const struct rules_maps *m);
/*
 * rules_approved.c: makes the list of @rules that of the generation after @active; then, when
 * that one is active, removes what only former ones see.
 */
int rules_maps_approve(struct bx_handle *h, const struct rules_maps *m,
		       const struct bx_rules *rules, __u32 active);
int rules_maps_forget(struct bx_handle *h, const struct rules_maps *m, __u32 active);
/* Lists the bases of a table, the highest first; returns their number or an errno. */
int rules_maps_list(struct bx_handle *h, const char *table, __u32 *base, unsigned int max);
int rules_maps_remove_base(struct bx_handle *h, const char *table, __u32 base);
/* Removes the pins of all bases but @keep. */
int rules_maps_remove(struct bx_handle *h, const char *table, __u32 keep);

#endif /* _BUSEXT_RULES_MAPS_H */
