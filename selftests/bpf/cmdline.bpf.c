// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy that reads the kernel command line, in programs that may sleep and in others, and
 * has no opinion
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bus_ext.bpf.h>
#include <bpf/bus_ext_cmdline.bpf.h>

/* Results of bx_cmdline_has() and bx_cmdline_value(), and texts */
int flag, flag_dash, part_of_word, whole, part_of_value, in_quotes, absent;
int quoted_len, twice_len, empty_len, no_value, too_long;
char quoted[32], twice[16], empty[4], small[6];
int from_init, from_match;
__u32 reads;

static s32 BX_OP(cmdline_select, struct bx_select_ctx *ctx)
{
	reads++;
	flag = bx_cmdline_has("bx_test.flag");
	flag_dash = bx_cmdline_has("bx-test.flag");
	part_of_word = bx_cmdline_has("bx_test.fla");
	whole = bx_cmdline_has("bx_test.twice=first");
	part_of_value = bx_cmdline_has("bx_test.twice=fir");
	in_quotes = bx_cmdline_has("inner");
	absent = bx_cmdline_has("bx_test.none");
	quoted_len = bx_cmdline_value("bx_test.quoted", quoted);
	twice_len = bx_cmdline_value("bx_test.twice", twice);
	empty_len = bx_cmdline_value("bx_test.empty", empty);
	no_value = bx_cmdline_value("bx_test.flag", empty);
	too_long = bx_cmdline_value("bx_test.twice", small);
	return BX_PASS;
}

static s32 BX_OP_SLEEPABLE(cmdline_match, struct bx_match_ctx *ctx)
{
	from_match = bx_cmdline_has("bx_test.flag");
	return BX_NO_SCORE;
}

SEC("struct_ops.s")
int cmdline_init(unsigned long long *ctx)
{
	from_init = bx_cmdline_has("bx_test.flag");
	return 0;
}

BX_POLICY(cmdline, .bus = "pci", .vendor = 0x1b36, .select = (void *)cmdline_select,
	  .match = (void *)cmdline_match, .init = (void *)cmdline_init);
