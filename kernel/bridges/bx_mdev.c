// SPDX-License-Identifier: GPL-2.0-only
/*
 * bx_mdev: parents of bus_ext as parents of mediated devices
 *
 * Each parent is also registered with the kernel's mdev, with the same types, so that tools
 * for mediated devices, such as mdevctl and libvirt, create, list and remove its devices.  A
 * mediated device is the front of a device of bus_ext with the same GUID, which is below it
 * in sysfs: elections, calls and policies are those of that device.  Where its contract is
 * vfio, the vfio device and its IOMMU group are those of the mediated device.
 *
 * mdev tells one device_api for all types of a parent: that of the first type here.  Types with
 * another one are not offered.
 *
 * Settings are files of the device: bx_device/settings/NAME of the mediated device.
 *
 * Locking: the core calls the notifier with a mutex held, which protects the list.  mdev
 * itself serialises creation and removal of a device, and waits for them when a parent is
 * unregistered.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bx_parent.h>
#include <linux/list.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/vfio.h>

/**
 * struct bx_mdev_type - a type of a parent
 * @mtype: the type as mdev knows it
 * @nr: number of the type at its parent
 */
struct bx_mdev_type {
	struct mdev_type	mtype;
	u32			nr;
};

/**
 * struct bx_mdev_parent - a parent
 * @node: in bx_mdev_parents
 * @parent: the parent
 * @mparent: the parent as mdev knows it
 * @nr: number of its types
 * @list: pointers to them, for mdev
 * @types: the types
 */
struct bx_mdev_parent {
	struct list_head	node;
	struct bx_parent	*parent;
	struct mdev_parent	mparent;
	u32			nr;
	struct mdev_type	**list;
	struct bx_mdev_type	types[] __counted_by(nr);
};

static LIST_HEAD(bx_mdev_parents);	/* the mutex of the notifier */

static struct bx_mdev_parent *bx_mdev_parent_of(struct mdev_type *mtype)
{
	return container_of(mtype->parent, struct bx_mdev_parent, mparent);
}

static u32 bx_mdev_nr(struct mdev_type *mtype)
{
	return container_of(mtype, struct bx_mdev_type, mtype)->nr;
}

/* ---- the driver of mediated devices ---- */

static int bx_mdev_probe(struct mdev_device *mdev)
{
	struct bx_instance *inst;
	int err;

	inst = bx_parent_create(bx_mdev_parent_of(mdev->type)->parent, bx_mdev_nr(mdev->type),
				&mdev->uuid, &mdev->dev);
	if (IS_ERR(inst))
		return PTR_ERR(inst);
	dev_set_drvdata(&mdev->dev, inst);
	err = sysfs_create_link(&mdev->dev.kobj, &inst->bdev->dev.kobj, "bx_device");
	if (err)
		bx_parent_destroy(inst);
	return err;
}

static void bx_mdev_remove(struct mdev_device *mdev)
{
	sysfs_remove_link(&mdev->dev.kobj, "bx_device");
	bx_parent_destroy(dev_get_drvdata(&mdev->dev));
}

static unsigned int bx_mdev_available(struct mdev_type *mtype)
{
	return bx_parent_available(bx_mdev_parent_of(mtype)->parent, bx_mdev_nr(mtype));
}

static ssize_t bx_mdev_description(struct mdev_type *mtype, char *buf)
{
	const struct bx_parent *parent = bx_mdev_parent_of(mtype)->parent;

	return sysfs_emit(buf, "%s\n", parent->types[bx_mdev_nr(mtype)].description ?: "");
}

#define BX_MDEV_DRIVER(_name, _api) {					\
	.device_api		= _api,					\
	.probe			= bx_mdev_probe,			\
	.remove			= bx_mdev_remove,			\
	.get_available		= bx_mdev_available,			\
	.show_description	= bx_mdev_description,			\
	.driver			= { .name = _name, .owner = THIS_MODULE }, \
}

/* One driver for each device_api */
static struct mdev_driver bx_mdev_drivers[] = {
	BX_MDEV_DRIVER("bx-mdev-vfio", VFIO_DEVICE_API_PLATFORM_STRING),
	BX_MDEV_DRIVER("bx-mdev", "bus_ext"),
};

static struct mdev_driver *bx_mdev_driver_of(const struct bx_type *type)
{
	return &bx_mdev_drivers[!!strcmp(type->bus->contract->name, "vfio")];
}

/* ---- parents ---- */

static struct bx_mdev_parent *bx_mdev_alloc(struct bx_parent *parent)
{
	struct bx_mdev_parent *p;

	p = kzalloc(struct_size(p, types, parent->nr_types), GFP_KERNEL);
	if (!p)
		return NULL;
	p->list = kcalloc(parent->nr_types, sizeof(*p->list), GFP_KERNEL);
	if (!p->list) {
		kfree(p);
		return NULL;
	}
	p->parent = parent;
	p->nr = parent->nr_types;
	return p;
}

static void bx_mdev_free(struct bx_mdev_parent *p)
{
	kfree(p->list);
	kfree(p);
}

static int bx_mdev_add_types(struct bx_mdev_parent *p, const struct mdev_driver *drv)
{
	u32 n = 0;

	for (u32 i = 0; i < p->nr; i++) {
		const struct bx_type *type = &p->parent->types[i];

		if (bx_mdev_driver_of(type) != drv)
			continue;
		p->types[i].nr = i;
		p->types[i].mtype.sysfs_name = type->name;
		p->types[i].mtype.pretty_name = type->title;
		p->list[n++] = &p->types[i].mtype;
	}
	return n;
}

static void bx_mdev_add_parent(struct bx_parent *parent)
{
	struct mdev_driver *drv = bx_mdev_driver_of(&parent->types[0]);
	struct bx_mdev_parent *p = bx_mdev_alloc(parent);
	int err = -ENOMEM;

	if (p)
		err = mdev_register_parent(&p->mparent, parent->dev, drv, p->list,
					   bx_mdev_add_types(p, drv));
	if (!err) {
		list_add_tail(&p->node, &bx_mdev_parents);
		return;
	}
	dev_err(parent->dev, "no mediated devices: error %d\n", err);
	if (p)
		bx_mdev_free(p);
}

static void bx_mdev_del_parent(struct bx_parent *parent)
{
	struct bx_mdev_parent *p, *next;

	list_for_each_entry_safe(p, next, &bx_mdev_parents, node) {
		if (p->parent != parent)
			continue;
		mdev_unregister_parent(&p->mparent);
		list_del(&p->node);
		bx_mdev_free(p);
	}
}

static int bx_mdev_notify(struct notifier_block *nb, unsigned long event, void *data)
{
	if (event == BX_PARENT_ADDED)
		bx_mdev_add_parent(data);
	else
		bx_mdev_del_parent(data);
	return NOTIFY_OK;
}

static struct notifier_block bx_mdev_nb = {
	.notifier_call = bx_mdev_notify,
};

/* ---- the module ---- */

static void bx_mdev_unregister_drivers(int n)
{
	while (n--)
		mdev_unregister_driver(&bx_mdev_drivers[n]);
}

static int __init bx_mdev_init(void)
{
	int err;

	for (int i = 0; i < ARRAY_SIZE(bx_mdev_drivers); i++) {
		err = mdev_register_driver(&bx_mdev_drivers[i]);
		if (err) {
			bx_mdev_unregister_drivers(i);
			return err;
		}
	}
	err = bx_parent_notifier_register(&bx_mdev_nb);
	if (err)
		bx_mdev_unregister_drivers(ARRAY_SIZE(bx_mdev_drivers));
	return err;
}
module_init(bx_mdev_init);

static void __exit bx_mdev_exit(void)
{
	bx_parent_notifier_unregister(&bx_mdev_nb);
	bx_mdev_unregister_drivers(ARRAY_SIZE(bx_mdev_drivers));
}
module_exit(bx_mdev_exit);

MODULE_DESCRIPTION("bus_ext: devices of parents as mediated devices");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
