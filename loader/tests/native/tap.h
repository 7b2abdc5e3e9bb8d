/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Native tests: results of a program that checks one thing after the other
 */
#ifndef _NATIVE_TAP_H
#define _NATIVE_TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../busext.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static int count, failures;

static inline void check(bool good, const char *name)
{
	printf("%sok %d %s\n", good ? "" : "not ", ++count, name);
	failures += !good;
}

static inline bool same(const char *name, const char *expected, const char *actual)
{
	char shown[80];

	if (!strcmp(expected, actual))
		return true;
	printf("# %s\n#  expected: %s\n#  actual:   %s\n",
	       bx_printable(shown, sizeof(shown), name), expected, actual);
	return false;
}

/* A number from the environment */
static inline long env_number(const char *name, long other)
{
	const char *text = getenv(name);

	return text ? strtol(text, NULL, 10) : other;
}

#endif /* _NATIVE_TAP_H */
