// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vetoes: no driver's probe runs for a device that was decided differently
 *
 * At BUS_NOTIFY_BIND_DRIVER, under the device lock, the device gets a PM domain whose
 * activate() fails.  The driver core calls it before the probe of the bus or of the
 * driver, and then tries the next driver.  The device has the domain only from the
 * notifier to activate(), which puts the former one back.
 *
 * A positive errno tells the driver core that only this driver has failed; a negative
 * one would end its walk over the drivers.
 */
#include "core.h"

static LIST_HEAD(bx_armed);
static DEFINE_SPINLOCK(bx_armed_lock);	/* protects bx_armed, .busy of bx_spares */

/* For devices whose entry there was no memory for */
static struct bx_veto bx_spares[4];
static DECLARE_WAIT_QUEUE_HEAD(bx_spare_wait);

/* A PM domain takes precedence, so its callbacks must be those of the device so far. */
static const struct dev_pm_ops *bx_pm_ops(const struct device *dev)
{
	if (dev->pm_domain)
		return &dev->pm_domain->ops;
	if (dev->type && dev->type->pm)
		return dev->type->pm;
	if (dev->class && dev->class->pm)
		return dev->class->pm;
	return dev->bus->pm;
}

/*
 * dev_pm_domain_set() does nothing without CONFIG_PM, and warns if a driver is bound.
 * Its other effects depend on the callbacks, which stay the same.  Readers hold
 * the lock.
 */
static void bx_domain_set(struct device *dev, struct dev_pm_domain *pd)
{
	spin_lock_irq(&dev->power.lock);
	dev->pm_domain = pd;
	spin_unlock_irq(&dev->power.lock);
}

static void bx_veto_restore(struct bx_veto *veto)
{
	if (veto->dev->pm_domain == &veto->pd)
		bx_domain_set(veto->dev, veto->saved);
}

/* Takes a veto out of the list; a spare one is free again. */
static void bx_veto_unlist(struct bx_veto *veto)
{
	lockdep_assert_held(&bx_armed_lock);
	list_del_init(&veto->armed);
	if (!veto->spare)
		return;
	veto->busy = false;
	wake_up(&bx_spare_wait);
}

/*
 * From now on, bx_veto_flush() does not wait for the caller, which must not sleep any
 * more before it leaves this module.
 */
static void bx_veto_done(struct bx_veto *veto)
{
	struct device *dev = veto->dev;

	spin_lock(&bx_armed_lock);
	bx_veto_unlist(veto);
	spin_unlock(&bx_armed_lock);
	put_device(dev);	/* the driver core has a reference, too */
}

/*
 * The driver core calls dismiss() of the former domain after the failure, so its
 * activate() is called, too.
 */
static int bx_veto_activate(struct device *dev)
{
	struct bx_veto *veto = container_of(dev->pm_domain, struct bx_veto, pd);

	bx_veto_restore(veto);
	if (dev->pm_domain && dev->pm_domain->activate)
		dev->pm_domain->activate(dev);
	bx_veto_done(veto);
	return ENODEV;
}

void bx_veto_init(struct bx_veto *veto)
{
	INIT_LIST_HEAD(&veto->armed);
}

static struct bx_veto *bx_veto_of(const struct device *dev)
{
	struct bx_veto *veto;

	lockdep_assert_held(&bx_armed_lock);
	list_for_each_entry(veto, &bx_armed, armed) {
		if (veto->dev == dev)
			return veto;
	}
	return NULL;
}

/**
 * bx_veto_disarm() - remove a veto that was not called
 * @dev: a device whose lock is held, or which was removed
 *
 * Return: true if there was one: nothing has called activate().
 */
bool bx_veto_disarm(struct device *dev)
{
	struct bx_veto *veto;

	/* only the holder of the device's lock adds and removes it */
	spin_lock(&bx_armed_lock);
	veto = bx_veto_of(dev);
	spin_unlock(&bx_armed_lock);
	if (!veto)
		return false;
	bx_veto_restore(veto);
	bx_veto_done(veto);
	return true;
}

/**
 * bx_veto_arm() - keep the driver that is being bound from its probe
 * @veto: belongs to the device
 * @dev: the device; its lock is held
 *
 * Needs no memory.
 *
 * Context: BUS_NOTIFY_BIND_DRIVER, after all other notifiers of the bus, which may set
 * PM domains.
 */
void bx_veto_arm(struct bx_veto *veto, struct device *dev)
{
	const struct dev_pm_ops *ops;

	bx_veto_disarm(dev);
	ops = bx_pm_ops(dev);
	if (dev->pm_domain)
		veto->pd = *dev->pm_domain;
	else
		veto->pd = (struct dev_pm_domain) {};
	if (ops)
		veto->pd.ops = *ops;
	veto->pd.activate = bx_veto_activate;
	veto->saved = dev->pm_domain;
	veto->dev = get_device(dev);
	spin_lock(&bx_armed_lock);
	list_add(&veto->armed, &bx_armed);
	spin_unlock(&bx_armed_lock);
	bx_domain_set(dev, &veto->pd);
}

static struct bx_veto *bx_spare_take(void)
{
	struct bx_veto *free = NULL;

	spin_lock(&bx_armed_lock);
	for (u32 i = 0; i < ARRAY_SIZE(bx_spares) && !free; i++) {
		if (!bx_spares[i].busy)
			free = &bx_spares[i];
	}
	if (free) {
		if (!free->spare)
			bx_veto_init(free);
		free->spare = true;
		free->busy = true;
	}
	spin_unlock(&bx_armed_lock);
	return free;
}

/**
 * bx_veto_arm_spare() - as bx_veto_arm(), for a device without an entry
 * @dev: the device; its lock is held
 *
 * Waits while all spare vetoes are in use: each is, until the driver core has come from
 * the notifier to activate(), which waits for no other device.
 *
 * Context: as bx_veto_arm().
 */
void bx_veto_arm_spare(struct device *dev)
{
	struct bx_veto *veto;

	wait_event(bx_spare_wait, (veto = bx_spare_take()));
	bx_veto_arm(veto, dev);
}

static struct device *bx_first_armed(void)
{
	struct bx_veto *veto;
	struct device *dev;

	spin_lock(&bx_armed_lock);
	veto = list_first_entry_or_null(&bx_armed, struct bx_veto, armed);
	dev = veto ? get_device(veto->dev) : NULL;
	spin_unlock(&bx_armed_lock);
	return dev;
}

/**
 * bx_veto_flush() - remove all vetoes
 *
 * Waits for those that are being called, except for their last instructions, for which
 * the caller needs synchronize_rcu_tasks().
 *
 * Context: process; no notifier that arms is registered.
 */
void bx_veto_flush(void)
{
	struct device *dev;

	while ((dev = bx_first_armed())) {
		device_lock(dev);
		bx_veto_disarm(dev);
		device_unlock(dev);
		put_device(dev);
	}
}
