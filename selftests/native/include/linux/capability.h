/* SPDX-License-Identifier: GPL-2.0-only */
/* The caller's capabilities (see native.h) */
#ifndef _NATIVE_CAPABILITY_H
#define _NATIVE_CAPABILITY_H

#include_next <linux/capability.h>
#include <linux/types.h>

bool capable(int cap);

#endif /* _NATIVE_CAPABILITY_H */
