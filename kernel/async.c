// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queued work, and waiting for it
 *
 * Work may wait: a probe for firmware, an unbind for the user of the device, the
 * load of a module for all of these.  So each kind of work has a queue, and no
 * work waits behind work of another kind.
 */
#include "core.h"

/*
 * A re-election is one work item of each bus, and one of each device whose probe
 * failed.  The kernel fails loads of modules that wait too long for 50 others.
 */
static const struct {
	const char	*name;
	int		max_active;	/* 0: ordered */
} bx_queue_desc[] = {
	[BX_Q_REBIND]	= { "bus_ext_rebind", WQ_UNBOUND_MAX_ACTIVE },
	[BX_Q_DRYRUN]	= { "bus_ext_dryrun", WQ_UNBOUND_MAX_ACTIVE },
	[BX_Q_SETTLE]	= { "bus_ext_settle", WQ_UNBOUND_MAX_ACTIVE },
	[BX_Q_COMMIT]	= { "bus_ext_commit" },
	[BX_Q_MODULE]	= { "bus_ext_module", 32 },
	[BX_Q_EJECT]	= { "bus_ext_eject" },
	[BX_Q_ELECT]	= { "bus_ext_elect", WQ_UNBOUND_MAX_ACTIVE },
};

static struct workqueue_struct *bx_queues[ARRAY_SIZE(bx_queue_desc)];
static atomic_t bx_async = ATOMIC_INIT(0);	/* sum of the next */
static atomic_t bx_queued[ARRAY_SIZE(bx_queue_desc)];
static DECLARE_WAIT_QUEUE_HEAD(bx_async_wait);

/* Queues work that bx_async_wait_idle() does not wait for. */
void bx_queue_request(enum bx_queue queue, struct work_struct *work)
{
	queue_work(bx_queues[queue], work);
}

/**
 * bx_async_queue() - queue work for bx_async_wait_idle() to wait for
 * @queue: where to
 * @work: the work; its function calls bx_async_end()
 *
 * Context: any.
 * Return: false if @work is queued already.
 */
bool bx_async_queue(enum bx_queue queue, struct work_struct *work)
{
	atomic_inc(&bx_queued[queue]);
	atomic_inc(&bx_async);
	if (queue_work(bx_queues[queue], work))
		return true;
	bx_async_end(queue);
	return false;
}

void bx_async_end(enum bx_queue queue)
{
	atomic_dec(&bx_async);
	if (atomic_dec_and_test(&bx_queued[queue]))
		wake_up_all(&bx_async_wait);
}

/* Waits for the work of one queue, which may have added work to another. */
void bx_async_wait_queue(enum bx_queue queue)
{
	wait_event(bx_async_wait, !atomic_read(&bx_queued[queue]));
}

void bx_async_wait_idle(void)
{
	wait_event(bx_async_wait, !atomic_read(&bx_async));
}

/* In order: work of one queue may add work to those behind it. */
static void bx_queues_destroy(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(bx_queues); i++) {
		if (bx_queues[i])
			destroy_workqueue(bx_queues[i]);
	}
}

static struct workqueue_struct *bx_queue_create(const char *name, int max_active)
{
	if (!max_active)
		return alloc_ordered_workqueue("%s", 0, name);
	return alloc_workqueue("%s", WQ_UNBOUND, max_active, name);
}

int bx_async_init(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(bx_queues); i++) {
		bx_queues[i] = bx_queue_create(bx_queue_desc[i].name,
					       bx_queue_desc[i].max_active);
		if (!bx_queues[i]) {
			bx_queues_destroy();
			return -ENOMEM;
		}
	}
	return 0;
}

/* Called without buses and policies, so no work can be queued any more. */
void bx_async_exit(void)
{
	bx_async_wait_idle();
	bx_queues_destroy();
}
