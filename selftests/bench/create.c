// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creates devices on request, and prints what one costs:
 *
 *	create FIRST NUMBER	create devices, from this number on
 *	create -d FIRST NUMBER	remove them
 *	create -e NUMBER TIMES	try to create one that exists: the lookup of its GUID
 *
 * The output is the time of one of them, in ns.  Run by bench/lifecycle.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"

#define CREATE	"/sys/devices/bxsim/bx_types/small/create"
#define REMOVE	"/sys/bus/bx-sf/devices/%s/remove"

/* Writes a text; returns 0 or an errno. */
static int put(const char *path, const char *text)
{
	ssize_t len = strlen(text);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = fd < 0 || write(fd, text, len) != len ? errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

static int one(char what, unsigned int number)
{
	char guid[40], path[128];

	snprintf(guid, sizeof(guid), "6a4c1c2e-6b0a-4e5e-9d4f-%012x", number);
	snprintf(path, sizeof(path), REMOVE, guid);
	return what == 'd' ? put(path, "1") : put(CREATE, guid);
}

int main(int argc, char **argv)
{
	char what = argc == 4 && argv[1][0] == '-' ? argv[1][1] : 'c';
	unsigned int first, number, i;
	unsigned long long start;

	if (argc < 3)
		return 2;
	first = atoi(argv[argc - 2]);
	number = atoi(argv[argc - 1]);
	start = now();
	for (i = 0; i < number; i++) {
		int err = one(what, what == 'e' ? first : first + i);

		if (err != (what == 'e' ? EEXIST : 0)) {
			fprintf(stderr, "device %u: %s\n", first + i, strerror(err));
			return 1;
		}
	}
	printf("%llu\n", (now() - start) / number);
	return 0;
}
