// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kinds of bus, each with a table of operations
 *
 * A kind applies the outcome of elections: on own buses (own.c), or on buses of
 * the kernel by driver_override (override.c).  Kinds are added at module load
 * and stay until the module is unloaded.
 */
#include "core.h"

#define BX_MAX_KINDS	2

static const struct bx_kind *bx_kinds[BX_MAX_KINDS];	/* constant after init */
static u32 bx_nkinds;

/* Adds a kind, at module load, before the first bus of that kind. */
void bx_kind_add(const struct bx_kind *kind)
{
	if (!WARN_ON_ONCE(bx_nkinds == BX_MAX_KINDS))
		bx_kinds[bx_nkinds++] = kind;
}

/**
 * bx_kind_of_bus() - get the kind of a bus
 * @bus: the bus
 *
 * Return: the kind; NULL for a bus that policies do not decide on.
 */
const struct bx_kind *bx_kind_of_bus(const struct bus_type *bus)
{
	for (u32 i = 0; i < bx_nkinds; i++) {
		if (bx_kinds[i]->has(bus))
			return bx_kinds[i];
	}
	return NULL;
}

/* Whether a device is on an own bus, and so a struct bx_device */
bool bx_is_own(const struct device *dev)
{
	const struct bx_kind *kind = bx_kind_of(dev);

	return kind && !kind->adopted;
}

/**
 * bx_kind_get() - find the kind of a bus by name
 * @bus: the bus
 * @owner: takes its pinned module, or NULL; the caller calls module_put()
 *
 * Context: may sleep.
 * Return: the kind; NULL if there is no such bus or its module is being
 * unloaded.
 */
const struct bx_kind *bx_kind_get(const char *bus, struct module **owner)
{
	*owner = NULL;
	for (u32 i = 0; i < bx_nkinds; i++) {
		if (!bx_kinds[i]->bus_get(bus, owner))
			return bx_kinds[i];
	}
	return NULL;
}

/* Whether an adopted bus has this name */
bool bx_is_adopted(const char *bus)
{
	struct module *owner;
	const struct bx_kind *kind = bx_kind_get(bus, &owner);

	module_put(owner);
	return kind && kind->adopted;
}

/**
 * bx_policies_changed() - schedule elections after a change of policies
 * @bus: the bus; "" for all buses
 * @vendor: the vendor in scope; BX_ANY for all
 *
 * A work item elects each unbound device again.
 *
 * Context: process.
 */
void bx_policies_changed(const char *bus, u32 vendor)
{
	for (u32 i = 0; i < bx_nkinds; i++)
		bx_kinds[i]->changed(bus, vendor);
}

/**
 * bx_decisions_forget() - drop the decisions of a detached policy
 * @policy_id: the policy
 *
 * Devices stay bound.  The caller must call bx_policies_changed() afterwards.
 *
 * Context: process; no election of the policy is in progress.
 */
void bx_decisions_forget(u64 policy_id)
{
	for (u32 i = 0; i < bx_nkinds; i++) {
		if (bx_kinds[i]->forget)
			bx_kinds[i]->forget(policy_id);
	}
}

/**
 * bx_decisions_inherit() - transfer the decisions of a policy to another
 * @policy_id: the policy, no longer active
 * @heir_id: the other policy
 *
 * Context: process; no election of the policy is in progress.
 */
void bx_decisions_inherit(u64 policy_id, u64 heir_id)
{
	for (u32 i = 0; i < bx_nkinds; i++) {
		if (bx_kinds[i]->inherit)
			bx_kinds[i]->inherit(policy_id, heir_id);
	}
}

/* ---- buses, drivers and devices by name ---- */

/**
 * bx_for_each_bus() - call a function for each own and adopted bus
 * @fn: the function; a nonzero result ends the walk
 * @data: its argument
 * @flags: bit 0 for own buses, bit 1 for adopted buses
 *
 * Context: process; for own buses @fn runs under bx_bus_rwsem.
 * Return: the last result of @fn, 0 if it was never called.
 */
int bx_for_each_bus(bx_bus_fn fn, void *data, u32 flags)
{
	int ret = 0;

	for (u32 i = 0; i < bx_nkinds && !ret; i++) {
		if (flags & (bx_kinds[i]->adopted ? 2 : 1))
			ret = bx_kinds[i]->for_each_bus(fn, data);
	}
	return ret;
}

static int bx_has_bus_name(const struct bus_type *bus, bool adopted, void *name)
{
	return !strcmp(bus->name, name);
}

/* Whether there is an own or adopted bus of this name; an awaited one does not exist. */
bool bx_bus_exists(const char *bus)
{
	return bx_for_each_bus(bx_has_bus_name, (void *)bus, ~0U);
}

static int bx_has_name(struct device_driver *drv, void *data)
{
	return !strcmp(drv->name, data);
}

/**
 * bx_bus_has_driver() - check whether a driver is registered
 * @bus: the bus
 * @driver: name of the driver
 *
 * driver_find() would need the driver not to be unregistered meanwhile.
 *
 * Context: any, without interrupts: a walk over the drivers of the bus.
 * Return: true if it is.
 */
bool bx_bus_has_driver(const struct bus_type *bus, const char *driver)
{
	return bus_for_each_drv(bus, NULL, (void *)driver, bx_has_name);
}

struct bx_exists {
	const char	*bus;
	const char	*driver;
	bool		found;
};

static int bx_exists_on(const struct bus_type *bus, bool adopted, void *data)
{
	struct bx_exists *q = data;

	if (strcmp(bus->name, q->bus))
		return 0;
	q->found = bx_bus_has_driver(bus, q->driver);
	return 1;
}

/**
 * bx_driver_exists() - check whether a driver is registered
 * @bus: name of the bus
 * @driver: name of the driver
 *
 * Context: process.
 * Return: true if it is.
 */
bool bx_driver_exists(const char *bus, const char *driver)
{
	struct bx_exists q = { .bus = bus, .driver = driver };

	bx_for_each_bus(bx_exists_on, &q, ~0U);
	return q.found;
}

/**
 * bx_override_outcome() - get the outcome of an administrator's override
 * @bus: name of the bus
 * @override: the override
 *
 * Context: process.
 * Return: BX_OUT_REFUSED for "none", unless a driver has that name.
 */
enum bx_outcome bx_override_outcome(const char *bus, const char *override)
{
	if (bx_driver_exists(bus, override))
		return BX_OUT_DRIVER;
	return strcmp(override, BX_OVERRIDE_NONE) ? BX_OUT_ABSENT :
						    BX_OUT_REFUSED;
}

struct bx_search {
	const struct bx_devref	*ref;
	guid_t			guid;
	bool			by_guid;
	struct device		*dev;
	bool			ambiguous;
};

static int bx_search_match(struct device *dev, const void *data)
{
	const struct bx_search *s = data;

	if (!strcmp(dev_name(dev), s->ref->name))
		return 1;
	return s->by_guid && bx_is_own(dev) &&
	       guid_equal(&to_bx_device(dev)->guid, &s->guid);
}

static int bx_search_bus(const struct bus_type *bus, bool adopted, void *data)
{
	struct bx_search *s = data;
	struct device *dev;

	if (*s->ref->bus && strcmp(bus->name, s->ref->bus))
		return 0;
	dev = bus_find_device(bus, NULL, s, bx_search_match);
	if (!dev)
		return 0;
	if (s->dev) {
		s->ambiguous = true;
		put_device(dev);
		return 1;
	}
	s->dev = dev;
	return 0;
}

/**
 * bx_find_device() - find a device by name or GUID
 * @ref: the device
 *
 * Context: process.
 * Return: the device, to be released with put_device(); ERR_PTR(-EINVAL) if a
 * name has no NUL; ERR_PTR(-ENODEV); ERR_PTR(-ENOTUNIQ) if @ref names no bus
 * and several buses have such a device.
 */
struct device *bx_find_device(const struct bx_devref *ref)
{
	struct bx_search s = { .ref = ref };

	if (strnlen(ref->bus, sizeof(ref->bus)) == sizeof(ref->bus) ||
	    strnlen(ref->name, sizeof(ref->name)) == sizeof(ref->name))
		return ERR_PTR(-EINVAL);
	s.by_guid = !guid_parse(ref->name, &s.guid);
	bx_for_each_bus(bx_search_bus, &s, ~0U);
	if (s.ambiguous) {
		put_device(s.dev);
		return ERR_PTR(-ENOTUNIQ);
	}
	return s.dev ?: ERR_PTR(-ENODEV);
}
