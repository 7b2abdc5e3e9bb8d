/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting is an error unless there is nothing to wait for */
#ifndef _NATIVE_RCUWAIT_H
#define _NATIVE_RCUWAIT_H

#include <linux/types.h>

struct rcuwait {
	bool	waits;
};

#define TASK_UNINTERRUPTIBLE	2

#define rcuwait_wake_up(wait)	((void)((wait)->waits = false))
#define rcuwait_wait_event(wait, cond, state) do { \
	(void)(wait); \
	(void)(state); \
	if (!(cond)) \
		native_bug("waits forever for %s", #cond); \
} while (0)

#endif /* _NATIVE_RCUWAIT_H */
