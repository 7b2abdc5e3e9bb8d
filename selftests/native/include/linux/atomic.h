/* SPDX-License-Identifier: GPL-2.0-only */
/* Atomic numbers, on one processor */
#ifndef _NATIVE_ATOMIC_H
#define _NATIVE_ATOMIC_H

#include <linux/types.h>

static inline int atomic_read(const atomic_t *v)
{
	return v->counter;
}

static inline void atomic_set(atomic_t *v, int value)
{
	v->counter = value;
}

static inline void atomic_inc(atomic_t *v)
{
	v->counter++;
}

#define xchg(ptr, new) ({ \
	typeof(*(ptr)) was = *(ptr); \
	\
	*(ptr) = (new); \
	was; })

static inline int atomic_cmpxchg(atomic_t *v, int old, int new)
{
	int was = v->counter;

	if (was == old)
		v->counter = new;
	return was;
}

static inline s64 atomic64_read(const atomic64_t *v)
{
	return v->counter;
}

static inline s64 atomic64_inc_return(atomic64_t *v)
{
	return ++v->counter;
}

static inline void atomic64_inc(atomic64_t *v)
{
	v->counter++;
}

#endif /* _NATIVE_ATOMIC_H */
