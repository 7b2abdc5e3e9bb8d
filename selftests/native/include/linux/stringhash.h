/* SPDX-License-Identifier: GPL-2.0-only */
/* The hash of a name; with NATIVE_WEAK_HASH it is so short that names collide */
#ifndef _NATIVE_STRINGHASH_H
#define _NATIVE_STRINGHASH_H

#include <linux/types.h>

static inline u32 full_name_hash(const void *salt, const char *name, u32 len)
{
	u32 hash = 5381;

	for (u32 i = 0; i < len; i++)
		hash = 33 * hash + (u8)name[i];
#ifdef NATIVE_WEAK_HASH
	hash &= 1;
#endif
	return hash;
}

#endif /* _NATIVE_STRINGHASH_H */
