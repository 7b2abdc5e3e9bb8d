// SPDX-License-Identifier: GPL-2.0-only
/*
 * The election: the deciding policy or rule, and the driver that a device gets
 *
 * Order of authority, see docs and kernel/elect.c: driver_override, the hook,
 * select() in order of priority and name, the highest score, the id tables.
 * Devices are bound when "create" returns, so no test has to wait.  select() is in
 * select.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include "selftests/bpf/hook.skel.h"
#include "selftests/bpf/sleepy.skel.h"
#include "../lib/bxtest.h"

#define ID	"f055:1"
#define OTHER	"beef:1"

static struct hook *hook;

FIXTURE(election) {
	struct bpf_link	*hook;
};

FIXTURE_SETUP(election)
{
	ASSERT_EQ(0, bxt_clean());
	memset(hook->bss, 0, sizeof(*hook->bss));
}

FIXTURE_TEARDOWN(election)
{
}

/* ---- the id table ---- */

TEST_F(election, id_table_decides_alone)
{
	driver("a", "ids=f055:2");
	driver("b", "ids=f055:1");
	device("d", ID);
	EXPECT_BOUND("d", "b");
	EXPECT_BY(BX_BY_ID_TABLE, "d");
	EXPECT_EQ(0, bxt_probes("a"));
}

TEST_F(election, id_table_looks_at_the_subsystem)
{
	driver("a", "ids=f055:1:1:2");
	driver("b", "ids=f055:1:1:3");
	device("d", "f055:1:1:3");
	EXPECT_BOUND("d", "b");
}

TEST_F(election, unclaimed_device_is_not_bound)
{
	driver("a", "ids=f055:2");
	driver("no_table", "");
	device("d", ID);
	EXPECT_UNBOUND("d");
	EXPECT_OUTCOME(BX_OUT_NONE, "d");
	EXPECT_BY(BX_BY_NONE, "d");
	EXPECT_EQ(0, bxt_probes("no_table"));
}

TEST_F(election, registration_order_breaks_a_tie_of_id_tables)
{
	driver("z", "ids=*:*");
	driver("a", "ids=*:*");
	device("d", ID);
	EXPECT_BOUND("d", "z");
	EXPECT_EQ(0, bxt_probes("a"));
}

/* ---- driver_override ---- */

TEST_F(election, override_takes_a_driver_that_does_not_claim)
{
	device("d", ID);
	override("d", "b");
	driver("a", "ids=*:*");
	driver("b", "");
	EXPECT_BOUND("d", "b");
	EXPECT_BY(BX_BY_OVERRIDE, "d");
	EXPECT_EQ(0, bxt_probes("a"));
}

TEST_F(election, override_beats_a_policy_attached_before)
{
	selects(0, "a");
	attach(0);
	device("d", ID);
	override("d", "b");
	three_drivers();
	EXPECT_BOUND("d", "b");
	EXPECT_EQ(0, bxt_probes("a"));
}

TEST_F(election, override_beats_a_policy_attached_after)
{
	device("d", ID);
	override("d", "b");
	selects(0, "a");
	attach(0);
	three_drivers();
	EXPECT_BOUND("d", "b");
	EXPECT_EQ(0, bxt_probes("a"));
}

TEST_F(election, override_beats_a_veto)
{
	judges(0, 0, "b", BX_VETO);
	attach(0);
	device("d", ID);
	override("d", "b");
	three_drivers();
	EXPECT_BOUND("d", "b");
}

TEST_F(election, override_beats_the_hook)
{
	hook->bss->verdict = BX_SELECT;
	strcpy(hook->bss->driver, "a");
	self->hook = bpf_program__attach(hook->progs.hook);
	ASSERT_NE(NULL, self->hook);
	device("d", ID);
	override("d", "b");
	three_drivers();
	EXPECT_BOUND("d", "b");
}

TEST_F(election, override_of_an_absent_driver_keeps_others_away)
{
	device("d", ID);
	override("d", "absent");
	three_drivers();
	EXPECT_UNBOUND("d");
	EXPECT_OUTCOME(BX_OUT_ABSENT, "d");
	EXPECT_BY(BX_BY_OVERRIDE, "d");
}

TEST_F(election, override_removed_gives_the_device_back)
{
	device("d", ID);
	override("d", "absent");
	three_drivers();
	override("d", "");
	EXPECT_EQ(1, bxt_rebind("d"));
	EXPECT_BOUND("d", "a");
	EXPECT_BY(BX_BY_ID_TABLE, "d");
}

/* A name that does not fit in a decision is not that of a driver with the same beginning. */
TEST_F(election, override_longer_than_a_name_is_of_no_driver)
{
	char name[BX_NAME_LEN] = {}, longer[BX_NAME_LEN + 1] = {};

	memset(name, 'a', sizeof(name) - 1);
	memset(longer, 'a', sizeof(longer) - 1);
	driver(name, "ids=*:*");
	device("d", ID);
	EXPECT_BOUND("d", name);
	override("d", longer);
	EXPECT_EQ(1, bxt_rebind("d"));
	EXPECT_UNBOUND("d");
	EXPECT_OUTCOME(BX_OUT_ABSENT, "d");
	EXPECT_BY(BX_BY_OVERRIDE, "d");
}

/* ---- the hook ---- */

#define hook_says(verdict_, name) do { \
	hook->bss->verdict = verdict_; \
	strcpy(hook->bss->driver, name); \
	self->hook = bpf_program__attach(hook->progs.hook); \
	ASSERT_NE(NULL, self->hook); \
} while (0)

TEST_F(election, hook_beats_a_policy_of_any_priority)
{
	three_drivers();
	selects(0, "b");
	attach(0, .priority = 0x7fffffff);
	hook_says(BX_SELECT, "c");
	device("d", ID);
	EXPECT_BOUND("d", "c");
	EXPECT_BY(BX_BY_HOOK, "d");
	EXPECT_EQ(0, bxt_script(0)->selects);
	EXPECT_LT(0, hook->bss->asked);
}

TEST_F(election, hook_beats_a_veto)
{
	three_drivers();
	judges(0, 0, "c", BX_VETO);
	attach(0);
	hook_says(BX_SELECT, "c");
	device("d", ID);
	EXPECT_BOUND("d", "c");
}

TEST_F(election, hook_that_passes_leaves_it_to_policies)
{
	three_drivers();
	selects(0, "b");
	attach(0);
	/* a driver's name without a verdict is not an opinion */
	hook_says(BX_PASS, "c");
	device("d", ID);
	EXPECT_BOUND("d", "b");
	EXPECT_BY(BX_BY_SELECT, "d");
}

TEST_F(election, hook_refuses)
{
	three_drivers();
	hook_says(BX_REFUSE, "");
	device("d", ID);
	EXPECT_UNBOUND("d");
	EXPECT_BY(BX_BY_HOOK, "d");
	EXPECT_OUTCOME(BX_OUT_REFUSED, "d");
}

TEST_F(election, hook_that_returns_garbage_is_ignored)
{
	three_drivers();
	hook_says(-5, "c");
	device("d1", ID);
	EXPECT_BOUND("d1", "a");
	hook->bss->verdict = 99;
	device("d2", ID);
	EXPECT_BOUND("d2", "a");
	EXPECT_BY(BX_BY_ID_TABLE, "d2");
	/* still asked: a hook cannot be ejected */
	EXPECT_LE(2, hook->bss->asked);
}

TEST_F(election, hook_without_a_driver_is_ignored)
{
	three_drivers();
	hook_says(BX_SELECT, "");
	device("d", ID);
	EXPECT_BOUND("d", "a");
}

TEST_F(election, hook_has_no_say_once_detached)
{
	three_drivers();
	hook_says(BX_SELECT, "c");
	ASSERT_EQ(0, bpf_link__destroy(self->hook));
	device("d", ID);
	EXPECT_BOUND("d", "a");
}

/* Memory that is not there until uffd_give(); returns a descriptor of it. */
static int uffd_take(void **memory)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*memory = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range.start = (uintptr_t)*memory;
	range.range.len = getpagesize();
	if (*memory == MAP_FAILED || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &range))
		return close(fd), -EINVAL;
	return fd;
}

static int uffd_give(int fd, void *memory)
{
	struct uffdio_zeropage page = {
		.range.start = (uintptr_t)memory,
		.range.len = getpagesize(),
	};

	return ioctl(fd, UFFDIO_ZEROPAGE, &page);
}

struct creation {
	pthread_t	thread;
	const char	*device;
	pid_t		tid;
	bool		ended;
};

static void *create(void *arg)
{
	struct creation *c = arg;

	__atomic_store_n(&c->tid, gettid(), __ATOMIC_RELEASE);
	bxt_sim("create", "%s %s", c->device, ID);
	__atomic_store_n(&c->ended, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Whether the creation has ended, or sleeps in the kernel */
static bool has_come_to_rest(void *arg)
{
	struct creation *c = arg;
	char path[64], stat[128], *state;
	pid_t tid = __atomic_load_n(&c->tid, __ATOMIC_ACQUIRE);

	if (__atomic_load_n(&c->ended, __ATOMIC_ACQUIRE))
		return true;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	if (!tid || bxt_read(path, stat, sizeof(stat)))
		return false;
	state = strrchr(stat, ')');
	return state && state[2] == 'D';
}

/*
 * BPF skips a fmod_ret program that another task runs on the same processor: the second device
 * would not be refused.
 */
TEST_F(election, hook_that_sleeps_is_asked_about_another_device)
{
	struct creation first = { .device = "d1" }, second = { .device = "d2" };
	struct uffd_msg fault;
	struct sleepy *skel;
	void *memory;
	int fd = uffd_take(&memory);

	if (fd == -ENOSYS)
		SKIP(return, "the kernel has no userfaultfd");
	ASSERT_LE(0, fd);
	skel = sleepy__open_and_load();
	ASSERT_NE(NULL, skel);
	skel->bss->address = (uintptr_t)memory;
	three_drivers();
	ASSERT_EQ(0, sleepy__attach(skel));

	ASSERT_EQ(0, bxt_use_cpu(0));
	ASSERT_EQ(0, pthread_create(&first.thread, NULL, create, &first));
	ASSERT_EQ(sizeof(fault), read(fd, &fault, sizeof(fault)));
	ASSERT_EQ(0, pthread_create(&second.thread, NULL, create, &second));
	EXPECT_TRUE(bxt_becomes(has_come_to_rest, &second));
	EXPECT_EQ(0, uffd_give(fd, memory));
	pthread_join(first.thread, NULL);
	pthread_join(second.thread, NULL);
	EXPECT_UNBOUND("d1");
	EXPECT_UNBOUND("d2");
	EXPECT_LE(2, skel->bss->asked);
	sleepy__destroy(skel);
	munmap(memory, getpagesize());
	close(fd);
}

/* ---- match() ---- */

TEST_F(election, highest_score_wins_over_order)
{
	three_drivers();
	judges(0, 0, "a", 10);
	judges(0, 1, "b", 30);
	judges(0, 2, "c", 20);
	attach(0);
	device("d", ID);
	EXPECT_BOUND("d", "b");
	EXPECT_BY(BX_BY_SCORE, "d");
	EXPECT_EQ(30, decision("d").score);
	EXPECT_STREQ("p0", decision("d").policy);
}

TEST_F(election, score_bounds_are_scores)
{
	three_drivers();
	judges(0, 0, "a", 1);
	judges(0, 1, "c", BX_SCORE_MAX);
	attach(0);
	device("d", ID);
	EXPECT_BOUND("d", "c");
	EXPECT_ATTACHED("p0");
}

TEST_F(election, any_score_beats_the_id_table)
{
	driver("a", "ids=*:*");
	driver("no_table", "");
	judges(0, 0, "no_table", 1);
	attach(0);
	device("d", ID);
	EXPECT_BOUND("d", "no_table");
}

TEST_F(election, registration_order_breaks_a_tie_of_scores)
{
	driver("z", "ids=*:*");
	driver("b", "");
	driver("a", "");
	judges(0, 0, "a", 7);
	judges(0, 1, "b", 7);
	attach(0);
	device("d", ID);
	EXPECT_BOUND("d", "b");
}

TEST_F(election, first_policy_to_score_a_driver_counts)
{
	three_drivers();
	judges(0, 0, "b", 10);
	judges(1, 0, "b", 1000);
	judges(1, 1, "c", 20);
	attach(0, .priority = 2);
	attach(1, .priority = 1);
	device("d", ID);
	EXPECT_BOUND("d", "c");
	EXPECT_STREQ("p1", decision("d").policy);
}

TEST_F(election, select_beats_scores)
{
	three_drivers();
	judges(0, 0, "b", BX_SCORE_MAX);
	selects(1, "c");
	attach(0, .priority = 1);
	attach(1, .priority = -1);
	device("d", ID);
	EXPECT_BOUND("d", "c");
	EXPECT_BY(BX_BY_SELECT, "d");
}

TEST_F(election, veto_stands_over_the_id_table)
{
	three_drivers();
	judges(0, 0, "a", BX_VETO);
	attach(0);
	device("d", ID);
	EXPECT_BOUND("d", "b");
	EXPECT_EQ(0, bxt_probes("a"));
	EXPECT_LE(1, policy("p0").vetoed);
}

TEST_F(election, veto_stands_over_a_higher_policys_select)
{
	three_drivers();
	selects(0, "c");
	judges(1, 0, "c", BX_VETO);
	attach(0, .priority = 100);
	attach(1, .priority = -100);
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_EQ(0, bxt_probes("c"));
}

TEST_F(election, vetoed_select_goes_on_to_the_next_policy)
{
	three_drivers();
	selects(0, "c");
	selects(1, "b");
	judges(2, 0, "c", BX_VETO);
	attach(0, .priority = 3);
	attach(1, .priority = 2);
	attach(2, .priority = 1);
	device("d", ID);
	EXPECT_BOUND("d", "b");
	EXPECT_STREQ("p1", decision("d").policy);
}

TEST_F(election, veto_stands_over_a_higher_policys_score)
{
	three_drivers();
	judges(0, 0, "c", BX_SCORE_MAX);
	judges(1, 0, "c", BX_VETO);
	attach(0, .priority = 100);
	attach(1, .priority = -100);
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_EQ(0, bxt_probes("c"));
}

TEST_F(election, veto_of_all_leaves_none)
{
	three_drivers();
	bxt_script(0)->match_rest = BX_VETO;
	attach(0);
	device("d", ID);
	EXPECT_UNBOUND("d");
	EXPECT_OUTCOME(BX_OUT_NONE, "d");
}

/* ---- scope ---- */

TEST_F(election, policy_of_another_vendor_is_not_asked)
{
	three_drivers();
	selects(0, "c");
	judges(0, 0, "a", BX_VETO);
	attach(0, .vendor = 0xbeef);
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_EQ(0, bxt_script(0)->selects + bxt_script(0)->matches);
	EXPECT_EQ(0, bxt_script(0)->events[0] + bxt_script(0)->events[1]);
	EXPECT_EQ(0, policy("p0").asked);
}

TEST_F(election, policy_of_another_bus_is_not_asked)
{
	three_drivers();
	selects(0, "c");
	attach(0, .bus = "platform", .ops = BX_OP_SELECT | BX_OP_EVENT,
	       .flags = BX_F_SHADOW);
	memset(bxt_script(0), 0, sizeof(*bxt_script(0)));
	device("d", ID);
	EXPECT_BOUND("d", "a");
	EXPECT_STRNE("d", bxt_script(0)->seen.name);
}

TEST_F(election, vendor_any_and_zero_mean_all)
{
	three_drivers();
	attach(0, .vendor = BX_ANY);
	attach(1, .vendor = 0);
	device("d", ID);
	EXPECT_LT(0, bxt_script(0)->selects);
	EXPECT_LT(0, bxt_script(1)->selects);
	EXPECT_EQ(BX_ANY, policy("p1").vendor);
}

TEST_F(election, vendors_decide_side_by_side)
{
	three_drivers();
	selects(0, "b");
	selects(1, "c");
	attach(0, .vendor = 0xf055);
	attach(1, .vendor = 0xbeef);
	device("d1", ID);
	device("d2", OTHER);
	device("d3", "abba:1");
	EXPECT_BOUND("d1", "b");
	EXPECT_BOUND("d2", "c");
	EXPECT_BOUND("d3", "a");
	EXPECT_EQ(1, policy("p0").decided);
	EXPECT_EQ(1, policy("p1").decided);
}

TEST_F(election, policy_for_all_is_asked_with_a_vendors_own)
{
	three_drivers();
	selects(0, "b");
	selects(1, "c");
	attach(0, .vendor = 0xf055, .priority = 1);
	attach(1, .priority = 2);
	device("d1", ID);
	device("d2", OTHER);
	EXPECT_BOUND("d1", "c");
	EXPECT_BOUND("d2", "c");
	EXPECT_EQ(0, bxt_script(0)->selects);
}

TEST_F(election, one_election_per_device_not_per_pair)
{
	three_drivers();
	attach(0);
	device("d", ID);
	EXPECT_EQ(1, bxt_script(0)->selects);
	EXPECT_EQ(3, bxt_script(0)->matches);
}

/* ---- explained ---- */

TEST_F(election, explanation_agrees_and_changes_nothing)
{
	const struct bx_opinion *o;
	int n, asked;

	three_drivers();
	selects(0, "c");
	judges(1, 0, "c", BX_VETO);
	judges(1, 1, "b", 9);
	attach(0, .priority = 2);
	attach(1, .priority = 1);
	device("d", ID);
	EXPECT_BOUND("d", "b");
	asked = policy("p0").asked;
	n = bxt_opinions("d", &o);
	ASSERT_LT(0, n);
	EXPECT_EQ(BX_OPN_DECISION, o[n - 1].kind);
	EXPECT_EQ(BX_OUT_DRIVER, o[n - 1].verdict);
	EXPECT_EQ(BX_BY_SCORE, o[n - 1].by);
	EXPECT_EQ(9, o[n - 1].score);
	EXPECT_STREQ("b", o[n - 1].driver);
	EXPECT_EQ(asked, policy("p0").asked);
	for (int i = 0; i < n; i++) {
		if (o[i].kind == BX_OPN_SELECT && !strcmp(o[i].policy, "p0"))
			EXPECT_EQ(BX_WHY_VETOED, o[i].why);
		if (o[i].kind == BX_OPN_MATCH && !strcmp(o[i].driver, "b") &&
		    !strcmp(o[i].policy, "p1"))
			EXPECT_EQ(BX_WHY_WON, o[i].why);
	}
}

int main(int argc, char **argv)
{
	int ret;

	if (bxt_start("bxsim"))
		return KSFT_FAIL;
	hook = hook__open_and_load();
	if (!hook)
		return bxt_complain("load hook.bpf.o", -errno), KSFT_FAIL;
	ret = test_harness_run(argc, argv);
	hook__destroy(hook);
	return bxt_finish() ? KSFT_FAIL : ret;
}
