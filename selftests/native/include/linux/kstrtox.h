/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers in text, read as strictly as by the kernel */
#ifndef _NATIVE_KSTRTOX_H
#define _NATIVE_KSTRTOX_H

#include <linux/types.h>

int kstrtou32(const char *text, unsigned int base, u32 *number);

#endif /* _NATIVE_KSTRTOX_H */
