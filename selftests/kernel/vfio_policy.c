// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies see the operations of a device on bx-vfio that user space drives
 *
 * They are those of bpf/, scripted ones, and a hostile one that puts numbers into
 * arguments.  The device without a policy is in vfio.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include "../lib/vfio_fixture.h"

#define NR_FUZZED	6

/* ---- the policies of bpf/ ---- */

TEST_F(vfio, policy_makes_a_region_read_only_for_one_device)
{
	struct bpf_link *link;
	char buf[3] = "abc";

	EXPECT_EQ(3, vfio_write(&self->c, BXVFIO_DATA, 0, buf, 3));
	link = applies("vfio-read-only");
	EXPECT_REGION(&self->c, BXVFIO_DATA, BXVFIO_DATA_SIZE,
		      VFIO_REGION_INFO_FLAG_READ);
	EXPECT_EQ(-EINVAL, vfio_write(&self->c, BXVFIO_DATA, 0, "xyz", 3));
	EXPECT_EQ(3, vfio_read(&self->c, BXVFIO_DATA, 0, buf, 3));
	EXPECT_EQ(0, memcmp(buf, "abc", 3));
	/* nothing else is read-only */
	EXPECT_REGION(&self->c, BXVFIO_REGS, sizeof(struct bxvfio_regs), RW);
	EXPECT_EQ(0, command(&self->c, BXVFIO_CMD_NOP, 0, 0, 0));
	EXPECT_REGION(&self->other, BXVFIO_DATA, BXVFIO_DATA_SIZE, RW);
	EXPECT_EQ(3, vfio_write(&self->other, BXVFIO_DATA, 0, "xyz", 3));

	ends(link);
	EXPECT_REGION(&self->c, BXVFIO_DATA, BXVFIO_DATA_SIZE, RW);
	EXPECT_EQ(3, vfio_write(&self->c, BXVFIO_DATA, 0, "xyz", 3));
	EXPECT_EQ(3, vfio_read(&self->c, BXVFIO_DATA, 0, buf, 3));
	EXPECT_EQ(0, memcmp(buf, "xyz", 3));
}

TEST_F(vfio, policy_hides_a_region_of_one_device)
{
	__u64 where = region(&self->c, BXVFIO_ROM).offset;
	struct bpf_link *link = applies("vfio-hide-region");
	char buf[16];

	memset(buf, 0x55, sizeof(buf));
	EXPECT_REGION(&self->c, BXVFIO_ROM, 0, 0);
	/* a user that knows its former position gains nothing */
	EXPECT_EQ(-1, pread(self->c.device, buf, 6, where));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, pwrite(self->c.device, buf, 6, where));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0x55, buf[0]);
	EXPECT_REGION(&self->c, BXVFIO_DATA, BXVFIO_DATA_SIZE, RW);
	EXPECT_REGION(&self->other, BXVFIO_ROM, BXVFIO_ROM_SIZE,
		      VFIO_REGION_INFO_FLAG_READ);
	EXPECT_EQ(6, vfio_read(&self->other, BXVFIO_ROM, 0, buf, 6));

	ends(link);
	EXPECT_REGION(&self->c, BXVFIO_ROM, BXVFIO_ROM_SIZE,
		      VFIO_REGION_INFO_FLAG_READ);
	EXPECT_EQ(6, pread(self->c.device, buf, 6, where));
	EXPECT_EQ(0, memcmp(buf, "bxvfio", 6));
}

TEST_F(vfio, both_policies_at_once)
{
	struct bpf_link *one = applies("vfio-read-only");
	struct bpf_link *two = applies("vfio-hide-region");

	EXPECT_REGION(&self->c, BXVFIO_DATA, BXVFIO_DATA_SIZE,
		      VFIO_REGION_INFO_FLAG_READ);
	EXPECT_REGION(&self->c, BXVFIO_ROM, 0, 0);
	ends(one);
	EXPECT_REGION(&self->c, BXVFIO_DATA, BXVFIO_DATA_SIZE, RW);
	EXPECT_REGION(&self->c, BXVFIO_ROM, 0, 0);
	ends(two);
}

/* A user that writes all the time, and its results; in shared memory. */
struct writer {
	int	stop;
	int	written;
	int	refused;
	int	failed;
};

static void keep_writing(const struct vfio_client *c, struct writer *w)
{
	while (!__atomic_load_n(&w->stop, __ATOMIC_SEQ_CST)) {
		switch (vfio_write(c, BXVFIO_DATA, 0, "abc", 3)) {
		case 3:
			__atomic_add_fetch(&w->written, 1, __ATOMIC_SEQ_CST);
			break;
		case -EINVAL:
			__atomic_add_fetch(&w->refused, 1, __ATOMIC_SEQ_CST);
			break;
		default:
			w->failed = 1;
			return;
		}
	}
}

static bool is_nonzero(void *counter)
{
	return __atomic_load_n((int *)counter, __ATOMIC_SEQ_CST);
}

/* It continues to count, from zero. */
#define EXPECT_COUNTS(counter) do { \
	__atomic_store_n(counter, 0, __ATOMIC_SEQ_CST); \
	EXPECT_TRUE(bxt_becomes(is_nonzero, counter)); \
} while (0)

TEST_F(vfio, policy_comes_and_goes_while_the_device_is_used)
{
	struct writer *w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	ASSERT_NE(MAP_FAILED, w);
	pid = fork();
	if (!pid) {
		keep_writing(&self->c, w);
		_exit(w->failed);
	}
	for (int i = 0; i < 5; i++) {
		struct bpf_link *link = applies("vfio-read-only");

		EXPECT_EQ(-EINVAL, vfio_write(&self->c, BXVFIO_DATA, 8, "x",
					      1));
		EXPECT_COUNTS(&w->refused);
		ends(link);
		EXPECT_EQ(1, vfio_write(&self->c, BXVFIO_DATA, 8, "x", 1));
		EXPECT_COUNTS(&w->written);
	}
	__atomic_store_n(&w->stop, 1, __ATOMIC_SEQ_CST);
	EXPECT_TRUE(ended_well(pid));
}

/* ---- other policies ---- */

#define VFIO_POLICY(op)	.bus = "bx-vfio", .calls = { BX_WATCH(op) }, \
			.ops = BX_OP_CALL | BX_OP_COMPLETE

TEST_F(vfio, denied_open_is_what_the_user_gets)
{
	int link = attach(0, VFIO_POLICY(BX_VFIO_OPEN));

	vfio_close(&self->c);
	bxt_script(0)->call = -EACCES;
	EXPECT_EQ(-EACCES, open_errno("guest"));
	EXPECT_TRUE(sim_says("guest open=0 "));
	EXPECT_EQ(0, bxt_script(0)->call_len);	/* nothing to see */
	detach(link);
	EXPECT_EQ(0, open_errno("guest"));
}

TEST_F(vfio, denied_interrupt_is_not_wired)
{
	int fd = eventfd(0, EFD_NONBLOCK);

	attach(0, VFIO_POLICY(BX_VFIO_SET_IRQ));
	bxt_script(0)->call = -EACCES;
	EXPECT_EQ(-EACCES, vfio_set_irq(&self->c, 0, WIRE, 1, &fd, 4));
	EXPECT_EQ(0, command(&self->c, BXVFIO_CMD_NOP, 0, 0, 0));
	EXPECT_FALSE(raised(fd));
}

TEST_F(vfio, denied_piece_ends_a_transfer)
{
	static char buf[10000];

	attach(0, VFIO_POLICY(BX_VFIO_READ));
	bxt_script(0)->call = -EACCES;
	EXPECT_EQ(-EACCES, vfio_read(&self->c, BXVFIO_DATA, 0, buf,
				     sizeof(buf)));
	bxt_script(0)->call = BX_CALL_PASS;
	EXPECT_EQ(sizeof(buf), vfio_read(&self->c, BXVFIO_DATA, 0, buf,
					 sizeof(buf)));
	EXPECT_EQ(1 + 3, bxt_script(0)->calls);
}

/* Bytes that were not filled in are zeros, not the memory's former contents. */
TEST_F(vfio, answer_without_data_tells_nothing)
{
	unsigned char buf[4096], all = 0;

	attach(0, VFIO_POLICY(BX_VFIO_READ));
	bxt_script(0)->call = BX_CALL_HANDLED;
	memset(buf, 0x55, sizeof(buf));
	EXPECT_EQ(sizeof(buf), vfio_read(&self->c, BXVFIO_DATA, 0, buf,
					 sizeof(buf)));
	for (unsigned int i = 0; i < sizeof(buf); i++)
		all |= buf[i];
	EXPECT_EQ(0, all);
}

TEST_F(vfio, redirected_read_is_of_the_other_device)
{
	char buf[32] = {};

	attach(0, VFIO_POLICY(BX_VFIO_READ));
	strcpy(bxt_script(0)->device, "guest");
	bxt_script(0)->call = BX_CALL_REDIRECT;
	strcpy(bxt_script(0)->call_target, "other");
	EXPECT_EQ(12, vfio_read(&self->c, BXVFIO_ROM, 0, buf, 12));
	EXPECT_STREQ("bxvfio other", buf);
}

/* One device replaces the other, with the user's memory and interrupts. */
TEST_F(vfio, device_is_served_by_another)
{
	int link = attach(0, .bus = "bx-vfio", .calls = BX_WATCH_ALL,
			  .ops = BX_OP_CALL);
	unsigned char *memory = new_memory();
	int done;

	ASSERT_NE(NULL, memory);
	EXPECT_EQ(3, vfio_write(&self->other, BXVFIO_DATA, 0, "abc", 3));
	vfio_close(&self->c);
	vfio_close(&self->other);
	strcpy(bxt_script(0)->device, "guest");
	strcpy(bxt_script(0)->call_target, "other");
	bxt_script(0)->call = BX_CALL_REDIRECT;
	ASSERT_EQ(0, open_device(&self->c, "guest"));
	EXPECT_TRUE(sim_says("guest open=0 "));
	EXPECT_TRUE(sim_says("other open=1 "));
	EXPECT_EQ(-EBUSY, open_errno("other"));
	ASSERT_EQ(0, vfio_map(&self->c, memory, IOVA, 4096, MAP_RW));
	done = eventfd_for(&self->c, BXVFIO_IRQ_DONE);
	EXPECT_EQ(0, command(&self->c, BXVFIO_CMD_STORE, IOVA, 0, 3));
	EXPECT_EQ(0, memcmp(memory, "abc", 3));
	EXPECT_TRUE(raised(done));
	/* that device is removed, and its user gets errors */
	EXPECT_EQ(0, bxt_write(SIM "destroy", "other"));
	detach(link);
	EXPECT_EQ(0, vfio_reset(&self->c));
	EXPECT_EQ(-ENODEV, command(&self->c, BXVFIO_CMD_STORE, IOVA, 0, 3));
	EXPECT_FALSE(raised(done));
}

/* ---- a hostile one ---- */

#define hostile() do { \
	self->hostile = hostile__open_and_load(); \
	ASSERT_NE(NULL, self->hostile); \
	self->hostile->bss->orders.op = BX_VFIO_NR_OPS; \
	self->hostile->links.hostile = \
		bpf_map__attach_struct_ops(self->hostile->maps.hostile); \
	ASSERT_NE(NULL, self->hostile->links.hostile); \
	settle(); \
} while (0)

/* The provider is left without a session, and the user without DMA. */
TEST_F(vfio, policy_that_keeps_open_to_itself_leaves_a_device_that_works)
{
	unsigned char *memory = new_memory();

	ASSERT_NE(NULL, memory);
	hostile();
	vfio_close(&self->c);
	self->hostile->bss->orders.answer = 1;
	self->hostile->bss->orders.op = BX_VFIO_OPEN;
	ASSERT_EQ(0, open_device(&self->c, "guest"));
	ASSERT_EQ(0, vfio_map(&self->c, memory, IOVA, 4096, MAP_RW));
	EXPECT_EQ(-ENODEV, command(&self->c, BXVFIO_CMD_STORE, IOVA, 0, 8));
	EXPECT_EQ(0, vfio_reset(&self->c));
	EXPECT_TRUE(sim_says("guest open=0 "));
}

/* A provider that is not told of the end holds nothing of the user. */
TEST_F(vfio, policy_that_keeps_close_to_itself_does_no_harm)
{
	int done;

	hostile();
	done = eventfd_for(&self->c, BXVFIO_IRQ_DONE);
	self->hostile->bss->orders.answer = 1;
	self->hostile->bss->orders.op = BX_VFIO_CLOSE;
	vfio_close(&self->c);
	EXPECT_EQ(1, self->hostile->bss->orders.writes);
	EXPECT_TRUE(sim_says("guest open=1 "));	/* as far as it knows */
	ASSERT_EQ(0, open_device(&self->c, "guest"));
	EXPECT_EQ(0, command(&self->c, BXVFIO_CMD_NOP, 0, 0, 0));
	EXPECT_FALSE(raised(done));
	vfio_close(&self->c);
	EXPECT_EQ(0, bxt_write(SIM "destroy", "guest"));
}

TEST_F(vfio, large_region_is_large_on_paper_alone)
{
	char buf[16];

	hostile();
	self->hostile->bss->orders.late = 1;
	self->hostile->bss->orders.value = 0x40000000;
	self->hostile->bss->orders.offset =
		__builtin_offsetof(struct bx_vfio_region_info, size) + 4;
	self->hostile->bss->orders.op = BX_VFIO_GET_REGION_INFO;
	EXPECT_REGION(&self->c, BXVFIO_DATA, 1ULL << 40, RW);
	memset(buf, 0x55, sizeof(buf));
	EXPECT_EQ(-EINVAL, vfio_read(&self->c, BXVFIO_DATA, BXVFIO_DATA_SIZE,
				     buf, 1));
	EXPECT_EQ(-EINVAL, vfio_read(&self->c, BXVFIO_DATA,
				     BXVFIO_DATA_SIZE - 1, buf, 2));
	EXPECT_EQ(-EINVAL, vfio_write(&self->c, BXVFIO_DATA, 1ULL << 39, buf,
				      2));
	EXPECT_EQ(0x55, buf[0]);
}

TEST_F(vfio, many_regions_are_many_on_paper_alone)
{
	struct vfio_device_info info;
	struct vfio_irq_info irq;
	struct vfio_region_info region;

	hostile();
	self->hostile->bss->orders.late = 1;
	self->hostile->bss->orders.value = ~0U;
	self->hostile->bss->orders.op = BX_VFIO_GET_INFO;
	EXPECT_EQ(0, vfio_info(&self->c, &info));
	EXPECT_EQ(256, info.num_regions);
	EXPECT_EQ(-EINVAL, vfio_region(&self->c, 255, &region));
	EXPECT_EQ(-EINVAL, vfio_region(&self->c, 256, &region));
	self->hostile->bss->orders.offset =
		__builtin_offsetof(struct bx_vfio_info, num_irqs);
	EXPECT_EQ(0, vfio_info(&self->c, &info));
	EXPECT_EQ(32, info.num_irqs);
	EXPECT_EQ(-EINVAL, vfio_irq(&self->c, 31, &irq));
	self->hostile->bss->orders.offset =
		__builtin_offsetof(struct bx_vfio_info, request_irq);
	EXPECT_EQ(0, vfio_info(&self->c, &info));
}

/* With more vectors than the device knows, which a user can wire. */
TEST_F(vfio, many_vectors_are_wired_and_let_go)
{
	int fds[33], fd = eventfd(0, EFD_NONBLOCK);
	struct vfio_irq_info irq;

	for (int i = 0; i < 33; i++)
		fds[i] = fd;
	hostile();
	self->hostile->bss->orders.late = 1;
	self->hostile->bss->orders.value = ~0U;
	self->hostile->bss->orders.offset =
		__builtin_offsetof(struct bx_vfio_irq_info, count);
	self->hostile->bss->orders.op = BX_VFIO_GET_IRQ_INFO;
	EXPECT_EQ(0, vfio_irq(&self->c, 0, &irq));
	EXPECT_EQ(64, irq.count);
	/* bxvfio refuses; a script says that it does not */
	EXPECT_EQ(-EINVAL, vfio_set_irq(&self->c, 0, WIRE, 33, fds,
					sizeof(fds)));
	attach(0, VFIO_POLICY(BX_VFIO_SET_IRQ));
	bxt_script(0)->call = BX_CALL_HANDLED;
	EXPECT_EQ(0, vfio_set_irq(&self->c, 0, WIRE, 33, fds, sizeof(fds)));
	EXPECT_EQ(0, vfio_set_irq(&self->c, 0, RAISE, 33, NULL, 0));
	EXPECT_TRUE(raised(fd));
	/* all or none: the last one is bad */
	fds[32] = 9999;
	EXPECT_EQ(-EBADF, vfio_set_irq(&self->c, 0, WIRE, 33, fds,
				       sizeof(fds)));
	EXPECT_EQ(0, vfio_set_irq(&self->c, 0, RAISE, 32, NULL, 0));
	EXPECT_FALSE(raised(fd));
}

/* Does once everything that a user can do; results do not matter. */
static void use(struct vfio_client *c, int fd)
{
	static char buf[3 * 4096];
	struct vfio_device_info info;
	struct vfio_region_info region;
	struct vfio_irq_info irq;

	vfio_info(c, &info);
	for (unsigned int i = 0; i < 4; i++) {
		vfio_region(c, i, &region);
		vfio_irq(c, i, &irq);
		vfio_read(c, i, 0, buf, 16);
		vfio_read(c, i, 16, buf, sizeof(buf));
		vfio_write(c, i, 16, buf, 8);
		vfio_set_irq(c, i, WIRE, 1, &fd, sizeof(fd));
	}
	vfio_write(c, BXVFIO_DATA, BXVFIO_DATA_SIZE - 4096, buf, 4096);
	command(c, BXVFIO_CMD_STORE, IOVA, 0, 4096);
	vfio_reset(c);
	vfio_set_irq(c, 0, RAISE, 1, NULL, 0);
	vfio_set_irq(c, 0, RAISE, 0, NULL, 0);
}

/* Writes each word of each argument, before the provider and after it. */
TEST_F(vfio, no_number_in_an_argument_does_harm)
{
	static const __u32 numbers[NR_FUZZED] = {
		0, 1, BXVFIO_DATA_SIZE - 1, 0x7fffffff, 0x80000000, ~0U,
	};
	typeof(self->hostile->bss->orders) *orders;
	unsigned char *memory = new_memory();
	int fd = eventfd(0, EFD_NONBLOCK);

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, vfio_map(&self->c, memory, IOVA, 4096, MAP_RW));
	memset(memory + 4096, 0x55, 4096);
	hostile();
	orders = &self->hostile->bss->orders;
	for (unsigned int i = 0; i < BX_VFIO_NR_OPS * 4 * 2 * NR_FUZZED; i++) {
		orders->op = BX_VFIO_NR_OPS;
		orders->value = numbers[i % NR_FUZZED];
		orders->late = i / NR_FUZZED % 2;
		orders->offset = i / NR_FUZZED / 2 % 4 * 4;
		orders->op = i / NR_FUZZED / 2 / 4;
		use(&self->c, fd);
	}
	orders->op = BX_VFIO_NR_OPS;
	EXPECT_LT(0, orders->writes);
	for (unsigned int i = 4096; i < 8192; i++)
		ASSERT_EQ(0x55, memory[i]);
	/* and it works as before */
	EXPECT_EQ(0, vfio_reset(&self->c));
	EXPECT_EQ(0, command(&self->c, BXVFIO_CMD_STORE, IOVA, 0, 4096));
	EXPECT_REGION(&self->c, BXVFIO_DATA, BXVFIO_DATA_SIZE, RW);
	EXPECT_ATTACHED("hostile");
}

BXT_MAIN("bxvfio")
