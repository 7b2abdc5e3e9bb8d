// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies that read all facts of one device and have no opinion
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bus_ext.bpf.h>

/* Entries: one for each fact, one for a fact that does not exist, one for a short read */
#define SLOTS	32

/* The device; empty for the first virtual function */
char device[BX_DEV_NAME_LEN];
/* Results and texts */
int result[SLOTS];
char text[SLOTS][BX_FACT_LEN];
/* Result of a buffer that is one byte shorter than the path and its NUL */
int cut;
__u32 reads;

static __always_inline bool is_meant(const struct bx_dev_info *dev)
{
	if (!device[0])
		return dev->vf_index == 0;
	for (u32 i = 0; i < BX_DEV_NAME_LEN; i++) {
		if (dev->name[i] != device[i])
			return false;
		if (!device[i])
			break;
	}
	return true;
}

#define READ_ALL(ctx, short_read) do { \
	u32 len; \
	\
	if (!is_meant(&(ctx)->dev)) \
		break; \
	reads++; \
	for (u32 i = 0; i <= BX_NR_FACTS && i < SLOTS; i++) \
		result[i] = bx_fact(ctx, i, text[i]); \
	len = result[BX_FACT_PATH] & (BX_FACT_LEN - 1); \
	cut = short_read(ctx, BX_FACT_PATH, text[SLOTS - 1], len); \
} while (0)

static s32 BX_OP_SLEEPABLE(facts_select, struct bx_select_ctx *ctx)
{
	READ_ALL(ctx, bx_select_fact);
	return BX_PASS;
}

static s32 BX_OP_SLEEPABLE(facts_match, struct bx_match_ctx *ctx)
{
	READ_ALL(ctx, bx_match_fact);
	return BX_NO_SCORE;
}

BX_POLICY(facts, .bus = "pci", .select = (void *)facts_select);

SEC(".struct_ops.link") struct bus_ext_ops facts_own = {
	.name = "facts_own", .bus = "bx-sf", .match = (void *)facts_match,
};
