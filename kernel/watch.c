// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of devices on own buses, and their masks of watched operations
 *
 * Each device has the chain of policies in scope and, computed from it, a mask of
 * watched operations; both are updated under bx_device_mutex, before the index that
 * has the previous chain is freed.  Tracing watches all operations.
 */
#include <linux/cleanup.h>
#include <linux/hashtable.h>
#include "core.h"
#include "trace.h"

static LIST_HEAD(bx_devices);
static DEFINE_HASHTABLE(bx_device_names, 10);	/* read under RCU, too */
/* Protects both, and the mask of each device. */
static DEFINE_MUTEX(bx_device_mutex);
static bool bx_call_tracing;	/* bx_device_mutex */

/* ---- watched operations ---- */

static void bx_device_update_watched(struct bx_device *bdev)
{
	u64 watched[BX_CALL_WORDS] = {}, covered[BX_CALL_WORDS] = {};
	const struct bx_policy_chain *chain;
	int idx;

	lockdep_assert_held(&bx_device_mutex);
	idx = srcu_read_lock(&bx_srcu);
	chain = bx_chain_lookup(bdev->bus->name, bdev->id.vendor);
	/* also of one that is gone: its calls in flight have not ended */
	rcu_assign_pointer(bdev->chain, chain);
	for (u32 i = 0; chain && i < chain->n; i++) {
		struct bx_inst *inst = chain->inst[i];

		if (!bx_inst_live(inst) && !bx_fails_closed(inst))
			continue;
		for (u32 w = 0; w < BX_CALL_WORDS; w++) {
			watched[w] |= inst->calls[w];
			if (inst->ops->call && !(inst->flags & BX_F_SHADOW))
				covered[w] |= inst->calls[w];
		}
	}
	srcu_read_unlock(&bx_srcu, idx);
	if (bdev->gone)
		return;
	for (u32 w = 0; w < BX_CALL_WORDS; w++) {
		WRITE_ONCE(bdev->watched[w],
			   bx_call_tracing ? ~0ULL : watched[w]);
		WRITE_ONCE(bdev->covered[w], covered[w]);
	}
}

/**
 * bx_devices_update_watched() - recompute the masks of all devices
 * @setting: a setting to change under the same lock, or NULL
 * @value: its new value
 *
 * Context: process.
 */
void bx_devices_update_watched(bool *setting, bool value)
{
	struct bx_device *bdev;

	guard(mutex)(&bx_device_mutex);
	if (setting)
		*setting = value;
	list_for_each_entry(bdev, &bx_devices, node)
		bx_device_update_watched(bdev);
}

/* Called when the tracepoint bx_call gets its first user and loses its last. */
int bx_call_trace_on(void)
{
	bx_devices_update_watched(&bx_call_tracing, true);
	return 0;
}

void bx_call_trace_off(void)
{
	bx_devices_update_watched(&bx_call_tracing, false);
}

/* ---- the list ---- */

static u32 bx_device_hash(const char *name)
{
	return full_name_hash(NULL, name, strlen(name));
}

/*
 * Adds a device to the list; -EEXIST if its GUID or name is in use.
 * device_add() would report a duplicate name with a stack trace.
 */
int bx_device_list(struct bx_device *bdev)
{
	struct bx_device *other;
	int err = 0;

	mutex_lock(&bx_device_mutex);
	list_for_each_entry(other, &bx_devices, node) {
		if (guid_equal(&other->guid, &bdev->guid) ||
		    (other->bus == bdev->bus &&
		     !strcmp(dev_name(&other->dev), dev_name(&bdev->dev))))
			err = -EEXIST;
	}
	if (!err) {
		list_add_tail(&bdev->node, &bx_devices);
		bx_device_update_watched(bdev);
		/* the device can be the target of a redirect from here on */
		hash_add_rcu(bx_device_names, &bdev->name_node,
			     bx_device_hash(dev_name(&bdev->dev)));
	}
	mutex_unlock(&bx_device_mutex);
	return err;
}

void bx_device_unlist(struct bx_device *bdev)
{
	mutex_lock(&bx_device_mutex);
	list_del_init(&bdev->node);
	mutex_unlock(&bx_device_mutex);
}

/**
 * bx_device_find_rcu() - find a target of a redirect
 * @bus: its bus
 * @name: its name
 *
 * Context: RCU read lock held; bx_call_begin() keeps the device beyond it.
 * Return: the device or NULL.
 */
struct bx_device *bx_device_find_rcu(const struct bx_bus *bus, const char *name)
{
	struct bx_device *bdev;

	hash_for_each_possible_rcu(bx_device_names, bdev, name_node,
				   bx_device_hash(name)) {
		if (bdev->bus == bus && !strcmp(dev_name(&bdev->dev), name))
			return bdev;
	}
	return NULL;
}

/**
 * bx_device_unplug() - mark the hardware of a device as gone
 * @bdev: an added device
 *
 * Calls that begin afterwards return -ENODEV, also those of the driver's
 * remove().  For a parent that finds its hardware missing; it must call
 * bx_device_remove() afterwards.
 *
 * Context: process.
 */
void bx_device_unplug(struct bx_device *bdev)
{
	guard(mutex)(&bx_device_mutex);
	if (bdev->gone)
		return;
	WRITE_ONCE(bdev->gone, true);
	for (u32 i = 0; i < BX_CALL_WORDS; i++)
		WRITE_ONCE(bdev->watched[i], ~0ULL);
	hash_del_rcu(&bdev->name_node);
}
EXPORT_SYMBOL_GPL(bx_device_unplug);
