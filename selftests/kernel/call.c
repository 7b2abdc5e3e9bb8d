// SPDX-License-Identifier: GPL-2.0-only
/*
 * The outcome of a call that a driver makes on its device
 *
 * The driver is bxsim's: a write to its attribute "exec" is a call of the
 * operation of that name, and the provider reverses the text.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include <linux/bx_sf.h>
#include "../lib/bxtest.h"

#define ID	"f055:1"
#define EXEC	BX_WATCH(BX_SF_EXEC)
#define RESET	BX_WATCH(BX_SF_RESET)

FIXTURE(call) {
};

FIXTURE_SETUP(call)
{
	ASSERT_EQ(0, bxt_clean());
	driver("a", "ids=*:*");
	device("d", ID);
}

FIXTURE_TEARDOWN(call)
{
}

static const char *path_of(const char *device, const char *attr)
{
	static char path[128];

	snprintf(path, sizeof(path), "/sys/bus/bx-sf/devices/%s/%s", device,
		 attr);
	return path;
}

/* Makes a call; returns its errno. */
static int exec(const char *device, const char *text)
{
	char line[80];

	snprintf(line, sizeof(line), "0 %s", text);
	return bxt_write(path_of(device, "exec"), line);
}

/* Returns the answer to the last call. */
static const char *answer(const char *device)
{
	static char buf[128];

	if (bxt_read(path_of(device, "exec"), buf, sizeof(buf)))
		return "(none)";
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

/* Returns how often the provider was called. */
static int execs(const char *device)
{
	char buf[4096], line[80], *found;

	snprintf(line, sizeof(line), "%s resets=", device);
	if (bxt_read("/sys/devices/bxsim/devices", buf, sizeof(buf)))
		return -1;
	found = strstr(buf, line);
	found = found ? strstr(found, "execs=") : NULL;
	return found ? atoi(found + 6) : -1;
}

#define EXPECT_ANSWER(text, device)	EXPECT_STREQ(text, answer(device))

/* ---- verdicts ---- */

TEST_F(call, without_policies_the_provider_answers)
{
	EXPECT_EQ(0, exec("d", "abc"));
	EXPECT_ANSWER("cba", "d");
	EXPECT_EQ(1, execs("d"));
}

TEST_F(call, pass_leaves_it_to_the_provider)
{
	attach(0, .calls = { EXEC });
	EXPECT_EQ(0, exec("d", "abcdefgh"));
	EXPECT_ANSWER("hgfedcba", "d");
	EXPECT_EQ(1, bxt_script(0)->calls);
	EXPECT_EQ(1, bxt_script(0)->completes);
	EXPECT_EQ(0, bxt_script(0)->complete_ret);
	EXPECT_EQ(BX_SF_EXEC, bxt_script(0)->call_op);
	EXPECT_EQ(sizeof(struct bx_sf_exec_arg) + 8, bxt_script(0)->call_len);
	EXPECT_EQ(0, bxt_script(0)->call_first);	/* the command */
	EXPECT_STREQ("d", bxt_script(0)->call_dev);
	/* that of bxsim's devices, in a kernel that knows nodes */
	EXPECT_EQ(access("/sys/devices/system/node", F_OK) ? -1 : 0,
		  bxt_script(0)->call_node);
}

TEST_F(call, operation_that_is_not_watched_is_not_seen)
{
	attach(0, .calls = { RESET });
	EXPECT_EQ(0, exec("d", "abc"));
	EXPECT_EQ(0, bxt_script(0)->calls);
	EXPECT_EQ(0, bxt_script(0)->completes);
	EXPECT_EQ(1, execs("d"));
}

TEST_F(call, watch_all_sees_every_operation)
{
	attach(0, .calls = BX_WATCH_ALL);
	device("e", ID);	/* reset by probe() */
	EXPECT_EQ(1, bxt_script(0)->calls);
	EXPECT_EQ(BX_SF_RESET, bxt_script(0)->call_op);
	EXPECT_EQ(0, bxt_script(0)->call_len);
	EXPECT_EQ(0, exec("e", "abc"));
	EXPECT_EQ(2, bxt_script(0)->calls);
}

TEST_F(call, policy_of_another_vendor_is_not_asked)
{
	attach(0, .calls = { EXEC }, .vendor = 0xabba);
	EXPECT_EQ(0, exec("d", "abc"));
	EXPECT_EQ(0, bxt_script(0)->calls);
}

TEST_F(call, deny_is_what_the_driver_gets)
{
	attach(0, .calls = { EXEC });
	bxt_script(0)->call = -EACCES;
	EXPECT_EQ(-EACCES, exec("d", "abc"));
	EXPECT_EQ(0, execs("d"));
	EXPECT_EQ(0, bxt_script(0)->completes);
	EXPECT_EQ(1, policy("p0").denied);
}

TEST_F(call, the_last_errno_is_one)
{
	attach(0, .calls = { EXEC });
	bxt_script(0)->call = -4095;
	EXPECT_NE(0, exec("d", "abc"));
	EXPECT_EQ(0, execs("d"));
	EXPECT_ATTACHED("p0");
}

TEST_F(call, handled_is_answered_by_the_policy)
{
	attach(0, .calls = { EXEC });
	bxt_script(0)->call = BX_CALL_HANDLED;
	bxt_script(0)->call_writes = 1;
	EXPECT_EQ(0, exec("d", "abc"));
	EXPECT_ANSWER("abd", "d");
	EXPECT_EQ(0, execs("d"));
	EXPECT_EQ(1, policy("p0").handled);
}

TEST_F(call, handled_may_be_an_error)
{
	attach(0, .calls = { EXEC });
	bxt_script(0)->call = BX_CALL_HANDLED;
	bxt_script(0)->call_result = -ENOSPC;
	EXPECT_EQ(-ENOSPC, exec("d", "abc"));
	EXPECT_EQ(0, execs("d"));
}

TEST_F(call, argument_is_changed_for_the_provider)
{
	attach(0, .calls = { EXEC });
	bxt_script(0)->call_writes = 2;
	EXPECT_EQ(0, exec("d", "abc"));
	EXPECT_ANSWER("eba", "d");
}

TEST_F(call, complete_changes_the_answer)
{
	attach(0, .calls = { EXEC });
	bxt_script(0)->complete_writes = 1;
	EXPECT_EQ(0, exec("d", "abc"));
	EXPECT_ANSWER("cbb", "d");
}

TEST_F(call, complete_changes_the_result)
{
	attach(0, .calls = { EXEC });
	bxt_script(0)->complete_result = -EIO;
	EXPECT_EQ(-EIO, exec("d", "abc"));
	EXPECT_EQ(1, execs("d"));
	EXPECT_EQ(1, policy("p0").amended);
}

TEST_F(call, complete_alone_is_a_policy)
{
	attach(0, .calls = { EXEC }, .ops = BX_OP_COMPLETE);
	EXPECT_EQ(0, exec("d", "abc"));
	EXPECT_EQ(1, bxt_script(0)->completes);
}

TEST_F(call, provider_errors_reach_complete_and_can_be_mended)
{
	attach(0, .calls = { EXEC });
	bxt_script(0)->complete_result = 0;
	/* the provider knows only command 0 */
	EXPECT_EQ(0, bxt_write(path_of("d", "exec"), "7 abc"));
	EXPECT_EQ(-EOPNOTSUPP, bxt_script(0)->complete_ret);
}

/* ---- several policies ---- */

TEST_F(call, higher_priority_is_asked_first)
{
	attach(0, .calls = { EXEC }, .priority = 1);
	attach(1, .calls = { EXEC }, .priority = 2);
	bxt_script(0)->call = -EACCES;
	bxt_script(1)->call = -EPERM;
	EXPECT_EQ(-EPERM, exec("d", "abc"));
	EXPECT_EQ(0, bxt_script(0)->calls);
}

TEST_F(call, all_pass_and_complete_in_reverse_order)
{
	attach(0, .calls = { EXEC }, .priority = 1);
	attach(1, .calls = { EXEC }, .priority = 2);
	bxt_script(0)->complete_result = -EIO;
	bxt_script(1)->complete_result = -ENOSPC;
	EXPECT_EQ(-ENOSPC, exec("d", "abc"));
	EXPECT_EQ(0, bxt_script(0)->complete_ret);
	EXPECT_EQ(-EIO, bxt_script(1)->complete_ret);
}

/* Policies that were asked before the deciding one see the result, others do not. */
TEST_F(call, decided_call_is_completed_by_those_above)
{
	attach(0, .calls = { EXEC }, .priority = 1);
	attach(1, .calls = { EXEC }, .priority = 2);
	attach(2, .calls = { EXEC }, .priority = 3);
	bxt_script(1)->call = -EACCES;
	EXPECT_EQ(-EACCES, exec("d", "abc"));
	EXPECT_EQ(0, bxt_script(0)->calls);
	EXPECT_EQ(0, bxt_script(0)->completes);
	EXPECT_EQ(0, bxt_script(1)->completes);
	EXPECT_EQ(1, bxt_script(2)->completes);
	EXPECT_EQ(-EACCES, bxt_script(2)->complete_ret);
}

TEST_F(call, update_changes_what_is_watched)
{
	int one = map(0, .calls = { EXEC });
	int two = map(1, .name = "p0", .calls = { RESET });
	int link = bxt_link(one);

	ASSERT_LE(0, link);
	EXPECT_EQ(0, exec("d", "abc"));
	EXPECT_EQ(1, bxt_script(0)->calls);
	ASSERT_EQ(0, bxt_update(link, two, one));
	EXPECT_EQ(0, exec("d", "abc"));
	EXPECT_EQ(1, bxt_script(0)->calls);
	EXPECT_EQ(0, bxt_script(1)->calls);
	device("e", ID);
	EXPECT_EQ(1, bxt_script(1)->calls);
}

TEST_F(call, detached_is_not_asked)
{
	int link = attach(0, .calls = { EXEC });

	bxt_script(0)->call = -EACCES;
	EXPECT_EQ(-EACCES, exec("d", "abc"));
	detach(link);
	EXPECT_EQ(0, exec("d", "abc"));
}

/* ---- redirection ---- */

#define redirects(slot, target) do { \
	bxt_script(slot)->call = BX_CALL_REDIRECT; \
	strcpy(bxt_script(slot)->call_target, target); \
} while (0)

TEST_F(call, redirect_is_done_by_the_other_device)
{
	device("e", ID);
	attach(0, .calls = { EXEC });
	strcpy(bxt_script(0)->device, "d");
	redirects(0, "e");
	EXPECT_EQ(0, exec("d", "abc"));
	EXPECT_ANSWER("cba", "d");
	EXPECT_EQ(0, execs("d"));
	EXPECT_EQ(1, execs("e"));
	/* the other device's policies see it, too */
	EXPECT_EQ(2, bxt_script(0)->calls);
	EXPECT_EQ(1, policy("p0").redirected);
}

#define EXPECT_CALL_EJECTS(kind_) do { \
	EXPECT_EQ(0, exec("d", "abc")); \
	EXPECT_ANSWER("cba", "d"); \
	settle(); \
	EXPECT_EJECTED("p0"); \
	EXPECT_EQ(kind_, ejection("p0").kind); \
	EXPECT_STREQ("d", ejection("p0").device); \
} while (0)

TEST_F(call, redirect_to_a_missing_device_ejects)
{
	attach(0, .calls = { EXEC });
	redirects(0, "missing");
	EXPECT_CALL_EJECTS(BX_EXIT_RETURN);
	EXPECT_EQ(1, execs("d"));
}

TEST_F(call, redirect_to_a_device_out_of_scope_ejects)
{
	device("e", "f056:1");
	attach(0, .vendor = 0xf055, .calls = { EXEC });
	redirects(0, "e");
	EXPECT_CALL_EJECTS(BX_EXIT_RETURN);
	EXPECT_EQ(1, execs("d"));
	EXPECT_EQ(0, execs("e"));
	/* a policy for all vendors may */
	attach(1, .vendor = BX_ANY, .calls = { EXEC });
	redirects(1, "e");
	strcpy(bxt_script(1)->device, "d");
	EXPECT_EQ(0, exec("d", "abc"));
	EXPECT_EQ(1, execs("e"));
}

TEST_F(call, redirect_in_a_circle_ends)
{
	device("e", ID);
	attach(0, .calls = { EXEC });
	attach(1, .calls = { EXEC });
	strcpy(bxt_script(0)->device, "d");
	redirects(0, "e");
	strcpy(bxt_script(1)->device, "e");
	redirects(1, "d");
	EXPECT_EQ(-ELOOP, exec("d", "abc"));
	EXPECT_EQ(0, execs("d"));
	EXPECT_EQ(0, execs("e"));
}

TEST_F(call, naming_a_device_is_no_redirect)
{
	device("e", ID);
	attach(0, .calls = { EXEC });
	redirects(0, "e");
	bxt_script(0)->call = BX_CALL_PASS;
	EXPECT_EQ(0, exec("d", "abc"));
	EXPECT_EQ(1, execs("d"));
	EXPECT_EQ(0, execs("e"));
	/* and it holds no reference */
	destroy("e");
}

/* ---- bad policies ---- */

TEST_F(call, garbage_ejects_and_the_provider_answers)
{
	attach(0, .calls = { EXEC });
	bxt_script(0)->call = 3;
	EXPECT_CALL_EJECTS(BX_EXIT_RETURN);
	EXPECT_EQ(3, ejection("p0").code);
}

TEST_F(call, what_is_no_errno_ejects)
{
	attach(0, .calls = { EXEC });
	bxt_script(0)->call = -4096;
	EXPECT_CALL_EJECTS(BX_EXIT_RETURN);
}

TEST_F(call, positive_result_ejects)
{
	attach(0, .calls = { EXEC });
	bxt_script(0)->call = BX_CALL_HANDLED;
	bxt_script(0)->call_result = 5;
	EXPECT_CALL_EJECTS(BX_EXIT_BAD_RESULT);
}

TEST_F(call, bad_complete_ejects_and_its_result_does_not_count)
{
	attach(0, .calls = { EXEC });
	bxt_script(0)->complete_result = 2;
	EXPECT_CALL_EJECTS(BX_EXIT_BAD_RESULT);
}

TEST_F(call, policy_that_gives_up_is_ejected)
{
	attach(0, .calls = { EXEC });
	bxt_script(0)->error_in = BX_OP_CALL;
	bxt_script(0)->call = -EACCES;
	EXPECT_CALL_EJECTS(BX_EXIT_ERROR);
}

/* ---- shadow ---- */

TEST_F(call, shadow_is_asked_and_changes_nothing)
{
	attach(0, .calls = { EXEC }, .flags = BX_F_SHADOW);
	bxt_script(0)->call = -EACCES;
	bxt_script(0)->call_writes = 1;
	EXPECT_EQ(0, exec("d", "abc"));
	EXPECT_ANSWER("cba", "d");
	EXPECT_EQ(1, bxt_script(0)->calls);
	EXPECT_EQ(1, policy("p0").diverged);
	EXPECT_EQ(0, policy("p0").denied);
}

TEST_F(call, shadow_that_would_only_write_diverges)
{
	attach(0, .calls = { EXEC }, .flags = BX_F_SHADOW);
	EXPECT_EQ(0, exec("d", "abc"));
	EXPECT_EQ(0, policy("p0").diverged);
	bxt_script(0)->call_writes = 1;
	EXPECT_EQ(0, exec("d", "abc"));
	EXPECT_EQ(1, policy("p0").diverged);
}

/* ---- attaching ---- */

TEST_F(call, call_that_watches_nothing_is_refused)
{
	EXPECT_EQ(-EINVAL, attach_errno(0, .ops = BX_OP_CALL));
	EXPECT_TRUE(bxt_contains("/sys/kernel/bus_ext/refused",
				 "watch nothing"));
}

TEST_F(call, watching_without_a_program_is_refused)
{
	EXPECT_EQ(-EINVAL, attach_errno(0, .calls = { EXEC },
					.ops = BX_OP_SELECT));
}

TEST_F(call, unknown_operation_is_refused)
{
	EXPECT_EQ(-EINVAL, attach_errno(0, .calls = { 1 << BX_SF_NR_OPS }));
	EXPECT_TRUE(bxt_contains("/sys/kernel/bus_ext/refused",
				 "has no operation 2 to watch"));
}

TEST_F(call, call_on_an_adopted_bus_is_refused)
{
	EXPECT_EQ(-EOPNOTSUPP, attach_errno(0, .calls = { EXEC },
					    .bus = "pci"));
}

/* ---- the end of a device ---- */

#define CALL_MS		500
#define HELD_MS		60000	/* bxsim's limit; ends when released */
#define TICKS_MS	20	/* the kernel may wake up this much earlier */
/* Behind by the same ticks as the kernel's timeouts */
#define TICKS_CLOCK	CLOCK_MONOTONIC_COARSE

struct caller {
	pthread_t	thread;
	const char	*device;
	char		what[16];
	struct timespec	began;
	int		result;
	bool		done;
};

static void *call_from_outside(void *arg)
{
	struct caller *c = arg;

	c->result = bxt_sim("call", "%s %s", c->device, c->what);
	__atomic_store_n(&c->done, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static bool is_in_provider(void *arg)
{
	return execs(arg) > 0;
}

/* Starts a call of this duration; returns 0 when it has reached @provider. */
static int call_begins(struct caller *c, const char *device,
		       const char *provider, int ms)
{
	c->device = device;
	snprintf(c->what, sizeof(c->what), "1 %d", ms);
	clock_gettime(TICKS_CLOCK, &c->began);
	if (pthread_create(&c->thread, NULL, call_from_outside, c))
		return -EAGAIN;
	return bxt_becomes(is_in_provider, (void *)provider) ? 0 : -ETIME;
}

static long ms_since(const struct timespec *began)
{
	struct timespec now;

	clock_gettime(TICKS_CLOCK, &now);
	return (now.tv_sec - began->tv_sec) * 1000 +
	       (now.tv_nsec - began->tv_nsec) / 1000000;
}

/*
 * Checks that the call is over: its duration has passed.  Its thread need not have
 * run since.
 */
#define EXPECT_OVER(c, result_) do { \
	EXPECT_LE(CALL_MS - TICKS_MS, ms_since(&(c)->began)); \
	ASSERT_EQ(0, pthread_join((c)->thread, NULL)); \
	EXPECT_EQ(result_, (c)->result); \
} while (0)

TEST_F(call, removal_waits_for_a_call_in_flight)
{
	struct caller c = {};

	ASSERT_EQ(0, call_begins(&c, "d", "d", CALL_MS));
	destroy("d");
	EXPECT_OVER(&c, 0);
}

TEST_F(call, removal_waits_for_a_watched_call_in_flight)
{
	struct caller c = {};

	attach(0, .calls = { EXEC });
	ASSERT_EQ(0, call_begins(&c, "d", "d", CALL_MS));
	destroy("d");
	EXPECT_EQ(1, bxt_script(0)->completes);
	EXPECT_OVER(&c, 0);
}

TEST_F(call, removal_of_the_device_a_call_went_to_waits_too)
{
	struct caller c = {};

	device("e", ID);
	attach(0, .calls = { EXEC });
	strcpy(bxt_script(0)->device, "d");
	redirects(0, "e");
	ASSERT_EQ(0, call_begins(&c, "d", "e", CALL_MS));
	destroy("e");
	EXPECT_OVER(&c, 0);
}

TEST_F(call, call_after_remove_is_enodev)
{
	ASSERT_EQ(0, bxt_sim("hold", "d"));
	EXPECT_EQ(0, bxt_sim("call", "- 0 abc"));
	destroy("d");
	EXPECT_EQ(-ENODEV, bxt_sim("call", "- 0 abc"));
	ASSERT_EQ(0, bxt_sim("hold", "-"));
}

TEST_F(call, call_on_unplugged_hardware_is_enodev)
{
	attach(0, .calls = { EXEC });
	ASSERT_EQ(0, bxt_sim("unplug", "d"));
	EXPECT_EQ(-ENODEV, exec("d", "abc"));
	EXPECT_EQ(0, bxt_script(0)->calls);
	EXPECT_EQ(0, execs("d"));
	destroy("d");
}

/*
 * Releases a call, and repeats that until the call ends: the provider counts the
 * call a moment before it waits.
 */
static int release(struct caller *c)
{
	struct timespec soon;
	int err;

	do {
		err = bxt_sim("release", "all");
		clock_gettime(CLOCK_REALTIME, &soon);
		soon.tv_sec++;
	} while (!err && pthread_timedjoin_np(c->thread, NULL, &soon));
	return err;
}

/* Checks that operations during the call have not waited for it. */
#define call_ends(c) do { \
	EXPECT_TRUE(!__atomic_load_n(&(c)->done, __ATOMIC_SEQ_CST) || \
		    ms_since(&(c)->began) >= HELD_MS - TICKS_MS); \
	ASSERT_EQ(0, release(c)); \
} while (0)

TEST_F(call, policy_comes_and_goes_during_a_call)
{
	struct caller c = {};
	int link;

	ASSERT_EQ(0, call_begins(&c, "d", "d", HELD_MS));
	link = attach(0, .calls = { EXEC });
	detach(link);
	/* nothing waited for the provider */
	call_ends(&c);
	EXPECT_EQ(0, c.result);
	/* it was not there when the call began */
	EXPECT_EQ(0, bxt_script(0)->completes);
}

TEST_F(call, policy_that_came_during_a_watched_call_does_not_complete_it)
{
	struct caller c = {};

	attach(0, .calls = { EXEC });
	ASSERT_EQ(0, call_begins(&c, "d", "d", HELD_MS));
	attach(1, .calls = { EXEC });
	call_ends(&c);
	EXPECT_EQ(1, bxt_script(0)->completes);
	EXPECT_EQ(0, bxt_script(1)->completes);
}

/* It was loaded before, but was not asked either. */
TEST_F(call, policy_that_became_active_during_a_watched_call_does_not_complete_it)
{
	struct bx_commit change = { .nr_enter = 1 };
	struct caller c = {};

	attach(0, .calls = { EXEC });
	change.enter[0] = bxt_enter(stage(1, .calls = { EXEC }));
	ASSERT_EQ(0, call_begins(&c, "d", "d", HELD_MS));
	ASSERT_EQ(0, bxt_commit(&change));
	call_ends(&c);
	EXPECT_EQ(1, bxt_script(0)->completes);
	EXPECT_EQ(0, bxt_script(1)->completes);
	EXPECT_EQ(0, exec("d", "abc"));
	EXPECT_EQ(1, bxt_script(1)->completes);
}

TEST_F(call, policy_that_goes_during_a_watched_call_does_not_complete_it)
{
	struct caller c = {};
	int link = attach(0, .calls = { EXEC });

	ASSERT_EQ(0, call_begins(&c, "d", "d", HELD_MS));
	detach(link);
	call_ends(&c);
	EXPECT_EQ(0, c.result);
	EXPECT_EQ(0, bxt_script(0)->completes);
}

/* ---- devices that policies provide ---- */

#define device_by_policy(name) \
	ASSERT_EQ(0, bxt_sim("create", "%s " ID " provider=policy", name))

TEST_F(call, device_without_a_provider_is_not_bound)
{
	device_by_policy("v");
	settle();
	EXPECT_UNBOUND("v");
	EXPECT_EQ(-ENODEV, decision("v").probe_error);
}

TEST_F(call, device_that_a_policy_provides_in_full_works)
{
	device_by_policy("v");
	bxt_script(0)->call = BX_CALL_HANDLED;
	strcpy(bxt_script(0)->device, "v");
	bxt_script(0)->call_writes = 1;
	attach(0, .calls = BX_WATCH_ALL);
	EXPECT_BOUND("v", "a");
	EXPECT_EQ(0, exec("v", "abc"));
	EXPECT_ANSWER("abd", "v");
}

TEST_F(call, half_a_provider_is_none)
{
	device_by_policy("v");
	bxt_script(0)->call = BX_CALL_HANDLED;
	attach(0, .calls = { RESET });
	settle();
	EXPECT_UNBOUND("v");
}

/* It need not handle an operation that it watches. */
TEST_F(call, unhandled_operation_is_eopnotsupp)
{
	device_by_policy("v");
	bxt_script(0)->call = BX_CALL_HANDLED;
	attach(0, .calls = BX_WATCH_ALL);
	ASSERT_STREQ("a", bound("v"));
	bxt_script(0)->call = BX_CALL_PASS;
	EXPECT_EQ(-EOPNOTSUPP, exec("v", "abc"));
}

TEST_F(call, shadow_provides_nothing)
{
	device_by_policy("v");
	bxt_script(0)->call = BX_CALL_HANDLED;
	attach(0, .calls = BX_WATCH_ALL, .flags = BX_F_SHADOW);
	settle();
	EXPECT_UNBOUND("v");
}

/* ---- the contract ---- */

TEST_F(call, contract_is_there_to_be_read)
{
	EXPECT_TRUE(bxt_contains("/sys/kernel/bus_ext/buses/bx-sf/contract",
				 "sf version 1\n"
				 "0 exec 8+ 0 required sleeps struct bx_sf_exec_arg\n"
				 "1 reset 0 0 required sleeps\n"));
	EXPECT_NE(0, access("/sys/kernel/bus_ext/buses/pci/contract", F_OK));
}

BXT_MAIN("bxsim")
