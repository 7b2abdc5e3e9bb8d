// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything at once, at random
 *
 * Threads create and destroy devices, register and unregister drivers, attach,
 * update and detach policies, provoke ejections, write overrides, bind and
 * unbind by hand, rebind, re-elect, explain, read every file in sysfs, and
 * unload and load the contract module and the simulated parent, all on the same
 * few names.  Each call must end with one of the results that it may have.
 * Tracepoints report the events of devices; an oracle with its own rules judges
 * them (lib/oracle.h).  Now and then all threads stop, and the state is compared
 * with the events.
 *
 *   BX_STRESS_SECONDS=	how long (10; 60 in the sanitizer kernel)
 *   BX_STRESS_SEED=	what each thread does, in order; how the threads
 *			interleave is not repeatable
 */
#include <dirent.h>
#include <errno.h>
#include <bpf/bpf.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <bpf/libbpf.h>
#include <kselftest.h>
#include <linux/bx_sf.h>
#include "../lib/bxtest.h"
#include "../lib/oracle.h"
#include "../stress/stress.h"
#include "selftests/bpf/stress.skel.h"

#define THREADS		6
#define DRIVERS		5	/* a and on */
#define CHECK_MS	900

static struct worker workers[THREADS];
static bool stop;
/* Held for reading during each operation. */
static pthread_rwlock_t world;
/* bxt_*() of the control interface has one buffer for all. */
pthread_mutex_t control_lock = PTHREAD_MUTEX_INITIALIZER;
static struct stress *skel;
static struct ring_buffer *ring;
static pthread_mutex_t ring_lock = PTHREAD_MUTEX_INITIALIZER;
static char problem[512];	/* the first one */

static __attribute__((format(printf, 1, 2))) void wrong(const char *fmt, ...)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	va_list args;

	pthread_mutex_lock(&lock);
	if (!*problem) {
		va_start(args, fmt);
		vsnprintf(problem, sizeof(problem), fmt, args);
		va_end(args);
	}
	pthread_mutex_unlock(&lock);
}

static const char *any_driver(struct worker *w)
{
	static const char *const names[DRIVERS] = { "a", "b", "c", "d", "e" };

	return names[any(w, DRIVERS)];
}

/* ---- devices and drivers ---- */

static int create(struct worker *w)
{
	unsigned int i = any(w, DEVICES);

	return bxt_sim("create", "d%u f05%u:%u", i, 5 + any(w, 2),
		       1 + any(w, 3));
}

static int destroy_any(struct worker *w)
{
	return bxt_sim("destroy", "d%u", any(w, DEVICES));
}

static const char *const guids[] = {
	"6a4c1c2e-6b0a-4e5e-9d4f-000000000001", "6a4c1c2e-6b0a-4e5e-9d4f-000000000002",
	"6a4c1c2e-6b0a-4e5e-9d4f-000000000003",
};

#define GUIDS	(sizeof(guids) / sizeof(*guids))

static int create_on_request(struct worker *w)
{
	static const char *const types[] = { "small", "large", "single" };
	char path[128];

	snprintf(path, sizeof(path), "/sys/devices/%s/bx_types/%s/create",
		 one_in(w, 2) ? "bxsim" : "bxsim2", types[any(w, 3)]);
	return bxt_write(path, guids[any(w, GUIDS)]);
}

static int remove_on_request(struct worker *w)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/bx-sf/devices/%s/remove", guids[any(w, GUIDS)]);
	return bxt_write(path, "1");
}

static int parent_comes_or_goes(struct worker *w)
{
	if (one_in(w, 2))
		return bxt_sim("parent_add", "bxsim2");
	return bxt_sim("parent_del", "bxsim2 gone=%d", one_in(w, 2));
}

/* The last span of each driver; an outdated one only makes the oracle more lenient. */
static int driver_span[DRIVERS];

static int add_driver(struct worker *w)
{
	static const struct {
		const char *ids;
		__u32 vendor, id;
	} tables[] = {
		{ "ids=*:*", BX_ANY, BX_ANY },
		{ "ids=f055:*", 0xf055, BX_ANY },
		{ "ids=*:2", BX_ANY, 2 },
		{ "", 0, 0 },
	};
	static const char *const results[] = {
		"0", "0", "0", "0", "-ENODEV", "-EPROBE_DEFER", "-EIO",
	};
	struct oracle_span span = { .what = ORACLE_DRIVER };
	const char *name = any_driver(w);
	unsigned int table = any(w, 4);
	int id, err;

	strcpy(span.subject, name);
	span.vendor = tables[table].vendor;
	span.id = tables[table].id;
	id = oracle_begin(&span);
	err = bxt_sim("driver_add", "%s %s probe=%s", name, tables[table].ids,
		      results[any(w, 7)]);
	if (err) {
		oracle_never(id);
		return err;
	}
	oracle_began(id);
	__atomic_store_n(&driver_span[*name - 'a'], id, __ATOMIC_SEQ_CST);
	return 0;
}

static int del_driver(struct worker *w)
{
	const char *name = any_driver(w);
	int id = __atomic_load_n(&driver_span[*name - 'a'], __ATOMIC_SEQ_CST);
	int err = bxt_sim("driver_del", "%s", name);

	if (!err)
		oracle_ended(id);
	return err;
}

static int set_driver(struct worker *w)
{
	return bxt_sim("driver_set", "%s probe=%s", any_driver(w),
		       one_in(w, 3) ? "-ENODEV" : "0");
}

/* By hand, whether it is elected or not; the kernel decides. */
static int bind_by_hand(struct worker *w)
{
	char path[80], device[8];

	snprintf(path, sizeof(path), "/sys/bus/bx-sf/drivers/%s/%s",
		 any_driver(w), one_in(w, 2) ? "bind" : "unbind");
	snprintf(device, sizeof(device), "d%u", any(w, DEVICES));
	return bxt_write(path, device);
}

/* One span at a time for each device. */
static struct {
	pthread_mutex_t	lock;
	int		span;
	bool		set;
} overrides[DEVICES];

static int write_override(struct worker *w)
{
	struct oracle_span span = { .what = ORACLE_OVERRIDE };
	unsigned int i = any(w, DEVICES);
	bool set = one_in(w, 3);
	int id = 0, err;

	pthread_mutex_lock(&overrides[i].lock);
	snprintf(span.subject, sizeof(span.subject), "d%u", i);
	strcpy(span.object, set ? any_driver(w) : "");
	if (set)
		id = oracle_begin(&span);
	err = bxt_set_override("bx-sf", span.subject, span.object);
	if (!err && overrides[i].set)
		oracle_ended(overrides[i].span);
	if (err && set)
		oracle_never(id);
	if (!err) {
		overrides[i].set = set;
		overrides[i].span = id;
	}
	pthread_mutex_unlock(&overrides[i].lock);
	return err;
}

/* ---- calls ---- */

static int call_device(struct worker *w)
{
	char path[80];

	snprintf(path, sizeof(path), "/sys/bus/bx-sf/devices/d%u/exec",
		 any(w, DEVICES));
	/* from the driver, or from outside of it */
	return one_in(w, 2) ? bxt_write(path, "0 some text") :
	       bxt_sim("call", "d%u %d 2", any(w, DEVICES), one_in(w, 4));
}

static int unplug(struct worker *w)
{
	return bxt_sim("unplug", "d%u", any(w, DEVICES));
}

static int hold(struct worker *w)
{
	if (one_in(w, 3))
		return bxt_sim("call", "- 0 some text");
	return one_in(w, 2) ? bxt_sim("hold", "-") :
			      bxt_sim("hold", "d%u", any(w, DEVICES));
}

/* ---- questions and requests ---- */

static int with_control(struct worker *w, int (*fn)(struct worker *w))
{
	int ret;

	pthread_mutex_lock(&control_lock);
	ret = fn(w);
	pthread_mutex_unlock(&control_lock);
	return ret < 0 ? ret : 0;
}

static int ask_something(struct worker *w)
{
	const struct bx_opinion *opinions;
	const struct bx_policy_rec *policies;
	const struct bx_driver_rec *drivers;
	struct bx_exit_info info;
	char device[8];
	int err;

	snprintf(device, sizeof(device), "d%u", any(w, DEVICES));
	switch (any(w, 4)) {
	case 0:
		return bxt_opinions(device, &opinions);
	case 1:
		return bxt_policies(&policies);
	case 2:
		return bxt_drivers(&drivers);
	default:
		err = bxt_ejection("p3", &info);
		return err == -ENOENT ? 0 : err;
	}
}

static int request_something(struct worker *w)
{
	char device[8];

	snprintf(device, sizeof(device), "d%u", any(w, DEVICES));
	return one_in(w, 4) ? bxt_reelect(one_in(w, 2) ? "" : "bx-sf") :
			      bxt_rebind(device);
}

static int question(struct worker *w)
{
	return with_control(w, ask_something);
}

static int request(struct worker *w)
{
	return with_control(w, request_something);
}

static void read_tree(const char *dir, int depth)
{
	struct dirent *entry;
	char path[512], buf[8192];
	struct stat st;
	DIR *d = opendir(dir);

	if (!d)
		return;
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (lstat(path, &st))
			continue;
		if (S_ISDIR(st.st_mode) && depth)
			read_tree(path, depth - 1);
		else if (S_ISREG(st.st_mode) && st.st_mode & 0444)
			bxt_read(path, buf, sizeof(buf));
	}
	closedir(d);
}

static int read_everything(struct worker *w)
{
	static const char *const dirs[] = {
		"/sys/kernel/bus_ext", "/sys/bus/bx-sf", "/sys/devices/bxsim",
	};

	read_tree(dirs[any(w, 3)], 3);
	return 0;
}

/* ---- modules ---- */

static int load(const char *module)
{
	int err = bxt_load_built(BXT_MODULES, module);

	return err == -EEXIST ? 0 : err;
}

static int reload_modules(struct worker *w)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	__u64 before = oracle_now();
	int err;

	/* rarely: without the parent the other threads have little to do */
	if (!one_in(w, 4))
		return 0;
	pthread_mutex_lock(&lock);
	err = bxt_unload("bxsim");
	if (!err) {
		oracle_all_ended(ORACLE_DRIVER, before);
		if (one_in(w, 2))
			err = bxt_unload("bx_sf");
		/* a policy may be active there */
		err = err == -EBUSY || err == -EAGAIN ? 0 : err;
		err = err ?: load("bx_sf") ?: load("bxsim");
	}
	pthread_mutex_unlock(&lock);
	return err;
}

/* ---- operations, and the results that they may have ---- */

static struct operation {
	const char	*name;
	int		(*run)(struct worker *w);
	int		weight;
	int		may_fail[7];	/* these, or success */
	unsigned long	done, refused;
} operations[] = {
	/* no module, or in use, being made or destroyed, not there */
	{ "create a device", create, 20, { ENOENT, EEXIST, ENODEV } },
	{ "destroy a device", destroy_any, 20, { ENOENT, ENODEV, EBUSY } },
	/* also: no capacity; a quarantined policy refuses it */
	{ "create on request", create_on_request, 12,
	  { ENOENT, EEXIST, ENODEV, EUSERS, EPERM } },
	{ "remove on request", remove_on_request, 8, { ENOENT, ENODEV, EAGAIN } },
	{ "add or remove a parent", parent_comes_or_goes, 4,
	  { ENOENT, EEXIST, ENODEV, EBUSY } },
	{ "add a driver", add_driver, 12, { ENOENT, EEXIST, ENODEV, EBUSY } },
	{ "delete a driver", del_driver, 8, { ENOENT, ENODEV, EBUSY } },
	{ "set a driver", set_driver, 4, { ENOENT, ENODEV } },
	/* bind passes on what probe() says */
	{ "bind by hand", bind_by_hand, 8,
	  { ENOENT, ENODEV, EBUSY, EINVAL, EAGAIN, EIO } },
	{ "override", write_override, 4, { ENOENT, ENODEV } },
	/* without the bus there is nothing to attach to */
	{ "attach or detach", attach_or_detach, 10, { EEXIST, ENODEV } },
	{ "attach and detach", attach_blindly, 4, { EEXIST, ENODEV } },
	/* not bound, gone; a policy denies, or redirects in a circle */
	{ "call", call_device, 25, { ENOENT, ENODEV, EACCES, ELOOP } },
	{ "unplug", unplug, 2, { ENOENT, ENODEV } },
	{ "hold and call", hold, 4, { ENOENT, ENODEV, EACCES, ELOOP } },
	/* ejected, and its link soon or already gone */
	{ "update", update_policy, 8, { ENODEV, ESHUTDOWN, ENOLINK, EPERM } },
	/* attached by another thread, ejected meanwhile; or the policy refuses */
	{ "commit", commit_policy, 8,
	  { ENODEV, EEXIST, ENOENT, ECANCELED } },
	{ "ask", question, 10, { ENODEV } },
	{ "rebind or re-elect", request, 8,
	  { ENODEV, EAGAIN, EIO } },
	{ "read sysfs", read_everything, 3, {} },
	/* another thread has a file of it open, or is creating a device */
	{ "reload modules", reload_modules, 1, { EBUSY, EAGAIN, ENOENT } },
};

#define OPERATIONS	(sizeof(operations) / sizeof(*operations))

static bool may_end_so(const struct operation *op, int err)
{
	for (int i = 0; i < 7; i++) {
		if (err && op->may_fail[i] == -err)
			return true;
	}
	return !err;
}

static struct operation *any_operation(struct worker *w)
{
	unsigned int i, sum = 0;

	for (i = 0; i < OPERATIONS; i++)
		sum += operations[i].weight;
	sum = any(w, sum);
	for (i = 0; sum >= (unsigned int)operations[i].weight; i++)
		sum -= operations[i].weight;
	return &operations[i];
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct operation *op;
	int err;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		op = any_operation(w);
		pthread_rwlock_rdlock(&world);
		err = op->run(w);
		pthread_rwlock_unlock(&world);
		__atomic_fetch_add(err ? &op->refused : &op->done, 1,
				   __ATOMIC_RELAXED);
		if (!may_end_so(op, err))
			wrong("%s: %s", op->name, strerror(-err));
	}
	return NULL;
}

/* ---- while all threads wait ---- */

static int on_event(void *unused, void *data, size_t size)
{
	oracle_event(data);
	return 0;
}

static bool probe_would_succeed(const char *driver)
{
	char buf[8192], line[BX_NAME_LEN + 2], *found;

	snprintf(line, sizeof(line), "%s ", driver);
	if (bxt_read("/sys/devices/bxsim/drivers", buf, sizeof(buf)))
		return false;
	found = strstr(buf, line);
	if (!found)
		return false;
	found[strcspn(found, "\n")] = '\0';
	return strstr(found, "probe=0");
}

/* Returns in how many drivers' folders it is. */
static int count_drivers(const char *device)
{
	char path[80];
	int n = 0;

	for (int i = 0; i < DRIVERS; i++) {
		snprintf(path, sizeof(path), "/sys/bus/bx-sf/drivers/%c/%s",
			 'a' + i, device);
		n += !access(path, F_OK);
	}
	return n;
}

/* No driver can reset it, although an override names one. */
static bool is_unplugged(const char *device)
{
	return bxt_sim("call", "%s 0 text", device) == -ENODEV;
}

/*
 * Returns the number of events that no program has seen: where a tracepoint can be preempted,
 * as in Linux 7.3, BPF skips a program that another task is running on this processor.
 */
static unsigned long long missed(void)
{
	struct bpf_program *prog;
	unsigned long long sum = 0;

	bpf_object__for_each_program(prog, skel->obj) {
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);

		if (!bpf_prog_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			sum += info.recursion_misses;
	}
	return sum;
}

/*
 * Returns the fault of a device, NULL when it has none.  After a missed event, the others do
 * not tell its driver.
 */
static const char *fault_of(const char *device)
{
	const char *now = bxt_bound_on("bx-sf", device);
	const char *seen = oracle_driver(device);
	bool is_there = *now != '(';
	static char text[200];
	struct bx_device_rec rec;
	int n = count_drivers(device);

	*text = '\0';
	if (!seen && is_there && !missed())
		snprintf(text, sizeof(text), "is there without an event");
	else if (seen && strcmp(now, seen) && !missed())
		snprintf(text, sizeof(text), "has '%s', events say '%s'", now,
			 seen);
	else if (is_there && n != !!*now)
		snprintf(text, sizeof(text), "is with %d drivers", n);
	else if (is_there && !*now && !bxt_device(device, &rec) &&
		 rec.decision.outcome == BX_OUT_DRIVER &&
		 probe_would_succeed(rec.decision.driver) &&
		 !is_unplugged(device))
		snprintf(text, sizeof(text),
			 "is not bound to '%s', which is elected and would take it",
			 rec.decision.driver);
	return *text ? text : NULL;
}

static void consume(void)
{
	pthread_mutex_lock(&ring_lock);
	ring_buffer__consume(ring);
	pthread_mutex_unlock(&ring_lock);
}

/* Each wait reads the ring, which must not fill up. */
static void *listen(void *unused)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		consume();
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* The driver core retries deferred probes whenever it likes. */
static bool is_right(void *device)
{
	consume();
	return !fault_of(device);
}

static void check_device(const char *device)
{
	if (!bxt_becomes(is_right, (void *)device))
		wrong("%s %s", device, fault_of(device));
}

static void check_world(void)
{
	char buf[32], device[8];
	int links, err;

	pthread_rwlock_wrlock(&world);
	err = bxt_settle() ?: bxt_reelect("bx-sf");
	/* the bus may not be there */
	if (err && err != -ENODEV)
		wrong("it does not settle: %s", strerror(-err));
	for (int i = 0; i < DEVICES; i++) {
		snprintf(device, sizeof(device), "d%d", i);
		check_device(device);
	}
	for (size_t i = 0; i < GUIDS; i++)
		check_device(guids[i]);
	links = live_links();
	bxt_read("/sys/kernel/bus_ext/nr_policies", buf, sizeof(buf));
	if (atoi(buf) != links)
		wrong("%d policies are attached, there are %d", links,
		      atoi(buf));
	pthread_rwlock_unlock(&world);
}

/* ---- the program ---- */

static int prepare(unsigned int seed)
{
	const int kind = PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP;
	pthread_rwlockattr_t attr;

	pthread_rwlockattr_init(&attr);
	/* without this the checks would never get the lock */
	pthread_rwlockattr_setkind_np(&attr, kind);
	pthread_rwlock_init(&world, &attr);
	for (int i = 0; i < DEVICES; i++)
		pthread_mutex_init(&overrides[i].lock, NULL);
	for (int i = 0; i < THREADS; i++)
		workers[i].random = seed + i;
	prepare_policies();
	skel = stress__open_and_load();
	if (!skel || stress__attach(skel))
		return bxt_complain("watch the tracepoints", -errno);
	ring = ring_buffer__new(bpf_map__fd(skel->maps.events), on_event, NULL,
				NULL);
	return ring ? 0 : bxt_complain("read events", -errno);
}

/* For a verdict: a slow machine may need longer than was asked for. */
static bool is_enough(void)
{
	unsigned long total = 0;

	for (unsigned int i = 0; i < OPERATIONS; i++)
		total += operations[i].done;
	return total > 100 && oracle_binds() > 10 && bxt_nr_ejected() > 0;
}

/* A complaint ends the run early, unless it may come from a missed event. */
static void run(unsigned int seconds)
{
	const struct timespec pause = { .tv_nsec = CHECK_MS * 1000 * 1000L };
	__u64 end = oracle_now() + seconds * 1000000000ULL;
	__u64 enough = oracle_now() + bxt_patience() * 1000000000ULL;
	pthread_t listener;

	pthread_create(&listener, NULL, listen, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	while ((oracle_now() < end ||
		(oracle_now() < enough && !is_enough())) &&
	       !*problem && (!oracle_complaint() || missed())) {
		nanosleep(&pause, NULL);
		check_world();
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(listener, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	check_world();
}

static void report_oracle(unsigned int seed, bool complete)
{
	const char *name = "no device has a driver without an opinion for it";
	/* without all events the oracle knows nothing */
	const char *complaint = complete ? oracle_complaint() : NULL;

	if (complaint)
		ksft_print_msg("STRESS_SEED=%u: %s\n", seed, complaint);
	if (missed())
		ksft_test_result_skip("%s: %llu events missed\n", name, missed());
	else
		ksft_test_result(!complaint, "%s\n", name);
}

/* The runner shows what stands before a failed result. */
static void report(unsigned int seed)
{
	for (unsigned int i = 0; i < OPERATIONS; i++)
		ksft_print_msg("%6lu + %6lu refused: %s\n", operations[i].done,
			       operations[i].refused, operations[i].name);
	ksft_print_msg("%6lu drivers bound, %d ejections\n", oracle_binds(),
		       bxt_nr_ejected());
	if (*problem)
		ksft_print_msg("STRESS_SEED=%u: %s\n", seed, problem);
	ksft_test_result(!*problem, "calls end and states are as they should\n");
	report_oracle(seed, !skel->bss->lost && !missed());
	if (skel->bss->lost)
		ksft_print_msg("%llu events lost\n", skel->bss->lost);
	ksft_test_result(is_enough() && !skel->bss->lost,
			 "enough has happened, and all was seen\n");
}

int main(void)
{
	unsigned int seconds = bxt_setting("BX_STRESS_SECONDS",
		access("/sys/kernel/debug/kmemleak", F_OK) ? 10 : 60);
	unsigned int seed = bxt_setting("BX_STRESS_SEED", time(NULL));
	int err;

	ksft_print_header();
	ksft_set_plan(4);
	ksft_print_msg("%u seconds; again with STRESS_SEED=%u\n", seconds, seed);
	if (bxt_start("bxsim") || bxt_clean() || prepare(seed))
		return KSFT_FAIL;
	run(seconds);
	report(seed);
	detach_policies(&workers[0]);
	ring_buffer__free(ring);
	stress__destroy(skel);
	err = bxt_finish();
	ksft_test_result(!err, "nothing is left\n");
	ksft_finished();
}
