/* SPDX-License-Identifier: GPL-2.0-only */
/* For the declarations in kernel/compat.h; no timer is used. */
#ifndef _NATIVE_HRTIMER_H
#define _NATIVE_HRTIMER_H

#define hrtimer_setup	native_no_hrtimer

#endif /* _NATIVE_HRTIMER_H */
