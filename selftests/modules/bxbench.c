// SPDX-License-Identifier: GPL-2.0-only
/*
 * bxbench: the cost of a call and of an election through bus_ext
 *
 * One device on bx-sf, whose provider does nothing, and one driver of it.
 * Reading /sys/devices/bxbench/run calls "reset" many times, through the
 * provider's function pointer and through bx_sf_reset(), and shows the time of
 * each: a line "direct N" and a line "call N", thousandths of a nanosecond for
 * one call.  In a VM that counts instructions these are thousandths of an
 * instruction ('make bench').  With a policy that watches the device there is a
 * line "program N" as well: call() of that policy, without anything that bus_ext does
 * for it, so what is left is the BPF trampoline and the program.
 *
 * Reading /sys/devices/bxbench/elect holds many elections of the device, as the driver core
 * causes them after a change on the bus, and shows a line "elect N".
 */
#include <linux/bx_sf.h>
#include <linux/device.h>
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/sysfs.h>
#include "core.h"

#define BXBENCH_VENDOR	0xbe9c
#define BXBENCH_CALLS	1000	/* timed as one, with interrupts off */
#define BXBENCH_ELECTIONS 100	/* timed as one; less than a tick */
#define BXBENCH_ROUNDS	20	/* the shortest counts: nothing else ran */

static struct device *bxbench_root;
static struct bx_device *bxbench_dev;

static int bxbench_exec(struct bx_device *bdev, void *arg, u32 len)
{
	return -EOPNOTSUPP;
}

static noinline int bxbench_reset(struct bx_device *bdev, void *arg, u32 len)
{
	return 0;
}

static const bx_op_fn bxbench_ops[BX_SF_NR_OPS] = {
	[BX_SF_EXEC]	= bxbench_exec,
	[BX_SF_RESET]	= bxbench_reset,
};

static const struct bx_provider bxbench_provider = {
	.version	= BX_SF_VERSION,
	.ops		= bxbench_ops,
	.nr_ops		= ARRAY_SIZE(bxbench_ops),
};

static int bxbench_probe(struct bx_device *bdev, const struct bx_device_id *id)
{
	return 0;
}

static const struct bx_device_id bxbench_ids[] = {
	{ BX_DEVICE(BXBENCH_VENDOR, 1) },
	{ }
};

static struct bx_driver bxbench_driver = {
	.name		= "bxbench",
	.id_table	= bxbench_ids,
	.probe		= bxbench_probe,
};

/* As a driver does that has its operations in a table of its own. */
static noinline u64 bxbench_direct(struct bx_device *bdev)
{
	u64 start = ktime_get_ns();

	for (int i = 0; i < BXBENCH_CALLS; i++) {
		bx_op_fn fn = READ_ONCE(bdev->op[BX_SF_RESET]);

		fn(bdev, NULL, 0);
	}
	return ktime_get_ns() - start;
}

static noinline u64 bxbench_call(struct bx_device *bdev)
{
	u64 start = ktime_get_ns();

	for (int i = 0; i < BXBENCH_CALLS; i++)
		bx_sf_reset(bdev);
	return ktime_get_ns() - start;
}

/* A passing program reads nothing of its context. */
static noinline u64 bxbench_program(struct bx_device *bdev)
{
	const struct bx_policy_chain *chain;
	struct bx_call call = {};
	u64 start, end;

	rcu_read_lock();
	chain = rcu_dereference(bdev->chain);
	start = ktime_get_ns();
	for (int i = 0; chain && i < BXBENCH_CALLS; i++)
		chain->inst[0]->call(&call);
	end = ktime_get_ns();
	rcu_read_unlock();
	return end - start;
}

static bool bxbench_watched(struct bx_device *bdev)
{
	const struct bx_policy_chain *chain;
	bool watched;

	rcu_read_lock();
	chain = rcu_dereference(bdev->chain);
	watched = chain && chain->n && chain->inst[0]->call;
	rcu_read_unlock();
	return watched;
}

static u64 bxbench_best(u64 (*fn)(struct bx_device *bdev))
{
	u64 best = U64_MAX;

	for (int i = 0; i < BXBENCH_ROUNDS; i++) {
		unsigned long flags;

		local_irq_save(flags);
		best = min(best, fn(bxbench_dev));
		local_irq_restore(flags);
		cond_resched();
	}
	return best * 1000 / BXBENCH_CALLS;
}

static ssize_t run_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	u64 direct = bxbench_best(bxbench_direct);
	u64 call = bxbench_best(bxbench_call);
	int len = sysfs_emit(buf, "direct %llu\ncall %llu\n", direct, call);

	if (bxbench_watched(bxbench_dev))
		len += sysfs_emit_at(buf, len, "program %llu\n",
				     bxbench_best(bxbench_program));
	return len;
}
static DEVICE_ATTR_ADMIN_RO(run);

/*
 * Each change of a driver or policy on the bus ends the generation of cached decisions; then the
 * driver core's next question holds an election.
 */
static noinline u64 bxbench_elect(struct bx_device *bdev)
{
	u64 start = ktime_get_ns();

	for (int i = 0; i < BXBENCH_ELECTIONS; i++) {
		atomic64_inc(&bdev->bus->gen);
		bdev->dev.bus->match(&bdev->dev, &bxbench_driver.driver);
	}
	return ktime_get_ns() - start;
}

/* An election may sleep, so interrupts stay on. */
static ssize_t elect_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	u64 best = U64_MAX;

	for (int i = 0; i < BXBENCH_ROUNDS; i++) {
		best = min(best, bxbench_elect(bxbench_dev));
		cond_resched();
	}
	return sysfs_emit(buf, "elect %llu\n", best * 1000 / BXBENCH_ELECTIONS);
}
static DEVICE_ATTR_ADMIN_RO(elect);

static struct attribute *bxbench_attrs[] = {
	&dev_attr_run.attr,
	&dev_attr_elect.attr,
	NULL
};
ATTRIBUTE_GROUPS(bxbench);

static int bxbench_add(void)
{
	struct bx_id id = { .vendor = BXBENCH_VENDOR, .device = 1 };
	struct bx_device *bdev;
	int err;

	bdev = bx_device_alloc(&bx_sf_bus, bxbench_root, &id, NULL,
			       &bxbench_provider, NULL);
	if (IS_ERR(bdev))
		return PTR_ERR(bdev);
	err = bx_device_add(bdev, "bench");
	if (err)
		put_device(&bdev->dev);
	else
		bxbench_dev = bdev;
	return err;
}

static int __init bxbench_init(void)
{
	int err;

	bxbench_root = root_device_register("bxbench");
	if (IS_ERR(bxbench_root))
		return PTR_ERR(bxbench_root);
	err = bx_sf_driver_register(&bxbench_driver);
	if (err)
		goto err_root;
	err = bxbench_add();
	if (err)
		goto err_driver;
	err = device_add_groups(bxbench_root, bxbench_groups);
	if (!err)
		return 0;

	bx_device_remove(bxbench_dev);
err_driver:
	bx_sf_driver_unregister(&bxbench_driver);
err_root:
	root_device_unregister(bxbench_root);
	return err;
}
module_init(bxbench_init);

static void __exit bxbench_exit(void)
{
	device_remove_groups(bxbench_root, bxbench_groups);
	bx_device_remove(bxbench_dev);
	bx_sf_driver_unregister(&bxbench_driver);
	root_device_unregister(bxbench_root);
}
module_exit(bxbench_exit);

MODULE_DESCRIPTION("bus_ext: measure what a call and an election cost");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
