// SPDX-License-Identifier: GPL-2.0-only
/*
 * Elections on adopted buses, pci and platform, by driver_override
 *
 * These buses keep their own match rule.  When a device is added, before its
 * first probe and before the uevent, bus_ext holds an election (only hook and
 * select()) and writes its outcome to the device's driver_override; "none"
 * keeps all drivers away.  Without an opinion it writes nothing, and the device
 * behaves as on a stock kernel.
 *
 * bus_ext never touches an override that it did not write.  It removes its own
 * overrides with the policy.
 *
 * On PCI there is no race: a device cannot match before pci_bus_add_device(),
 * which comes after BUS_NOTIFY_ADD_DEVICE.  On platform, a driver that is
 * registered at the same moment may match the device before the notifier.
 *
 * The driver core does not report why a probe failed, so there is no runner-up
 * as on own buses.
 */
#include <linux/hashtable.h>
#include "core.h"

/**
 * struct bx_adopted_bus - an adopted bus
 * @type: the bus
 * @nb: notifier of its devices
 * @reelect: elects unbound devices again
 * @gen: generation, incremented when policies change
 * @kobj: /sys/kernel/bus_ext/buses/NAME
 */
struct bx_adopted_bus {
	const struct bus_type	*type;
	struct notifier_block	nb;
	struct work_struct	reelect;
	atomic64_t		gen;
	struct kobject		*kobj;
};

static struct bx_adopted_bus bx_adopted[] = {
	{ .type = &pci_bus_type },
	{ .type = &platform_bus_type },
};

/**
 * struct bx_record - the decision on a device of an adopted bus
 * @node: entry in bx_records
 * @dev: the device; not referenced, BUS_NOTIFY_REMOVED_DEVICE drops the record
 * @token: token of the written override, see compat.h; NULL for none
 * @dec: the decision
 */
struct bx_record {
	struct hlist_node	node;
	struct device		*dev;
	const char		*token;
	struct bx_decision	dec;
};

static DEFINE_HASHTABLE(bx_records, 8);
static DEFINE_MUTEX(bx_adopt_mutex);	/* protects bx_records */

static struct bx_adopted_bus *bx_adopted_find(const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(bx_adopted); i++) {
		if (!strcmp(bx_adopted[i].type->name, name))
			return &bx_adopted[i];
	}
	return NULL;
}

static int bx_adopted_bus_get(const char *name, struct module **owner)
{
	return bx_adopted_find(name) ? 0 : -ENODEV;
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

/* ---- records ---- */

static struct bx_record *bx_record_find(const struct device *dev)
{
	struct bx_record *rec;

	lockdep_assert_held(&bx_adopt_mutex);
	hash_for_each_possible(bx_records, rec, node, (unsigned long)dev) {
		if (rec->dev == dev)
			return rec;
	}
	return NULL;
}

static void bx_record_drop(struct bx_record *rec)
{
	hash_del(&rec->node);
	kfree(rec);
}

/*
 * Removes the override, unless it was overwritten since, and drops the record.
 */
static void bx_record_clear(struct bx_record *rec)
{
	const char *ret;

	if (rec->token) {
		ret = bx_override_swap(rec->dev, rec->token, NULL);
		if (IS_ERR(ret))
			dev_dbg(rec->dev, "driver_override was overwritten\n");
	}
	bx_record_drop(rec);
}

/* ---- elections ---- */

/*
 * Returns the name to write: the elected driver, "none", or NULL to write none.
 */
static const char *bx_override_name(const struct bx_decision *dec)
{
	switch (dec->outcome) {
	case BX_OUT_DRIVER:
	case BX_OUT_ABSENT:
		return dec->driver;
	case BX_OUT_REFUSED:
	case BX_OUT_DEFERRED:
		return BX_OVERRIDE_NONE;
	default:
		return NULL;
	}
}

/* Writes the override @want and records the decision. */
static int bx_record_apply(struct device *dev, struct bx_record *rec,
			   const struct bx_decision *dec, const char *want)
{
	bool new = !rec;
	const char *token;

	if (new) {
		rec = kzalloc(sizeof(*rec), GFP_KERNEL);
		if (!rec)
			return -ENOMEM;
		rec->dev = dev;
	}
	token = bx_override_swap(dev, rec->token, want);
	if (IS_ERR(token)) {
		if (new)
			kfree(rec);
		return PTR_ERR(token);
	}
	rec->token = token;
	rec->dec = *dec;
	if (new)
		hash_add(bx_records, &rec->node, (unsigned long)dev);
	return 0;
}

static void bx_adopted_run(struct device *dev, struct bx_election *e, u64 gen)
{
	int idx;

	e->adopted = true;
	idx = srcu_read_lock(&bx_srcu);
	bx_elect(e, gen);
	srcu_read_unlock(&bx_srcu, idx);
}

/*
 * Elects and writes the outcome.  Returns 1 if the override changed, 0 if not,
 * or an errno; -EBUSY if the device has an override of the administrator.
 */
static int bx_adopted_elect_locked(struct bx_adopted_bus *bus,
				   struct device *dev, struct bx_election *e)
{
	struct bx_record *rec = bx_record_find(dev);
	const char *now, *want;

	now = bx_override_read(dev, e->override, sizeof(e->override));
	if (now && (!rec || rec->token != now)) {
		if (rec)
			bx_record_drop(rec);
		return -EBUSY;
	}
	e->override[0] = '\0';	/* written by bus_ext: not an opinion */

	bx_adopted_run(dev, e, atomic64_read(&bus->gen));
	want = bx_override_name(&e->dec);
	if (!want) {
		if (!rec)
			return 0;
		bx_record_clear(rec);
		return 1;
	}
	/* Do not compare the override itself: it can be freed at any time. */
	if (rec && rec->token && !strcmp(bx_override_name(&rec->dec), want)) {
		rec->dec = e->dec;
		return 0;
	}
	return bx_record_apply(dev, rec, &e->dec, want) ?: 1;
}

static int bx_adopted_elect(struct bx_adopted_bus *bus, struct device *dev)
{
	struct bx_election *e = bx_election_alloc(dev, false);
	int ret;

	if (!e)
		return -ENOMEM;
	mutex_lock(&bx_adopt_mutex);
	ret = bx_adopted_elect_locked(bus, dev, e);
	mutex_unlock(&bx_adopt_mutex);
	if (ret >= 0 && e->dec.outcome == BX_OUT_ABSENT)
		bx_request_driver(bus->type->name, e->dec.driver,
				  e->dec.policy_id, dev_name(dev),
				  e->absent_ok);
	if (ret < 0 && ret != -EBUSY)
		dev_warn(dev, "election failed: %d\n", ret);
	bx_election_free(e);
	return ret;
}

/* Whether the bus' own rule matches the driver and the device */
static bool bx_kernel_claims(struct device *dev, struct device_driver *drv)
{
	const struct pci_device_id *id;

	if (!dev_is_pci(dev))
		return drv->bus->match && drv->bus->match(dev, drv) > 0;
	id = pci_match_id(to_pci_driver(drv)->id_table, to_pci_dev(dev));
	return id && !id->override_only;
}

struct bx_kernel_walk {
	struct device		*dev;
	struct bx_election	*e;
	char			first[BX_NAME_LEN];
};

static int bx_explain_driver(struct device_driver *drv, void *data)
{
	struct bx_kernel_walk *walk = data;
	struct bx_election *e = walk->e;

	e->dec.considered++;
	if (!bx_kernel_claims(walk->dev, drv))
		return 0;
	if (!*walk->first)
		strscpy(walk->first, drv->name, sizeof(walk->first));
	bx_log_opinion(e, BX_OPN_ID_TABLE, NULL, drv->name, 1,
		       e->decided ? BX_WHY_LATE :
		       strcmp(walk->first, drv->name) ? BX_WHY_LOW :
		       BX_WHY_WON, 0);
	return 0;
}

/**
 * bx_adopted_explain() - hold a dry election
 * @dev: the device
 * @e: from bx_election_alloc(), with a log
 *
 * Return: 0.
 */
static int bx_adopted_explain(struct device *dev, struct bx_election *e)
{
	struct bx_adopted_bus *bus = bx_adopted_find(dev->bus->name);
	struct bx_kernel_walk walk = { .dev = dev, .e = e };
	struct bx_record *rec;
	const char *now;

	mutex_lock(&bx_adopt_mutex);
	rec = bx_record_find(dev);
	now = bx_override_read(dev, e->override, sizeof(e->override));
	if (now && rec && rec->token == now)
		e->override[0] = '\0';
	mutex_unlock(&bx_adopt_mutex);

	bx_adopted_run(dev, e, atomic64_read(&bus->gen));
	bus_for_each_drv(bus->type, NULL, &walk, bx_explain_driver);
	if (!e->decided) {
		e->dec.by = BX_BY_KERNEL;
		strscpy(e->dec.driver, walk.first, sizeof(e->dec.driver));
		if (*walk.first)
			e->dec.outcome = BX_OUT_DRIVER;
	}
	return 0;
}

/**
 * bx_adopted_decision() - copy the recorded decision on a device
 * @dev: the device
 * @dec: takes the decision; BX_BY_KERNEL if there is none
 *
 * Return: true if bus_ext or an override decided.
 */
static bool bx_adopted_decision(struct device *dev, struct bx_decision *dec)
{
	char name[BX_NAME_LEN];
	struct bx_record *rec;
	const char *now;
	bool ours;

	memset(dec, 0, sizeof(*dec));
	dec->by = BX_BY_KERNEL;
	mutex_lock(&bx_adopt_mutex);
	rec = bx_record_find(dev);
	now = bx_override_read(dev, name, sizeof(name));
	ours = now && rec && rec->token == now;
	if (ours)
		*dec = rec->dec;
	mutex_unlock(&bx_adopt_mutex);
	/* The driver may have been registered since. */
	if (ours && dec->outcome == BX_OUT_ABSENT &&
	    bx_driver_exists(dev->bus->name, name))
		dec->outcome = BX_OUT_DRIVER;
	if (ours || !now)
		return ours;
	dec->by = BX_BY_OVERRIDE;
	strscpy(dec->driver, name, sizeof(dec->driver));
	dec->outcome = bx_driver_exists(dev->bus->name, name) ? BX_OUT_DRIVER :
								BX_OUT_ABSENT;
	return true;
}

/* ---- changes of policies ---- */

/*
 * Whether a dry election names the bound driver.  Bound devices stay bound; if
 * the elected driver is the bound one, the decision is recorded.
 */
static bool bx_adopted_elects_bound(struct bx_adopted_bus *bus,
				    struct device *dev)
{
	struct bx_election *e = bx_election_alloc(dev, false);
	char driver[BX_NAME_LEN];
	bool agrees;

	if (!e)
		return false;
	e->dry = true;
	bx_adopted_run(dev, e, atomic64_read(&bus->gen));
	bx_dev_driver_name(dev, driver, sizeof(driver));
	agrees = e->dec.outcome == BX_OUT_DRIVER &&
		 !strcmp(e->dec.driver, driver);
	bx_election_free(e);
	return agrees;
}

static int bx_adopted_reelect_dev(struct device *dev, void *data)
{
	if (READ_ONCE(dev->driver)) {
		if (bx_adopted_elects_bound(data, dev))
			bx_adopted_elect(data, dev);
		return 0;
	}
	if (bx_adopted_elect(data, dev) > 0 && device_attach(dev) < 0)
		dev_dbg(dev, "removed before its re-election\n");
	return 0;
}

static void bx_adopted_reelect_work(struct work_struct *work)
{
	struct bx_adopted_bus *bus = container_of(work, struct bx_adopted_bus,
						  reelect);

	bus_for_each_dev(bus->type, NULL, bus, bx_adopted_reelect_dev);
	bx_async_end();
}

/**
 * bx_adopted_changed() - schedule elections after a change of policies
 * @name: the bus, "" for all; ignored unless it is an adopted bus
 *
 * Context: process.
 */
static void bx_adopted_changed(const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(bx_adopted); i++) {
		struct bx_adopted_bus *bus = &bx_adopted[i];

		if (*name && strcmp(bus->type->name, name))
			continue;
		atomic64_inc_return(&bus->gen);
		bx_async_begin();
		if (!queue_work(bx_wq, &bus->reelect))
			bx_async_end();
	}
}

/*
 * Removes the override.  The record of an unbound device stays, without a
 * token: the override kept the device unbound, or it waits for its driver.  By
 * that record the following election sees a change and attaches the device.
 */
static void bx_record_release(struct bx_record *rec)
{
	const char *ret = rec->token;

	if (rec->token)
		ret = bx_override_swap(rec->dev, rec->token, NULL);
	if (IS_ERR(ret) || READ_ONCE(rec->dev->driver)) {
		bx_record_drop(rec);
		return;
	}
	rec->token = NULL;
	rec->dec = (struct bx_decision) { .by = BX_BY_KERNEL };
}

/**
 * bx_adopted_forget() - remove the overrides of a detached policy
 * @policy_id: the policy
 *
 * Devices stay bound.  The caller must call bx_adopted_changed() afterwards.
 *
 * Context: process; no election of the policy is in progress.
 */
static void bx_adopted_forget(u64 policy_id)
{
	struct bx_record *rec;
	struct hlist_node *tmp;
	u32 i;

	mutex_lock(&bx_adopt_mutex);
	hash_for_each_safe(bx_records, i, tmp, rec, node) {
		if (rec->dec.policy_id == policy_id)
			bx_record_release(rec);
	}
	mutex_unlock(&bx_adopt_mutex);
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
	struct bx_record *rec;
	u32 i;

	mutex_lock(&bx_adopt_mutex);
	hash_for_each(bx_records, i, rec, node) {
		if (rec->dec.policy_id == policy_id)
			rec->dec.policy_id = heir_id;
	}
	mutex_unlock(&bx_adopt_mutex);
}

/**
 * bx_adopted_rebind() - elect a device again and bind it to the elected driver
 * @dev: the device
 *
 * Without a decision, a driver that the bus' own rule matches stays bound.
 *
 * Context: process; unbinds and probes.
 * Return: 1 if the driver changed, 0 if it stayed, -EAGAIN if the elected
 * driver is not bound, -ENOMEM, or the errno of device_attach().
 */
static int bx_adopted_rebind(struct device *dev)
{
	struct bx_adopted_bus *bus = bx_adopted_find(dev->bus->name);
	char before[BX_NAME_LEN], after[BX_NAME_LEN];
	struct bx_decision dec;
	bool decided, keep;
	int err;

	err = bx_adopted_elect(bus, dev);
	if (err < 0 && err != -EBUSY)
		return err;
	decided = bx_adopted_decision(dev, &dec);

	bx_dev_driver_name(dev, before, sizeof(before));
	device_lock(dev);
	keep = decided ? !strcmp(before, dec.driver) :
	       dev->driver && bx_kernel_claims(dev, dev->driver);
	device_unlock(dev);
	if (*before && !keep)
		device_release_driver(dev);
	err = device_attach(dev);
	if (err < 0)
		return err;
	bx_dev_driver_name(dev, after, sizeof(after));
	if (!*after && dec.outcome == BX_OUT_DRIVER)
		return -EAGAIN;
	return strcmp(before, after) != 0;
}

/* ---- the driver core's notifier ---- */

static void bx_adopted_event(struct device *dev, enum bx_event_kind kind)
{
	struct bx_dev_info *info = kmalloc(sizeof(*info), GFP_KERNEL);
	char driver[BX_NAME_LEN];

	if (!info)
		return;
	if (kind == BX_EVENT_REMOVED)
		bx_dev_info_fill_removed(dev, info);
	else
		bx_dev_info_fill(dev, info);
	bx_dev_driver_name(dev, driver, sizeof(driver));
	bx_emit_event(info, driver, kind);
	kfree(info);
}

static void bx_adopted_removed(struct device *dev)
{
	struct bx_record *rec;

	mutex_lock(&bx_adopt_mutex);
	rec = bx_record_find(dev);
	if (rec)
		bx_record_drop(rec);	/* the device frees its override */
	mutex_unlock(&bx_adopt_mutex);
	bx_adopted_event(dev, BX_EVENT_REMOVED);
	bx_parent_synchronize();
}

static int bx_adopted_notify(struct notifier_block *nb, unsigned long action,
			     void *data)
{
	struct bx_adopted_bus *bus = container_of(nb, struct bx_adopted_bus,
						  nb);
	struct device *dev = data;

	switch (action) {
	case BUS_NOTIFY_ADD_DEVICE:
		bx_adopted_event(dev, BX_EVENT_ADDED);
		bx_adopted_elect(bus, dev);
		break;
	case BUS_NOTIFY_BOUND_DRIVER:
		bx_adopted_event(dev, BX_EVENT_BOUND);
		break;
	case BUS_NOTIFY_UNBIND_DRIVER:
		bx_adopted_event(dev, BX_EVENT_UNBOUND);
		break;
	case BUS_NOTIFY_REMOVED_DEVICE:
		bx_adopted_removed(dev);
		break;
	}
	return NOTIFY_OK;
}

static int bx_adopt_bus(struct bx_adopted_bus *bus)
{
	int err;

	INIT_WORK(&bus->reelect, bx_adopted_reelect_work);
	atomic64_set(&bus->gen, 1);
	bus->kobj = bx_sysfs_add_bus(bus->type->name, NULL);
	if (IS_ERR(bus->kobj))
		return PTR_ERR(bus->kobj);
	bus->nb.notifier_call = bx_adopted_notify;
	err = bus_register_notifier(bus->type, &bus->nb);
	if (err)
		bx_sysfs_del_bus(bus->kobj);
	return err;
}

static void bx_unadopt_bus(struct bx_adopted_bus *bus)
{
	bus_unregister_notifier(bus->type, &bus->nb);
	bx_sysfs_del_bus(bus->kobj);
}

static const struct bx_kind bx_override_kind = {
	.adopted	= true,
	.bus_get	= bx_adopted_bus_get,
	.for_each_bus	= bx_adopted_for_each_bus,
	.has		= bx_adopted_has,
	.explain	= bx_adopted_explain,
	.decision	= bx_adopted_decision,
	.rebind		= bx_adopted_rebind,
	.changed	= bx_adopted_changed,
	.forget		= bx_adopted_forget,
	.inherit	= bx_adopted_inherit,
};

/*
 * Called before bx_override_start(): lookups of the buses work from the start.
 */
void bx_override_init(void)
{
	bx_kind_add(&bx_override_kind);
}

/* Registers the notifiers of the adopted buses. */
int bx_override_start(void)
{
	int err = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bx_adopted) && !err; i++)
		err = bx_adopt_bus(&bx_adopted[i]);
	if (!err)
		return 0;
	for (i--; i--; )
		bx_unadopt_bus(&bx_adopted[i]);
	return err;
}

/* Only overrides of the hook can remain, since policies pin the module. */
void bx_override_exit(void)
{
	struct bx_record *rec;
	struct hlist_node *tmp;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bx_adopted); i++)
		bx_unadopt_bus(&bx_adopted[i]);
	mutex_lock(&bx_adopt_mutex);
	hash_for_each_safe(bx_records, i, tmp, rec, node)
		bx_record_clear(rec);
	mutex_unlock(&bx_adopt_mutex);
}
