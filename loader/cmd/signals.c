// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: signals, and programs that bxctl starts
 *
 * SIGPIPE is ignored: a closed pipe must not end a command between two steps, and output
 * that cannot be written is an error at its end.  SIGINT, SIGTERM and SIGHUP end bxctl
 * at once, after its temporary files are removed; the library holds them back while it
 * changes something.  After SIGKILL the next command recovers.
 */
#include <signal.h>
#include <spawn.h>
#include <stddef.h>

#include "bxctl.h"

extern char **environ;

static const int ends[] = { SIGINT, SIGTERM, SIGHUP };

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* The signal has its default action now: it ends the process, on return. */
static void on_end(int sig)
{
	bx_discard_temporary();
	raise(sig);
}

/* An ignored signal stays ignored: nohup. */
void handle_signals(void)
{
	struct sigaction end = { .sa_handler = on_end, .sa_flags = SA_RESETHAND };
	struct sigaction before;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&end.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		sigaddset(&end.sa_mask, ends[i]);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (!sigaction(ends[i], NULL, &before) &&
		    before.sa_handler != SIG_IGN)
			sigaction(ends[i], &end, NULL);
}

/* With the usual SIGPIPE */
int spawn(pid_t *pid, char **argv)
{
	posix_spawnattr_t attr;
	sigset_t usual;
	int err;

	err = posix_spawnattr_init(&attr);
	if (err)
		return err;
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &usual);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	err = posix_spawnp(pid, argv[0], NULL, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	return err;
}
