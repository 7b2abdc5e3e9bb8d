// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adopted buses: pci and platform
 *
 * When a device is added, before its first probe and before the uevent, bus_ext
 * holds an election (override.c).  On PCI there is no race: a device cannot
 * match before pci_bus_add_device(), which comes after BUS_NOTIFY_ADD_DEVICE.
 * On platform, a driver that is registered at the same moment may match the
 * device before the notifier.
 */
#include <linux/cleanup.h>
#include "core.h"

/**
 * struct bx_adopted_bus - an adopted bus
 * @type: the bus
 * @nb: notifier of its devices
 * @nb_removed: notifier of their removal, before those of other parties
 * @reelect: elects unbound devices again
 * @revisit: elects devices again that wait, or that a driver has rejected
 * @scope_lock: protects @vendor and @pending
 * @vendor: vendor of the devices that @reelect elects, BX_ANY for all
 * @pending: @vendor is valid
 * @missing: a device has no entry, for lack of memory; @reelect adds it
 * @kobj: /sys/kernel/bus_ext/buses/NAME
 */
struct bx_adopted_bus {
	const struct bus_type	*type;
	struct notifier_block	nb;
	struct notifier_block	nb_removed;
	struct work_struct	reelect;
	struct work_struct	revisit;
	spinlock_t		scope_lock;	/* @vendor, @pending */
	u32			vendor;
	bool			pending;
	bool			missing;
	struct kobject		*kobj;
};

static struct bx_adopted_bus bx_adopted[] = {
	{ .type = &pci_bus_type },
	{ .type = &platform_bus_type },
};

/* ---- the buses ---- */

static int bx_adopted_bus_get(const char *name, struct module **owner)
{
	for (u32 i = 0; i < ARRAY_SIZE(bx_adopted); i++) {
		if (!strcmp(bx_adopted[i].type->name, name))
			return 0;
	}
	return -ENODEV;
}

static int bx_adopted_for_each_bus(bx_bus_fn fn, void *data)
{
	int ret = 0;

	for (u32 i = 0; i < ARRAY_SIZE(bx_adopted) && !ret; i++)
		ret = fn(bx_adopted[i].type, true, data);
	return ret;
}

static bool bx_adopted_has(const struct bus_type *bus)
{
	for (u32 i = 0; i < ARRAY_SIZE(bx_adopted); i++) {
		if (bus == bx_adopted[i].type)
			return true;
	}
	return false;
}

/* Calls a function for each device on all adopted buses. */
static void bx_adopted_for_each_dev(int (*fn)(struct device *dev, void *data),
				    void *data)
{
	for (u32 i = 0; i < ARRAY_SIZE(bx_adopted); i++)
		bus_for_each_dev(bx_adopted[i].type, NULL, data, fn);
}

/* ---- entries of devices that are there already ---- */

/* Serializes walks that add entries: each prunes those that none has completed. */
static DEFINE_MUTEX(bx_adopt_mutex);

static int bx_adopt_dev(struct device *dev, void *data)
{
	return bx_entry_add(dev, true);
}

static int bx_adopt_complete_dev(struct device *dev, void *data)
{
	bx_entry_complete(dev);
	return 0;
}

/*
 * Adds entries of the devices that are on the bus, which may be removed
 * meanwhile: one that the second walk finds was still on the bus when it had an
 * entry, so the notifier of its removal drops the entry.
 */
static int bx_adopt_devices(struct bx_adopted_bus *bus)
{
	int err;

	guard(mutex)(&bx_adopt_mutex);
	err = bus_for_each_dev(bus->type, NULL, NULL, bx_adopt_dev);
	bus_for_each_dev(bus->type, NULL, NULL, bx_adopt_complete_dev);
	bx_entries_prune();
	return err;
}

/* ---- changes of policies ---- */

static int bx_adopted_reelect_dev(struct device *dev, void *data)
{
	u32 vendor = *(u32 *)data;

	if (vendor == BX_ANY || vendor == bx_dev_vendor(dev))
		bx_override_reelect(dev);
	return 0;
}

static void bx_adopted_reelect_work(struct work_struct *work)
{
	struct bx_adopted_bus *bus = container_of(work, struct bx_adopted_bus,
						  reelect);
	u32 vendor;

	spin_lock(&bus->scope_lock);
	vendor = bus->vendor;
	bus->pending = false;
	spin_unlock(&bus->scope_lock);
	if (xchg(&bus->missing, false) && bx_adopt_devices(bus))
		WRITE_ONCE(bus->missing, true);
	bus_for_each_dev(bus->type, NULL, &vendor, bx_adopted_reelect_dev);
	bx_async_end(BX_Q_ELECT);
}

static void bx_adopted_queue(struct bx_adopted_bus *bus, u32 vendor)
{
	spin_lock(&bus->scope_lock);
	if (bus->pending && bus->vendor != vendor)
		vendor = BX_ANY;
	bus->vendor = vendor;
	bus->pending = true;
	spin_unlock(&bus->scope_lock);
	bx_async_queue(BX_Q_ELECT, &bus->reelect);
}

/**
 * bx_adopted_changed() - schedule elections after a change of policies
 * @name: the bus, "" for all; ignored unless it is an adopted bus
 * @vendor: the vendor in scope, BX_ANY for all
 *
 * Context: process.
 */
static void bx_adopted_changed(const char *name, u32 vendor)
{
	for (u32 i = 0; i < ARRAY_SIZE(bx_adopted); i++) {
		struct bx_adopted_bus *bus = &bx_adopted[i];

		if (*name && strcmp(bus->type->name, name))
			continue;
		bx_override_next_gen();
		bx_adopted_queue(bus, vendor);
	}
}

struct bx_succession {
	u64	policy_id;
	u64	heir_id;
};

static int bx_adopted_forget_dev(struct device *dev, void *data)
{
	const struct bx_succession *s = data;

	bx_override_forget(dev, s->policy_id);
	return 0;
}

static int bx_adopted_inherit_dev(struct device *dev, void *data)
{
	const struct bx_succession *s = data;

	bx_override_inherit(dev, s->policy_id, s->heir_id);
	return 0;
}

/**
 * bx_adopted_forget() - remove the overrides of a detached policy
 * @policy_id: the policy
 *
 * The caller must call bx_adopted_changed() afterwards.
 *
 * Context: process; no election of the policy is in progress.
 */
static void bx_adopted_forget(u64 policy_id)
{
	struct bx_succession s = { .policy_id = policy_id };

	bx_adopted_for_each_dev(bx_adopted_forget_dev, &s);
}

/**
 * bx_adopted_inherit() - transfer the overrides of a policy to another
 * @policy_id: the policy, no longer active
 * @heir_id: the other policy
 *
 * Context: process; no election of the policy is in progress.
 */
static void bx_adopted_inherit(u64 policy_id, u64 heir_id)
{
	struct bx_succession s = { .policy_id = policy_id, .heir_id = heir_id };

	bx_adopted_for_each_dev(bx_adopted_inherit_dev, &s);
}

/* ---- drivers that come, or reject a device ---- */

static int bx_adopted_revisit_dev(struct device *dev, void *data)
{
	bx_override_revisit(dev);
	return 0;
}

static void bx_adopted_revisit_work(struct work_struct *work)
{
	struct bx_adopted_bus *bus = container_of(work, struct bx_adopted_bus,
						  revisit);

	bus_for_each_dev(bus->type, NULL, NULL, bx_adopted_revisit_dev);
	bx_async_end(BX_Q_ELECT);
}

static void bx_adopted_revisit(struct bx_adopted_bus *bus)
{
	bx_async_queue(BX_Q_ELECT, &bus->revisit);
}

/* A module that was loaded has registered its drivers. */
static int bx_adopted_module(struct notifier_block *nb, unsigned long state,
			     void *module)
{
	if (state != MODULE_STATE_LIVE || !bx_override_may_wait())
		return NOTIFY_OK;
	for (u32 i = 0; i < ARRAY_SIZE(bx_adopted); i++)
		bx_adopted_revisit(&bx_adopted[i]);
	return NOTIFY_OK;
}

static struct notifier_block bx_module_nb = {
	.notifier_call = bx_adopted_module,
};

/* ---- the driver core's notifiers ---- */

static void bx_adopted_added(struct bx_adopted_bus *bus, struct device *dev)
{
	int err = bx_entry_add(dev, false);

	if (err) {
		WRITE_ONCE(bus->missing, true);
		dev_warn(dev, "no policy decides on the device before the next re-election: %d\n",
			 err);
		return;
	}
	bx_entry_complete(dev);
	bx_emit_dev(dev, "", BX_EVENT_ADDED);
	bx_override_elect(dev);
}

static void bx_adopted_bound(struct device *dev, enum bx_event_kind kind)
{
	char driver[BX_NAME_LEN];

	bx_dev_driver_name(dev, driver, sizeof(driver));
	bx_emit_dev(dev, driver, kind);
}

static int bx_adopted_notify(struct notifier_block *nb, unsigned long action,
			     void *data)
{
	struct bx_adopted_bus *bus = container_of(nb, struct bx_adopted_bus, nb);
	struct device *dev = data;

	switch (action) {
	case BUS_NOTIFY_ADD_DEVICE:
		bx_adopted_added(bus, dev);
		break;
	case BUS_NOTIFY_BOUND_DRIVER:
		bx_adopted_bound(dev, BX_EVENT_BOUND);
		break;
	case BUS_NOTIFY_UNBIND_DRIVER:
		bx_adopted_bound(dev, BX_EVENT_UNBOUND);
		break;
	case BUS_NOTIFY_UNBOUND_DRIVER:
		bx_override_unbound(dev);
		break;
	case BUS_NOTIFY_DRIVER_NOT_BOUND:
		if (bx_override_not_bound(dev))
			bx_adopted_revisit(bus);
		break;
	}
	return NOTIFY_OK;
}

static int bx_adopted_notify_removed(struct notifier_block *nb,
				     unsigned long action, void *data)
{
	struct device *dev = data;

	if (action != BUS_NOTIFY_REMOVED_DEVICE)
		return NOTIFY_OK;
	bx_entry_leave(dev);
	bx_emit_dev(dev, "", BX_EVENT_REMOVED);
	bx_entry_remove(dev);
	return NOTIFY_OK;
}

/* ---- start and end ---- */

static void bx_unadopt_bus(struct bx_adopted_bus *bus)
{
	bus_unregister_notifier(bus->type, &bus->nb);
	bus_unregister_notifier(bus->type, &bus->nb_removed);
	bx_sysfs_del_bus(bus->kobj);
}

static int bx_adopt_bus(struct bx_adopted_bus *bus)
{
	int err;

	bus->kobj = bx_sysfs_add_bus(bus->type->name, NULL);
	if (IS_ERR(bus->kobj))
		return PTR_ERR(bus->kobj);
	bus->nb.notifier_call = bx_adopted_notify;
	bus->nb_removed.notifier_call = bx_adopted_notify_removed;
	bus->nb_removed.priority = INT_MAX;
	err = bus_register_notifier(bus->type, &bus->nb_removed);
	if (err)
		goto err_sysfs;
	err = bus_register_notifier(bus->type, &bus->nb);
	if (err)
		goto err_removed;
	err = bx_adopt_devices(bus);
	if (err)
		bx_unadopt_bus(bus);
	return err;

err_removed:
	bus_unregister_notifier(bus->type, &bus->nb_removed);
err_sysfs:
	bx_sysfs_del_bus(bus->kobj);
	return err;
}

static const struct bx_kind bx_adopted_kind = {
	.adopted	= true,
	.bus_get	= bx_adopted_bus_get,
	.for_each_bus	= bx_adopted_for_each_bus,
	.has		= bx_adopted_has,
	.explain	= bx_override_explain,
	.decision	= bx_override_decision,
	.rebind		= bx_override_rebind,
	.changed	= bx_adopted_changed,
	.load_ended	= bx_override_load_ended,
	.forget		= bx_adopted_forget,
	.inherit	= bx_adopted_inherit,
};

/*
 * Called before bx_adopt_start(): lookups of the buses and of entries work from
 * the start.
 */
int bx_adopt_init(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(bx_adopted); i++) {
		INIT_WORK(&bx_adopted[i].reelect, bx_adopted_reelect_work);
		INIT_WORK(&bx_adopted[i].revisit, bx_adopted_revisit_work);
		spin_lock_init(&bx_adopted[i].scope_lock);
	}
	bx_kind_add(&bx_adopted_kind);
	return bx_entries_init();
}

/* Registers the notifiers of modules and of the adopted buses. */
int bx_adopt_start(void)
{
	int err = register_module_notifier(&bx_module_nb);
	u32 i;

	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(bx_adopted) && !err; i++)
		err = bx_adopt_bus(&bx_adopted[i]);
	if (!err)
		return 0;
	for (i--; i--; )
		bx_unadopt_bus(&bx_adopted[i]);
	bx_adopt_stop();
	return err;
}

/* No work is queued any more for the load of a module. */
void bx_adopt_stop(void)
{
	unregister_module_notifier(&bx_module_nb);
}

static int bx_unadopt_dev(struct device *dev, void *data)
{
	bx_override_clear(dev);
	return 0;
}

/*
 * Only overrides of the hook can remain, since policies pin the module; no new
 * ones are written.
 */
void bx_adopt_exit(void)
{
	bx_adopted_for_each_dev(bx_unadopt_dev, NULL);
	for (u32 i = 0; i < ARRAY_SIZE(bx_adopted); i++)
		bx_unadopt_bus(&bx_adopted[i]);
}
