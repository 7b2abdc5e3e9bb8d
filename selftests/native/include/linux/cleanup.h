/* SPDX-License-Identifier: GPL-2.0-only */
/* Variables whose object is freed at the end of their scope; see <linux/slab.h> */
#ifndef _NATIVE_CLEANUP_H
#define _NATIVE_CLEANUP_H

#define __free(name)	__attribute__((cleanup(native_cleanup_##name)))

#endif /* _NATIVE_CLEANUP_H */
