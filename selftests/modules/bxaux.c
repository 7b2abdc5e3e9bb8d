// SPDX-License-Identifier: GPL-2.0-only
/*
 * bxaux: auxiliary devices bxaux.widget.0 and bxaux.widget.1
 *
 * No device that qemu emulates has auxiliary devices.  Their drivers are the modules
 * bxaux_first and bxaux_second, which claim the same devices.
 */
#include <linux/auxiliary_bus.h>
#include <linux/device.h>
#include <linux/module.h>
#include <linux/slab.h>

#define BXAUX_N	2

static struct device *bxaux_root;
static struct auxiliary_device *bxaux_devs[BXAUX_N];

static void bxaux_release(struct device *dev)
{
	kfree(to_auxiliary_dev(dev));
}

static struct auxiliary_device *bxaux_add(u32 id)
{
	struct auxiliary_device *aux = kzalloc(sizeof(*aux), GFP_KERNEL);
	int err;

	if (!aux)
		return ERR_PTR(-ENOMEM);
	aux->name = "widget";
	aux->id = id;
	aux->dev.parent = bxaux_root;
	aux->dev.release = bxaux_release;
	err = auxiliary_device_init(aux);
	if (err) {
		kfree(aux);
		return ERR_PTR(err);
	}
	err = auxiliary_device_add(aux);
	if (err) {
		auxiliary_device_uninit(aux);
		return ERR_PTR(err);
	}
	return aux;
}

static void bxaux_remove(u32 n)
{
	while (n--) {
		auxiliary_device_delete(bxaux_devs[n]);
		auxiliary_device_uninit(bxaux_devs[n]);
	}
	root_device_unregister(bxaux_root);
}

static int __init bxaux_init(void)
{
	bxaux_root = root_device_register("bxaux");
	if (IS_ERR(bxaux_root))
		return PTR_ERR(bxaux_root);
	for (u32 i = 0; i < BXAUX_N; i++) {
		bxaux_devs[i] = bxaux_add(i);
		if (IS_ERR(bxaux_devs[i])) {
			bxaux_remove(i);
			return PTR_ERR(bxaux_devs[i]);
		}
	}
	return 0;
}
module_init(bxaux_init);

static void __exit bxaux_exit(void)
{
	bxaux_remove(BXAUX_N);
}
module_exit(bxaux_exit);

MODULE_DESCRIPTION("bus_ext: auxiliary devices, for tests");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
