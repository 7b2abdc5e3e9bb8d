/* SPDX-License-Identifier: GPL-2.0-only */
/* Parameters have their defaults. */
#ifndef _NATIVE_MODULEPARAM_H
#define _NATIVE_MODULEPARAM_H

#define module_param_named(name, ...)	struct native_param_##name
#define MODULE_PARM_DESC(name, ...)	struct native_param_##name

#endif /* _NATIVE_MODULEPARAM_H */
