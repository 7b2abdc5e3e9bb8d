// SPDX-License-Identifier: GPL-2.0-only
/*
 * Add and remove simulated devices, and print the cost of one round
 *
 *	churn ROUNDS VENDOR:DEVICE
 *
 * In a VM that counts instructions a nanosecond is an instruction, so the
 * figure is the same on every machine.  The median is printed: some rounds are
 * interrupted by timers and by the kernel's background work.  The
 * first rounds warm the caches of the kernel's allocators and are not counted.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"

#define WARM_UP	32

static int put(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) >= 0)
		return 0;
	perror(text);
	return -1;
}

static int compare(const void *a, const void *b)
{
	const long long *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int main(int argc, char **argv)
{
	int create = open("/sys/devices/bxsim/create", O_WRONLY);
	int destroy = open("/sys/devices/bxsim/destroy", O_WRONLY);
	int rounds = argc == 3 ? atoi(argv[1]) : 0;
	long long *cost, start;
	char line[64];

	if (rounds <= 0 || create < 0 || destroy < 0) {
		fprintf(stderr, "usage: churn ROUNDS VENDOR:DEVICE, with bxsim loaded\n");
		return 2;
	}
	snprintf(line, sizeof(line), "churn %s", argv[2]);
	cost = calloc(rounds, sizeof(*cost));
	if (!cost)
		return 1;
	for (int i = -WARM_UP; i < rounds; i++) {
		start = now();
		if (put(create, line) || put(destroy, "churn"))
			return 1;
		if (i >= 0)
			cost[i] = now() - start;
	}
	qsort(cost, rounds, sizeof(*cost), compare);
	printf("%lld\n", cost[rounds / 2]);
	free(cost);
	return 0;
}
