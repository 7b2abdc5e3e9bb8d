/* SPDX-License-Identifier: GPL-2.0-only */
/* Nothing interrupts the one task, unless a test says so. */
#ifndef _NATIVE_PREEMPT_H
#define _NATIVE_PREEMPT_H

#include <linux/types.h>

extern bool native_interrupted;
#define in_task()	(!native_interrupted)

#endif /* _NATIVE_PREEMPT_H */
