/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bus_ext: the header for policies
 *
 * Self-contained: it needs neither vmlinux.h nor libbpf headers, and works with
 * both (include vmlinux.h first).  Build with
 *
 *	clang -O2 -g -target bpf -I include -c policy.bpf.c -o policy.bpf.o
 *
 * The API comes first, helper macros at the end.
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
 * @dev: description of the device
 * @device: the kernel's struct device; NULL, like @pdev and @platform, in a
 *	trial of a described device
 * @pdev: the PCI device on the pci bus, else NULL.  Read its members directly
 *	(ctx->pdev->..., bit-fields with bx_bitfield()), with vmlinux.h or a
 *	declaration of the members needed.
 * @platform: the platform device on the platform bus, else NULL
 * @deferrals: number of deferrals of the device until now, at most BX_MAX_DEFERRALS: since
 *	policies or its driver changed, or a rebind
 */
struct bx_select_ctx {
	struct bx_dev_info		dev;
	struct device			*device;
	struct pci_dev			*pdev;
	struct platform_device		*platform;
	u32				deferrals;
};

/**
 * struct bx_match_ctx - argument of match()
 * @dev: description of the device
 * @drv: the driver
 * @device: the kernel's struct device; NULL in a trial of a described device
 */
struct bx_match_ctx {
	struct bx_dev_info	dev;
	struct bx_candidate	drv;
	struct device		*device;
};

/**
 * struct bx_call - argument of call() and complete()
 * @dev: description of the device at the time it was added
 * @op: number of the operation in the bus' contract
 * @len: size of the visible argument in bytes, see bx_call_data()
 */
struct bx_call {
	const struct bx_dev_info	*dev;
	u32				op;
	u32				len;
};

/**
 * struct bx_admit_ctx - argument of admit()
 * @dev: description of the device, which does not exist yet; its name is its GUID
 * @type: its type
 * @comm: name of the creating task
 * @uid: user id of that task, in the first user namespace
 * @gid: group id, likewise
 * @pid: its process id, in the first namespace
 * @cgroup: id of its cgroup (version 2)
 * @of_type: devices of this type of this parent, with this one
 * @of_parent: devices of this parent, with this one
 * @of_user: devices that this user has created, with this one
 */
struct bx_admit_ctx {
	struct bx_dev_info	dev;
	char			type[BX_NAME_LEN];
	char			comm[BX_COMM_LEN];
	u32			uid;
	u32			gid;
	u32			pid;
	u64			cgroup;
	u32			of_type;
	u32			of_parent;
	u32			of_user;
};

/**
 * struct bx_part_ctx - argument of part()
 * @dev: description of the device
 * @device: the kernel's struct device
 */
struct bx_part_ctx {
	struct bx_dev_info	dev;
	struct device		*device;
};

/**
 * struct bus_ext_ops - a policy
 * @select: decides on a device; returns enum bx_verdict.  Before it returns
 *	BX_SELECT, it must name a driver with bx_select_driver(), or several.
 * @match: scores or vetoes one driver for a device; returns enum
 *	bx_match_verdict.  On adopted buses, asked about drivers that claim the device
 *	or that select() named.
 * @event: receives events of devices in scope
 * @call: decides on a call that a driver makes on its device; returns enum
 *	bx_call_verdict, or an errno to deny the call.  Called on buses of
 *	bus_ext's own, for the operations in @calls.
 * @complete: receives the result of a call, unless a policy of higher authority
 *	denied, answered or redirected it; may change it with bx_call_result()
 * @init: called before the policy is active or staged; an errno refuses the
 *	attach
 * @exit: called after the policy is no longer active or staged
 * @admit: asked before a device is created on request; 0, or an errno that refuses it, for
 *	which bx_admit_reason() gives a reason.  On buses of bus_ext's own.
 * @part: may name the device, with bx_part(), as a part of a composite device; asked when the
 *	device is added, and for all devices in scope when policies change.  The first
 *	policy that names one counts.
 * @name: unique in the kernel; [A-Za-z0-9_.-]
 * @bus: the bus in scope: one of the kernel, such as "pci", or of bus_ext's own
 * @vendor: vendor in scope; 0 or BX_ANY for all
 * @priority: higher comes first; policies of equal priority come in order of
 *	names
 * @flags: enum bx_policy_flags
 * @version: the vendor's own version number, shown to the operator
 * @calls: operations that call() and complete() watch, a bit for each:
 *	{ BX_WATCH(op) | ... } or BX_WATCH_ALL
 *
 * All programs may sleep (SEC("struct_ops.s/...")) and run in process context,
 * except call() and complete(), which run in the context of the driver's call:
 * the kernel refuses to load them as programs that may sleep.
 */
struct bus_ext_ops {
	s32	(*select)(struct bx_select_ctx *ctx);
	s32	(*match)(struct bx_match_ctx *ctx);
	void	(*event)(struct bx_event *event);
	s32	(*init)(void);
	void	(*exit)(struct bx_exit_info *info);
	s32	(*call)(struct bx_call *call);
	void	(*complete)(struct bx_call *call, s32 ret);
	s32	(*admit)(struct bx_admit_ctx *ctx);
	void	(*part)(struct bx_part_ctx *ctx);
	char	name[BX_NAME_LEN];
	char	bus[BX_NAME_LEN];
	u32	vendor;
	s32	priority;
	u64	flags;
	u32	version;
	u64	calls[BX_CALL_WORDS];
};

#pragma clang attribute pop

/* kfuncs for policies; those of the hook are bx_hook_*(), see below. */

/*
 * Names a driver for BX_SELECT; @name is a literal or a constant of the object.  Up
 * to BX_MAX_CHOICES calls name drivers in order of preference: the first that is
 * registered, or whose module can be loaded, gets the device.  -E2BIG for one too
 * many, which is ignored; an invalid name ejects the policy.
 */
extern int bx_select_driver(struct bx_select_ctx *ctx,
			    const char *name__str) __ksym __weak;
/* The same for a name in a map or on the stack. */
extern int bx_select_driver_mem(struct bx_select_ctx *ctx, char *name,
				u32 name__sz) __ksym __weak;
/* The same for a driver from bx_for_each_candidate(). */
extern int bx_select_candidate(struct bx_select_ctx *ctx,
			       struct bx_candidate *cand) __ksym __weak;
/*
 * Returns what is known of a driver of the device's bus, enum bx_driver_state,
 * without loading it; -EINVAL for an invalid name.  No need to call it before
 * several calls of bx_select_driver().
 */
extern int bx_driver_state(struct bx_select_ctx *ctx,
			   const char *name__str) __ksym __weak;
/* The same for a name in a map or on the stack. */
extern int bx_driver_state_mem(struct bx_select_ctx *ctx, char *name,
			       u32 name__sz) __ksym __weak;
/*
 * Names the time after which a device is elected again if the program returns BX_DEFER, in
 * ms, limited to 1 to BX_RETRY_MAX_MS.  Without it, the device waits for events; see
 * BX_DEFER.  bx_defer_for() does both.
 */
extern int bx_retry_after(struct bx_select_ctx *ctx, u32 msecs) __ksym __weak;
/*
 * In event(): elects the deferred devices of a bus again, for devices that wait for what
 * is outside the scope of their policy.  @bus is a literal or a constant of the object,
 * "" for the bus of the event.  Returns -ENODEV if there is no such bus.
 */
extern int bx_reelect_deferred(struct bx_event *event,
			       const char *bus__str) __ksym __weak;
/*
 * bx_fact(ctx, fact, buf): reads a fact of the device, enum bx_fact, into the array @buf,
 * in select(), match() and part(), and returns its length.  BX_FACT_LEN bytes are
 * enough for every fact.  -ENODATA (-61) if the device has no such fact; -ENAMETOOLONG
 * (-36) if it does not fit: it is never cut; -ENXIO (-6) if the device does not answer;
 * -EAGAIN (-11) if it is being changed; -EINVAL (-22) for an unknown fact.  Only programs
 * that may sleep can call it: BX_OP_SLEEPABLE().
 */
extern int bx_select_fact(struct bx_select_ctx *ctx, u32 fact, char *buf,
			  u32 buf__sz) __ksym __weak;
extern int bx_match_fact(struct bx_match_ctx *ctx, u32 fact, char *buf,
			 u32 buf__sz) __ksym __weak;
extern int bx_part_fact(struct bx_part_ctx *ctx, u32 fact, char *buf,
			u32 buf__sz) __ksym __weak;

#define bx_fact(ctx, fact, buf) _Generic((ctx), \
	struct bx_part_ctx *: bx_part_fact, \
	struct bx_select_ctx *: bx_select_fact, \
	struct bx_match_ctx *: bx_match_fact)(ctx, fact, buf, sizeof(buf))

/*
 * For the hook: the same as bx_select_driver(), bx_select_driver_mem(), bx_driver_state(),
 * bx_driver_state_mem(), bx_select_fact() and bx_retry_after().  @ctx__ign is the hook's own
 * context; with another one, and in the callback of a timer, they return -EINVAL.  The hook
 * has those other names only on kernels that allow an argument that is not trusted, such as
 * 6.12.
 */
extern int bx_hook_driver(struct bx_select_ctx *ctx__ign,
			  const char *name__str) __ksym __weak;
extern int bx_hook_driver_mem(struct bx_select_ctx *ctx__ign, char *name,
			      u32 name__sz) __ksym __weak;
extern int bx_hook_driver_state(struct bx_select_ctx *ctx__ign,
				const char *name__str) __ksym __weak;
extern int bx_hook_driver_state_mem(struct bx_select_ctx *ctx__ign, char *name,
				    u32 name__sz) __ksym __weak;
extern int bx_hook_fact(struct bx_select_ctx *ctx__ign, u32 fact, char *buf,
			u32 buf__sz) __ksym __weak;
extern int bx_hook_retry_after(struct bx_select_ctx *ctx__ign,
			       u32 msecs) __ksym __weak;

/*
 * Returns the argument of a call from byte @offset on, @rdwr_buf_size bytes (a
 * constant), to read and to write, in call() and in complete(); NULL if the
 * argument is shorter.  The pointer is valid until the program returns.
 */
extern u8 *bx_call_data(struct bx_call *call, u32 offset,
			const __u64 rdwr_buf_size) __ksym __weak;
/*
 * Sets the result of a call, in call() for BX_CALL_HANDLED, or in complete().
 * @ret must be 0 or a negative errno; another value ejects the policy.
 */
extern int bx_call_result(struct bx_call *call, s32 ret) __ksym __weak;
/*
 * Names the target device, on the same bus, for BX_CALL_REDIRECT; @name is a
 * literal or a constant of the object.  Returns -ENODEV if there is no such
 * device.
 */
extern int bx_call_redirect(struct bx_call *call,
			    const char *name__str) __ksym __weak;
/* The same for a name in a map or on the stack. */
extern int bx_call_redirect_mem(struct bx_call *call, char *name,
				u32 name__sz) __ksym __weak;
/*
 * bx_policy_error(ctx, code, msg): ejects the policy when the program returns;
 * the operator sees @code and @msg, a literal.  @ctx is the program's argument.
 * init() returns an errno instead.
 */
extern void bx_select_error(struct bx_select_ctx *ctx, s32 code,
			    const char *msg__str) __ksym __weak;
extern void bx_match_error(struct bx_match_ctx *ctx, s32 code,
			   const char *msg__str) __ksym __weak;
extern void bx_event_error(struct bx_event *event, s32 code,
			   const char *msg__str) __ksym __weak;
extern void bx_call_error(struct bx_call *call, s32 code,
			  const char *msg__str) __ksym __weak;
extern void bx_admit_error(struct bx_admit_ctx *ctx, s32 code,
			   const char *msg__str) __ksym __weak;
extern void bx_part_error(struct bx_part_ctx *ctx, s32 code,
			  const char *msg__str) __ksym __weak;

#define bx_policy_error(ctx, code, msg) _Generic((ctx), \
	struct bx_select_ctx *: bx_select_error, \
	struct bx_match_ctx *: bx_match_error, \
	struct bx_event *: bx_event_error, \
	struct bx_admit_ctx *: bx_admit_error, \
	struct bx_part_ctx *: bx_part_error, \
	struct bx_call *: bx_call_error)(ctx, code, msg)

/*
 * In admit(): gives the reason, a literal, which the operator sees if the program then
 * returns an errno.
 */
extern void bx_admit_reason(struct bx_admit_ctx *ctx,
			    const char *msg__str) __ksym __weak;

/*
 * In part(): names the device as a part of a composite device; @name is a literal or a
 * constant of the object, "COMPOSITE/PART", as in "nic-pair.0/companion": the type of the
 * composite device, which its driver names, optionally '.' and what tells it from
 * others of this type, and the part.  @flags are enum bx_part_flags.  The last call counts; an
 * invalid name or flag ejects the policy.
 */
extern int bx_part(struct bx_part_ctx *ctx, const char *name__str,
		   u32 flags) __ksym __weak;
/* The same for a name in a map or on the stack. */
extern int bx_part_mem(struct bx_part_ctx *ctx, char *name, u32 name__sz,
		       u32 flags) __ksym __weak;

/*
 * Iterates over the candidate drivers, in select(): on a bus of bus_ext's own, all its
 * drivers; on an adopted bus, those that claim the device, if a policy in scope has match():
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
 * Iterates over the members of the device's group, which include the device, in select().
 * They are in the same order for each member, so a program that decides by nothing else
 * decides alike on all:
 *
 *	struct bx_member *m;
 *
 *	bx_for_each_member(m, ctx, BX_GROUP_SLOT)
 *		if (m->dev.class >> 16 == 0x03)
 *			return bx_select(ctx, "vfio-pci");
 *
 * The program runs twice when it asks for a group for the first time, then without members
 * and without effect.
 */
struct bpf_iter_bx_member {
	u64 __opaque[2];
} __attribute__((aligned(8)));

extern int bpf_iter_bx_member_new(struct bpf_iter_bx_member *it,
				  struct bx_select_ctx *ctx, u32 kind) __ksym __weak;
extern struct bx_member *
bpf_iter_bx_member_next(struct bpf_iter_bx_member *it) __ksym __weak;
extern void
bpf_iter_bx_member_destroy(struct bpf_iter_bx_member *it) __ksym __weak;

#define bx_for_each_member(m, ctx, kind) \
	for (struct bpf_iter_bx_member ___it \
	     __attribute__((cleanup(bpf_iter_bx_member_destroy))), \
	     *___p __attribute__((unused)) = ( \
		bpf_iter_bx_member_new(&___it, (ctx), (kind)), \
		(void)bpf_iter_bx_member_destroy, (void *)0); \
	     ((m) = bpf_iter_bx_member_next(&___it)); )

/*
 * Reads a bit-field of a kernel type through a pointer of a context, as in
 * bx_bitfield(ctx->pdev, is_virtfn); 0 if the pointer is NULL.
 *
 * Plain members are read with "->".  For a bit-field, CO-RE would relocate the
 * word but not the bits in it, and the verifier rejects access to a word shared
 * by several members.  So the word is copied with the helper
 * bpf_probe_read_kernel().
 */
static long (*const bx_probe_read)(void *dst, u32 size, const void *src)
	__attribute__((unused)) = (void *)113;

/*
 * Whether @name, an array in the program's memory, is the literal @text.  Some versions of
 * clang make __builtin_memcmp() a call of a function, which programs do not have.
 */
#define bx_streq(name, text)	bx_equal(name, "" text, sizeof(text))

static inline __attribute__((always_inline, unused)) int
bx_equal(const char *name, const char *text, u32 size)
{
	for (u32 i = 0; i < size; i++) {
		if (name[i] != text[i])
			return 0;
	}
	return 1;
}

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

/*
 * bx_select(ctx, name, ...): names up to BX_MAX_CHOICES drivers, in order of
 * preference; the result is the verdict for select() to return.
 */
#define bx_select(ctx, ...) \
	(___bx_names(__VA_ARGS__, ___bx_name4, ___bx_name3, ___bx_name2, \
		     ___bx_name1, 0)(ctx, __VA_ARGS__) ?: BX_SELECT)

/*
 * bx_defer_for(ctx, msecs): BX_DEFER for select() to return, and the time after which the
 * device is elected again.
 */
#define bx_defer_for(ctx, msecs) ({ \
	bx_retry_after((ctx), (msecs)); \
	BX_DEFER; \
})

#define ___bx_names(a, b, c, d, name, ...) name
#define ___bx_name1(ctx, name) bx_select_driver((ctx), (name))
#define ___bx_name2(ctx, name, ...) \
	(___bx_name1(ctx, name) ?: ___bx_name1(ctx, __VA_ARGS__))
#define ___bx_name3(ctx, name, ...) \
	(___bx_name1(ctx, name) ?: ___bx_name2(ctx, __VA_ARGS__))
#define ___bx_name4(ctx, name, ...) \
	(___bx_name1(ctx, name) ?: ___bx_name3(ctx, __VA_ARGS__))

/* BX_OP - define a program of a policy: s32 BX_OP(name, struct ... *ctx) { } */
#define BX_OP(prog, arg) \
	prog##__(arg); \
	SEC("struct_ops") s32 prog(unsigned long long *___args) \
	{ \
		return prog##__((void *)___args[0]); \
	} \
	static __attribute__((always_inline)) s32 prog##__(arg)

/* BX_OP_SLEEPABLE - the same for a program that may sleep */
#define BX_OP_SLEEPABLE(prog, arg) \
	prog##__(arg); \
	SEC("struct_ops.s") s32 prog(unsigned long long *___args) \
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
