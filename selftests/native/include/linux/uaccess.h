/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads from memory that may be gone */
#ifndef _NATIVE_UACCESS_H
#define _NATIVE_UACCESS_H

#include <linux/types.h>

long copy_from_kernel_nofault(void *to, const void *from, size_t size);

#endif /* _NATIVE_UACCESS_H */
