// SPDX-License-Identifier: GPL-2.0-only
/*
 * bxany: a bus without driver_override that knows nothing of bus_ext
 *
 * Its devices any0, any1... have the modalias "bxany:v0BE5d0001".  The drivers "a",
 * "b" and "async" claim all devices, "never" claims none.  Files in /sys/devices/bxany:
 *
 *	devices		number of devices; a write adds or removes the last ones
 *	register	a write registers the driver of this name
 *	unregister	a write unregisters it
 *	probes		"NAME NUMBER" of probes, one line per driver; a write resets
 *	rejects		a write makes the probe of this driver fail from now on, "-" of none
 *	claim		a write "DRIVER DEVICE" binds a driver without a probe
 *	domain		whether devices that are added have a PM domain of their own;
 *			2: its activate() takes a while
 *	active		devices whose PM domain is active
 *	foreign		devices that have another PM domain than their own
 */
#include <linux/cleanup.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/pm_domain.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#define BXANY_MAX	16
#define BXANY_SLOW_MS	100

struct bxany_driver {
	struct device_driver	drv;
	bool			registered;
	atomic_t		probes;
	bool			rejects;
};

static struct device *bxany_root;
static struct device *bxany_devs[BXANY_MAX];
static u32 bxany_n;
static u32 bxany_domain;
static atomic_t bxany_active = ATOMIC_INIT(0);
static DEFINE_MUTEX(bxany_mutex);	/* protects what is not atomic */

/* ---- the bus ---- */

static int bxany_match(struct device *dev, const struct device_driver *drv)
{
	return strcmp(drv->name, "never") != 0;
}

static int bxany_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	return add_uevent_var(env, "MODALIAS=bxany:v0BE5d0001");
}

static const struct bus_type bxany_bus = {
	.name	= "bxany",
	.match	= bxany_match,
	.uevent	= bxany_uevent,
};

static int bxany_probe(struct device *dev)
{
	struct bxany_driver *driver = container_of(dev->driver, struct bxany_driver, drv);

	atomic_inc(&driver->probes);
	return READ_ONCE(driver->rejects) ? -ENODEV : 0;
}

#define BXANY_DRIVER(name_, type)					\
	{ .drv = { .name = name_, .bus = &bxany_bus, .probe = bxany_probe, \
		   .owner = THIS_MODULE, .probe_type = type } }

static struct bxany_driver bxany_drivers[] = {
	BXANY_DRIVER("a", PROBE_FORCE_SYNCHRONOUS),
	BXANY_DRIVER("b", PROBE_FORCE_SYNCHRONOUS),
	BXANY_DRIVER("async", PROBE_PREFER_ASYNCHRONOUS),
	BXANY_DRIVER("never", PROBE_FORCE_SYNCHRONOUS),
};

static struct bxany_driver *bxany_driver(const char *name)
{
	for (u32 i = 0; i < ARRAY_SIZE(bxany_drivers); i++) {
		if (sysfs_streq(name, bxany_drivers[i].drv.name))
			return &bxany_drivers[i];
	}
	return NULL;
}

/* ---- PM domains of the devices' own ---- */

static int bxany_activate(struct device *dev)
{
	atomic_inc(&bxany_active);
	return 0;
}

static int bxany_activate_slowly(struct device *dev)
{
	msleep(BXANY_SLOW_MS);
	return bxany_activate(dev);
}

static void bxany_dismiss(struct device *dev)
{
	atomic_dec(&bxany_active);
}

static struct dev_pm_domain bxany_domains[] = {
	{ .activate = bxany_activate, .dismiss = bxany_dismiss },
	{ .activate = bxany_activate_slowly, .dismiss = bxany_dismiss },
};

/* ---- devices ---- */

static void bxany_release(struct device *dev)
{
	kfree(dev);
}

static struct device *bxany_add(u32 id)
{
	struct device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	int err;

	if (!dev)
		return ERR_PTR(-ENOMEM);
	device_initialize(dev);
	dev->bus = &bxany_bus;
	dev->parent = bxany_root;
	dev->release = bxany_release;
	if (bxany_domain)
		dev->pm_domain = &bxany_domains[bxany_domain - 1];
	err = dev_set_name(dev, "any%u", id) ?: device_add(dev);
	if (!err)
		return dev;
	put_device(dev);
	return ERR_PTR(err);
}

static int bxany_set(u32 n)
{
	struct device *dev;

	lockdep_assert_held(&bxany_mutex);
	while (bxany_n > n)
		device_unregister(bxany_devs[--bxany_n]);
	while (bxany_n < n) {
		dev = bxany_add(bxany_n);
		if (IS_ERR(dev))
			return PTR_ERR(dev);
		bxany_devs[bxany_n++] = dev;
	}
	return 0;
}

static int bxany_number(const char *buf, u32 max, u32 *n)
{
	return kstrtou32(buf, 0, n) ?: (*n > max ? -EINVAL : 0);
}

static ssize_t devices_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count)
{
	u32 n;
	int err = bxany_number(buf, BXANY_MAX, &n);

	if (err)
		return err;
	guard(mutex)(&bxany_mutex);
	return bxany_set(n) ?: count;
}
static DEVICE_ATTR_WO(devices);

static ssize_t domain_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	u32 kind;
	int err = bxany_number(buf, ARRAY_SIZE(bxany_domains), &kind);

	if (err)
		return err;
	guard(mutex)(&bxany_mutex);
	bxany_domain = kind;
	return count;
}
static DEVICE_ATTR_WO(domain);

static ssize_t active_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&bxany_active));
}
static DEVICE_ATTR_RO(active);

static bool bxany_is_own(const struct device *dev)
{
	return !dev->pm_domain || dev->pm_domain == &bxany_domains[0] ||
	       dev->pm_domain == &bxany_domains[1];
}

static ssize_t foreign_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	u32 n = 0;

	guard(mutex)(&bxany_mutex);
	for (u32 i = 0; i < bxany_n; i++) {
		device_lock(bxany_devs[i]);
		n += !bxany_is_own(bxany_devs[i]);
		device_unlock(bxany_devs[i]);
	}
	return sysfs_emit(buf, "%u\n", n);
}
static DEVICE_ATTR_RO(foreign);

/* ---- drivers ---- */

static ssize_t register_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	struct bxany_driver *driver = bxany_driver(buf);
	int err;

	guard(mutex)(&bxany_mutex);
	if (!driver || driver->registered)
		return -EINVAL;
	err = driver_register(&driver->drv);
	if (err)
		return err;
	driver->registered = true;
	return count;
}
static DEVICE_ATTR_WO(register);

static ssize_t unregister_store(struct device *dev, struct device_attribute *attr,
				const char *buf, size_t count)
{
	struct bxany_driver *driver = bxany_driver(buf);

	guard(mutex)(&bxany_mutex);
	if (!driver || !driver->registered)
		return -EINVAL;
	driver_unregister(&driver->drv);
	driver->registered = false;
	return count;
}
static DEVICE_ATTR_WO(unregister);

static ssize_t probes_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	int len = 0;

	for (u32 i = 0; i < ARRAY_SIZE(bxany_drivers); i++)
		len += sysfs_emit_at(buf, len, "%s %d\n", bxany_drivers[i].drv.name,
				     atomic_read(&bxany_drivers[i].probes));
	return len;
}

static ssize_t probes_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	for (u32 i = 0; i < ARRAY_SIZE(bxany_drivers); i++)
		atomic_set(&bxany_drivers[i].probes, 0);
	return count;
}
static DEVICE_ATTR_RW(probes);

static ssize_t rejects_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count)
{
	struct bxany_driver *driver = bxany_driver(buf);

	for (u32 i = 0; i < ARRAY_SIZE(bxany_drivers); i++)
		WRITE_ONCE(bxany_drivers[i].rejects, driver == &bxany_drivers[i]);
	return count;
}
static DEVICE_ATTR_WO(rejects);

/* As usb_driver_claim_interface() */
static int bxany_claim(struct bxany_driver *driver, struct device *dev)
{
	int err;

	guard(device)(dev);
	if (dev->driver)
		return -EBUSY;
	dev->driver = &driver->drv;
	err = device_bind_driver(dev);
	if (err)
		dev->driver = NULL;
	return err;
}

static ssize_t claim_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct bxany_driver *driver;
	char name[8];
	u32 id;

	if (sscanf(buf, "%7s any%u", name, &id) != 2)
		return -EINVAL;
	driver = bxany_driver(name);
	guard(mutex)(&bxany_mutex);
	if (!driver || !driver->registered || id >= bxany_n)
		return -EINVAL;
	return bxany_claim(driver, bxany_devs[id]) ?: count;
}
static DEVICE_ATTR_WO(claim);

static struct attribute *bxany_attrs[] = {
	&dev_attr_devices.attr,
	&dev_attr_register.attr,
	&dev_attr_unregister.attr,
	&dev_attr_probes.attr,
	&dev_attr_rejects.attr,
	&dev_attr_claim.attr,
	&dev_attr_domain.attr,
	&dev_attr_active.attr,
	&dev_attr_foreign.attr,
	NULL
};
ATTRIBUTE_GROUPS(bxany);

static int __init bxany_init(void)
{
	int err = bus_register(&bxany_bus);

	if (err)
		return err;
	bxany_root = root_device_register("bxany");
	err = PTR_ERR_OR_ZERO(bxany_root);
	if (err)
		goto err_bus;
	err = sysfs_create_groups(&bxany_root->kobj, bxany_groups);
	if (!err)
		return 0;

	root_device_unregister(bxany_root);
err_bus:
	bus_unregister(&bxany_bus);
	return err;
}
module_init(bxany_init);

static void __exit bxany_exit(void)
{
	sysfs_remove_groups(&bxany_root->kobj, bxany_groups);
	mutex_lock(&bxany_mutex);
	bxany_set(0);
	mutex_unlock(&bxany_mutex);
	for (u32 i = 0; i < ARRAY_SIZE(bxany_drivers); i++) {
		if (bxany_drivers[i].registered)
			driver_unregister(&bxany_drivers[i].drv);
	}
	root_device_unregister(bxany_root);
	bus_unregister(&bxany_bus);
}
module_exit(bxany_exit);

MODULE_DESCRIPTION("bus_ext: a bus that knows nothing of it, for tests");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
