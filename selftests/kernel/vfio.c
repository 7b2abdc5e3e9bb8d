// SPDX-License-Identifier: GPL-2.0-only
/*
 * User space drives a device on bx-vfio, and policies see its operations
 *
 * The user is lib/vfio_client.c, which uses only vfio's own interface; the device
 * is bxvfio's.  Policies are those of bpf/, scripted ones, and a hostile one that
 * puts numbers into arguments.
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
#include <bpf/libbpf.h>
#include <kselftest_harness.h>
#include <linux/bx_vfio.h>
#include <linux/bxvfio.h>
#include "../lib/bxtest.h"
#include "../lib/vfio_client.h"
#include "selftests/bpf/hostile.skel.h"

#define SIM		"/sys/devices/bxvfio/"
#define DEVICES		"/sys/bus/bx-vfio/devices/"
#define MEMORY_SIZE	(2 * BXVFIO_DATA_SIZE)
#define IOVA		0x100000
#define NR_FUZZED	6

#define RW	(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define MAP_RW	(VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)
#define WIRE	(VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_EVENTFD)
#define RAISE	(VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_NONE)
#define REG(name)	__builtin_offsetof(struct bxvfio_regs, name)

/* ---- preparations ---- */

/* Returns the number of a device's group, which is the name of its file. */
static int group_of(const char *device)
{
	char path[128], target[256];
	ssize_t len;

	snprintf(path, sizeof(path), DEVICES "%s/iommu_group", device);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	return atoi(strrchr(target, '/') + 1);
}

static int forget_devices(void)
{
	char buf[4096], *line, *rest = buf;
	int err = bxt_read(SIM "devices", buf, sizeof(buf));

	while (!err && (line = strsep(&rest, "\n"))) {
		line[strcspn(line, " ")] = '\0';
		if (*line)
			err = bxt_write(SIM "destroy", line);
	}
	return err;
}

/* Returns the errno of an attempt to open the device, 0 when it works. */
static int open_errno(const char *device)
{
	struct vfio_client c;
	int err = vfio_open(&c, group_of(device), device);

	if (!err)
		vfio_close(&c);
	return err;
}

/* Whether bxvfio's list of devices contains @text */
static bool sim_says(const char *text)
{
	return bxt_contains(SIM "devices", text);
}

/* Load one of the policies of bpf/ and attach it. */
static struct bpf_link *apply(const char *file, const char *map)
{
	struct bpf_object *obj = bpf_object__open_file(file, NULL);

	if (!obj || bpf_object__load(obj))
		return NULL;
	return bpf_map__attach_struct_ops(bpf_object__find_map_by_name(obj,
								       map));
}

FIXTURE(vfio) {
	struct vfio_client c;		/* of the device "guest" */
	struct vfio_client other;	/* of the device "other" */
	struct hostile *hostile;
};

FIXTURE_SETUP(vfio)
{
	/* the kind of container, which nothing else asks for */
	if (!bxt_loaded("vfio_iommu_type1"))
		ASSERT_EQ(0, bxt_load("vfio_iommu_type1"));
	ASSERT_EQ(0, bxt_clean());
	ASSERT_EQ(0, forget_devices());
	for (int i = 0; i < SCRIPT_SLOTS; i++)
		bxt_script(i)->complete_result = 1;
	ASSERT_EQ(0, bxt_write(SIM "create", "guest 1d1d:1"));
	ASSERT_EQ(0, bxt_write(SIM "create", "other 1d1d:2"));
	ASSERT_EQ(0, vfio_open(&self->c, group_of("guest"), "guest"));
	ASSERT_EQ(0, vfio_open(&self->other, group_of("other"), "other"));
	self->hostile = NULL;
}

FIXTURE_TEARDOWN(vfio)
{
	hostile__destroy(self->hostile);
	vfio_close(&self->c);
	vfio_close(&self->other);
	EXPECT_EQ(0, forget_devices());
}

#define region(client, index) ({ \
	struct vfio_region_info info_; \
	\
	ASSERT_EQ(0, vfio_region(client, index, &info_)); \
	info_; })
#define EXPECT_REGION(client, index, size_, flags_) do { \
	EXPECT_EQ(size_, region(client, index).size); \
	EXPECT_EQ(flags_, region(client, index).flags); \
} while (0)

#define applies(policy) ({ \
	struct bpf_link *link_ = apply("build/bpf/" policy ".bpf.o", \
				       !strcmp(policy, "vfio-read-only") ? \
				       "vfio_read_only" : "vfio_hide_region"); \
	\
	ASSERT_NE(NULL, link_); \
	link_; })
#define ends(link) do { \
	ASSERT_EQ(0, bpf_link__destroy(link)); \
	settle(); \
} while (0)

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

static unsigned char *new_memory(void)
{
	void *memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* Let the device run a command; the errno that it ends with. */
static int command(const struct vfio_client *c, __u32 what, __u64 iova,
		   __u32 offset, __u32 length)
{
	struct bxvfio_regs regs;

	if (vfio_write(c, BXVFIO_REGS, REG(iova), &iova, 8) != 8 ||
	    vfio_write(c, BXVFIO_REGS, REG(offset), &offset, 4) != 4 ||
	    vfio_write(c, BXVFIO_REGS, REG(length), &length, 4) != 4 ||
	    vfio_write(c, BXVFIO_REGS, REG(control), &what, 4) != 4 ||
	    vfio_read(c, BXVFIO_REGS, 0, &regs, sizeof(regs)) != sizeof(regs))
		return -EPROTO;
	return -(int)regs.status;
}

static bool raised(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	__u64 times;

	return poll(&pfd, 1, 0) == 1 &&
	       read(fd, &times, sizeof(times)) == sizeof(times);
}

#define eventfd_for(client, irq) ({ \
	int fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); \
	\
	ASSERT_LE(0, fd_); \
	ASSERT_EQ(0, vfio_set_irq(client, irq, WIRE, 1, &fd_, sizeof(fd_))); \
	fd_; })

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

/* A group has one user; that user may have the device several times. */
TEST_F(vfio, second_user_is_refused)
{
	int again;

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
	ASSERT_EQ(0, vfio_open(&self->c, group_of("guest"), "guest"));
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

static bool ended_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && !status;
}

/* Raised before this returns, or never. */
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

		if (!vfio_open(&self->c, group_of("guest"), "guest") &&
		    !vfio_set_irq(&self->c, 0, WIRE, 1, &fd, sizeof(fd)) &&
		    write(ready[1], "r", 1) == 1)
			pause();
		_exit(1);
	}
	ASSERT_EQ(1, read(ready[0], &c, 1));
	EXPECT_EQ(-EBUSY, open_errno("guest"));
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
	ASSERT_EQ(0, vfio_open(&self->c, group_of("guest"), "guest"));
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
	ASSERT_EQ(0, vfio_open(&self->c, group_of("guest"), "guest"));
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
	ASSERT_EQ(0, vfio_open(&self->c, group_of("guest"), "guest"));
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

/* ---- the contract, the simulator ---- */

TEST_F(vfio, contract_is_there_to_be_read)
{
	EXPECT_TRUE(bxt_contains("/sys/kernel/bus_ext/buses/bx-vfio/contract",
				 "vfio version 1 features 0x0\n"
				 "0 open 1 0 8 required sleeps with close struct bx_vfio_open\n"
				 "1 close 1 0 8 required sleeps with open struct bx_vfio_open\n"
				 "2 get_info 1 16 0 required sleeps struct bx_vfio_info\n"
				 "3 get_region_info 1 16 0 required sleeps struct bx_vfio_region_info\n"
				 "4 get_irq_info 1 8 0 required sleeps struct bx_vfio_irq_info\n"
				 "5 read 1 16+ 0 required sleeps struct bx_vfio_access\n"
				 "6 write 1 16+ 0 required sleeps struct bx_vfio_access\n"
				 "7 set_irq 1 16 0 optional sleeps struct bx_vfio_set_irq\n"
				 "8 reset 1 0 0 optional sleeps\n"));
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
