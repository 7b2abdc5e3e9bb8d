// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Native tests: one fault at one step of a process
 *
 * The filter raises SIGSYS at the system calls of the table below.  The handler counts
 * the step, and makes the system call itself, with a mark in the sixth argument, which
 * none of these has, for the filter to let it pass.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "steps.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MARK		0x62757365UL

#define ON_CHANGE	(ON_SIGNAL | ON(FAULT_EROFS) | ON(FAULT_EIO))
#define ON_GROWTH	(ON_CHANGE | ON(FAULT_ENOSPC))
#define ON_LOOK		(ON(FAULT_EIO))

/**
 * struct known - a system call that may be a step
 * @nr: its number
 * @name: its name
 * @dir: argument that is the descriptor of a directory, -1 for none
 * @path: argument that is a path, -1 for none
 * @fd: argument that is a descriptor, -1 for none
 * @faults: faults that are possible there
 */
struct known {
	int		nr;
	const char	*name;
	int		dir;
	int		path;
	int		fd;
	unsigned int	faults;
};

static const struct known table[] = {
	{ SYS_openat, "open", 0, 1, -1, ON_LOOK | ON(FAULT_EINTR) },
	{ SYS_openat2, "open", 0, 1, -1, ON_LOOK | ON(FAULT_EINTR) },
	{ SYS_linkat, "link", 2, 3, -1, ON_GROWTH },
	{ SYS_read, "read", -1, -1, 0, ON_LOOK | ON(FAULT_EINTR) },
	{ SYS_write, "write", -1, -1, 0, ON_SIGNAL | ON(FAULT_ENOSPC) |
	  ON(FAULT_EIO) | ON(FAULT_EINTR) },
	{ SYS_close, "close", -1, -1, 0, ON(FAULT_EIO) | ON(FAULT_EINTR) },
	{ SYS_flock, "flock", -1, -1, 0, ON(FAULT_EINTR) },
	{ SYS_fsync, "fsync", -1, -1, 0, ON_GROWTH | ON(FAULT_EINTR) },
	{ SYS_syncfs, "syncfs", -1, -1, 0, ON_GROWTH },
	{ SYS_getdents64, "getdents", -1, -1, 0, ON_LOOK },
	{ SYS_faccessat, "access", 0, 1, -1, ON_LOOK },
	{ SYS_renameat2, "rename", 0, 1, -1, ON_GROWTH },
	{ SYS_unlinkat, "unlink", 0, 1, -1, ON_CHANGE },
	{ SYS_mkdirat, "mkdir", 0, 1, -1, ON_GROWTH },
#ifdef SYS_open
	{ SYS_open, "open", -1, 0, -1, ON_LOOK | ON(FAULT_EINTR) },
	{ SYS_access, "access", -1, 0, -1, ON_LOOK },
	{ SYS_rename, "rename", -1, 0, -1, ON_GROWTH },
	{ SYS_unlink, "unlink", -1, 0, -1, ON_CHANGE },
	{ SYS_mkdir, "mkdir", -1, 0, -1, ON_GROWTH },
	{ SYS_rmdir, "rmdir", -1, 0, -1, ON_CHANGE },
#endif
#ifdef SYS_renameat
	{ SYS_renameat, "rename", 0, 1, -1, ON_GROWTH },
#endif
};

static const struct {
	const char	*name;
	int		signal;
	int		err;
} faults[NR_FAULTS] = {
	[FAULT_NONE]	= { "no fault", 0, 0 },
	[FAULT_KILL]	= { "SIGKILL", SIGKILL, 0 },
	[FAULT_TERM]	= { "SIGTERM", SIGTERM, 0 },
	[FAULT_PIPE]	= { "SIGPIPE", SIGPIPE, EPIPE },
	[FAULT_ENOSPC]	= { "ENOSPC", 0, ENOSPC },
	[FAULT_EROFS]	= { "EROFS", 0, EROFS },
	[FAULT_EIO]	= { "EIO", 0, EIO },
	[FAULT_EINTR]	= { "EINTR", 0, EINTR },
};

static struct {
	char		dir[PATH_MAX];
	char		except[PATH_MAX];
	struct step	*step;
	enum fault	fault;
	unsigned long	at;
	unsigned int	paused;
} s;

const char *fault_name(enum fault fault)
{
	return faults[fault].name;
}

int fault_signal(enum fault fault)
{
	return faults[fault].err ? 0 : faults[fault].signal;
}

/* ---- steps ---- */

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && (!path[len] || path[len] == '/');
}

static bool counts(const char *path)
{
	return is_below(path, s.dir) && !is_below(path, s.except);
}

static void path_of_fd(int fd, char *buf)
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, buf, PATH_MAX - 1);
	buf[n > 0 ? n : 0] = '\0';
}

/* Counts a step; a negative errno, or 0, unless a signal ends the process here. */
static int hit(const char *what, const char *of, unsigned int possible)
{
	if (s.paused || !(possible & ON(s.fault)) || ++s.step->count != s.at)
		return 0;
	s.step->hit = 1;
	snprintf(s.step->what, sizeof(s.step->what), "%s %s", what, of);
	if (faults[s.fault].signal)
		kill(getpid(), faults[s.fault].signal);
	return -faults[s.fault].err;
}

int steps_call(const char *what, const char *of, unsigned int possible)
{
	return hit(what, of, possible);
}

static unsigned int possible_at(const struct known *k, const long *args)
{
	int flags = 0;

	if (k->nr == SYS_openat2)
		flags = ((struct open_how *)args[k->path + 1])->flags;
	else if (!strcmp(k->name, "open"))
		flags = args[k->path + 1];
	else if (!strcmp(k->name, "close"))
		flags = fcntl(args[k->fd], F_GETFL);
	else if (!strcmp(k->name, "write") && args[k->fd] == STDOUT_FILENO)
		return k->faults | ON(FAULT_PIPE);
	else
		return k->faults;
	/* to close a file that was only read loses nothing */
	if (!strcmp(k->name, "close"))
		return (flags & O_ACCMODE) == O_RDONLY ? 0 : k->faults;
	return flags & O_CREAT ? k->faults | ON_GROWTH : k->faults;
}

static long make(const struct known *k, const long *args)
{
	long ret = syscall(k->nr, args[0], args[1], args[2], args[3], args[4],
			   MARK);

	return ret < 0 ? -errno : ret;
}

static long at_call(const struct known *k, const long *args)
{
	char path[PATH_MAX] = "";
	long ret;
	int err;

	if (s.paused)
		return make(k, args);
	if (k->path >= 0 && (k->dir < 0 || args[k->dir] == AT_FDCWD ||
			     ((const char *)args[k->path])[0] == '/'))
		snprintf(path, sizeof(path), "%s", (const char *)args[k->path]);
	else if (k->dir >= 0 || args[k->fd] != STDERR_FILENO)
		path_of_fd(args[k->dir >= 0 ? k->dir : k->fd], path);
	if (!counts(path))
		return make(k, args);
	err = hit(k->name, path, possible_at(k, args));
	if (!err)
		return make(k, args);
	s.step->output = k->fd >= 0 && args[k->fd] == STDOUT_FILENO;
	s.step->closing = k->nr == SYS_close;
	ret = s.step->closing ? make(k, args) : 0;
	return ret ?: err;
}

/* ---- the filter ---- */

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
	int before = errno;
	long ret = -EPERM;
#if defined(__x86_64__)
	long args[5] = {
		m->gregs[REG_RDI], m->gregs[REG_RSI], m->gregs[REG_RDX],
		m->gregs[REG_R10], m->gregs[REG_R8],
	};
#else
	long args[5] = {
		m->regs[0], m->regs[1], m->regs[2], m->regs[3], m->regs[4],
	};
#endif

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].nr == info->si_syscall)
			ret = at_call(&table[i], args);
#if defined(__x86_64__)
	m->gregs[REG_RAX] = ret;
#else
	m->regs[0] = ret;
#endif
	errno = before;
}

static int install_filter(void)
{
	struct sock_filter code[2 * ARRAY_SIZE(table) + 4], *at = code;
	struct sock_fprog prog = { ARRAY_SIZE(code), code };

	*at++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					     offsetof(struct seccomp_data,
						      args[5]));
	*at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MARK,
					     2 * ARRAY_SIZE(table) + 1, 0);
	*at++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					     offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		*at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
						     table[i].nr, 0, 1);
		*at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						     SECCOMP_RET_TRAP);
	}
	*at = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ?:
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

/* ---- processes ---- */

int steps_init(const char *dir, const char *except)
{
	snprintf(s.dir, sizeof(s.dir), "%s", dir);
	snprintf(s.except, sizeof(s.except), "%s", except);
	s.step = mmap(NULL, sizeof(*s.step), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s.step == MAP_FAILED)
		return -1;
	/* EFAULT: it looks at the filter */
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) &&
		errno == EFAULT ? 0 : -1;
}

void steps_begin(enum fault fault, unsigned long at)
{
	struct sigaction action = {
		/* a signal's handler makes system calls, too */
		.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO | SA_NODEFER,
	};

	memset(s.step, 0, sizeof(*s.step));
	s.fault = fault;
	s.at = at;
	s.paused = 0;
	if (fault == FAULT_NONE)
		return;
	if (sigaction(SIGSYS, &action, NULL) || install_filter()) {
		perror("seccomp");
		_exit(125);
	}
}

const struct step *steps_last(void)
{
	return s.step;
}

void steps_pause(void)
{
	s.paused++;
}

void steps_resume(void)
{
	s.paused--;
}
