// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adopted buses: pci, platform, and others by their names
 *
 * When a device is added, before its first probe and before the uevent, bus_ext
 * holds an election (override.c).  On PCI there is no race: a device cannot
 * match before pci_bus_add_device(), which comes after BUS_NOTIFY_ADD_DEVICE.
 * On platform, a driver that is registered at the same moment may match the
 * device before the notifier.
 *
 * Other buses are adopted when the first policy names them, or by the parameter
 * adopt, and stay so until the module is unloaded.  A bus that does not exist yet is
 * awaited, if it is known (buses.c) or the parameter names it: it is adopted when its
 * module was loaded, before any other module adds devices.
 */
#include <linux/cleanup.h>
#include <linux/moduleparam.h>
#include "adopted.h"

static char *bx_adopt_names[BX_MAX_ADOPTED / 2];
static unsigned int bx_nadopt_names;
module_param_array_named(adopt, bx_adopt_names, charp, &bx_nadopt_names, 0444);
MODULE_PARM_DESC(adopt, "names of buses to adopt at load, or when they come");

/* Serializes adoptions, and walks that add entries */
static DEFINE_MUTEX(bx_adopt_mutex);

/* ---- the buses ---- */

/* An adopted bus keeps its module itself. */
static int bx_adopted_bus_get(const char *name, struct module **owner)
{
	return bx_adopted_find(name) ? 0 : -ENODEV;
}

static int bx_adopted_for_each_bus(bx_bus_fn fn, void *data)
{
	struct bx_adopted_bus *bus;
	int ret = 0;

	for (u32 i = 0; (bus = bx_adopted_next(&i)); ) {
		ret = fn(bus->type, true, data);
		if (ret)
			break;
	}
	return ret;
}

static bool bx_adopted_claimants(const char *name)
{
	const struct bx_adopted_bus *bus = bx_adopted_find(name);
	const struct bus_type *type = bus ? READ_ONCE(bus->type) : NULL;

	return !type || bx_steers_at_binding(type);
}

/* ---- changes of policies ---- */

static int bx_adopted_reelect_dev(struct device *dev, void *data)
{
	u32 vendor = *(u32 *)data;

	if (vendor == BX_ANY || vendor == bx_dev_vendor(dev)) {
		bx_override_reelect(dev);
		bx_part_ask(dev);
	}
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
	if (xchg(&bus->missing, false)) {
		guard(mutex)(&bx_adopt_mutex);
		if (bx_entries_add(bus->type))
			WRITE_ONCE(bus->missing, true);
	}
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
	struct bx_adopted_bus *bus;

	for (u32 i = 0; (bus = bx_adopted_next(&i)); ) {
		if (*name && strcmp(bus->name, name))
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

	bx_adopted_walk_devs(bx_adopted_forget_dev, &s);
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

	bx_adopted_walk_devs(bx_adopted_inherit_dev, &s);
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
	if (bx_regroup(dev))
		bx_adopted_queue(bus, BX_ANY);
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
		bx_override_bound(dev);
		bx_adopted_bound(dev, BX_EVENT_BOUND);
		break;
	case BUS_NOTIFY_UNBIND_DRIVER:
		bx_adopted_bound(dev, BX_EVENT_UNBOUND);
		break;
	case BUS_NOTIFY_UNBOUND_DRIVER:
		bx_override_freshen(dev);
		break;
	case BUS_NOTIFY_DRIVER_NOT_BOUND:
		if (bx_override_not_bound(dev))
			bx_adopted_revisit(bus);
		break;
	}
	if (action != BUS_NOTIFY_BIND_DRIVER)
		bx_part_notify(dev, action);
	bx_event_notify(&bus->deferrals, dev, action);
	return NOTIFY_OK;
}

static int bx_adopted_notify_removed(struct notifier_block *nb,
				     unsigned long action, void *data)
{
	struct bx_adopted_bus *bus = container_of(nb, struct bx_adopted_bus, nb_removed);
	struct device *dev = data;

	if (action != BUS_NOTIFY_REMOVED_DEVICE)
		return NOTIFY_OK;
	bx_entry_leave(dev);
	if (bx_regroup(dev))
		bx_adopted_queue(bus, BX_ANY);
	bx_emit_dev(dev, "", BX_EVENT_REMOVED);
	bx_deferrals_event(&bus->deferrals, dev, bx_dev_vendor(dev));
	bx_binding_ended(dev);
	bx_entry_remove(dev);
	return NOTIFY_OK;
}

static int bx_adopted_notify_binding(struct notifier_block *nb,
				     unsigned long action, void *data)
{
	switch (action) {
	case BUS_NOTIFY_BIND_DRIVER:
		if (bx_binding_begin(data))
			bx_part_notify(data, action);
		break;
	case BUS_NOTIFY_BOUND_DRIVER:
		bx_binding_bound(data);
		break;
	case BUS_NOTIFY_DRIVER_NOT_BOUND:
		bx_binding_ended(data);
		break;
	case BUS_NOTIFY_UNBOUND_DRIVER:
		bx_binding_unbound(data);
		break;
	}
	return NOTIFY_OK;
}

/* ---- one bus ---- */

static void bx_unadopt_bus(struct bx_adopted_bus *bus)
{
	bus_unregister_notifier(bus->type, &bus->nb_binding);
	bx_veto_flush();
	bus_unregister_notifier(bus->type, &bus->nb);
	bus_unregister_notifier(bus->type, &bus->nb_removed);
	bx_sysfs_del_bus(bus->kobj);
}

/*
 * The last notifier enforces decisions.  Without memory for all entries the bus is
 * adopted, since the entries that were added need the notifier of removals.
 */
static int bx_adopt_notify(struct bx_adopted_bus *bus, const struct bus_type *type)
{
	int err = bus_register_notifier(type, &bus->nb_removed);

	if (err)
		return err;
	err = bus_register_notifier(type, &bus->nb);
	if (err)
		goto err_removed;
	if (bx_entries_add(type))
		WRITE_ONCE(bus->missing, true);
	err = bus_register_notifier(type, &bus->nb_binding);
	if (!err)
		return 0;
	bus_unregister_notifier(type, &bus->nb);
err_removed:
	bus_unregister_notifier(type, &bus->nb_removed);
	return err;
}

/* Adopts a bus whose module the caller has pinned. */
static int bx_adopt_bus(struct bx_adopted_bus *bus, const struct bus_type *type)
{
	int err;

	lockdep_assert_held(&bx_adopt_mutex);
	bus->kobj = bx_sysfs_add_bus(bus->name, NULL);
	if (IS_ERR(bus->kobj))
		return PTR_ERR(bus->kobj);
	bx_deferrals_start(&bus->deferrals, type, bx_override_reelect);
	/* pairs with bx_adopted_next(): an entry's device is on an adopted bus */
	smp_store_release(&bus->type, type);
	err = bx_steers_at_binding(type) ? bx_sysfs_add_override(bus->kobj) : 0;
	if (!err)
		err = bx_adopt_notify(bus, type);
	if (!err)
		return 0;
	WRITE_ONCE(bus->type, NULL);
	bx_deferrals_stop(&bus->deferrals);
	bx_sysfs_del_bus(bus->kobj);
	return err;
}

static struct bx_adopted_bus *bx_adopted_alloc(const char *name)
{
	struct bx_adopted_bus *bus = kzalloc(sizeof(*bus), GFP_KERNEL);

	if (!bus)
		return NULL;
	strscpy(bus->name, name, sizeof(bus->name));
	INIT_WORK(&bus->reelect, bx_adopted_reelect_work);
	INIT_WORK(&bus->revisit, bx_adopted_revisit_work);
	spin_lock_init(&bus->scope_lock);
	bus->nb.notifier_call = bx_adopted_notify;
	bus->nb_removed.notifier_call = bx_adopted_notify_removed;
	bus->nb_removed.priority = INT_MAX;
	bus->nb_binding.notifier_call = bx_adopted_notify_binding;
	bus->nb_binding.priority = INT_MIN;
	return bus;
}

/* ---- buses by name ---- */

static bool bx_is_awaitable(const char *name)
{
	for (u32 i = 0; i < bx_nadopt_names; i++) {
		if (!strcmp(bx_adopt_names[i], name))
			return true;
	}
	return bx_bus_desc(name);
}

static int bx_adopt_check(const struct bus_type *type)
{
	return bx_steers_at_binding(type) && !bx_match_hooked() ? bx_veto_check() : 0;
}

/* A veto of match() is enforced at binding on all buses. */
static int bx_adopted_judge_init(void)
{
	guard(mutex)(&bx_adopt_mutex);
	return bx_match_hooked() ? 0 : bx_veto_check();
}

/*
 * Adopts a bus that exists: -ENODEV if it does not, or is one of bus_ext's own.
 * Returns with its devices not elected yet.
 */
static int bx_adopt_existing(struct bx_adopted_bus *bus)
{
	const struct bus_type *type = bx_bus_lookup(bus->name, &bus->owner);
	int err = -ENODEV;

	lockdep_assert_held(&bx_adopt_mutex);
	if (!type)
		return -ENODEV;
	if (type->match != bx_own_match)
		err = bx_adopt_check(type) ?: bx_adopt_bus(bus, type);
	if (err) {
		module_put(bus->owner);
		bus->owner = NULL;
	}
	return err;
}

static int bx_adopt_locked(const char *name)
{
	struct bx_adopted_bus *bus;
	int err;

	if (bx_adopted_find(name))
		return 0;
	if (bx_adopted_is_full())
		return -ENOSPC;
	bus = bx_adopted_alloc(name);
	if (!bus)
		return -ENOMEM;
	err = bx_adopt_existing(bus);
	if (err && !(err == -ENODEV && bx_is_awaitable(name))) {
		kfree(bus);
		return err;
	}
	bx_adopted_add(bus);
	return 0;
}

/**
 * bx_adopt() - adopt a bus of the kernel by its name, or await it
 * @name: a valid name; not one of bus_ext's own buses
 *
 * The bus stays adopted until this module is unloaded.  The caller schedules elections
 * of its devices.
 *
 * Context: process; may sleep.
 * Return: 0, also if the bus was adopted before; -ENODEV if there is no such bus, and it is
 * not known to come; -EOPNOTSUPP if the kernel does not call vetoes as expected;
 * -ENOSPC, -ENOMEM, or the errno of a function of the driver core.
 */
int bx_adopt(const char *name)
{
	guard(mutex)(&bx_adopt_mutex);
	return bx_adopt_locked(name);
}

/* A module may have registered a bus that is awaited. */
static void bx_adopt_awaited(void)
{
	struct bx_adopted_bus *bus;
	int err;

	guard(mutex)(&bx_adopt_mutex);
	for (u32 i = 0; (bus = bx_adopted_nth(i)); i++) {
		if (bus->type)
			continue;
		err = bx_adopt_existing(bus);
		if (!err) {
			bx_override_next_gen();
			bx_adopted_queue(bus, BX_ANY);
		} else if (err != -ENODEV) {
			pr_err("bus '%s' cannot be adopted: %d\n", bus->name,
			       err);
		}
	}
}

static int bx_has_owner(struct device_driver *drv, void *module)
{
	return drv->owner == module;
}

/* A module that was loaded has registered its buses and drivers. */
static int bx_adopted_module(struct notifier_block *nb, unsigned long state,
			     void *module)
{
	struct bx_adopted_bus *bus;

	if (state != MODULE_STATE_LIVE)
		return NOTIFY_OK;
	bx_adopt_awaited();
	for (u32 i = 0; (bus = bx_adopted_next(&i)); ) {
		if (bus_for_each_drv(bus->type, NULL, module, bx_has_owner))
			bx_deferrals_ask(&bus->deferrals);
	}
	if (!bx_override_may_wait())
		return NOTIFY_OK;
	for (u32 i = 0; (bus = bx_adopted_next(&i)); )
		bx_adopted_revisit(bus);
	return NOTIFY_OK;
}

static struct notifier_block bx_module_nb = {
	.notifier_call = bx_adopted_module,
};

/* ---- start and end ---- */

static const struct bx_kind bx_adopted_kind = {
	.adopted	= true,
	.judge_init	= bx_adopted_judge_init,
	.claimants	= bx_adopted_claimants,
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
 * Called before bx_adopt_start(): lookups of the buses that are adopted at load, and of
 * entries, work from the start.
 */
int bx_adopt_init(void)
{
	const struct bx_bus_desc *desc;
	struct bx_adopted_bus *bus;
	int err = bx_entries_init();

	if (err)
		return err;
	for (u32 i = 0; (desc = bx_bus_desc_nth(i)); i++) {
		if (!desc->type)
			continue;
		bus = bx_adopted_alloc(desc->name);
		if (!bus)
			goto err_entries;
		bx_adopted_add(bus);
	}
	bx_kind_add(&bx_adopted_kind);
	return 0;

err_entries:
	bx_adopted_free();
	bx_entries_exit();
	return -ENOMEM;
}

/* Buses that the parameter names; the others work without them. */
static void bx_adopt_by_parameter(void)
{
	int err;

	for (u32 i = 0; i < bx_nadopt_names; i++) {
		err = bx_name_check(bx_adopt_names[i]) ?:
		      bx_adopt_locked(bx_adopt_names[i]);
		if (err)
			pr_err("bus '%s' of the parameter adopt cannot be adopted: %d\n",
			       bx_adopt_names[i], err);
	}
}

/* Registers the notifiers of modules and of the adopted buses. */
int bx_adopt_start(void)
{
	const struct bx_bus_desc *desc;
	int err;

	/* before the buses, so that none comes unnoticed */
	err = register_module_notifier(&bx_module_nb);
	if (err)
		return err;
	mutex_lock(&bx_adopt_mutex);
	for (u32 i = 0; !err && (desc = bx_bus_desc_nth(i)); i++) {
		struct bx_adopted_bus *bus = bx_adopted_find(desc->name);

		if (!desc->type)
			continue;
		err = bx_adopt_bus(bus, desc->type);
		if (!err && bus->missing)
			err = -ENOMEM;
	}
	if (!err)
		bx_adopt_by_parameter();
	mutex_unlock(&bx_adopt_mutex);
	if (err)
		bx_adopt_stop();
	return err;
}

/* No work is queued any more for the load of a module, or for deferred devices. */
void bx_adopt_stop(void)
{
	struct bx_adopted_bus *bus;

	unregister_module_notifier(&bx_module_nb);
	for (u32 i = 0; (bus = bx_adopted_next(&i)); )
		bx_deferrals_stop(&bus->deferrals);
}

static int bx_unadopt_dev(struct device *dev, void *data)
{
	bx_override_clear(dev);
	return 0;
}

/*
 * Only overrides of the hook can remain, since policies pin the module; no new
 * ones are written.  The caller waits with synchronize_rcu_tasks() for the last
 * instructions of vetoes.
 */
void bx_adopt_exit(void)
{
	struct bx_adopted_bus *bus;

	bx_binding_stop();
	bx_adopted_walk_devs(bx_unadopt_dev, NULL);
	for (u32 i = 0; (bus = bx_adopted_next(&i)); ) {
		bx_unadopt_bus(bus);
		module_put(bus->owner);
	}
	bx_adopted_free();
}
