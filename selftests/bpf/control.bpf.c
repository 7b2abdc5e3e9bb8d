// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control interface for the tests: one program per question
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bus_ext_ctl.bpf.h>
#include "../lib/control.h"

char _license[] SEC("license") = "GPL";

struct control_io io;

#define LIST(prog, what, array, max, ...) \
	SEC("syscall") int prog(void *unused) \
	{ \
		typeof(io.array[0]) *rec; \
		\
		io.n = 0; \
		bx_for_each(io.result, what, rec, __VA_ARGS__) { \
			if (io.n >= (max)) \
				break; \
			bpf_probe_read_kernel( \
				&io.array[io.n & ((max) - 1)], \
				sizeof(*rec), rec); \
			io.n++; \
		} \
		return 0; \
	}

LIST(list_policies, policy, policies, CONTROL_POLICIES, 0)
LIST(list_exits, exit, exits, CONTROL_EXITS, 0)
LIST(list_opinions, opinion, opinions, CONTROL_OPINIONS, &io.ref, io.run_ms)
LIST(list_trial, trial, opinions, CONTROL_OPINIONS, &io.trial, sizeof(io.trial), io.run_ms)
LIST(list_facts, fact, facts, CONTROL_FACTS, &io.ref)
LIST(list_drivers, driver, drivers, CONTROL_DRIVERS, BX_ITER_OWN)

SEC("syscall") int get_device(void *unused)
{
	io.result = bx_device_get(&io.ref, &io.device);
	return 0;
}

SEC("syscall") int rebind(void *unused)
{
	io.result = bx_rebind(&io.ref);
	return 0;
}

SEC("syscall") int reelect(void *unused)
{
	io.result = bx_reelect(&io.ref);
	return 0;
}

SEC("syscall") int settle(void *unused)
{
	io.result = bx_settle();
	return 0;
}

SEC("syscall") int commit(void *unused)
{
	io.result = bx_commit(&io.commit, sizeof(io.commit));
	return 0;
}

SEC("syscall") int trial_call(void *unused)
{
	io.result = bx_trial_call(&io.trial, sizeof(io.trial), &io.call,
				  io.run_ms);
	return 0;
}

SEC("syscall") int await(void *unused)
{
	io.result = bx_wait(io.ticket, io.wait_ms);
	return 0;
}
