/* SPDX-License-Identifier: GPL-2.0-only */
/* Reference counts; a count of zero stays zero */
#ifndef _NATIVE_KREF_H
#define _NATIVE_KREF_H

#include <linux/types.h>

struct kref {
	int	n;
};

static inline void kref_init(struct kref *ref)
{
	ref->n = 1;
}

static inline void kref_get(struct kref *ref)
{
	if (ref->n++ < 1)
		native_bug("a reference is taken to what is freed");
}

static inline void kref_put(struct kref *ref, void (*release)(struct kref *ref))
{
	if (ref->n < 1)
		native_bug("a reference is put twice");
	if (!--ref->n)
		release(ref);
}

#endif /* _NATIVE_KREF_H */
