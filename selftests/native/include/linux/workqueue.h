/* SPDX-License-Identifier: GPL-2.0-only */
/* Work items, which run when a test calls for it (see native.h) */
#ifndef _NATIVE_WORKQUEUE_H
#define _NATIVE_WORKQUEUE_H

#include <linux/types.h>

struct workqueue_struct;

struct work_struct {
	void			(*func)(struct work_struct *work);
	struct work_struct	*next;
	bool			queued;
};

#define INIT_WORK(work, fn)	((void)((work)->func = (fn)))

bool cancel_work_sync(struct work_struct *work);
bool queue_work(struct workqueue_struct *wq, struct work_struct *work);

#endif /* _NATIVE_WORKQUEUE_H */
