// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rebinds on adopted buses: a device is elected again, and bound as was decided
 */
#include <linux/cleanup.h>
#include "core.h"

static bool bx_is_driver_outcome(const struct bx_decision *dec)
{
	return dec->outcome == BX_OUT_DRIVER || dec->outcome == BX_OUT_ABSENT;
}

/* Without a decision, a driver stays bound that the bus' own rule matches, unless it is vetoed. */
static bool bx_keeps_driver(struct bx_entry *entry, struct device *dev,
			    const struct bx_decision *dec, bool decided)
{
	char driver[BX_NAME_LEN];
	struct bx_decision why;
	bool keeps;

	if (decided) {
		bx_dev_driver_name(dev, driver, sizeof(driver));
		return bx_is_driver_outcome(dec) && !strcmp(driver, dec->driver);
	}
	device_lock(dev);
	keeps = dev->driver && bx_rule_claims(dev, dev->driver) &&
		bx_override_admits(entry, dev, dev->driver->name, &why);
	device_unlock(dev);
	return keeps;
}

static int bx_rebind_result(struct device *dev, const char *before)
{
	char after[BX_NAME_LEN];
	struct bx_decision dec;
	bool decided = bx_override_decision(dev, &dec);

	bx_dev_driver_name(dev, after, sizeof(after));
	if (decided && strcmp(after, dec.driver))
		return -EAGAIN;
	return strcmp(before, after) != 0;
}

/*
 * Binds the device as was decided; returns as bx_override_rebind(), where @before
 * was bound.
 */
static int bx_rebind_as_decided(struct bx_entry *entry, struct device *dev,
				const char *before)
{
	struct bx_decision dec;
	bool decided = bx_override_decision(dev, &dec);
	int err;

	if (READ_ONCE(dev->driver) && !bx_keeps_driver(entry, dev, &dec, decided))
		bx_steer_release(entry);
	if (!bx_is_ready_to_probe(dev))
		return -EAGAIN;
	if (!decided || bx_is_driver_outcome(&dec)) {
		err = bx_steer_attach(entry);
		if (err < 0 && err != -EPROBE_DEFER)
			return err;
	}
	return bx_rebind_result(dev, before);
}

static bool bx_is_loading(struct bx_entry *entry)
{
	guard(mutex)(&entry->lock);
	return entry->dec.outcome == BX_OUT_ABSENT &&
	       entry->dec.driver_state == BX_DRIVER_LOADING;
}

/* Elects; while the elected driver is absent, waits until its module was loaded. */
static int bx_rebind_elect(struct bx_entry *entry, struct device *dev)
{
	int ret;

	mutex_lock(&entry->lock);
	bx_notes_clear(&entry->notes);
	bx_deferral_reset(&entry->deferral);
	mutex_unlock(&entry->lock);
	ret = bx_override_elect_entry(entry, dev);
	for (u32 i = 0; ret >= 0 && i < BX_MAX_CHOICES && bx_is_loading(entry); i++) {
		bx_async_wait_queue(BX_Q_MODULE);	/* and for no probe */
		ret = bx_override_elect_entry(entry, dev);
	}
	return ret < 0 && ret != -EBUSY ? ret : 0;
}

/* Waits until the next choices were tried, after a probe that has failed. */
static int bx_rebind_next_best(struct bx_entry *entry, struct device *dev,
			       const char *before)
{
	bool next_best;
	int ret = -EAGAIN;

	mutex_lock(&entry->lock);
	next_best = entry->next_best;
	mutex_unlock(&entry->lock);
	/* the next one is elected, its module loaded, and it may reject the device, too */
	for (u32 i = 0; next_best && ret == -EAGAIN && i < BX_MAX_CHOICES; i++) {
		bx_async_wait_queue(BX_Q_ELECT);
		bx_async_wait_queue(BX_Q_MODULE);
		ret = bx_rebind_result(dev, before);
	}
	return ret;
}

/**
 * bx_override_rebind() - elect a device again and bind it to the elected driver
 * @dev: a device on an adopted bus; the caller holds a reference to it
 *
 * Context: process; unbinds and probes.
 * Return: 1 if the driver changed, 0 if it stayed, -EAGAIN if another driver
 * than the elected one is bound, or none, -ENODEV if the device was removed,
 * -ENOMEM, or the errno of device_attach().
 */
int bx_override_rebind(struct device *dev)
{
	struct bx_entry *entry = bx_entry_get(dev);
	char before[BX_NAME_LEN];
	int ret;

	if (!entry)
		return -ENODEV;
	bx_dev_driver_name(dev, before, sizeof(before));
	ret = bx_rebind_elect(entry, dev) ?:
	      bx_rebind_as_decided(entry, dev, before);
	if (ret == -EAGAIN)
		ret = bx_rebind_next_best(entry, dev, before);
	if (ret >= 0 && READ_ONCE(entry->gone))
		ret = -ENODEV;
	bx_entry_put(entry);
	return ret;
}
