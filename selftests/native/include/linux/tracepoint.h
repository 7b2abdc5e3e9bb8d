/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints: functions that a test program defines */
#ifndef _NATIVE_TRACEPOINT_H
#define _NATIVE_TRACEPOINT_H

#include <linux/types.h>

#define TP_PROTO(...)	__VA_ARGS__
#define TP_ARGS(...)	__VA_ARGS__

#define TRACE_EVENT(name, proto, ...) \
	void trace_##name(proto); \
	static inline bool trace_##name##_enabled(void) \
	{ \
		return true; \
	} \
	struct trace_##name##_ends
#define TRACE_EVENT_FN(name, proto, ...)	TRACE_EVENT(name, TP_PROTO(proto))
#define DECLARE_EVENT_CLASS(name, ...)		struct trace_##name##_ends
#define DEFINE_EVENT(class, name, proto, ...) \
	struct trace_##class##_ends; \
	TRACE_EVENT(name, TP_PROTO(proto))

#endif /* _NATIVE_TRACEPOINT_H */
