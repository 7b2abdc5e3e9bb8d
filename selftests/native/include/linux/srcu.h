/* SPDX-License-Identifier: GPL-2.0-only */
/* RCU and SRCU: no waiting, but read-side sections are required, and must nest */
#ifndef _NATIVE_SRCU_H
#define _NATIVE_SRCU_H

#include <linux/mutex.h>
#include <linux/types.h>

struct srcu_struct {
	int	depth;
};

#define DEFINE_SRCU(name)	struct srcu_struct name

int srcu_read_lock(struct srcu_struct *srcu);
void srcu_read_unlock(struct srcu_struct *srcu, int idx);
void synchronize_srcu(struct srcu_struct *srcu);
void native_srcu_held(const struct srcu_struct *srcu);

#define srcu_dereference(ptr, srcu) \
	(native_srcu_held(srcu), READ_ONCE(ptr))
#define rcu_dereference(ptr)		READ_ONCE(ptr)
#define rcu_replace_pointer(ptr, new, held) ({ \
	typeof(ptr) was = (ptr); \
	\
	native_held(held, #ptr); \
	(ptr) = (new); \
	was; })

static inline void rcu_read_lock(void)
{
}

static inline void rcu_read_unlock(void)
{
}

static inline void synchronize_rcu_expedited(void)
{
}

#endif /* _NATIVE_SRCU_H */
