// SPDX-License-Identifier: GPL-2.0-only
/*
 * Check of the running kernel, before the first bus is adopted at binding: a private bus
 * with one device and two drivers; the veto of the first one must leave the device to
 * the second, and both the first driver's probe and the device's PM domain untouched
 */
#include "core.h"

static int bx_check_probes[2];

static int bx_check_probe_refused(struct device *dev)
{
	bx_check_probes[0]++;
	return 0;
}

static int bx_check_probe_next(struct device *dev)
{
	bx_check_probes[1]++;
	return 0;
}

static const struct bus_type bx_check_bus = { .name = "bus_ext-check" };

static struct device_driver bx_check_drivers[] = {
	{
		.name		= "refused",
		.bus		= &bx_check_bus,
		.probe		= bx_check_probe_refused,
		.probe_type	= PROBE_FORCE_SYNCHRONOUS,
		.suppress_bind_attrs = true,
	}, {
		.name		= "next",
		.bus		= &bx_check_bus,
		.probe		= bx_check_probe_next,
		.probe_type	= PROBE_FORCE_SYNCHRONOUS,
		.suppress_bind_attrs = true,
	},
};

static struct bx_veto bx_check_veto;

static int bx_check_notify(struct notifier_block *nb, unsigned long action,
			   void *data)
{
	struct device *dev = data;

	switch (action) {
	case BUS_NOTIFY_BIND_DRIVER:
		if (dev->driver == &bx_check_drivers[0])
			bx_veto_arm(&bx_check_veto, dev);
		break;
	case BUS_NOTIFY_DRIVER_NOT_BOUND:
	case BUS_NOTIFY_BOUND_DRIVER:
		bx_veto_disarm(dev);
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block bx_check_nb = {
	.notifier_call	= bx_check_notify,
	.priority	= INT_MIN,
};

static void bx_check_release(struct device *dev)
{
	kfree(dev);
}

static struct device *bx_check_add_device(void)
{
	struct device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	int err;

	if (!dev)
		return ERR_PTR(-ENOMEM);
	device_initialize(dev);
	dev->bus = &bx_check_bus;
	dev->release = bx_check_release;
	dev_set_uevent_suppress(dev, true);
	err = dev_set_name(dev, "bus_ext-check") ?: device_add(dev);
	if (!err)
		return dev;
	put_device(dev);
	return ERR_PTR(err);
}

static int bx_check_device(void)
{
	struct device *dev = bx_check_add_device();
	bool works;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	device_lock(dev);
	works = dev->driver == &bx_check_drivers[1] && !dev->pm_domain &&
		!bx_check_probes[0] && bx_check_probes[1] == 1;
	device_unlock(dev);
	device_unregister(dev);
	return works ? 0 : -EOPNOTSUPP;
}

static int bx_check_with_drivers(void)
{
	int err = driver_register(&bx_check_drivers[0]);

	if (err)
		return err;
	err = driver_register(&bx_check_drivers[1]);
	if (!err) {
		err = bx_check_device();
		driver_unregister(&bx_check_drivers[1]);
	}
	driver_unregister(&bx_check_drivers[0]);
	return err;
}

static bool bx_veto_checked;

/* Whether vetoes are known to work: bx_veto_check() was called, and has found that */
bool bx_vetoes_work(void)
{
	return READ_ONCE(bx_veto_checked);
}

/**
 * bx_veto_check() - check that vetoes work on the running kernel
 *
 * That they do is kept.
 *
 * Context: process; may sleep; one caller at a time.
 * Return: 0, -EOPNOTSUPP if they do not, or another errno.
 */
int bx_veto_check(void)
{
	int err;

	if (bx_vetoes_work())
		return 0;
	bx_veto_init(&bx_check_veto);
	memset(bx_check_probes, 0, sizeof(bx_check_probes));
	err = bus_register(&bx_check_bus);
	if (err)
		return err;
	err = bus_register_notifier(&bx_check_bus, &bx_check_nb);
	if (!err) {
		err = bx_check_with_drivers();
		bus_unregister_notifier(&bx_check_bus, &bx_check_nb);
	}
	bus_unregister(&bx_check_bus);
	if (!err)
		WRITE_ONCE(bx_veto_checked, true);
	return err;
}
