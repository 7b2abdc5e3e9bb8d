// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that are created on request: creation and end
 *
 * A creation reserves capacity, asks the policies (admission.c), lets the parent prepare the
 * hardware, and adds the device.  It either succeeds or leaves nothing.  The device is
 * complete when a driver was found for it, or none: that a driver is bound is not part of
 * the creation.
 *
 * Locking: bx_parent.going_sem is held for reading around a creation and an end by people,
 * and taken for writing by the end of the parent, which then ends all devices itself.  An
 * instance is ended by the task that has claimed it, under bx_parent.lock.
 */
#include <linux/cred.h>
#include <linux/xarray.h>
#include "core.h"
#include "lifecycle.h"

/* Number of devices that each user has created, by user id */
static DEFINE_XARRAY(bx_users);
static DEFINE_MUTEX(bx_users_lock);	/* protects bx_users; inside bx_parent.lock */

/* ---- capacity ---- */

/* Adds @n to the number of a user's devices; returns the number or -ENOMEM. */
static int bx_user_count(kuid_t uid, int n)
{
	unsigned long index = __kuid_val(uid);
	void *entry;
	long count;

	guard(mutex)(&bx_users_lock);
	entry = xa_load(&bx_users, index);
	count = (entry ? xa_to_value(entry) : 0) + n;
	if (!count) {
		xa_erase(&bx_users, index);
		return 0;
	}
	return xa_err(xa_store(&bx_users, index, xa_mk_value(count), GFP_KERNEL)) ?:
	       count;
}

/* The number of devices that fit beside those that exist; bx_parent.lock is held. */
static u32 bx_type_room(const struct bx_type_dir *dir)
{
	const struct bx_parent *parent = dir->parent;
	const struct bx_type *type = dir->type;
	u32 room = U32_MAX;

	lockdep_assert_held(&parent->lock);
	if (type->max)
		room = type->max - dir->nr;
	if (parent->capacity && type->units)
		room = min(room, (parent->capacity - parent->used) / type->units);
	return room;
}

/**
 * bx_instances_available() - the number of devices that can still be created
 * @dir: the type
 *
 * Types of a parent may share its capacity, so the number changes with those of others.
 *
 * Context: process.
 */
u32 bx_instances_available(struct bx_type_dir *dir)
{
	guard(mutex)(&dir->parent->lock);
	return bx_type_room(dir);
}

static int bx_instance_reserve(struct bx_instance *inst)
{
	struct bx_parent *parent = inst->parent;
	int of_user;

	guard(mutex)(&parent->lock);
	if (!bx_type_room(inst->dir))
		return -EUSERS;
	of_user = bx_user_count(inst->uid, 1);
	if (of_user < 0)
		return of_user;
	inst->of_user = of_user;
	inst->of_type = ++inst->dir->nr;
	inst->of_parent = ++parent->nr;
	parent->used += inst->type->units;
	list_add_tail(&inst->node, &parent->instances);
	return 0;
}

static void bx_instance_release(struct bx_instance *inst)
{
	struct bx_parent *parent = inst->parent;

	guard(mutex)(&parent->lock);
	list_del(&inst->node);
	parent->used -= inst->type->units;
	parent->nr--;
	inst->dir->nr--;
	bx_user_count(inst->uid, -1);	/* stores a smaller number, which needs no memory */
}

/* ---- creation ---- */

static struct bx_instance *bx_instance_alloc(struct bx_type_dir *dir, const guid_t *guid,
					     struct device *front)
{
	struct bx_instance *inst = kzalloc(sizeof(*inst), GFP_KERNEL);

	if (!inst)
		return NULL;
	inst->values = kcalloc(dir->type->nr_settings, sizeof(*inst->values), GFP_KERNEL);
	if (!inst->values) {
		kfree(inst);
		return NULL;
	}
	inst->parent = dir->parent;
	inst->type = dir->type;
	inst->dir = dir;
	inst->guid = *guid;
	inst->front = front;
	inst->uid = current_uid();
	return inst;
}

static int bx_instance_link(struct bx_instance *inst)
{
	struct kobject *kobj = &inst->bdev->dev.kobj;
	int err;

	err = sysfs_create_link(inst->dir->devices, kobj, kobject_name(kobj));
	if (err)
		return err;
	err = sysfs_create_link(kobj, &inst->dir->kobj, "bx_type");
	if (err)
		sysfs_remove_link(inst->dir->devices, kobject_name(kobj));
	return err;
}

static void bx_instance_unlink(struct bx_instance *inst)
{
	struct kobject *kobj = &inst->bdev->dev.kobj;

	sysfs_remove_link(kobj, "bx_type");
	sysfs_remove_link(inst->dir->devices, kobject_name(kobj));
}

/* Adds the device; on success it owns the instance, on failure nothing of it is left. */
static int bx_instance_add(struct bx_instance *inst)
{
	struct bx_device *bdev;
	int err;

	/* the front has the same name, so the device is below it */
	bdev = bx_device_alloc(inst->type->bus, inst->front ?: inst->parent->dev, &inst->type->id,
			       &inst->guid, inst->provider, inst->hw_data);
	if (IS_ERR(bdev))
		return PTR_ERR(bdev);
	bdev->dev.groups = inst->dir->groups;
	bdev->inst = inst;
	inst->bdev = bdev;
	err = bx_device_add(bdev, NULL);
	if (!err) {
		err = bx_instance_link(inst);
		if (!err)
			return 0;
		get_device(&bdev->dev);
		bx_device_remove(bdev);
	}
	bdev->inst = NULL;	/* its files are gone */
	put_device(&bdev->dev);
	return err;
}

/* All steps after the reservation */
static int bx_instance_make(struct bx_instance *inst)
{
	const struct bx_parent_ops *ops = inst->parent->ops;
	int err;

	err = bx_admit(inst);
	if (err)
		return err;
	err = ops->create(inst);
	if (err)
		return err;
	err = WARN_ON_ONCE(!inst->provider) ? -EINVAL : bx_instance_add(inst);
	if (err && ops->destroy)
		ops->destroy(inst);
	return err;
}

static int bx_instance_try(struct bx_instance *inst, char *words)
{
	int err;

	err = bx_settings_parse(inst->type, words, inst->values);
	if (err)
		return err;
	if (bx_guid_exists(&inst->guid))
		return -EEXIST;
	err = bx_instance_reserve(inst);
	if (err)
		return err;
	err = bx_instance_make(inst);
	if (err) {
		bx_instance_release(inst);
		return err;
	}
	guard(mutex)(&inst->parent->lock);
	inst->ready = true;
	return 0;
}

/**
 * bx_instance_create() - create a device
 * @dir: its type
 * @guid: its GUID, which is its name
 * @words: values of its settings, "NAME=VALUE" with spaces between; changed
 * @front: the device that represents it on another bus, or NULL
 *
 * Context: process.
 * Return: the instance, also if no driver was bound, or an ERR_PTR(): -EINVAL or -ERANGE for
 * invalid settings; -EEXIST if the GUID is in use; -EUSERS without capacity; -ENODEV if the
 * parent is going; the errno of a policy's admit() or of the parent; those of
 * bx_device_add().
 */
struct bx_instance *bx_instance_create(struct bx_type_dir *dir, const guid_t *guid,
				       char *words, struct device *front)
{
	struct bx_parent *parent = dir->parent;
	struct bx_instance *inst = NULL;
	int err = -ENODEV;

	if (!down_read_trylock(&parent->going_sem))
		return ERR_PTR(-ENODEV);
	if (parent->going)
		goto out;
	inst = bx_instance_alloc(dir, guid, front);
	err = inst ? bx_instance_try(inst, words) : -ENOMEM;
	if (err)
		bx_instance_free(inst);
out:
	up_read(&parent->going_sem);
	return err ? ERR_PTR(err) : inst;
}

/* ---- end ---- */

/**
 * bx_instance_claim() - claim an instance, so that no other task ends it
 * @inst: the instance; its device is referenced, or the caller has created it
 *
 * Return: 0, -ENODEV if another task ends it, -EAGAIN if it is being created.
 */
int bx_instance_claim(struct bx_instance *inst)
{
	guard(mutex)(&inst->parent->lock);
	if (inst->ending)
		return -ENODEV;
	if (!inst->ready)
		return -EAGAIN;
	inst->ending = true;
	return 0;
}

/* Claims any instance of a parent without creations; returns NULL after the last. */
struct bx_instance *bx_instance_claim_any(struct bx_parent *parent)
{
	struct bx_instance *inst;

	guard(mutex)(&parent->lock);
	list_for_each_entry(inst, &parent->instances, node) {
		if (inst->ending)
			continue;
		inst->ending = true;
		return inst;
	}
	return NULL;
}

/**
 * bx_instance_end() - remove the device of an instance, and release what it had
 * @inst: claimed by the caller; its device frees it
 *
 * Context: process; waits for the driver's remove() and for calls in flight.
 */
void bx_instance_end(struct bx_instance *inst)
{
	struct bx_device *bdev = inst->bdev;

	get_device(&bdev->dev);
	bx_instance_unlink(inst);
	bx_device_remove(bdev);
	if (inst->parent->ops->destroy)
		inst->parent->ops->destroy(inst);
	bx_instance_release(inst);
	put_device(&bdev->dev);
}

/* ---- the file "remove" of a device ---- */

static int bx_instance_remove(struct device *dev, struct device_attribute *attr,
			      struct bx_instance *inst)
{
	struct bx_parent *parent = inst->parent;
	struct kernfs_node *node;
	int err;

	if (!down_read_trylock(&parent->going_sem))
		return -ENODEV;
	err = parent->going ? -ENODEV : bx_instance_claim(inst);
	if (!err) {
		/* the removal waits for the ends of writes, but not of this one */
		node = sysfs_break_active_protection(&dev->kobj, &attr->attr);
		bx_instance_end(inst);
		if (node)
			sysfs_unbreak_active_protection(node);
	}
	up_read(&parent->going_sem);
	return err;
}

static ssize_t remove_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	unsigned long val;
	int err;

	/* that of the front removes both */
	if (to_bx_device(dev)->inst->front)
		return -EBUSY;
	err = kstrtoul(buf, 0, &val);
	if (!err && val)
		err = bx_instance_remove(dev, attr, to_bx_device(dev)->inst);
	return err ?: count;
}
static DEVICE_ATTR_WO(remove);

static struct attribute *bx_instance_attrs[] = {
	&dev_attr_remove.attr,
	NULL
};

const struct attribute_group bx_instance_group = {
	.attrs = bx_instance_attrs,
};
