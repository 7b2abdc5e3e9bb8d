// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: a program that does not ask whether a bundle is trusted loads nothing of it
 *
 * The functions that load check the signature themselves.  Where they would need the
 * kernel next, the fault is that bus_ext is not loaded.  Usage: unasked BUNDLE OBJECT
 */
#include <errno.h>
#include <stdio.h>

#include "../busext.h"

static int count, failed;

static void check(bool good, struct bx_handle *h, const char *name)
{
	if (!good) {
		printf("# %s\n", bx_error(h));
		failed++;
	}
	printf("%sok %d %s\n", good ? "" : "not ", ++count, name);
}

static bool refused(struct bx_handle *h, int err)
{
	return err == -ENOKEY && bx_fault(h) == BX_FAULT_REJECTED;
}

static bool at_kernel(struct bx_handle *h, int err)
{
	return err == -ENOENT && bx_fault(h) == BX_FAULT_KERNEL;
}

int main(int argc, char **argv)
{
	struct bx_open_opts opts = { .sysfs = "/nonexistent" };
	struct bx_bundle *b = NULL;
	struct bx_handle *h;

	if (argc != 3 || bx_open(&h, &opts))
		return 2;
	printf("TAP version 13\n1..9\n");
	check(refused(h, bx_apply(h, argv[2], 0, NULL, NULL)), h,
	      "an object is refused");
	check(at_kernel(h, bx_apply(h, argv[2], BX_BUNDLE_UNSIGNED, NULL, NULL)),
	      h, "unless it is allowed");
	check(!bx_bundle_open(h, argv[1], BX_BUNDLE_COPY, &b), h,
	      "an unsigned bundle is opened");
	check(refused(h, bx_bundle_apply(b, NULL, NULL)), h,
	      "but not applied");
	check(refused(h, bx_bundle_verify(b, NULL, NULL)), h, "not verified");
	check(refused(h, bx_bundle_plan(b, NULL, NULL)), h, "not planned");
	check(refused(h, bx_bundle_test(b, NULL, NULL)), h, "not tested");
	check(!bx_bundle_check(b, BX_BUNDLE_UNSIGNED) &&
	      at_kernel(h, bx_bundle_apply(b, NULL, NULL)), h,
	      "unless that was allowed before");
	bx_bundle_close(b);
	check(!bx_bundle_open(h, argv[1], 0, &b) &&
	      !bx_bundle_check(b, BX_BUNDLE_UNSIGNED) &&
	      bx_bundle_apply(b, NULL, NULL) == -EINVAL &&
	      bx_fault(h) == BX_FAULT_USAGE, h,
	      "files that may still change are refused in any case");
	bx_bundle_close(b);
	bx_close(h);
	return failed ? 1 : 0;
}
