/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An adopted bus, for adopted.c and adopt.c
 */
#ifndef _BX_ADOPTED_H
#define _BX_ADOPTED_H

#include "core.h"

/* Most buses that are adopted or awaited */
#define BX_MAX_ADOPTED	64

/**
 * struct bx_adopted_bus - an adopted or awaited bus
 * @name: its name
 * @type: the bus; NULL while it is awaited, then constant
 * @owner: its module, pinned; NULL if it is built in
 * @nb: notifier of its devices
 * @nb_removed: notifier of their removal, before those of other parties
 * @nb_binding: notifier of bindings, after those of other parties
 * @reelect: elects unbound devices again
 * @revisit: elects devices again that wait, or that a driver has rejected
 * @deferrals: its deferred devices
 * @scope_lock: protects @vendor and @pending
 * @vendor: vendor of the devices that @reelect elects, BX_ANY for all
 * @pending: @vendor is valid
 * @missing: a device has no entry, for lack of memory; @reelect adds it
 * @kobj: /sys/kernel/bus_ext/buses/NAME
 */
struct bx_adopted_bus {
	char			name[BX_NAME_LEN];
	const struct bus_type	*type;
	struct module		*owner;
	struct notifier_block	nb;
	struct notifier_block	nb_removed;
	struct notifier_block	nb_binding;
	struct work_struct	reelect;
	struct work_struct	revisit;
	struct bx_deferrals	deferrals;
	spinlock_t		scope_lock;	/* @vendor, @pending */
	u32			vendor;
	bool			pending;
	bool			missing;
	struct kobject		*kobj;
};

/* ---- adopted.c: the list of adopted and awaited buses ---- */

struct bx_adopted_bus *bx_adopted_next(u32 *i);
struct bx_adopted_bus *bx_adopted_find(const char *name);
struct bx_adopted_bus *bx_adopted_nth(u32 i);
bool bx_adopted_has(const struct bus_type *type);
void bx_adopted_walk_devs(int (*fn)(struct device *dev, void *data), void *data);
bool bx_adopted_is_full(void);
void bx_adopted_add(struct bx_adopted_bus *bus);
void bx_adopted_free(void);

#endif /* _BX_ADOPTED_H */
