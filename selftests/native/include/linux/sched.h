/* SPDX-License-Identifier: GPL-2.0-only */
/* The one task */
#ifndef _NATIVE_SCHED_H
#define _NATIVE_SCHED_H

#include <linux/types.h>

struct task_struct {
	int	pid;
};

extern struct task_struct native_task;
#define current	(&native_task)

u64 ktime_get_ns(void);

#endif /* _NATIVE_SCHED_H */
