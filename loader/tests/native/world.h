/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Native tests: the world of a command
 *
 * The test's own directory with all that bxctl reads and changes:
 *
 *	sys/	replaces /sys			etc/	replaces /etc/bus_ext
 *	pins/	replaces a BPF file system	var/	replaces /var/lib/bus_ext
 *	tmp/	temporary files			in/	objects and bundles
 *	out/	files that bxctl writes		fake/	links and maps
 *	stdout, stderr				of the last command
 */
#ifndef _NATIVE_WORLD_H
#define _NATIVE_WORLD_H

#include <stdbool.h>
#include <stddef.h>

#include "steps.h"

/**
 * struct world - a state of the world
 * @active: the active policies, devices with their drivers, and files that were asked for,
 *	as text
 * @all: everything that there is
 */
struct world {
	char	active[1024];
	char	all[16384];
};

/**
 * struct result - the result of a command
 * @status: its exit status; 128 and the signal when one has ended it
 * @said: the end of its standard error
 * @printed: the end of its standard output
 */
struct result {
	int	status;
	char	said[2048];
	char	printed[2048];
};

/**
 * world_open() - make the directory
 * @objects: the directory of the objects
 *
 * Return: 0 or -1.
 */
int world_open(const char *objects);
void world_close(void);

/**
 * world_begin() - the start of a test: its plan, and the directory
 * @objects: the directory of the objects
 * @tests: number of results
 *
 * Return: whether the tests can run; if not, it has printed the reason.
 */
bool world_begin(const char *objects, unsigned int tests);

/* The path of a file in the directory, in one of four buffers that take turns */
const char *world_path(const char *path);

/* Everything but in/ is as after the first boot. */
void world_reset(void);

/* Removes what a process has left in tmp/. */
void world_clear_temporary(void);

/**
 * world_read() - read the state
 * @product: a file or directory below out/ that counts; NULL for none
 * @world: takes the state
 */
void world_read(const char *product, struct world *world);

/**
 * world_run() - run a command
 * @command: words; '@' is the directory.  The test itself does '!boot', '!clear' for
 *	an empty out/, '!copy' for a bundle in out/, '!source' for one to build, and
 *	'!devices' for two devices that were bound before
 * @fault: the fault
 * @at: its step
 * @result: takes the result
 */
void world_run(const char *command, enum fault fault, unsigned long at,
	       struct result *result);

#endif /* _NATIVE_WORLD_H */
