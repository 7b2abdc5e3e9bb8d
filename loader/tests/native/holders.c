// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Each use of a device is found, and that of another device is not
 *
 * Each test has its own /sys, /proc and /dev, in a directory.  Device nodes are links to
 * character devices of every machine, such as /dev/full (1:7): a test needs no rights.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "../../lib/internal.h"
#include "../../lib/tree.h"
#include "tap.h"

#define PORT	"sys/devices/pci0000:00/0000:00:01.0"
#define DEVICE	PORT "/0000:01:00.0"
#define BUS	"sys/bus/pci/devices/0000:01:00.0>../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0"
#define DISK	DEVICE "/nvme/nvme0/nvme0n1"
#define CLASS	"../../../../../../../class/"
#define MOUNT(dev, where, source) \
	"proc/self/mountinfo=20 1 0:5 / /run rw - tmpfs none rw\n" \
	"36 20 " dev " / " where " rw shared:1 - ext4 " source " rw\n"
/* a disk with two partitions */
#define DISKS \
	DISK "/subsystem>" CLASS "block", DISK "/dev=259:0\n", \
	DISK "/uevent=MAJOR=259\nDEVNAME=nvme0n1\nDEVTYPE=disk\n", \
	DISK "/nvme0n1p1/subsystem>" CLASS "block", DISK "/nvme0n1p1/dev=259:1\n", \
	DISK "/nvme0n1p1/partition=1\n", \
	DISK "/nvme0n1p2/subsystem>" CLASS "block", DISK "/nvme0n1p2/dev=1:7\n", \
	DISK "/nvme0n1p2/partition=2\n"
#define NET	DEVICE "/net/eth0"
#define NETS	NET "/subsystem>" CLASS "net"
#define ROUTES	"proc/net/route=Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
#define TTY	DEVICE "/tty/ttyS1"
#define TTYS	TTY "/subsystem>" CLASS "tty", TTY "/dev=1:7\n", \
		TTY "/uevent=MAJOR=4\nDEVNAME=ttyS1\n"
#define CARD	DEVICE "/drm/card0"
#define CARDS	CARD "/subsystem>" CLASS "drm", CARD "/dev=226:0\n", \
		"sys/class/drm/card0/x=", "sys/class/drm/card0-HDMI-A-1/x="
/* /dev/vfio/devices/vfio0, 1:7, of a device in a group whose node has another number */
#define CDEV	DEVICE "/vfio-dev/vfio0"
#define CDEVS	CDEV "/subsystem>" CLASS "vfio-dev", CDEV "/dev=1:7\n", \
		CDEV "/uevent=MAJOR=511\nDEVNAME=vfio/devices/vfio0\n"
#define GROUPS \
	DEVICE "/iommu_group>../../../../kernel/iommu_groups/5", \
	"sys/class/vfio/5>../../devices/virtual/vfio/5", \
	"sys/devices/virtual/vfio/5/uevent=DEVNAME=vfio/5\n", \
	"sys/devices/virtual/vfio/5/dev="
#define HEAD	"sys/devices/virtual/nvme-subsystem/nvme-subsys0/"
#define PATHS \
	DEVICE "/nvme/nvme0/nvme0c0n1/subsystem>" CLASS "block", \
	DEVICE "/nvme/nvme0/nvme0c0n1/hidden=1\n", \
	HEAD "nvme0>../../../pci0000:00/0000:00:01.0/0000:01:00.0/nvme/nvme0", \
	HEAD "nvme0n1/dev=259:1\n", \
	"sys/class/nvme-subsystem/nvme-subsys0>../../devices/virtual/nvme-subsystem/nvme-subsys0"

static char top[32] = "/tmp/bus_ext-holders.XXXXXX";
static struct bx_handle *h;

/**
 * struct test - a device, and its uses
 * @name: what the test proves
 * @uses: the uses, as text
 * @files: "PATH=TEXT" or "PATH>TARGET" of a link; NULL after the last
 */
static const struct test {
	const char	*name;
	const char	*uses;
	const char	*files[24];
} tests[] = {
	{ "a disk that nothing uses", "", { DISKS, MOUNT("8:1", "/", "/dev/sda1") } },
	{ "a mounted partition", "/dev/nvme0n1p1 is mounted on '/my data'; ",
	  { DISKS, MOUNT("259:1", "/my\\040data", "/dev/nvme0n1p1") } },
	{ "a mount in another namespace",
	  "/dev/nvme0n1p1 is mounted on '/srv' for process 7; ",
	  { DISKS, MOUNT("8:1", "/", "/dev/sda1"), "proc/7/comm=box\n", "proc/7/ns/mnt=",
	    "proc/7/mountinfo=3 1 259:1 / /srv rw - ext4 /dev/nvme0n1p1 rw\n" } },
	{ "swap space", "/dev/nvme0n1p2 is swap space; ",
	  { DISKS, "dev/nvme0n1p2>/dev/full",
	    "proc/swaps=Filename\tType\tSize\n/dev/nvme0n1p2      partition 9 0 -2\n" } },
	{ "a logical volume, and its file system",
	  "/dev/nvme0n1p1 is a part of /dev/mapper/vg-root; /dev/mapper/vg-root is mounted on '/'; ",
	  { DISKS, DISK "/nvme0n1p1/holders/dm-0>../../../../../../../../virtual/block/dm-0",
	    "sys/devices/virtual/block/dm-0/dev=253:0\n",
	    "sys/devices/virtual/block/dm-0/dm/name=vg-root\n",
	    MOUNT("253:0", "/", "/dev/mapper/vg-root") } },
	{ "a file system on several disks, mounted by another one's name",
	  "/dev/sdb is mounted on '/pool'; ",
	  { DISKS, "sys/fs/btrfs/1234/devices/nvme0n1>../../../../devices/"
	    "pci0000:00/0000:00:01.0/0000:01:00.0/nvme/nvme0/nvme0n1",
	    "sys/devices/sdb/dev=1:5\n", "sys/fs/btrfs/1234/devices/sdb>../../../../devices/sdb",
	    "dev/sdb>/dev/zero", MOUNT("0:40", "/pool", "/dev/sdb") } },
	{ "a file system on other disks does not count", "",
	  { DISKS, "sys/devices/sdb/dev=1:5\n",
	    "sys/fs/btrfs/1234/devices/sdb>../../../../devices/sdb",
	    "dev/sdb>/dev/zero", MOUNT("0:40", "/pool", "/dev/sdb") } },
	{ "the disk behind the only path", "/dev/nvme0n1 is mounted on '/'; ",
	  { PATHS, MOUNT("259:1", "/", "/dev/nvme0n1") } },
	{ "a disk with another path stays", "",
	  { PATHS, "sys/devices/other/nvme1/nvme0c1n1/hidden=1\n",
	    HEAD "nvme1>../../../other/nvme1", MOUNT("259:1", "/", "/dev/nvme0n1") } },
	{ "an open character device", "/dev/ttyS1 is open in process 12 (getty); ",
	  { TTYS, "proc/12/comm=getty\n", "proc/12/fd/0>/dev/full",
	    "proc/12/fd/1>/dev/full", "proc/13/comm=other\n", "proc/13/fd/0>/dev/zero" } },
	{ "a character device is not a disk of the same number", "",
	  { DISKS, "proc/12/comm=cat\n", "proc/12/fd/0>/dev/full" } },
	{ "the group of VFIO", "/dev/vfio/5 is open in process 12 (qemu); ",
	  { DEVICE "/vfio-dev/vfio0/x=", DEVICE "/iommu_group>../../../../kernel/iommu_groups/5",
	    "sys/devices/virtual/vfio/5/dev=1:7\n",
	    "sys/devices/virtual/vfio/5/uevent=DEVNAME=vfio/5\n",
	    "sys/class/vfio/5>../../devices/virtual/vfio/5",
	    "proc/12/comm=qemu\n", "proc/12/fd/9>/dev/full" } },
	{ "the group of a device without VFIO does not count", "",
	  { DEVICE "/iommu_group>../../../../kernel/iommu_groups/5",
	    "sys/devices/virtual/vfio/5/dev=1:7\n",
	    "sys/class/vfio/5>../../devices/virtual/vfio/5",
	    "proc/12/comm=qemu\n", "proc/12/fd/9>/dev/full" } },
	{ "the device's own node of VFIO, without a group",
	  "/dev/vfio/devices/vfio0 is open in process 12 (qemu); ",
	  { CDEVS, "proc/12/comm=qemu\n", "proc/12/fd/9>/dev/full",
	    "proc/13/comm=other\n", "proc/13/fd/9>/dev/zero" } },
	{ "the device's own node of VFIO, with the group closed",
	  "/dev/vfio/devices/vfio0 is open in process 12 (qemu); ",
	  { CDEVS, GROUPS "1:5\n", "proc/12/comm=qemu\n", "proc/12/fd/9>/dev/full" } },
	{ "the group of VFIO, with the device's own node closed",
	  "/dev/vfio/5 is open in process 12 (qemu); ",
	  { CDEVS, GROUPS "1:5\n", "proc/12/comm=qemu\n", "proc/12/fd/9>/dev/zero" } },
	{ "the node of another device in the same group does not count", "",
	  { CDEVS, GROUPS "1:5\n",
	    PORT "/0000:01:00.1/iommu_group>../../../../kernel/iommu_groups/5",
	    PORT "/0000:01:00.1/vfio-dev/vfio1/dev=1:8\n",
	    "proc/12/comm=qemu\n", "proc/12/fd/9>/dev/random" } },
	{ "the address spaces of iommufd do not count", "",
	  { CDEVS, "sys/devices/virtual/misc/iommu/dev=1:9\n",
	    "proc/12/comm=qemu\n", "proc/12/fd/8>/dev/urandom" } },
	{ "an interface that is up", "eth0 is up; ", { NETS, NET "/flags=0x1003\n" } },
	{ "an interface that is down does not count", "",
	  { NETS, NET "/flags=0x1002\n", ROUTES "eth0\t00000000\t01\t0001\t0\t0\t0\t00000000\n" } },
	{ "an interface with the default route", "eth0 is up and has a default route; ",
	  { NETS, NET "/flags=0x1003\n", ROUTES
	    "eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n" } },
	{ "another network is not the default route", "eth0 is up; ",
	  { NETS, NET "/flags=0x1003\n", ROUTES
	    "eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n" } },
	{ "the default route of IPv6", "eth0 is up and has a default route; ",
	  { NETS, NET "/flags=0x1003\n", "proc/net/ipv6_route="
	    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
	    "fe800000000000000000000000000002 00000400 00000001 00000000 00000003     eth0\n" } },
	{ "a part of a bond", "eth0 is a part of bond0; ",
	  { NETS, NET "/flags=0x1002\n", NET "/master>../../../../../virtual/net/bond0" } },
	{ "a console", "/dev/ttyS1 is a console; ",
	  { TTYS, "sys/class/tty/console/active=tty0 ttyS1\n" } },
	{ "a console with a longer name is another one", "",
	  { TTYS, "sys/class/tty/console/active=tty0 ttyS10\n" } },
	{ "the only display", "card0 is the only display; ", { CARDS } },
	{ "one of two displays does not count", "",
	  { CARDS, "sys/class/drm/card1/x=", "sys/class/drm/card1-DP-1/x=" } },
	{ "a card without connectors is not a second display", "card0 is the only display; ",
	  { CARDS, "sys/class/drm/card1/x=" } },
	{ "the firmware's display", "card0 is the firmware's display; ",
	  { CARDS, "sys/class/drm/card1-DP-1/x=", DEVICE "/boot_vga=1\n",
	    CARD "/device>../../../0000:01:00.0" } },
	{ "the console's display", "fb0 is the console's display; ",
	  { DEVICE "/graphics/fb0/subsystem>" CLASS "graphics", "sys/class/graphics/fb0/x=",
	    "sys/class/graphics/fb1/x=",
	    "sys/class/vtconsole/vtcon1/name=(M) frame buffer device\n",
	    "sys/class/vtconsole/vtcon1/bind=1\n" } },
	{ "a virtual function's use is one of the physical function",
	  "eth1 is up; ",
	  { DEVICE "/virtfn0>../0000:01:00.1",
	    PORT "/0000:01:00.1/net/eth1/subsystem>" CLASS "net",
	    PORT "/0000:01:00.1/net/eth1/flags=0x1003\n" } },
	{ "a device behind the device's own bridge does not count", "",
	  { DEVICE "/subsystem>../../../../bus/pci",
	    DEVICE "/0000:02:00.0/subsystem>../../../../../bus/pci",
	    DEVICE "/0000:02:00.0/net/eth1/subsystem>" CLASS "net",
	    DEVICE "/0000:02:00.0/net/eth1/flags=0x1003\n" } },
	{ "a device on a bus that the driver made is one", "eth1 is up; ",
	  { DEVICE "/pci10000:00/10000:00:00.0/subsystem>../../../../../../bus/pci",
	    DEVICE "/pci10000:00/10000:00:00.0/net/eth1/subsystem>" CLASS "net",
	    DEVICE "/pci10000:00/10000:00:00.0/net/eth1/flags=0x1003\n" } },
};

/* ---- a machine ---- */

static void make_parents(char *path)
{
	for (char *p = path + strlen(top) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0700);
		*p = '/';
	}
}

static void put(const char *spec)
{
	size_t len = strcspn(spec, "=>");
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%.*s", top, (int)len, spec);
	make_parents(path);
	if (spec[len] == '>') {
		if (symlink(spec + len + 1, path))
			perror(path);
		return;
	}
	f = fopen(path, "we");
	if (!f || fputs(spec + len + 1, f) < 0 || fclose(f))
		perror(path);
}

static void build(const char *const *files)
{
	static const char *const always[] = {
		BUS, DEVICE "/x=", "dev/x=", "sys/x=", "proc/self/mountinfo=",
		"proc/self/ns/mnt=",
	};

	tree_discard(top);
	mkdir(top, 0700);
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		put(always[i]);
	for (; *files; files++)
		put(*files);
}

/* ---- tests ---- */

static int add_text(const struct bx_holder *holder, void *arg)
{
	char text[512];

	strcat(arg, bx_holder_text(text, sizeof(text), holder));
	strcat(arg, "; ");
	return 0;
}

static void run(const struct test *t)
{
	struct bx_devref ref = { .bus = "pci", .name = "0000:01:00.0" };
	char uses[4096] = "";
	int ret;

	build(t->files);
	ret = bx_list_holders(h, &ref, add_text, uses);
	if (ret)
		snprintf(uses, sizeof(uses), "%d: %s", ret, bx_error(h));
	check(same(t->name, t->uses, uses), t->name);
}

/* An unreadable file is an error, not a free device. */
static void unreadable(void)
{
	struct bx_devref ref = { .bus = "pci", .name = "0000:01:00.0" };
	static const char *const none[] = { NULL };
	char uses[4096] = "", path[64];

	build(none);
	snprintf(path, sizeof(path), "%s/proc", top);
	tree_discard(path);
	check(bx_list_holders(h, &ref, add_text, uses) < 0 &&
	      strstr(bx_error(h), "cannot find out which devices are in use"),
	      "without /proc it is an error");
	build(none);
	strcpy(ref.name, "0000:09:00.0");
	check(bx_list_holders(h, &ref, add_text, uses) == -ENODEV &&
	      bx_fault(h) == BX_FAULT_USAGE, "an unknown device is an error");
}

int main(void)
{
	char sys[64], proc[64], dev[64];
	struct bx_open_opts opts = {
		.sysfs = sys, .proc_dir = proc, .dev_dir = dev,
	};

	if (!mkdtemp(top))
		return 1;
	snprintf(sys, sizeof(sys), "%s/sys", top);
	snprintf(proc, sizeof(proc), "%s/proc", top);
	snprintf(dev, sizeof(dev), "%s/dev", top);
	if (bx_open(&h, &opts))
		return 1;
	printf("TAP version 13\n1..%zu\n", ARRAY_SIZE(tests) + 2);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		run(&tests[i]);
	unreadable();
	tree_discard(top);
	bx_close(h);
	return failures ? 1 : 0;
}
