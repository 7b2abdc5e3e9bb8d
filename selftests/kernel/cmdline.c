// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel command line, as a policy reads it
 *
 * Needs the device set all: words on the line, and a PCIe port of qemu, which has a driver,
 * so that match() is asked.  Not for the sanitizer kernel, in which libbpf reads
 * /proc/kallsyms for minutes.
 */
#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <string.h>
#include <kselftest_harness.h>
#include "selftests/bpf/cmdline.skel.h"
#include "../lib/bxtest.h"

static struct cmdline *skel;

TEST(policy_finds_words)
{
	EXPECT_EQ(1, skel->bss->flag);
	EXPECT_EQ(1, skel->bss->flag_dash);
	EXPECT_EQ(1, skel->bss->whole);
	EXPECT_EQ(0, skel->bss->part_of_word);
	EXPECT_EQ(0, skel->bss->part_of_value);
	EXPECT_EQ(0, skel->bss->in_quotes);
	EXPECT_EQ(0, skel->bss->absent);
}

TEST(policy_finds_words_in_all_programs)
{
	EXPECT_EQ(1, skel->bss->from_init);
	EXPECT_EQ(1, skel->bss->from_match);
}

TEST(policy_reads_values)
{
	EXPECT_EQ((int)strlen("an inner word"), skel->bss->quoted_len);
	EXPECT_STREQ("an inner word", skel->bss->quoted);
	EXPECT_EQ((int)strlen("second"), skel->bss->twice_len);
	EXPECT_STREQ("second", skel->bss->twice);
	EXPECT_EQ(0, skel->bss->empty_len);
	EXPECT_EQ(-ENODATA, skel->bss->no_value);
	EXPECT_EQ(-ENAMETOOLONG, skel->bss->too_long);
}

/* Holds a dry election of a port. */
static int elect(void)
{
	const struct bx_opinion *recs;
	glob_t found = {};
	int n = 0;

	if (!glob("/sys/bus/pci/drivers/pcieport/0000:*", 0, NULL, &found))
		n = bxt_opinions(basename(found.gl_pathv[0]), &recs);
	globfree(&found);
	return n > 0 && skel->bss->reads ? 0 : -ENODEV;
}

int main(int argc, char **argv)
{
	int ret = 0;

	if (bxt_start("bus_ext"))
		return KSFT_FAIL;
	skel = cmdline__open_and_load();
	if (!skel || !bpf_map__attach_struct_ops(skel->maps.cmdline))
		ret = bxt_complain("attach the policy", -errno);
	if (!ret && elect())
		ret = bxt_complain("hold an election", -ENODEV);
	ret = ret ? KSFT_FAIL : test_harness_run(argc, argv);
	cmdline__destroy(skel);
	return bxt_finish() ? KSFT_FAIL : ret;
}
