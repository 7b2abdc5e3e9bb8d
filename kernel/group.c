// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups: the devices that a program of select() may decide on as one
 *
 * A program cannot sleep, and walking a bus may.  So the iterator only notes which group
 * the program asks for; the election reads the members and runs the program again.  Later
 * elections read them before the program runs.
 *
 * No decision of a group is stored: each member's election sees the same members, so a
 * program that decides by nothing else decides alike on each.  When a device comes or goes,
 * the members that were elected with their group are elected again (regroup.c).
 */
#include <linux/iommu.h>
#include "core.h"

bool bx_groups_asked;

static s32 bx_group_iommu(struct device *dev)
{
	struct iommu_group *group;
	struct bx_entry *entry;
	s32 id = -1;

	if (bx_is_own(dev)) {
		group = iommu_group_get(dev);
		id = group ? iommu_group_id(group) : -1;
		iommu_group_put(group);
		return id;
	}
	entry = bx_entry_get(dev);
	if (entry)
		id = bx_entry_iommu_group(entry);
	bx_entry_put(entry);
	return id;
}

/* Virtual functions share numbers with the functions of their card, but not the card. */
static bool bx_group_slot(struct device *a, struct device *b)
{
	struct pci_dev *one = to_pci_dev(a), *other = to_pci_dev(b);

	return dev_is_pci(a) && dev_is_pci(b) && one->bus == other->bus &&
	       PCI_SLOT(one->devfn) == PCI_SLOT(other->devfn) &&
	       !one->is_virtfn && !other->is_virtfn;
}

/**
 * bx_group_shared() - check whether two devices are in one group
 * @a: a device
 * @b: another one on the same bus, or the same one
 * @kind: the kind of the group
 *
 * Context: process; the caller holds references to both.
 * Return: true if they are.
 */
bool bx_group_shared(struct device *a, struct device *b, enum bx_group kind)
{
	s32 id;

	if (a == b)
		return true;
	if (kind == BX_GROUP_SLOT)
		return bx_group_slot(a, b);
	id = bx_group_iommu(a);
	return id >= 0 && id == bx_group_iommu(b);
}

struct bx_group_walk {
	struct device		*dev;
	enum bx_group		kind;
	struct bx_members	*members;
	u32			room;
};

static struct bx_member *bx_group_add(struct bx_members *m, u32 *room)
{
	struct bx_member *recs;

	if (m->n < *room)
		return &m->recs[m->n++];
	recs = kvcalloc(*room + 8, sizeof(*recs), GFP_KERNEL);
	if (!recs)
		return NULL;
	if (m->n)
		memcpy(recs, m->recs, m->n * sizeof(*recs));
	kvfree(m->recs);
	m->recs = recs;
	*room += 8;
	return &m->recs[m->n++];
}

static int bx_group_collect(struct device *dev, void *data)
{
	struct bx_group_walk *walk = data;
	struct bx_member *member;

	if (!bx_group_shared(walk->dev, dev, walk->kind))
		return 0;
	member = bx_group_add(walk->members, &walk->room);
	if (!member)
		return -ENOMEM;
	bx_dev_info_fill(dev, &member->dev);
	bx_dev_driver_name(dev, member->driver, sizeof(member->driver));
	return 0;
}

/* A described device, and one that has left its bus, is in no group with others. */
static int bx_group_read_kind(struct bx_election *e, enum bx_group kind)
{
	struct bx_group_walk walk = {
		.dev = e->ctx.device, .kind = kind, .members = &e->members[kind],
	};
	struct bx_member *self;
	int err = 0;

	if (walk.dev)
		err = bus_for_each_dev(walk.dev->bus, NULL, &walk, bx_group_collect);
	if (!err && !walk.members->n) {
		self = bx_group_add(walk.members, &walk.room);
		err = self ? 0 : -ENOMEM;
		if (self)
			self->dev = e->ctx.dev;
	}
	walk.members->known = !err;
	if (err)
		walk.members->n = 0;
	return err;
}

/**
 * bx_group_read() - read the members of groups
 * @e: the election; no program of it is running
 * @groups: mask of enum bx_group: what the last program has asked for, or the next one will
 *
 * Context: may sleep.
 * Return: true if members were read that the last program has missed, so that it must run
 * again; false if not, or if memory ran out.
 */
bool bx_group_read(struct bx_election *e, u32 groups)
{
	bool more = false;

	if (!(groups & ~e->groups) && !bx_group_is_missing(e, groups))
		return false;
	e->groups |= groups;
	WRITE_ONCE(bx_groups_asked, true);
	if (e->entry_groups) {
		WRITE_ONCE(*e->entry_groups, e->groups);
		/* pairs with bx_regroup(): it sees this, or the walk sees its device */
		smp_mb();
	}
	for (u32 kind = 0; kind < BX_NR_GROUPS; kind++) {
		if (groups & BIT(kind) && !e->members[kind].known)
			more |= !bx_group_read_kind(e, kind);
	}
	return more;
}

/* Whether members of one of these groups were not read: memory ran out. */
bool bx_group_is_missing(const struct bx_election *e, u32 groups)
{
	for (u32 kind = 0; kind < BX_NR_GROUPS; kind++) {
		if (groups & BIT(kind) && !e->members[kind].known)
			return true;
	}
	return false;
}

void bx_group_free(struct bx_election *e)
{
	for (u32 kind = 0; kind < BX_NR_GROUPS; kind++)
		kvfree(e->members[kind].recs);
}
