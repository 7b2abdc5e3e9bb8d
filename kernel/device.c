// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices on own buses: the functions for parents, and the attributes
 */
#include <linux/wait_bit.h>
#include "core.h"
#include "lifecycle.h"

/* ---- attributes ---- */

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

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", bx_state_name(READ_ONCE(to_bx_device(dev)->state)));
}
static DEVICE_ATTR_RO(state);

static ssize_t generation_show(struct device *dev, struct device_attribute *attr,
			       char *buf)
{
	return sysfs_emit(buf, "%llu\n", to_bx_device(dev)->generation);
}
static DEVICE_ATTR_RO(generation);

static struct attribute *bx_device_attrs[] = {
	&dev_attr_vendor.attr,
	&dev_attr_device.attr,
	&dev_attr_subvendor.attr,
	&dev_attr_subdevice.attr,
	&dev_attr_class.attr,
	&dev_attr_revision.attr,
	&dev_attr_guid.attr,
	&dev_attr_modalias.attr,
	&dev_attr_state.attr,
	&dev_attr_generation.attr,
	NULL
};

static const struct attribute_group bx_device_group = {
	.attrs = bx_device_attrs,
};

const struct attribute_group *bx_device_groups[] = { &bx_device_group, NULL };

int bx_device_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	const struct bx_device *bdev = container_of_const(dev, struct bx_device,
							  dev);
	char alias[BX_MODALIAS_LEN];

	bx_modalias(bdev, alias, sizeof(alias));
	return add_uevent_var(env, "MODALIAS=%s", alias) ?:
	       add_uevent_var(env, "BX_GUID=%pUl", &bdev->guid) ?:
	       add_uevent_var(env, "BX_GENERATION=%llu", bdev->generation) ?:
	       add_uevent_var(env, "BX_STATE=%s", bx_state_name(READ_ONCE(bdev->state))) ?:
	       (bdev->inst ? add_uevent_var(env, "BX_TYPE=%s", bdev->inst->type->name) : 0);
}

/* ---- allocation ---- */

static atomic64_t bx_generations;

static void bx_device_release(struct device *dev)
{
	struct bx_device *bdev = to_bx_device(dev);
	struct module *owner = bdev->pins_owner ? bdev->bus->owner : NULL;

	bx_own_device_exit(bdev);
	/* From here on the bus may be freed. */
	if (atomic_dec_and_test(&bdev->bus->ndevices))
		wake_up_var(&bdev->bus->ndevices);
	put_device(dev->parent);
	free_percpu(bdev->calls);
	kfree(bdev->op);
	kfree(bdev->info);
	bx_instance_free(bdev->inst);
	kfree_rcu(bdev, rcu);	/* bx_call_end() reads it */
	module_put(owner);
	module_put(THIS_MODULE);	/* bx_exit() waits for this function */
}

/* Stands in for an operation that the provider does not implement. */
static int bx_op_absent(struct bx_device *bdev, void *arg, u32 len)
{
	return -EOPNOTSUPP;
}

/* Allocates a device and its parts. */
static struct bx_device *__bx_device_alloc(const struct bx_contract *contract,
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
 * @bus: the bus of the device
 * @parent: the parent device, may be NULL
 * @id: its ids, copied
 * @guid: its GUID, copied; NULL or all zero for a new random one
 * @provider: its provider; must outlive bx_device_remove()
 * @hw_data: private data for a driver that knows the hardware; must outlive
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
	struct bx_device *bdev = __bx_device_alloc(bus->contract, provider);

	if (!bdev)
		return ERR_PTR(-ENOMEM);
	bdev->bus = bus;
	bdev->id = *id;
	if (guid && !guid_is_null(guid))
		bdev->guid = *guid;
	else
		guid_gen(&bdev->guid);
	rcuwait_init(&bdev->drain);
	bdev->generation = atomic64_inc_return(&bx_generations);
	bdev->provider = provider;
	bdev->hw_data = hw_data;
	bx_own_device_init(bdev);
	INIT_LIST_HEAD(&bdev->node);
	atomic_inc(&bus->ndevices);
	__module_get(THIS_MODULE);	/* the release function is here */
	device_initialize(&bdev->dev);
	bdev->dev.bus = &bus->type;
	bdev->dev.parent = get_device(parent);
	/* device_add() would do it too late for bdev->info */
	if (parent)
		set_dev_node(&bdev->dev, dev_to_node(parent));
	bdev->dev.release = bx_device_release;
	return bdev;
}
EXPORT_SYMBOL_GPL(bx_device_alloc);

/* ---- add and remove ---- */

/* The provider is not called any more after this; in process context. */
void bx_device_end_calls(struct bx_device *bdev)
{
	bx_device_unplug(bdev);
	bx_call_drain(bdev);
	bx_state_set(bdev, BX_STATE_GONE);
}

/**
 * bx_device_add() - add a device, elect and bind its driver
 * @bdev: the device, from bx_device_alloc()
 * @name: its name on the bus; NULL to name it after its GUID
 *
 * On failure the caller still owns @bdev and calls put_device().
 *
 * Context: process.
 * Return: 0, also if no driver was bound; -EINVAL or -EPROTONOSUPPORT if the
 * provider breaks the contract; -EEXIST if the GUID or the name is in use;
 * -ENAMETOOLONG; -ENOMEM; the errno of device_add().
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
		bx_device_end_calls(bdev);
		bx_device_unlist(bdev);
		return err;
	}
	/*
	 * The driver core calls match() only for registered drivers.  On a bus
	 * without drivers the election is held here, since it may request a
	 * module.  Re-elections skipped the device until now.  The barrier
	 * pairs with that of the generation, which is incremented before a
	 * re-election.
	 */
	smp_store_mb(bdev->added, true);
	bx_own_reelect_dev(&bdev->dev, READ_ONCE(bdev->forget) ? bdev : NULL);
	bx_part_ask(&bdev->dev);	/* a driver can be bound to it from now on */
	return 0;
}
EXPORT_SYMBOL_GPL(bx_device_add);

/**
 * bx_device_remove() - unbind a device's driver and remove the device
 * @bdev: an added device
 *
 * The driver's remove() may still call the device.  Afterwards the provider's
 * operations and hw_data are no longer used: new calls return -ENODEV, and
 * calls in flight have ended.  Drops the caller's reference.
 *
 * Context: process; waits for the driver's remove() and for calls in flight.
 */
void bx_device_remove(struct bx_device *bdev)
{
	struct bx_dev_info *info = kmalloc(sizeof(*info), GFP_KERNEL);

	/* Describe the device before removal, emit the event afterwards. */
	if (info)
		bx_dev_info_fill(&bdev->dev, info);
	bx_state_drain(bdev);
	device_del(&bdev->dev);		/* drains calls, see bx_bus_notify() */
	if (info) {
		info->flags &= ~BX_DEV_BOUND;
		bx_emit_event(info, "", BX_EVENT_REMOVED);
	}
	kfree(info);
	bx_deferral_end(&bdev->deferral);
	bx_deferrals_event(&bdev->bus->deferrals, &bdev->dev, bdev->id.vendor);
	bx_device_unlist(bdev);
	/*
	 * The parent's module pinned the bus until now.  A module that has both
	 * is being unloaded here, so bx_bus_unregister() must wait.
	 */
	bdev->pins_owner = try_module_get(bdev->bus->owner);
	put_device(&bdev->dev);
}
EXPORT_SYMBOL_GPL(bx_device_remove);
