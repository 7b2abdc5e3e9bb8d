// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations that fail on request: see failslab.h
 *
 * A sweep arms hundreds of times, under a sanitizer: hence the kernel's symbols
 * are read once, and the worker threads stay open from one time to the next.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <kselftest.h>
#include "bxtest.h"
#include "failslab.h"

#define FAILSLAB	"/sys/kernel/debug/failslab/"
/* Where x86-64 has its modules; frames outside of it do not count. */
#define MODULES_START	"0xffffffffa0000000"
#define MODULES_END	"0xffffffffff000000"
#define MAX_WORKERS	64
#define MAX_PID		32768	/* of this many the names are remembered */

/* ---- spared functions ---- */

/*
 * Bugs of the kernel itself when memory is short are not tested:
 *
 * - bus_register() of 6.12 unregisters, when it fails, a lockdep key that it has
 *   not registered yet, and lockdep warns;
 * - module_remove_driver() needs memory for the name of the link that it must
 *   remove: without, the link stays, and the driver cannot come back.
 *
 * One function at a time can be spared.
 */
static struct {
	const char	*function;
	char		start[32], end[32];	/* where it is; "" if not known */
} spared[] = {
	{ "bus_register" }, { "module_remove_driver" },
};

#define NR_SPARED	((int)ARRAY_SIZE(spared))

/* A symbol ends where the next one begins.  Returns how many were completed. */
static int note_symbol(const char *address, const char *name)
{
	int completed = 0;

	for (int i = 0; i < NR_SPARED; i++) {
		if (*spared[i].start && !*spared[i].end) {
			snprintf(spared[i].end, 32, "0x%s", address);
			completed++;
		} else if (!strcmp(spared[i].function, name)) {
			snprintf(spared[i].start, 32, "0x%s", address);
		}
	}
	return completed;
}

static int find_spared(void)
{
	FILE *symbols = fopen("/proc/kallsyms", "r");
	char line[256], address[28], name[128];
	int missing = NR_SPARED;

	while (symbols && missing && fgets(line, sizeof(line), symbols)) {
		if (sscanf(line, "%27s %*s %127s", address, name) == 2)
			missing -= note_symbol(address, name);
	}
	if (symbols)
		fclose(symbols);
	return missing ? -ENOENT : 0;
}

/* Lets no allocation of this function fail; one function at a time. */
int failslab_spare(const char *function)
{
	for (int i = 0; i < NR_SPARED; i++) {
		if (!strcmp(spared[i].function, function))
			return bxt_write(FAILSLAB "reject-start",
					 spared[i].start) ?:
			       bxt_write(FAILSLAB "reject-end", spared[i].end);
	}
	return -ENOENT;
}

bool failslab_exists(void)
{
	return !access(FAILSLAB "require-start", F_OK);
}

/* For a whole program: choose the allocations of armed tasks that may fail. */
int failslab_setup(void)
{
	/* nothing fails by chance, only in armed tasks */
	return find_spared() ?: failslab_spare("bus_register") ?:
	       bxt_write(FAILSLAB "probability", "0") ?:
	       bxt_write(FAILSLAB "verbose", getenv("V") ? "1" : "0") ?:
	       bxt_write(FAILSLAB "ignore-gfp-wait", "0") ?:
	       bxt_write(FAILSLAB "stacktrace-depth", "32") ?:
	       bxt_write(FAILSLAB "require-start", MODULES_START) ?:
	       bxt_write(FAILSLAB "require-end", MODULES_END);
}

/* ---- armed tasks ---- */

static int open_nth(const char *pid)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/fail-nth", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int set_nth(int fd, int nth)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", nth);
	return pwrite(fd, text, strlen(text), 0) < 0 ? -errno : 0;
}

/* Disarms a task; returns whether its fault happened. */
static bool was_hit(int fd)
{
	char left[16];
	bool hit = pread(fd, left, sizeof(left), 0) > 0 && left[0] == '0';

	set_nth(fd, 0);
	return hit;
}

static struct {
	int	pid, fd;
} workers[MAX_WORKERS];
static int nr_workers;
static bool no_worker[MAX_PID];	/* by process: never becomes one */

static bool is_known(int pid)
{
	for (int i = 0; i < nr_workers; i++) {
		if (workers[i].pid == pid)
			return true;
	}
	return pid < MAX_PID && no_worker[pid];
}

static bool is_worker(const char *pid)
{
	char path[300], comm[32];

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	if (bxt_read(path, comm, sizeof(comm)))
		return false;
	if (!strncmp(comm, "kworker/u", 9))
		return true;
	/* a thread of the kernel gets its name a moment after it begins */
	if (strcmp(comm, "kthreadd\n") && atoi(pid) < MAX_PID)
		no_worker[atoi(pid)] = true;
	return false;
}

static int add_worker(const char *pid)
{
	int fd;

	if (is_known(atoi(pid)) || !is_worker(pid))
		return 0;
	fd = open_nth(pid);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;	/* it ended */
	if (nr_workers == MAX_WORKERS) {
		close(fd);
		return -E2BIG;
	}
	workers[nr_workers].pid = atoi(pid);
	workers[nr_workers++].fd = fd;
	return 0;
}

/* Opens the workers that have begun since the last time. */
static int find_workers(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int err = 0;

	if (!proc)
		return -errno;
	while (!err && (entry = readdir(proc))) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			err = add_worker(entry->d_name);
	}
	closedir(proc);
	return err;
}

static int arm_workers(int nth)
{
	int err = find_workers(), left = 0;

	for (int i = 0; i < nr_workers; i++) {
		if (set_nth(workers[i].fd, nth))
			close(workers[i].fd);	/* it ended */
		else
			workers[left++] = workers[i];
	}
	nr_workers = left;
	return err;
}

static int ourselves = -1;	/* while this task is armed */

int failslab_arm(enum whose whose, int nth)
{
	if (whose == WORKERS)
		return arm_workers(nth);
	ourselves = open_nth("thread-self");
	return ourselves < 0 ? ourselves : set_nth(ourselves, nth);
}

/* Returns whether the fault happened. */
bool failslab_disarm(void)
{
	bool hit = false;

	if (ourselves >= 0) {
		hit = was_hit(ourselves);
		close(ourselves);
		ourselves = -1;
		return hit;
	}
	for (int i = 0; i < nr_workers; i++)
		hit |= was_hit(workers[i].fd);
	return hit;
}

/* All allocations of this process fail, or none. */
int failslab_all(bool on)
{
	int err = on ? bxt_write(FAILSLAB "task-filter", "Y") ?:
		       bxt_write(FAILSLAB "times", "-1") : 0;

	return err ?: bxt_write(FAILSLAB "probability", on ? "100" : "0") ?:
	       bxt_write("/proc/self/make-it-fail", on ? "1" : "0") ?:
	       (on ? 0 : bxt_write(FAILSLAB "task-filter", "N"));
}
