/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: activating a table of rules
 *
 *	read -> draft -> write generation N+1 beside N -> the transaction of apply.c -> free N
 *
 * Each scope of the table gets an instance of the policy in bpf/rules.bpf.c, whose version is
 * its generation.  All instances share the maps.  An instance sees only its own generation,
 * so the new one is tried before it is active, and a process that dies leaves a table that is
 * valid: what it has written is removed by the next one.
 */
#ifndef _BUSEXT_RULES_CHANGE_H
#define _BUSEXT_RULES_CHANGE_H

#include "rules_maps.h"

/**
 * struct rules_scope_of - a scope of the policies of a table
 * @bus: its bus
 * @vendor: BX_ANY for all
 */
struct rules_scope_of {
	char	bus[BX_NAME_LEN];
	__u32	vendor;
};

/**
 * struct rules_change - a new generation of a table
 * @h: the handle
 * @table: name of the table
 * @bundle: it belongs to the bundle of this name, else to the machine
 * @shadow: its policies are in shadow mode; such a table is another one
 * @trial: the generation is only tried: it has maps of its own, which end with the process
 * @priority: of its policies
 * @scope: the scopes
 * @nscopes: their number
 * @shown: the object in messages
 * @rules: its rules
 * @drafts: what the engine compares
 * @now: maps of the active generation
 * @active: the active generation, 0 without one
 * @next: maps of the new generation, if @now has no room for it
 * @maps: those of both that have the new generation
 * @pinned: @next was pinned
 */
struct rules_change {
	struct bx_handle	*h;
	const char		*table;
	bool			bundle;
	bool			shadow;
	bool			trial;
	int			priority;
	struct rules_scope_of	*scope;
	unsigned int		nscopes;
	const char		*shown;
	const struct bx_rules	*rules;
	struct rt_drafts	drafts;
	struct rules_maps	now;
	__u32			active;
	struct rules_maps	next;
	struct rules_maps	*maps;
	bool			pinned;
};

/* Writes the name of the policy for a scope; fails if it would be too long. */
int rules_policy_name(struct bx_handle *h, const char *table, bool bundle,
		      const struct rules_scope_of *scope, char *name);

/*
 * Begins a change: the caller has set the fields up to @shown.  It needs no kernel, and the
 * rules must stay until the end of the change.
 */
int rules_change_begin(struct rules_change *c, const struct bx_rules *rules);
/*
 * Writes the generation, and adds its policies to a transaction.  The caller holds the lock,
 * and prepares and loads the transaction.
 */
int rules_change_add(struct rules_change *c, struct transaction *txn);
/* Drops active policies of the table that have no scope any more; call it after the former. */
int rules_change_drop(struct rules_change *c, struct transaction *txn);
/* After the transaction: frees what only the former generation has. */
void rules_change_done(struct rules_change *c);
/* After the transaction has failed, and nothing of it is left: frees the new generation. */
void rules_change_undo(struct rules_change *c);
void rules_change_end(struct rules_change *c);

/*
 * Removes maps that no active policy uses: of tables without one, and what a process has left
 * that died.  The lock is held; a failure is a note.
 */
void rules_sweep(struct bx_handle *h);
/* Whether there are maps of tables; a short look without the lock */
bool rules_are_there(struct bx_handle *h);

#endif /* _BUSEXT_RULES_CHANGE_H */
