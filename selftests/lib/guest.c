// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest as the kernel tests see it: files of sysfs, simulated hardware, the
 * kernel's log, modules, and waiting for them: see bxtest.h
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <linux/netlink.h>
#include "bxtest.h"

#define SIM		"/sys/devices/bxsim/"
/* ---- simulated hardware, sysfs ---- */

int bxt_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

int bxt_read(const char *path, char *buf, unsigned int size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	size_t have = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf + have, size - 1 - have)) > 0)
		have += n;
	if (n < 0)
		err = -errno;
	buf[n < 0 ? 0 : have] = '\0';
	close(fd);
	return err;
}

/* The kernel's log from now on, for bxt_kernel_said(); an errno. */
int bxt_kernel_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	lseek(fd, 0, SEEK_END);
	return fd;
}

/* Whether the kernel logged @text since the log was opened or last read. */
bool bxt_kernel_said(int log, const char *text)
{
	char line[1024];
	bool said = false;
	ssize_t n;

	while ((n = read(log, line, sizeof(line) - 1)) > 0) {
		line[n] = '\0';
		said |= !!strstr(line, text);
	}
	return said;
}

int bxt_uevents(void)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);
	int err;

	if (fd < 0 || !bind(fd, (struct sockaddr *)&to, sizeof(to)))
		return fd < 0 ? -errno : fd;
	err = -errno;
	close(fd);
	return err;
}

const char *bxt_uevent_value(const char *event, long len, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = event; p < event + len; p += strlen(p) + 1) {
		if (!strncmp(p, name, n) && p[n] == '=')
			return p + n + 1;
	}
	return "";
}

bool bxt_contains(const char *path, const char *text)
{
	char buf[8192];

	return !bxt_read(path, buf, sizeof(buf)) && strstr(buf, text);
}

int bxt_sim(const char *attr, const char *fmt, ...)
{
	char path[80], line[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	snprintf(path, sizeof(path), SIM "%s", attr);
	return bxt_write(path, line);
}

/* A number that bxsim tells about a driver. */
static int driver_number(const char *driver, const char *key)
{
	char buf[8192], name[BX_NAME_LEN + 2], *line;

	if (bxt_read(SIM "drivers", buf, sizeof(buf)))
		return -ENOENT;
	snprintf(name, sizeof(name), "%s ", driver);
	for (line = strtok(buf, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, name, strlen(name)))
			continue;
		line = strstr(line, key);
		return line ? atoi(line + strlen(key)) : -EPROTO;
	}
	return -ENOENT;
}

/* Returns how often its probe() was called. */
int bxt_probes(const char *driver)
{
	return driver_number(driver, "probes=");
}

int bxt_bound_devices(const char *driver)
{
	return driver_number(driver, "bound=");
}

/* The driver of a device, "" when it has none; valid until the next call. */
const char *bxt_bound_on(const char *bus, const char *device)
{
	static char target[PATH_MAX];
	char path[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s", bus, device);
	if (access(path, F_OK))
		return "(no such device)";
	strcat(path, "/driver");
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return "";
	target[n] = '\0';
	return strrchr(target, '/') + 1;
}

int bxt_set_override(const char *bus, const char *device, const char *driver)
{
	char path[PATH_MAX], line[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/driver_override",
		 bus, device);
	snprintf(line, sizeof(line), "%s\n", driver);
	return bxt_write(path, line);
}

/* "(null)" when there is none */
const char *bxt_override(const char *bus, const char *device)
{
	static char buf[256];
	char path[PATH_MAX];
	int err;

	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/driver_override",
		 bus, device);
	err = bxt_read(path, buf, sizeof(buf));
	buf[strcspn(buf, "\n")] = '\0';
	return err ? strerror(-err) : buf;
}

/* Returns the number of ejections since the module was loaded. */
int bxt_nr_ejected(void)
{
	char buf[32];
	int err = bxt_read("/sys/kernel/bus_ext/nr_ejected", buf, sizeof(buf));

	return err ?: atoi(buf);
}

/* ---- settings and waiting without a ticket ---- */

/* A number from the environment */
unsigned int bxt_setting(const char *name, unsigned int otherwise)
{
	const char *value = getenv(name);

	return value && *value ? strtoul(value, NULL, 0) : otherwise;
}

/*
 * Returns for how many seconds to wait for a condition that must come true: half
 * of the time limit that the runner gives to the program; the runner knows how slow
 * the machine may be.
 */
int bxt_patience(void)
{
	const char *seconds = getenv("BX_TEST_SECONDS");

	return seconds && atoi(seconds) > 1 ? atoi(seconds) / 2 : 60;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/*
 * For work of the kernel's own threads, whose end is not reported: the driver core's
 * retries, the release of BPF objects.
 */
bool bxt_becomes(bool (*is)(void *arg), void *arg)
{
	struct timespec pause = { .tv_nsec = 1000 * 1000 };
	double deadline = now() + bxt_patience();

	while (!is(arg)) {
		if (now() > deadline)
			return false;
		nanosleep(&pause, NULL);
		/* each look costs, too */
		if (pause.tv_nsec < 30 * 1000 * 1000)
			pause.tv_nsec *= 2;
	}
	return true;
}

/* Lets this thread run on one processor only; an errno. */
int bxt_use_cpu(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one) ? -errno : 0;
}

struct pair {
	const char *device, *driver;
};

static bool is_bound_to(void *arg)
{
	struct pair *pair = arg;

	return !strcmp(bxt_bound_on("bx-sf", pair->device), pair->driver);
}

/* The driver core does not report the end of its retry of a deferred probe. */
bool bxt_becomes_bound(const char *device, const char *driver)
{
	struct pair pair = { device, driver };

	return bxt_becomes(is_bound_to, &pair);
}

struct probed {
	const char *driver;
	int times;
};

static bool is_probed(void *arg)
{
	struct probed *probed = arg;

	return bxt_probes(probed->driver) >= probed->times;
}

bool bxt_becomes_probed(const char *driver, int times)
{
	struct probed probed = { driver, times };

	return bxt_becomes(is_probed, &probed);
}

/* ---- modules ---- */

int bxt_load(const char *module)
{
	char command[128];

	snprintf(command, sizeof(command), "modprobe %s", module);
	return system(command) ? -ENOEXEC : 0;
}

/* Without modprobe: the errno is the module's own. */
int bxt_load_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, "", 0))
		err = -errno;
	close(fd);
	return err;
}

/**
 * bxt_load_built() - load a module that was built for the running kernel
 * @dir: its folder, with %s for the version of the kernel
 * @module: its name
 */
int bxt_load_built(const char *dir, const char *module)
{
	char path[PATH_MAX], file[NAME_MAX];
	struct utsname kernel;

	uname(&kernel);
	snprintf(path, sizeof(path), dir, kernel.release);
	snprintf(file, sizeof(file), "/%s.ko", module);
	return bxt_load_file(strcat(path, file));
}

int bxt_unload(const char *module)
{
	return syscall(SYS_delete_module, module, O_NONBLOCK) ? -errno : 0;
}

static bool unloads(void *arg)
{
	return !bxt_unload(arg);
}

/* BPF releases a module some time after its last program was freed. */
int bxt_unload_soon(const char *module)
{
	return bxt_becomes(unloads, (void *)module) ? 0 : -EBUSY;
}

int bxt_refcnt(const char *module)
{
	char path[80], buf[32];
	int err;

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", module);
	err = bxt_read(path, buf, sizeof(buf));
	return err ?: atoi(buf);
}

bool bxt_loaded(const char *module)
{
	char path[80];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	return !access(path, F_OK);
}
