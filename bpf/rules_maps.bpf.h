/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules: the maps and constants of an instance, for the engine
 *
 * The loader gives the maps their sizes and contents, and sets the constants.
 */
#ifndef _BX_RULES_MAPS_BPF_H
#define _BX_RULES_MAPS_BPF_H

#include "rules_table.h"

/* Of the instance: the bus and its number in the table, and its generation of the table */
const volatile __u32 rt_format;
const volatile __u32 rt_bus_nr = 1;
const volatile __u32 rt_generation = 1;
/* Sizes of the hashes of the table */
const volatile __u32 rt_buckets = 16;
const volatile __u32 rt_vendors = 16;

#define BPF_MAP_TYPE_HASH	1
#define BPF_MAP_TYPE_ARRAY	2
#define BPF_F_NO_PREALLOC	1
#define BPF_F_MMAPABLE		1024

#define ARRAY(record, array) \
	struct { \
		int (*type)[BPF_MAP_TYPE_ARRAY]; \
		int (*map_flags)[BPF_F_MMAPABLE]; \
		int (*max_entries)[1]; \
		__u32 *key; \
		record *value; \
	} array SEC(".maps")

struct rt_text {
	char	text[BX_RT_TEXT];
};

struct rt_name {
	char	name[BX_RT_NAME];
};

ARRAY(struct bx_rt_head, rules_head);
ARRAY(struct bx_rt_shape, rules_shape);
ARRAY(struct bx_rt_vendor, rules_vendor);
ARRAY(struct bx_rt_bucket, rules_bucket);
ARRAY(struct bx_rt_node, rules_node);
ARRAY(struct bx_rt_check, rules_check);
ARRAY(struct rt_text, rules_text);
ARRAY(struct rt_name, rules_name);

struct rt_print {
	char	digit[BX_RT_DIGITS];
};

struct {
	int (*type)[BPF_MAP_TYPE_HASH];
	int (*map_flags)[BPF_F_NO_PREALLOC];
	int (*max_entries)[4096];
	struct rt_print *key;
	struct bx_rt_approval *value;
} rules_approved SEC(".maps");

static void *(*const rt_lookup)(void *map, const void *key) = (void *)1;
static long (*const rt_read_text)(void *to, __u32 size, const void *from) = (void *)115;
static long (*const rt_bpf_loop)(__u32 n, void *fn, void *arg, __u64 flags) = (void *)181;

#define ENTRY(type, fn, array) \
	static inline __attribute__((always_inline)) type *fn(__u32 i) \
	{ \
		return rt_lookup(&array, &i); \
	}

ENTRY(struct bx_rt_shape, rt_shape, rules_shape)
ENTRY(struct bx_rt_vendor, rt_vendor, rules_vendor)
ENTRY(struct bx_rt_bucket, rt_bucket, rules_bucket)
ENTRY(struct bx_rt_node, rt_node, rules_node)
ENTRY(struct bx_rt_check, rt_check, rules_check)
ENTRY(char, rt_text, rules_text)
ENTRY(char, rt_name, rules_name)
ENTRY(struct bx_rt_head, rt_head, rules_head)

static inline __attribute__((always_inline)) struct bx_rt_bus *rt_bus(void)
{
	struct bx_rt_head *head = rt_head(0);

	return head && rt_bus_nr < BX_RT_BUSES ? &head->bus[rt_bus_nr] : (void *)0;
}

/* A device without a fingerprint is not approved. */
static inline __attribute__((always_inline)) bool rt_is_approved(const __u64 *text)
{
	struct bx_rt_approval *a = text[BX_RT_DIGITS / 8 - 1] ? rt_lookup(&rules_approved, text) :
		(void *)0;

	return a && a->from <= rt_generation && a->until > rt_generation;
}

#define rt_loop(n, fn, arg)	rt_bpf_loop((n), (void *)(fn), (arg), 0)
/* The kernel has these instructions also for addresses that are not aligned. */
#define rt_word(at)		(*(const __u64 *)(at))
#define rt_half(at)		((__u64)*(const __u32 *)(at))
#define rt_quarter(at)		((__u64)*(const __u16 *)(at))
#define rt_copy(to, size, from)	rt_read_text((to), (size), (from))
#define RT_GLOBAL		__attribute__((noinline))

#endif /* _BX_RULES_MAPS_BPF_H */
