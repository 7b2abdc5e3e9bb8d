// SPDX-License-Identifier: GPL-2.0-only
/*
 * The time from the write to sriov_numvfs until all virtual functions have their driver
 *
 *	functions PF COUNT DRIVER [COMMAND...]
 *
 * Prints nanoseconds.  The kernel's uevents tell of each binding, so that nothing is polled.
 * COMMAND is what an operator types in a shell that is open: it is started before, prints a
 * line when it is ready, and reads one when the functions are there.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/netlink.h>
#include "clock.h"

#define PATIENCE	(600 * 1000)	/* milliseconds without any event */
#define BUFFER		(16 * 1024 * 1024)

static void die(const char *what)
{
	fprintf(stderr, "functions: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- uevents ---- */

static int open_uevents(void)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	int size = BUFFER;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    bind(fd, (struct sockaddr *)&to, sizeof(to)))
		die("cannot listen to uevents");
	return fd;
}

static const char *value(const char *event, ssize_t len, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = event; p < event + len; p += strlen(p) + 1) {
		if (!strncmp(p, name, n) && p[n] == '=')
			return p + n + 1;
	}
	return "";
}

/* Whether the event tells that a virtual function was bound to @driver. */
static int is_bound(const char *event, ssize_t len, const char *driver)
{
	char path[PATH_MAX];

	if (strcmp(value(event, len, "ACTION"), "bind") ||
	    strcmp(value(event, len, "SUBSYSTEM"), "pci") ||
	    strcmp(value(event, len, "DRIVER"), driver))
		return 0;
	snprintf(path, sizeof(path), "/sys%s/physfn", value(event, len, "DEVPATH"));
	return !access(path, F_OK);
}

static void wait_for(int uevents, int count, const char *driver)
{
	struct pollfd fd = { .fd = uevents, .events = POLLIN };
	char event[8192];

	for (int bound = 0; bound < count;) {
		ssize_t len;

		if (poll(&fd, 1, PATIENCE) <= 0) {
			fprintf(stderr, "functions: %d of %d have the driver %s\n", bound, count,
				driver);
			exit(1);
		}
		len = recv(uevents, event, sizeof(event) - 1, 0);
		if (len < 0)
			die("cannot read uevents");
		event[len] = '\0';
		bound += is_bound(event, len, driver);
	}
}

/* ---- the operator ---- */

struct operator {
	pid_t	pid;
	int	to;
};

static struct operator start_operator(char **command)
{
	int in[2], out[2];
	struct operator op;
	char c;

	if (pipe(in) || pipe(out))
		die("cannot make a pipe");
	op = (struct operator) { .pid = fork(), .to = in[1] };
	if (!op.pid) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		close(in[1]);
		close(out[0]);
		execvp(command[0], command);
		die(command[0]);
	}
	close(in[0]);
	close(out[1]);
	if (op.pid < 0 || read(out[0], &c, 1) != 1)
		die("the command has not started");
	return op;
}

static void end_operator(const struct operator *op)
{
	int status;

	if (waitpid(op->pid, &status, 0) < 0 || status) {
		fprintf(stderr, "functions: the command has failed\n");
		exit(1);
	}
}

static void write_numvfs(const char *pf, const char *count)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/sriov_numvfs", pf);
	file = fopen(path, "w");
	if (!file || fputs(count, file) < 0 || fclose(file))
		die(path);
}

int main(int argc, char **argv)
{
	struct operator op = {};
	unsigned long long start;
	int uevents;

	if (argc < 4) {
		fprintf(stderr, "usage: functions PF COUNT DRIVER [COMMAND...]\n");
		return 2;
	}
	uevents = open_uevents();
	if (argc > 4)
		op = start_operator(argv + 4);
	start = now();
	write_numvfs(argv[1], argv[2]);
	if (op.pid && write(op.to, "\n", 1) != 1)
		die("the command has ended");
	wait_for(uevents, atoi(argv[2]), argv[3]);
	printf("%llu\n", now() - start);
	if (op.pid)
		end_operator(&op);
	return 0;
}
