// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests with a ticket: rebind, re-elect, settle, commit
 *
 * Binding and unbinding may take long and take locks that a BPF program must
 * not hold.  So a program queues a request and waits for its ticket.
 */
#include <linux/cleanup.h>
#include "core.h"

/* Limits for each kind of request */
#define BX_MAX_PENDING	64	/* rebinds: two for each device */
#define BX_MAX_RESULTS	256

/**
 * struct bx_requests - the requests of a kind; bx_request_mutex
 * @queue: where they are done
 * @pending: requests that have not ended
 * @results: requests that have ended, oldest first
 * @npending: length of @pending
 * @nresults: length of @results
 */
struct bx_requests {
	enum bx_queue		queue;
	struct list_head	pending;
	struct list_head	results;
	u32			npending;
	u32			nresults;
};

/**
 * struct bx_request - a request
 * @node: entry in one of the lists of @all
 * @all: the requests of its kind
 * @work: does it
 * @ref: references: @node, @work, each waiter
 * @ticket: identity
 * @fn: called by @work
 * @dev: the device of a rebind; referenced until the request ends
 * @bus: the bus of a re-election
 * @commit: the change of a commit, until the request ends
 * @started: @fn was called; bx_request_mutex
 * @done: @result is valid
 * @result: result of @fn
 */
struct bx_request {
	struct list_head	node;
	struct bx_requests	*all;
	struct work_struct	work;
	struct kref		ref;
	u64			ticket;
	int			(*fn)(struct bx_request *req);
	struct device		*dev;
	char			bus[BX_NAME_LEN];
	struct bx_commit	*commit;
	bool			started;
	bool			done;
	s64			result;
};

static struct bx_requests bx_rebinds = {
	.queue		= BX_Q_REBIND,
	.pending	= LIST_HEAD_INIT(bx_rebinds.pending),
	.results	= LIST_HEAD_INIT(bx_rebinds.results),
};

static struct bx_requests bx_settles = {
	.queue		= BX_Q_SETTLE,
	.pending	= LIST_HEAD_INIT(bx_settles.pending),
	.results	= LIST_HEAD_INIT(bx_settles.results),
};

static struct bx_requests bx_commits = {
	.queue		= BX_Q_COMMIT,
	.pending	= LIST_HEAD_INIT(bx_commits.pending),
	.results	= LIST_HEAD_INIT(bx_commits.results),
};

static struct bx_requests *const bx_all_requests[] = {
	&bx_rebinds, &bx_settles, &bx_commits,
};

static DEFINE_MUTEX(bx_request_mutex);	/* protects all requests */
static DECLARE_WAIT_QUEUE_HEAD(bx_request_wait_head);
static u64 bx_last_ticket;		/* bx_request_mutex */

static void bx_request_free(struct kref *ref)
{
	struct bx_request *req = container_of(ref, struct bx_request, ref);

	put_device(req->dev);
	kvfree(req->commit);
	kfree(req);
}

static void bx_request_put(struct bx_request *req)
{
	kref_put(&req->ref, bx_request_free);
}

/* ---- work ---- */

static void bx_request_start(struct bx_request *req)
{
	guard(mutex)(&bx_request_mutex);
	req->started = true;
}

/* Returns a request for the same device that was started, or was not, or NULL. */
static struct bx_request *bx_request_same(const struct bx_request *req,
					  bool started)
{
	struct bx_request *other;

	list_for_each_entry(other, &req->all->pending, node) {
		if (req->dev && other->dev == req->dev &&
		    other->started == started)
			return other;
	}
	return NULL;
}

/*
 * A client may have died, so results belong to no client: the oldest are
 * dropped.
 */
static void bx_request_make_room(struct bx_requests *all)
{
	struct bx_request *req;

	while (all->nresults > BX_MAX_RESULTS) {
		req = list_first_entry(&all->results, struct bx_request, node);
		list_del(&req->node);
		all->nresults--;
		bx_request_put(req);
	}
}

/*
 * Takes the device from the request, which is not running any more; the next
 * request for the device begins.
 */
static struct device *bx_request_take_dev(struct bx_request *req)
{
	struct device *dev = req->dev;
	struct bx_request *next;

	guard(mutex)(&bx_request_mutex);
	next = bx_request_same(req, false);
	if (next)
		bx_queue_request(req->all->queue, &next->work);
	req->dev = NULL;
	return dev;
}

static void bx_request_end(struct bx_request *req, s64 result)
{
	guard(mutex)(&bx_request_mutex);
	list_move_tail(&req->node, &req->all->results);
	req->all->npending--;
	req->all->nresults++;
	bx_request_make_room(req->all);
	req->result = result;
	smp_store_release(&req->done, true);	/* after the result */
}

static void bx_request_work(struct work_struct *work)
{
	struct bx_request *req = container_of(work, struct bx_request, work);
	s64 result;

	bx_request_start(req);
	result = req->fn(req);
	/* a result that is not read must not keep a device from being released */
	put_device(bx_request_take_dev(req));
	kvfree(req->commit);
	req->commit = NULL;
	bx_request_end(req, result);
	wake_up_all(&bx_request_wait_head);
	bx_request_put(req);
}

static struct bx_request *bx_request_alloc(struct bx_requests *all,
					   int (*fn)(struct bx_request *req))
{
	struct bx_request *req = kzalloc(sizeof(*req), GFP_KERNEL);

	if (!req)
		return NULL;
	kref_init(&req->ref);
	INIT_WORK(&req->work, bx_request_work);
	req->all = all;
	req->fn = fn;
	return req;
}

/*
 * Adds a request.  Rebinds have a limit for each device instead of one for all:
 * one of them runs, and another, which holds an election after all changes so
 * far, waits for it without a thread and serves all later clients.  So a device
 * that is in use takes no room from others.
 */
static s64 bx_request_add(struct bx_request *req)
{
	struct bx_requests *all = req->all;
	struct bx_request *next;

	guard(mutex)(&bx_request_mutex);
	next = bx_request_same(req, false);
	if (next)
		return next->ticket;
	if (!req->dev && all->npending >= BX_MAX_PENDING)
		return -EBUSY;
	req->ticket = ++bx_last_ticket;
	kref_get(&req->ref);		/* the list's */
	kref_get(&req->ref);		/* the work's */
	if (!bx_request_same(req, true))
		bx_queue_request(all->queue, &req->work);
	list_add_tail(&req->node, &all->pending);
	all->npending++;
	return req->ticket;
}

/*
 * Consumes @req.  Returns a ticket, or -EBUSY if too many requests are queued.
 */
static s64 bx_request_queue(struct bx_request *req)
{
	s64 ticket = bx_request_add(req);

	bx_request_put(req);
	return ticket;
}

/* ---- waiting ---- */

static struct bx_request *bx_request_find(const struct list_head *list,
					  u64 ticket)
{
	struct bx_request *req;

	list_for_each_entry(req, list, node) {
		if (req->ticket == ticket)
			return req;
	}
	return NULL;
}

static struct bx_request *bx_request_get(u64 ticket)
{
	struct bx_request *req = NULL;

	guard(mutex)(&bx_request_mutex);
	for (u32 i = 0; i < ARRAY_SIZE(bx_all_requests) && !req; i++)
		req = bx_request_find(&bx_all_requests[i]->pending, ticket) ?:
		      bx_request_find(&bx_all_requests[i]->results, ticket);
	if (req)
		kref_get(&req->ref);
	return req;
}

static bool bx_request_is_done(const struct bx_request *req)
{
	return smp_load_acquire(&req->done);	/* before the result */
}

/**
 * bx_request_wait() - wait for a request
 * @ticket: from bx_request_rebind() or one of the other requests
 * @timeout_ms: timeout in milliseconds, limited to 1000: the calling BPF
 *	program runs in a read section that delays others
 *
 * Context: may sleep.
 * Return: the result, -EINPROGRESS, -EINTR; -ESTALE for an unknown ticket or a
 * result that was dropped, which no request has as its result.
 */
s64 bx_request_wait(u64 ticket, u32 timeout_ms)
{
	struct bx_request *req = bx_request_get(ticket);
	s64 result;
	long left;

	if (!req)
		return -ESTALE;
	left = msecs_to_jiffies(min(timeout_ms, 1000U));
	left = wait_event_interruptible_timeout(bx_request_wait_head,
						bx_request_is_done(req), left);
	if (bx_request_is_done(req))
		result = req->result;
	else
		result = left == -ERESTARTSYS ? -EINTR : -EINPROGRESS;
	bx_request_put(req);
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
 * Return: a ticket, also that of an earlier request that has not begun; or an
 * errno: those of bx_find_device(), -ENOMEM.
 */
s64 bx_request_rebind(const struct bx_devref *ref)
{
	struct device *dev = bx_find_device(ref);
	struct bx_request *req;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	req = bx_request_alloc(&bx_rebinds, bx_do_rebind);
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
	req = bx_request_alloc(&bx_settles, bx_do_reelect);
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
	struct bx_request *req = bx_request_alloc(&bx_settles, bx_do_settle);

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
	req = bx_request_alloc(&bx_commits, bx_do_commit);
	if (!req)
		return -ENOMEM;
	req->commit = kvmemdup(commit, size, GFP_KERNEL);
	if (!req->commit) {
		bx_request_put(req);
		return -ENOMEM;
	}
	return bx_request_queue(req);
}

/* Called after bx_async_exit(), so all requests have ended. */
void bx_request_exit(void)
{
	struct bx_request *req, *tmp;

	for (u32 i = 0; i < ARRAY_SIZE(bx_all_requests); i++) {
		list_for_each_entry_safe(req, tmp, &bx_all_requests[i]->results,
					 node)
			bx_request_put(req);
	}
}
