/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bus_ext: the control interface, for SEC("syscall") programs
 *
 * What bxctl is built on.  Iterators work on a snapshot that is taken when
 * they are created: records stay valid until the iterator is destroyed and
 * keep nothing in the kernel alive.  Copy a record with bpf_probe_read_kernel().
 *
 * Running these needs CAP_SYS_ADMIN.
 */
#ifndef _BPF_BUS_EXT_CTL_BPF_H
#define _BPF_BUS_EXT_CTL_BPF_H

#include <bpf/bus_ext.bpf.h>

/* Flags of the device and driver iterators */
enum bx_iter_flags {
	BX_ITER_OWN	= 1 << 0,	/* buses of bus_ext's own */
	BX_ITER_ADOPTED	= 1 << 1,	/* pci and platform, whole */
};

/*
 * Functions are found by the loader of a program: by libbpf, unless the program has
 * defined this before.
 */
#ifndef BX_KFUNC
#define BX_KFUNC(ret, name, ...) extern ret name(__VA_ARGS__) __ksym __weak
#endif

#define BX_DECLARE_ITER(what, rec, ...) \
	struct bpf_iter_bx_##what { \
		u64 __opaque[2]; \
	} __attribute__((aligned(8))); \
	BX_KFUNC(int, bpf_iter_bx_##what##_new, \
		 struct bpf_iter_bx_##what *it, ##__VA_ARGS__); \
	BX_KFUNC(struct rec *, bpf_iter_bx_##what##_next, \
		 struct bpf_iter_bx_##what *it); \
	BX_KFUNC(void, bpf_iter_bx_##what##_destroy, \
		 struct bpf_iter_bx_##what *it)

/*
 * bx_for_each(err, device, rec, flags): a loop over an iterator's records.  @err
 * is 0, or says why there are none: -EPERM without CAP_SYS_ADMIN, -ENOMEM.
 */
#define bx_for_each(err, what, rec, ...) \
	for (struct bpf_iter_bx_##what ___it \
	     __attribute__((cleanup(bpf_iter_bx_##what##_destroy))), \
	     *___p __attribute__((unused)) = ( \
		(err) = bpf_iter_bx_##what##_new(&___it, ##__VA_ARGS__), \
		(void)bpf_iter_bx_##what##_destroy, (void *)0); \
	     ((rec) = bpf_iter_bx_##what##_next(&___it)); )

/* Devices, bus by bus; @flags: enum bx_iter_flags. */
BX_DECLARE_ITER(device, bx_device_rec, u32 flags);
/* Drivers, bus by bus; @flags: enum bx_iter_flags. */
BX_DECLARE_ITER(driver, bx_driver_rec, u32 flags);
/* Attached policies in order of authority, bus by bus. */
BX_DECLARE_ITER(policy, bx_policy_rec, u32 flags);
/* The last ejections, oldest first. */
BX_DECLARE_ITER(exit, bx_exit_info, u32 flags);
/*
 * A device's election, run for show: nothing is changed and nobody is ejected.
 * _new() also returns -ENODEV when there is no such device.
 */
BX_DECLARE_ITER(opinion, bx_opinion, struct bx_devref *ref);

/*
 * An election as it would be: @trial is a struct bx_trial, @trial__sz its size.
 * Nothing is changed, and no policy is ejected.  _new() also returns what bx_commit()
 * would: -ENOENT for a policy that is not staged or not active, -EPERM for a policy
 * that is not as it was checked; -EINVAL for a trial that makes no sense or of an
 * earlier version, -E2BIG for one of a later version, and -ENODEV when there is no
 * such device or bus.
 */
BX_DECLARE_ITER(trial, bx_opinion, void *trial, u32 trial__sz);
/*
 * A call as it would be, on @trial->dev.  0 or an errno of the above; -EOPNOTSUPP
 * when the bus has no calls, -EINVAL also for an operation that it does not have
 * or an argument of another size.
 */
BX_KFUNC(int, bx_trial_call, void *trial, u32 trial__sz, struct bx_trial_call *call);

/*
 * Find one device.  0, -ENODEV when there is none, -ENOTUNIQ when @ref->bus is
 * empty and several buses have one of that name.
 */
BX_KFUNC(int, bx_device_get, struct bx_devref *ref, struct bx_device_rec *rec);

/*
 * Requests run in the kernel's own thread, since a probe or an unbind may take
 * long.  They return a ticket (above 0) for bx_wait(), or an errno.
 */

/*
 * Unbind the device if its election names another driver, elect anew (failed
 * probes are forgotten) and bind.  -ENODEV when there is no such device.
 * Result: 1 when the driver changed, 0 when it stayed; -ENODEV when the device
 * went away; -EAGAIN when no driver is bound now though one was elected.
 */
BX_KFUNC(s64, bx_rebind, struct bx_devref *ref);
/* Elect anew every unbound device of a bus (all buses: empty @ref->bus). */
BX_KFUNC(s64, bx_reelect, struct bx_devref *ref);
/*
 * Activate staged policies and deactivate others, in one step: every election and
 * every call sees all of it or nothing.  @commit is a struct bx_commit, @commit__sz
 * its size; -EINVAL for another size, -E2BIG for a larger one.  Result: 0; -ENOENT
 * for a policy that is not staged, or not active; -EPERM for a policy that differs
 * from its struct bx_commit_enter, with the reason in /sys/kernel/bus_ext/refused;
 * -EEXIST when two would have one name; -E2BIG, -EINVAL for a commit that makes no
 * sense, -ENOMEM.  Nothing has changed then.
 */
BX_KFUNC(s64, bx_commit, void *commit, u32 commit__sz);
/* Everything that attaching, updating or ejecting set off has been done. */
BX_KFUNC(s64, bx_settle, void);
/*
 * Wait for a request, at most @timeout_ms (limited to 1000) milliseconds.  The
 * result of the request; -EINPROGRESS while it runs, -ENOENT for an unknown
 * ticket.  A finished request is forgotten once its result was returned.
 */
BX_KFUNC(s64, bx_wait, u64 ticket, u32 timeout_ms);

#endif /* _BPF_BUS_EXT_CTL_BPF_H */
