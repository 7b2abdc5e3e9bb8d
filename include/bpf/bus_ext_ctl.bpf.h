/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bus_ext: the control interface, for SEC("syscall") programs
 *
 * bxctl uses it.  An iterator takes a snapshot when it is created: its records
 * stay valid until the program returns, also after the end of the iterator, and
 * they keep no kernel object alive.  Copy a record with bpf_probe_read_kernel().
 *
 * All functions require CAP_SYS_ADMIN.
 */
#ifndef _BPF_BUS_EXT_CTL_BPF_H
#define _BPF_BUS_EXT_CTL_BPF_H

#include <bpf/bus_ext.bpf.h>

/* Flags of the device and driver iterators */
enum bx_iter_flags {
	BX_ITER_OWN	= 1 << 0,	/* buses of bus_ext's own */
	BX_ITER_ADOPTED	= 1 << 1,	/* buses of the kernel */
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
 * bx_for_each(err, device, rec, flags): a loop over an iterator's records.
 * @err takes the result of _new(): 0, -EPERM without CAP_SYS_ADMIN, -ENOMEM; on
 * an error the loop has no iteration.
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
/* Attached policies in order of authority; @flags: 0. */
BX_DECLARE_ITER(policy, bx_policy_rec, u32 flags);
/* The last ejections, oldest first. */
BX_DECLARE_ITER(exit, bx_exit_info, u32 flags);
/*
 * The facts that a device has, and those that could not be read.  _new() also returns
 * the errno values of bx_device_get().
 */
BX_DECLARE_ITER(fact, bx_fact_rec, struct bx_devref *ref);
/*
 * Opinions of a dry-run election of a device: nothing changes and no policy is
 * ejected.  The programs may take @timeout_ms, at most 10 seconds, also for 0.
 * _new() also returns the errno values of bx_device_get(); -ETIMEDOUT if the
 * programs take longer, and -EINTR after a signal: then they still run.
 */
BX_DECLARE_ITER(opinion, bx_opinion, struct bx_devref *ref, u32 timeout_ms);

/*
 * Opinions of a dry-run election under a change of policies: @trial is a struct
 * bx_trial, @trial__sz its size.  Nothing changes, and no policy is ejected.
 * _new() also returns errno values of bx_commit(): -ENOENT for a policy that is
 * not staged or not active, -EPERM for a policy that differs from its struct
 * bx_commit_enter; -EINVAL for an invalid trial or one of an earlier version,
 * -E2BIG for one of a later version, -ENODEV if the device or bus does not
 * exist, and -ENOTUNIQ.
 */
BX_DECLARE_ITER(trial, bx_opinion, void *trial, u32 trial__sz, u32 timeout_ms);
/*
 * Runs the programs of a call on @trial->dev, without the provider.  Returns 0
 * or an errno as the trial iterator; -EOPNOTSUPP on an adopted bus; -EINVAL
 * also for an unknown operation or an invalid size of the argument.
 */
BX_KFUNC(int, bx_trial_call, void *trial, u32 trial__sz, struct bx_trial_call *call,
	 u32 timeout_ms);

/*
 * Finds one device.  Returns 0, -EINVAL for a name without NUL, -ENODEV if
 * there is no such device, -ENOTUNIQ if @ref->bus is empty and several buses
 * have one of that name.
 */
BX_KFUNC(int, bx_device_get, struct bx_devref *ref, struct bx_device_rec *rec);

/*
 * Requests run in a kernel thread, since a probe or an unbind may take long.
 * They return a ticket (above 0) for bx_wait(), or an errno: also -ENOMEM.  At
 * most 64 commits wait, and likewise 64 of bx_settle() and bx_reelect(): then
 * -EBUSY.  Rebinds that block hold up no other request; those of one device that
 * have not begun are one, with one ticket.  A request is done, and holds nothing
 * afterwards, if a client waits for it or not.
 */

/*
 * Elects a device again, including drivers whose probe failed, unbinds it if
 * another driver was elected, and binds it.  Returns -ENODEV if there is no
 * such device.  Result: 1 if the driver changed, 0 if it stayed; -ENODEV if the
 * device was removed; -EAGAIN if the elected driver is not bound.
 */
BX_KFUNC(s64, bx_rebind, struct bx_devref *ref);
/* Elects all unbound devices of a bus again (of all buses with empty @ref->bus). */
BX_KFUNC(s64, bx_reelect, struct bx_devref *ref);
/*
 * Activates staged policies and deactivates active ones in one step: every
 * election and every call sees either all of the change or none.  @commit is a
 * struct bx_commit, @commit__sz its size; -EINVAL for a smaller size, -E2BIG
 * for a larger one.  Result: 0, or an errno without any change: -ENOENT for a
 * policy that is not staged or not active; -EPERM for a policy that differs
 * from its struct bx_commit_enter, with the reason in
 * /sys/kernel/bus_ext/refused; -EEXIST if two active policies would have the
 * same name; -E2BIG for too many policies; -EINVAL for a policy listed twice or
 * invalid values; -ENOMEM.
 */
BX_KFUNC(s64, bx_commit, void *commit, u32 commit__sz);
/* Ends when no re-election, ejection or load of a driver module is pending. */
BX_KFUNC(s64, bx_settle, void);
/*
 * Waits for a request, at most @timeout_ms milliseconds (limited to 1000).
 * Returns the result of the request, as often as it is asked; -EINPROGRESS while
 * it runs; -EINTR.  After 256 later results of the same kind of request, and for
 * an unknown ticket, -ESTALE: it is not the result of any request.
 */
BX_KFUNC(s64, bx_wait, u64 ticket, u32 timeout_ms);

#endif /* _BPF_BUS_EXT_CTL_BPF_H */
