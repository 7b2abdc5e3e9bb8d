// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that keeps a record beyond the end of its iterator, while other
 * iterators come and go
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bus_ext_ctl.bpf.h>

char _license[] SEC("license") = "GPL";

struct bx_devref refs[2];
char driver[BX_NAME_LEN], driver_again[BX_NAME_LEN];
int err;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

SEC("syscall") int keep(void *unused)
{
	struct bx_opinion *rec, *kept;
	struct bpf_iter_bx_opinion it;

	err = bpf_iter_bx_opinion_new(&it, &refs[0], 0);
	kept = bpf_iter_bx_opinion_next(&it);
	if (kept)
		bpf_probe_read_kernel_str(driver, sizeof(driver), kept->driver);
	bpf_iter_bx_opinion_destroy(&it);

	bx_for_each(err, opinion, rec, &refs[1], 0)
		;
	if (!kept)
		return 0;
	bpf_probe_read_kernel_str(driver_again, sizeof(driver_again),
				  kept->driver);
	/* a copy that sanitizers check */
	bpf_ringbuf_output(&ring, kept->driver, sizeof(kept->driver), 0);
	return 0;
}
