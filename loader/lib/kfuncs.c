// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the kernel functions that the programs of bxctl_*.bpf.c call
 *
 * A call of a kernel function names a type: its number, and a descriptor of the BTF of
 * its module.  The types of a module are numbered after those of vmlinux, of which only
 * the count is needed.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "internal.h"
#include "kfuncs.h"

#define VMLINUX_BTF	"/sys/kernel/btf/vmlinux"
#define MODULE		"bus_ext"
#define NR_KFUNCS	(KFUNC_END - KFUNC_FIRST)

/* Index of the module's descriptor among those of a program; 0 stands for vmlinux. */
#define MODULE_BTF	1

#define KFUNC_NAME(name)	#name,
static const char *const names[NR_KFUNCS] = { KFUNCS(KFUNC_NAME) };

/**
 * struct kfuncs - the functions, for the programs of one object
 * @fds: descriptors of BTF, as the kernel takes them
 * @id: the type of each function; 0 when the module does not have it
 * @missing: a function that a program calls and the module does not have
 */
struct kfuncs {
	int		fds[MODULE_BTF + 1];
	__s32		id[NR_KFUNCS];
	const char	*missing;
};

/* Set while this thread loads an object: libbpf does not pass an argument to the callback */
static __thread struct kfuncs *loading;

/* ---- types ---- */

/* Returns the size of a type in bytes; 0 for a kind that this version does not know. */
static size_t type_size(const struct btf_type *t)
{
	size_t n = btf_vlen(t);

	switch (btf_kind(t)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return sizeof(*t) + sizeof(__u32);
	case BTF_KIND_ARRAY:
		return sizeof(*t) + sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return sizeof(*t) + n * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return sizeof(*t) + n * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return sizeof(*t) + n * sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return sizeof(*t) + n * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return sizeof(*t) + n * sizeof(struct btf_var_secinfo);
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return sizeof(*t);
	default:
		return 0;
	}
}

/**
 * struct base - the part of vmlinux' BTF that types of a module refer to
 * @fd: its BTF
 * @hdr: the header
 */
struct base {
	int			fd;
	struct btf_header	hdr;
};

static int base_open(struct base *b)
{
	b->fd = open(VMLINUX_BTF, O_RDONLY | O_CLOEXEC);
	if (b->fd < 0)
		return -errno;
	if (pread(b->fd, &b->hdr, sizeof(b->hdr), 0) == sizeof(b->hdr) &&
	    b->hdr.magic == BTF_MAGIC)
		return 0;
	close(b->fd);
	return -EPROTO;
}

/*
 * Returns the number of types, with void; -EPROTO when one has an unknown kind.  Reads only
 * the head of each type, since there are megabytes of them.
 */
static int count_types(const struct base *b)
{
	off_t at = b->hdr.hdr_len + b->hdr.type_off, from = 0;
	off_t end = at + b->hdr.type_len;
	char buf[1 << 14] __attribute__((aligned(8)));
	ssize_t len = 0;
	int count = 1;
	size_t size;

	for (; at < end; at += size) {
		if (at + (off_t)sizeof(struct btf_type) > from + len) {
			from = at;
			len = pread(b->fd, buf, sizeof(buf), from);
			if (len < (ssize_t)sizeof(struct btf_type))
				return len < 0 ? -errno : -EPROTO;
		}
		size = type_size((const void *)(buf + (at - from)));
		if (!size)
			return -EPROTO;
		count++;
	}
	return at == end ? count : -EPROTO;
}

/* Counts the types with libbpf, which may know more kinds than this file. */
static int count_all_types(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int count = btf ? (int)btf__type_cnt(btf) : -errno;

	btf__free(btf);
	return count;
}

/* ---- the module ---- */

/* Returns a descriptor of the module's BTF; -ENOENT when it has none. */
static int module_open(void)
{
	char name[sizeof(MODULE) + 1];
	struct bpf_btf_info info;
	__u32 len, id = 0;
	int fd;

	while (!bpf_btf_get_next_id(id, &id)) {
		fd = bpf_btf_get_fd_by_id(id);
		/* it may have been unloaded meanwhile */
		if (fd == -ENOENT)
			continue;
		if (fd < 0)
			return fd;
		memset(&info, 0, sizeof(info));
		info.name = (uintptr_t)name;
		info.name_len = sizeof(name);
		name[0] = '\0';
		len = sizeof(info);
		/* an error means that it has a longer name */
		if (!bpf_btf_get_info_by_fd(fd, &info, &len) &&
		    info.kernel_btf && !strcmp(name, MODULE))
			return fd;
		close(fd);
	}
	return errno == ENOENT ? -ENOENT : -errno;
}

/* Reads the module's types and their size; the caller frees them. */
static struct btf_header *module_read(int fd, __u32 *size)
{
	struct bpf_btf_info info = {};
	__u32 len = sizeof(info);
	struct btf_header *hdr;

	if (bpf_btf_get_info_by_fd(fd, &info, &len))
		return NULL;
	*size = info.btf_size;
	hdr = malloc(*size);
	if (!hdr)
		return NULL;
	memset(&info, 0, sizeof(info));
	info.btf = (uintptr_t)hdr;
	info.btf_size = *size;
	len = sizeof(info);
	if (!bpf_btf_get_info_by_fd(fd, &info, &len) && *size >= sizeof(*hdr) &&
	    hdr->magic == BTF_MAGIC)
		return hdr;
	free(hdr);
	errno = EPROTO;
	return NULL;
}

/* Compares a string of vmlinux or, after those, of the module. */
static bool is_text(const struct base *b, const struct btf_header *hdr,
		    __u32 size, __u32 off, const char *text)
{
	size_t len = strlen(text) + 1;
	__u64 at = hdr->hdr_len + hdr->str_off;
	char buf[64];

	if (off >= b->hdr.str_len) {
		at += off - b->hdr.str_len;
		return at + len <= size && !memcmp((char *)hdr + at, text, len);
	}
	at = b->hdr.hdr_len + b->hdr.str_off + off;
	return pread(b->fd, buf, len, at) == (ssize_t)len &&
		!memcmp(buf, text, len);
}

static void take_func(struct kfuncs *k, const struct base *b,
		      const struct btf_header *hdr, __u32 size, __u32 off,
		      __s32 id)
{
	for (unsigned int i = 0; i < NR_KFUNCS; i++)
		if (!k->id[i] && is_text(b, hdr, size, off, names[i])) {
			k->id[i] = id;
			return;
		}
}

static int find_funcs(struct kfuncs *k, const struct base *b,
		      const struct btf_header *hdr, __u32 size, __s32 id)
{
	__u64 at = hdr->hdr_len + hdr->type_off, end = at + hdr->type_len;
	size_t bytes;

	for (; at + sizeof(struct btf_type) <= end && end <= size;
	     at += bytes, id++) {
		const struct btf_type *t = (void *)((char *)hdr + at);

		bytes = type_size(t);
		if (!bytes)
			return -EPROTO;
		if (btf_kind(t) == BTF_KIND_FUNC)
			take_func(k, b, hdr, size, t->name_off, id);
	}
	return at == end ? 0 : -EPROTO;
}

static int module_find(struct kfuncs *k, const struct base *b)
{
	struct btf_header *hdr;
	__u32 size = 0;
	int count, err;

	hdr = module_read(k->fds[MODULE_BTF], &size);
	if (!hdr)
		return -errno;
	count = count_types(b);
	if (count < 0)
		count = count_all_types();
	err = count < 0 ? count : find_funcs(k, b, hdr, size, count);
	free(hdr);
	return err;
}

static int kfuncs_find(struct kfuncs *k)
{
	struct base b;
	int err;

	err = base_open(&b);
	if (err)
		return err;
	k->fds[MODULE_BTF] = module_open();
	err = k->fds[MODULE_BTF];
	if (err >= 0)
		err = module_find(k, &b);
	close(b.fd);
	return err;
}

/* ---- programs ---- */

static bool is_kfunc(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && !insn->src_reg &&
		insn->imm >= KFUNC_FIRST && insn->imm < KFUNC_END;
}

/* Puts in the functions: returns 0, or -ENOENT when the module lacks a called function. */
static int put_funcs(struct kfuncs *k, struct bpf_insn *insns, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned int which = insns[i].imm - KFUNC_FIRST;

		if (!is_kfunc(&insns[i]))
			continue;
		if (!k->id[which]) {
			k->missing = names[which];
			return -ENOENT;
		}
		insns[i].src_reg = BPF_PSEUDO_KFUNC_CALL;
		insns[i].off = MODULE_BTF;
		insns[i].imm = k->id[which];
	}
	return 0;
}

static int prepare(struct bpf_program *prog, struct bpf_prog_load_opts *opts,
		   long cookie)
{
	size_t n = bpf_program__insn_cnt(prog);
	struct bpf_insn *insns;
	int err;

	if (!loading)
		return -EINVAL;
	insns = calloc(n, sizeof(*insns));
	if (!insns)
		return -ENOMEM;
	memcpy(insns, bpf_program__insns(prog), n * sizeof(*insns));
	err = put_funcs(loading, insns, n);
	if (!err)
		err = bpf_program__set_insns(prog, insns, n);
	free(insns);
	opts->fd_array = loading->fds;
	opts->prog_flags |= BPF_F_SLEEPABLE;
	return err;
}

static int register_err;

static void register_section(void)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, opts,
		    .prog_prepare_load_fn = prepare);
	int ret = libbpf_register_prog_handler(KFUNCS_SECTION,
					       BPF_PROG_TYPE_SYSCALL, 0, &opts);

	register_err = ret < 0 ? ret : 0;
}

/* Registers the programs' section; call it before an object with such programs is opened. */
int kfuncs_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, register_section);
	return register_err;
}

/*
 * Has @load load an object with such programs.  Call it between log_begin() and log_end():
 * it leaves the reason of an error where libbpf leaves its own.
 */
int kfuncs_load(struct bx_handle *h, int (*load)(void *arg), void *arg)
{
	struct kfuncs k = { .fds = { [MODULE_BTF] = -1 } };
	int err;

	err = kfuncs_find(&k);
	if (err) {
		snprintf(h->said, sizeof(h->said),
			 "cannot find the functions of module '%s': %s", MODULE,
			 err == -ENOENT ? "kernel or module without BTF" :
			 strerror(-err));
		goto out;
	}
	loading = &k;
	err = load(arg);
	loading = NULL;
	if (k.missing)
		snprintf(h->said, sizeof(h->said), "function '%s' not found",
			 k.missing);
out:
	if (k.fds[MODULE_BTF] >= 0)
		close(k.fds[MODULE_BTF]);
	return err;
}
