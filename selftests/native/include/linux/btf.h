/* SPDX-License-Identifier: GPL-2.0-only */
/* Flags of kfuncs, as in kernels that allow arguments that are not trusted */
#ifndef _NATIVE_BTF_H
#define _NATIVE_BTF_H

#include <linux/bits.h>
#include <linux/bpf.h>

#define KF_RET_NULL	BIT(1)
#define KF_TRUSTED_ARGS	BIT(4)
#define BX_UNTRUSTED_ARGS	/* see kernel/compat.h */
#define KF_SLEEPABLE	BIT(5)
#define KF_ITER_NEW	BIT(8)
#define KF_ITER_NEXT	BIT(9)
#define KF_ITER_DESTROY	BIT(10)

#endif /* _NATIVE_BTF_H */
