// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A function for GNU make: $(exit-with STATUS) ends make with this status.
 *
 * make ends with 2 if a recipe fails with any status, but a script that calls
 * 'make vm RUN=...' needs the status of the command.  The Makefile works without
 * this function, but then all failures have status 2.
 */
#include <stdlib.h>
#include <gnumake.h>

/* GNU make only loads objects with this symbol. */
int plugin_is_GPL_compatible;

static char *exit_with(const char *name, unsigned int argc, char **argv)
{
	exit(atoi(argv[0]));
}

int make_exit_gmk_setup(void);

int make_exit_gmk_setup(void)
{
	gmk_add_function("exit-with", exit_with, 1, 1, GMK_FUNC_DEFAULT);
	return 1;
}
