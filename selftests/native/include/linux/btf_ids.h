/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of kfuncs: tables of their names and flags, which tests read */
#ifndef _NATIVE_BTF_IDS_H
#define _NATIVE_BTF_IDS_H

#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/capability.h>

struct native_kfunc {
	const char	*kind;
	const char	*name;
	unsigned long	flags;
};

/* The last entry has no name. */
#define BTF_KFUNCS_START(set)		static const struct native_kfunc set[] = {
#define BTF_ID_FLAGS(kind, fn, ...)	{ #kind, #fn, __VA_OPT__((__VA_ARGS__)) },
#define BTF_KFUNCS_END(set) \
	{} }; static inline void native_end_of_##set(void) {}

#define __bpf_kfunc
#define __bpf_kfunc_start_defs()
#define __bpf_kfunc_end_defs()

#define BPF_PROG_TYPE_STRUCT_OPS	0
#define BPF_PROG_TYPE_TRACING		0
#define BPF_PROG_TYPE_SYSCALL		0

struct btf_kfunc_id_set {
	struct module			*owner;
	const void			*set;
	int	(*filter)(const struct bpf_prog *prog, u32 kfunc_id);
};

/* The kernel's part is not there. */
#define register_btf_kfunc_id_set(type, set)	((void)(set), (type))
#define register_btf_fmodret_id_set(set)	((void)(set), 0)

#endif /* _NATIVE_BTF_IDS_H */
