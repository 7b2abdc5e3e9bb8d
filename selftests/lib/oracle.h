/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An oracle for kernel/stress.c: may this device have that driver, now?
 *
 * It does not model elections.  Callers report when a driver, a policy or an
 * override existed, as spans of time, and the events of devices, in order; the
 * oracle says whether each of them was allowed.  All functions may be called from
 * several threads.
 */
#ifndef _ORACLE_H
#define _ORACLE_H

#include <stdbool.h>
#include <linux/bus_ext.h>
#include "stress_io.h"

/**
 * enum oracle_what - subject of a span
 * @ORACLE_DRIVER: a driver with an id table
 * @ORACLE_POLICY: an attached policy
 * @ORACLE_OVERRIDE: an administrator's driver_override
 */
enum oracle_what {
	ORACLE_DRIVER,
	ORACLE_POLICY,
	ORACLE_OVERRIDE,
};

/**
 * struct oracle_span - the time during which something existed
 * @what: enum oracle_what
 * @subject: name of the driver, policy or device
 * @object: the driver that an override names
 * @vendor: that the id table or the policy is about, BX_ANY for any
 * @id: device id that the id table is about, BX_ANY for any
 * @flags: of the policy, enum bx_policy_flags
 * @begins: it was surely not there before
 * @began: it was surely there from then on; 0: never surely
 * @ends: it was surely there until then; 0: still is
 * @ended: it was surely not there from then on; 0: may still be
 */
struct oracle_span {
	enum oracle_what	what;
	char			subject[BX_DEV_NAME_LEN];
	char			object[BX_NAME_LEN];
	__u32			vendor;
	__u32			id;
	__u64			flags;
	__u64			begins, began, ends, ended;
};

/**
 * struct oracle_policy - the fixed behaviour of a policy's programs
 * @name: the policy
 * @selects: the driver that select() names; NULL when it names none
 * @scores: the drivers that match() scores; ends with NULL
 * @vetoes: the driver that match() vetoes; NULL for none
 */
struct oracle_policy {
	const char	*name;
	const char	*selects;
	const char	*scores[3];
	const char	*vetoes;
};

__u64 oracle_now(void);
void oracle_policies(const struct oracle_policy *policies, int n);
int oracle_begin(const struct oracle_span *span);
void oracle_began(int span);
void oracle_never(int span);
void oracle_ends(int span);
void oracle_ended(int span);
void oracle_all_ended(enum oracle_what what, __u64 before);
void oracle_event(const struct stress_event *e);
const char *oracle_driver(const char *device);
unsigned long oracle_binds(void);
const char *oracle_complaint(void);

#endif /* _ORACLE_H */
