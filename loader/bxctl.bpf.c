// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bus_ext: what libbusext runs in the kernel
 *
 * One small program per request.  Only the one that is needed is loaded, so
 * that a module which lacks one request still answers the others.  Lists go
 * out through a ring; what does not fit is counted, and user space comes back
 * with a larger one.  Nothing is decided here.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bus_ext_ctl.bpf.h>

char _license[] SEC("license") = "GPL";

/* What user space asks, and the answer to it. */
struct bx_devref ref;
struct bx_device_rec device;
struct bx_commit change;
struct bx_trial trial;
struct bx_trial_call call;
__u64 ticket;
__u32 wait_ms;
__s64 result;
__u64 lost;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} records SEC(".maps");

static __always_inline void emit(const void *rec, __u32 size)
{
	void *dst = bpf_ringbuf_reserve(&records, size, 0);

	if (!dst) {
		lost++;
		return;
	}
	if (bpf_probe_read_kernel(dst, size, rec)) {
		result = -14; /* EFAULT */
		bpf_ringbuf_discard(dst, BPF_RB_NO_WAKEUP);
		return;
	}
	bpf_ringbuf_submit(dst, BPF_RB_NO_WAKEUP);
}

#define LIST(prog, what, type, ...) \
	SEC("syscall") \
	int prog(void *ctx) \
	{ \
		struct type *rec; \
		\
		bx_for_each(result, what, rec, __VA_ARGS__) \
			emit(rec, sizeof(*rec)); \
		return 0; \
	}

LIST(list_devices, device, bx_device_rec, BX_ITER_OWN | BX_ITER_ADOPTED)
LIST(list_drivers, driver, bx_driver_rec, BX_ITER_OWN | BX_ITER_ADOPTED)
LIST(list_policies, policy, bx_policy_rec, 0)
LIST(list_exits, exit, bx_exit_info, 0)
LIST(list_opinions, opinion, bx_opinion, &ref)
LIST(list_trial, trial, bx_opinion, &trial, sizeof(trial))

SEC("syscall")
int get_device(void *ctx)
{
	result = bx_device_get(&ref, &device);
	return 0;
}

SEC("syscall")
int rebind(void *ctx)
{
	result = bx_rebind(&ref);
	return 0;
}

SEC("syscall")
int reelect(void *ctx)
{
	result = bx_reelect(&ref);
	return 0;
}

SEC("syscall")
int settle(void *ctx)
{
	result = bx_settle();
	return 0;
}

SEC("syscall")
int commit(void *ctx)
{
	result = bx_commit(&change);
	return 0;
}

SEC("syscall")
int try_call(void *ctx)
{
	result = bx_trial_call(&trial, sizeof(trial), &call);
	return 0;
}

SEC("syscall")
int await(void *ctx)
{
	result = bx_wait(ticket, wait_ms);
	return 0;
}
