// SPDX-License-Identifier: GPL-2.0-only
/*
 * User space drives a device on bx-vfio
 *
 * The user is lib/vfio_client.c, which uses only vfio's own interface; the device
 * is bxvfio's.  Policies that see its operations are in vfio_policy.c.
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

/* ---- properties of the device ---- */

TEST_F(vfio, device_is_a_platform_device_that_can_be_reset)
{
	struct vfio_device_info info;

	ASSERT_EQ(0, vfio_info(&self->c, &info));
	EXPECT_EQ(VFIO_DEVICE_FLAGS_PLATFORM | VFIO_DEVICE_FLAGS_RESET,
		  info.flags);
	EXPECT_EQ(BXVFIO_NR_REGIONS, info.num_regions);
	EXPECT_EQ(BXVFIO_NR_IRQS, info.num_irqs);
	EXPECT_TRUE(bxt_contains(DEVICES "guest/device_api",
				 "vfio-platform\n"));
	EXPECT_STREQ("bx-vfio", bxt_bound_on("bx-vfio", "guest"));
}

TEST_F(vfio, regions_are_enumerated)
{
	struct vfio_region_info info;

	EXPECT_REGION(&self->c, BXVFIO_REGS, sizeof(struct bxvfio_regs), RW);
	EXPECT_REGION(&self->c, BXVFIO_DATA, BXVFIO_DATA_SIZE, RW);
	EXPECT_REGION(&self->c, BXVFIO_ROM, BXVFIO_ROM_SIZE,
		      VFIO_REGION_INFO_FLAG_READ);
	EXPECT_EQ(-EINVAL, vfio_region(&self->c, BXVFIO_NR_REGIONS, &info));
	EXPECT_EQ(-EINVAL, vfio_region(&self->c, ~0U, &info));
}

TEST_F(vfio, interrupts_are_enumerated)
{
	struct vfio_irq_info info;

	for (int i = 0; i < BXVFIO_NR_IRQS; i++) {
		ASSERT_EQ(0, vfio_irq(&self->c, i, &info));
		EXPECT_EQ(1, info.count);
		EXPECT_EQ(VFIO_IRQ_INFO_EVENTFD, info.flags);
	}
	EXPECT_EQ(-EINVAL, vfio_irq(&self->c, BXVFIO_NR_IRQS, &info));
	EXPECT_EQ(-EINVAL, vfio_irq(&self->c, ~0U, &info));
}

TEST_F(vfio, short_arguments_are_refused)
{
	struct vfio_device_info info = { .argsz = 4 };
	struct vfio_region_info region = { .argsz = 8 };
	struct vfio_irq_info irq = { .argsz = 8 };

	EXPECT_EQ(-1, ioctl(self->c.device, VFIO_DEVICE_GET_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->c.device, VFIO_DEVICE_GET_REGION_INFO,
			    &region));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->c.device, VFIO_DEVICE_GET_IRQ_INFO, &irq));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->c.device, VFIO_DEVICE_GET_INFO, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->c.device, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO,
			    &info));
	EXPECT_EQ(ENOTTY, errno);
}

/* ---- regions ---- */

TEST_F(vfio, rom_is_read_and_not_written)
{
	char buf[BXVFIO_ROM_SIZE + 1] = {};

	EXPECT_EQ(BXVFIO_ROM_SIZE, vfio_read(&self->c, BXVFIO_ROM, 0, buf,
					     sizeof(buf)));
	EXPECT_STREQ("bxvfio guest", buf);
	EXPECT_EQ(-EINVAL, vfio_write(&self->c, BXVFIO_ROM, 0, "x", 1));
	EXPECT_EQ(1, vfio_read(&self->c, BXVFIO_ROM, 0, buf, 1));
	EXPECT_EQ('b', buf[0]);
}

static void fill(unsigned char *buf, unsigned int size, unsigned int seed)
{
	for (unsigned int i = 0; i < size; i++)
		buf[i] = (i * 31 + (i >> 8) + seed) & 0xff;
}

/* More than one call can move. */
TEST_F(vfio, data_is_written_and_read_back)
{
	static unsigned char out[20001], in[20001];

	fill(out, sizeof(out), 1);
	EXPECT_EQ(sizeof(out), vfio_write(&self->c, BXVFIO_DATA, 4097, out,
					  sizeof(out)));
	EXPECT_EQ(sizeof(in), vfio_read(&self->c, BXVFIO_DATA, 4097, in,
					sizeof(in)));
	EXPECT_EQ(0, memcmp(in, out, sizeof(in)));
	/* and no other device's */
	EXPECT_EQ(sizeof(in), vfio_read(&self->other, BXVFIO_DATA, 4097, in,
					sizeof(in)));
	EXPECT_EQ(0, in[0] | in[20000]);
}

TEST_F(vfio, what_is_beyond_a_region_is_refused)
{
	unsigned long long nowhere = region(&self->c, BXVFIO_ROM).offset * 2;
	char buf[16];

	memset(buf, 0x55, sizeof(buf));
	EXPECT_EQ(-EINVAL, vfio_read(&self->c, BXVFIO_DATA, BXVFIO_DATA_SIZE,
				     buf, 1));
	EXPECT_EQ(-EINVAL, vfio_write(&self->c, BXVFIO_DATA, BXVFIO_DATA_SIZE,
				      buf, 1));
	EXPECT_EQ(-EINVAL, vfio_read(&self->c, BXVFIO_DATA, 1ULL << 39, buf,
				     1));
	EXPECT_EQ(-1, pread(self->c.device, buf, 1, nowhere));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, pread(self->c.device, buf, 1, 0x7fffffffffffffffLL));
	EXPECT_EQ(-1, pwrite(self->c.device, buf, 1, 0x7ffffffffffffffeLL));
	/* the existing part is read, and nothing behind it */
	EXPECT_EQ(2, vfio_read(&self->c, BXVFIO_DATA, BXVFIO_DATA_SIZE - 2,
			       buf, sizeof(buf)));
	EXPECT_EQ(0, buf[1]);
	EXPECT_EQ(0x55, buf[2]);
}

TEST_F(vfio, bad_user_memory_is_efault)
{
	void *nothing = mmap(NULL, 4096, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_EQ(-EFAULT, vfio_read(&self->c, BXVFIO_DATA, 0, nothing, 8));
	EXPECT_EQ(-EFAULT, vfio_write(&self->c, BXVFIO_DATA, 0, nothing, 8));
}

TEST_F(vfio, registers_are_words)
{
	struct bxvfio_regs regs;
	__u64 value = 0x1122334455667788;

	EXPECT_EQ(8, vfio_write(&self->c, BXVFIO_REGS, REG(iova), &value, 8));
	EXPECT_EQ(-EINVAL, vfio_write(&self->c, BXVFIO_REGS, REG(iova), &value,
				      2));
	EXPECT_EQ(-EINVAL, vfio_write(&self->c, BXVFIO_REGS, REG(iova) + 2,
				      &value, 4));
	EXPECT_EQ(-EINVAL, vfio_write(&self->c, BXVFIO_REGS, REG(status),
				      &value, 4));
	EXPECT_EQ(-EINVAL, vfio_write(&self->c, BXVFIO_REGS, REG(commands),
				      &value, 8));
	EXPECT_EQ(-EINVAL, vfio_write(&self->c, BXVFIO_REGS, 0, &regs,
				      sizeof(regs)));
	EXPECT_EQ(sizeof(regs), vfio_read(&self->c, BXVFIO_REGS, 0, &regs,
					  sizeof(regs)));
	EXPECT_EQ(value, regs.iova);
	EXPECT_EQ(0, regs.commands);
}

TEST_F(vfio, there_is_nothing_to_mmap)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED,
				   self->c.device, 0));
	EXPECT_EQ(EINVAL, errno);
}

/* ---- memory ---- */

TEST_F(vfio, device_reads_and_writes_mapped_memory)
{
	unsigned char *memory = new_memory();
	int done = eventfd_for(&self->c, BXVFIO_IRQ_DONE);

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, vfio_map(&self->c, memory, IOVA, MEMORY_SIZE, MAP_RW));
	fill(memory, BXVFIO_DATA_SIZE, 7);
	EXPECT_FALSE(raised(done));
	EXPECT_EQ(0, command(&self->c, BXVFIO_CMD_FETCH, IOVA, 0,
			     BXVFIO_DATA_SIZE));
	EXPECT_TRUE(raised(done));
	EXPECT_EQ(0, command(&self->c, BXVFIO_CMD_STORE,
			     IOVA + BXVFIO_DATA_SIZE + 5, 3, 30000));
	EXPECT_TRUE(raised(done));
	EXPECT_EQ(0, memcmp(memory + BXVFIO_DATA_SIZE + 5, memory + 3, 30000));
	EXPECT_EQ(0, memory[BXVFIO_DATA_SIZE + 4]);
	EXPECT_EQ(0, memory[BXVFIO_DATA_SIZE + 30005]);
}

TEST_F(vfio, memory_that_is_not_mapped_is_not_reached)
{
	unsigned char *memory = new_memory();
	int done = eventfd_for(&self->c, BXVFIO_IRQ_DONE);

	ASSERT_NE(NULL, memory);
	EXPECT_EQ(-EINVAL, command(&self->c, BXVFIO_CMD_FETCH, IOVA, 0, 8));
	EXPECT_TRUE(raised(done));
	ASSERT_EQ(0, vfio_map(&self->c, memory, IOVA, 4096, MAP_RW));
	EXPECT_EQ(0, command(&self->c, BXVFIO_CMD_STORE, IOVA, 0, 8));
	EXPECT_EQ(-EINVAL, command(&self->c, BXVFIO_CMD_STORE, IOVA - 1, 0,
				   1));
	EXPECT_EQ(-EINVAL, command(&self->c, BXVFIO_CMD_STORE, IOVA + 4090, 0,
				   8));
	EXPECT_EQ(-EINVAL, command(&self->c, BXVFIO_CMD_STORE, ~0ULL - 3, 0,
				   8));
	EXPECT_EQ(-EINVAL, command(&self->c, BXVFIO_CMD_STORE, IOVA, 0, 0));
	/* the other device has an address space of its own */
	EXPECT_EQ(-EINVAL, command(&self->other, BXVFIO_CMD_STORE, IOVA, 0,
				   8));
	EXPECT_EQ(0, vfio_unmap(&self->c, IOVA, 4096));
	EXPECT_EQ(-EINVAL, command(&self->c, BXVFIO_CMD_STORE, IOVA, 0, 8));
}

TEST_F(vfio, memory_that_was_unmapped_by_its_process_is_efault)
{
	unsigned char *memory = new_memory();

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, vfio_map(&self->c, memory, IOVA, 4096, MAP_RW));
	munmap(memory, MEMORY_SIZE);
	EXPECT_EQ(-EFAULT, command(&self->c, BXVFIO_CMD_STORE, IOVA, 0, 8));
	EXPECT_EQ(-EFAULT, command(&self->c, BXVFIO_CMD_FETCH, IOVA, 0, 8));
}

TEST_F(vfio, memory_mapped_for_reading_is_not_written)
{
	unsigned char *memory = new_memory();

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, vfio_map(&self->c, memory, IOVA, 4096,
			      VFIO_DMA_MAP_FLAG_READ));
	fill(memory, 4096, 3);
	EXPECT_EQ(0, command(&self->c, BXVFIO_CMD_FETCH, IOVA, 0, 100));
	memory[0] = 0xaa;
	EXPECT_EQ(-EPERM, command(&self->c, BXVFIO_CMD_STORE, IOVA, 0, 100));
	EXPECT_EQ(0xaa, memory[0]);
}

TEST_F(vfio, device_does_not_leave_its_data_region)
{
	unsigned char *memory = new_memory();

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, vfio_map(&self->c, memory, IOVA, MEMORY_SIZE, MAP_RW));
	EXPECT_EQ(-ERANGE, command(&self->c, BXVFIO_CMD_STORE, IOVA, 1,
				   BXVFIO_DATA_SIZE));
	EXPECT_EQ(-ERANGE, command(&self->c, BXVFIO_CMD_FETCH, IOVA, ~0U, 2));
	EXPECT_EQ(-ERANGE, command(&self->c, BXVFIO_CMD_FETCH, IOVA, 2, ~0U));
	EXPECT_EQ(-EOPNOTSUPP, command(&self->c, 77, IOVA, 0, 1));
}

/* ---- interrupts ---- */

TEST_F(vfio, interrupt_is_raised_for_a_loop_back_test)
{
	int done = eventfd_for(&self->c, BXVFIO_IRQ_DONE);
	__u8 yes = 1, no = 0;

	EXPECT_TRUE(sim_says("guest open=1 resets=0 wired=1\n"));
	EXPECT_EQ(0, vfio_set_irq(&self->c, BXVFIO_IRQ_DONE, RAISE, 1, NULL,
				  0));
	EXPECT_TRUE(raised(done));
	EXPECT_EQ(0, vfio_set_irq(&self->c, BXVFIO_IRQ_DONE,
				  VFIO_IRQ_SET_ACTION_TRIGGER |
				  VFIO_IRQ_SET_DATA_BOOL, 1, &no, 1));
	EXPECT_FALSE(raised(done));
	EXPECT_EQ(0, vfio_set_irq(&self->c, BXVFIO_IRQ_DONE,
				  VFIO_IRQ_SET_ACTION_TRIGGER |
				  VFIO_IRQ_SET_DATA_BOOL, 1, &yes, 1));
	EXPECT_TRUE(raised(done));
}

TEST_F(vfio, unwired_interrupt_is_not_raised)
{
	int done = eventfd_for(&self->c, BXVFIO_IRQ_DONE);
	int none = -1, second;

	EXPECT_EQ(0, vfio_set_irq(&self->c, BXVFIO_IRQ_DONE, WIRE, 1, &none,
				  sizeof(none)));
	EXPECT_EQ(0, command(&self->c, BXVFIO_CMD_NOP, 0, 0, 0));
	EXPECT_FALSE(raised(done));
	/* another eventfd takes the place of the first */
	done = eventfd_for(&self->c, BXVFIO_IRQ_DONE);
	second = eventfd_for(&self->c, BXVFIO_IRQ_DONE);
	EXPECT_EQ(0, command(&self->c, BXVFIO_CMD_NOP, 0, 0, 0));
	EXPECT_FALSE(raised(done));
	EXPECT_TRUE(raised(second));
	/* all of them, as vfio has it */
	EXPECT_EQ(0, vfio_set_irq(&self->c, BXVFIO_IRQ_DONE, RAISE, 0, NULL,
				  0));
	EXPECT_EQ(0, command(&self->c, BXVFIO_CMD_NOP, 0, 0, 0));
	EXPECT_FALSE(raised(second));
}

TEST_F(vfio, malformed_interrupt_requests_are_refused)
{
	int fds[2] = { eventfd(0, 0), eventfd(0, 0) }, bad = 9999;
	int file = open("/dev/null", O_RDWR);

	EXPECT_EQ(-EBADF, vfio_set_irq(&self->c, 0, WIRE, 1, &bad, 4));
	EXPECT_EQ(-EINVAL, vfio_set_irq(&self->c, 0, WIRE, 1, &file, 4));
	EXPECT_EQ(-EINVAL, vfio_set_irq(&self->c, 0, WIRE, 2, fds, 8));
	EXPECT_EQ(-EINVAL, vfio_set_irq(&self->c, 0, WIRE, 1, NULL, 0));
	EXPECT_EQ(-EINVAL, vfio_set_irq(&self->c, BXVFIO_NR_IRQS, WIRE, 1, fds,
					4));
	EXPECT_EQ(-EINVAL, vfio_set_irq(&self->c, ~0U, WIRE, 1, fds, 4));
	EXPECT_EQ(-EINVAL, vfio_set_irq(&self->c, 0, WIRE, ~0U, fds, 8));
	EXPECT_EQ(-EINVAL, vfio_set_irq(&self->c, 0,
					VFIO_IRQ_SET_ACTION_MASK |
					VFIO_IRQ_SET_DATA_NONE, 1, NULL, 0));
	EXPECT_EQ(-EINVAL, vfio_set_irq(&self->c, 0, 0, 1, fds, 4));
}

/* ---- reset, open and close ---- */

TEST_F(vfio, reset_clears)
{
	struct bxvfio_regs regs;
	char buf[3] = "abc";

	EXPECT_EQ(3, vfio_write(&self->c, BXVFIO_DATA, 100, buf, 3));
	EXPECT_EQ(0, command(&self->c, BXVFIO_CMD_NOP, 1, 2, 3));
	EXPECT_EQ(0, vfio_reset(&self->c));
	EXPECT_EQ(3, vfio_read(&self->c, BXVFIO_DATA, 100, buf, 3));
	EXPECT_EQ(0, buf[0] | buf[1] | buf[2]);
	EXPECT_EQ(sizeof(regs), vfio_read(&self->c, BXVFIO_REGS, 0, &regs,
					  sizeof(regs)));
	EXPECT_EQ(0, regs.commands | regs.iova | regs.offset | regs.length);
	EXPECT_TRUE(sim_says("guest open=1 resets=1 wired=0\n"));
	EXPECT_TRUE(sim_says("other open=1 resets=0 wired=0\n"));
}

/*
 * A group has one user; that user may have the device several times.  A device without its
 * group is open once.
 */
TEST_F(vfio, second_user_is_refused)
{
	struct vfio_client second;
	int again;

	if (by_cdev()) {
		EXPECT_EQ(-EINVAL, open_errno("guest"));
		EXPECT_EQ(-EBUSY, vfio_open(&second, group_of("guest"), "guest"));
		return;
	}
	EXPECT_EQ(-EBUSY, open_errno("guest"));
	again = ioctl(self->c.group, VFIO_GROUP_GET_DEVICE_FD, "guest");
	ASSERT_LE(0, again);
	EXPECT_EQ(0, close(again));
	EXPECT_TRUE(sim_says("guest open=1 "));
	EXPECT_EQ(0, vfio_reset(&self->c));
	EXPECT_EQ(-1, ioctl(self->c.group, VFIO_GROUP_GET_DEVICE_FD, "other"));
	EXPECT_EQ(ENODEV, errno);
}

TEST_F(vfio, close_lets_go_of_everything)
{
	int done = eventfd_for(&self->c, BXVFIO_IRQ_DONE);

	vfio_close(&self->c);
	EXPECT_TRUE(sim_says("guest open=0 resets=0 wired=0\n"));
	ASSERT_EQ(0, open_device(&self->c, "guest"));
	EXPECT_EQ(0, command(&self->c, BXVFIO_CMD_NOP, 0, 0, 0));
	EXPECT_FALSE(raised(done));
}

/* In a process that does not have the devices open as well. */
static pid_t destroy_aside(struct vfio_client *c, struct vfio_client *other,
			   const char *device)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	vfio_close(c);
	vfio_close(other);
	_exit(bxt_write(SIM "destroy", device) ? 1 : 0);
}

static bool becomes_raised(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, bxt_patience() * 1000) == 1;
}

TEST_F(vfio, destroy_asks_for_the_device_and_waits)
{
	int request = eventfd_for(&self->c, BXVFIO_IRQ_REQUEST);
	pid_t pid = destroy_aside(&self->c, &self->other, "guest");
	char buf[3] = "abc";

	ASSERT_LT(0, pid);
	EXPECT_TRUE(becomes_raised(request));
	/* it still works, and no other user can destroy it */
	EXPECT_EQ(3, vfio_write(&self->c, BXVFIO_DATA, 0, buf, 3));
	EXPECT_EQ(0, vfio_reset(&self->c));
	EXPECT_EQ(-EBUSY, bxt_write(SIM "destroy", "guest"));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	vfio_close(&self->c);
	EXPECT_TRUE(ended_well(pid));
	EXPECT_NE(0, access(DEVICES "guest", F_OK));
	EXPECT_EQ(0, vfio_reset(&self->other));
}

/* vfio does not hold the eventfd any longer; other processes may. */
TEST_F(vfio, user_that_is_killed_is_gone)
{
	pid_t pid;
	int ready[2];
	char c;

	ASSERT_EQ(0, pipe(ready));
	vfio_close(&self->c);
	pid = fork();
	if (!pid) {
		int fd = eventfd(0, 0);

		if (!open_device(&self->c, "guest") &&
		    !vfio_set_irq(&self->c, 0, WIRE, 1, &fd, sizeof(fd)) &&
		    write(ready[1], "r", 1) == 1)
			pause();
		_exit(1);
	}
	ASSERT_EQ(1, read(ready[0], &c, 1));
	EXPECT_EQ(by_cdev() ? -EINVAL : -EBUSY, open_errno("guest"));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	EXPECT_EQ(0, open_errno("guest"));
}

TEST_F(vfio, module_in_use_is_not_unloaded)
{
	EXPECT_NE(0, bxt_unload("bx_vfio"));
	EXPECT_NE(0, bxt_unload("bus_ext"));
	EXPECT_EQ(0, vfio_reset(&self->c));
}

/* This works while its devices exist, too. */
TEST_F(vfio, module_that_is_unloaded_leaves_nothing)
{
	char group[32];

	snprintf(group, sizeof(group), "/dev/vfio/%d", group_of("guest"));
	vfio_close(&self->c);
	vfio_close(&self->other);
	EXPECT_EQ(0, access(group, F_OK));
	ASSERT_EQ(0, bxt_unload("bxvfio"));
	EXPECT_NE(0, access("/sys/devices/bxvfio", F_OK));
	EXPECT_NE(0, access(group, F_OK));
	ASSERT_EQ(0, bxt_unload_soon("bx_vfio"));
	EXPECT_NE(0, access("/sys/bus/bx-vfio", F_OK));
	ASSERT_EQ(0, bxt_load("bxvfio"));
	EXPECT_FALSE(sim_says("guest"));
}

TEST_F(vfio, unloading_the_provider_asks_for_the_device_and_waits)
{
	int request = eventfd_for(&self->c, BXVFIO_IRQ_REQUEST);
	pid_t pid;

	vfio_close(&self->other);
	pid = fork();
	if (!pid) {
		vfio_close(&self->c);
		_exit(bxt_unload("bxvfio") ? 1 : 0);
	}
	EXPECT_TRUE(becomes_raised(request));
	EXPECT_EQ(0, vfio_reset(&self->c));
	vfio_close(&self->c);
	EXPECT_TRUE(ended_well(pid));
	ASSERT_EQ(0, bxt_load("bxvfio"));
}

/* ---- the contract, the simulator ---- */

TEST_F(vfio, contract_is_there_to_be_read)
{
	EXPECT_TRUE(bxt_contains("/sys/kernel/bus_ext/buses/bx-vfio/contract",
				 "vfio version 1\n"
				 "0 open 0 8 required sleeps with close struct bx_vfio_open\n"
				 "1 close 0 8 required sleeps with open struct bx_vfio_open\n"
				 "2 get_info 16 0 required sleeps struct bx_vfio_info\n"
				 "3 get_region_info 16 0 required sleeps struct bx_vfio_region_info\n"
				 "4 get_irq_info 8 0 required sleeps struct bx_vfio_irq_info\n"
				 "5 read 16+ 0 required sleeps struct bx_vfio_access\n"
				 "6 write 16+ 0 required sleeps struct bx_vfio_access\n"
				 "7 set_irq 16 0 optional sleeps struct bx_vfio_set_irq\n"
				 "8 reset 0 0 optional sleeps\n"));
}

TEST_F(vfio, simulator_refuses_malformed_commands)
{
	char line[2 * BX_DEV_NAME_LEN];

	EXPECT_EQ(-EEXIST, bxt_write(SIM "create", "guest 1d1d:1"));
	EXPECT_EQ(-EINVAL, bxt_write(SIM "create", "third"));
	EXPECT_EQ(-EINVAL, bxt_write(SIM "create", "third 1d1d"));
	EXPECT_EQ(-EINVAL, bxt_write(SIM "create", "third 1d1d:1 more"));
	EXPECT_EQ(-EINVAL, bxt_write(SIM "create", "a/b 1d1d:1"));
	EXPECT_EQ(-EINVAL, bxt_write(SIM "create", ". 1d1d:1"));
	EXPECT_EQ(-EINVAL, bxt_write(SIM "create", "third 1d1d:1:2"));
	EXPECT_EQ(-EINVAL, bxt_write(SIM "create", "third 1d1d:1,"));
	EXPECT_EQ(-ERANGE, bxt_write(SIM "create", "third 1d1d:123456789"));
	snprintf(line, sizeof(line), "%0*d 1d1d:1", BX_DEV_NAME_LEN, 0);
	EXPECT_EQ(-ENAMETOOLONG, bxt_write(SIM "create", line));
	EXPECT_EQ(-ENODEV, bxt_write(SIM "destroy", "third"));
	EXPECT_EQ(-EINVAL, bxt_write(SIM "destroy", "\n"));
}

BXT_MAIN("bxvfio")
