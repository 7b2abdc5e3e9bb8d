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
	u64			policy_id;
	bool			absent_ok;
};

static LIST_HEAD(bx_module_requests);
static DEFINE_SPINLOCK(bx_module_lock);	/* protects bx_module_requests */

/*
 * Returns the uevent variables of the device, with MODALIAS; no lock is needed.
 */
static struct kobj_uevent_env *
bx_uevent_of(const struct bx_module_request *req)
{
	struct kobj_uevent_env *env = NULL;
	struct bx_devref ref = {};
	struct device *dev;

	strscpy(ref.bus, req->bus, sizeof(ref.bus));
	strscpy(ref.name, req->device, sizeof(ref.name));
	dev = bx_find_device(&ref);
	if (IS_ERR(dev))
		return NULL;
	if (dev->bus->uevent)
		env = kzalloc(sizeof(*env), GFP_KERNEL);
	if (env && dev->bus->uevent(dev, env)) {
		kfree(env);
		env = NULL;
	}
	put_device(dev);
	return env;
}

/*
 * Loads the modules of the device's MODALIAS, for systems where udev does not
 * run (yet).  This may load modules of other drivers, too.  request_module()
 * does not take an alias of MODULE_NAME_LEN bytes or more, as own buses have;
 * only udev loads those.
 */
static void bx_request_by_device(const struct bx_module_request *req)
{
	struct kobj_uevent_env *env __free(kfree) = bx_uevent_of(req);
	size_t len = strlen("MODALIAS=");

	for (int i = 0; env && i < env->envp_idx; i++) {
		if (!strncmp(env->envp[i], "MODALIAS=", len))
			request_module("%s", env->envp[i] + len);
	}
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

static void bx_eject_no_driver(const struct bx_module_request *req)
{
	if (bx_is_alias_name(req->driver))
		bx_eject_id(req->policy_id, BX_EXIT_NO_DRIVER, req->device,
			    "driver '%s' is not registered on %s; map bus_ext:%s:%s to its module in modprobe.d",
			    req->driver, req->bus, req->bus, req->driver);
	else
		bx_eject_id(req->policy_id, BX_EXIT_NO_DRIVER, req->device,
			    "driver '%s' is not registered on %s; not a module alias: use [A-Za-z0-9_-]",
			    req->driver, req->bus);
}

static void bx_module_work(struct work_struct *work)
{
	struct bx_module_request *req;

	req = container_of(work, struct bx_module_request, work);

	if (!bx_driver_exists(req->bus, req->driver))
		bx_request_by_device(req);
	if (!bx_driver_exists(req->bus, req->driver))
		bx_request_by_name(req);
	if (!bx_driver_exists(req->bus, req->driver) && !req->absent_ok)
		bx_eject_no_driver(req);

	spin_lock(&bx_module_lock);
	list_del(&req->node);
	spin_unlock(&bx_module_lock);
	kfree(req);
	bx_async_end(BX_Q_MODULE);
}

static bool bx_module_pending(const struct bx_module_request *req)
{
	struct bx_module_request *other;

	list_for_each_entry(other, &bx_module_requests, node) {
		if (other->policy_id == req->policy_id &&
		    !strcmp(other->driver, req->driver) &&
		    !strcmp(other->bus, req->bus) &&
		    !strcmp(other->device, req->device))
			return true;
	}
	return false;
}

/**
 * bx_request_driver() - schedule loading the module of an elected driver
 * @bus: name of the bus
 * @driver: name of the driver; its module has the device's MODALIAS or the
 *	alias bus_ext:BUS:DRIVER
 * @policy_id: the deciding policy; ejected if the driver is not registered
 *	afterwards
 * @device: name of the device
 * @absent_ok: do not eject the policy
 *
 * Context: may sleep; any lock of a device may be held.
 */
void bx_request_driver(const char *bus, const char *driver, u64 policy_id,
		       const char *device, bool absent_ok)
{
	struct bx_module_request *req = kzalloc(sizeof(*req), GFP_KERNEL);
	bool pending;

	if (!req)
		return;
	INIT_WORK(&req->work, bx_module_work);
	strscpy(req->bus, bus, sizeof(req->bus));
	strscpy(req->driver, driver, sizeof(req->driver));
	strscpy(req->device, device, sizeof(req->device));
	req->policy_id = policy_id;
	req->absent_ok = absent_ok;

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
