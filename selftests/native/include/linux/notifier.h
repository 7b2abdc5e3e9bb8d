/* SPDX-License-Identifier: GPL-2.0-only */
/* A member of struct bx_bus */
#ifndef _NATIVE_NOTIFIER_H
#define _NATIVE_NOTIFIER_H

struct notifier_block {
	int	unused;
};

#endif /* _NATIVE_NOTIFIER_H */
