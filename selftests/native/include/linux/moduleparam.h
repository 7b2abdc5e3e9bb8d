/* SPDX-License-Identifier: GPL-2.0-only */
/* Parameters have their defaults. */
#ifndef _NATIVE_MODULEPARAM_H
#define _NATIVE_MODULEPARAM_H

#define module_param_named(...)	_Static_assert(1, "a parameter")
#define MODULE_PARM_DESC(...)	_Static_assert(1, "its description")

#endif /* _NATIVE_MODULEPARAM_H */
