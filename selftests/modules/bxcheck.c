// SPDX-License-Identifier: GPL-2.0-only
/*
 * bxcheck: a contract with every kind of operation, to test contracts
 *
 * The bus bx-check has operations that are required and optional, paired and
 * atomic.  Writes to /sys/devices/bxcheck register
 * something for a moment and fail as the registration did:
 *
 *   contract	N: one of the invalid contracts below
 *   provider	VERSION OPS BY_POLICY: a device with this provider
 *   driver	1: a driver for the device that was last written to "provider";
 *		-ENODEV when it is not bound
 *   ping	VALUE: calls the atomic operation on the device "check0" from an
 *		interrupt; "ping" then shows "RESULT VALUE"
 *
 * Numbers are decimal or, after 0x, hexadecimal; OPS is a mask.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bus_ext.h>
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sysfs.h>
#include "bx_check.h"
#include "compat.h"

#define BXCHECK_VENDOR	0xc4ec

static const struct bx_op_desc bxcheck_op_descs[BX_CHECK_NR_OPS] = {
	[BX_CHECK_PING] = {
		.name = "ping", .flags = BX_OPF_REQUIRED | BX_OPF_ATOMIC,
		BX_OP_ARG(struct bx_check_ping),
		.hidden = offsetof(struct bx_check_ping, value),
	},
	[BX_CHECK_OPEN] = { .name = "open", .pair = 1 + BX_CHECK_CLOSE },
	[BX_CHECK_CLOSE] = { .name = "close", .pair = 1 + BX_CHECK_OPEN },
	[BX_CHECK_FAST] = { .name = "fast" },
	[BX_CHECK_MUST] = { .name = "must", .flags = BX_OPF_REQUIRED },
};

static const struct bx_contract bxcheck_contract = {
	.name = "check", .version = 2,
	.ops = bxcheck_op_descs, .nr_ops = BX_CHECK_NR_OPS,
};

static struct bx_bus bxcheck_bus = {
	.name = "bx-check", .contract = &bxcheck_contract,
};

static struct device *bxcheck_root;
static struct bx_device *bxcheck_dev;	/* check0 */
static DEFINE_MUTEX(bxcheck_lock);	/* one test at a time; all below */
static struct bx_provider bxcheck_spec;
static bx_op_fn bxcheck_spec_ops[BX_CHECK_NR_OPS];

/* Providers and drivers */

static int bxcheck_ping(struct bx_device *bdev, void *arg, u32 len)
{
	struct bx_check_ping *ping = arg;

	ping->value++;
	return ping->secret == (unsigned long)ping ? 0 : -EBADMSG;
}

static int bxcheck_nothing(struct bx_device *bdev, void *arg, u32 len)
{
	return 0;
}

static const bx_op_fn bxcheck_ops[BX_CHECK_NR_OPS] = {
	bxcheck_ping, bxcheck_nothing, bxcheck_nothing, bxcheck_nothing,
	bxcheck_nothing,
};

static const struct bx_provider bxcheck_provider = {
	.version = 2, .ops = bxcheck_ops, .nr_ops = BX_CHECK_NR_OPS,
};

static int bxcheck_add(const struct bx_provider *provider, u32 device,
		       const char *name, struct bx_device **added)
{
	struct bx_id id = { .vendor = BXCHECK_VENDOR, .device = device };
	struct bx_device *bdev;
	int err;

	bdev = bx_device_alloc(&bxcheck_bus, bxcheck_root, &id, NULL, provider,
			       NULL);
	if (IS_ERR(bdev))
		return PTR_ERR(bdev);
	err = bx_device_add(bdev, name);
	if (err)
		put_device(&bdev->dev);
	else
		*added = bdev;
	return err;
}

/* The bus bx-many */

static struct bx_op_desc bxcheck_many_ops[BX_MAX_OPS];
static char bxcheck_many_names[BX_MAX_OPS][8];

static const struct bx_contract bxcheck_many_contract = {
	.name = "many", .version = 1, .ops = bxcheck_many_ops,
	.nr_ops = BX_MAX_OPS,
};

static struct bx_bus bxcheck_many = {
	.name = "bx-many", .contract = &bxcheck_many_contract,
};

static int bxcheck_add_many(void)
{
	for (u32 i = 0; i < BX_MAX_OPS; i++) {
		snprintf(bxcheck_many_names[i], sizeof(bxcheck_many_names[i]),
			 "op%u", i);
		bxcheck_many_ops[i].name = bxcheck_many_names[i];
	}
	return bx_bus_register(&bxcheck_many);
}

static int bxcheck_probe(struct bx_device *bdev, const struct bx_device_id *id)
{
	return 0;
}

/* The attributes */

static int bxcheck_contract_of(unsigned int n, struct bx_contract *c,
			       struct bx_op_desc ops[2])
{
	*c = (struct bx_contract) {
		.name = "bad", .version = 1, .ops = ops, .nr_ops = 2,
	};
	ops[0] = (struct bx_op_desc) { .name = "one", .size = 4 };
	ops[1] = (struct bx_op_desc) { .name = "two" };
	switch (n) {
	case 0:
		c->name = NULL;
		return 0;
	case 1:
		ops[1].name = "one";
		return 0;
	case 2:
		ops[1].pair = 1;
		return 0;
	case 3:
		ops[0].hidden = 5;
		return 0;
	case 4:
		c->version = 0;
		return 0;
	case 5:
		c->nr_ops = BX_MAX_OPS + 1;
		return 0;
	case 6:		/* nothing is wrong with this one */
		return 0;
	}
	return -EINVAL;
}

static ssize_t contract_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	static struct bx_bus bus;
	struct bx_contract contract;
	struct bx_op_desc ops[2];
	unsigned int n;
	int err;

	guard(mutex)(&bxcheck_lock);
	err = kstrtouint(buf, 0, &n) ?: bxcheck_contract_of(n, &contract, ops);
	if (err)
		return err;
	bus = (struct bx_bus) { .name = "bx-bad", .contract = &contract };
	err = bx_bus_register(&bus);
	if (err)
		return err;
	bx_bus_unregister(&bus);
	return count;
}
static DEVICE_ATTR_WO(contract);

static ssize_t provider_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	struct bx_device *bdev;
	u32 ops, by_policy;
	int err;

	guard(mutex)(&bxcheck_lock);
	if (sscanf(buf, "%i %i %i", &bxcheck_spec.version, &ops,
		   &by_policy) != 3)
		return -EINVAL;
	for (u32 i = 0; i < BX_CHECK_NR_OPS; i++)
		bxcheck_spec_ops[i] = ops & BIT(i) ? bxcheck_ops[i] : NULL;
	bxcheck_spec.ops = bxcheck_spec_ops;
	bxcheck_spec.nr_ops = BX_CHECK_NR_OPS;
	bxcheck_spec.by_policy = by_policy;
	err = bxcheck_add(&bxcheck_spec, 2, "spec", &bdev);
	if (err)
		return err;
	bx_device_remove(bdev);
	return count;
}
static DEVICE_ATTR_WO(provider);

static int bxcheck_try_driver(struct bx_driver *drv)
{
	struct bx_device *bdev;
	int err = bx_driver_register(&bxcheck_bus, drv);

	if (err)
		return err;
	err = bxcheck_add(&bxcheck_spec, 2, "spec", &bdev);
	if (!err) {
		if (!bdev->dev.driver)
			err = -ENODEV;
		bx_device_remove(bdev);
	}
	bx_driver_unregister(drv);
	return err;
}

static ssize_t driver_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	static const struct bx_device_id ids[] = {
		{ BX_DEVICE(BXCHECK_VENDOR, 2) },
		{ }
	};
	static struct bx_driver drv;
	int err;

	guard(mutex)(&bxcheck_lock);
	drv = (struct bx_driver) {
		.name = "asks", .id_table = ids, .probe = bxcheck_probe,
	};
	err = bxcheck_try_driver(&drv);
	return err ?: count;
}
static DEVICE_ATTR_WO(driver);

/* A call from an interrupt */

static struct bxcheck_irq {
	struct hrtimer		timer;
	struct completion	done;
	struct bx_check_ping	ping;
	int			ret;
} bxcheck_irq;

static enum hrtimer_restart bxcheck_tick(struct hrtimer *timer)
{
	struct bxcheck_irq *irq = container_of(timer, struct bxcheck_irq,
					       timer);

	irq->ret = bx_call(bxcheck_dev, BX_CHECK_PING, &irq->ping,
			   sizeof(irq->ping));
	complete(&irq->done);
	return HRTIMER_NORESTART;
}

static ssize_t ping_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	u32 value;
	int err = kstrtou32(buf, 0, &value);

	if (err)
		return err;
	guard(mutex)(&bxcheck_lock);
	bxcheck_irq.ping.secret = (unsigned long)&bxcheck_irq.ping;
	bxcheck_irq.ping.value = value;
	reinit_completion(&bxcheck_irq.done);
	hrtimer_start(&bxcheck_irq.timer, 0, HRTIMER_MODE_REL_HARD);
	wait_for_completion(&bxcheck_irq.done);
	return count;
}

static ssize_t ping_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	guard(mutex)(&bxcheck_lock);
	return sysfs_emit(buf, "%d %u\n", bxcheck_irq.ret,
			  bxcheck_irq.ping.value);
}
static DEVICE_ATTR_RW(ping);

static struct attribute *bxcheck_attrs[] = {
	&dev_attr_contract.attr,
	&dev_attr_provider.attr,
	&dev_attr_driver.attr,
	&dev_attr_ping.attr,
	NULL
};

static const struct attribute_group bxcheck_group = {
	.attrs	= bxcheck_attrs,
};

/* The module */

static int __init bxcheck_init(void)
{
	int err = bx_bus_register(&bxcheck_bus);

	if (err)
		return err;
	err = bxcheck_add_many();
	if (err)
		goto err_bus;
	init_completion(&bxcheck_irq.done);
	bx_hrtimer_setup(&bxcheck_irq.timer, bxcheck_tick, CLOCK_MONOTONIC,
			 HRTIMER_MODE_REL_HARD);
	bxcheck_root = root_device_register("bxcheck");
	err = PTR_ERR_OR_ZERO(bxcheck_root);
	if (err)
		goto err_many;
	err = bxcheck_add(&bxcheck_provider, 1, "check0", &bxcheck_dev);
	if (err)
		goto err_root;
	err = device_add_group(bxcheck_root, &bxcheck_group);
	if (!err)
		return 0;

	bx_device_remove(bxcheck_dev);
err_root:
	root_device_unregister(bxcheck_root);
err_many:
	bx_bus_unregister(&bxcheck_many);
err_bus:
	bx_bus_unregister(&bxcheck_bus);
	return err;
}
module_init(bxcheck_init);

static void __exit bxcheck_exit(void)
{
	device_remove_group(bxcheck_root, &bxcheck_group);
	bx_device_remove(bxcheck_dev);
	root_device_unregister(bxcheck_root);
	bx_bus_unregister(&bxcheck_many);
	bx_bus_unregister(&bxcheck_bus);
}
module_exit(bxcheck_exit);

MODULE_DESCRIPTION("bus_ext: a contract with everything in it, for tests");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
