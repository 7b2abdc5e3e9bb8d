// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one BPF program costs in the hooks of HID-BPF and sched_ext
 *
 *	hooks [ROUNDS]
 *
 * A system call that runs the hook once is made many times, without and with a program that
 * does nothing; the difference is the hook.  Prints a line for each, with tabs between
 *
 *	HOOK  PROGRAMS  WITHOUT  WITH
 *
 * where both costs are thousandths of a nanosecond, or "-" in a kernel without that hook.  In
 * a VM that counts instructions these are thousandths of an instruction; the shortest of
 * several times counts.  The kernel's own counters tell that the program ran in each call.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <linux/input.h>
#include <linux/uhid.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "selftests/bench/hid-event.skel.h"
#include "selftests/bench/scheduler.skel.h"
#include "clock.h"

#define CALLS	100	/* timed as one; less than a tick */
#define EXT	7	/* SCHED_EXT */

static unsigned int rounds = 40;

static void die(const char *what)
{
	fprintf(stderr, "hooks: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* One call of the system that runs the hook once; @i counts them. */
typedef void (*call_fn)(unsigned int i);

static unsigned long long measure(call_fn call)
{
	unsigned long long best = 0, start, cost;

	for (unsigned int round = 0; round < rounds; round++) {
		start = now();
		for (unsigned int i = 0; i < CALLS; i++)
			call(i);
		cost = now() - start;
		if (!best || cost < best)
			best = cost;
	}
	return best * 1000 / CALLS;
}

static unsigned long long runs_of(const struct bpf_program *prog)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (bpf_prog_get_info_by_fd(bpf_program__fd(prog), &info, &len))
		die("cannot read the counters of a program");
	return info.run_cnt;
}

static unsigned long long count_runs(call_fn call, const struct bpf_program *prog)
{
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	unsigned long long before = runs_of(prog);

	if (stats < 0)
		die("cannot count the runs of programs");
	for (unsigned int i = 0; i < CALLS; i++)
		call(i);
	close(stats);
	return runs_of(prog) - before;
}

/*
 * Counting makes each run longer, so it is done before the measurement.  A round in which
 * another task took the processor has more runs of running().
 */
static void check_runs(call_fn call, const struct bpf_program *prog, unsigned int programs)
{
	unsigned long long expected = (unsigned long long)CALLS * programs, runs = 0;

	for (unsigned int round = 0; round < rounds; round++) {
		runs = count_runs(call, prog);
		if (runs == expected)
			return;
	}
	fprintf(stderr, "hooks: %s ran %llu times in %d calls, expected %llu\n",
		bpf_program__name(prog), runs, CALLS, expected);
	exit(1);
}

static unsigned long long measure_with(call_fn call, const struct bpf_program *prog,
				       unsigned int programs)
{
	check_runs(call, prog, programs);
	return measure(call);
}

static void row(const char *hook, unsigned int programs, unsigned long long without,
		unsigned long long with)
{
	printf("%s\t%u\t%llu\t%llu\n", hook, programs, without, with);
}

static void no_row(const char *hook, unsigned int programs)
{
	printf("%s\t%u\t-\t-\n", hook, programs);
}

/* Whether the kernel has a type of struct_ops; a module's would be in its own BTF. */
static bool has_ops(const char *value_type)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool has;

	if (!btf)
		die("cannot read the kernel's types");
	has = btf__find_by_name_kind(btf, value_type, BTF_KIND_STRUCT) > 0;
	btf__free(btf);
	return has;
}

static struct bpf_link *attach(struct bpf_map *ops)
{
	struct bpf_link *link = bpf_map__attach_struct_ops(ops);

	if (!link)
		die(bpf_map__name(ops));
	return link;
}

/* ---- HID-BPF ---- */

#define HID_DEVICES	"/sys/devices/virtual/misc/uhid"

/* A report of eight bytes, of a page of a vendor's own: no input device is made of it. */
static const unsigned char descriptor[] = {
	0x06, 0x00, 0xff,	/* usage page: vendor */
	0x09, 0x01,		/* usage */
	0xa1, 0x01,		/* collection: application */
	0x09, 0x02,		/* usage */
	0x15, 0x00,		/* logical minimum 0 */
	0x26, 0xff, 0x00,	/* logical maximum 255 */
	0x75, 0x08,		/* report size */
	0x95, 0x08,		/* report count */
	0x81, 0x02,		/* input */
	0xc0,			/* end of the collection */
};

static int uhid;

static void write_event(const struct uhid_event *event, size_t size)
{
	if (write(uhid, event, size) != (ssize_t)size)
		die("cannot write to /dev/uhid");
}

static void send_report(unsigned int i)
{
	static struct uhid_event event = {
		.type = UHID_INPUT2, .u.input2 = { .size = 8 },
	};

	event.u.input2.data[0] = i;
	write_event(&event, offsetof(struct uhid_event, u.input2.data) + 8);
}

/* Returns the number of the device; the name is in @name. */
static int find_device(char *name, size_t size)
{
	DIR *dir = opendir(HID_DEVICES);
	struct dirent *entry;
	unsigned int bus, vendor, product;
	int id = -1;

	if (!dir)
		die(HID_DEVICES);
	while ((entry = readdir(dir))) {
		if (sscanf(entry->d_name, "%x:%x:%x.%x", &bus, &vendor, &product, &id) != 4)
			continue;
		snprintf(name, size, "%s", entry->d_name);
		break;
	}
	closedir(dir);
	if (id < 0)
		die("no device in " HID_DEVICES);
	return id;
}

/* This file takes the device's lock, so the driver's probe has ended after the write. */
static void wait_for_probe(const char *name)
{
	int fd = open("/sys/bus/hid/drivers_probe", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, name, strlen(name)) < 0)
		die("/sys/bus/hid/drivers_probe");
	close(fd);
}

/* Returns the number by which HID-BPF knows the device. */
static int create_device(void)
{
	static struct uhid_event event = {
		.type = UHID_CREATE2,
		.u.create2 = {
			.name = "bench", .rd_size = sizeof(descriptor), .bus = BUS_USB,
			.vendor = 0xbe9c, .product = 1,
		},
	};
	char name[NAME_MAX + 1] = "";
	int id;

	uhid = open("/dev/uhid", O_RDWR | O_CLOEXEC);
	if (uhid < 0)
		die("/dev/uhid");
	memcpy(event.u.create2.rd_data, descriptor, sizeof(descriptor));
	write_event(&event, sizeof(event));
	do {
		if (read(uhid, &event, sizeof(event)) < 0)
			die("cannot read from /dev/uhid");
	} while (event.type != UHID_START);
	id = find_device(name, sizeof(name));
	wait_for_probe(name);
	return id;
}

#define HID_HOOK	"HID-BPF: hid_device_event()"
#define HID_PROGRAMS	4

static struct hid_event *load_hid(int id)
{
	struct hid_event *skel = hid_event__open();

	if (!skel)
		die("cannot open hid-event.bpf.o");
	skel->struct_ops.event_0->hid_id = id;
	skel->struct_ops.event_1->hid_id = id;
	skel->struct_ops.event_2->hid_id = id;
	skel->struct_ops.event_3->hid_id = id;
	if (hid_event__load(skel))
		die("cannot load hid-event.bpf.o");
	return skel;
}

/*
 * Without a program: none was attached since the device was made. After the first one, the
 * kernel keeps a copy of each report for programs, until the device is removed.
 */
static void measure_hid(struct hid_event *skel)
{
	struct bpf_map *ops[HID_PROGRAMS] = {
		skel->maps.event_0, skel->maps.event_1, skel->maps.event_2, skel->maps.event_3,
	};
	struct bpf_link *link[HID_PROGRAMS];
	unsigned long long without = measure(send_report);
	unsigned int n = 0;

	link[n++] = attach(ops[0]);
	row(HID_HOOK, n, without, measure_with(send_report, skel->progs.hid_pass, n));
	while (n < HID_PROGRAMS) {
		link[n] = attach(ops[n]);
		n++;
	}
	row(HID_HOOK, n, without, measure_with(send_report, skel->progs.hid_pass, n));
	while (n--)
		bpf_link__destroy(link[n]);
}

static void rows_of_hid(void)
{
	struct hid_event *skel;

	if (!has_ops("bpf_struct_ops_hid_bpf_ops")) {
		no_row(HID_HOOK, 1);
		no_row(HID_HOOK, HID_PROGRAMS);
		return;
	}
	skel = load_hid(create_device());
	measure_hid(skel);
	hid_event__destroy(skel);
	close(uhid);
}

/* ---- sched_ext ---- */

/*
 * A change of the task's own weight: the scheduler takes the task from the processor and gives
 * it back, so each of the hooks runs once, and no other task does.  A call that changes nothing
 * runs none, so the first must not find the weight that it sets.
 */
static void change_weight(unsigned int i)
{
	if (setpriority(PRIO_PROCESS, 0, i & 1))
		die("setpriority()");
}

static void set_policy(int policy)
{
	struct sched_param param = {};

	if (sched_setscheduler(0, policy, &param))
		die("cannot change the scheduling policy");
}

static unsigned long long measure_scheduler(struct bpf_map *ops, const struct bpf_program *prog)
{
	struct bpf_link *link = attach(ops);
	unsigned long long cost;

	set_policy(EXT);
	cost = prog ? measure_with(change_weight, prog, 1) : measure(change_weight);
	set_policy(SCHED_OTHER);
	bpf_link__destroy(link);
	return cost;
}

#define RUNNING_HOOK	"sched_ext: running()"
#define WEIGHT_HOOK	"sched_ext: set_weight()"

static void rows_of_scheduler(void)
{
	struct scheduler *skel;
	unsigned long long without;
	cpu_set_t set;

	if (!has_ops("bpf_struct_ops_sched_ext_ops")) {
		no_row(RUNNING_HOOK, 1);
		no_row(WEIGHT_HOOK, 1);
		return;
	}
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity()");
	change_weight(1);
	skel = scheduler__open_and_load();
	if (!skel)
		die("cannot load scheduler.bpf.o");
	without = measure_scheduler(skel->maps.without, NULL);
	row(RUNNING_HOOK, 1, without,
	    measure_scheduler(skel->maps.with_running, skel->progs.running_pass));
	row(WEIGHT_HOOK, 1, without,
	    measure_scheduler(skel->maps.with_set_weight, skel->progs.set_weight_pass));
	scheduler__destroy(skel);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		rounds = atoi(argv[1]);
	if (argc > 2 || !rounds) {
		fprintf(stderr, "usage: hooks [ROUNDS]\n");
		return 2;
	}
	rows_of_hid();
	rows_of_scheduler();
	return 0;
}
