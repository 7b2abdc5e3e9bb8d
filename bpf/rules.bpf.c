// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules: a policy that evaluates a table
 *
 * Purpose: which driver a device gets follows from a table that an operator or a vendor
 * writes, without a program of their own.  'bxctl rules' compiles the table into the maps of
 * this policy, one instance of which is attached to each bus that the table names.
 *
 * Features: a sleepable select(), which reads facts; maps that several instances share, so
 * that a new generation of the table becomes active with a new instance, at the same moment
 * on all buses.
 *
 * Limits: the loader sets the name, the bus and the constants below, and gives the maps their
 * sizes and contents.  Facts of other members of a device's group cannot be read.
 */
#include <stdbool.h>
#include <bpf/bus_ext.bpf.h>
#include "rules_maps.bpf.h"

struct rt_run;

#define rt_fact(run, what)	rt_read_fact((run), (what))
static inline __attribute__((always_inline)) void rt_read_fact(struct rt_run *run, u32 what);

#include "rules_device.h"

RT_INLINE void rt_read_fact(struct rt_run *run, u32 what)
{
	if (run->ctx)
		bx_select_fact(run->ctx, what, (char *)run->e.text, BX_RT_TEXT);
	else if (run->mctx)
		bx_match_fact(run->mctx, what, (char *)run->e.text, BX_RT_TEXT);
	else if (run->pctx)
		bx_part_fact(run->pctx, what, (char *)run->e.text, BX_RT_TEXT);
}

/* Names the drivers that are registered, if @registered, or the others. */
RT_INLINE void rt_name_drivers(struct bx_select_ctx *ctx, const struct bx_rt_node *node,
			       bool any_order, bool registered)
{
	for (int i = 0; i < BX_MAX_CHOICES; i++) {
		char *name;

		if (i >= node->ndrivers)
			return;
		name = rt_name(node->driver[i]);
		if (!name || !name[0])
			continue;
		if (any_order && (bx_driver_state_mem(ctx, name, BX_RT_NAME) ==
				  BX_DRIVER_REGISTERED) != registered)
			continue;
		bx_select_driver_mem(ctx, name, BX_RT_NAME);
	}
}

RT_INLINE s32 rt_verdict(struct bx_select_ctx *ctx, u32 found)
{
	struct bx_rt_node *node = found ? rt_node(found) : (void *)0;

	if (!node)
		return BX_PASS;
	if (node->verdict == BX_RT_REFUSE)
		return BX_REFUSE;
	if (node->verdict == BX_RT_DEFER)
		return BX_DEFER;
	if (node->verdict != BX_RT_DRIVER)
		return BX_PASS;
	rt_name_drivers(ctx, node, node->flags & BX_RT_ANY_ORDER, true);
	if (node->flags & BX_RT_ANY_ORDER)
		rt_name_drivers(ctx, node, true, false);
	return BX_SELECT;
}

#define RT_OF_GROUP(group)	(1 << (BX_RT_GROUP + (group)))

/* Whether the table has or had rules of some kinds for this bus */
RT_INLINE bool rt_has_kind(u32 kinds)
{
	struct bx_rt_bus *bus = rt_bus();

	return bus && bus->kinds & kinds;
}

/* A rule for a group counts if it matches any member. */
RT_INLINE void rt_search_group(struct rt_run *run, u32 group)
{
	struct bx_member *m;

	if (!rt_has_kind(RT_OF_GROUP(group)))
		return;
	bx_for_each_member(m, run->ctx, group) {
		rt_describe(run, &m->dev);
		rt_search(run, RT_OF_GROUP(group));
	}
}

static s32 BX_OP_SLEEPABLE(rules_select, struct bx_select_ctx *ctx)
{
	struct rt_run run;

	rt_begin(&run, ctx, (void *)0);
	rt_describe(&run, &ctx->dev);
	rt_search(&run, 1 << BX_RT_PLAIN | RT_OF_GROUP(BX_GROUP_SLOT) |
		  RT_OF_GROUP(BX_GROUP_IOMMU));
	rt_search_group(&run, BX_GROUP_SLOT);
	rt_search_group(&run, BX_GROUP_IOMMU);
	return rt_verdict(ctx, run.e.found);
}

/* A score counts if its rule comes before the one that decides. */
static s32 BX_OP_SLEEPABLE(rules_match, struct bx_match_ctx *ctx)
{
	struct rt_run run;
	struct bx_rt_node *node;

	if (!rt_has_kind(1 << BX_RT_SCORE))
		return BX_NO_SCORE;
	rt_begin(&run, (void *)0, ctx);
	rt_describe(&run, &ctx->dev);
	rt_search(&run, 1 << BX_RT_PLAIN);
	rt_score_driver(&run, ctx->drv.name);
	rt_search(&run, 1 << BX_RT_SCORE);
	node = run.e.found ? rt_node(run.e.found) : (void *)0;
	if (!node || !node->score || node->score > BX_SCORE_MAX)
		return BX_NO_SCORE;
	return node->score;
}

/* "COMPOSITE/PART", of two names of at most BX_RT_NAME bytes with a NUL */
RT_INLINE void rt_join(char *to, const char *composite, const char *part)
{
	u32 at = 0;

	for (u32 i = 0; i < BX_RT_NAME && composite[i]; i++)
		to[at++ & (2 * BX_RT_NAME - 1)] = composite[i];
	to[at++ & (2 * BX_RT_NAME - 1)] = '/';
	for (u32 i = 0; i < BX_RT_NAME && part[i]; i++)
		to[at++ & (2 * BX_RT_NAME - 1)] = part[i];
	to[at & (2 * BX_RT_NAME - 1)] = '\0';
}

static s32 BX_OP_SLEEPABLE(rules_part, struct bx_part_ctx *ctx)
{
	char *composite, *part, *text;
	struct rt_run run;
	struct bx_rt_node *node;

	if (!rt_has_kind(1 << BX_RT_PART))
		return 0;
	rt_begin(&run, (void *)0, (void *)0);
	run.pctx = ctx;
	rt_describe(&run, &ctx->dev);
	rt_search(&run, 1 << BX_RT_PART);
	node = run.e.found ? rt_node(run.e.found) : (void *)0;
	composite = node ? rt_name(node->driver[0]) : (void *)0;
	part = node ? rt_name(node->driver[1]) : (void *)0;
	if (!composite || !part)
		return 0;
	/* The search is over, and the stack has no room for another text. */
	text = (char *)run.e.text;
	rt_join(text, composite, part);
	bx_part_mem(ctx, text, 2 * BX_RT_NAME, node->flags & BX_RT_BOUND ? BX_PART_BOUND : 0);
	return 0;
}

char _license[] SEC("license") = "GPL";

SEC(".struct_ops.link") struct bus_ext_ops rules = {
	.name = "rules",
	.bus = "pci",
	.vendor = BX_ANY,
	.select = (void *)rules_select,
	.match = (void *)rules_match,
	.part = (void *)rules_part,
};
