// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that are created on request: types and their capacity, the errors of create and
 * remove, states, settings, admission by policies, generations of a GUID, parents that go
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include <linux/bx_sf.h>
#include "../lib/bxtest.h"

#define PARENT	"/sys/devices/bxsim/"
#define TYPES	PARENT "bx_types/"
#define BUS	"/sys/bus/bx-sf/devices/"
#define GUID1	"6a4c1c2e-6b0a-4e5e-9d4f-000000000001"
#define GUID2	"6a4c1c2e-6b0a-4e5e-9d4f-000000000002"
#define GUID3	"6a4c1c2e-6b0a-4e5e-9d4f-000000000003"
#define UPPER1	"6A4C1C2E-6B0A-4E5E-9D4F-000000000001"
#define UNITS	16	/* the default capacity of bxsim's parents */
#define EXEC	BX_WATCH(BX_SF_EXEC)

FIXTURE(create) {
	int kmsg;
};

static int create_on(const char *types, const char *type, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s%s/create", types, type);
	return bxt_write(path, text);
}

static int create(const char *type, const char *text)
{
	return create_on(TYPES, type, text);
}

static int numbered(const char *type, int n)
{
	char guid[64];

	snprintf(guid, sizeof(guid), "6a4c1c2e-6b0a-4e5e-9d4f-0000000001%02x", n);
	return create(type, guid);
}

static int end(const char *guid)
{
	char path[256];

	snprintf(path, sizeof(path), BUS "%s/remove", guid);
	return bxt_write(path, "1");
}

static bool has(const char *guid)
{
	char path[256];

	snprintf(path, sizeof(path), BUS "%s", guid);
	return !access(path, F_OK);
}

static const char *text_of(const char *path)
{
	static char text[4][256];
	static int next;
	char *buf = text[next++ % 4];

	if (bxt_read(path, buf, sizeof(text[0])))
		return "?";
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

static const char *attribute(const char *guid, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), BUS "%s/%s", guid, name);
	return text_of(path);
}

static int set(const char *guid, const char *setting, const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), BUS "%s/settings/%s", guid, setting);
	return bxt_write(path, value);
}

static int available(const char *type)
{
	char path[256];

	snprintf(path, sizeof(path), TYPES "%s/available_instances", type);
	return atoi(text_of(path));
}

static void end_all(void)
{
	char guid[64];

	end(GUID1);
	end(GUID2);
	end(GUID3);
	for (int i = 0; i < 2 * UNITS; i++) {
		snprintf(guid, sizeof(guid), "6a4c1c2e-6b0a-4e5e-9d4f-0000000001%02x", i);
		if (has(guid))
			end(guid);
	}
}

FIXTURE_SETUP(create)
{
	ASSERT_EQ(0, bxt_clean());
	ASSERT_EQ(UNITS, available("small"));
	self->kmsg = bxt_kernel_log();
	ASSERT_LE(0, self->kmsg);
}

FIXTURE_TEARDOWN(create)
{
	EXPECT_EQ(0, bxt_write("/sys/module/bxsim/parameters/create_error", "0"));
	bxt_sim("release", "1");
	bxt_sim("hold", "-");
	end_all();
	close(self->kmsg);
}

/* ---- types ---- */

TEST_F(create, type_has_the_files_of_mediated_devices)
{
	EXPECT_STREQ("Small", text_of(TYPES "small/name"));
	EXPECT_STREQ("takes one unit of the capacity", text_of(TYPES "small/description"));
	EXPECT_STREQ("sf", text_of(TYPES "small/device_api"));
	EXPECT_STREQ("single", text_of(TYPES "single/name"));
	EXPECT_NE(0, access(TYPES "single/description", F_OK));
	EXPECT_TRUE(bxt_contains(TYPES "small/settings", "rate number 1 1000 1 10\n"));
	EXPECT_TRUE(bxt_contains(TYPES "small/settings", "migratable bool 0 1 0 0\n"));
	EXPECT_NE(0, access(TYPES "single/settings", F_OK));
	EXPECT_EQ(0, access("/sys/kernel/bus_ext/parents/bxsim/bx_types/small", F_OK));
	EXPECT_EQ(0, access(TYPES "small/devices", F_OK));
	EXPECT_EQ(-EACCES, bxt_write(TYPES "small/name", "x") ?: -EACCES);
}

TEST_F(create, device_is_named_by_its_guid_in_lower_case)
{
	char link[256] = "";

	ASSERT_EQ(0, create("small", UPPER1 "\n"));
	EXPECT_TRUE(has(GUID1));
	EXPECT_STREQ(GUID1, attribute(GUID1, "guid"));
	EXPECT_STREQ("0x0000f055", attribute(GUID1, "vendor"));
	EXPECT_STREQ("0x00000010", attribute(GUID1, "device"));
	EXPECT_EQ(0, access(TYPES "small/devices/" GUID1, F_OK));
	ASSERT_LT(0, readlink(BUS GUID1 "/bx_type", link, sizeof(link) - 1));
	EXPECT_STREQ("small", strrchr(link, '/') + 1);
	ASSERT_EQ(0, end(GUID1));
	EXPECT_FALSE(has(GUID1));
	EXPECT_NE(0, access(TYPES "small/devices/" GUID1, F_OK));
}

TEST_F(create, large_one_takes_the_capacity_of_small_ones)
{
	EXPECT_EQ(UNITS / 4, available("large"));
	EXPECT_EQ(1, available("single"));
	ASSERT_EQ(0, create("large", GUID1));
	EXPECT_EQ(UNITS - 4, available("small"));
	ASSERT_EQ(0, create("small", GUID2));
	EXPECT_EQ(UNITS / 4 - 2, available("large"));
	ASSERT_EQ(0, create("single", GUID3));
	EXPECT_EQ(0, available("single"));
	EXPECT_EQ(UNITS - 5, available("small"));
	ASSERT_EQ(0, end(GUID1));
	EXPECT_EQ(UNITS - 1, available("small"));
}

TEST_F(create, without_capacity_it_fails_with_eusers)
{
	for (int i = 0; i < UNITS; i++)
		ASSERT_EQ(0, numbered("small", i));
	EXPECT_EQ(0, available("small"));
	EXPECT_EQ(-EUSERS, create("small", GUID1));
	EXPECT_EQ(-EUSERS, create("large", GUID1));
	EXPECT_EQ(0, create("single", GUID1));
	EXPECT_EQ(-EUSERS, create("single", GUID2));
}

TEST_F(create, guid_is_used_once)
{
	ASSERT_EQ(0, create("small", GUID1));
	EXPECT_EQ(-EEXIST, create("small", GUID1));
	EXPECT_EQ(-EEXIST, create("large", UPPER1));
	ASSERT_EQ(0, bxt_sim("create", "named f055:1 guid=" GUID2));
	EXPECT_EQ(-EEXIST, create("small", GUID2));
	EXPECT_EQ(UNITS - 1, available("small"));
}

TEST_F(create, what_is_not_a_guid_is_refused)
{
	static const char *const invalid[] = {
		"", "\n", "x", "6a4c1c2e-6b0a-4e5e-9d4f-00000000000",
		GUID1 "0", GUID1 "x", " " GUID1, "{" GUID1 "}",
		"6a4c1c2e-6b0a-4e5e-9d4f-00000000000g",
		"00000000-0000-0000-0000-000000000000",
	};

	for (size_t i = 0; i < ARRAY_SIZE(invalid); i++)
		EXPECT_EQ(-EINVAL, create("small", invalid[i]) ?: -EINVAL);
	EXPECT_FALSE(has(GUID1));
	EXPECT_EQ(UNITS, available("small"));
}

TEST_F(create, parent_that_fails_leaves_nothing)
{
	ASSERT_EQ(0, bxt_write("/sys/module/bxsim/parameters/create_error", "5"));
	EXPECT_EQ(-EIO, create("small", GUID1));
	EXPECT_FALSE(has(GUID1));
	EXPECT_EQ(UNITS, available("small"));
	ASSERT_EQ(0, bxt_write("/sys/module/bxsim/parameters/create_error", "0"));
	EXPECT_EQ(0, create("small", GUID1));
}

/* ---- removal ---- */

TEST_F(create, remove_takes_a_number)
{
	ASSERT_EQ(0, create("small", GUID1));
	EXPECT_EQ(-EINVAL, bxt_write(BUS GUID1 "/remove", "x"));
	EXPECT_EQ(0, bxt_write(BUS GUID1 "/remove", "0"));
	EXPECT_TRUE(has(GUID1));
	EXPECT_EQ(0, bxt_write(BUS GUID1 "/remove", "1"));
	EXPECT_FALSE(has(GUID1));
}

TEST_F(create, open_file_of_a_removed_device_is_dead)
{
	int fd;

	ASSERT_EQ(0, create("small", GUID1));
	fd = open(BUS GUID1 "/remove", O_WRONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, end(GUID1));
	ASSERT_EQ(0, create("small", GUID1));
	EXPECT_EQ(-1, write(fd, "1", 1));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_TRUE(has(GUID1));
	close(fd);
}

TEST_F(create, device_with_a_driver_can_be_removed)
{
	driver("a", "ids=*:*");
	ASSERT_EQ(0, create("small", GUID1));
	EXPECT_BOUND(GUID1, "a");
	ASSERT_EQ(0, end(GUID1));
	EXPECT_FALSE(has(GUID1));
	EXPECT_EQ(0, bxt_bound_devices("a"));
}

TEST_F(create, only_devices_on_request_have_remove)
{
	device("d", "f055:1");
	EXPECT_NE(0, access(BUS "d/remove", F_OK));
	EXPECT_NE(0, access(BUS "d/bx_type", F_OK));
	EXPECT_NE(0, access(BUS "d/settings", F_OK));
	EXPECT_EQ(0, access(BUS "d/state", F_OK));
}

/* ---- states ---- */

TEST_F(create, state_follows_the_driver)
{
	ASSERT_EQ(0, create("small", GUID1));
	EXPECT_STREQ("ready", attribute(GUID1, "state"));
	driver("a", "ids=*:*");
	EXPECT_STREQ("bound", attribute(GUID1, "state"));
	ASSERT_EQ(0, bxt_write("/sys/bus/bx-sf/drivers/a/unbind", GUID1));
	EXPECT_STREQ("ready", attribute(GUID1, "state"));
	ASSERT_EQ(0, bxt_write("/sys/bus/bx-sf/drivers/a/bind", GUID1));
	EXPECT_STREQ("bound", attribute(GUID1, "state"));
}

TEST_F(create, device_whose_hardware_is_gone_drains)
{
	driver("a", "ids=*:*");
	device("d", "f055:1");
	EXPECT_STREQ("bound", attribute("d", "state"));
	ASSERT_EQ(0, bxt_sim("unplug", "d"));
	EXPECT_STREQ("draining", attribute("d", "state"));
	ASSERT_EQ(0, bxt_write("/sys/bus/bx-sf/drivers/a/unbind", "d"));
	EXPECT_STREQ("draining", attribute("d", "state"));
}

/* All events of devices on bx-sf so far: "ACTION STATE, ..." */
static const char *told(int fd)
{
	static char text[512];
	char event[8192];
	size_t len = 0;
	ssize_t n;

	text[0] = '\0';
	while ((n = recv(fd, event, sizeof(event) - 1, 0)) > 0) {
		event[n] = '\0';
		if (strcmp(bxt_uevent_value(event, n, "SUBSYSTEM"), "bx-sf") ||
		    strcmp(bxt_uevent_value(event, n, "BX_GUID"), GUID1) ||
		    strcmp(bxt_uevent_value(event, n, "BX_TYPE"), "small") ||
		    !*bxt_uevent_value(event, n, "BX_GENERATION"))
			continue;
		len += snprintf(text + len, sizeof(text) - len, "%s%s %s", len ? ", " : "",
				bxt_uevent_value(event, n, "ACTION"),
				bxt_uevent_value(event, n, "BX_STATE"));
	}
	return text;
}

TEST_F(create, each_transition_has_one_uevent)
{
	int fd = bxt_uevents();

	ASSERT_LE(0, fd);
	driver("a", "ids=*:*");
	ASSERT_EQ(0, create("small", GUID1));
	EXPECT_STREQ("add ready, bind bound", told(fd));
	ASSERT_EQ(0, bxt_write("/sys/bus/bx-sf/drivers/a/unbind", GUID1));
	EXPECT_STREQ("unbind ready", told(fd));
	ASSERT_EQ(0, bxt_write("/sys/bus/bx-sf/drivers/a/bind", GUID1));
	EXPECT_STREQ("bind bound", told(fd));
	ASSERT_EQ(0, end(GUID1));
	EXPECT_STREQ("change draining, unbind draining, remove gone", told(fd));
	close(fd);
}

/* ---- generations ---- */

TEST_F(create, guid_that_is_given_out_again_is_a_new_generation)
{
	char before[32];

	ASSERT_EQ(0, create("small", GUID1));
	snprintf(before, sizeof(before), "%s", attribute(GUID1, "generation"));
	ASSERT_EQ(0, end(GUID1));
	ASSERT_EQ(0, create("large", GUID1));
	EXPECT_LT(atoll(before), atoll(attribute(GUID1, "generation")));
}

TEST_F(create, holder_of_the_old_device_gets_estale)
{
	device("d", "f055:1 guid=" GUID1);
	ASSERT_EQ(0, bxt_sim("hold", "d"));
	EXPECT_EQ(0, bxt_sim("call", "- 0 ab"));
	destroy("d");
	EXPECT_EQ(-ENODEV, bxt_sim("call", "- 0 ab"));
	ASSERT_EQ(0, create("small", GUID1));
	EXPECT_EQ(-ESTALE, bxt_sim("call", "- 0 ab"));
	ASSERT_EQ(0, end(GUID1));
	EXPECT_EQ(-ENODEV, bxt_sim("call", "- 0 ab"));
}

/* ---- settings ---- */

TEST_F(create, settings_have_their_initial_values)
{
	ASSERT_EQ(0, create("small", GUID1));
	EXPECT_STREQ("10", attribute(GUID1, "settings/rate"));
	EXPECT_STREQ("", attribute(GUID1, "settings/label"));
	EXPECT_STREQ("0", attribute(GUID1, "settings/migratable"));
	ASSERT_EQ(0, create("large", GUID2));
	EXPECT_NE(0, access(BUS GUID2 "/settings", F_OK));
}

TEST_F(create, settings_are_given_at_the_creation)
{
	ASSERT_EQ(0, create("small", GUID1 " rate=0x20  migratable=y label=disk0\n"));
	EXPECT_STREQ("32", attribute(GUID1, "settings/rate"));
	EXPECT_STREQ("disk0", attribute(GUID1, "settings/label"));
	EXPECT_STREQ("1", attribute(GUID1, "settings/migratable"));
}

TEST_F(create, invalid_settings_leave_nothing)
{
	EXPECT_EQ(-EINVAL, create("small", GUID1 " speed=1"));
	EXPECT_EQ(-EINVAL, create("small", GUID1 " rate"));
	EXPECT_EQ(-EINVAL, create("small", GUID1 " rate=x"));
	EXPECT_EQ(-EINVAL, create("small", GUID1 " rate=-1"));
	EXPECT_EQ(-ERANGE, create("small", GUID1 " rate=0"));
	EXPECT_EQ(-ERANGE, create("small", GUID1 " rate=1001"));
	EXPECT_EQ(-EINVAL, create("small", GUID1 " rate=1 rate=2"));
	EXPECT_EQ(-ERANGE, create("small", GUID1 " label=1234567890123456"));
	EXPECT_EQ(-EINVAL, create("small", GUID1 " migratable=maybe"));
	EXPECT_EQ(-EINVAL, create("large", GUID1 " rate=1"));
	EXPECT_FALSE(has(GUID1));
	EXPECT_EQ(UNITS, available("small"));
}

TEST_F(create, setting_changes_while_ready)
{
	ASSERT_EQ(0, create("small", GUID1));
	EXPECT_EQ(0, set(GUID1, "rate", "20\n"));
	EXPECT_STREQ("20", attribute(GUID1, "settings/rate"));
	EXPECT_EQ(0, set(GUID1, "label", "x"));
	EXPECT_STREQ("x", attribute(GUID1, "settings/label"));
	EXPECT_EQ(-ERANGE, set(GUID1, "rate", "0"));
	EXPECT_EQ(-EIO, set(GUID1, "rate", "26"));
	EXPECT_STREQ("20", attribute(GUID1, "settings/rate"));
}

TEST_F(create, bound_device_takes_only_live_settings)
{
	driver("a", "ids=*:*");
	ASSERT_EQ(0, create("small", GUID1));
	EXPECT_BOUND(GUID1, "a");
	EXPECT_EQ(0, set(GUID1, "rate", "20"));
	EXPECT_EQ(-EBUSY, set(GUID1, "label", "x"));
	EXPECT_EQ(-EBUSY, set(GUID1, "migratable", "1"));
	EXPECT_STREQ("0", attribute(GUID1, "settings/migratable"));
	ASSERT_EQ(0, bxt_write("/sys/bus/bx-sf/drivers/a/unbind", GUID1));
	EXPECT_EQ(0, set(GUID1, "migratable", "1"));
}

/* ---- admission ---- */

TEST_F(create, policy_is_told_what_is_about_to_be_created)
{
	struct script *s = bxt_script(0);

	attach(0);
	ASSERT_EQ(0, create("small", GUID2));
	ASSERT_EQ(0, create("large", GUID1));
	EXPECT_EQ(2, s->admits);
	EXPECT_STREQ("large", s->admit_type);
	EXPECT_STREQ(GUID1, s->admit_dev.name);
	EXPECT_STREQ("bx-sf", s->admit_dev.bus);
	EXPECT_STREQ("bxsim", s->admit_dev.parent);
	EXPECT_EQ(0xf055, s->admit_dev.vendor);
	EXPECT_EQ(0x20, s->admit_dev.device);
	EXPECT_EQ(0, s->admit_uid);
	EXPECT_NE(0, s->admit_cgroup);
	EXPECT_STREQ("create", s->admit_comm);
	EXPECT_EQ(1, s->admit_of_type);
	EXPECT_EQ(2, s->admit_of_parent);
	EXPECT_EQ(2, s->admit_of_user);
}

TEST_F(create, policy_refuses_with_its_errno_and_a_reason)
{
	bxt_script(0)->admit = -EDOM;
	attach(0);
	EXPECT_EQ(-EDOM, create("small", GUID1));
	EXPECT_FALSE(has(GUID1));
	EXPECT_EQ(UNITS, available("small"));
	EXPECT_TRUE(bxt_contains("/sys/kernel/bus_ext/refused",
				 "p0: " GUID1 " of type small: not today"));
	EXPECT_TRUE(bxt_kernel_said(self->kmsg, "policy 'p0' refused (-33): " GUID1));
	EXPECT_EQ(1, policy("p0").denied);
}

TEST_F(create, quota_of_a_user_holds)
{
	bxt_script(0)->admit_most = 2;
	attach(0);
	ASSERT_EQ(0, create("small", GUID1));
	ASSERT_EQ(0, create("large", GUID2));
	EXPECT_EQ(-EDQUOT, create("small", GUID3));
	ASSERT_EQ(0, end(GUID1));
	EXPECT_EQ(0, create("small", GUID3));
}

TEST_F(create, first_refusal_counts)
{
	bxt_script(1)->admit = -EDOM;
	attach(0, .priority = 1);
	attach(1);
	EXPECT_EQ(-EDOM, create("small", GUID1));
	EXPECT_EQ(1, bxt_script(0)->admits);
	bxt_script(0)->admit = -EIO;
	EXPECT_EQ(-EIO, create("small", GUID1));
	EXPECT_EQ(1, bxt_script(1)->admits);
}

TEST_F(create, policy_of_another_vendor_is_not_asked)
{
	bxt_script(0)->admit = -EDOM;
	attach(0, .vendor = 0x1234);
	EXPECT_EQ(0, create("small", GUID1));
	EXPECT_EQ(0, bxt_script(0)->admits);
}

TEST_F(create, shadow_policy_refuses_nothing)
{
	bxt_script(0)->admit = -EDOM;
	attach(0, .flags = BX_F_SHADOW);
	EXPECT_EQ(0, create("small", GUID1));
	EXPECT_EQ(1, policy("p0").diverged);
}

TEST_F(create, invalid_result_ejects_and_admits)
{
	bxt_script(0)->admit = 1;
	attach(0);
	EXPECT_EQ(0, create("small", GUID1));
	settle();
	EXPECT_EJECTED("p0");
	EXPECT_TRUE(has(GUID1));
}

TEST_F(create, error_ejects_and_admits)
{
	bxt_script(0)->error_in = BX_OP_ADMIT;
	bxt_script(0)->error_code = 7;
	bxt_script(0)->admit = -EDOM;
	attach(0);
	EXPECT_EQ(0, create("small", GUID1));
	settle();
	EXPECT_EJECTED("p0");
	EXPECT_EQ(7, ejection("p0").code);
}

TEST_F(create, quarantined_policy_refuses)
{
	bxt_script(0)->admit = 1;
	attach(0, .flags = BX_F_FAIL_CLOSED);
	EXPECT_EQ(-EPERM, create("small", GUID1));
	settle();
	EXPECT_EQ(-EPERM, create("small", GUID1));
	EXPECT_FALSE(has(GUID1));
}

TEST_F(create, admit_alone_is_a_policy)
{
	bxt_script(0)->admit = -EDOM;
	attach(0, .ops = BX_OP_ADMIT);
	EXPECT_EQ(-EDOM, create("small", GUID1));
}

TEST_F(create, admit_is_refused_on_an_adopted_bus)
{
	EXPECT_EQ(-EOPNOTSUPP, attach_errno(0, .bus = "platform", .ops = BX_OP_ADMIT));
	EXPECT_TRUE(bxt_contains("/sys/kernel/bus_ext/refused",
				 "admit() is not called on adopted bus 'platform'"));
}

/* ---- parents that go ---- */

TEST_F(create, parent_removes_its_devices)
{
	ASSERT_EQ(0, bxt_sim("parent_add", "bxsim2"));
	driver("a", "ids=*:*");
	ASSERT_EQ(0, create_on("/sys/devices/bxsim2/bx_types/", "small", GUID1));
	ASSERT_EQ(0, create_on("/sys/devices/bxsim2/bx_types/", "large", GUID2));
	EXPECT_EQ(-EEXIST, create("small", GUID1));
	EXPECT_EQ(UNITS, available("small"));
	ASSERT_EQ(0, bxt_sim("parent_del", "bxsim2"));
	EXPECT_FALSE(has(GUID1));
	EXPECT_FALSE(has(GUID2));
	EXPECT_EQ(0, bxt_bound_devices("a"));
	EXPECT_EQ(0, create("small", GUID1));
}

struct deed {
	pthread_t thread;
	const char *path;
	const char *text;
	int err;
};

static void *write_it(void *arg)
{
	struct deed *deed = arg;

	deed->err = bxt_write(deed->path, deed->text);
	return NULL;
}

static bool has_begun(void *unused)
{
	return strcmp(attribute(GUID1, "state"), "bound");
}

/* A call in flight, and a removal that waits for it */
TEST_F(create, parent_waits_for_a_call_in_flight)
{
	struct deed call = { .path = BUS GUID1 "/exec", .text = "1 60000" };
	struct deed del = { .path = PARENT "parent_del", .text = "bxsim2" };

	ASSERT_EQ(0, bxt_sim("parent_add", "bxsim2"));
	driver("a", "ids=*:*");
	ASSERT_EQ(0, create_on("/sys/devices/bxsim2/bx_types/", "small", GUID1));
	ASSERT_EQ(0, pthread_create(&call.thread, NULL, write_it, &call));
	ASSERT_EQ(0, pthread_create(&del.thread, NULL, write_it, &del));
	ASSERT_TRUE(bxt_becomes(has_begun, NULL));
	/* a call that has not begun when the device goes fails, and so would not wait */
	do {
		ASSERT_EQ(0, bxt_sim("release", "1"));
	} while (pthread_tryjoin_np(del.thread, NULL));
	ASSERT_EQ(0, pthread_join(call.thread, NULL));
	EXPECT_EQ(0, del.err);
	EXPECT_TRUE(call.err == 0 || call.err == -ENODEV || call.err == -ENOENT);
	EXPECT_FALSE(has(GUID1));
}

TEST_F(create, parent_whose_hardware_is_gone_takes_its_devices_along)
{
	ASSERT_EQ(0, bxt_sim("parent_add", "bxsim2"));
	driver("a", "ids=*:*");
	ASSERT_EQ(0, create_on("/sys/devices/bxsim2/bx_types/", "small", GUID1));
	ASSERT_EQ(0, bxt_sim("parent_del", "bxsim2 gone=1"));
	EXPECT_FALSE(has(GUID1));
	EXPECT_EQ(0, bxt_bound_devices("a"));
}

#define WRITERS	4
#define TIMES	50

static void *create_and_remove(void *arg)
{
	char guid[64], path[256];
	long nr = (long)arg;

	for (int i = 0; i < TIMES; i++) {
		/* two of them want the same device */
		snprintf(guid, sizeof(guid), "6a4c1c2e-6b0a-4e5e-9d4f-0000000002%02lx", nr / 2);
		create_on("/sys/devices/bxsim2/bx_types/", "small", guid);
		snprintf(path, sizeof(path), BUS "%s/remove", guid);
		bxt_write(path, "1");
	}
	return NULL;
}

TEST_F(create, creations_and_removals_race_with_the_end_of_the_parent)
{
	pthread_t thread[WRITERS];

	ASSERT_EQ(0, bxt_sim("parent_add", "bxsim2"));
	driver("a", "ids=*:*");
	for (long i = 0; i < WRITERS; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, create_and_remove, (void *)i));
	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(0, bxt_sim("parent_del", "bxsim2"));
		ASSERT_EQ(0, bxt_sim("parent_add", "bxsim2"));
	}
	for (int i = 0; i < WRITERS; i++)
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
	ASSERT_EQ(0, bxt_sim("parent_del", "bxsim2"));
	EXPECT_EQ(0, bxt_bound_devices("a"));
	/* nothing of it is left that counts */
	attach(0);
	ASSERT_EQ(0, create("small", GUID1));
	EXPECT_EQ(1, bxt_script(0)->admit_of_user);
	EXPECT_EQ(1, bxt_script(0)->admit_of_parent);
}

BXT_MAIN("bxsim")
