/* SPDX-License-Identifier: GPL-2.0-only */
/* Bits in words */
#ifndef _NATIVE_BITMAP_H
#define _NATIVE_BITMAP_H

#include <linux/types.h>

#define DECLARE_BITMAP(name, bits) \
	unsigned long name[((bits) + BITS_PER_LONG - 1) / BITS_PER_LONG]

static inline bool test_bit(unsigned int nr, const unsigned long *map)
{
	return map[nr / BITS_PER_LONG] >> nr % BITS_PER_LONG & 1;
}

static inline void __set_bit(unsigned int nr, unsigned long *map)
{
	map[nr / BITS_PER_LONG] |= 1UL << nr % BITS_PER_LONG;
}

#endif /* _NATIVE_BITMAP_H */
