// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adopted buses: steering pci and platform through driver_override
 *
 * These buses keep their own match rule.  When a device appears, before its
 * first probe and before user space hears of it, an election is held (hook and
 * select() alone) and its outcome is written to the device's driver_override;
 * "none" keeps every driver away.  Nothing is written when no one has an
 * opinion, so a device nobody decides about behaves as on a stock kernel.
 *
 * An override that bus_ext did not write is never touched, and one that it
 * wrote is removed with the policy.
 *
 * On PCI this is free of races: a device cannot match before
 * pci_bus_add_device(), which comes after BUS_NOTIFY_ADD_DEVICE.  On platform a
 * driver that is being registered at the same moment may look at the device
 * between the two.
 *
 * The driver core does not tell why a probe failed, so unlike on our own buses
 * no next best driver is elected here.
 */
#include <linux/hashtable.h>
#include "core.h"

/**
 * struct bx_adopted_bus - a bus that is steered
 * @type: the bus
 * @nb: told about its devices
 * @reelect: elects anew what is unbound
 * @gen: generation, ends when policies change
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
 * struct bx_record - what was decided about a device
 * @node: in bx_records
 * @dev: the device; the record goes before it does
 * @token: the override that was written, see compat.h; NULL for none
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

static bool bx_adopted_has(const struct device *dev)
{
	for (u32 i = 0; i < ARRAY_SIZE(bx_adopted); i++) {
		if (dev->bus == bx_adopted[i].type)
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

/* Take back what we wrote; what others wrote since stays. */
static void bx_record_clear(struct bx_record *rec)
{
	const char *ret;

	if (rec->token) {
		ret = bx_override_swap(rec->dev, rec->token, NULL);
		if (IS_ERR(ret))
			dev_dbg(rec->dev, "driver_override is not ours\n");
	}
	bx_record_drop(rec);
}

/* ---- elections ---- */

/* The name to write: the elected driver, "none", or NULL for no override. */
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

/* Make the device's override and its record agree with the decision. */
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
 * Elect, and write the outcome.  1 when what is written changed, 0 when not,
 * or an errno; -EBUSY when the administrator's override is in force.
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
	e->override[0] = '\0';	/* it is ours: no opinion of its own */

	bx_adopted_run(dev, e, atomic64_read(&bus->gen));
	want = bx_override_name(&e->dec);
	if (!want) {
		if (!rec)
			return 0;
		bx_record_clear(rec);
		return 1;
	}
	/* Not by the string itself: it may be replaced and freed any time. */
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
		dev_warn(dev, "bus_ext: no decision: %d\n", ret);
	bx_election_free(e);
	return ret;
}

/* Does the bus' own rule give the device to this driver? */
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
 * bx_adopted_explain() - hold an election for show
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
 * bx_adopted_decision() - the recorded decision about a device
 * @dev: the device
 * @dec: takes the decision; BX_BY_KERNEL when there is none
 *
 * Return: whether bus_ext or an override decided.
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
	/* The driver may have come since. */
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

/* ---- what changes ---- */

/*
 * A bound device is left alone.  But where the election names the very driver
 * that is bound, the decision is on record from now on.
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
		dev_dbg(dev, "gone before its re-election\n");
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
 * bx_adopted_changed() - policies of a bus changed
 * @name: the bus, "" for all; nothing happens when it is not adopted
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
 * Take the override back.  A device that is unbound was kept so by it, or waits
 * for its driver: its record stays without an override, by which the election
 * that follows finds that something changed, and lets the bus have it.
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
 * bx_adopted_forget() - remove the overrides of a policy that is gone
 * @policy_id: the policy
 *
 * Devices are not unbound; bx_adopted_changed() is to follow.
 *
 * Context: process; no election of the policy is under way.
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
 * bx_adopted_inherit() - overrides of a policy become those of another
 * @policy_id: the policy, which is no longer in force
 * @heir_id: the other
 *
 * Context: process; no election of the policy is under way.
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
 * bx_adopted_rebind() - bind a device to the driver that is elected now
 * @dev: the device
 *
 * Where nobody has an opinion, a driver that the bus' own rule accepts stays.
 *
 * Context: process; unbinds and probes.
 * Return: 1 when the driver changed, 0 when it stayed, -EAGAIN when none is
 * bound although one was elected, or an errno.
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

/* Before the buses are registered anywhere: they are there from the start. */
void bx_override_init(void)
{
	bx_kind_add(&bx_override_kind);
}

/* Look at the devices that are there, and hear of those that come. */
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

/* Only the hook's overrides can be left; policies pin the module. */
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
