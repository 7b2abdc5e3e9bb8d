// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading of modules of elected drivers that are not registered
 *
 * An election may run under a parent's lock that the module's init takes, so a
 * work item loads the module.
 */
#include <linux/ctype.h>
#include <linux/kmod.h>
#include "core.h"

struct bx_module_request {
	struct list_head	node;
	struct work_struct	work;
	char			bus[BX_NAME_LEN];
	char			driver[BX_NAME_LEN];
	char			device[BX_DEV_NAME_LEN];
};

static LIST_HEAD(bx_module_requests);
static DEFINE_SPINLOCK(bx_module_lock);	/* protects bx_module_requests */

static struct device *bx_device_of(const struct bx_module_request *req)
{
	struct bx_devref ref = {};

	strscpy(ref.bus, req->bus, sizeof(ref.bus));
	strscpy(ref.name, req->device, sizeof(ref.name));
	return bx_find_device(&ref);
}

/*
 * Loads the modules of the device's MODALIAS, as udev does, which may not run yet.
 * This finds a driver whose module has another name, but may load modules of other
 * drivers, too.  request_module() does not take an alias of MODULE_NAME_LEN bytes
 * or more, as own buses have; only udev loads those.
 */
static void bx_request_by_device(const struct bx_module_request *req)
{
	struct device *dev = bx_device_of(req);
	char *alias;

	if (IS_ERR(dev))
		return;
	alias = bx_bus_modalias(dev);
	put_device(dev);
	if (alias)
		request_module("%s", alias);
	kfree(alias);
}

/*
 * Whether modprobe takes the driver's name literally, not as a pattern or
 * option
 */
static bool bx_is_alias_name(const char *driver)
{
	for (; *driver; driver++) {
		if (!isascii(*driver) ||
		    (!isalnum(*driver) && *driver != '_' && *driver != '-'))
			return false;
	}
	return true;
}

/*
 * The driver's name comes from a policy, so it is never used as a module name,
 * but only in an alias that the driver's module or modprobe's configuration
 * must define.
 */
static void bx_request_by_name(const struct bx_module_request *req)
{
	if (bx_is_alias_name(req->driver))
		request_module("bus_ext:%s:%s", req->bus, req->driver);
}

static bool bx_has_come(const struct bx_module_request *req)
{
	return bx_driver_exists(req->bus, req->driver);
}

/*
 * The name comes first: it leads to this driver only.  request_module() waits for
 * a load of the same module that is in progress.
 */
static void bx_load(const struct bx_module_request *req)
{
	bx_request_by_name(req);
	if (!bx_has_come(req))
		bx_request_by_device(req);
}

static void bx_load_ended(const struct bx_module_request *req, bool before)
{
	struct device *dev = bx_device_of(req);

	if (IS_ERR(dev))
		return;
	bx_kind_of(dev)->load_ended(dev, req->driver, bx_has_come(req), before);
	put_device(dev);
}

static void bx_module_work(struct work_struct *work)
{
	struct bx_module_request *req;
	bool before;

	req = container_of(work, struct bx_module_request, work);
	before = bx_has_come(req);
	if (!before)
		bx_load(req);

	/* From now on, a new election can request the same driver again. */
	spin_lock(&bx_module_lock);
	list_del(&req->node);
	spin_unlock(&bx_module_lock);
	bx_load_ended(req, before);
	kfree(req);
	bx_async_end(BX_Q_MODULE);
}

static bool bx_module_pending(const struct bx_module_request *req)
{
	struct bx_module_request *other;

	list_for_each_entry(other, &bx_module_requests, node) {
		if (!strcmp(other->driver, req->driver) &&
		    !strcmp(other->bus, req->bus) &&
		    !strcmp(other->device, req->device))
			return true;
	}
	return false;
}

/**
 * bx_request_driver() - schedule loading the module of an elected driver
 * @bus: name of the bus
 * @driver: name of the driver; its module has the alias bus_ext:BUS:DRIVER or the
 *	device's MODALIAS
 * @device: name of the device, which is elected again if the load ends without
 *	the driver
 *
 * Context: may sleep; any lock of a device may be held.
 */
void bx_request_driver(const char *bus, const char *driver, const char *device)
{
	struct bx_module_request *req = kzalloc(sizeof(*req), GFP_KERNEL);
	bool pending;

	if (!req)
		return;
	INIT_WORK(&req->work, bx_module_work);
	strscpy(req->bus, bus, sizeof(req->bus));
	strscpy(req->driver, driver, sizeof(req->driver));
	strscpy(req->device, device, sizeof(req->device));

	spin_lock(&bx_module_lock);
	pending = bx_module_pending(req);
	if (!pending)
		list_add_tail(&req->node, &bx_module_requests);
	spin_unlock(&bx_module_lock);
	if (pending) {
		kfree(req);
		return;
	}
	bx_async_queue(BX_Q_MODULE, &req->work);
}
