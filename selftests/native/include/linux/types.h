/* SPDX-License-Identifier: GPL-2.0-only */
/* Types, and the words that mark declarations, for kernel code in user space */
#ifndef _NATIVE_TYPES_H
#define _NATIVE_TYPES_H

#include_next <linux/types.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef __u8	u8;
typedef __u16	u16;
typedef __u32	u32;
typedef __u64	u64;
typedef __s32	s32;
typedef __s64	s64;
typedef unsigned int gfp_t;

typedef struct { int counter; } atomic_t;
typedef struct { s64 counter; } atomic64_t;

struct list_head {
	struct list_head *next, *prev;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

#define __rcu
#define __percpu
#undef __counted_by	/* of newer headers of the system */
#define __counted_by(...)
#define __printf(fmt, args)	__attribute__((format(printf, fmt, args)))
#define __weak			__attribute__((weak))
#define noinline		__attribute__((noinline))
#define __uninitialized
#define __aligned(bytes)	__attribute__((aligned(bytes)))

#include "native/check.h"

#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, value)	__atomic_store_n(&(x), value, __ATOMIC_RELAXED)
#define barrier()		__atomic_signal_fence(__ATOMIC_SEQ_CST)
#define smp_mb()		barrier()	/* there is one processor */
#define smp_rmb()		barrier()	/* likewise */
#define smp_mb__before_atomic()	barrier()
#define smp_mb__after_atomic()	barrier()	/* likewise */
#define likely(x)		(x)
#define unlikely(x)		(x)

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define BITS_PER_LONG		64
#define U32_MAX			(~0U)
#define U64_MAX			(~0ULL)
#define ilog2(n)		(31 - __builtin_clz(n))
#define clamp(v, low, high)	((v) < (low) ? (low) : (v) > (high) ? (high) : (v))
#define min(a, b)		((a) < (b) ? (a) : (b))
#define swap(a, b) do { \
	typeof(a) swapped = (a); \
	\
	(a) = (b); \
	(b) = swapped; \
} while (0)
#define static_assert(expr)	_Static_assert(expr, #expr)
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define container_of_const(ptr, type, member) \
	container_of(ptr, type, member)
/* not a byte more, so that an access to the first one behind it is found */
#define struct_size(ptr, array, n)	offsetof(typeof(*(ptr)), array[n])

#define WARN_ON_ONCE(cond) ({ \
	bool warned = (cond); \
	\
	if (warned) \
		native_bug("WARN_ON_ONCE(%s)", #cond); \
	warned; })

struct rcu_head {
	struct rcu_head	*next;
};

#endif /* _NATIVE_TYPES_H */
