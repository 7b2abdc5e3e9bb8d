/* SPDX-License-Identifier: GPL-2.0-only */
/* The one processor */
#ifndef _NATIVE_PERCPU_H
#define _NATIVE_PERCPU_H

#include <linux/slab.h>

#define alloc_percpu(type)		kzalloc(sizeof(type), GFP_KERNEL)
#define free_percpu(ptr)		kfree(ptr)
#define this_cpu_inc(var)		((void)(var)++)
#define per_cpu_ptr(ptr, cpu)		((void)(cpu), (ptr))
#define for_each_possible_cpu(cpu)	for (cpu = 0; cpu < 1; cpu++)

#endif /* _NATIVE_PERCPU_H */
