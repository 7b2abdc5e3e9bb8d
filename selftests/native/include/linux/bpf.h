/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of BPF that registers a struct_ops type; tests call the registered
 * operations, as the kernel does for a link (see native.h)
 */
#ifndef _NATIVE_BPF_H
#define _NATIVE_BPF_H

#include <linux/device.h>
#include <linux/sched.h>

#define __bpf_hook_start()
#define __bpf_hook_end()

struct bpf_link_ops;

struct bpf_link {
	const struct bpf_link_ops	*ops;
	u32				id;
	int				refs;
};

struct bpf_link_ops {
	int	(*detach)(struct bpf_link *link);
};

struct bpf_link *bpf_link_inc_not_zero(struct bpf_link *link);
void bpf_link_put(struct bpf_link *link);

struct btf;

enum bpf_attach_type { BPF_MODIFY_RETURN };

struct bpf_prog_aux {
	const struct btf	*attach_btf;
};

struct bpf_prog {
	bool			sleepable;
	enum bpf_attach_type	expected_attach_type;
	struct bpf_prog_aux	*aux;
};

struct btf_type;

struct btf_member {
	u32	offset;		/* in bits */
};

static inline u32 __btf_member_bit_offset(const struct btf_type *t,
					  const struct btf_member *member)
{
	return member->offset;
}

/* The verifier's part is not called. */
enum bpf_access_type { BPF_READ };
enum bpf_func_id { BPF_FUNC_unspec };
struct bpf_func_proto;
struct bpf_insn_access_aux;
struct bpf_reg_state;
struct bpf_verifier_log;

struct bpf_verifier_ops {
	const struct bpf_func_proto *
		(*get_func_proto)(enum bpf_func_id func_id,
				  const struct bpf_prog *prog);
	bool	(*is_valid_access)(int off, int size, enum bpf_access_type type,
				   const struct bpf_prog *prog,
				   struct bpf_insn_access_aux *info);
	int	(*btf_struct_access)(struct bpf_verifier_log *log,
				     const struct bpf_reg_state *reg,
				     int off, int size);
};

#define bpf_log(log, ...)	((void)(log))

static inline bool
bpf_tracing_btf_ctx_access(int off, int size, enum bpf_access_type type,
			   const struct bpf_prog *prog,
			   struct bpf_insn_access_aux *info)
{
	return false;
}

static inline const struct bpf_func_proto *
bpf_base_func_proto(enum bpf_func_id func_id, const struct bpf_prog *prog)
{
	return NULL;
}

struct bpf_struct_ops {
	const struct bpf_verifier_ops *verifier_ops;
	int	(*init)(struct btf *btf);
	int	(*check_member)(const struct btf_type *t,
				const struct btf_member *member,
				const struct bpf_prog *prog);
	int	(*init_member)(const struct btf_type *t,
			       const struct btf_member *member,
			       void *kdata, const void *udata);
	int	(*reg)(void *kdata, struct bpf_link *link);
	void	(*unreg)(void *kdata, struct bpf_link *link);
	int	(*update)(void *kdata, void *old_kdata, struct bpf_link *link);
	void		*cfi_stubs;
	const char	*name;
	struct module	*owner;
};

int native_register(struct bpf_struct_ops *ops);
#define register_bpf_struct_ops(ops, type)	native_register(ops)

#endif /* _NATIVE_BPF_H */
