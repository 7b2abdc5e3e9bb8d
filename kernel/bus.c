// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bus library: buses of one contract each, their devices and drivers.  Who
 * gets which device is in match.c, pci and platform are in adopt.c.
 */

/**
 * DOC: bus library
 *
 * A contract module registers a struct bx_bus.  A parent, the driver of
 * hardware that is made of several functions, allocates a struct bx_device for
 * each, with a GUID, ids, the contract's operations and an opaque hw_data, and
 * adds it.  A driver registers a struct bx_driver on the bus and is bound to
 * the devices that the election gives it.
 *
 * The driver core asks match() pair by pair, in order of registration and not
 * always under the device lock.  So match() holds the election of the device
 * once per generation of the bus, and says yes to the elected driver alone;
 * probe() looks again under the device lock, which also closes sysfs' bind.
 * A generation ends when a driver or a policy of the bus comes, changes or
 * goes.
 */
#include <linux/cleanup.h>
#include <linux/hashtable.h>
#include <linux/rwsem.h>
#include "core.h"

#define BX_BUS_FORGET	0	/* bit of bx_bus.flags: forget failed probes */

LIST_HEAD(bx_buses);
DECLARE_RWSEM(bx_bus_rwsem);	/* protects bx_buses */

static LIST_HEAD(bx_devices);
static DEFINE_HASHTABLE(bx_device_names, 10);	/* read under RCU, too */
/* Protects both, and what is watched of each device. */
static DEFINE_MUTEX(bx_device_mutex);
static atomic64_t bx_driver_order;
static DECLARE_WAIT_QUEUE_HEAD(bx_bus_wait);

/* ---- ids ---- */

static bool bx_id_last(const struct bx_device_id *row)
{
	static const struct bx_device_id last;

	return !memcmp(row, &last, sizeof(last));
}

static bool bx_field_match(u32 want, u32 have)
{
	return want == BX_ANY || want == have;
}

static const struct bx_device_id *bx_id_match(const struct bx_device_id *row,
					      const struct bx_id *id)
{
	for (; row && !bx_id_last(row); row++) {
		if (bx_field_match(row->vendor, id->vendor) &&
		    bx_field_match(row->device, id->device) &&
		    bx_field_match(row->subvendor, id->subvendor) &&
		    bx_field_match(row->subdevice, id->subdevice) &&
		    !((row->class ^ id->class) & row->class_mask))
			return row;
	}
	return NULL;
}

/* ---- elections on our own buses ---- */

/* A driver whose probe refused the device */
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
 * bx_own_candidates() - the drivers that an election chooses among
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

		if (e->ncands == n)	/* more came: a new generation */
			break;
		c->order = drv->order;
		strscpy(c->rec.name, drv->name, sizeof(c->rec.name));
		c->rec.claims = !!bx_id_match(drv->id_table, &bdev->id);
		c->rec.error = bx_failed_error(bdev, drv);
		e->ncands++;
	}
	return 0;
}

static int bx_own_run(struct bx_device *bdev, struct bx_election *e, u64 gen)
{
	int idx, err;

	bx_override_read(&bdev->dev, e->override, sizeof(e->override));
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
	bool ask;
	int err;

	if (bdev->elected_gen == gen)
		return 0;
	e = bx_election_alloc(&bdev->dev, false);
	if (!e)
		return -ENOMEM;
	err = bx_own_run(bdev, e, gen);
	if (!err) {
		e->dec.probe_error = bdev->decision.probe_error;
		bdev->decision = e->dec;
		bdev->elected = e->winner;
		bdev->elected_gen = gen;
	}
	/*
	 * Once per device and policy: a driver that somebody unloads is not
	 * to come back at once, nor is its absence a mistake of the policy.
	 */
	ask = !err && bdev->ask_module && e->dec.outcome == BX_OUT_ABSENT &&
	      e->dec.by != BX_BY_OVERRIDE;
	if (!err)
		bdev->ask_module = false;
	if (ask)
		bx_request_driver(bdev->bus->name, e->dec.driver,
				  e->dec.policy_id, dev_name(&bdev->dev),
				  e->absent_ok);
	bx_election_free(e);
	return err;
}

/* Start anew: nothing is cached, nobody has failed. */
static void bx_own_forget(struct bx_device *bdev)
{
	struct bx_failed *f, *tmp;

	lockdep_assert_held(&bdev->elect_lock);
	list_for_each_entry_safe(f, tmp, &bdev->failed, node) {
		list_del(&f->node);
		kfree(f);
	}
	bdev->elected_gen = 0;
	bdev->tried = 0;
	bdev->ask_module = true;
}

/* 1 when @drv is elected, 0 when it is not, -EPROBE_DEFER or another errno. */
static int bx_own_elected(struct bx_device *bdev, const struct bx_driver *drv)
{
	int ret;

	mutex_lock(&bdev->elect_lock);
	ret = bx_own_elect_locked(bdev);
	if (!ret) {
		if (bdev->decision.outcome == BX_OUT_DEFERRED)
			ret = -EPROBE_DEFER;
		else
			ret = drv && bdev->elected == drv->order;
	}
	mutex_unlock(&bdev->elect_lock);
	return ret;
}

/**
 * bx_own_explain() - hold an election for show
 * @bdev: the device
 * @e: from bx_election_alloc(), with a log
 *
 * Return: 0 or -ENOMEM.
 */
int bx_own_explain(struct bx_device *bdev, struct bx_election *e)
{
	int err;

	mutex_lock(&bdev->elect_lock);
	err = bx_own_run(bdev, e, atomic64_read(&bdev->bus->gen));
	mutex_unlock(&bdev->elect_lock);
	return err;
}

/**
 * bx_own_decision() - the recorded decision of a device
 * @bdev: the device
 * @dec: takes the decision
 *
 * An override that was written after the last election shows at once.
 */
void bx_own_decision(struct bx_device *bdev, struct bx_decision *dec)
{
	char name[BX_NAME_LEN];

	mutex_lock(&bdev->elect_lock);
	*dec = bdev->decision;
	mutex_unlock(&bdev->elect_lock);
	if (!bx_override_read(&bdev->dev, name, sizeof(name)))
		return;
	dec->by = BX_BY_OVERRIDE;
	strscpy_pad(dec->driver, name, sizeof(dec->driver));
	memset(dec->policy, 0, sizeof(dec->policy));
	dec->policy_id = 0;
	dec->outcome = driver_find(name, &bdev->bus->type) ? BX_OUT_DRIVER :
							     BX_OUT_ABSENT;
}

/* ---- the bus as the driver core sees it ---- */

/* 1 hit, 0 another driver, -1 when no override is set */
static int bx_override_match(struct device *dev,
			     const struct device_driver *drv)
{
	char name[BX_NAME_LEN];

	if (!bx_override_read(dev, name, sizeof(name)))
		return -1;
	return !strcmp(name, drv->name);
}

static int bx_bus_match(struct device *dev, const struct device_driver *drv)
{
	int ret = bx_override_match(dev, drv);

	if (ret >= 0)
		return ret;
	return bx_own_elected(to_bx_device(dev), to_bx_driver(drv));
}

/* Elect; whether another driver than the one that was tried is to have a go. */
static bool bx_own_try_again(struct bx_device *bdev)
{
	lockdep_assert_held(&bdev->elect_lock);
	return !bx_own_elect_locked(bdev) && bdev->elected &&
	       bdev->elected != bdev->tried;
}

static void bx_reattach_work(struct work_struct *work)
{
	struct bx_device *bdev = container_of(work, struct bx_device, reattach);
	bool again;

	/* The same one: an override or the hook insists on it. */
	mutex_lock(&bdev->elect_lock);
	again = bx_own_try_again(bdev);
	mutex_unlock(&bdev->elect_lock);
	if (again && device_attach(&bdev->dev) < 0)
		dev_dbg(&bdev->dev, "gone before the next best driver\n");
	put_device(&bdev->dev);	/* pairs with bx_probe_failed() */
	bx_async_end();
}

/*
 * Take the driver out of the running and let the next best have a go: it may
 * stand before this one in the driver core's list, so the walk that is under
 * way is not enough.
 */
static void bx_probe_failed(struct bx_device *bdev, struct bx_driver *drv,
			    int error)
{
	struct bx_failed *f = NULL;

	if (error == -ENODEV || error == -ENXIO)
		f = kzalloc(sizeof(*f), GFP_KERNEL);
	mutex_lock(&bdev->elect_lock);
	bdev->decision.probe_error = error;
	if (f) {
		f->order = drv->order;
		f->error = error;
		list_add(&f->node, &bdev->failed);
		bdev->elected_gen = 0;
	}
	mutex_unlock(&bdev->elect_lock);
	if (!f)
		return;

	bx_async_begin();
	get_device(&bdev->dev);
	if (!queue_work(bx_wq, &bdev->reattach)) {
		put_device(&bdev->dev);
		bx_async_end();
	}
}

static void bx_emit_dev(struct device *dev, const char *driver,
			enum bx_event_kind kind)
{
	struct bx_dev_info *info = kmalloc(sizeof(*info), GFP_KERNEL);

	if (!info)
		return;
	bx_dev_info_fill(dev, info);
	bx_emit_event(info, driver, kind);
	kfree(info);
}

static int bx_bus_probe(struct device *dev)
{
	struct bx_driver *drv = to_bx_driver(dev->driver);
	struct bx_device *bdev = to_bx_device(dev);
	int ret = bx_override_match(dev, dev->driver);

	if (ret < 0)
		ret = bx_own_elected(bdev, drv);
	if (ret <= 0)
		return ret ?: -ENODEV;

	mutex_lock(&bdev->elect_lock);
	bdev->tried = drv->order;
	mutex_unlock(&bdev->elect_lock);
	ret = bx_negotiate(bdev, drv);
	if (!ret)
		ret = drv->probe(bdev, bx_id_match(drv->id_table, &bdev->id));
	if (ret) {
		bx_probe_failed(bdev, drv, ret);
		return ret;
	}
	mutex_lock(&bdev->elect_lock);
	bdev->decision.probe_error = 0;
	mutex_unlock(&bdev->elect_lock);
	bx_emit_dev(dev, drv->name, BX_EVENT_BOUND);
	return 0;
}

static void bx_bus_remove(struct device *dev)
{
	struct bx_driver *drv = to_bx_driver(dev->driver);

	if (drv->remove)
		drv->remove(to_bx_device(dev));
	bx_emit_dev(dev, drv->name, BX_EVENT_UNBOUND);
}

static int bx_modalias(const struct bx_device *bdev, char *buf, size_t len)
{
	const struct bx_id *id = &bdev->id;

	return scnprintf(buf, len,
			 "bus_ext:%s:v%08Xd%08Xsv%08Xsd%08Xc%08Xr%08X",
			 bdev->bus->name, id->vendor, id->device,
			 id->subvendor, id->subdevice, id->class, id->revision);
}

static int bx_bus_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	const struct bx_device *bdev = container_of_const(dev, struct bx_device,
							  dev);
	char alias[BX_NAME_LEN + 80];

	bx_modalias(bdev, alias, sizeof(alias));
	return add_uevent_var(env, "MODALIAS=%s", alias) ?:
	       add_uevent_var(env, "BX_GUID=%pUl", &bdev->guid);
}

/* ---- attributes of a device ---- */

#define BX_ID_ATTR(field)						\
static ssize_t field##_show(struct device *dev,				\
			    struct device_attribute *attr, char *buf)	\
{									\
	return sysfs_emit(buf, "0x%08x\n", to_bx_device(dev)->id.field);	\
}									\
static DEVICE_ATTR_RO(field)

BX_ID_ATTR(vendor);
BX_ID_ATTR(device);
BX_ID_ATTR(subvendor);
BX_ID_ATTR(subdevice);
BX_ID_ATTR(class);
BX_ID_ATTR(revision);

static ssize_t guid_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%pUl\n", &to_bx_device(dev)->guid);
}
static DEVICE_ATTR_RO(guid);

static ssize_t modalias_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	int len = bx_modalias(to_bx_device(dev), buf, PAGE_SIZE - 1);

	return len + sysfs_emit_at(buf, len, "\n");
}
static DEVICE_ATTR_RO(modalias);

#ifndef BX_GENERIC_DRIVER_OVERRIDE
DEFINE_SPINLOCK(bx_override_spin);

static ssize_t driver_override_show(struct device *dev,
				    struct device_attribute *attr, char *buf)
{
	char name[BX_NAME_LEN];
	const char *set = bx_override_read(dev, name, sizeof(name));

	return sysfs_emit(buf, "%s\n", set ? name : "(null)");
}

static ssize_t driver_override_store(struct device *dev,
				     struct device_attribute *attr,
				     const char *buf, size_t count)
{
	char *new = kstrndup(buf, count, GFP_KERNEL);
	const char *old;

	if (!new)
		return -ENOMEM;
	strim(new);
	if (!*new) {
		kfree(new);
		new = NULL;
	}
	bx_override_lock(dev);
	old = *bx_override_slot(dev);
	*bx_override_slot(dev) = new;
	bx_override_unlock(dev);
	kfree(old);
	return count;
}
DEVICE_ATTR_RW(driver_override);
#endif

static struct attribute *bx_device_attrs[] = {
	&dev_attr_vendor.attr,
	&dev_attr_device.attr,
	&dev_attr_subvendor.attr,
	&dev_attr_subdevice.attr,
	&dev_attr_class.attr,
	&dev_attr_revision.attr,
	&dev_attr_guid.attr,
	&dev_attr_modalias.attr,
	BX_OVERRIDE_ATTR,
	NULL
};
ATTRIBUTE_GROUPS(bx_device);

/* ---- buses ---- */

bool bx_is_own(const struct device *dev)
{
	return dev->bus && dev->bus->match == bx_bus_match;
}

static int bx_reelect_dev(struct device *dev, void *forget)
{
	struct bx_device *bdev = to_bx_device(dev);
	bool again;

	/* One that is just being added gets its turn in bx_device_add(). */
	if (READ_ONCE(dev->driver) || !READ_ONCE(bdev->added))
		return 0;
	mutex_lock(&bdev->elect_lock);
	if (forget)
		bx_own_forget(bdev);
	/* On a bus without drivers nobody else would hold the election. */
	again = bx_own_try_again(bdev);
	mutex_unlock(&bdev->elect_lock);
	if (again && device_attach(dev) < 0)
		dev_dbg(dev, "deferred, or gone before its re-election\n");
	return 0;
}

static void bx_bus_reelect_work(struct work_struct *work)
{
	struct bx_bus *bus = container_of(work, struct bx_bus, reelect);

	bool forget = test_and_clear_bit(BX_BUS_FORGET, &bus->flags);

	bus_for_each_dev(&bus->type, NULL, forget ? bus : NULL, bx_reelect_dev);
	bx_async_end();
}

/*
 * What is unbound on the bus is elected anew, soon.  A driver that failed on a
 * device, or that somebody unbound from it, is tried again when policies
 * change, not whenever a driver comes.
 */
static void bx_own_reelect(struct bx_bus *bus, bool forget)
{
	if (forget)
		set_bit(BX_BUS_FORGET, &bus->flags);
	atomic64_inc_return(&bus->gen);
	bx_async_begin();
	if (!queue_work(bx_wq, &bus->reelect))
		bx_async_end();
}

/**
 * bx_own_changed() - policies of a bus changed
 * @name: the bus, "" for all; nothing happens when it is none of ours
 *
 * Context: process.
 */
void bx_own_changed(const char *name)
{
	struct bx_bus *bus;

	down_read(&bx_bus_rwsem);
	list_for_each_entry(bus, &bx_buses, node) {
		if (!*name || !strcmp(bus->name, name))
			bx_own_reelect(bus, true);
	}
	up_read(&bx_bus_rwsem);
}

static struct bx_bus *bx_bus_find(const char *name)
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
 * bx_own_bus_get() - pin the module of one of our own buses
 * @name: the bus
 * @owner: takes the module; module_put() it
 *
 * Return: 0, or -ENODEV when there is no such bus or it is going.
 */
int bx_own_bus_get(const char *name, struct module **owner)
{
	struct bx_bus *bus;

	guard(rwsem_read)(&bx_bus_rwsem);
	bus = bx_bus_find(name);
	if (!bus || !try_module_get(bus->owner))
		return -ENODEV;
	*owner = bus->owner;
	return 0;
}

/**
 * bx_own_contract() - the contract of one of our own buses
 * @name: the bus; the caller pins its module
 * @contract: takes the contract
 *
 * Return: 0 or -ENODEV.
 */
int bx_own_contract(const char *name, const struct bx_contract **contract)
{
	struct bx_bus *bus;

	guard(rwsem_read)(&bx_bus_rwsem);
	bus = bx_bus_find(name);
	if (!bus)
		return -ENODEV;
	*contract = bus->contract;
	return 0;
}

static int bx_bus_notify(struct notifier_block *nb, unsigned long action,
			 void *data)
{
	if (action == BUS_NOTIFY_ADD_DEVICE)
		bx_emit_dev(data, "", BX_EVENT_ADDED);
	return NOTIFY_OK;
}

static int bx_bus_list(struct bx_bus *bus)
{
	guard(rwsem_write)(&bx_bus_rwsem);
	if (bx_bus_find(bus->name))
		return -EEXIST;
	list_add_tail(&bus->node, &bx_buses);
	return 0;
}

/**
 * __bx_bus_register() - register a bus for one contract
 * @bus: the bus; stays the caller's
 * @owner: THIS_MODULE, by way of bx_bus_register()
 *
 * Context: process.
 * Return: 0, -EINVAL for a name that is missing or too long or a contract that
 * makes no sense, -EEXIST when the name is in use, or what bus_register()
 * returns.
 */
int __bx_bus_register(struct bx_bus *bus, struct module *owner)
{
	int err;

	if (!bus->name || !*bus->name || strlen(bus->name) >= BX_NAME_LEN ||
	    !bx_adopted_bus_get(bus->name))
		return -EINVAL;
	err = bx_contract_check(bus);
	if (err)
		return err;

	bus->owner = owner;
	mutex_init(&bus->drv_lock);
	INIT_LIST_HEAD(&bus->drivers);
	INIT_WORK(&bus->reelect, bx_bus_reelect_work);
	bus->flags = 0;
	atomic_set(&bus->ndevices, 0);
	atomic64_set(&bus->gen, 1);
	bus->type = (struct bus_type) {
		.name		= bus->name,
		.dev_groups	= bx_device_groups,
		.match		= bx_bus_match,
		.uevent		= bx_bus_uevent,
		.probe		= bx_bus_probe,
		.remove		= bx_bus_remove,
		BX_BUS_DRIVER_OVERRIDE
	};
	err = bus_register(&bus->type);
	if (err)
		return err;
	bus->kobj = bx_sysfs_add_bus(bus->name, bus->contract);
	if (IS_ERR(bus->kobj)) {
		err = PTR_ERR(bus->kobj);
		goto err_bus;
	}
	bus->nb.notifier_call = bx_bus_notify;
	err = bus_register_notifier(&bus->type, &bus->nb);
	if (err)
		goto err_sysfs;
	err = bx_bus_list(bus);
	if (err)
		goto err_notifier;
	return 0;

err_notifier:
	bus_unregister_notifier(&bus->type, &bus->nb);
err_sysfs:
	bx_sysfs_del_bus(bus->kobj);
err_bus:
	bus_unregister(&bus->type);
	return err;
}
EXPORT_SYMBOL_GPL(__bx_bus_register);

/**
 * bx_bus_unregister() - remove a bus
 * @bus: the bus, without devices and drivers
 *
 * Policies in scope of the bus pin its module, so there is none any more.
 *
 * Context: process; waits for elections and re-elections, and for whoever still
 * has a reference to one of its devices.
 */
void bx_bus_unregister(struct bx_bus *bus)
{
	down_write(&bx_bus_rwsem);
	list_del(&bus->node);
	up_write(&bx_bus_rwsem);
	if (cancel_work_sync(&bus->reelect))
		bx_async_end();
	/* a request may look at a device's bus after the device was removed */
	wait_event(bx_bus_wait, !atomic_read(&bus->ndevices));
	bus_unregister_notifier(&bus->type, &bus->nb);
	bx_sysfs_del_bus(bus->kobj);
	bus_unregister(&bus->type);
}
EXPORT_SYMBOL_GPL(bx_bus_unregister);

/* ---- devices ---- */

static void bx_device_release(struct device *dev)
{
	struct bx_device *bdev = to_bx_device(dev);
	struct bx_failed *f, *tmp;

	list_for_each_entry_safe(f, tmp, &bdev->failed, node)
		kfree(f);
	/* From here on the bus may go; what bx_device_alloc() took goes, too. */
	if (atomic_dec_and_test(&bdev->bus->ndevices))
		wake_up_all(&bx_bus_wait);
	put_device(dev->parent);
	free_percpu(bdev->calls);
	kfree(bdev->op);
	kfree(bdev->info);
	kfree(bdev);
	module_put(THIS_MODULE);
}

/* What is called when nobody provides an operation. */
static int bx_op_absent(struct bx_device *bdev, void *arg, u32 len)
{
	return -EOPNOTSUPP;
}

/* Memory for a device, with all that it is made of. */
static struct bx_device *bx_device_room(const struct bx_contract *contract,
					const struct bx_provider *provider)
{
	struct bx_device *bdev = kzalloc(sizeof(*bdev), GFP_KERNEL);

	if (!bdev)
		return NULL;
	bdev->calls = alloc_percpu(struct bx_calls);
	bdev->info = kzalloc(sizeof(*bdev->info), GFP_KERNEL);
	bdev->op = kcalloc(contract->nr_ops, sizeof(*bdev->op), GFP_KERNEL);
	if (!bdev->calls || !bdev->info || !bdev->op) {
		free_percpu(bdev->calls);
		kfree(bdev->info);
		kfree(bdev->op);
		kfree(bdev);
		return NULL;
	}
	for (u32 i = 0; i < contract->nr_ops; i++)
		bdev->op[i] = provider && bx_provides(provider, i) ?
			      provider->ops[i] : bx_op_absent;
	return bdev;
}

/**
 * bx_device_alloc() - allocate a device
 * @bus: the bus it will be on
 * @parent: the parent device, may be NULL
 * @id: its ids, copied
 * @guid: its GUID, copied; NULL or all zero for a new random one
 * @provider: how it is provided; outlives bx_device_remove()
 * @hw_data: private data for a driver that knows the hardware; outlives
 *	bx_device_remove()
 *
 * Free it with put_device(&bdev->dev) if it is never added.
 *
 * Context: process.
 * Return: the device or ERR_PTR(-ENOMEM).
 */
struct bx_device *bx_device_alloc(struct bx_bus *bus, struct device *parent,
				  const struct bx_id *id, const guid_t *guid,
				  const struct bx_provider *provider,
				  void *hw_data)
{
	struct bx_device *bdev = bx_device_room(bus->contract, provider);

	if (!bdev)
		return ERR_PTR(-ENOMEM);
	bdev->bus = bus;
	bdev->id = *id;
	if (guid && !guid_is_null(guid))
		bdev->guid = *guid;
	else
		guid_gen(&bdev->guid);
	bdev->provider = provider;
	bdev->hw_data = hw_data;
	mutex_init(&bdev->elect_lock);
	INIT_LIST_HEAD(&bdev->failed);
	bdev->ask_module = true;
	INIT_LIST_HEAD(&bdev->node);
	INIT_WORK(&bdev->reattach, bx_reattach_work);
	atomic_inc(&bus->ndevices);
	__module_get(THIS_MODULE);	/* the release function is here */
	device_initialize(&bdev->dev);
	bdev->dev.bus = &bus->type;
	bdev->dev.parent = get_device(parent);
	bdev->dev.release = bx_device_release;
	return bdev;
}
EXPORT_SYMBOL_GPL(bx_device_alloc);

static u32 bx_device_hash(const char *name)
{
	return full_name_hash(NULL, name, strlen(name));
}

/* Names are compared here because sysfs would answer with a stack trace. */
static int bx_device_list(struct bx_device *bdev)
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
		bx_device_watch(bdev);
		/* from now on other devices' calls may be redirected to it */
		hash_add_rcu(bx_device_names, &bdev->name_node,
			     bx_device_hash(dev_name(&bdev->dev)));
	}
	mutex_unlock(&bx_device_mutex);
	return err;
}

static void bx_device_unlist(struct bx_device *bdev)
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
 * bx_devices_watch() - what is watched has changed, for all devices
 * @setting: changed along with it, or NULL
 * @value: its new value
 *
 * Context: process.
 */
void bx_devices_watch(bool *setting, bool value)
{
	struct bx_device *bdev;

	guard(mutex)(&bx_device_mutex);
	if (setting)
		*setting = value;
	list_for_each_entry(bdev, &bx_devices, node)
		bx_device_watch(bdev);
}

/**
 * bx_device_add() - make a device known, elect and bind its driver
 * @bdev: from bx_device_alloc()
 * @name: its name on the bus; NULL to name it after its GUID
 *
 * On failure the caller still owns @bdev and calls put_device().
 *
 * Context: process.
 * Return: 0; -EINVAL or -EPROTONOSUPPORT when the provider is not as the
 * contract says; -EEXIST when the GUID or the name is in use; -ENAMETOOLONG;
 * what device_add() returns.  That no driver is bound is no failure.
 */
int bx_device_add(struct bx_device *bdev, const char *name)
{
	int err;

	if (name && strlen(name) >= BX_DEV_NAME_LEN)
		return -ENAMETOOLONG;
	err = name ? dev_set_name(&bdev->dev, "%s", name) :
		     dev_set_name(&bdev->dev, "%pUl", &bdev->guid);
	if (err)
		return err;
	err = bx_provider_check(bdev);
	if (err)
		return err;
	bx_dev_info_fill(&bdev->dev, bdev->info);
	err = bx_device_list(bdev);
	if (err)
		return err;
	err = device_add(&bdev->dev);
	if (err) {
		bx_device_unplug(bdev);
		bx_call_drain(bdev);
		bx_device_unlist(bdev);
		return err;
	}
	/*
	 * The driver core asks match() only when it has a driver at hand.  On
	 * a bus without any the election is held here: it may want a module.
	 * Nor was the device part of a re-election until now; the barrier pairs
	 * with that of the generation, which ends before that begins.
	 */
	smp_store_mb(bdev->added, true);
	bx_reelect_dev(&bdev->dev, NULL);
	return 0;
}
EXPORT_SYMBOL_GPL(bx_device_add);

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

/**
 * bx_device_remove() - unbind a device's driver and remove the device
 * @bdev: a device that was added
 *
 * The driver's remove() may still call the device.  When this returns nobody
 * uses the provider's operations or hw_data: calls get -ENODEV, those that were
 * in flight have ended.  The caller's reference is dropped.
 *
 * Context: process; waits for the driver's remove() and for calls in flight.
 */
void bx_device_remove(struct bx_device *bdev)
{
	struct bx_dev_info *info = kmalloc(sizeof(*info), GFP_KERNEL);

	/* Described while it has its parent, told when it is gone. */
	if (info)
		bx_dev_info_fill(&bdev->dev, info);
	device_del(&bdev->dev);
	bx_device_unplug(bdev);
	bx_call_drain(bdev);
	if (info) {
		info->flags &= ~BX_DEV_BOUND;
		bx_emit_event(info, "", BX_EVENT_REMOVED);
	}
	kfree(info);
	bx_device_unlist(bdev);
	put_device(&bdev->dev);
}
EXPORT_SYMBOL_GPL(bx_device_remove);

/* ---- drivers ---- */

/* Listed before it is registered, so that its walk over devices can elect it. */
static int bx_driver_list(struct bx_driver *drv)
{
	struct bx_bus *bus = drv->bus;
	struct bx_driver *other;
	int err = 0;

	mutex_lock(&bus->drv_lock);
	list_for_each_entry(other, &bus->drivers, node) {
		if (!strcmp(other->name, drv->name))
			err = -EEXIST;
	}
	if (!err) {
		drv->order = atomic64_inc_return(&bx_driver_order);
		list_add_tail_rcu(&drv->node, &bus->drivers);
		atomic64_inc_return(&bus->gen);
	}
	mutex_unlock(&bus->drv_lock);
	return err;
}

static void bx_driver_unlist(struct bx_driver *drv)
{
	mutex_lock(&drv->bus->drv_lock);
	list_del_rcu(&drv->node);
	atomic64_inc_return(&drv->bus->gen);
	mutex_unlock(&drv->bus->drv_lock);
}

/**
 * __bx_driver_register() - register a driver on a bus
 * @bus: the bus
 * @drv: the driver; stays the caller's
 * @owner: THIS_MODULE, by way of bx_driver_register()
 * @mod_name: KBUILD_MODNAME, likewise
 *
 * Context: process; probes devices.
 * Return: 0; -EINVAL without a name, with one of BX_NAME_LEN bytes or more, or
 * without probe(); -EPROTONOSUPPORT or -EOPNOTSUPP when it asks for what the
 * contract does not have; -EEXIST when the name is in use; what
 * driver_register() returns.
 */
int __bx_driver_register(struct bx_bus *bus, struct bx_driver *drv,
			 struct module *owner, const char *mod_name)
{
	int err;

	if (!drv->name || !*drv->name || strlen(drv->name) >= BX_NAME_LEN ||
	    !drv->probe)
		return -EINVAL;
	err = bx_driver_check(bus, drv);
	if (err)
		return err;

	drv->bus = bus;
	drv->driver.name = drv->name;
	drv->driver.bus = &bus->type;
	drv->driver.owner = owner;
	drv->driver.mod_name = mod_name;
	drv->driver.probe_type = PROBE_FORCE_SYNCHRONOUS;

	err = bx_driver_list(drv);
	if (err)
		return err;
	err = driver_register(&drv->driver);
	if (err) {
		bx_driver_unlist(drv);
		synchronize_srcu(&bx_srcu);
		return err;
	}
	/* The driver core has tried this driver alone: another may win now. */
	bx_own_reelect(bus, false);
	return 0;
}
EXPORT_SYMBOL_GPL(__bx_driver_register);

/**
 * bx_driver_unregister() - remove a driver
 * @drv: a registered driver
 *
 * Its devices are unbound, then elected anew.
 *
 * Context: process; waits for remove() and for elections that look at @drv.
 */
void bx_driver_unregister(struct bx_driver *drv)
{
	struct bx_bus *bus = drv->bus;

	bx_driver_unlist(drv);
	driver_unregister(&drv->driver);
	synchronize_srcu(&bx_srcu);
	bx_own_reelect(bus, false);
}
EXPORT_SYMBOL_GPL(bx_driver_unregister);

/* ---- on request ---- */

/**
 * bx_own_rebind() - bind a device to the driver that is elected now
 * @bdev: the device
 *
 * Context: process; unbinds and probes.
 * Return: 1 when the driver changed, 0 when it stayed, -ENODEV when the device
 * is gone, -EAGAIN when none is bound although one was elected or when it is just
 * being added, or an errno.
 */
int bx_own_rebind(struct bx_device *bdev)
{
	char before[BX_NAME_LEN], after[BX_NAME_LEN];
	struct bx_decision dec;
	int err;

	if (!device_is_registered(&bdev->dev))
		return -ENODEV;
	if (!READ_ONCE(bdev->added))
		return -EAGAIN;
	mutex_lock(&bdev->elect_lock);
	bx_own_forget(bdev);
	err = bx_own_elect_locked(bdev);
	dec = bdev->decision;
	mutex_unlock(&bdev->elect_lock);
	if (err)
		return err;

	bx_dev_driver_name(&bdev->dev, before, sizeof(before));
	if (*before && strcmp(before, dec.driver))
		device_release_driver(&bdev->dev);
	err = device_attach(&bdev->dev);
	if (err < 0 && err != -EPROBE_DEFER)
		return err;
	bx_dev_driver_name(&bdev->dev, after, sizeof(after));
	if (!*after && dec.outcome == BX_OUT_DRIVER)
		return device_is_registered(&bdev->dev) ? -EAGAIN : -ENODEV;
	return strcmp(before, after) != 0;
}
