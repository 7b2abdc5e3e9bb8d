/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: the kernel functions that the programs of bxctl_*.bpf.c call
 *
 * libbpf would read all types of the kernel to find them, which takes most of the time
 * of a command.  Instead, a program calls a number, as it calls a helper, and kfuncs.c
 * replaces the number by the function, for which it reads only the types of bus_ext.
 */
#ifndef _BUSEXT_KFUNCS_H
#define _BUSEXT_KFUNCS_H

/* The section of these programs, instead of "syscall" */
#define KFUNCS_SECTION	"bus_ext"

#define KFUNCS_OF_ITER(X, what) \
	X(bpf_iter_bx_##what##_new) \
	X(bpf_iter_bx_##what##_next) \
	X(bpf_iter_bx_##what##_destroy)

#define KFUNCS(X) \
	KFUNCS_OF_ITER(X, device) \
	KFUNCS_OF_ITER(X, driver) \
	KFUNCS_OF_ITER(X, policy) \
	KFUNCS_OF_ITER(X, exit) \
	KFUNCS_OF_ITER(X, fact) \
	KFUNCS_OF_ITER(X, opinion) \
	KFUNCS_OF_ITER(X, trial) \
	X(bx_trial_call) \
	X(bx_device_get) \
	X(bx_rebind) \
	X(bx_reelect) \
	X(bx_commit) \
	X(bx_settle) \
	X(bx_wait)

/* No helper has such a number. */
#define KFUNC_NUMBER(name)	KFUNC_##name,
enum kfunc {
	KFUNC_FIRST = 0x62780000,
	KFUNC_BEFORE = KFUNC_FIRST - 1,
	KFUNCS(KFUNC_NUMBER)
	KFUNC_END
};

#endif /* _BUSEXT_KFUNCS_H */
