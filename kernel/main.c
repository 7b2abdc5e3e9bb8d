// SPDX-License-Identifier: GPL-2.0-only
/*
 * bus_ext: device-to-driver matching as policy, by attachable BPF programs
 *
 * Where to look: bus.c for buses, devices and drivers; match.c for the election,
 * facts.c for what it knows of a device, index.c for the policies it asks;
 * contract.c and call.c for what drivers do with their devices; policy.c for the
 * struct_ops type; adopt.c for pci and platform; kfunc.c and iter.c for what
 * programs call; request.c for work; sysfs.c for what people read; core.h for
 * locks and lifetimes.
 */
#include "core.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/*
 * BPF registrations cannot be undone one by one, so whatever can fail
 * otherwise comes first, and devices come last.
 */
static int __init bx_init(void)
{
	int err;

	bx_match_init();
	bx_call_init();
	err = bx_request_init();
	if (err)
		return err;
	err = bx_sysfs_init();
	if (err)
		goto err_request;
	err = bx_policy_init();
	if (err)
		goto err_sysfs;
	err = bx_kfunc_init();
	if (err)
		goto err_sysfs;
	err = bx_adopt_init();
	if (err)
		goto err_sysfs;
	return 0;

err_sysfs:
	bx_sysfs_exit();
err_request:
	bx_request_exit();
	return err;
}

/* Policies, hooks, buses and devices pin the module: none is left. */
static void __exit bx_exit(void)
{
	bx_adopt_exit();
	bx_request_exit();
	bx_sysfs_exit();
}

module_init(bx_init);
module_exit(bx_exit);

MODULE_DESCRIPTION("Driver matching and dispatch by attachable BPF policies");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
