// SPDX-License-Identifier: GPL-2.0-only
/*
 * bx-composite: composite devices, see <linux/bx_composite.h>
 *
 * Which devices are parts, and which of them are there, is known in kernel/part.c, which
 * calls bx_comp_came() and bx_comp_leaves() with the lock of the part held.  One work item
 * does all that takes long and is not urgent: it adds and removes composite devices, and has
 * their drivers probed.  A part that leaves has the driver unbound at once.
 *
 * Locks: bx_comp_mutex protects the list and the parts of composite devices.  No driver is
 * called with it.  A driver is bound under the lock of the composite device: so a part that
 * leaves either has left the list before bx_comp_prepare(), or its unbinding waits for the
 * probe.
 */
#include <linux/bx_composite.h>
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>
#include "part.h"

/**
 * struct bx_comp - a composite device
 * @node: entry in bx_comps
 * @name: its name
 * @bdev: the device; NULL before it is added
 * @parts: struct bx_part.use: the parts that are there, in the order of their coming
 * @driver: the driver that is bound, or probed, or was probed last; empty for none
 * @need: names of the parts that @driver needs
 * @optional: bitmap of @need
 * @bound: @used and @link are in use
 * @used: the parts of @need that it has, or NULL
 * @link: links to these parts
 * @changed: a part has come or left since the work item has seen it
 * @broken: bx_device_add() has failed, which is logged once
 */
struct bx_comp {
	struct list_head	node;
	char			name[BX_DEV_NAME_LEN];
	struct bx_device	*bdev;
	struct list_head	parts;
	char			driver[BX_NAME_LEN];
	char			need[BX_COMPOSITE_PARTS][BX_NAME_LEN];
	u32			optional;
	bool			bound;
	struct bx_part		*used[BX_COMPOSITE_PARTS];
	struct device_link	*link[BX_COMPOSITE_PARTS];
	bool			changed;
	bool			broken;
};

#define BX_COMP_RETRY	HZ

static LIST_HEAD(bx_comps);
static DEFINE_MUTEX(bx_comp_mutex);	/* bx_comps and what is in it */

/* A remove() may make parts of other composite devices leave: any number at once. */
static struct workqueue_struct *bx_comp_wq;

static void bx_comp_work_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(bx_comp_work, bx_comp_work_fn);

/* ---- parts ---- */

static struct bx_comp *bx_comp_find(const char *name)
{
	struct bx_comp *comp;

	list_for_each_entry(comp, &bx_comps, node) {
		if (!strcmp(comp->name, name))
			return comp;
	}
	return NULL;
}

/* The first part of this name; devices that came later with the same name are spare. */
static struct bx_part *bx_comp_part(const struct bx_comp *comp, const char *name)
{
	struct bx_part *part;

	lockdep_assert_held(&bx_comp_mutex);
	list_for_each_entry(part, &comp->parts, use) {
		if (!strcmp(part->name, name))
			return part;
	}
	return NULL;
}

static struct bx_comp *bx_comp_get(const char *name)
{
	struct bx_comp *comp = bx_comp_find(name);

	if (comp)
		return comp;
	comp = kzalloc(sizeof(*comp), GFP_KERNEL);
	if (!comp)
		return NULL;
	strscpy(comp->name, name, sizeof(comp->name));
	INIT_LIST_HEAD(&comp->parts);
	list_add_tail(&comp->node, &bx_comps);
	return comp;
}

/* bx_comp_mutex is held */
static void bx_comp_mark(struct bx_comp *comp)
{
	comp->changed = true;
	mod_delayed_work(system_wq, &bx_comp_work, 0);
}

/* Tries again what has failed, mostly for lack of memory. */
static void bx_comp_retry(struct bx_comp *comp)
{
	guard(mutex)(&bx_comp_mutex);
	comp->changed = true;
	schedule_delayed_work(&bx_comp_work, BX_COMP_RETRY);
}

static int bx_comp_came(struct bx_part *part)
{
	struct bx_comp *comp;

	guard(mutex)(&bx_comp_mutex);
	comp = bx_comp_get(part->composite);
	if (!comp)
		return -ENOMEM;
	part->of = comp;
	list_add_tail(&part->use, &comp->parts);
	bx_comp_mark(comp);
	return 0;
}

/* Takes a part off the list; returns the device if its driver uses the part, referenced. */
static struct bx_device *bx_comp_take(struct bx_part *part)
{
	struct bx_comp *comp = part->of;

	guard(mutex)(&bx_comp_mutex);
	list_del_init(&part->use);
	bx_comp_mark(comp);
	if (!comp->bound || !part->busy)
		return NULL;
	get_device(&comp->bdev->dev);
	return comp->bdev;
}

/* A driver that is being unbound, for a part that leaves */
struct bx_comp_unbind {
	struct work_struct	work;
	struct device		*dev;
	struct completion	done;
};

static void bx_comp_unbind_fn(struct work_struct *work)
{
	struct bx_comp_unbind *unbind = container_of(work, struct bx_comp_unbind, work);

	device_release_driver(unbind->dev);
	complete(&unbind->done);
}

/*
 * Unbinds the driver, and waits for it.  The caller is in the notifier of another bus.  The
 * locks of all notifiers are one class for lockdep, so the notifier of this bus runs in
 * another thread; no part can be on this bus, so there is no cycle.
 */
static void bx_comp_unbind(struct device *dev)
{
	struct bx_comp_unbind unbind = { .dev = dev };

	init_completion(&unbind.done);
	INIT_WORK_ONSTACK(&unbind.work, bx_comp_unbind_fn);
	queue_work(bx_comp_wq, &unbind.work);
	wait_for_completion(&unbind.done);
	destroy_work_on_stack(&unbind.work);
}

static void bx_comp_leaves(struct bx_part *part)
{
	struct bx_device *bdev = bx_comp_take(part);
	struct bx_comp *comp;

	if (!bdev)
		return;
	dev_info(&bdev->dev, "part '%s' leaves: %s\n", part->name, dev_name(part->dev));
	bx_comp_unbind(&bdev->dev);
	put_device(&bdev->dev);
	/* an optional part is not needed, and a spare one may be there */
	guard(mutex)(&bx_comp_mutex);
	comp = bx_comp_find(part->composite);
	if (comp)
		bx_comp_mark(comp);
}

static const struct bx_part_user bx_comp_user = {
	.came	= bx_comp_came,
	.leaves	= bx_comp_leaves,
};

/* ---- the driver ---- */

static const struct bx_composite_driver *to_composite_driver(const struct bx_driver *drv)
{
	return container_of_const(drv, struct bx_composite_driver, drv);
}

/* Whether the type of the device, up to the first '.', is that of the driver */
static bool bx_comp_claims(const struct bx_device *bdev, const struct bx_driver *drv)
{
	const char *type = to_composite_driver(drv)->type, *name = dev_name(&bdev->dev);
	size_t len = strcspn(name, ".");

	return strlen(type) == len && !strncmp(name, type, len);
}

static int bx_comp_modalias(const struct bx_device *bdev, char *buf, size_t len)
{
	const char *name = dev_name(&bdev->dev);

	return scnprintf(buf, len, "bus_ext:" BX_COMPOSITE_BUS ":type=%.*s",
			 (int)strcspn(name, "."), name);
}

/* The driver may be unregistered later: its needs are copied. */
static void bx_comp_copy_needs(struct bx_comp *comp, const struct bx_composite_driver *drv)
{
	memset(comp->need, 0, sizeof(comp->need));
	comp->optional = 0;
	strscpy(comp->driver, drv->drv.name, sizeof(comp->driver));
	for (u32 i = 0; drv->needs[i].name; i++) {
		strscpy(comp->need[i], drv->needs[i].name, sizeof(comp->need[i]));
		comp->optional |= drv->needs[i].optional << i;
	}
}

/* The name of the first part that is missing, or NULL */
static const char *bx_comp_missing(const struct bx_comp *comp)
{
	for (u32 i = 0; i < BX_COMPOSITE_PARTS && *comp->need[i]; i++) {
		if (!(comp->optional & BIT(i)) && !bx_comp_part(comp, comp->need[i]))
			return comp->need[i];
	}
	return NULL;
}

static const char *bx_comp_take_parts(struct bx_comp *comp, const struct bx_composite_driver *drv)
{
	const char *missing;

	guard(mutex)(&bx_comp_mutex);
	bx_comp_copy_needs(comp, drv);
	missing = bx_comp_missing(comp);
	if (missing)
		return missing;
	for (u32 i = 0; i < BX_COMPOSITE_PARTS && *comp->need[i]; i++) {
		comp->used[i] = bx_comp_part(comp, comp->need[i]);
		if (comp->used[i])
			WRITE_ONCE(comp->used[i]->busy, true);
	}
	comp->bound = true;
	return NULL;
}

/* The parts are used no more; the lock of the composite device is held. */
static void bx_comp_drop_parts(struct bx_comp *comp)
{
	for (u32 i = 0; i < BX_COMPOSITE_PARTS; i++) {
		if (comp->link[i])
			device_link_del(comp->link[i]);
		comp->link[i] = NULL;
	}
	guard(mutex)(&bx_comp_mutex);
	for (u32 i = 0; i < BX_COMPOSITE_PARTS; i++) {
		/* one that leaves is freed after this */
		if (comp->used[i] && !list_empty(&comp->used[i]->use))
			bx_part_unused(comp->used[i]);
		comp->used[i] = NULL;
	}
	comp->bound = false;
}

/* The composite device is suspended before its parts, and resumed after them. */
static int bx_comp_link_parts(struct bx_comp *comp)
{
	struct device *dev = &comp->bdev->dev;

	for (u32 i = 0; i < BX_COMPOSITE_PARTS; i++) {
		if (!comp->used[i])
			continue;
		comp->link[i] = device_link_add(dev, comp->used[i]->dev, DL_FLAG_STATELESS);
		if (!comp->link[i]) {
			dev_dbg(dev, "cannot depend on part '%s'\n", comp->need[i]);
			bx_comp_retry(comp);
			return -EPROBE_DEFER;
		}
	}
	return 0;
}

static int bx_comp_prepare(struct bx_device *bdev, struct bx_driver *drv)
{
	struct bx_comp *comp = bdev->hw_data;
	const char *missing = bx_comp_take_parts(comp, to_composite_driver(drv));

	/* no dev_err_probe(): after a bind by hand the driver core leaks the reason */
	if (missing) {
		dev_dbg(&bdev->dev, "part '%s' is missing\n", missing);
		return -EPROBE_DEFER;
	}
	return bx_comp_link_parts(comp);
}

static const struct bx_bus_ops bx_comp_ops = {
	.claims		= bx_comp_claims,
	.prepare	= bx_comp_prepare,
	.modalias	= bx_comp_modalias,
};

static const struct bx_contract bx_comp_contract = {
	.name		= "composite",
	.version	= BX_COMPOSITE_VERSION,
};

struct bx_bus bx_composite_bus = {
	.name		= BX_COMPOSITE_BUS,
	.contract	= &bx_comp_contract,
	.ops		= &bx_comp_ops,
};
EXPORT_SYMBOL_GPL(bx_composite_bus);

/* No driver is bound any more, or its probe has failed; the lock of the device is held. */
static int bx_comp_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct bx_device *bdev = to_bx_device((struct device *)data);

	if (action == BUS_NOTIFY_UNBOUND_DRIVER || action == BUS_NOTIFY_DRIVER_NOT_BOUND)
		bx_comp_drop_parts(bdev->hw_data);
	return NOTIFY_OK;
}

static struct notifier_block bx_comp_nb = { .notifier_call = bx_comp_notify };

/**
 * bx_composite_part() - get a part of a composite device
 * @bdev: the composite device
 * @name: name of the part
 *
 * Context: process; the caller is the driver, from probe() to remove().
 * Return: the part, valid until remove() returns; NULL for an optional one that is not there,
 * and for a name that the driver has not given.
 */
struct device *bx_composite_part(struct bx_device *bdev, const char *name)
{
	const struct bx_comp *comp = bdev->hw_data;

	guard(mutex)(&bx_comp_mutex);
	for (u32 i = 0; i < BX_COMPOSITE_PARTS; i++) {
		if (comp->used[i] && !strcmp(comp->need[i], name))
			return comp->used[i]->dev;
	}
	return NULL;
}
EXPORT_SYMBOL_GPL(bx_composite_part);

static bool bx_comp_needs_are_valid(const struct bx_composite_driver *drv)
{
	const struct bx_composite_need *needs = drv->needs;
	u32 n = 0;

	if (!drv->type || !needs || strchr(drv->type, '.'))
		return false;
	for (; needs[n].name; n++) {
		if (n == BX_COMPOSITE_PARTS || !bx_part_name_check(drv->type, needs[n].name))
			return false;
		for (u32 i = 0; i < n; i++) {
			if (!strcmp(needs[i].name, needs[n].name))
				return false;
		}
	}
	return n;
}

/**
 * __bx_composite_driver_register() - register a driver of composite devices
 * @drv: the driver, owned by the caller
 * @owner: THIS_MODULE, set by bx_composite_driver_register()
 * @mod_name: KBUILD_MODNAME, likewise
 *
 * Context: process; probes devices.
 * Return: 0; -EINVAL for an invalid or missing type, an invalid name of a part, the same name
 * twice, no part or more than BX_COMPOSITE_PARTS; the errnos of bx_driver_register().
 */
int __bx_composite_driver_register(struct bx_composite_driver *drv, struct module *owner,
				   const char *mod_name)
{
	if (!bx_comp_needs_are_valid(drv))
		return -EINVAL;
	return __bx_driver_register(&bx_composite_bus, &drv->drv, owner, mod_name);
}
EXPORT_SYMBOL_GPL(__bx_composite_driver_register);

/**
 * bx_composite_driver_unregister() - remove a driver of composite devices
 * @drv: a registered driver
 *
 * Context: process; unbinds its devices.
 */
void bx_composite_driver_unregister(struct bx_composite_driver *drv)
{
	bx_driver_unregister(&drv->drv);
}
EXPORT_SYMBOL_GPL(bx_composite_driver_unregister);

/* ---- attributes ---- */

/* A line for each part: its name, the device, what becomes of it, the policy that names it */
static ssize_t parts_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct bx_comp *comp = to_bx_device(dev)->hw_data;
	const struct bx_part *part;
	int len = 0;

	guard(mutex)(&bx_comp_mutex);
	list_for_each_entry(part, &comp->parts, use)
		len += sysfs_emit_at(buf, len, "%s %s/%s %s %s\n", part->name,
				     part->dev->bus->name, dev_name(part->dev),
				     part->busy ? "used" :
				     bx_comp_part(comp, part->name) == part ? "free" : "spare",
				     part->policy);
	return len;
}
static DEVICE_ATTR_RO(parts);

/* The names of the parts that the driver waits for */
static ssize_t missing_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct bx_comp *comp = to_bx_device(dev)->hw_data;
	int len = 0;

	guard(mutex)(&bx_comp_mutex);
	for (u32 i = 0; i < BX_COMPOSITE_PARTS && *comp->need[i]; i++) {
		if (!(comp->optional & BIT(i)) && !bx_comp_part(comp, comp->need[i]))
			len += sysfs_emit_at(buf, len, "%s%s", len ? " " : "", comp->need[i]);
	}
	return len + sysfs_emit_at(buf, len, "\n");
}
static DEVICE_ATTR_RO(missing);

static struct attribute *bx_comp_attrs[] = {
	&dev_attr_parts.attr,
	&dev_attr_missing.attr,
	NULL
};
ATTRIBUTE_GROUPS(bx_comp);

/* ---- composite devices; only the work item adds and removes them ---- */

static struct device *bx_comp_root;

static const struct bx_provider bx_comp_provider = { .version = BX_COMPOSITE_VERSION };

/* Probes the driver at once if no part is missing. */
static void bx_comp_add(struct bx_comp *comp)
{
	static const struct bx_id id;
	struct bx_device *bdev;
	int err;

	bdev = bx_device_alloc(&bx_composite_bus, bx_comp_root, &id, NULL, &bx_comp_provider,
			       comp);
	err = PTR_ERR_OR_ZERO(bdev);
	if (!err) {
		bdev->dev.groups = bx_comp_groups;
		scoped_guard(mutex, &bx_comp_mutex)
			comp->bdev = bdev;
		err = bx_device_add(bdev, comp->name);
	}
	if (!err)
		return;
	if (!comp->broken)
		pr_err("bx_composite: cannot add device '%s': %d\n", comp->name, err);
	comp->broken = true;
	scoped_guard(mutex, &bx_comp_mutex)
		comp->bdev = NULL;
	if (!IS_ERR(bdev))
		put_device(&bdev->dev);
	bx_comp_retry(comp);
}

/* References the parts that the driver needs and that have no driver of their own. */
static u32 bx_comp_get_free_parts(const struct bx_comp *comp, struct device **devs)
{
	const struct bx_part *part;
	u32 n = 0;

	guard(mutex)(&bx_comp_mutex);
	for (u32 i = 0; i < BX_COMPOSITE_PARTS && *comp->need[i]; i++) {
		part = bx_comp_part(comp, comp->need[i]);
		if (part && !(part->flags & BX_PART_BOUND))
			devs[n++] = get_device(part->dev);
	}
	return n;
}

/*
 * Probes the driver.  The notifier that tells that a part has no driver any more comes before
 * the driver core has cleaned up: wait for the end of that.
 */
static void bx_comp_attach(struct bx_comp *comp)
{
	struct device *devs[BX_COMPOSITE_PARTS];
	u32 n = bx_comp_get_free_parts(comp, devs);

	while (n--) {
		device_lock(devs[n]);
		device_unlock(devs[n]);
		put_device(devs[n]);
	}
	if (device_attach(&comp->bdev->dev) < 0)
		dev_dbg(&comp->bdev->dev, "deferred\n");
}

static void bx_comp_end(struct bx_comp *comp)
{
	if (comp->bdev)
		bx_device_remove(comp->bdev);
	kfree(comp);
}

/* The next composite device whose parts have changed, or NULL; without parts it is off the list. */
static struct bx_comp *bx_comp_next_changed(bool *ends, bool *complete)
{
	struct bx_comp *comp;

	guard(mutex)(&bx_comp_mutex);
	list_for_each_entry(comp, &bx_comps, node) {
		if (!comp->changed)
			continue;
		comp->changed = false;
		*ends = list_empty(&comp->parts);
		*complete = !comp->bound && !bx_comp_missing(comp);
		if (*ends)
			list_del(&comp->node);
		return comp;
	}
	return NULL;
}

static void bx_comp_work_fn(struct work_struct *work)
{
	struct bx_comp *comp;
	bool ends, complete;

	while ((comp = bx_comp_next_changed(&ends, &complete))) {
		if (ends) {
			bx_comp_end(comp);
			continue;
		}
		if (!comp->bdev)
			bx_comp_add(comp);
		else if (complete)
			bx_comp_attach(comp);
		if (comp->bdev)
			kobject_uevent(&comp->bdev->dev.kobj, KOBJ_CHANGE);
	}
}

/* ---- init ---- */

static int __init bx_composite_init(void)
{
	int err;

	bx_comp_wq = alloc_workqueue("bx_composite", WQ_UNBOUND, WQ_UNBOUND_MAX_ACTIVE);
	if (!bx_comp_wq)
		return -ENOMEM;
	bx_comp_root = root_device_register("bx_composite");
	err = PTR_ERR_OR_ZERO(bx_comp_root);
	if (err)
		goto err_wq;
	err = bx_bus_register(&bx_composite_bus);
	if (err)
		goto err_root;
	err = bus_register_notifier(&bx_composite_bus.type, &bx_comp_nb);
	if (err)
		goto err_bus;
	err = bx_parts_use(&bx_comp_user);
	if (err)
		goto err_notifier;
	return 0;

err_notifier:
	bus_unregister_notifier(&bx_composite_bus.type, &bx_comp_nb);
err_bus:
	bx_bus_unregister(&bx_composite_bus);
err_root:
	root_device_unregister(bx_comp_root);
err_wq:
	destroy_workqueue(bx_comp_wq);
	return err;
}
module_init(bx_composite_init);

/* No driver is registered, which would pin this module: nothing is bound. */
static void __exit bx_composite_exit(void)
{
	struct bx_comp *comp, *tmp;

	bx_parts_release();
	cancel_delayed_work_sync(&bx_comp_work);
	list_for_each_entry_safe(comp, tmp, &bx_comps, node)
		bx_comp_end(comp);
	bus_unregister_notifier(&bx_composite_bus.type, &bx_comp_nb);
	bx_bus_unregister(&bx_composite_bus);
	root_device_unregister(bx_comp_root);
	destroy_workqueue(bx_comp_wq);
}
module_exit(bx_composite_exit);

MODULE_DESCRIPTION("bus_ext: bus of composite devices");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
