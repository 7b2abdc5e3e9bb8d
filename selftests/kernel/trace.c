// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints fire when they should, and describe the event: as records for
 * BPF programs, and as text
 */
#include <errno.h>
#include <string.h>
#include <kselftest_harness.h>
#include "../lib/bxtest.h"
#include "../lib/trace_io.h"
#include "selftests/bpf/trace.skel.h"

#define ID	"f055:1"
#define TRACEFS	"/sys/kernel/tracing/"
#define EVENTS	TRACEFS "events/bus_ext/"

static struct trace *trace;
static struct trace_io *seen;

FIXTURE(trace) {
};

FIXTURE_SETUP(trace)
{
	ASSERT_EQ(0, bxt_clean());
	driver("a", "ids=*:*");
	driver("b", "ids=*:*");
	memset(seen, 0, sizeof(*seen));
	ASSERT_EQ(0, trace__attach(trace));
}

FIXTURE_TEARDOWN(trace)
{
}

TEST_F(trace, decide_tells_who_decided_what_and_why)
{
	judges(0, 0, "b", 42);
	attach(0);
	device("d", ID);
	EXPECT_EQ(1, seen->decides);
	EXPECT_STREQ("d", seen->decide_dev.name);
	EXPECT_STREQ("bx-sf", seen->decide_dev.bus);
	EXPECT_EQ(0xf055, seen->decide_dev.vendor);
	EXPECT_STREQ("b", seen->decide.driver);
	EXPECT_STREQ("p0", seen->decide.policy);
	EXPECT_EQ(BX_BY_SCORE, seen->decide.by);
	EXPECT_EQ(BX_OUT_DRIVER, seen->decide.outcome);
	EXPECT_EQ(42, seen->decide.score);
	EXPECT_EQ(2, seen->decide.considered);
	EXPECT_NE(0, seen->decide.generation);
	EXPECT_NE(0, seen->decide.time_ns);
}

TEST_F(trace, explaining_is_no_decision)
{
	const struct bx_opinion *o;

	device("d", ID);
	EXPECT_EQ(1, seen->decides);
	ASSERT_LT(0, bxt_opinions("d", &o));
	EXPECT_EQ(1, seen->decides);
}

#define EXPECT_HIT(hit, count_, device_, driver_) do { \
	EXPECT_EQ(count_, (hit)->count); \
	EXPECT_STREQ(device_, (hit)->device); \
	EXPECT_STREQ(driver_, (hit)->driver); \
} while (0)

TEST_F(trace, life_of_a_device)
{
	device("d", ID);
	EXPECT_HIT(&seen->create, 1, "d", "");
	EXPECT_HIT(&seen->bind, 1, "d", "a");
	EXPECT_HIT(&seen->unbind, 0, "", "");
	driver_del("a");
	settle();
	EXPECT_HIT(&seen->unbind, 1, "d", "a");
	EXPECT_HIT(&seen->bind, 2, "d", "b");
	EXPECT_HIT(&seen->remove, 0, "", "");
	destroy("d");
	EXPECT_HIT(&seen->unbind, 2, "d", "b");
	EXPECT_HIT(&seen->remove, 1, "d", "");
	EXPECT_EQ(1, seen->create.count);
}

TEST_F(trace, failed_probe_is_no_bind)
{
	driver_set("a", "probe=-EIO");
	device("d", ID);
	EXPECT_EQ(1, bxt_probes("a"));
	EXPECT_EQ(0, seen->bind.count);
}

TEST_F(trace, policy_attach_update_detach)
{
	int link, new = map(1, .name = "p0", .version = 2);

	link = attach(0, .version = 1, .priority = 7, .vendor = 0xf055);
	EXPECT_EQ(1, seen->policies);
	EXPECT_STREQ("attach", seen->what);
	EXPECT_STREQ("p0", seen->policy.name);
	EXPECT_STREQ("bx-sf", seen->policy.bus);
	EXPECT_EQ(1, seen->policy.version);
	EXPECT_EQ(7, seen->policy.priority);
	EXPECT_EQ(0xf055, seen->policy.vendor);
	ASSERT_EQ(0, bxt_update(link, new, -1));
	EXPECT_EQ(2, seen->policies);
	EXPECT_STREQ("update", seen->what);
	EXPECT_EQ(2, seen->policy.version);
	detach(link);
	EXPECT_EQ(3, seen->policies);
	EXPECT_STREQ("detach", seen->what);
	EXPECT_EQ(2, seen->policy.version);
}

TEST_F(trace, refused_policy_is_no_attach)
{
	bxt_script(0)->init = -EDOM;
	EXPECT_EQ(-EDOM, attach_errno(0));
	EXPECT_EQ(0, seen->policies);
}

TEST_F(trace, eject_tells_the_reason)
{
	bxt_script(0)->select = -5;
	attach(0);
	device("d", ID);
	settle();
	EXPECT_EQ(1, seen->ejects);
	EXPECT_STREQ("p0", seen->eject.name);
	EXPECT_EQ(BX_EXIT_RETURN, seen->eject.kind);
	EXPECT_EQ(-5, seen->eject.code);
	EXPECT_STREQ("d", seen->eject.device);
	EXPECT_STREQ(ejection("p0").msg, seen->eject.msg);
	EXPECT_STREQ("detach", seen->what);
}

TEST_F(trace, shadow_tells_both_outcomes)
{
	selects(0, "b");
	attach(0, .flags = BX_F_SHADOW);
	device("d", ID);
	EXPECT_EQ(1, seen->shadows);
	EXPECT_STREQ("p0", seen->shadow_policy);
	EXPECT_EQ(BX_SELECT, seen->shadow_verdict);
	EXPECT_STREQ("b", seen->shadow_driver);
	EXPECT_STREQ("a", seen->shadow_actual);
}

TEST_F(trace, text_form)
{
	ASSERT_EQ(0, bxt_write(TRACEFS "trace", "\n"));
	ASSERT_EQ(0, bxt_write(EVENTS "enable", "1"));
	selects(0, "b");
	attach(0);
	device("d", ID);
	bxt_script(0)->select = 99;
	device("d2", ID);
	settle();
	ASSERT_EQ(0, bxt_write(EVENTS "enable", "0"));
#define EXPECT_TRACED(text) EXPECT_TRUE(bxt_contains(TRACEFS "trace", text))
	EXPECT_TRACED("bx_policy: attach name=p0 bus=bx-sf");
	EXPECT_TRACED("bx_create: bus=bx-sf device=d");
	EXPECT_TRACED("bx_decide: bus=bx-sf device=d outcome=driver driver=b "
		      "by=select policy=p0");
	EXPECT_TRACED("bx_state: bus=bx-sf device=d from=creating to=ready");
	EXPECT_TRACED("bx_bind: bus=bx-sf device=d driver=b");
	EXPECT_TRACED("bx_state: bus=bx-sf device=d from=ready to=bound");
	EXPECT_TRACED("bx_eject: name=p0 bus=bx-sf device=d2 kind=1024 code=99");
	EXPECT_TRACED("bx_policy: detach name=p0");
}

int main(int argc, char **argv)
{
	int ret;

	if (bxt_start("bxsim"))
		return KSFT_FAIL;
	trace = trace__open_and_load();
	if (!trace)
		return bxt_complain("load trace.bpf.o", -errno), KSFT_FAIL;
	seen = &trace->bss->seen;
	ret = test_harness_run(argc, argv);
	trace__destroy(trace);
	return bxt_finish() ? KSFT_FAIL : ret;
}
