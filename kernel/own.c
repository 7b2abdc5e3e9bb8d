// SPDX-License-Identifier: GPL-2.0-only
/*
 * Elections on own buses
 *
 * The driver core calls match() for each pair, in order of registration and not
 * always under the device lock.  So match() holds one election per device and
 * generation of the bus, and matches only the elected driver.  probe() checks
 * again under the device lock, which also covers bind in sysfs.  A generation
 * ends when a driver or policy of the bus is added, changed or removed.
 */
#include <linux/cleanup.h>
#include <linux/rwsem.h>
#include "core.h"

#define BX_BUS_FORGET	0	/* bit of bx_bus.flags: forget failed probes */

LIST_HEAD(bx_buses);
DECLARE_RWSEM(bx_bus_rwsem);	/* protects bx_buses */

/* ---- elections ---- */

/* A driver whose probe() rejected the device */
struct bx_failed {
	struct list_head	node;
	u64			order;
	int			error;
};

static int bx_failed_error(struct bx_device *bdev, const struct bx_driver *drv)
{
	struct bx_failed *f;

	list_for_each_entry(f, &bdev->failed, node) {
		if (f->order == drv->order)
			return f->error;
	}
	return 0;
}

/**
 * bx_own_candidates() - collect the candidate drivers of an election
 * @bdev: the device; its elect_lock is held
 * @e: the election
 *
 * Context: inside bx_srcu, which the candidates must not outlive.
 * Return: 0 or -ENOMEM.
 */
static int bx_own_candidates(struct bx_device *bdev, struct bx_election *e)
{
	struct bx_driver *drv;
	u32 n = 0;

	list_for_each_entry_srcu(drv, &bdev->bus->drivers, node,
				 srcu_read_lock_held(&bx_srcu))
		n++;
	e->cands = kvcalloc(n + 1, sizeof(*e->cands), GFP_KERNEL);
	if (!e->cands)
		return -ENOMEM;
	list_for_each_entry_srcu(drv, &bdev->bus->drivers, node,
				 srcu_read_lock_held(&bx_srcu)) {
		struct bx_cand *c = &e->cands[e->ncands];

		if (e->ncands == n)	/* new drivers: a new generation */
			break;
		c->order = drv->order;
		strscpy(c->rec.name, drv->name, sizeof(c->rec.name));
		c->rec.claims = bx_driver_claims(bdev, drv);
		c->rec.error = bx_failed_error(bdev, drv);
		e->ncands++;
	}
	return 0;
}

/* Whether a driver is registered that rejected the device */
static bool bx_failed_is_current(const struct bx_device *bdev,
				 const struct bx_failed *f)
{
	struct bx_driver *drv;
	bool found = false;
	int idx;

	idx = srcu_read_lock(&bx_srcu);
	list_for_each_entry_srcu(drv, &bdev->bus->drivers, node,
				 srcu_read_lock_held(&bx_srcu))
		found |= drv->order == f->order;
	srcu_read_unlock(&bx_srcu, idx);
	return found;
}

/* A driver that is registered again has another order. */
static void bx_failed_prune(struct bx_device *bdev)
{
	struct bx_failed *f, *tmp;

	list_for_each_entry_safe(f, tmp, &bdev->failed, node) {
		if (bx_failed_is_current(bdev, f))
			continue;
		list_del(&f->node);
		kfree(f);
	}
}

static int bx_own_run(struct bx_device *bdev, struct bx_election *e, u64 gen)
{
	int idx, err;

	bx_override_read(&bdev->dev, e->override, sizeof(e->override));
	bx_deferral_begin(&bdev->deferral, e);
	e->notes = &bdev->notes;
	e->may_load = bdev->may_load || e->trial;
	idx = srcu_read_lock(&bx_srcu);
	err = bx_own_candidates(bdev, e);
	if (!err)
		bx_elect(e, gen);
	srcu_read_unlock(&bx_srcu, idx);
	return err;
}

static int bx_own_elect_locked(struct bx_device *bdev)
{
	u64 gen = atomic64_read_acquire(&bdev->bus->gen);
	struct bx_election *e;
	bool keep;
	int err;

	/* no generation ends when an administrator removes an override */
	if (bdev->elected_gen == gen && bdev->decision.by != BX_BY_OVERRIDE)
		return 0;
	e = bx_election_alloc(&bdev->dev, false);
	if (!e)
		return -ENOMEM;
	err = bx_own_run(bdev, e, gen);
	/*
	 * A driver that was unloaded must not be loaded again at once: after a
	 * change of policies, modules are requested until a driver is elected, or
	 * none is left to load.  A deferral has not decided yet.
	 */
	if (!err && bx_choice_request(e))
		bx_request_driver(bdev->bus->name, e->dec.driver,
				  dev_name(&bdev->dev));
	else if (!err && e->dec.driver_state != BX_DRIVER_LOADING &&
		 e->dec.outcome != BX_OUT_DEFERRED)
		bdev->may_load = false;
	/*
	 * A quarantined policy leaves the decision on a bound device, unless a rebind
	 * has dropped it.
	 */
	keep = !err && e->dec.by == BX_BY_QUARANTINE && bdev->elected_gen &&
	       bx_dev_is_bound(&bdev->dev);
	if (keep) {
		bdev->elected_gen = gen;
	} else if (!err) {
		e->dec.probe_error = bdev->decision.probe_error;
		bx_deferral_note(&bdev->deferral, e);
		bdev->decision = e->dec;
		bdev->elected = e->winner;
		bdev->next_best = e->next_best;
		bdev->elected_gen = gen;
	}
	bx_election_free(e);
	return err;
}

/*
 * Drops the cached decision and the list of drivers that rejected the device.
 */
static void bx_own_invalidate(struct bx_device *bdev)
{
	struct bx_failed *f, *tmp;

	lockdep_assert_held(&bdev->elect_lock);
	list_for_each_entry_safe(f, tmp, &bdev->failed, node) {
		list_del(&f->node);
		kfree(f);
	}
	bx_notes_clear(&bdev->notes);
	bx_deferral_reset(&bdev->deferral);
	bdev->elected_gen = 0;
	bdev->tried = 0;
	bdev->may_load = true;
}

/* Returns 1 if @drv is elected, 0 if not, -EPROBE_DEFER or another errno. */
static int bx_own_is_elected_locked(struct bx_device *bdev, const struct bx_driver *drv)
{
	int ret = bx_own_elect_locked(bdev);

	if (ret)
		return ret;
	if (bdev->decision.outcome == BX_OUT_DEFERRED)
		return -EPROBE_DEFER;
	return bdev->elected == drv->order;
}

/**
 * bx_own_explain() - hold a dry election
 * @dev: the device
 * @e: from bx_election_alloc(), with a log
 *
 * Return: 0 or -ENOMEM.
 */
static int bx_own_explain(struct device *dev, struct bx_election *e)
{
	struct bx_device *bdev = to_bx_device(dev);
	int err;

	mutex_lock(&bdev->elect_lock);
	err = bx_own_run(bdev, e, atomic64_read(&bdev->bus->gen));
	mutex_unlock(&bdev->elect_lock);
	return err;
}

/**
 * bx_own_decision() - copy the recorded decision on a device
 * @dev: the device
 * @dec: takes the decision
 *
 * An override written after the last election takes precedence.
 *
 * Return: true: on an own bus there is always a decision.
 */
static bool bx_own_decision(struct device *dev, struct bx_decision *dec)
{
	struct bx_device *bdev = to_bx_device(dev);
	char name[BX_NAME_LEN];

	mutex_lock(&bdev->elect_lock);
	*dec = bdev->decision;
	mutex_unlock(&bdev->elect_lock);
	if (!bx_override_read(dev, name, sizeof(name)))
		return true;
	dec->by = BX_BY_OVERRIDE;
	memset(dec->policy, 0, sizeof(dec->policy));
	dec->policy_id = 0;
	dec->outcome = bx_override_outcome(bdev->bus->name, name);
	strscpy_pad(dec->driver, dec->outcome == BX_OUT_REFUSED ? "" : name,
		    sizeof(dec->driver));
	return true;
}

/* ---- the bus as the driver core sees it ---- */

/*
 * Returns 1 if the override names @drv, 0 if another driver, -1 without
 * override.
 */
static int bx_own_override_match(struct device *dev,
				 const struct device_driver *drv)
{
	char name[BX_NAME_LEN];

	if (!bx_override_read(dev, name, sizeof(name)))
		return -1;
	return !strcmp(name, drv->name);
}

/*
 * A deferred device matches each driver, and its probe defers it: driver_attach() does not hold
 * the device's lock when it defers a device whose match wants that.  A device that is removed at
 * that moment would be freed while it is on the list of deferred ones.
 */
int bx_own_match(struct device *dev, const struct device_driver *drv)
{
	struct bx_device *bdev = to_bx_device(dev);
	int ret = bx_own_override_match(dev, drv);

	if (ret >= 0)
		return ret;
	mutex_lock(&bdev->elect_lock);
	ret = bx_own_is_elected_locked(bdev, to_bx_driver(drv));
	mutex_unlock(&bdev->elect_lock);
	return ret == -EPROBE_DEFER ? 1 : ret;
}

/* Re-elects; true if the winner is not the driver probed last. */
static bool bx_own_reelect_locked(struct bx_device *bdev)
{
	lockdep_assert_held(&bdev->elect_lock);
	return !bx_own_elect_locked(bdev) && bdev->elected &&
	       bdev->elected != bdev->tried;
}

static void bx_reattach_work(struct work_struct *work)
{
	struct bx_device *bdev = container_of(work, struct bx_device, reattach);
	bool again = false;

	/* waits for the end of the probe, which has the device until then */
	device_lock(&bdev->dev);
	mutex_lock(&bdev->elect_lock);
	/* Skip a driver that won again: an override or the hook names it. */
	if (!bdev->dev.driver)
		again = bx_own_reelect_locked(bdev);
	mutex_unlock(&bdev->elect_lock);
	device_unlock(&bdev->dev);
	if (again && device_attach(&bdev->dev) < 0)
		dev_dbg(&bdev->dev, "removed before the attach of the runner-up\n");
	put_device(&bdev->dev);	/* pairs with bx_own_reattach() */
	bx_async_end(BX_Q_ELECT);
}

/* Schedules an election, for when a probe that ends has failed. */
static void bx_own_reattach(struct bx_device *bdev)
{
	get_device(&bdev->dev);
	if (!bx_async_queue(BX_Q_ELECT, &bdev->reattach))
		put_device(&bdev->dev);
}

/* Returns 1 if the driver must be probed, and else as bx_own_is_elected_locked(). */
static int bx_probe_begin(struct bx_device *bdev, const struct bx_driver *drv)
{
	int ret = bx_own_override_match(&bdev->dev, &drv->driver);

	mutex_lock(&bdev->elect_lock);
	if (ret < 0)
		ret = bx_own_is_elected_locked(bdev, drv);
	if (ret > 0) {
		bdev->tried = drv->order;
		bdev->probing = true;
	}
	mutex_unlock(&bdev->elect_lock);
	return ret;
}

/* Excludes the driver for this device, so that another one may be elected. */
static bool bx_probe_exclude(struct bx_device *bdev, struct bx_driver *drv, int error)
{
	struct bx_failed *f = NULL;

	lockdep_assert_held(&bdev->elect_lock);
	if (error == -ENODEV || error == -ENXIO ||
	    (bdev->next_best && error != -EPROBE_DEFER))
		f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (f) {
		bx_failed_prune(bdev);
		f->order = drv->order;
		f->error = error;
		list_add(&f->node, &bdev->failed);
		bdev->elected_gen = 0;
		bdev->may_load = true;	/* the module of the next choice */
	}
	return f;
}

/*
 * Schedules an attach of the runner-up.  The driver core's current walk is not enough: the
 * runner-up may precede the failed driver in its list.
 */
static void bx_probe_end(struct bx_device *bdev, struct bx_driver *drv, int error)
{
	bool again;

	mutex_lock(&bdev->elect_lock);
	again = bdev->again;
	bdev->again = false;
	bdev->probing = false;
	bdev->decision.probe_error = error;
	if (!error)
		bx_deferral_reset(&bdev->deferral);
	else if (bx_probe_exclude(bdev, drv, error))
		again = true;
	mutex_unlock(&bdev->elect_lock);
	if (again)
		bx_own_reattach(bdev);
}

int bx_own_probe(struct device *dev)
{
	struct bx_driver *drv = to_bx_driver(dev->driver);
	struct bx_device *bdev = to_bx_device(dev);
	int ret = bx_probe_begin(bdev, drv);

	if (ret <= 0)
		return ret ?: -ENODEV;
	ret = bx_device_complete(bdev);
	if (!ret && bdev->bus->ops)
		ret = bdev->bus->ops->prepare(bdev, drv);
	if (!ret)
		ret = drv->probe(bdev, bx_id_match(drv->id_table, &bdev->id));
	bx_probe_end(bdev, drv, ret);
	if (!ret)
		bx_emit_dev(dev, drv->name, BX_EVENT_BOUND);
	return ret;
}

void bx_own_remove(struct device *dev)
{
	struct bx_driver *drv = to_bx_driver(dev->driver);

	if (drv->remove)
		drv->remove(to_bx_device(dev));
	bx_emit_dev(dev, drv->name, BX_EVENT_UNBOUND);
}

/* ---- re-elections ---- */

/*
 * Whether a driver has the device that may fail to bind, by a decision of before; then it is
 * elected again later.  No work waits for a probe in progress; what comes before and after it in
 * the driver core is short.
 */
static bool bx_own_is_probed_locked(struct bx_device *bdev)
{
	lockdep_assert_held(&bdev->elect_lock);
	if (bdev->probing)
		bdev->again = true;
	else if (READ_ONCE(bdev->dev.driver))
		bx_own_reattach(bdev);
	else
		return false;
	return true;
}

/* Re-elects an unbound device; with @forget, failed drivers are tried again. */
int bx_own_reelect_dev(struct device *dev, void *forget)
{
	struct bx_device *bdev = to_bx_device(dev);
	bool again;

	if (forget)
		bx_part_ask(dev);
	/* Devices still in bx_device_add() are re-elected there. */
	if (forget && !READ_ONCE(bdev->added)) {
		/* pairs with bx_device_add(), which sees it, or is seen below */
		smp_store_mb(bdev->forget, true);
	}
	if (bx_dev_is_bound(dev)) {
		if (forget) {
			/* of a policy that may be gone */
			bx_deferral_drop(&bdev->deferral);
			bx_deferral_reset(&bdev->deferral);
		}
		return 0;
	}
	if (!READ_ONCE(bdev->added))
		return 0;
	mutex_lock(&bdev->elect_lock);
	if (forget)
		bx_own_invalidate(bdev);
	/* Needed on a bus without drivers, where match() is never called. */
	again = !bx_own_is_probed_locked(bdev) && bx_own_reelect_locked(bdev);
	mutex_unlock(&bdev->elect_lock);
	if (again && device_attach(dev) < 0)
		dev_dbg(dev, "deferred, or removed before its re-election\n");
	return 0;
}

/*
 * A device that is still being added is elected again at the end of bx_device_add().  One
 * that is bound stays so.
 */
static void bx_own_reelect_deferred(struct device *dev)
{
	struct bx_device *bdev = to_bx_device(dev);

	if (bx_dev_is_bound(dev))
		return;
	mutex_lock(&bdev->elect_lock);
	if (bdev->decision.outcome == BX_OUT_DEFERRED)
		bdev->elected_gen = 0;
	mutex_unlock(&bdev->elect_lock);
	bx_own_reelect_dev(dev, NULL);
}

static void bx_bus_reelect_work(struct work_struct *work)
{
	struct bx_bus *bus = container_of(work, struct bx_bus, reelect);

	bool forget = test_and_clear_bit(BX_BUS_FORGET, &bus->flags);

	bus_for_each_dev(&bus->type, NULL, forget ? bus : NULL, bx_own_reelect_dev);
	bx_async_end(BX_Q_ELECT);
}

/*
 * Schedules elections of the unbound devices of a bus.  @forget: try drivers
 * again that failed on a device or were unbound from it.  It is set after a
 * change of policies, but not after the registration of a driver.
 */
void bx_own_reelect(struct bx_bus *bus, bool forget)
{
	if (forget)
		set_bit(BX_BUS_FORGET, &bus->flags);
	atomic64_inc_return(&bus->gen);
	bx_async_queue(BX_Q_ELECT, &bus->reelect);
}

/**
 * bx_own_changed() - schedule elections after a change of policies
 * @name: the bus, "" for all; ignored unless it is an own bus
 * @vendor: ignored: a new generation is one of the whole bus
 *
 * Context: process.
 */
static void bx_own_changed(const char *name, u32 vendor)
{
	struct bx_bus *bus;

	down_read(&bx_bus_rwsem);
	list_for_each_entry(bus, &bx_buses, node) {
		if (!*name || !strcmp(bus->name, name))
			bx_own_reelect(bus, true);
	}
	up_read(&bx_bus_rwsem);
}

/**
 * bx_own_rebind() - elect a device again and bind it to the elected driver
 * @dev: the device
 *
 * Context: process; unbinds and probes.
 * Return: 1 if the driver changed, 0 if it stayed, -ENODEV if the device was
 * removed, -EAGAIN if the elected driver is not bound or the device is still
 * being added, -ENOMEM, or the errno of device_attach().
 */
static int bx_own_rebind(struct device *dev)
{
	struct bx_device *bdev = to_bx_device(dev);
	char before[BX_NAME_LEN], after[BX_NAME_LEN];
	struct bx_decision dec;
	int err;

	if (!device_is_registered(dev))
		return -ENODEV;
	if (!READ_ONCE(bdev->added))
		return -EAGAIN;
	mutex_lock(&bdev->elect_lock);
	bx_own_invalidate(bdev);
	err = bx_own_elect_locked(bdev);
	dec = bdev->decision;
	mutex_unlock(&bdev->elect_lock);
	if (err)
		return err;

	bx_dev_driver_name(dev, before, sizeof(before));
	if (*before && strcmp(before, dec.driver))
		device_release_driver(dev);
	err = device_attach(dev);
	if (err < 0 && err != -EPROBE_DEFER)
		return err;
	bx_dev_driver_name(dev, after, sizeof(after));
	if (!*after && dec.outcome == BX_OUT_DRIVER)
		return device_is_registered(dev) ? -EAGAIN : -ENODEV;
	return strcmp(before, after) != 0;
}

/* ---- the buses ---- */

struct bx_bus *bx_bus_find(const char *name)
{
	struct bx_bus *bus;

	lockdep_assert_held(&bx_bus_rwsem);
	list_for_each_entry(bus, &bx_buses, node) {
		if (!strcmp(bus->name, name))
			return bus;
	}
	return NULL;
}

/**
 * bx_own_bus_get() - pin the module of an own bus
 * @name: the bus
 * @owner: takes the module; the caller calls module_put()
 *
 * Return: 0, or -ENODEV if there is no such bus or its module is being
 * unloaded.
 */
static int bx_own_bus_get(const char *name, struct module **owner)
{
	struct bx_bus *bus;

	guard(rwsem_read)(&bx_bus_rwsem);
	bus = bx_bus_find(name);
	if (!bus || !try_module_get(bus->owner))
		return -ENODEV;
	*owner = bus->owner;
	return 0;
}

/* Returns the contract of a bus whose module the caller has pinned, or NULL. */
static const struct bx_contract *bx_own_contract(const char *name)
{
	struct bx_bus *bus;

	guard(rwsem_read)(&bx_bus_rwsem);
	bus = bx_bus_find(name);
	return bus ? bus->contract : NULL;
}

static int bx_own_for_each_bus(bx_bus_fn fn, void *data)
{
	struct bx_bus *bus;
	int ret = 0;

	guard(rwsem_read)(&bx_bus_rwsem);
	list_for_each_entry(bus, &bx_buses, node) {
		ret = fn(&bus->type, false, data);
		if (ret)
			break;
	}
	return ret;
}

static bool bx_own_has(const struct bus_type *bus)
{
	return bus && bus->match == bx_own_match;
}

/* Without the driver, the next one is elected; the registration of one elects, too. */
static void bx_own_load_ended(struct device *dev, const char *driver, bool came,
			      bool before)
{
	struct bx_device *bdev = to_bx_device(dev);

	mutex_lock(&bdev->elect_lock);
	bx_note_load_ended(&bdev->notes, driver, came);
	if (bdev->decision.outcome == BX_OUT_ABSENT)
		bdev->elected_gen = 0;
	mutex_unlock(&bdev->elect_lock);
	bx_own_reelect_dev(dev, NULL);
}

static const struct bx_kind bx_own_kind = {
	.bus_get	= bx_own_bus_get,
	.for_each_bus	= bx_own_for_each_bus,
	.has		= bx_own_has,
	.contract	= bx_own_contract,
	.explain	= bx_own_explain,
	.decision	= bx_own_decision,
	.rebind		= bx_own_rebind,
	.changed	= bx_own_changed,
	.load_ended	= bx_own_load_ended,
};

/* ---- init ---- */

void bx_own_bus_init(struct bx_bus *bus)
{
	INIT_WORK(&bus->reelect, bx_bus_reelect_work);
	bus->flags = 0;
	atomic64_set(&bus->gen, 1);
	bx_deferrals_start(&bus->deferrals, &bus->type, bx_own_reelect_deferred);
}

/* No re-election is scheduled any more: the bus is not in bx_buses. */
void bx_own_bus_exit(struct bx_bus *bus)
{
	bx_deferrals_stop(&bus->deferrals);
	if (cancel_work_sync(&bus->reelect))
		bx_async_end(BX_Q_ELECT);
}

void bx_own_device_init(struct bx_device *bdev)
{
	mutex_init(&bdev->elect_lock);
	INIT_LIST_HEAD(&bdev->failed);
	INIT_LIST_HEAD(&bdev->notes);
	bdev->may_load = true;
	bx_deferral_init(&bdev->deferral, &bdev->dev);
	INIT_WORK(&bdev->reattach, bx_reattach_work);
}

void bx_own_device_exit(struct bx_device *bdev)
{
	struct bx_failed *f, *tmp;

	bx_deferral_end(&bdev->deferral);	/* unless the device was never added */
	list_for_each_entry_safe(f, tmp, &bdev->failed, node)
		kfree(f);
	bx_notes_clear(&bdev->notes);
}

void bx_own_init(void)
{
	bx_kind_add(&bx_own_kind);
}
