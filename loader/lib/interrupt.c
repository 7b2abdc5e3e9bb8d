// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: signals that end the process
 *
 * SIGINT, SIGTERM and SIGHUP may end the process between any two instructions: the next
 * command recovers the state on disk and in the kernel, as after SIGKILL.  Two measures
 * avoid most of that:
 *
 *	- While the pins or the state of a bundle are being changed, these signals are
 *	  blocked (hold_signals()), at most for the handle's timeout.
 *	- Temporary files are registered here, and bx_discard_temporary() removes them.  It
 *	  may be called in a signal handler, so it allocates nothing and takes no lock.
 *
 * The library installs no handler; the program may do so.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/syscall.h>

#include "internal.h"
#include "tree.h"

#define MAX_TEMPORARY	8

enum { FREE, FILLING, LISTED };

static struct {
	char	path[PATH_MAX];
	int	state;
} temporary[MAX_TEMPORARY];

/* ---- blocking signals ---- */

void hold_signals(struct bx_handle *h)
{
	sigset_t set;

	if (h->holds++)
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, &h->mask);
}

void release_signals(struct bx_handle *h)
{
	if (!--h->holds)
		pthread_sigmask(SIG_SETMASK, &h->mask, NULL);
}

/* ---- temporary files ---- */

/* A path that does not fit is not registered, and so the file stays after a signal. */
void bx_temporary(const char *path)
{
	for (unsigned int i = 0; i < MAX_TEMPORARY; i++) {
		int free = FREE;

		if (strlen(path) >= sizeof(temporary[i].path) ||
		    !__atomic_compare_exchange_n(&temporary[i].state, &free,
						 FILLING, false,
						 __ATOMIC_ACQUIRE,
						 __ATOMIC_RELAXED))
			continue;
		strcpy(temporary[i].path, path);
		__atomic_store_n(&temporary[i].state, LISTED, __ATOMIC_RELEASE);
		return;
	}
}

void bx_temporary_done(const char *path)
{
	for (unsigned int i = 0; i < MAX_TEMPORARY; i++) {
		if (__atomic_load_n(&temporary[i].state, __ATOMIC_ACQUIRE) !=
		    LISTED || strcmp(temporary[i].path, path))
			continue;
		__atomic_store_n(&temporary[i].state, FREE, __ATOMIC_RELEASE);
		return;
	}
}

/* Removes a file, or a directory with its contents, without following links. */
static void discard(int dir, const char *name, unsigned int depth)
{
	char buf[2048] __attribute__((aligned(8)));
	struct dirent64 *d;
	long n;
	int fd;

	if (!unlinkat(dir, name, 0) || depth > TREE_DEPTH + 1)
		return;
	fd = openat(dir, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0)
		for (long at = 0; at < n; at += d->d_reclen) {
			d = (struct dirent64 *)(buf + at);
			if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
				discard(fd, d->d_name, depth + 1);
		}
	close(fd);
	unlinkat(dir, name, AT_REMOVEDIR);
}

void bx_discard_temporary(void)
{
	int before = errno;

	for (unsigned int i = 0; i < MAX_TEMPORARY; i++)
		if (__atomic_load_n(&temporary[i].state, __ATOMIC_ACQUIRE) ==
		    LISTED)
			discard(AT_FDCWD, temporary[i].path, 0);
	errno = before;
}
