/* SPDX-License-Identifier: GPL-2.0-only */
/* The one task; waiting is an error unless there is nothing to wait for */
#ifndef _NATIVE_SCHED_H
#define _NATIVE_SCHED_H

#include <linux/types.h>

struct task_struct {
	int	pid;
};

extern struct task_struct native_task;
#define current	(&native_task)

u64 ktime_get_ns(void);

#define DECLARE_WAIT_QUEUE_HEAD(name)	int name
#define wake_up_all(queue)		((void)(queue))
#define wait_event(queue, cond) do { \
	(void)(queue); \
	if (!(cond)) \
		native_bug("waits forever for %s", #cond); \
} while (0)

#endif /* _NATIVE_SCHED_H */
