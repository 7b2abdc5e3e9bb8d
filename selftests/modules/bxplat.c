// SPDX-License-Identifier: GPL-2.0-only
/*
 * bxplat: devices on the platform bus, and the cost of one
 *
 * Files in /sys/devices/bxplat:
 *
 *	devices		number of standing devices bxplat.0, bxplat.1...; a write
 *			adds or removes the last ones
 *	life		adds, binds, unbinds and removes one more device many times,
 *			and shows the shortest time of a round, in nanoseconds; in a
 *			VM that counts instructions ('make bench') in instructions
 *	second		a write of 1 registers the driver "bxplat2", 0 unregisters it
 *
 * The drivers of the devices, "bxplat" and then "bxplat2", do nothing.
 */
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/sysfs.h>

#define BXPLAT_MAX	4096
#define BXPLAT_ROUNDS	64	/* the shortest counts: nothing else ran */

static struct device *bxplat_root;
static struct platform_device *bxplat_devs[BXPLAT_MAX];
static u32 bxplat_n;
static DEFINE_MUTEX(bxplat_mutex);	/* protects bxplat_devs and bxplat_n */

static int bxplat_probe(struct platform_device *pdev)
{
	return 0;
}

static struct platform_driver bxplat_driver = {
	.driver	= { .name = "bxplat" },
	.probe	= bxplat_probe,
};

static struct platform_device *bxplat_add(u32 id)
{
	return platform_device_register_data(bxplat_root, "bxplat", id, NULL, 0);
}

static const struct platform_device_id bxplat_ids[] = {
	{ .name = "bxplat" },
	{ }
};

static struct platform_driver bxplat_second = {
	.driver		= { .name = "bxplat2" },
	.id_table	= bxplat_ids,
	.probe		= bxplat_probe,
};

static bool bxplat_has_second;

static int bxplat_set(u32 n)
{
	struct platform_device *pdev;

	lockdep_assert_held(&bxplat_mutex);
	while (bxplat_n > n)
		platform_device_unregister(bxplat_devs[--bxplat_n]);
	while (bxplat_n < n) {
		pdev = bxplat_add(bxplat_n);
		if (IS_ERR(pdev))
			return PTR_ERR(pdev);
		bxplat_devs[bxplat_n++] = pdev;
	}
	return 0;
}

static ssize_t devices_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(bxplat_n));
}

static ssize_t devices_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count)
{
	u32 n;
	int err = kstrtou32(buf, 0, &n);

	if (err)
		return err;
	if (n > BXPLAT_MAX)
		return -EINVAL;
	mutex_lock(&bxplat_mutex);
	err = bxplat_set(n);
	mutex_unlock(&bxplat_mutex);
	return err ?: count;
}
static DEVICE_ATTR_RW(devices);

static ssize_t second_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	bool want;
	int err = kstrtobool(buf, &want);

	if (err)
		return err;
	mutex_lock(&bxplat_mutex);
	if (want && !bxplat_has_second)
		err = platform_driver_register(&bxplat_second);
	else if (!want && bxplat_has_second)
		platform_driver_unregister(&bxplat_second);
	if (!err)
		bxplat_has_second = want;
	mutex_unlock(&bxplat_mutex);
	return err ?: count;
}
static DEVICE_ATTR_WO(second);

static ssize_t life_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct platform_device *pdev;
	u64 best = U64_MAX, start;

	for (int i = 0; i < BXPLAT_ROUNDS; i++) {
		start = ktime_get_ns();
		pdev = bxplat_add(BXPLAT_MAX);
		if (IS_ERR(pdev))
			return PTR_ERR(pdev);
		platform_device_unregister(pdev);
		best = min(best, ktime_get_ns() - start);
	}
	return sysfs_emit(buf, "%llu\n", best);
}
static DEVICE_ATTR_ADMIN_RO(life);

static struct attribute *bxplat_attrs[] = {
	&dev_attr_devices.attr,
	&dev_attr_second.attr,
	&dev_attr_life.attr,
	NULL
};
ATTRIBUTE_GROUPS(bxplat);

static int __init bxplat_init(void)
{
	int err;

	bxplat_root = root_device_register("bxplat");
	if (IS_ERR(bxplat_root))
		return PTR_ERR(bxplat_root);
	err = platform_driver_register(&bxplat_driver);
	if (err)
		goto err_root;
	err = sysfs_create_groups(&bxplat_root->kobj, bxplat_groups);
	if (!err)
		return 0;

	platform_driver_unregister(&bxplat_driver);
err_root:
	root_device_unregister(bxplat_root);
	return err;
}
module_init(bxplat_init);

static void __exit bxplat_exit(void)
{
	sysfs_remove_groups(&bxplat_root->kobj, bxplat_groups);
	mutex_lock(&bxplat_mutex);
	bxplat_set(0);
	mutex_unlock(&bxplat_mutex);
	if (bxplat_has_second)
		platform_driver_unregister(&bxplat_second);
	platform_driver_unregister(&bxplat_driver);
	root_device_unregister(bxplat_root);
}
module_exit(bxplat_exit);

MODULE_DESCRIPTION("bus_ext: devices on the platform bus, for tests and benchmarks");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
