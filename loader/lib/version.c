// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: versions of bundles and of bus_ext
 *
 * A version consists of up to three numbers, and all versions can be compared: number
 * by number from the left, where a missing number is 0.  So 1.2 and 1.2.0 are the same
 * version, and 1.10 is higher than 1.9.
 */
#include <stdlib.h>
#include <string.h>

#include "bundle.h"

#define MAX_DIGITS	9	/* largest value of each number */

bool version_from(const char *text, unsigned int v[3])
{
	size_t digits;

	memset(v, 0, 3 * sizeof(*v));
	for (unsigned int i = 0; i < 3; i++) {
		digits = strspn(text, "0123456789");
		if (!digits || digits > MAX_DIGITS)
			return false;
		v[i] = strtoul(text, NULL, 10);
		text += digits;
		if (!*text)
			return true;
		if (*text++ != '.')
			return false;
	}
	return false;
}

/* Compares two valid versions; returns a number like strcmp(). */
int version_compare(const char *a, const char *b)
{
	unsigned int v[3], w[3];

	version_from(a, v);
	version_from(b, w);
	for (int i = 0; i < 3; i++)
		if (v[i] != w[i])
			return v[i] < w[i] ? -1 : 1;
	return 0;
}
