// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a driver may be bound to a device on an adopted bus
 *
 * Asked by binding.c.  The answer follows from the last election, or from one that is held
 * now; the administrator's override is above it.
 */
#include <linux/cleanup.h>
#include "core.h"

/*
 * Whether the last decision allows a driver; @veto: the policy that vetoed it, or empty.
 * @why takes the decision that does not allow it.
 */
static bool bx_entry_admits(const struct bx_entry *entry, const char *veto,
			    const char *driver, struct bx_decision *why)
{
	*why = entry->dec;
	if (entry->token || entry->dec.by == BX_BY_SCORE)
		return (why->outcome == BX_OUT_DRIVER || why->outcome == BX_OUT_ABSENT) &&
		       !strcmp(why->driver, driver);
	if (!*veto)
		return true;
	why->by = BX_BY_VETO;
	why->outcome = BX_OUT_REFUSED;
	strscpy(why->policy, veto, sizeof(why->policy));
	return false;
}

/* The administrator's override is above all policies; one in driver_override is not here. */
static bool bx_admin_admits(const struct bx_entry *entry, const char *driver,
			    struct bx_decision *why)
{
	*why = (struct bx_decision) { .by = BX_BY_OVERRIDE, .outcome = BX_OUT_DRIVER };
	strscpy(why->driver, entry->admin, sizeof(why->driver));
	if (!strcmp(entry->admin, BX_OVERRIDE_NONE))
		why->outcome = BX_OUT_REFUSED;
	return !strcmp(entry->admin, driver);
}

/* Without memory for an election, no policy could be asked, so none has allowed a driver. */
static bool bx_admits_unasked(struct device *dev, struct bx_decision *why)
{
	*why = (struct bx_decision) { .by = BX_BY_NONE, .outcome = BX_OUT_REFUSED };
	return !bx_is_in_scope(dev);
}

/* As bx_override_admits(), with an election about @driver. */
static bool bx_entry_elect_binding(struct bx_entry *entry, struct bx_election *e,
				   const char *driver, struct bx_decision *why)
{
	bool request = false, admits = true;
	int ret;

	strscpy(e->binding, driver, sizeof(e->binding));
	mutex_lock(&entry->lock);
	ret = bx_override_elect_locked(entry, e, &request);
	if (*entry->admin)
		admits = bx_admin_admits(entry, driver, why);
	else if (ret >= 0)
		admits = bx_entry_admits(entry, e->binding_veto, driver, why);
	bx_override_prepare(entry);
	mutex_unlock(&entry->lock);
	bx_override_elected(e, request, ret);
	return ret == -ENOMEM ? bx_admits_unasked(e->ctx.device, why) : admits;
}

/**
 * bx_override_admits() - check whether a driver may be bound
 * @entry: the entry of the device
 * @dev: the device; its lock is held
 * @driver: the driver
 * @why: takes the decision that does not allow it
 *
 * Holds an election if one is due, and always if match() judges: the driver may be
 * registered since.
 *
 * Context: before a driver is bound, as in BUS_NOTIFY_BIND_DRIVER.
 * Return: false if it may not.
 */
bool bx_override_admits(struct bx_entry *entry, struct device *dev, const char *driver,
			struct bx_decision *why)
{
	struct bx_election *e;
	bool admits;

	if (!bx_override_is_current(entry)) {
		e = bx_election_alloc(dev, false);
		admits = e ? bx_entry_elect_binding(entry, e, driver, why) :
			     bx_admits_unasked(dev, why);
		bx_election_free(e);
		return admits;
	}
	mutex_lock(&entry->lock);
	admits = entry->gone || bx_entry_admits(entry, "", driver, why);
	bx_override_prepare(entry);
	mutex_unlock(&entry->lock);
	return admits;
}

/**
 * bx_override_would_admit() - check whether the last election allows a driver
 * @entry: the entry of the device
 * @driver: the driver
 * @why: takes the decision that does not allow it
 *
 * Context: process; no lock is needed, so the answer is provisional.
 * Return: false if it does not; true also if an election is due.
 */
bool bx_override_would_admit(struct bx_entry *entry, const char *driver,
			     struct bx_decision *why)
{
	if (!bx_override_is_current(entry))
		return true;
	guard(mutex)(&entry->lock);
	return entry->gone || bx_entry_admits(entry, "", driver, why);
}
