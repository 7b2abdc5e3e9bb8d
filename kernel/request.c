// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests with a ticket: rebind, re-elect, settle, commit
 *
 * Binding and unbinding may take long and take locks that a BPF program must
 * not hold.  So a program queues a request and waits for its ticket.
 */
#include "core.h"

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
	kvfree(req->commit);
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

/*
 * Drops results that were not collected, oldest first, if all tickets are in
 * use.
 */
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

/*
 * Consumes @req.  Returns a ticket, or -EBUSY if too many requests are queued.
 */
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

/* Returns the result and releases the ticket; -EINPROGRESS without a result. */
static s64 bx_request_collect(struct bx_request *req)
{
	s64 result = -EINPROGRESS;

	mutex_lock(&bx_request_mutex);
	if (req->done) {
		/* Each result is returned once, to the first waiter. */
		result = list_empty(&req->node) ? -ENOENT : req->result;
		if (!list_empty(&req->node))
			bx_request_unlist(req);
	}
	mutex_unlock(&bx_request_mutex);
	return result;
}

/**
 * bx_request_wait() - wait for a request
 * @ticket: from bx_request_rebind() or one of the other requests
 * @timeout_ms: timeout in milliseconds, limited to 1000: the calling BPF
 *	program runs in a read section that delays others
 *
 * Context: may sleep.
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

/* ---- the requests ---- */

static int bx_do_rebind(struct bx_request *req)
{
	return bx_kind_of(req->dev)->rebind(req->dev);
}

/**
 * bx_request_rebind() - queue the re-election and rebind of a device
 * @ref: the device
 *
 * Return: a ticket, or an errno: those of bx_find_device(), -ENOMEM, -EBUSY
 * if too many requests are queued.
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

static int bx_do_settle(struct bx_request *req)
{
	bx_async_wait_idle();
	return 0;
}

static int bx_do_reelect(struct bx_request *req)
{
	bx_policies_changed(req->bus, BX_ANY);
	bx_async_wait_idle();
	return 0;
}

/**
 * bx_request_reelect() - queue the re-election of unbound devices
 * @ref: names the bus; empty for all buses
 *
 * Return: a ticket, or -EINVAL if the name has no NUL, -ENODEV for an unknown
 * bus, -ENOMEM, -EBUSY.
 */
s64 bx_request_reelect(const struct bx_devref *ref)
{
	struct bx_request *req;
	struct module *owner;

	if (!bx_is_terminated(ref->bus))
		return -EINVAL;
	if (*ref->bus) {
		if (!bx_kind_get(ref->bus, &owner))
			return -ENODEV;
		module_put(owner);
	}
	req = bx_request_alloc(bx_do_reelect);
	if (!req)
		return -ENOMEM;
	strscpy(req->bus, ref->bus, sizeof(req->bus));
	return bx_request_queue(req);
}

/*
 * Queues a request that ends when no ejection, re-election or module load is
 * left.
 */
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
 * bx_request_commit() - queue a commit
 * @commit: struct bx_commit; copied, since it may change concurrently
 * @size: its size in bytes
 *
 * Return: a ticket; -E2BIG for a commit of a later version, -EINVAL for one of
 * an earlier version; -ENOMEM, -EBUSY.
 */
s64 bx_request_commit(const void *commit, u32 size)
{
	struct bx_request *req;

	if (size != sizeof(*req->commit))
		return size > sizeof(*req->commit) ? -E2BIG : -EINVAL;
	req = bx_request_alloc(bx_do_commit);
	if (!req)
		return -ENOMEM;
	req->commit = kvmemdup(commit, size, GFP_KERNEL);
	if (!req->commit) {
		kref_put(&req->ref, bx_request_free);
		return -ENOMEM;
	}
	return bx_request_queue(req);
}

/* Called after bx_async_exit(), so no request is queued any more. */
void bx_request_exit(void)
{
	struct bx_request *req, *tmp;

	list_for_each_entry_safe(req, tmp, &bx_requests, node)
		bx_request_unlist(req);
}
