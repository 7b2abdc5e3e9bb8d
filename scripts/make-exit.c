// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A function for GNU make: $(exit-with STATUS) ends make with that status.
 *
 * make itself ends with 2 whatever status a failed recipe had, but whoever
 * writes 'make vm RUN=...' in a script wants the status of the command.
 * The Makefile works without this, less precisely.
 */
#include <stdlib.h>
#include <gnumake.h>

/* GNU make loads nothing that does not say this. */
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
