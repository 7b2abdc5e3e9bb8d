// SPDX-License-Identifier: GPL-2.0-only
/*
 * bus_ext: device-to-driver matching as policy, by attachable BPF programs
 *
 * core.h lists the files, in the order of their layers, the locks and
 * lifetimes.
 */
#include "core.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/*
 * BPF registrations cannot be undone.  So other steps that can fail come first,
 * and the notifiers of adopted buses, which cause elections, come last.
 */
static int __init bx_init(void)
{
	int err;

	bx_selects_init();
	bx_call_init();
	err = bx_devices_init();
	if (err)
		return err;
	err = bx_state_init();
	if (err)
		goto err_devices;
	err = bx_adopt_init();
	if (err)
		goto err_sysfs;
	bx_own_init();
	err = bx_async_init();
	if (err)
		goto err_adopt;
	err = bx_policy_init() ?: bx_kfunc_init() ?: bx_binding_start() ?:
	      bx_adopt_start();
	if (!err)
		return 0;

	bx_async_exit();	/* notifiers may have queued work */
err_adopt:
	bx_parts_stop();
	bx_adopt_exit();
	bx_parts_exit();
	bx_entries_exit();
err_sysfs:
	bx_sysfs_exit();
	synchronize_rcu_tasks();
err_devices:
	bx_devices_exit();
	return err;
}

/* Policies, hooks, buses and devices pin the module, so none is left. */
static void __exit bx_exit(void)
{
	bx_parts_stop();
	bx_adopt_stop();
	bx_async_exit();
	bx_adopt_exit();
	bx_parts_exit();
	bx_entries_exit();
	bx_request_exit();
	bx_iter_exit();
	bx_sysfs_exit();
	/*
	 * The caller of the last module_put() in bx_device_release() may have been
	 * preempted before it returned from there.
	 */
	synchronize_rcu_tasks();
	bx_devices_exit();
}

module_init(bx_init);
module_exit(bx_exit);

MODULE_DESCRIPTION("Driver matching and dispatch by attachable BPF policies");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
