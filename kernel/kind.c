// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kinds of bus, behind one table of operations each
 *
 * A kind is a way in which the outcome of an election is made to hold: on buses of
 * bus_ext's own (own.c), or on buses of the kernel by driver_override (override.c).
 * Kinds are added when the module is loaded and stay until it is unloaded.
 */
#include "core.h"

#define BX_MAX_KINDS	2

static const struct bx_kind *bx_kinds[BX_MAX_KINDS];	/* constant after init */
static u32 bx_nkinds;

/* While the module is loaded, before any bus of that kind is there */
void bx_kind_add(const struct bx_kind *kind)
{
	if (!WARN_ON_ONCE(bx_nkinds == BX_MAX_KINDS))
		bx_kinds[bx_nkinds++] = kind;
}

/**
 * bx_kind_of() - the kind of a device's bus
 * @dev: the device
 *
 * Return: the kind; NULL for a bus that policies do not decide on.
 */
const struct bx_kind *bx_kind_of(const struct device *dev)
{
	for (u32 i = 0; i < bx_nkinds; i++) {
		if (bx_kinds[i]->has(dev))
			return bx_kinds[i];
	}
	return NULL;
}

/* A device on a bus of bus_ext's own, which is a struct bx_device */
bool bx_is_own(const struct device *dev)
{
	const struct bx_kind *kind = bx_kind_of(dev);

	return kind && !kind->adopted;
}

/**
 * bx_kind_get() - the kind of a bus, by name
 * @bus: the bus
 * @owner: takes its module, pinned, or NULL; module_put() it
 *
 * Return: the kind; NULL when there is no such bus, or when it is going.
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

/* Whether there is an adopted bus of that name */
bool bx_is_adopted(const char *bus)
{
	struct module *owner;
	const struct bx_kind *kind = bx_kind_get(bus, &owner);

	module_put(owner);
	return kind && kind->adopted;
}

/**
 * bx_policies_changed() - policies of a bus have changed
 * @bus: the bus; "" for all buses
 *
 * Soon, there is another election of each unbound device.
 *
 * Context: process.
 */
void bx_policies_changed(const char *bus)
{
	for (u32 i = 0; i < bx_nkinds; i++)
		bx_kinds[i]->changed(bus);
}

/**
 * bx_decisions_forget() - a policy is gone, and so are its decisions
 * @policy_id: the policy
 *
 * Devices are not unbound; bx_policies_changed() follows.
 *
 * Context: process; no election of the policy is under way.
 */
void bx_decisions_forget(u64 policy_id)
{
	for (u32 i = 0; i < bx_nkinds; i++) {
		if (bx_kinds[i]->forget)
			bx_kinds[i]->forget(policy_id);
	}
}

/**
 * bx_decisions_inherit() - decisions of a policy become those of another
 * @policy_id: the policy, which is not active any more
 * @heir_id: the other
 *
 * Context: process; no election of the policy is under way.
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
 * bx_for_each_bus() - call a function for each bus that policies decide on
 * @fn: the function; anything but 0 ends the walk
 * @data: its argument
 * @flags: bit 0 for buses of bus_ext's own, bit 1 for adopted ones
 *
 * Context: process; @fn runs under bx_bus_rwsem for buses of bus_ext's own.
 * Return: what @fn returned last, 0 when it was never called.
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
	q->found = driver_find(q->driver, bus);
	return 1;
}

/**
 * bx_driver_exists() - whether a driver is registered
 * @bus: name of the bus
 * @driver: name of the driver
 */
bool bx_driver_exists(const char *bus, const char *driver)
{
	struct bx_exists q = { .bus = bus, .driver = driver };

	bx_for_each_bus(bx_exists_on, &q, ~0U);
	return q.found;
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
 * Return: the device, put_device() it; ERR_PTR(-ENODEV); ERR_PTR(-ENOTUNIQ)
 * when @ref names no bus and several have such a device.
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
