/* SPDX-License-Identifier: GPL-2.0-only */
/* Modules: their references are counted (see native.h) */
#ifndef _NATIVE_MODULE_H
#define _NATIVE_MODULE_H

#include <linux/printk.h>
#include <linux/types.h>

struct module {
	int	refs;
};

#define THIS_MODULE		NULL

void module_put(struct module *module);

#endif /* _NATIVE_MODULE_H */
