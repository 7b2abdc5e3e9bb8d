// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parents, and the files of their types
 */

/**
 * DOC: parents
 *
 * /sys/kernel/bus_ext/parents has a link to the device of each parent.  Below that,
 * "bx_types" has a directory for each type, in the shape that
 * mediated devices have:
 *
 *	create			write "GUID", or "GUID NAME=VALUE ..." with settings, to
 *				create a device
 *	name			short text for people
 *	description		longer text, if there is one
 *	device_api		name of the contract
 *	available_instances	number of devices that can still be created
 *	settings		a line for each setting: NAME KIND MIN MAX LIVE INITIAL, where
 *				LIVE is 1 or 0, and INITIAL may be empty; if there are any
 *	devices/		links to the devices
 *
 * A device that was created like this also has
 *
 *	remove			write 1 to remove it
 *	bx_type			link to its type
 *	settings/		a file for each setting
 *
 * Errors of create: EINVAL for a GUID or a setting that is not valid, ERANGE for a value of a
 * setting, EEXIST if the GUID is in use, EUSERS without capacity, ENODEV if the parent is
 * going, and those of policies and of the parent.  Of remove: EINVAL for a text that is not a
 * number, EAGAIN while the device is being created, ENODEV if it or its parent is going.
 */
#include <linux/uuid.h>
#include "core.h"
#include "lifecycle.h"

/* ---- files of a type ---- */

struct bx_type_attr {
	struct attribute	attr;
	ssize_t			(*show)(struct bx_type_dir *dir, char *buf);
	ssize_t			(*store)(struct bx_type_dir *dir, const char *buf,
					 size_t count);
};

/* The form of mediated devices, 36 characters and at most a newline, and then settings */
static ssize_t create_store(struct bx_type_dir *dir, const char *buf, size_t count)
{
	char text[UUID_STRING_LEN + 1], *words;
	struct bx_instance *inst;
	guid_t guid;

	if (count < UUID_STRING_LEN)
		return -EINVAL;
	strscpy(text, buf, sizeof(text));
	if (guid_parse(text, &guid) || guid_is_null(&guid))
		return -EINVAL;
	buf += UUID_STRING_LEN;
	count -= UUID_STRING_LEN;
	if (count && !isspace(*buf))
		return -EINVAL;
	words = kstrndup(buf, count, GFP_KERNEL);
	if (!words)
		return -ENOMEM;
	inst = bx_instance_create(dir, &guid, strim(words), NULL);
	kfree(words);
	/* the device may have been removed again, so only the pointer is looked at */
	return IS_ERR(inst) ? PTR_ERR(inst) : count + UUID_STRING_LEN;
}

static ssize_t name_show(struct bx_type_dir *dir, char *buf)
{
	return sysfs_emit(buf, "%s\n", dir->type->title ?: dir->type->name);
}

static ssize_t description_show(struct bx_type_dir *dir, char *buf)
{
	return sysfs_emit(buf, "%s\n", dir->type->description);
}

static ssize_t device_api_show(struct bx_type_dir *dir, char *buf)
{
	return sysfs_emit(buf, "%s\n", dir->type->bus->contract->name);
}

static ssize_t available_instances_show(struct bx_type_dir *dir, char *buf)
{
	return sysfs_emit(buf, "%u\n", bx_instances_available(dir));
}

static ssize_t settings_show(struct bx_type_dir *dir, char *buf)
{
	static const char *const kinds[] = {
		[BX_SETTING_NUMBER] = "number", [BX_SETTING_BOOL] = "bool",
		[BX_SETTING_TEXT] = "text",
	};
	ssize_t len = 0;

	for (u32 i = 0; i < dir->type->nr_settings; i++) {
		const struct bx_setting *s = &dir->type->settings[i];

		len += sysfs_emit_at(buf, len, "%s %s %llu %llu %d %s\n", s->name,
				     kinds[s->kind], s->min,
				     s->kind == BX_SETTING_BOOL ? 1 : s->max, s->live,
				     s->initial);
	}
	return len;
}

#define BX_TYPE_ATTR(_name, _mode, _show, _store)			\
	static struct bx_type_attr bx_type_attr_##_name = {		\
		.attr = { .name = #_name, .mode = _mode },		\
		.show = _show, .store = _store,				\
	}

BX_TYPE_ATTR(create, 0200, NULL, create_store);
BX_TYPE_ATTR(name, 0444, name_show, NULL);
BX_TYPE_ATTR(description, 0444, description_show, NULL);
BX_TYPE_ATTR(device_api, 0444, device_api_show, NULL);
BX_TYPE_ATTR(available_instances, 0444, available_instances_show, NULL);
BX_TYPE_ATTR(settings, 0444, settings_show, NULL);

static struct attribute *bx_type_attrs[] = {
	&bx_type_attr_create.attr,
	&bx_type_attr_name.attr,
	&bx_type_attr_description.attr,
	&bx_type_attr_device_api.attr,
	&bx_type_attr_available_instances.attr,
	&bx_type_attr_settings.attr,
	NULL
};

static umode_t bx_type_is_visible(struct kobject *kobj, struct attribute *attr, int n)
{
	const struct bx_type *type = container_of(kobj, struct bx_type_dir, kobj)->type;

	if (attr == &bx_type_attr_description.attr && !type->description)
		return 0;
	return attr == &bx_type_attr_settings.attr && !type->nr_settings ? 0 : attr->mode;
}

static const struct attribute_group bx_type_group = {
	.attrs = bx_type_attrs,
	.is_visible = bx_type_is_visible,
};
__ATTRIBUTE_GROUPS(bx_type);

static ssize_t bx_type_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct bx_type_attr *file = container_of(attr, struct bx_type_attr, attr);

	return file->show ? file->show(container_of(kobj, struct bx_type_dir, kobj), buf) :
			    -EIO;
}

static ssize_t bx_type_store(struct kobject *kobj, struct attribute *attr,
			     const char *buf, size_t count)
{
	struct bx_type_attr *file = container_of(attr, struct bx_type_attr, attr);

	return file->store ? file->store(container_of(kobj, struct bx_type_dir, kobj),
					 buf, count) : -EIO;
}

static const struct sysfs_ops bx_type_sysfs_ops = {
	.show	= bx_type_show,
	.store	= bx_type_store,
};

static void bx_type_release(struct kobject *kobj)
{
	struct bx_type_dir *dir = container_of(kobj, struct bx_type_dir, kobj);

	bx_settings_exit(dir);
	kfree(dir);
	module_put(THIS_MODULE);	/* bx_exit() waits for this function */
}

static const struct kobj_type bx_type_ktype = {
	.sysfs_ops	= &bx_type_sysfs_ops,
	.release	= bx_type_release,
	.default_groups	= bx_type_groups,
};

/* ---- directories ---- */

static void bx_type_dir_del(struct bx_type_dir *dir)
{
	kobject_put(dir->devices);
	kobject_del(&dir->kobj);
	kobject_put(&dir->kobj);
}

static struct bx_type_dir *bx_type_dir_add(struct bx_parent *parent,
					   const struct bx_type *type)
{
	struct bx_type_dir *dir = kzalloc(sizeof(*dir), GFP_KERNEL);
	int err;

	if (!dir)
		return ERR_PTR(-ENOMEM);
	dir->parent = parent;
	dir->type = type;
	dir->groups[0] = &bx_instance_group;
	if (type->nr_settings)
		dir->groups[1] = &dir->group;
	__module_get(THIS_MODULE);	/* the release function is here */
	kobject_init(&dir->kobj, &bx_type_ktype);
	err = bx_settings_init(dir) ?:
	      kobject_add(&dir->kobj, parent->types_kobj, "%s", type->name);
	if (!err) {
		dir->devices = kobject_create_and_add("devices", &dir->kobj);
		if (dir->devices)
			return dir;
		err = -ENOMEM;
		kobject_del(&dir->kobj);
	}
	kobject_put(&dir->kobj);
	return ERR_PTR(err);
}

static void bx_types_del(struct bx_parent *parent)
{
	for (u32 i = 0; i < parent->nr_types && parent->dirs[i]; i++)
		bx_type_dir_del(parent->dirs[i]);
	kobject_put(parent->types_kobj);
	kfree(parent->dirs);
}

static int bx_types_add(struct bx_parent *parent)
{
	parent->dirs = kcalloc(parent->nr_types, sizeof(*parent->dirs), GFP_KERNEL);
	if (!parent->dirs)
		return -ENOMEM;
	parent->types_kobj = kobject_create_and_add("bx_types", &parent->dev->kobj);
	if (!parent->types_kobj) {
		kfree(parent->dirs);
		return -ENOMEM;
	}
	for (u32 i = 0; i < parent->nr_types; i++) {
		struct bx_type_dir *dir = bx_type_dir_add(parent, &parent->types[i]);

		if (IS_ERR(dir)) {
			bx_types_del(parent);
			return PTR_ERR(dir);
		}
		parent->dirs[i] = dir;
	}
	return 0;
}

/* ---- parents ---- */

static LIST_HEAD(bx_parents);
static BLOCKING_NOTIFIER_HEAD(bx_parent_chain);
/*
 * Protects both.  Outside of the locks of a parent; the device lock of a parent may be held.
 */
static DEFINE_MUTEX(bx_parents_mutex);

static int bx_parent_check(const struct bx_parent *parent)
{
	if (!parent->dev || !parent->ops || !parent->ops->create || !parent->nr_types)
		return -EINVAL;
	for (u32 i = 0; i < parent->nr_types; i++) {
		const struct bx_type *type = &parent->types[i];

		if (!type->name || bx_name_check(type->name) || !type->bus)
			return -EINVAL;
		/* something must limit it */
		if (!type->max && !(parent->capacity && type->units))
			return -EINVAL;
		if (bx_settings_check_type(type))
			return -EINVAL;
		for (u32 j = 0; j < i; j++) {
			if (!strcmp(parent->types[j].name, type->name))
				return -EINVAL;
		}
	}
	return 0;
}

/* Tells managers of devices, as mediated devices do */
static void bx_parent_uevent(struct bx_parent *parent, const char *state)
{
	char text[32], *env[] = { text, NULL };

	snprintf(text, sizeof(text), "BX_PARENT=%s", state);
	kobject_uevent_env(&parent->dev->kobj, KOBJ_CHANGE, env);
}

/**
 * bx_parent_register() - offer the types of a parent
 * @parent: the parent, owned by the caller
 *
 * From now on people create devices, so the parent must be ready for create().
 *
 * Context: process.
 * Return: 0; -EINVAL for a missing function, a name that is not valid or used twice, a type
 * without limit, or a setting whose initial value is not valid; -EEXIST if a parent
 * of that name exists; -ENOMEM.
 */
int bx_parent_register(struct bx_parent *parent)
{
	int err = bx_parent_check(parent);

	if (err)
		return err;
	init_rwsem(&parent->going_sem);
	mutex_init(&parent->lock);
	INIT_LIST_HEAD(&parent->instances);
	parent->going = false;
	parent->unplugged = false;
	parent->nr = 0;
	parent->used = 0;
	err = bx_sysfs_add_parent(parent->dev);
	if (err)
		return err;
	err = bx_types_add(parent);
	if (err) {
		bx_sysfs_del_parent(parent->dev);
		return err;
	}
	scoped_guard(mutex, &bx_parents_mutex) {
		list_add_tail(&parent->node, &bx_parents);
		blocking_notifier_call_chain(&bx_parent_chain, BX_PARENT_ADDED, parent);
	}
	bx_parent_uevent(parent, "registered");
	return 0;
}
EXPORT_SYMBOL_GPL(bx_parent_register);

/**
 * bx_parent_unplug() - the hardware of a parent is gone
 * @parent: the parent
 *
 * Calls on its devices return -ENODEV from now on, so that no driver's remove() waits for the
 * hardware.  bx_parent_unregister() must follow.
 *
 * Context: process.
 */
void bx_parent_unplug(struct bx_parent *parent)
{
	struct bx_instance *inst;

	guard(mutex)(&parent->lock);
	parent->unplugged = true;
	list_for_each_entry(inst, &parent->instances, node) {
		if (inst->ready && !inst->ending)
			bx_device_unplug(inst->bdev);
	}
}
EXPORT_SYMBOL_GPL(bx_parent_unplug);

/**
 * bx_parent_unregister() - remove all devices of a parent, and its types
 * @parent: the parent
 *
 * Creations and removals that have begun end before; new ones fail with -ENODEV.  After
 * return, no function of the parent is called.
 *
 * Context: process; waits for drivers' remove() and for calls in flight.
 */
void bx_parent_unregister(struct bx_parent *parent)
{
	struct bx_instance *inst;

	scoped_guard(mutex, &bx_parents_mutex) {
		list_del(&parent->node);
		blocking_notifier_call_chain(&bx_parent_chain, BX_PARENT_GOING, parent);
	}
	down_write(&parent->going_sem);
	parent->going = true;
	while ((inst = bx_instance_claim_any(parent))) {
		if (parent->unplugged)	/* one that was being created then */
			bx_device_unplug(inst->bdev);
		bx_instance_end(inst);
	}
	/* not under the lock: the files' removal waits for writers that want it */
	up_write(&parent->going_sem);
	bx_types_del(parent);
	bx_sysfs_del_parent(parent->dev);
	bx_parent_uevent(parent, "unregistered");
}
EXPORT_SYMBOL_GPL(bx_parent_unregister);

/* ---- bridges ---- */

/**
 * bx_parent_notifier_register() - register a notifier of parents
 * @nb: the notifier; called with enum bx_parent_event and the struct bx_parent
 *
 * It is told of all parents that are there, too.
 *
 * Context: process.
 * Return: 0 or an errno.
 */
int bx_parent_notifier_register(struct notifier_block *nb)
{
	struct bx_parent *parent;
	int err;

	guard(mutex)(&bx_parents_mutex);
	err = blocking_notifier_chain_register(&bx_parent_chain, nb);
	if (err)
		return err;
	list_for_each_entry(parent, &bx_parents, node)
		nb->notifier_call(nb, BX_PARENT_ADDED, parent);
	return 0;
}
EXPORT_SYMBOL_GPL(bx_parent_notifier_register);

/**
 * bx_parent_notifier_unregister() - unregister a notifier of parents
 * @nb: the notifier; told BX_PARENT_GOING of all parents that are there
 *
 * Context: process.
 */
void bx_parent_notifier_unregister(struct notifier_block *nb)
{
	struct bx_parent *parent;

	guard(mutex)(&bx_parents_mutex);
	list_for_each_entry(parent, &bx_parents, node)
		nb->notifier_call(nb, BX_PARENT_GOING, parent);
	blocking_notifier_chain_unregister(&bx_parent_chain, nb);
}
EXPORT_SYMBOL_GPL(bx_parent_notifier_unregister);

/**
 * bx_parent_create() - create a device that another bus represents
 * @parent: the parent
 * @type: number of the type in @parent->types
 * @guid: its GUID
 * @front: the device of the other bus, with the GUID as its name; it becomes the parent of
 *	the device.  Drivers may register with other subsystems for it instead, see
 *	bx_device_front().
 *
 * Its settings have their initial values.  People cannot remove it by itself: the caller
 * must call bx_parent_destroy().
 *
 * Context: process; binds a driver.
 * Return: the device's instance, or an ERR_PTR() as of a write to the type's file "create".
 */
struct bx_instance *bx_parent_create(struct bx_parent *parent, u32 type,
				     const guid_t *guid, struct device *front)
{
	char words[] = "";

	return bx_instance_create(parent->dirs[type], guid, words, front);
}
EXPORT_SYMBOL_GPL(bx_parent_create);

/**
 * bx_parent_destroy() - remove a device of bx_parent_create()
 * @inst: the instance, which is freed
 *
 * Context: process; waits for the driver's remove() and for calls in flight.
 */
void bx_parent_destroy(struct bx_instance *inst)
{
	if (!WARN_ON_ONCE(bx_instance_claim(inst)))
		bx_instance_end(inst);
}
EXPORT_SYMBOL_GPL(bx_parent_destroy);

/* bx_parent_available() - number of devices of type number @type that can be created */
u32 bx_parent_available(struct bx_parent *parent, u32 type)
{
	return bx_instances_available(parent->dirs[type]);
}
EXPORT_SYMBOL_GPL(bx_parent_available);

/**
 * bx_device_front() - the device that represents a device to other subsystems
 * @bdev: the device
 *
 * A driver that offers the device to another subsystem, such as vfio, registers for this
 * device, so that people find it where they look.
 *
 * Context: any; valid while a driver is bound.
 * Return: the front of bx_parent_create(), else the device itself.
 */
struct device *bx_device_front(struct bx_device *bdev)
{
	return bdev->inst && bdev->inst->front ? bdev->inst->front : &bdev->dev;
}
EXPORT_SYMBOL_GPL(bx_device_front);
