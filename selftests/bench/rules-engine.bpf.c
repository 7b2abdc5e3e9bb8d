// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine of rules by itself, to measure it: no policy, so it runs on any kernel
 *
 * rules.c gives it a table and a device.  The loops that are compared do nothing, one lookup
 * in a hash of the kernel, and an evaluation.
 */
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;

#define SEC(name) __attribute__((section(name), used))

#include <stdbool.h>
#include <uapi/linux/bus_ext.h>
#include "../../bpf/rules_maps.bpf.h"

struct bx_select_ctx;
struct bx_match_ctx;

#define rt_fact(run, what)	((void)(what))

#include "../../bpf/rules_device.h"

#define LOOPS	1600
#define DEVICES	16

struct bx_dev_info device[DEVICES];
__u64 key;
__u64 empty_ns, hash_ns, engine_ns;
__u32 found;

struct {
	int (*type)[BPF_MAP_TYPE_HASH];
	int (*max_entries)[1];
	__u64 *key;
	__u32 *value;
} floor_hash SEC(".maps");

static __u64 (*const bench_now)(void) = (void *)5;

static __attribute__((noinline)) long empty_step(__u32 i, void *arg)
{
	return 0;
}

static __attribute__((noinline)) long hash_step(__u32 i, void *arg)
{
	__u64 k = key;
	__u32 *value = rt_lookup(&floor_hash, &k);

	if (value)
		found = *value;
	return 0;
}

static __attribute__((noinline)) long engine_step(__u32 i, void *arg)
{
	struct rt_run run;

	rt_begin(&run, (void *)0, (void *)0);
	rt_describe(&run, &device[i & (DEVICES - 1)]);
	rt_search(&run, 1 << BX_RT_PLAIN);
	found = run.e.found;
	return 0;
}

#define TIME(result, step) do { \
	__u64 start = bench_now(); \
	rt_bpf_loop(LOOPS, (void *)(step), (void *)0, 0); \
	result = bench_now() - start; \
} while (0)

SEC("syscall") int bench(void *ctx)
{
	TIME(empty_ns, empty_step);
	TIME(hash_ns, hash_step);
	TIME(engine_ns, engine_step);
	return 0;
}

char _license[] SEC("license") = "GPL";
