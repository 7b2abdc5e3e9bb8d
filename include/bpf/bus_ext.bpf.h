/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bus_ext: everything a policy includes
 *
 * Self-contained: no vmlinux.h and no libbpf headers are needed, both may be
 * used beside it (include vmlinux.h first).  Build with
 *
 *	clang -O2 -g -target bpf -I include -c policy.bpf.c -o policy.bpf.o
 *
 * User-facing part first, plumbing at the end.
 */
#ifndef _BPF_BUS_EXT_BPF_H
#define _BPF_BUS_EXT_BPF_H

#ifndef __VMLINUX_H__
typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __s32 s32;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __s64 s64;
typedef __u64 u64;
#endif

#ifndef SEC
#define SEC(name) __attribute__((section(name), used))
#endif
#ifndef __ksym
#define __ksym __attribute__((section(".ksyms")))
#endif
#ifndef __weak
#define __weak __attribute__((weak))
#endif

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#include <uapi/linux/bus_ext.h>

struct device;
struct pci_dev;
struct platform_device;

/**
 * struct bx_select_ctx - argument of select() and of the hook
 * @dev: the device that wants a driver
 * @device: the same as the kernel's own type; NULL, as the two below, in a test
 *	case, where the device is but a description
 * @pdev: on the pci bus, the PCI device; else NULL.  Fields are read directly
 *	(ctx->pdev->..., bit-fields with bx_bitfield()), with vmlinux.h or a
 *	declaration of what is needed.
 * @platform: on the platform bus, the platform device; else NULL
 */
struct bx_select_ctx {
	struct bx_dev_info		dev;
	struct device			*device;
	struct pci_dev			*pdev;
	struct platform_device		*platform;
};

/**
 * struct bx_match_ctx - argument of match()
 * @dev: the device
 * @drv: the driver
 * @device: the device as the kernel's own type
 */
struct bx_match_ctx {
	struct bx_dev_info	dev;
	struct bx_candidate	drv;
	struct device		*device;
};

/**
 * struct bx_call - argument of call() and complete()
 * @dev: the device, as it was when it was added
 * @op: operation of the bus' contract, by number
 * @len: bytes of its argument, see bx_call_data()
 */
struct bx_call {
	const struct bx_dev_info	*dev;
	u32				op;
	u32				len;
};

/**
 * struct bus_ext_ops - a policy
 * @select: choose for a device: enum bx_verdict.  BX_SELECT after
 *	bx_select_driver() named the driver.
 * @match: judge one driver for a device: enum bx_match_verdict.  Not called on
 *	adopted buses.
 * @event: told what happened to devices in scope
 * @call: a driver uses its device: enum bx_call_verdict, or an errno to deny.
 *	On buses of bus_ext's own, for the operations of @calls.
 * @complete: told the result of a call, unless a policy of higher authority has
 *	denied, answered or redirected it; bx_call_result() changes it
 * @init: before the policy is in force; an errno refuses the attach
 * @exit: after the policy is no longer in force
 * @name: unique in the kernel; [A-Za-z0-9_.-]
 * @bus: the bus in scope: "pci", "platform" or one of bus_ext's own
 * @vendor: vendor in scope; 0 or BX_ANY for all
 * @priority: higher comes first; equal ones in order of their names
 * @flags: enum bx_policy_flags
 * @version: the vendor's own version number, shown to the operator
 * @calls: operations that call() and complete() want to see, a bit for each:
 *	{ BX_WATCH(op) | ... } or BX_WATCH_ALL
 *
 * All programs may sleep (SEC("struct_ops.s/...")) and run in process context,
 * but call() and complete() run where the driver calls.  They may sleep only if
 * no operation of @calls is atomic.
 */
struct bus_ext_ops {
	s32	(*select)(struct bx_select_ctx *ctx);
	s32	(*match)(struct bx_match_ctx *ctx);
	void	(*event)(struct bx_event *event);
	s32	(*init)(void);
	void	(*exit)(struct bx_exit_info *info);
	s32	(*call)(struct bx_call *call);
	void	(*complete)(struct bx_call *call, s32 ret);
	char	name[BX_NAME_LEN];
	char	bus[BX_NAME_LEN];
	u32	vendor;
	s32	priority;
	u64	flags;
	u32	version;
	u64	calls[BX_CALL_WORDS];
};

#pragma clang attribute pop

/*
 * kfuncs for policies; the hook has bx_select_driver() and
 * bx_select_driver_mem().
 */

/* Name the driver; @name is a literal or a constant of the object. */
extern int bx_select_driver(struct bx_select_ctx *ctx,
			    const char *name__str) __ksym __weak;
/* The same for a name in a map or on the stack. */
extern int bx_select_driver_mem(struct bx_select_ctx *ctx, char *name,
				u32 name__sz) __ksym __weak;
/* The same for a driver that bx_for_each_candidate() came by. */
extern int bx_select_candidate(struct bx_select_ctx *ctx,
			       struct bx_candidate *cand) __ksym __weak;
/*
 * The argument of a call, to read and, before the provider and after it, to
 * write: @size bytes, a constant, from @offset on; NULL when there are not as
 * many.  Do not keep it.
 */
extern u8 *bx_call_data(struct bx_call *call, u32 offset,
			const __u64 rdwr_buf_size) __ksym __weak;
/*
 * The result of a call: of one that call() answers, or in complete() another
 * one.  0 or a negative errno; anything else ejects the policy.
 */
extern int bx_call_result(struct bx_call *call, s32 ret) __ksym __weak;
/*
 * Name the device that is to do it, on the same bus, for BX_CALL_REDIRECT; @name
 * is a literal or a constant of the object.  -ENODEV when there is none.
 */
extern int bx_call_redirect(struct bx_call *call,
			    const char *name__str) __ksym __weak;
/* The same for a name in a map or on the stack. */
extern int bx_call_redirect_mem(struct bx_call *call, char *name,
				u32 name__sz) __ksym __weak;
/* Give up: the policy is ejected, @msg is shown to the operator. */
extern void bx_policy_error(s32 code, const char *msg__str) __ksym __weak;

/*
 * The drivers that may be chosen, in select() on a bus of bus_ext's own:
 *
 *	struct bx_candidate *c;
 *
 *	bx_for_each_candidate(c, ctx)
 *		...
 */
struct bpf_iter_bx_candidate {
	u64 __opaque[2];
} __attribute__((aligned(8)));

extern int bpf_iter_bx_candidate_new(struct bpf_iter_bx_candidate *it,
				     struct bx_select_ctx *ctx) __ksym __weak;
extern struct bx_candidate *
bpf_iter_bx_candidate_next(struct bpf_iter_bx_candidate *it) __ksym __weak;
extern void
bpf_iter_bx_candidate_destroy(struct bpf_iter_bx_candidate *it) __ksym __weak;

#define bx_for_each_candidate(c, ctx) \
	for (struct bpf_iter_bx_candidate ___it \
	     __attribute__((cleanup(bpf_iter_bx_candidate_destroy))), \
	     *___p __attribute__((unused)) = ( \
		bpf_iter_bx_candidate_new(&___it, (ctx)), \
		(void)bpf_iter_bx_candidate_destroy, (void *)0); \
	     ((c) = bpf_iter_bx_candidate_next(&___it)); )

/*
 * Read a bit-field of a kernel type through a pointer of a context, as in
 * bx_bitfield(ctx->pdev, is_virtfn); 0 when the pointer is NULL.
 *
 * Plain fields are read with "->".  Of a bit-field CO-RE would move the word but
 * not the bits in it, and the verifier refuses a word that several members
 * share, so it is copied with the helper bpf_probe_read_kernel().
 */
static long (*const bx_probe_read)(void *dst, u32 size, const void *src)
	__attribute__((unused)) = (void *)113;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define bx_low_bytes(v, size) ((void *)(v))
#else
#define bx_low_bytes(v, size) ((void *)(v) + sizeof(u64) - (size))
#endif

#define bx_bitfield(ptr, field) ({ \
	const u32 ___size = __builtin_preserve_field_info((ptr)->field, 1); \
	u64 ___v = 0; \
	\
	bx_probe_read(bx_low_bytes(&___v, ___size), ___size, \
		      (const void *)(ptr) + \
		      __builtin_preserve_field_info((ptr)->field, 0)); \
	___v <<= __builtin_preserve_field_info((ptr)->field, 4); \
	___v >> __builtin_preserve_field_info((ptr)->field, 5); \
})

/* Name a driver and return the verdict in one go. */
#define bx_select(ctx, name) \
	(bx_select_driver((ctx), (name)) ?: BX_SELECT)

/* BX_OP - define a program of a policy: s32 BX_OP(name, struct ... *ctx) { } */
#define BX_OP(prog, arg) \
	prog##__(arg); \
	SEC("struct_ops") s32 prog(unsigned long long *___args) \
	{ \
		return prog##__((void *)___args[0]); \
	} \
	static __attribute__((always_inline)) s32 prog##__(arg)

/* BX_OP2 - the same with two arguments: complete(call, ret) */
#define BX_OP2(prog, arg1, arg2) \
	prog##__(arg1, arg2); \
	SEC("struct_ops") s32 prog(unsigned long long *___args) \
	{ \
		prog##__((void *)___args[0], (s32)___args[1]); \
		return 0; \
	} \
	static __attribute__((always_inline)) void prog##__(arg1, arg2)

/* BX_HOOK - define the operator's hook */
#define BX_HOOK(prog, arg) \
	prog##__(arg); \
	SEC("fmod_ret/bx_hook_select") s32 prog(unsigned long long *___args) \
	{ \
		return prog##__((void *)___args[0]); \
	} \
	static __attribute__((always_inline)) s32 prog##__(arg)

/* BX_POLICY - define the policy itself; its members follow */
#define BX_POLICY(policy, ...) \
	char _license[] SEC("license") = "GPL"; \
	SEC(".struct_ops.link") struct bus_ext_ops policy = { \
		.name = #policy, __VA_ARGS__ \
	}

#endif /* _BPF_BUS_EXT_BPF_H */
