// SPDX-License-Identifier: GPL-2.0-only
/*
 * Uevents of policies, as udev receives them; and the list of ejections, which can be
 * cleared
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include "../lib/bxtest.h"

#define ID	"f055:1"
#define EJECTED	"/sys/kernel/bus_ext/ejected"

FIXTURE(uevent) {
	int socket;
};

FIXTURE_SETUP(uevent)
{
	ASSERT_EQ(0, bxt_clean());
	driver("a", "ids=*:*");
	self->socket = bxt_uevents();
	ASSERT_LE(0, self->socket);
}

FIXTURE_TEARDOWN(uevent)
{
	close(self->socket);
}

/*
 * Reads the next event of bus_ext, as "ACTION STAGE POLICY BUS VERSION: REASON"; "" if
 * there is none.  An event is sent before the request that causes it ends.
 */
static const char *next_event(int from)
{
	static char text[512];
	char event[8192];
	ssize_t n;

	while ((n = recv(from, event, sizeof(event) - 1, 0)) > 0) {
		event[n] = '\0';
		if (strcmp(bxt_uevent_value(event, n, "SUBSYSTEM"), "bus_ext"))
			continue;
		snprintf(text, sizeof(text), "%s %s %s %s %s: %s",
			 bxt_uevent_value(event, n, "ACTION"), bxt_uevent_value(event, n, "STAGE"),
			 bxt_uevent_value(event, n, "POLICY"), bxt_uevent_value(event, n, "BUS"),
			 bxt_uevent_value(event, n, "VERSION"),
			 bxt_uevent_value(event, n, "REASON"));
		return text;
	}
	return "";
}

#define EXPECT_EVENT(text)	EXPECT_STREQ(text, next_event(self->socket))
#define REASON	"select() returned 99; expected BX_PASS to BX_DEFER"

TEST_F(uevent, tells_of_attach_update_and_detach)
{
	int link, old = map(0, .version = 1);

	link = bxt_link(old);
	ASSERT_LE(0, link);
	settle();
	EXPECT_EVENT("add active p0 bx-sf 1: ");
	ASSERT_EQ(0, bxt_update(link, map(0, .version = 2), old));
	EXPECT_EVENT("change active p0 bx-sf 2: ");
	detach(link);
	EXPECT_EVENT("remove detached p0 bx-sf 2: ");
	EXPECT_EVENT("");
}

TEST_F(uevent, tells_of_an_ejection_and_its_reason)
{
	bxt_script(0)->select = 99;
	attach(0, .version = 3);
	device("d", ID);
	settle();
	EXPECT_EVENT("add active p0 bx-sf 3: ");
	EXPECT_EVENT("change ejected p0 bx-sf 3: " REASON);
	EXPECT_EVENT("remove detached p0 bx-sf 3: " REASON);
	EXPECT_EVENT("");
}

TEST_F(uevent, tells_of_a_quarantine_and_its_end)
{
	int link;

	bxt_script(0)->select = 99;
	link = attach(0, .version = 3, .flags = BX_F_FAIL_CLOSED);
	device("d", ID);
	settle();
	EXPECT_EVENT("add active p0 bx-sf 3: ");
	EXPECT_EVENT("change quarantined p0 bx-sf 3: " REASON);
	EXPECT_EVENT("");
	detach(link);
	EXPECT_EVENT("remove detached p0 bx-sf 3: " REASON);
}

TEST_F(uevent, staged_policy_is_told_with_its_commit)
{
	struct bx_commit c = { .nr_enter = 1 };
	__u64 id = stage(0);

	EXPECT_EVENT("");
	c.enter[0] = bxt_enter(id);
	ASSERT_EQ(0, bxt_commit(&c));
	EXPECT_EVENT("add active p0 bx-sf 0: ");
	/* the next version has the same directory */
	c = (struct bx_commit){ .nr_enter = 1, .nr_leave = 1, .leave = { id } };
	id = stage(1, .name = "p0", .version = 5);
	c.enter[0] = bxt_enter(id);
	ASSERT_EQ(0, bxt_commit(&c));
	EXPECT_EVENT("change active p0 bx-sf 5: ");
	EXPECT_EVENT("");
}

TEST_F(uevent, list_of_ejections_can_be_cleared)
{
	struct bx_exit_info info;
	int before, fd;

	bxt_script(0)->select = 99;
	attach(0);
	device("d", ID);
	settle();
	before = bxt_nr_ejected();
	EXPECT_TRUE(bxt_contains(EJECTED, REASON));
	EXPECT_EQ(-EINVAL, bxt_write(EJECTED, "0"));
	EXPECT_TRUE(bxt_contains(EJECTED, REASON));
	EXPECT_EQ(0, bxt_write(EJECTED, "clear"));
	EXPECT_EQ(-ENOENT, bxt_ejection("p0", &info));
	EXPECT_FALSE(bxt_contains(EJECTED, REASON));
	/* the number is one since module load */
	EXPECT_EQ(before, bxt_nr_ejected());
	attach(0);
	destroy("d");
	device("d", ID);
	settle();
	EXPECT_EQ(before + 1, (int)ejection("p0").seq);

	/* not for a process without the capability that got the open file */
	fd = open(EJECTED, O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(-1, write(fd, "clear", 5));
	EXPECT_EQ(EPERM, errno);
	ASSERT_EQ(0, seteuid(0));
	close(fd);
	EXPECT_EQ(before + 1, (int)ejection("p0").seq);
}

BXT_MAIN("bxsim")
