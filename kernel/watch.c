// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of devices on own buses, and their masks of watched operations
 *
 * Each device has the chain of policies in scope and, computed from it, a mask of
 * watched operations; both are updated under bx_device_mutex, before the index that
 * has the previous chain is freed.  Tracing watches all operations.
 */
#include <linux/cleanup.h>
#include <linux/rhashtable.h>
#include "core.h"
#include "lifecycle.h"
#include "trace.h"

static LIST_HEAD(bx_devices);
static struct rhashtable bx_device_names, bx_device_guids;	/* read under RCU, too */
/* Protects all of them, and the mask of each device. */
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

/* The key of bx_device_names: names are unique on a bus. */
struct bx_device_key {
	const struct bx_bus	*bus;
	const char		*name;
};

static u32 bx_device_key_hash(const void *data, u32 len, u32 seed)
{
	const struct bx_device_key *key = data;

	return jhash(key->name, strlen(key->name), seed);
}

static u32 bx_device_obj_hash(const void *data, u32 len, u32 seed)
{
	const struct bx_device *bdev = data;

	return jhash(dev_name(&bdev->dev), strlen(dev_name(&bdev->dev)), seed);
}

static int bx_device_key_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct bx_device_key *key = arg->key;
	const struct bx_device *bdev = obj;

	return bdev->bus != key->bus || strcmp(dev_name(&bdev->dev), key->name);
}

static const struct rhashtable_params bx_name_params = {
	.head_offset	= offsetof(struct bx_device, name_node),
	.hashfn		= bx_device_key_hash,
	.obj_hashfn	= bx_device_obj_hash,
	.obj_cmpfn	= bx_device_key_cmp,
	.automatic_shrinking = true,
};

static const struct rhashtable_params bx_guid_params = {
	.head_offset	= offsetof(struct bx_device, guid_node),
	.key_offset	= offsetof(struct bx_device, guid),
	.key_len	= sizeof(guid_t),
	.automatic_shrinking = true,
};

static int bx_device_hash(struct bx_device *bdev)
{
	struct bx_device_key key = { bdev->bus, dev_name(&bdev->dev) };
	int err;

	err = rhashtable_lookup_insert_fast(&bx_device_guids, &bdev->guid_node,
					    bx_guid_params);
	if (err)
		return err;
	err = rhashtable_lookup_insert_key(&bx_device_names, &key, &bdev->name_node,
					   bx_name_params);
	if (err)
		rhashtable_remove_fast(&bx_device_guids, &bdev->guid_node,
				       bx_guid_params);
	return err;
}

/*
 * Adds a device to the list; -EEXIST if its GUID or name is in use, -ENOMEM.
 * device_add() would report a duplicate name with a stack trace.
 */
int bx_device_list(struct bx_device *bdev)
{
	int err;

	guard(mutex)(&bx_device_mutex);
	bx_device_update_watched(bdev);
	/* the device can be the target of a redirect from here on */
	err = bx_device_hash(bdev);
	if (!err)
		list_add_tail(&bdev->node, &bx_devices);
	return err;
}

void bx_device_unlist(struct bx_device *bdev)
{
	guard(mutex)(&bx_device_mutex);
	list_del_init(&bdev->node);
	rhashtable_remove_fast(&bx_device_names, &bdev->name_node, bx_name_params);
	rhashtable_remove_fast(&bx_device_guids, &bdev->guid_node, bx_guid_params);
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
	struct bx_device_key key = { bus, name };
	struct bx_device *bdev = rhashtable_lookup(&bx_device_names, &key, bx_name_params);

	return bdev && !READ_ONCE(bdev->gone) ? bdev : NULL;
}

/* Whether a device has this GUID; in any context */
bool bx_guid_exists(const guid_t *guid)
{
	guard(rcu)();
	return rhashtable_lookup(&bx_device_guids, guid, bx_guid_params);
}

/* Whether the GUID of a removed device belongs to a newer one; in any context */
bool bx_device_is_stale(const struct bx_device *bdev)
{
	const struct bx_device *other;

	guard(rcu)();
	other = rhashtable_lookup(&bx_device_guids, &bdev->guid, bx_guid_params);
	return other && other != bdev;
}

int bx_devices_init(void)
{
	int err = rhashtable_init(&bx_device_names, &bx_name_params);

	if (err)
		return err;
	err = rhashtable_init(&bx_device_guids, &bx_guid_params);
	if (err)
		rhashtable_destroy(&bx_device_names);
	return err;
}

/* No device is left. */
void bx_devices_exit(void)
{
	rhashtable_destroy(&bx_device_guids);
	rhashtable_destroy(&bx_device_names);
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
	bx_state_drain(bdev);
	guard(mutex)(&bx_device_mutex);
	if (bdev->gone)
		return;
	WRITE_ONCE(bdev->gone, true);
	for (u32 i = 0; i < BX_CALL_WORDS; i++)
		WRITE_ONCE(bdev->watched[i], ~0ULL);
}
EXPORT_SYMBOL_GPL(bx_device_unplug);
