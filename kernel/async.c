// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queued work, and waiting for it
 */
#include "core.h"

struct workqueue_struct *bx_wq;			/* ejections, re-elections */
struct workqueue_struct *bx_request_wq;		/* work that may block */

static atomic_t bx_async = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(bx_async_wait);

/* Counts queued work for bx_async_wait_idle(); pairs with bx_async_end(). */
void bx_async_begin(void)
{
	atomic_inc(&bx_async);
}

void bx_async_end(void)
{
	if (atomic_dec_and_test(&bx_async))
		wake_up_all(&bx_async_wait);
}

void bx_async_wait_idle(void)
{
	wait_event(bx_async_wait, !atomic_read(&bx_async));
}

int bx_async_init(void)
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

/* Called without buses and policies, so no work can be queued any more. */
void bx_async_exit(void)
{
	bx_async_wait_idle();
	destroy_workqueue(bx_request_wq);
	destroy_workqueue(bx_wq);
}
