/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory: counted, and the Nth allocation fails (see native.h) */
#ifndef _NATIVE_SLAB_H
#define _NATIVE_SLAB_H

#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/types.h>

#define GFP_KERNEL	0x1U
#define GFP_ATOMIC	0x2U
#define __GFP_NOFAIL	0x4U
#define __GFP_NOWARN	0x8U

void *kzalloc(size_t size, gfp_t gfp);
void *kmemdup(const void *from, size_t size, gfp_t gfp);
char *kstrndup(const char *text, size_t max, gfp_t gfp);
void kfree(const void *ptr);

static inline void *kvzalloc(size_t size, gfp_t gfp)
{
	return kzalloc(size, gfp);
}

static inline void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kzalloc(n * size, gfp);
}

static inline void kvfree(const void *ptr)
{
	kfree(ptr);
}

static inline void native_cleanup_kfree(void *var)
{
	void *ptr = *(void **)var;

	if (!IS_ERR_OR_NULL(ptr))
		kfree(ptr);
}

#endif /* _NATIVE_SLAB_H */
