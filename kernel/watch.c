// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of devices on buses of bus_ext's own, and which of their calls are watched
 *
 * What is watched is a mask in each device, made of the policies in scope and
 * kept current under bx_device_mutex.  Tracing watches everything.
 */
#include <linux/cleanup.h>
#include <linux/hashtable.h>
#include "core.h"
#include "trace.h"

static LIST_HEAD(bx_devices);
static DEFINE_HASHTABLE(bx_device_names, 10);	/* read under RCU, too */
/* Protects both, and what is watched of each device. */
static DEFINE_MUTEX(bx_device_mutex);
static bool bx_call_tracing;	/* bx_device_mutex */

/* ---- what is watched ---- */

/* Bring a device's mask of watched operations up to date. */
static void bx_device_update_watched(struct bx_device *bdev)
{
	u64 watched[BX_CALL_WORDS] = {}, covered[BX_CALL_WORDS] = {};
	const struct bx_chain *chain;
	int idx;

	lockdep_assert_held(&bx_device_mutex);
	if (bdev->gone)
		return;
	idx = srcu_read_lock(&bx_srcu);
	chain = bx_chain_lookup(bdev->bus->name, bdev->id.vendor);
	for (u32 i = 0; chain && i < chain->n; i++) {
		struct bx_inst *inst = chain->inst[i];

		for (u32 w = 0; w < BX_CALL_WORDS && bx_inst_live(inst); w++) {
			watched[w] |= inst->calls[w];
			if (inst->ops->call && !(inst->flags & BX_F_SHADOW))
				covered[w] |= inst->calls[w];
		}
	}
	srcu_read_unlock(&bx_srcu, idx);
	for (u32 w = 0; w < BX_CALL_WORDS; w++) {
		WRITE_ONCE(bdev->watched[w],
			   bx_call_tracing ? ~0ULL : watched[w]);
		WRITE_ONCE(bdev->covered[w], covered[w]);
	}
}

/**
 * bx_devices_update_watched() - what is watched has changed, for all devices
 * @setting: changed along with it, or NULL
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

/* For the tracepoint: someone listens, or no one any more. */
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

/* Names are compared here because sysfs would answer with a stack trace. */
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
		/* from now on other devices' calls may be redirected to it */
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
 * bx_device_find_rcu() - find a device that calls can go to
 * @bus: its bus
 * @name: its name
 *
 * Context: RCU read lock held, which the device outlives by being counted as
 * called (bx_call()).
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
 * bx_device_unplug() - the hardware is gone, though the device is still there
 * @bdev: a device that was added
 *
 * Calls that begin after this get -ENODEV, those of the driver's remove() as
 * well.  For a parent that finds its hardware missing; bx_device_remove() is to
 * follow.
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
