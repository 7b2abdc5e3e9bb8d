// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work that is set off, and waiting for it
 *
 * Binding, unbinding and loading modules may take long and take locks that no
 * program may hold, so they are done by work items.  Operators ask for them
 * with a ticket (rebind, re-elect, settle); elections ask for a driver's module.
 */
#include <linux/ctype.h>
#include <linux/kmod.h>
#include "core.h"

struct workqueue_struct *bx_wq;			/* ejections, re-elections */
static struct workqueue_struct *bx_request_wq;	/* what may block for long */

static atomic_t bx_async = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(bx_async_wait);

/* Something was queued that bx_request_settle() waits for. */
void bx_async_begin(void)
{
	atomic_inc(&bx_async);
}

void bx_async_end(void)
{
	if (atomic_dec_and_test(&bx_async))
		wake_up_all(&bx_async_wait);
}

/* ---- drivers that are not there ---- */

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

/* The bus says MODALIAS in the device's uevents; it needs no lock for them. */
static struct kobj_uevent_env *
bx_device_uevent(const struct bx_module_request *req)
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
	struct kobj_uevent_env *env __free(kfree) = bx_device_uevent(req);
	size_t len = strlen("MODALIAS=");

	for (int i = 0; env && i < env->envp_idx; i++) {
		if (!strncmp(env->envp[i], "MODALIAS=", len))
			request_module("%s", env->envp[i] + len);
	}
}

/* What modprobe takes for a name, and for nothing else */
static bool bx_driver_has_alias(const char *driver)
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
	if (bx_driver_has_alias(req->driver))
		request_module("bus_ext:%s:%s", req->bus, req->driver);
}

static void bx_eject_driverless(const struct bx_module_request *req)
{
	if (bx_driver_has_alias(req->driver))
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
		bx_eject_driverless(req);

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

/* ---- finding things ---- */

/**
 * bx_for_each_bus() - call a function for every bus in scope of bus_ext
 * @fn: the function; anything but 0 ends the walk
 * @data: its argument
 * @flags: bit 0 for our own buses, bit 1 for adopted ones
 *
 * Context: process; @fn runs under bx_bus_rwsem for our own buses.
 * Return: what @fn returned last, 0 when it was never called.
 */
int bx_for_each_bus(bx_bus_fn fn, void *data, u32 flags)
{
	const struct bus_type *type;
	struct bx_bus *bus;
	int ret = 0;

	for (u32 i = 0; flags & 2 && (type = bx_adopted_bus_type(i)); i++) {
		ret = fn(type, true, data);
		if (ret)
			return ret;
	}
	if (!(flags & 1))
		return 0;
	down_read(&bx_bus_rwsem);
	list_for_each_entry(bus, &bx_buses, node) {
		ret = fn(&bus->type, false, data);
		if (ret)
			break;
	}
	up_read(&bx_bus_rwsem);
	return ret;
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

/* ---- tickets ---- */

#define BX_MAX_TICKETS	64

struct bx_request {
	struct list_head	node;
	struct work_struct	work;
	struct kref		ref;
	u64			ticket;
	int			(*fn)(struct bx_request *req);
	struct device		*dev;
	char			bus[BX_NAME_LEN];
	struct bx_commit	*commit;
	s64			result;
	bool			done;
};

static LIST_HEAD(bx_requests);
static DEFINE_MUTEX(bx_request_mutex);	/* protects bx_requests and results */
static DECLARE_WAIT_QUEUE_HEAD(bx_request_wait_head);
static u64 bx_last_ticket;
static u32 bx_ntickets;

static void bx_request_free(struct kref *ref)
{
	struct bx_request *req = container_of(ref, struct bx_request, ref);

	put_device(req->dev);
	kfree(req->commit);
	kfree(req);
}

static void bx_request_unlist(struct bx_request *req)
{
	list_del_init(&req->node);
	bx_ntickets--;
	kref_put(&req->ref, bx_request_free);
}

static void bx_request_work(struct work_struct *work)
{
	struct bx_request *req = container_of(work, struct bx_request, work);
	int ret = req->fn(req);

	mutex_lock(&bx_request_mutex);
	req->result = ret;
	WRITE_ONCE(req->done, true);
	mutex_unlock(&bx_request_mutex);
	wake_up_all(&bx_request_wait_head);
	kref_put(&req->ref, bx_request_free);
}

/* Results that nobody came for make room, oldest first. */
static void bx_request_make_room(void)
{
	struct bx_request *req, *tmp;

	list_for_each_entry_safe(req, tmp, &bx_requests, node) {
		if (bx_ntickets < BX_MAX_TICKETS)
			return;
		if (req->done)
			bx_request_unlist(req);
	}
}

static struct bx_request *bx_request_alloc(int (*fn)(struct bx_request *req))
{
	struct bx_request *req = kzalloc(sizeof(*req), GFP_KERNEL);

	if (!req)
		return NULL;
	kref_init(&req->ref);
	INIT_WORK(&req->work, bx_request_work);
	req->fn = fn;
	return req;
}

/* Takes the request over. */
static s64 bx_request_queue(struct bx_request *req)
{
	u64 ticket;

	mutex_lock(&bx_request_mutex);
	bx_request_make_room();
	if (bx_ntickets >= BX_MAX_TICKETS) {
		mutex_unlock(&bx_request_mutex);
		kref_put(&req->ref, bx_request_free);
		return -EBUSY;
	}
	ticket = ++bx_last_ticket;
	req->ticket = ticket;
	kref_get(&req->ref);		/* the work item's */
	list_add_tail(&req->node, &bx_requests);
	bx_ntickets++;
	mutex_unlock(&bx_request_mutex);

	queue_work(bx_request_wq, &req->work);
	return ticket;
}

static struct bx_request *bx_request_find(u64 ticket)
{
	struct bx_request *req;

	list_for_each_entry(req, &bx_requests, node) {
		if (req->ticket == ticket)
			return req;
	}
	return NULL;
}

static struct bx_request *bx_request_get(u64 ticket)
{
	struct bx_request *req;

	mutex_lock(&bx_request_mutex);
	req = bx_request_find(ticket);
	if (req)
		kref_get(&req->ref);
	mutex_unlock(&bx_request_mutex);
	return req;
}

/* The result, if there is one; then the ticket is spent. */
static s64 bx_request_collect(struct bx_request *req)
{
	s64 result = -EINPROGRESS;

	mutex_lock(&bx_request_mutex);
	if (req->done) {
		/* Once: another waiter may have been faster. */
		result = list_empty(&req->node) ? -ENOENT : req->result;
		if (!list_empty(&req->node))
			bx_request_unlist(req);
	}
	mutex_unlock(&bx_request_mutex);
	return result;
}

/**
 * bx_request_wait() - wait for a request
 * @ticket: from bx_request_rebind() and the like
 * @timeout_ms: at most so long, limited to a second: the caller is a BPF
 *	program, whose read section holds others up
 *
 * Return: the result, -EINPROGRESS, -ENOENT for an unknown ticket, or -EINTR.
 */
s64 bx_request_wait(u64 ticket, u32 timeout_ms)
{
	struct bx_request *req = bx_request_get(ticket);
	s64 result;
	long left;

	if (!req)
		return -ENOENT;
	left = msecs_to_jiffies(min(timeout_ms, 1000U));
	left = wait_event_interruptible_timeout(bx_request_wait_head,
						READ_ONCE(req->done), left);
	result = left == -ERESTARTSYS ? -EINTR : bx_request_collect(req);
	kref_put(&req->ref, bx_request_free);
	return result;
}

static int bx_do_rebind(struct bx_request *req)
{
	if (bx_is_own(req->dev))
		return bx_own_rebind(to_bx_device(req->dev));
	return bx_adopted_rebind(req->dev);
}

/**
 * bx_request_rebind() - bind a device to the driver that is elected now
 * @ref: the device
 *
 * Return: a ticket, or an errno: those of bx_find_device(), -ENOMEM, -EBUSY
 * when too many requests are under way.
 */
s64 bx_request_rebind(const struct bx_devref *ref)
{
	struct device *dev = bx_find_device(ref);
	struct bx_request *req;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	req = bx_request_alloc(bx_do_rebind);
	if (!req) {
		put_device(dev);
		return -ENOMEM;
	}
	req->dev = dev;
	return bx_request_queue(req);
}

static void bx_wait_idle(void)
{
	wait_event(bx_async_wait, !atomic_read(&bx_async));
}

static int bx_do_settle(struct bx_request *req)
{
	bx_wait_idle();
	return 0;
}

static int bx_do_reelect(struct bx_request *req)
{
	bx_own_changed(req->bus);
	bx_adopted_changed(req->bus);
	bx_wait_idle();
	return 0;
}

/**
 * bx_request_reelect() - elect anew what is unbound
 * @ref: names the bus; all buses when it names none
 *
 * Return: a ticket, or -ENODEV for an unknown bus, -ENOMEM, -EBUSY.
 */
s64 bx_request_reelect(const struct bx_devref *ref)
{
	struct module *owner = NULL;
	struct bx_request *req;
	int err;

	if (strnlen(ref->bus, sizeof(ref->bus)) == sizeof(ref->bus))
		return -EINVAL;
	if (*ref->bus && bx_adopted_bus_get(ref->bus)) {
		err = bx_own_bus_get(ref->bus, &owner);
		if (err)
			return err;
		module_put(owner);
	}
	req = bx_request_alloc(bx_do_reelect);
	if (!req)
		return -ENOMEM;
	strscpy(req->bus, ref->bus, sizeof(req->bus));
	return bx_request_queue(req);
}

/* A ticket that is done when nothing that was set off is under way. */
s64 bx_request_settle(void)
{
	struct bx_request *req = bx_request_alloc(bx_do_settle);

	return req ? bx_request_queue(req) : -ENOMEM;
}

static int bx_do_commit(struct bx_request *req)
{
	return bx_policy_commit(req->commit);
}

/**
 * bx_request_commit() - activate policies, and deactivate others
 * @commit: struct bx_commit; may change under our eyes
 * @size: its size
 *
 * Return: a ticket; -E2BIG for a commit of a later version, -EINVAL for one of an
 * earlier version; -ENOMEM, -EBUSY.
 */
s64 bx_request_commit(const void *commit, u32 size)
{
	struct bx_request *req;

	if (size != sizeof(*req->commit))
		return size > sizeof(*req->commit) ? -E2BIG : -EINVAL;
	req = bx_request_alloc(bx_do_commit);
	if (!req)
		return -ENOMEM;
	req->commit = kmemdup(commit, size, GFP_KERNEL);
	if (!req->commit) {
		kref_put(&req->ref, bx_request_free);
		return -ENOMEM;
	}
	return bx_request_queue(req);
}

int bx_request_init(void)
{
	bx_wq = alloc_ordered_workqueue("bus_ext", 0);
	if (!bx_wq)
		return -ENOMEM;
	bx_request_wq = alloc_workqueue("bus_ext_req", WQ_UNBOUND, 0);
	if (!bx_request_wq) {
		destroy_workqueue(bx_wq);
		return -ENOMEM;
	}
	return 0;
}

/* Nobody can queue anything any more: buses and policies are gone. */
void bx_request_exit(void)
{
	struct bx_request *req, *tmp;

	bx_wait_idle();
	destroy_workqueue(bx_request_wq);
	destroy_workqueue(bx_wq);
	list_for_each_entry_safe(req, tmp, &bx_requests, node)
		bx_request_unlist(req);
}
