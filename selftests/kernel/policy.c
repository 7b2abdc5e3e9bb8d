// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a policy: attaching and its permissions, listing, update, end
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>
#include <kselftest_harness.h>
#include "../lib/bxtest.h"

#define ID	"f055:1"
#define STATE	"/sys/kernel/bus_ext/"
#define REFUSED	STATE "refused"
#define LONG	"a_name_of_exactly_32_characters_"

FIXTURE(policy) {
};

FIXTURE_SETUP(policy)
{
	ASSERT_EQ(0, bxt_clean());
	driver("a", "ids=*:*");
	driver("b", "ids=*:*");
}

FIXTURE_TEARDOWN(policy)
{
}

/* ---- listing ---- */

TEST_F(policy, shows_in_sysfs)
{
	int link = attach(0, .name = "acme.nvme-1_x", .vendor = 0xf055,
			  .priority = -3, .version = 7,
			  .flags = BX_F_NEXT_BEST);

#define EXPECT_SHOWN(file, value) \
	EXPECT_TRUE(bxt_contains(STATE "policies/acme.nvme-1_x/" file, value))
	EXPECT_SHOWN("bus", "bx-sf\n");
	EXPECT_SHOWN("vendor", "0x0000f055\n");
	EXPECT_SHOWN("priority", "-3\n");
	EXPECT_SHOWN("version", "7\n");
	EXPECT_SHOWN("flags", "0x10\n");
	device("d", ID);
	EXPECT_FALSE(bxt_contains(STATE "policies/acme.nvme-1_x/asked", "0\n"));
	EXPECT_TRUE(bxt_contains(STATE "nr_policies", "1\n"));
	detach(link);
	EXPECT_TRUE(bxt_contains(STATE "nr_policies", "0\n"));
	EXPECT_NE(0, access(STATE "policies/acme.nvme-1_x", F_OK));
}

TEST_F(policy, shows_in_the_iterator)
{
	struct bx_policy_rec rec;

	attach(0, .name = "acme", .vendor = 0xf055, .priority = -3,
	       .version = 7, .flags = BX_F_SHADOW,
	       .ops = BX_OP_SELECT | BX_OP_EXIT);
	rec = policy("acme");
	EXPECT_STREQ("bx-sf", rec.bus);
	EXPECT_EQ(0xf055, rec.vendor);
	EXPECT_EQ(-3, rec.priority);
	EXPECT_EQ(7, rec.version);
	EXPECT_EQ(BX_F_SHADOW, rec.flags);
	EXPECT_EQ(BX_OP_SELECT | BX_OP_EXIT, rec.ops);
	EXPECT_EQ(1, rec.generation);
	EXPECT_EQ(0, rec.ejected);
	EXPECT_NE(0, rec.id);
}

TEST_F(policy, listed_in_order_of_authority)
{
	const struct bx_policy_rec *recs;

	attach(0, .name = "b");
	attach(1, .name = "low", .priority = -1);
	attach(2, .name = "a");
	attach(3, .name = "high", .priority = 1);
	ASSERT_EQ(4, bxt_policies(&recs));
	EXPECT_STREQ("high", recs[0].name);
	EXPECT_STREQ("a", recs[1].name);
	EXPECT_STREQ("b", recs[2].name);
	EXPECT_STREQ("low", recs[3].name);
}

TEST_F(policy, identity_is_new_with_every_attach)
{
	int link = attach(0);
	__u64 id = policy("p0").id;

	detach(link);
	attach(0);
	EXPECT_NE(id, policy("p0").id);
}

/* ---- refused policies ---- */

/* Checks that it is refused with an errno and a reason, and that nothing stays. */
#define EXPECT_REFUSED(errno_, reason, ...) do { \
	EXPECT_EQ(-(errno_), attach_errno(0, __VA_ARGS__)); \
	EXPECT_TRUE(bxt_contains(REFUSED, reason)); \
	EXPECT_TRUE(bxt_contains(STATE "nr_policies", "0\n")); \
} while (0)

TEST_F(policy, second_of_a_name_is_eexist)
{
	int link = attach(0, .name = "one");

	EXPECT_EQ(-EEXIST, attach_errno(1, .name = "one"));
	EXPECT_EQ(-EEXIST, attach_errno(1, .name = "one", .bus = "platform"));
	/* not even begun */
	EXPECT_EQ(0, bxt_script(1)->inits);
	EXPECT_TRUE(bxt_contains(REFUSED, "one: a policy of this name"));
	EXPECT_ATTACHED("one");
	detach(link);
	attach(1, .name = "one");
}

TEST_F(policy, unknown_bus_is_enodev)
{
	EXPECT_REFUSED(ENODEV, "bus 'bx-nothing' not found", .bus = "bx-nothing");
	/* a mistake in the name of a known bus, which would be awaited */
	EXPECT_REFUSED(ENODEV, "bus 'usbs' not found", .bus = "usbs");
	EXPECT_EQ(0, bxt_script(0)->inits);
}

TEST_F(policy, name_without_an_end_is_enametoolong)
{
	EXPECT_REFUSED(ENAMETOOLONG, "name must be shorter", .name = LONG);
	EXPECT_REFUSED(ENAMETOOLONG, "bus must be shorter", .bus = LONG);
	EXPECT_LE(0, attach_errno(0, .name = LONG + 1));
}

TEST_F(policy, name_of_bad_characters_is_einval)
{
	EXPECT_REFUSED(EINVAL, "name must consist of", .name = "a/b");
	EXPECT_REFUSED(EINVAL, "name must consist of", .name = "a b");
	EXPECT_REFUSED(EINVAL, "name must consist of", .name = "a\n");
	EXPECT_REFUSED(EINVAL, "name must consist of", .name = "\xc3\xa4");
	/* a letter in Latin-1, which the kernel's isalnum() accepts */
	EXPECT_REFUSED(EINVAL, "name must consist of", .name = "\xe4");
	EXPECT_REFUSED(EINVAL, "name must consist of", .name = "");
	EXPECT_REFUSED(EINVAL, "name must consist of", .name = ".hidden");
	EXPECT_REFUSED(EINVAL, "bus must consist of", .bus = "../pci");
	EXPECT_REFUSED(EINVAL, "bus must consist of", .bus = "");
}

TEST_F(policy, unknown_flags_are_einval)
{
	EXPECT_REFUSED(EINVAL, "unknown flags 0x2", .flags = 2);
	EXPECT_REFUSED(EINVAL, "unknown flags", .flags = 1ULL << 63);
}

TEST_F(policy, without_a_say_is_einval)
{
	EXPECT_REFUSED(EINVAL, "select, match, event, admit, part, call or complete",
		       .no_ops = true);
	EXPECT_REFUSED(EINVAL, "select, match, event, admit, part, call or complete",
		       .ops = BX_OP_INIT | BX_OP_EXIT);
	EXPECT_EQ(0, bxt_script(0)->inits + bxt_script(0)->exits);
}

TEST_F(policy, adopted_bus_takes_each_program_of_elections)
{
	static const __u32 ops[] = { BX_OP_SELECT | BX_OP_MATCH, BX_OP_MATCH, BX_OP_EVENT };
	int link;

	for (int i = 0; i < 3; i++) {
		link = attach(0, .bus = "pci", .ops = ops[i]);
		detach(link);
	}
}

TEST_F(policy, without_a_link_is_eopnotsupp)
{
	EXPECT_REFUSED(EOPNOTSUPP, ".struct_ops.link", .no_link = true);
	EXPECT_EQ(0, bxt_script(0)->inits);
}

TEST_F(policy, errno_of_init_refuses_and_is_passed_on)
{
	bxt_script(0)->init = -EDOM;
	selects(0, "b");
	EXPECT_REFUSED(EDOM, "init() returned -33", .version = 1);
	EXPECT_EQ(1, bxt_script(0)->inits);
	EXPECT_EQ(0, bxt_script(0)->exits);
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_EQ(0, bxt_script(0)->selects);
}

TEST_F(policy, init_that_returns_no_errno_is_eproto)
{
	bxt_script(0)->init = 1;
	EXPECT_REFUSED(EPROTO, "which is not an errno", .version = 1);
	bxt_script(0)->init = -5000;
	EXPECT_REFUSED(EPROTO, "returned -5000", .version = 1);
}

TEST_F(policy, init_runs_once_and_first)
{
	attach(0);
	EXPECT_EQ(1, bxt_script(0)->inits);
	device("d", ID);
	EXPECT_EQ(1, bxt_script(0)->inits);
	EXPECT_EQ(0, bxt_script(0)->exits);
}

TEST_F(policy, there_is_a_limit)
{
	struct bxt_spec spec = { .ops = BX_OP_EVENT };
	char name[BX_NAME_LEN];
	int n, link = 0;

	spec.name = name;
	for (n = 0; n < 300 && link >= 0; n++) {
		snprintf(name, sizeof(name), "policy%d", n);
		link = bxt_attach(0, &spec);
	}
	EXPECT_EQ(-E2BIG, link);
	EXPECT_EQ(256 + 1, n);
	EXPECT_TRUE(bxt_contains(REFUSED, "256 policies"));
}

/* ---- permissions ---- */

static int drop_to(__u32 caps)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {};

	/* those two are above 31 */
	data[1].permitted = caps;
	data[1].effective = caps;
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

#define KEEP_BPF (1U << (CAP_BPF - 32) | 1U << (CAP_PERFMON - 32))

TEST_F(policy, attach_needs_cap_sys_admin)
{
	int new = map(0);

	ASSERT_EQ(0, drop_to(KEEP_BPF));
	EXPECT_EQ(-EPERM, bxt_link(new));
	EXPECT_TRUE(bxt_contains(REFUSED, "p0: permission denied: CAP_SYS_ADMIN"));
	EXPECT_EQ(0, bxt_script(0)->inits);
}

TEST_F(policy, update_needs_cap_sys_admin)
{
	int link = attach(0);
	int new = map(1, .name = "p0", .version = 2);

	ASSERT_EQ(0, drop_to(KEEP_BPF));
	EXPECT_EQ(-EPERM, bxt_update(link, new, -1));
	EXPECT_EQ(0, bxt_script(1)->inits);
	EXPECT_TRUE(bxt_contains(STATE "policies/p0/version", "0\n"));
}

TEST_F(policy, ordinary_user_cannot_attach)
{
	int new = map(0);

	ASSERT_EQ(0, setresuid(1000, 1000, 1000));
	EXPECT_EQ(-EPERM, bxt_link(new));
	EXPECT_EQ(-EPERM, attach_errno(1));
	EXPECT_EQ(0, bxt_script(0)->inits + bxt_script(1)->inits);
}

TEST_F(policy, control_interface_needs_cap_sys_admin)
{
	const struct bx_policy_rec *recs;
	struct bx_device_rec rec;

	attach(0);
	device("d", ID);
	ASSERT_EQ(0, drop_to(KEEP_BPF));
	EXPECT_EQ(-EPERM, bxt_device("d", &rec));
	EXPECT_EQ(-EPERM, bxt_rebind("d"));
	EXPECT_EQ(-EPERM, bxt_reelect("bx-sf"));
	EXPECT_EQ(-EPERM, bxt_settle());
	EXPECT_EQ(-EPERM, bxt_policies(&recs));
}

/* ---- update ---- */

TEST_F(policy, update_replaces)
{
	int link = attach(0, .version = 1);
	int new = map(1, .name = "p0", .version = 2);
	__u64 id = policy("p0").id;

	selects(0, "a");
	selects(1, "b");
	device("d1", ID);
	EXPECT_BOUND("d1", "a");
	ASSERT_EQ(0, bxt_update(link, new, -1));
	settle();
	device("d2", ID);
	EXPECT_BOUND("d2", "b");
	EXPECT_BOUND("d1", "a");
	EXPECT_EQ(id, policy("p0").id);
	EXPECT_EQ(2, policy("p0").generation);
	EXPECT_EQ(2, policy("p0").version);
	EXPECT_EQ(1, bxt_script(0)->exits);
	EXPECT_EQ(BX_EXIT_UPDATE, bxt_script(0)->info.kind);
	EXPECT_EQ(1, bxt_script(0)->info.version);
	EXPECT_EQ(1, bxt_script(1)->inits);
	EXPECT_EQ(0, bxt_script(1)->exits);
	EXPECT_FALSE(bxt_hung_up(link));
}

TEST_F(policy, update_elects_unbound_devices_anew)
{
	int link, new;

	bxt_script(0)->select = BX_REFUSE;
	link = attach(0);
	device("d", ID);
	EXPECT_UNBOUND("d");
	selects(1, "b");
	new = map(1, .name = "p0");
	ASSERT_EQ(0, bxt_update(link, new, -1));
	settle();
	EXPECT_BOUND("d", "b");
}

TEST_F(policy, update_compares_before_it_swaps)
{
	int one = map(0), two = map(1, .name = "p0"), link = bxt_link(one);

	ASSERT_LE(0, link);
	EXPECT_EQ(-EPERM, bxt_update(link, two, two));
	EXPECT_EQ(0, bxt_script(1)->inits);
	EXPECT_EQ(1, policy("p0").generation);
	EXPECT_EQ(0, bxt_update(link, two, one));
	EXPECT_EQ(2, policy("p0").generation);
	EXPECT_EQ(-EPERM, bxt_update(link, one, one));
}

TEST_F(policy, update_cannot_rename)
{
	int link = attach(0), new = map(1, .name = "other");

	EXPECT_EQ(-EINVAL, bxt_update(link, new, -1));
	EXPECT_TRUE(bxt_contains(REFUSED, "cannot rename 'p0'"));
	EXPECT_ATTACHED("p0");
	EXPECT_EJECTED("other");
	EXPECT_EQ(0, bxt_script(0)->exits);
}

TEST_F(policy, update_cannot_move_to_another_bus)
{
	int link = attach(0), new = map(1, .name = "p0", .bus = "platform");

	EXPECT_EQ(-EINVAL, bxt_update(link, new, -1));
	EXPECT_STREQ("bx-sf", policy("p0").bus);
}

TEST_F(policy, update_may_change_priority_and_scope)
{
	int link, new = map(1, .name = "p0", .priority = 5, .vendor = 0xbeef);

	selects(1, "b");
	bxt_script(2)->select = BX_REFUSE;
	link = attach(0, .priority = -5);
	attach(2, .vendor = 0xbeef);
	ASSERT_EQ(0, bxt_update(link, new, -1));
	device("d1", "beef:1");
	device("d2", ID);
	EXPECT_BOUND("d1", "b");
	EXPECT_BOUND("d2", "a");
}

TEST_F(policy, update_that_init_refuses_changes_nothing)
{
	int link, new = map(1, .name = "p0", .version = 2);

	selects(0, "b");
	bxt_script(1)->init = -EDOM;
	link = attach(0, .version = 1);
	EXPECT_EQ(-EDOM, bxt_update(link, new, -1));
	EXPECT_EQ(1, policy("p0").version);
	EXPECT_EQ(0, bxt_script(0)->exits + bxt_script(1)->exits);
	device("d", ID);
	EXPECT_BOUND("d", "b");
}

TEST_F(policy, update_of_a_detached_link_fails)
{
	int link = attach(0), new = map(1, .name = "p0");

	detach(link);
	EXPECT_EQ(-ENOLINK, bxt_update(link, new, -1));
	EXPECT_EJECTED("p0");
}

/* ---- the end ---- */

TEST_F(policy, detach_is_told_to_exit)
{
	int link = attach(0, .version = 9);

	detach(link);
	EXPECT_EJECTED("p0");
	EXPECT_EQ(1, bxt_script(0)->exits);
	EXPECT_EQ(BX_EXIT_DETACH, bxt_script(0)->info.kind);
	EXPECT_EQ(0, bxt_script(0)->info.seq);
	EXPECT_EQ(9, bxt_script(0)->info.version);
	EXPECT_STREQ("p0", bxt_script(0)->info.name);
	EXPECT_TRUE(bxt_hung_up(link));
	EXPECT_EQ(0, close(link));
	EXPECT_EQ(1, bxt_script(0)->exits);
}

TEST_F(policy, closing_the_link_detaches)
{
	int link = attach(0);

	EXPECT_FALSE(bxt_hung_up(link));
	close(link);
	settle();
	EXPECT_EJECTED("p0");
	EXPECT_EQ(BX_EXIT_DETACH, bxt_script(0)->info.kind);
	EXPECT_EQ(1, bxt_script(0)->exits);
}

TEST_F(policy, is_not_asked_after_detach)
{
	int link, selects_before;

	selects(0, "b");
	link = attach(0);
	detach(link);
	selects_before = bxt_script(0)->selects;
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_EQ(selects_before, bxt_script(0)->selects);
	EXPECT_EQ(0, bxt_script(0)->events[0]);
}

/* ---- event() ---- */

#define EXPECT_EVENTS(added, bound_, unbound, removed) do { \
	EXPECT_EQ(added, bxt_script(0)->events[0]); \
	EXPECT_EQ(bound_, bxt_script(0)->events[1]); \
	EXPECT_EQ(unbound, bxt_script(0)->events[2]); \
	EXPECT_EQ(removed, bxt_script(0)->events[3]); \
} while (0)

TEST_F(policy, event_tells_the_life_of_a_device)
{
	attach(0);
	selects(0, "b");
	device("d", ID);
	EXPECT_EVENTS(1, 1, 0, 0);
	EXPECT_STREQ("b", bxt_script(0)->event_driver[1]);
	driver_del("b");
	selects(0, "a");
	settle();
	EXPECT_STREQ("b", bxt_script(0)->event_driver[2]);
	destroy("d");
	EXPECT_EQ(1, bxt_script(0)->events[0]);
	EXPECT_EQ(bxt_script(0)->events[1], bxt_script(0)->events[2]);
	EXPECT_EQ(1, bxt_script(0)->events[3]);
}

TEST_F(policy, event_does_not_tell_of_a_failed_probe)
{
	driver_set("a", "probe=-EIO");
	attach(0);
	device("d", ID);
	EXPECT_EQ(1, bxt_probes("a"));
	destroy("d");
	EXPECT_EVENTS(1, 0, 0, 1);
}

TEST_F(policy, event_tells_of_a_bus_without_drivers)
{
	driver_del("a");
	driver_del("b");
	attach(0, .ops = BX_OP_EVENT);
	device("d", ID);
	destroy("d");
	EXPECT_EVENTS(1, 0, 0, 1);
}

BXT_MAIN("bxsim")
