// SPDX-License-Identifier: GPL-2.0-only
/*
 * bxsim: a simulated parent and simulated drivers
 *
 * For tests, and for trying policies without hardware: devices and drivers on
 * the bus bx-sf, made and taken away by writes to the attributes of
 * /sys/devices/bxsim.  The result and the duration of a driver's probe() are
 * options.  Real parents are in kernel/parents, the reader of the lines is
 * command.h.
 *
 *   create	NAME VENDOR:DEVICE[:SUBVENDOR:SUBDEVICE] [class=N] [revision=N]
 *		[guid=GUID] [provider=sim|policy], numbers in hex
 *   destroy	NAME
 *   unplug	NAME: the hardware is gone, the device not yet
 *   devices	one line a device: NAME resets=N execs=N
 *   hold	NAME: keep a reference to this device, and to no other; "-" to none
 *   call	NAME CMD TEXT: call it from outside of its driver; "-" is the held one
 *   driver_add	NAME [ids=ID[,ID...]] [probe=RESULT] [delay=MS], ID as above,
 *		"*" in it for anything; no ids: a driver without an id table.
 *		RESULT is 0, -ENODEV and the like, or a number down to -4095
 *   driver_del	NAME
 *   driver_set	NAME [probe=RESULT] [delay=MS]
 *   drivers	one line a driver: NAME probes=N bound=N probe=RESULT
 *   parent_add, parent_del	see bxsim_parent.c
 *
 * The lists end in "..." when there is more than fits a page.  A bound device
 * has an attribute of the driver's, "exec": write "CMD TEXT", read the answer.
 * CMD 0 reverses TEXT, CMD 1 takes as many milliseconds as TEXT says, or, like a
 * probe with a delay, until something is written to "release".
 * The reason for a refused write is in the kernel log.
 *
 * Locking: bxsim_lock guards the two lists, and is never held over a call into
 * the core, which may probe; probe() and remove() use atomics only.  An entry
 * that is being made or destroyed stays listed, but not ready: its name is
 * taken, and a command that would destroy it fails with -EBUSY.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include "bxsim.h"

#define BXSIM_MAX_DEVICES	4096	/* of the parameter devices= */

struct device *bxsim_root;
DEFINE_MUTEX(bxsim_lock);	/* protects both lists */

/* The attributes */

BX_CMD_ATTR(create, bxsim_cmd_create);
BX_CMD_ATTR(destroy, bxsim_cmd_destroy);
BX_CMD_ATTR(unplug, bxsim_cmd_unplug);
BX_CMD_ATTR(hold, bxsim_cmd_hold);
BX_CMD_ATTR(call, bxsim_cmd_call);
BX_CMD_ATTR(release, bxsim_cmd_release);
BX_CMD_ATTR(parent_add, bxsim_cmd_parent_add);
BX_CMD_ATTR(parent_del, bxsim_cmd_parent_del);
BX_CMD_ATTR(driver_add, bxsim_cmd_driver_add);
BX_CMD_ATTR(driver_del, bxsim_cmd_driver_del);
BX_CMD_ATTR(driver_set, bxsim_cmd_driver_set);

static ssize_t devices_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return bxsim_show_devs(buf);
}
static DEVICE_ATTR_RO(devices);

static ssize_t drivers_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return bxsim_show_drvs(buf);
}
static DEVICE_ATTR_RO(drivers);

static struct attribute *bxsim_attrs[] = {
	&dev_attr_create.attr,
	&dev_attr_destroy.attr,
	&dev_attr_unplug.attr,
	&dev_attr_hold.attr,
	&dev_attr_call.attr,
	&dev_attr_release.attr,
	&dev_attr_devices.attr,
	&dev_attr_parent_add.attr,
	&dev_attr_parent_del.attr,
	&dev_attr_driver_add.attr,
	&dev_attr_driver_del.attr,
	&dev_attr_driver_set.attr,
	&dev_attr_drivers.attr,
	NULL
};

static const struct attribute_group bxsim_group = {
	.attrs	= bxsim_attrs,
};

/* The module */

static unsigned int devices;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "create this many devices, sf0 and on (default 0)");

static unsigned int vendor = 0xf055;
module_param(vendor, uint, 0444);
MODULE_PARM_DESC(vendor, "their vendor id (default 0xf055)");

static unsigned int device = 1;
module_param(device, uint, 0444);
MODULE_PARM_DESC(device, "their device id (default 1)");

static char *drivers;
module_param(drivers, charp, 0444);
MODULE_PARM_DESC(drivers, "names, commas between, of drivers for any device");

static int __init bxsim_init_drivers(void)
{
	char *names __free(kfree) = kstrdup(drivers ?: "", GFP_KERNEL);
	char *name, *s = names, line[80];
	int ret;

	if (!names)
		return -ENOMEM;
	while ((name = strsep(&s, ","))) {
		if (!*name)
			continue;
		snprintf(line, sizeof(line), "%.*s ids=*:*", BX_NAME_LEN, name);
		ret = bxsim_cmd_driver_add(line);
		if (ret)
			return ret;
	}
	return 0;
}

static int __init bxsim_init_devices(void)
{
	char line[64];
	unsigned int i;
	int ret;

	if (devices > BXSIM_MAX_DEVICES) {
		pr_err("devices=%u: at most %u\n", devices, BXSIM_MAX_DEVICES);
		return -EINVAL;
	}
	for (i = 0; i < devices; i++) {
		snprintf(line, sizeof(line), "sf%u %x:%x", i, vendor, device);
		ret = bxsim_cmd_create(line);
		if (ret)
			return ret;
	}
	return 0;
}

static void bxsim_clear(void)
{
	bxsim_clear_parents();
	bxsim_clear_devs();
	bxsim_clear_drvs();
}

static int __init bxsim_init(void)
{
	int ret;

	bxsim_root = root_device_register("bxsim");
	if (IS_ERR(bxsim_root))
		return PTR_ERR(bxsim_root);
	set_dev_node(bxsim_root, first_online_node);
	ret = bxsim_init_drivers();
	if (!ret)
		ret = bxsim_init_devices();
	if (!ret)
		ret = bxsim_init_parents();
	if (!ret)
		ret = device_add_group(bxsim_root, &bxsim_group);
	if (ret) {
		bxsim_clear();
		root_device_unregister(bxsim_root);
	}
	return ret;
}
module_init(bxsim_init);

static void __exit bxsim_exit(void)
{
	device_remove_group(bxsim_root, &bxsim_group);
	bxsim_clear();
	root_device_unregister(bxsim_root);
}
module_exit(bxsim_exit);

MODULE_DESCRIPTION("bus_ext: simulated devices and drivers");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
