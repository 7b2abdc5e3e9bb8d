/* SPDX-License-Identifier: GPL-2.0-only */
/* Locks: taken once, held when they must be, and in a context that allows it */
#ifndef _NATIVE_MUTEX_H
#define _NATIVE_MUTEX_H

#include <linux/types.h>

struct mutex {
	bool	held;
};

typedef struct { bool held; } raw_spinlock_t;
typedef struct { bool held; } spinlock_t;	/* in tests, as above */

#define DEFINE_MUTEX(name)		struct mutex name
#define DEFINE_SPINLOCK(name)		spinlock_t name
#define DEFINE_RAW_SPINLOCK(name)	raw_spinlock_t name

void native_mutex_lock(bool *held, const char *name);
void native_spin_lock(bool *held, const char *name);
void native_mutex_unlock(bool *held, const char *name);
void native_spin_unlock(bool *held, const char *name);
void native_held(bool held, const char *name);
void native_irqs_off(void);
void native_irqs_on(void);

#define mutex_lock(lock)	native_mutex_lock(&(lock)->held, #lock)
#define mutex_unlock(lock)	native_mutex_unlock(&(lock)->held, #lock)
#define spin_lock(lock)		native_spin_lock(&(lock)->held, #lock)
#define spin_unlock(lock)	native_spin_unlock(&(lock)->held, #lock)
#define spin_lock_bh		spin_lock
#define spin_unlock_bh		spin_unlock
#define lockdep_assert_held(lock) \
	native_held((lock)->held, #lock)

#define spin_lock_init(lock)	((void)((lock)->held = false))
#define raw_spin_lock_init(lock)	((void)((lock)->held = false))
#define raw_spin_lock_irqsave(lock, flags) do { \
	(flags) = 1; \
	native_irqs_off(); \
	native_spin_lock(&(lock)->held, #lock); \
} while (0)
#define raw_spin_unlock_irqrestore(lock, flags) do { \
	if ((flags) != 1) \
		native_bug("%s: flags of another lock", #lock); \
	native_spin_unlock(&(lock)->held, #lock); \
	native_irqs_on(); \
} while (0)

#endif /* _NATIVE_MUTEX_H */
