/* SPDX-License-Identifier: GPL-2.0-only */
/* Hexadecimal digits */
#ifndef _NATIVE_HEX_H
#define _NATIVE_HEX_H

#include <linux/err.h>
#include <linux/types.h>
#include <stdlib.h>

static inline int hex2bin(u8 *to, const char *digits, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char pair[] = { digits[2 * i], digits[2 * i + 1], '\0' }, *end;

		to[i] = strtoul(pair, &end, 16);
		if (end != pair + 2)
			return -EINVAL;
	}
	return 0;
}

#endif /* _NATIVE_HEX_H */
