// SPDX-License-Identifier: GPL-2.0-only
/*
 * Elected drivers on adopted buses that are absent, or reject the device
 *
 * Notes on the device (notes.c) keep what became of a driver, and the device is elected
 * again.
 */
#include "core.h"

/**
 * bx_override_load_ended() - take note of the end of a module's load
 * @dev: a device on an adopted bus; the caller holds a reference to it
 * @driver: the driver
 * @came: it is registered
 * @before: it was before the load
 *
 * The driver core has probed a driver that came with the load.  One that was
 * there before may have come between the election and its override.
 *
 * Context: process; may probe.
 */
void bx_override_load_ended(struct device *dev, const char *driver, bool came,
			    bool before)
{
	struct bx_entry *entry = bx_entry_get(dev);

	if (!entry)
		return;
	mutex_lock(&entry->lock);
	bx_note_load_ended(&entry->notes, driver, came);
	if (before && !entry->gone && !strcmp(entry->text, driver))
		entry->attach = true;
	mutex_unlock(&entry->lock);
	bx_entry_put(entry);
	if (!came || before)
		bx_override_reelect(dev);
}

/**
 * bx_override_not_bound() - take note of a driver whose probe has failed
 * @dev: a device on an adopted bus
 *
 * Context: BUS_NOTIFY_DRIVER_NOT_BOUND.
 * Return: true if bx_override_revisit() must be called for the device.
 */
bool bx_override_not_bound(struct device *dev)
{
	struct bx_entry *entry = bx_entry_get(dev);
	char driver[BX_NAME_LEN];
	bool retry = false;

	if (!entry)
		return false;
	bx_dev_driver_name(dev, driver, sizeof(driver));
	mutex_lock(&entry->lock);
	if (!entry->gone && entry->next_best && *driver &&
	    !strcmp(driver, entry->dec.driver) &&
	    bx_note_state(&entry->notes, driver) != BX_DRIVER_REJECTED)
		retry = bx_note_set(&entry->notes, driver, BX_DRIVER_REJECTED);
	entry->retry |= retry;
	mutex_unlock(&entry->lock);
	bx_entry_put(entry);
	return retry;
}

/**
 * bx_override_revisit() - elect a device again that waits or was rejected
 * @dev: a device on an adopted bus; the caller holds a reference to it
 *
 * Context: process; may probe.
 */
void bx_override_revisit(struct device *dev)
{
	struct bx_entry *entry = bx_entry_get(dev);
	bool waits, retry;

	if (!entry)
		return;
	mutex_lock(&entry->lock);
	waits = !entry->gone && entry->waits;
	retry = !entry->gone && entry->retry;
	entry->retry = false;
	mutex_unlock(&entry->lock);
	bx_entry_put(entry);
	if (retry) {
		/* the failed probe still had the device when its notifier ran */
		device_lock(dev);
		device_unlock(dev);
	}
	if (waits || retry)
		bx_override_reelect(dev);
}
