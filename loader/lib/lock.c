// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: locks of directories, which no other user can hold
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "files.h"
#include "internal.h"

#define LOCK_POLL_US	20000

/* Returns the process that holds flock() on @fd, or 0 if the kernel does not tell. */
static int lock_holder(int fd)
{
	unsigned int major, minor;
	unsigned long ino;
	struct stat st;
	char line[256];
	FILE *f;
	int pid, found = 0;

	f = fopen("/proc/locks", "re");
	if (!f || fstat(fd, &st))
		st.st_ino = 0;
	while (f && !found && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*u: FLOCK %*s %*s %d %x:%x:%lu", &pid,
			   &major, &minor, &ino) == 4 && pid > 0 &&
		    ino == st.st_ino && makedev(major, minor) == st.st_dev)
			found = pid;
	if (f)
		fclose(f);
	return found;
}

/* Names the process that holds the lock: "process 123 (bxctl)". */
static const char *holder_text(char *buf, size_t size, int fd)
{
	int pid = lock_holder(fd);
	char path[64], name[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = pid ? fopen(path, "re") : NULL;
	if (f) {
		if (fgets(name, sizeof(name), f))
			name[strcspn(name, "\n")] = '\0';
		fclose(f);
	}
	if (name[0])
		snprintf(buf, size, "process %d (%s)", pid, name);
	else if (pid)
		snprintf(buf, size, "process %d", pid);
	else
		snprintf(buf, size, "another process");
	return buf;
}

static int cannot_lock(struct bx_handle *h, const char *dir, int fd, int err)
{
	char holder[96], time[32];

	if (err == EWOULDBLOCK)
		return fail(h, BX_FAULT_CONFLICT, ETIMEDOUT,
			    "%s has held the lock on '%s' for %s; try again",
			    holder_text(holder, sizeof(holder), fd), dir,
			    seconds_text(time, sizeof(time), h->timeout_ms));
	return fail(h, BX_FAULT_FAILED, err, "cannot lock '%s': %s", dir,
		    strerror(err));
}

static int wait_for_lock(struct bx_handle *h, const char *dir, int fd)
{
	uint64_t end = now_ms() + h->timeout_ms;
	char holder[96];
	bool told = false;
	int err;

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		err = errno;
		if (err == EINTR)
			continue;
		if (err != EWOULDBLOCK || now_ms() >= end)
			return cannot_lock(h, dir, fd, err);
		if (!told)
			note(h, "waiting for the lock on '%s', which %s holds",
			     dir, holder_text(holder, sizeof(holder), fd));
		told = true;
		usleep(LOCK_POLL_US);
	}
	return 0;
}

/*
 * Sets the mode of a directory to 0700, whatever the umask was: to lock a directory, a
 * process must open it, so no other user can hold the lock.
 */
static int make_private(struct bx_handle *h, const char *dir, int fd)
{
	struct stat st;
	int err;

	err = safe_dir(h, fd, dir);
	if (err || fstat(fd, &st) || (st.st_mode & 0777) == 0700)
		return err;
	if (!fchmod(fd, 0700))
		return 0;
	return fail(h, errno == EPERM ? BX_FAULT_PERMISSION : BX_FAULT_FAILED,
		    errno, "cannot make '%s' private: %s; run 'chmod 700 %s'",
		    dir, strerror(errno), dir);
}

/* Waits for the lock of a directory and holds it until *@lock is closed. */
int dir_lock(struct bx_handle *h, const char *dir, int *lock)
{
	int fd, err;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail(h, errno == EACCES ? BX_FAULT_PERMISSION :
			    BX_FAULT_FAILED, errno, "cannot open '%s': %s",
			    dir, strerror(errno));
	err = make_private(h, dir, fd) ?: wait_for_lock(h, dir, fd);
	if (err)
		close(fd);
	else
		*lock = fd;
	return err;
}
