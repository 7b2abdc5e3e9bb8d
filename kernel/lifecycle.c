// SPDX-License-Identifier: GPL-2.0-only
/*
 * States of devices on own buses
 *
 *	creating -> ready <-> bound
 *	    |          \       /
 *	    |          draining
 *	    |              |
 *	    +-----------> gone
 *
 *	creating	from bx_device_alloc(), until the device is on its bus
 *	ready		on the bus, without a driver
 *	bound		a driver is bound
 *	draining	the hardware is gone, or the device is being removed: no driver is bound
 *			any more, calls in flight end
 *	gone		removed: the provider is not called any more; holders of a reference
 *			get errors
 *
 * A driver that is being bound while the removal begins is bound, and unbound again, in
 * the state draining.
 *
 * Each transition is a tracepoint (bx_state), and one uevent tells it, with BX_STATE=: those
 * of the driver core for an added, bound, unbound and removed device, and a change for
 * draining.
 */
#include <linux/bits.h>
#include "core.h"
#include "lifecycle.h"
#include "trace.h"

static const char *const bx_state_names[] = {
	[BX_STATE_CREATING]	= "creating",
	[BX_STATE_READY]	= "ready",
	[BX_STATE_BOUND]	= "bound",
	[BX_STATE_DRAINING]	= "draining",
	[BX_STATE_GONE]		= "gone",
};

/* The states from which each one can be reached */
static const u32 bx_states_before[] = {
	[BX_STATE_CREATING]	= 0,
	[BX_STATE_READY]	= BIT(BX_STATE_CREATING) | BIT(BX_STATE_BOUND),
	[BX_STATE_BOUND]	= BIT(BX_STATE_READY),
	[BX_STATE_DRAINING]	= BIT(BX_STATE_CREATING) | BIT(BX_STATE_READY) |
				  BIT(BX_STATE_BOUND),
	[BX_STATE_GONE]		= BIT(BX_STATE_CREATING) | BIT(BX_STATE_DRAINING),
};

const char *bx_state_name(u32 state)
{
	return state < ARRAY_SIZE(bx_state_names) ? bx_state_names[state] : "invalid";
}

/**
 * bx_state_set() - change the state of a device
 * @bdev: the device
 * @to: the new state, enum bx_dev_state
 *
 * Context: any.
 * Return: true; false if the state cannot be reached from the present one, which stays: a
 * driver is bound or unbound during a removal, or the hardware of a device is gone that is
 * being removed.
 */
bool bx_state_set(struct bx_device *bdev, u32 to)
{
	u32 from = READ_ONCE(bdev->state);

	do {
		if (!(bx_states_before[to] & BIT(from)))
			return false;
	} while (!try_cmpxchg(&bdev->state, &from, to));
	trace_bx_state(bdev, from, to);
	return true;
}

/* The hardware is gone, or the removal begins; in process context. */
void bx_state_drain(struct bx_device *bdev)
{
	if (bx_state_set(bdev, BX_STATE_DRAINING) && device_is_registered(&bdev->dev))
		kobject_uevent(&bdev->dev.kobj, KOBJ_CHANGE);
}

/* Frees an instance, or nothing for NULL; called by the release of its device. */
void bx_instance_free(struct bx_instance *inst)
{
	if (inst)
		kfree(inst->values);
	kfree(inst);
}
