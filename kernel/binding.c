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
 *
 * Where the driver core asks (matchhook.c), the answers are the same, and no veto is armed.
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
static void bx_binding_refused(struct device *dev, const struct device_driver *drv,
			       const struct bx_decision *dec)
{
	char why[BX_MSG_LEN];

	if (dec->by == BX_BY_NONE) {
		dev_warn(dev, "driver '%s' is refused: there is no memory to ask the policies about it\n",
			 drv->name);
		return;
	}
	if (!bx_is_asked_for(drv))
		return;
	bx_binding_describe(dec, why, sizeof(why));
	dev_notice(dev, "driver '%s' is refused: %s; to overrule it: bxctl override %s/%s %s\n",
		   drv->name, why, dev->bus->name, dev_name(dev), drv->name);
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
 * Whether a driver may be bound although there is no memory for an entry, so that no policy
 * can be asked: not if one may decide on the device, whose vendor is not known.
 */
static bool bx_binding_unasked(struct device *dev, const struct device_driver *drv)
{
	static const struct bx_decision unasked = { .by = BX_BY_NONE };

	if (!bx_is_bus_in_scope(dev->bus->name))
		return true;
	bx_binding_refused(dev, drv, &unasked);
	return false;
}

/* Whether the device may have the driver; an administrator learns why not. */
static bool bx_binding_check(struct bx_entry *entry, struct device *dev,
			     const struct device_driver *drv)
{
	struct bx_decision why;
	bool admits = bx_override_admits(entry, dev, drv->name, &why);

	if (!admits)
		bx_binding_refused(dev, drv, &why);
	return admits;
}

/* The driver core has asked, unless the driver is bound without a probe. */
static void bx_binding_begin_hooked(struct device *dev)
{
	struct bx_entry *entry = bx_entry_get(dev);

	if (!entry)
		return;
	entry->claims = entry->asked != dev->driver &&
			!bx_binding_check(entry, dev, dev->driver);
	entry->asked = NULL;
	bx_entry_put(entry);
}

/* As bx_binding_begin(), with a veto */
static bool bx_binding_begin_armed(struct device *dev)
{
	struct bx_entry *entry = bx_binding_entry(dev);
	bool admits;

	if (!entry) {
		admits = bx_binding_unasked(dev, dev->driver);
		if (!admits)
			bx_veto_arm_spare(dev);
		return admits;
	}
	admits = bx_binding_check(entry, dev, dev->driver);
	if (!admits)
		bx_veto_arm(&entry->veto, dev);
	bx_entry_put(entry);
	return admits;
}

/**
 * bx_binding_begin() - keep a driver from its probe that was not elected, or is vetoed
 * @dev: a device on an adopted bus; its lock is held
 *
 * On a bus with driver_override, only match() has to be enforced here, and the first
 * policy that has it has checked that vetoes work.
 *
 * Context: BUS_NOTIFY_BIND_DRIVER, after all other notifiers.
 * Return: false if the driver will not be probed.
 */
bool bx_binding_begin(struct device *dev)
{
	if (!bx_match_hooked())
		return !bx_vetoes_work() || bx_binding_begin_armed(dev);
	bx_binding_begin_hooked(dev);
	return true;
}

/*
 * The driver core asks whether a driver may be tried, about devices on all buses.  The
 * device may be bound or removed already; only the answer of the last election counts.
 */
static bool bx_binding_may_match(struct device *dev, const struct device_driver *drv)
{
	struct bx_entry *entry = bx_entry_get(dev);
	struct bx_decision why;
	bool admits;

	if (!entry)
		return true;
	admits = bx_override_would_admit(entry, drv->name, &why);
	if (!admits)
		bx_binding_refused(dev, drv, &why);
	bx_entry_put(entry);
	return admits;
}

/*
 * The driver core asks, under the device lock, whether a driver may be probed.  A device
 * on an adopted bus that is ready for this has its entry, unless memory ran out.
 */
static bool bx_binding_may_bind(struct device *dev, const struct device_driver *drv)
{
	struct bx_entry *entry = bx_entry_get(dev);
	bool admits;

	if (!entry)
		return dev->bus->match == bx_own_match || bx_binding_unasked(dev, drv);
	admits = bx_binding_check(entry, dev, drv);
	entry->asked = admits ? drv : NULL;
	bx_entry_put(entry);
	return admits;
}

/* The probe has failed or was refused, or the device was removed before activate(). */
void bx_binding_ended(struct device *dev)
{
	bx_veto_disarm(dev);
}

static bool bx_binding_claims(struct device *dev)
{
	struct bx_entry *entry = bx_entry_get(dev);
	bool claims = entry && entry->claims;

	bx_entry_put(entry);
	return claims;
}

/* A driver is bound; without a probe if a veto is still armed, or the driver core has not asked. */
void bx_binding_bound(struct device *dev)
{
	struct bx_decision dec;
	struct bx_entry *entry;
	char why[BX_MSG_LEN];

	if (bx_match_hooked() ? !bx_binding_claims(dev) : !bx_veto_disarm(dev))
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

/* Called before, and after, the notifiers of adopted buses are registered. */
int bx_binding_start(void)
{
	return bx_match_hook_start(bx_binding_may_match, bx_binding_may_bind);
}

void bx_binding_stop(void)
{
	bx_match_hook_stop();
}
