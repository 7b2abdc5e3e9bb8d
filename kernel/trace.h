/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of elections, device events, policies and calls
 *
 * The driver core has no tracepoints for matching and binding.  These pass
 * whole records, so that a BTF program (SEC("tp_btf/bx_decide")) can read all
 * members; the text form is for perf, ftrace and bpftrace.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM bus_ext

#if !defined(_BX_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _BX_TRACE_H

#include <linux/tracepoint.h>
#include <linux/bus_ext.h>

#define bx_show_decider(by) __print_symbolic(by,			\
	{ BX_BY_NONE, "none" },					\
	{ BX_BY_OVERRIDE, "driver_override" },				\
	{ BX_BY_HOOK, "hook" },						\
	{ BX_BY_SELECT, "select" },					\
	{ BX_BY_SCORE, "score" },					\
	{ BX_BY_ID_TABLE, "id_table" },					\
	{ BX_BY_KERNEL, "kernel" })

#define bx_show_outcome(out) __print_symbolic(out,			\
	{ BX_OUT_NONE, "none" },					\
	{ BX_OUT_DRIVER, "driver" },					\
	{ BX_OUT_REFUSED, "refused" },					\
	{ BX_OUT_DEFERRED, "deferred" },				\
	{ BX_OUT_ABSENT, "absent" })

/* An election was held. */
TRACE_EVENT(bx_decide,
	TP_PROTO(const struct bx_dev_info *dev, const struct bx_decision *dec),
	TP_ARGS(dev, dec),
	TP_STRUCT__entry(
		__string(bus, dev->bus)
		__string(device, dev->name)
		__string(driver, dec->driver)
		__string(policy, dec->policy)
		__field(u32, by)
		__field(u32, outcome)
		__field(s32, score)
		__field(u32, considered)
		__field(u64, generation)
	),
	TP_fast_assign(
		__assign_str(bus);
		__assign_str(device);
		__assign_str(driver);
		__assign_str(policy);
		__entry->by = dec->by;
		__entry->outcome = dec->outcome;
		__entry->score = dec->score;
		__entry->considered = dec->considered;
		__entry->generation = dec->generation;
	),
	TP_printk("bus=%s device=%s outcome=%s driver=%s by=%s policy=%s score=%d considered=%u generation=%llu",
		  __get_str(bus), __get_str(device),
		  bx_show_outcome(__entry->outcome), __get_str(driver),
		  bx_show_decider(__entry->by), __get_str(policy),
		  __entry->score, __entry->considered, __entry->generation)
);

DECLARE_EVENT_CLASS(bx_driver_class,
	TP_PROTO(const struct bx_dev_info *dev, const char *driver),
	TP_ARGS(dev, driver),
	TP_STRUCT__entry(
		__string(bus, dev->bus)
		__string(device, dev->name)
		__string(driver, driver)
	),
	TP_fast_assign(
		__assign_str(bus);
		__assign_str(device);
		__assign_str(driver);
	),
	TP_printk("bus=%s device=%s driver=%s", __get_str(bus),
		  __get_str(device), __get_str(driver))
);

/* A driver was bound to a device. */
DEFINE_EVENT(bx_driver_class, bx_bind,
	TP_PROTO(const struct bx_dev_info *dev, const char *driver),
	TP_ARGS(dev, driver));

/* A driver was unbound from a device. */
DEFINE_EVENT(bx_driver_class, bx_unbind,
	TP_PROTO(const struct bx_dev_info *dev, const char *driver),
	TP_ARGS(dev, driver));

/* A device was added. */
DEFINE_EVENT(bx_driver_class, bx_create,
	TP_PROTO(const struct bx_dev_info *dev, const char *driver),
	TP_ARGS(dev, driver));

/* A device was removed. */
DEFINE_EVENT(bx_driver_class, bx_remove,
	TP_PROTO(const struct bx_dev_info *dev, const char *driver),
	TP_ARGS(dev, driver));

#define bx_show_state(state) __print_symbolic(state,			\
	{ BX_STATE_CREATING, "creating" },				\
	{ BX_STATE_READY, "ready" },					\
	{ BX_STATE_BOUND, "bound" },					\
	{ BX_STATE_DRAINING, "draining" },				\
	{ BX_STATE_GONE, "gone" })

/* The state of a device on a bus of bus_ext's own has changed. */
TRACE_EVENT(bx_state,
	TP_PROTO(const struct bx_device *bdev, u32 from, u32 to),
	TP_ARGS(bdev, from, to),
	TP_STRUCT__entry(
		__string(bus, bdev->bus->name)
		__string(device, dev_name(&bdev->dev))
		__field(u64, generation)
		__field(u32, from)
		__field(u32, to)
	),
	TP_fast_assign(
		__assign_str(bus);
		__assign_str(device);
		__entry->generation = bdev->generation;
		__entry->from = from;
		__entry->to = to;
	),
	TP_printk("bus=%s device=%s from=%s to=%s generation=%llu",
		  __get_str(bus), __get_str(device),
		  bx_show_state(__entry->from), bx_show_state(__entry->to),
		  __entry->generation)
);

/* A policy was attached, updated, committed, retired or detached. */
TRACE_EVENT(bx_policy,
	TP_PROTO(const char *what, const struct bx_policy_rec *rec),
	TP_ARGS(what, rec),
	TP_STRUCT__entry(
		__string(what, what)
		__string(name, rec->name)
		__string(bus, rec->bus)
		__field(u32, vendor)
		__field(s32, priority)
		__field(u32, version)
		__field(u64, flags)
		__field(u64, id)
	),
	TP_fast_assign(
		__assign_str(what);
		__assign_str(name);
		__assign_str(bus);
		__entry->vendor = rec->vendor;
		__entry->priority = rec->priority;
		__entry->version = rec->version;
		__entry->flags = rec->flags;
		__entry->id = rec->id;
	),
	TP_printk("%s name=%s bus=%s vendor=0x%x priority=%d version=%u flags=0x%llx id=%llu",
		  __get_str(what), __get_str(name), __get_str(bus),
		  __entry->vendor, __entry->priority, __entry->version,
		  __entry->flags, __entry->id)
);

/* A policy was ejected. */
TRACE_EVENT(bx_eject,
	TP_PROTO(const struct bx_exit_info *info),
	TP_ARGS(info),
	TP_STRUCT__entry(
		__string(name, info->name)
		__string(bus, info->bus)
		__string(device, info->device)
		__string(msg, info->msg)
		__field(u32, kind)
		__field(s32, code)
		__field(u32, flags)
	),
	TP_fast_assign(
		__assign_str(name);
		__assign_str(bus);
		__assign_str(device);
		__assign_str(msg);
		__entry->kind = info->kind;
		__entry->code = info->code;
		__entry->flags = info->flags;
	),
	TP_printk("name=%s bus=%s device=%s kind=%u code=%d flags=0x%x msg=%s",
		  __get_str(name), __get_str(bus), __get_str(device),
		  __entry->kind, __entry->code, __entry->flags,
		  __get_str(msg))
);

/* A policy in shadow mode would have decided an election differently. */
TRACE_EVENT(bx_shadow,
	TP_PROTO(const struct bx_dev_info *dev, const char *policy,
		 s32 verdict, const char *driver, const struct bx_decision *dec),
	TP_ARGS(dev, policy, verdict, driver, dec),
	TP_STRUCT__entry(
		__string(bus, dev->bus)
		__string(device, dev->name)
		__string(policy, policy)
		__string(driver, driver)
		__string(actual, dec->driver)
		__field(s32, verdict)
	),
	TP_fast_assign(
		__assign_str(bus);
		__assign_str(device);
		__assign_str(policy);
		__assign_str(driver);
		__assign_str(actual);
		__entry->verdict = verdict;
	),
	TP_printk("bus=%s device=%s policy=%s verdict=%d driver=%s actual=%s",
		  __get_str(bus), __get_str(device), __get_str(policy),
		  __entry->verdict, __get_str(driver), __get_str(actual))
);

#ifndef BX_TRACE_CALL_FNS
#define BX_TRACE_CALL_FNS
int bx_call_trace_on(void);
void bx_call_trace_off(void);
#endif

/*
 * A driver called its device.  While the tracepoint is enabled, all operations
 * are watched; while it is disabled, it costs nothing.
 */
TRACE_EVENT_FN(bx_call,
	TP_PROTO(const struct bx_dev_info *dev, const struct bx_call_rec *rec),
	TP_ARGS(dev, rec),
	TP_STRUCT__entry(
		__string(bus, dev->bus)
		__string(device, dev->name)
		__string(name, rec->name)
		__string(policy, rec->policy)
		__field(u32, op)
		__field(s32, verdict)
		__field(s32, ret)
		__field(u64, duration_ns)
	),
	TP_fast_assign(
		__assign_str(bus);
		__assign_str(device);
		__assign_str(name);
		__assign_str(policy);
		__entry->op = rec->op;
		__entry->verdict = rec->verdict;
		__entry->ret = rec->ret;
		__entry->duration_ns = rec->duration_ns;
	),
	TP_printk("bus=%s device=%s op=%s policy=%s verdict=%s ret=%d duration_ns=%llu",
		  __get_str(bus), __get_str(device), __get_str(name),
		  __get_str(policy),
		  __entry->verdict < 0 ? "deny" :
		  __print_symbolic(__entry->verdict,
				   { BX_CALL_PASS, "pass" },
				   { BX_CALL_HANDLED, "handled" },
				   { BX_CALL_REDIRECT, "redirect" }),
		  __entry->ret, __entry->duration_ns),
	bx_call_trace_on, bx_call_trace_off
);

/* A policy in shadow mode would have decided or changed a call differently. */
TRACE_EVENT(bx_shadow_call,
	TP_PROTO(const struct bx_dev_info *dev, const char *policy,
		 const char *name, s32 verdict),
	TP_ARGS(dev, policy, name, verdict),
	TP_STRUCT__entry(
		__string(bus, dev->bus)
		__string(device, dev->name)
		__string(policy, policy)
		__string(name, name)
		__field(s32, verdict)
	),
	TP_fast_assign(
		__assign_str(bus);
		__assign_str(device);
		__assign_str(policy);
		__assign_str(name);
		__entry->verdict = verdict;
	),
	TP_printk("bus=%s device=%s policy=%s op=%s verdict=%d",
		  __get_str(bus), __get_str(device), __get_str(policy),
		  __get_str(name), __entry->verdict)
);

#endif /* _BX_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
