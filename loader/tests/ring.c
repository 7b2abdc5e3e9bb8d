// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext with the module: a list that does not fit into the first ring is
 * complete all the same.  Runs in the VM.
 */
#include <stdio.h>
#include <string.h>

#include "../busext.h"

#define PAGE	4096

static int count, failed;

static void check(bool good, const char *name)
{
	printf("%sok %d %s\n", good ? "" : "not ", ++count, name);
	if (!good)
		failed++;
}

struct tally {
	size_t	records;
	size_t	named;
};

static int on_driver(const struct bx_driver_rec *rec, void *arg)
{
	struct tally *tally = arg;

	tally->records++;
	tally->named += rec->name[0] && rec->bus[0];
	return 0;
}

static int stop(const struct bx_driver_rec *rec, void *arg)
{
	(*(int *)arg)++;
	return 42;
}

static int tally_with(unsigned int ring_size, struct tally *tally)
{
	struct bx_open_opts opts = { .ring_size = ring_size };
	struct bx_handle *h;
	int err;

	*tally = (struct tally) {};
	if (bx_open(&h, &opts))
		return -1;
	err = bx_list_drivers(h, on_driver, tally);
	if (err)
		printf("# %s\n", bx_error(h));
	bx_close(h);
	return err;
}

int main(void)
{
	struct tally small, large;
	struct bx_handle *h;
	int calls = 0;

	printf("TAP version 13\n1..5\n");
	check(!tally_with(1 << 20, &large), "drivers are listed");
	check(large.records * sizeof(struct bx_driver_rec) > PAGE,
	      "there are too many for a small ring");
	check(!tally_with(PAGE, &small), "a small ring is made larger");
	check(small.records == large.records && small.named == small.records,
	      "and the list is complete");
	check(!bx_open(&h, NULL) && bx_list_drivers(h, stop, &calls) == 42 &&
	      calls == 1, "what a callback returns ends the list");
	bx_close(h);
	return failed ? 1 : 0;
}
