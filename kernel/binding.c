// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decisions that are enforced when a driver is bound: all on buses without
 * driver_override, and those of match() on each adopted bus
 *
 * Called by the notifier of the bus, under the device lock, for each driver that the
 * driver core is about to probe: at the first binding, when a driver is registered, for
 * bind and drivers_probe in sysfs.  A driver can also be bound without a probe, for
 * example by usb_driver_claim_interface(), which a veto cannot prevent: the device is
 * shown as claimed.
 */
#include <linux/sched.h>
#include "core.h"

/*
 * Whether a process has asked for this driver, as by bind in sysfs, which gets only
 * -ENODEV; not if devices or drivers are being added.
 */
static bool bx_is_asked_for(const struct device_driver *drv)
{
	return !(current->flags & (PF_KTHREAD | PF_WQ_WORKER)) &&
	       !(drv->owner && module_is_coming(drv->owner));
}

/* The decision in words, such as "policy 'p' refuses the device" */
static void bx_binding_describe(const struct bx_decision *dec, char *buf, size_t size)
{
	int len;

	if (dec->by == BX_BY_KERNEL) {	/* which has other drivers for the device */
		strscpy(buf, "a policy vetoes it", size);
		return;
	}
	if (dec->by == BX_BY_OVERRIDE)
		len = scnprintf(buf, size, "the administrator's override");
	else if (*dec->policy)
		len = scnprintf(buf, size, "policy '%s'", dec->policy);
	else
		len = scnprintf(buf, size, "the hook");
	if (dec->by == BX_BY_VETO)
		scnprintf(buf + len, size - len, " vetoes it");
	else if (dec->outcome == BX_OUT_REFUSED)
		scnprintf(buf + len, size - len, " refuses the device");
	else if (dec->outcome == BX_OUT_DEFERRED)
		scnprintf(buf + len, size - len, " defers the device");
	else
		scnprintf(buf + len, size - len, " gives it to driver '%s'",
			  dec->driver);
}

/* In the log for a user who binds by hand, and gets only an errno */
static void bx_binding_refused(struct device *dev, const struct bx_decision *dec)
{
	const char *driver = dev->driver->name;
	char why[BX_MSG_LEN];

	if (dec->by == BX_BY_NONE) {
		dev_warn(dev, "driver '%s' is refused: there is no memory to ask the policies about it\n",
			 driver);
		return;
	}
	if (!bx_is_asked_for(dev->driver))
		return;
	bx_binding_describe(dec, why, sizeof(why));
	dev_notice(dev, "driver '%s' is refused: %s; to overrule it: bxctl override %s/%s %s\n",
		   driver, why, dev->bus->name, dev_name(dev), driver);
}

/* Elects a device that has no entry yet: a driver was faster than its addition. */
static struct bx_entry *bx_binding_entry(struct device *dev)
{
	struct bx_entry *entry = bx_entry_get(dev);

	if (entry)
		return entry;
	if (!bx_entry_add(dev, false))
		bx_entry_complete(dev);
	return bx_entry_get(dev);
}

/*
 * There is no memory for an entry, and so no policy can be asked: no driver is bound if one
 * may decide on the device, whose vendor is not known.
 */
static void bx_binding_unasked(struct device *dev)
{
	static const struct bx_decision unasked = { .by = BX_BY_NONE };

	if (!bx_is_bus_in_scope(dev->bus->name))
		return;
	bx_veto_arm_spare(dev);
	bx_binding_refused(dev, &unasked);
}

/**
 * bx_binding_begin() - keep a driver from its probe that was not elected, or is vetoed
 * @dev: a device on an adopted bus; its lock is held
 *
 * On a bus with driver_override, only match() has to be enforced here, and the first
 * policy that has it has checked that vetoes work.
 *
 * Context: BUS_NOTIFY_BIND_DRIVER, after all other notifiers.
 */
void bx_binding_begin(struct device *dev)
{
	struct bx_entry *entry;
	struct bx_decision why;

	if (!bx_vetoes_work())
		return;
	entry = bx_binding_entry(dev);
	if (!entry) {
		bx_binding_unasked(dev);
		return;
	}
	if (!bx_override_admits(entry, dev, &why)) {
		bx_veto_arm(&entry->veto, dev);
		bx_binding_refused(dev, &why);
	}
	bx_entry_put(entry);
}

/* The probe has failed or was refused, or the device was removed before activate(). */
void bx_binding_ended(struct device *dev)
{
	bx_veto_disarm(dev);
}

/* A driver is bound; if a veto is still armed, without a probe. */
void bx_binding_bound(struct device *dev)
{
	struct bx_decision dec;
	struct bx_entry *entry;
	char why[BX_MSG_LEN];

	if (!bx_veto_disarm(dev))
		return;
	entry = bx_entry_get(dev);
	if (!entry)
		return;
	mutex_lock(&entry->lock);
	dec = entry->dec;
	mutex_unlock(&entry->lock);
	WRITE_ONCE(entry->claimed, true);
	bx_binding_describe(&dec, why, sizeof(why));
	dev_warn(dev, "driver '%s' has claimed the device without a probe, although %s\n",
		 dev->driver->name, why);
	bx_entry_put(entry);
}

void bx_binding_unbound(struct device *dev)
{
	struct bx_entry *entry = bx_entry_get(dev);

	if (entry)
		WRITE_ONCE(entry->claimed, false);
	bx_entry_put(entry);
}
