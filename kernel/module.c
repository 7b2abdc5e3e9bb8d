// SPDX-License-Identifier: GPL-2.0-only
/*
 * Modules of drivers that are elected and not registered
 *
 * An election may run under the lock of a parent that the module's init would take,
 * so the module is loaded from a work item.
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

/* The bus says MODALIAS in the device's uevents; it needs no lock for them. */
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
 * As udev does when the device appears: where there is no udev, or not yet.
 * Modules of other drivers than the one that is asked for may come with it.
 * An alias of more than MODULE_NAME_LEN bytes, as those of our own buses are, is
 * more than request_module() takes, and is left to udev.
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

/* What modprobe takes for a name, and for nothing else */
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
 * The name comes from a policy, so it is never the name of a module: only an alias
 * that the driver's module has, or modprobe's configuration, makes it one.
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
			    "driver '%s' is not registered on %s; only names of [A-Za-z0-9_-] have a module",
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
	bx_async_end();
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
 * bx_request_driver() - get the module of an elected driver loaded
 * @bus: name of the bus
 * @driver: name of the driver; the module is that of the device's MODALIAS, or
 *	of the alias bus_ext:BUS:DRIVER
 * @policy_id: who elected it, to be ejected if there is no such driver
 * @device: for whom
 * @absent_ok: nobody is to be ejected
 *
 * The caller may hold the lock of a parent that the module's init would take,
 * so the module is loaded from a work item.
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
	bx_async_begin();
	queue_work(bx_request_wq, &req->work);
}
