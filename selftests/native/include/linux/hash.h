/* SPDX-License-Identifier: GPL-2.0-only */
/* The hash of a pointer */
#ifndef _NATIVE_HASH_H
#define _NATIVE_HASH_H

#include <linux/types.h>

static inline u32 hash_ptr(const void *ptr, unsigned int bits)
{
	return ((unsigned long)ptr * 0x61c8864680b583ebUL) >> (64 - bits);
}

#endif /* _NATIVE_HASH_H */
