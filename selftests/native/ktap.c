// SPDX-License-Identifier: GPL-2.0-only
/*
 * The harness: tests by name, one KTAP result each, and numbers from a seed
 *
 *	BX_SEED=	the cases of an earlier run (default: the time)
 *	BX_CASES=	how many cases each generated test checks
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "native.h"

u64 native_seed;
unsigned int native_ncases = 3000;

static u64 state;
static bool failed;

/* splitmix64 */
static u64 next(void)
{
	u64 z = state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

u32 native_random(u32 below)
{
	return next() % below;
}

bool native_one_in(u32 n)
{
	return !native_random(n);
}

void native_reseed(u64 seed)
{
	state = seed;
}

void native_say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("# ");
	vprintf(fmt, args);
	printf("\n");
	va_end(args);
}

void native_failed(const char *fmt, ...)
{
	va_list args;

	failed = true;
	va_start(args, fmt);
	printf("# ");
	vprintf(fmt, args);
	printf("\n");
	va_end(args);
}

const char *native_text(const char *fmt, ...)
{
	static char text[256];
	va_list args;

	va_start(args, fmt);
	vscnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return text;
}

static void run_one(const struct native_test *test, unsigned int nr)
{
	int allocations = native_allocations(), references = native_references();
	unsigned int dirs = native_sysfs_dirs;

	failed = false;
	native_reseed(native_seed);
	test->fn();
	native_fail_allocation(0);
	allocations = native_allocations() - allocations;
	references = native_references() - references;
	dirs = native_sysfs_dirs - dirs;
	if (allocations || references || dirs)
		native_failed("%d allocations, %d references, %d directories are left",
			      allocations, references, (int)dirs);
	printf("%s %u %s\n", failed ? "not ok" : "ok", nr, test->name);
}

int native_main(const struct native_test *tests, unsigned int n)
{
	const char *seed = getenv("BX_SEED"), *cases = getenv("BX_CASES");
	bool bad = false;

	/* the output of a program must be seen even if it dies */
	setvbuf(stdout, NULL, _IOLBF, 0);
	native_seed = seed ? strtoull(seed, NULL, 0) : (u64)time(NULL);
	if (cases)
		native_ncases = strtoul(cases, NULL, 0) ?: 1;
	printf("TAP version 13\n1..%u\n# BX_SEED=%llu BX_CASES=%u\n", n,
	       native_seed, native_ncases);
	for (unsigned int i = 0; i < n; i++) {
		run_one(&tests[i], i + 1);
		bad |= failed;
	}
	return bad;
}
