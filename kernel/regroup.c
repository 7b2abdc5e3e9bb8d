// SPDX-License-Identifier: GPL-2.0-only
/*
 * Members of a group that comes or goes: the others are elected again
 *
 * A card's functions are added one after another, and bound afterwards: so the election of
 * the first is held again, with all of them, before it is bound.  A bound member stays
 * bound.
 */
#include "core.h"

struct bx_regroup {
	struct device	*dev;
	bool		changed;
};

static bool bx_regroup_asked(struct bx_entry *entry, struct device *other,
			     struct device *dev)
{
	u32 groups = READ_ONCE(entry->groups);

	for (u32 kind = 0; kind < BX_NR_GROUPS; kind++) {
		if (groups & BIT(kind) && bx_group_shared(other, dev, kind))
			return true;
	}
	return false;
}

static int bx_regroup_dev(struct device *other, void *data)
{
	struct bx_regroup *re = data;
	struct bx_entry *entry;

	if (other == re->dev)
		return 0;
	entry = bx_entry_get(other);
	if (entry && bx_regroup_asked(entry, other, re->dev))
		re->changed |= bx_override_regroup(entry, other);
	bx_entry_put(entry);
	return 0;
}

/**
 * bx_regroup() - elect the members of a device's groups again
 * @dev: a device on an adopted bus that has come or is going
 *
 * Only unbound members are elected, and none is probed: the caller schedules that.
 *
 * Context: process; BUS_NOTIFY_ADD_DEVICE, BUS_NOTIFY_REMOVED_DEVICE.
 * Return: true if the decision on one has changed.
 */
bool bx_regroup(struct device *dev)
{
	struct bx_regroup re = { .dev = dev };

	smp_mb();	/* pairs with bx_group_read() */
	if (READ_ONCE(bx_groups_asked))
		bus_for_each_dev(dev->bus, NULL, &re, bx_regroup_dev);
	return re.changed;
}
