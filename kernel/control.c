// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kfuncs for control: a device, requests and their results
 */
#include "kfunc.h"

__bpf_kfunc_start_defs();

/**
 * bx_device_get() - find one device
 * @ref: the device
 * @rec: takes its record
 *
 * Context: may sleep.
 * Return: 0, -EPERM without CAP_SYS_ADMIN, -EINVAL for a name without NUL,
 * -ENODEV, or -ENOTUNIQ if @ref names no bus and several have such a device.
 */
__bpf_kfunc int bx_device_get(struct bx_devref *ref, struct bx_device_rec *rec)
{
	struct device *dev;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	dev = bx_find_device(ref);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	bx_device_rec_fill(dev, rec);
	put_device(dev);
	return 0;
}

/**
 * bx_rebind() - elect a device again and bind it to the elected driver
 * @ref: the device
 *
 * Context: may sleep; the work is done by another thread.
 * Return: a ticket for bx_wait(), or an errno: -EPERM, those of
 * bx_device_get(), -ENOMEM.
 */
__bpf_kfunc s64 bx_rebind(struct bx_devref *ref)
{
	return capable(CAP_SYS_ADMIN) ? bx_request_rebind(ref) : -EPERM;
}

/**
 * bx_reelect() - elect unbound devices again
 * @ref: names the bus; empty for all buses
 *
 * Return: a ticket for bx_wait(), -EPERM, -ENODEV for an unknown bus, -ENOMEM,
 * -EBUSY.
 */
__bpf_kfunc s64 bx_reelect(struct bx_devref *ref)
{
	return capable(CAP_SYS_ADMIN) ? bx_request_reelect(ref) : -EPERM;
}

/**
 * bx_settle() - wait until no work is pending
 *
 * Pending work is re-elections, ejections and loads of driver modules.
 *
 * Return: a ticket for bx_wait(), -EPERM, -ENOMEM, -EBUSY.
 */
__bpf_kfunc s64 bx_settle(void)
{
	return capable(CAP_SYS_ADMIN) ? bx_request_settle() : -EPERM;
}

/**
 * bx_commit() - activate staged policies and deactivate others, at once
 * @commit: struct bx_commit: the policies, and what was checked of them
 * @commit__sz: its size
 *
 * Return: a ticket for bx_wait(), -EPERM, -E2BIG or -EINVAL for a commit of
 * another version, -ENOMEM, -EBUSY.  The result of the request is that of
 * bx_policy_commit().
 */
__bpf_kfunc s64 bx_commit(void *commit, u32 commit__sz)
{
	return capable(CAP_SYS_ADMIN) ?
	       bx_request_commit(commit, commit__sz) : -EPERM;
}

/**
 * bx_wait() - wait for a request
 * @ticket: from bx_rebind(), bx_reelect(), bx_settle() or bx_commit()
 * @timeout_ms: timeout in milliseconds, limited to 1000
 *
 * Return: the result of the request; -EINPROGRESS while it runs, -ESTALE for
 * an unknown ticket or a result that was dropped, -EINTR, -EPERM.
 */
__bpf_kfunc s64 bx_wait(u64 ticket, u32 timeout_ms)
{
	return capable(CAP_SYS_ADMIN) ? bx_request_wait(ticket, timeout_ms) :
					-EPERM;
}

__bpf_kfunc_end_defs();
