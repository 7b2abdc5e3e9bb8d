// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: the kernel's numbers, in words for people and keys for JSON
 */
#include <stdio.h>
#include <string.h>

#include "bxctl.h"

const char *word_bound(const char *driver)
{
	return driver[0] ? driver : "-";
}

const char *word_device_id(char *buf, const struct bx_dev_info *dev)
{
	if (!dev->vendor && !dev->device)
		return "-";
	snprintf(buf, WORDS, "%04x:%04x", dev->vendor, dev->device);
	return buf;
}

const char *word_vendor(char *buf, __u32 vendor)
{
	if (!vendor || vendor == BX_ANY)
		return "any";
	snprintf(buf, WORDS, "0x%04x", vendor);
	return buf;
}

/* A decision without policy_id is that of a policy which is detached. */
const char *word_decider(char *buf, const struct bx_decision *d)
{
	const char *detached = d->policy_id ? "" : ", detached";

	switch (d->by) {
	case BX_BY_NONE:
		return "none";
	case BX_BY_OVERRIDE:
		return "driver_override";
	case BX_BY_HOOK:
		return "hook";
	case BX_BY_SELECT:
		snprintf(buf, WORDS, "policy %s (select%s)",
			 word_bound(d->policy), detached);
		return buf;
	case BX_BY_SCORE:
		snprintf(buf, WORDS, "policy %s (score %d%s)",
			 word_bound(d->policy), d->score, detached);
		return buf;
	case BX_BY_ID_TABLE:
		return "id table";
	case BX_BY_KERNEL:
		return "kernel";
	case BX_BY_QUARANTINE:
		snprintf(buf, WORDS, "policy %s (quarantined)", d->policy);
		return buf;
	case BX_BY_VETO:
		snprintf(buf, WORDS, "policy %s (veto)", d->policy);
		return buf;
	default:
		return "?";
	}
}

const char *key_stage(__u32 stage)
{
	static const char *const keys[] = {
		[BX_STAGE_ACTIVE]	= "active",
		[BX_STAGE_STAGED]	= "staged",
		[BX_STAGE_RETIRED]	= "retired",
	};

	return stage < sizeof(keys) / sizeof(*keys) ? keys[stage] : "unknown";
}

bool has_decision(const struct bx_device_rec *rec)
{
	return rec->decision.by != BX_BY_KERNEL;
}

/* The driver that a decision gives to the device; empty for none */
const char *decided_driver(const struct bx_device_rec *rec)
{
	const struct bx_decision *d = &rec->decision;

	return d->outcome == BX_OUT_DRIVER || d->outcome == BX_OUT_ABSENT ? d->driver : "";
}

/* "has nvme, decided vfio-pci" */
static const char *word_before(char *buf, const struct bx_device_rec *rec)
{
	const struct bx_decision *d = &rec->decision;

	snprintf(buf, WORDS, "bound before the policy: has %s, decided %s%s", rec->driver,
		 decided_driver(rec)[0] ? d->driver : "none",
		 d->outcome == BX_OUT_REFUSED ? " (refused)" :
		 d->outcome == BX_OUT_DEFERRED ? " (deferred)" :
		 d->outcome == BX_OUT_ABSENT ? " (not registered)" : "");
	return buf;
}

const char *word_outcome(char *buf, const struct bx_device_rec *rec)
{
	const struct bx_decision *d = &rec->decision;

	if (!has_decision(rec))
		return rec->driver[0] ? "bound" : "-";
	if (bx_is_bound_before(rec))
		return word_before(buf, rec);
	switch (d->outcome) {
	case BX_OUT_DRIVER:
		if (bx_is_as_decided(rec))
			return "bound";
		if (rec->driver[0])
			snprintf(buf, WORDS, "%s elected, not bound",
				 d->driver);
		else if (d->driver_state == BX_DRIVER_UNCLAIMED)
			snprintf(buf, WORDS, "%s elected, does not claim it",
				 d->driver);
		else if (d->probe_error)
			snprintf(buf, WORDS, "probe of %s failed: %s",
				 d->driver, strerror(-d->probe_error));
		else
			snprintf(buf, WORDS, "%s elected, none bound",
				 d->driver);
		return buf;
	case BX_OUT_REFUSED:
		if (rec->driver[0])
			return rec->dev.flags & BX_DEV_CLAIMED ?
			       "refused, but claimed" : "refused, but bound";
		return "refused";
	case BX_OUT_DEFERRED:
		if (rec->driver[0])
			return "deferred, but bound";
		if (d->deferrals < 2)
			return "deferred";
		snprintf(buf, WORDS, "deferred %u times%s", d->deferrals,
			 d->deferrals < BX_MAX_DEFERRALS ? "" : ", the limit");
		return buf;
	case BX_OUT_ABSENT:
		if (!strcmp(rec->driver, d->driver))
			return "bound";
		snprintf(buf, WORDS, "%s %s%s%s",
			 d->driver_state == BX_DRIVER_LOADING ? "loading" :
			 "waiting for", d->driver,
			 d->driver_state == BX_DRIVER_ABSENT ?
			 ", whose module was not found" : "",
			 rec->driver[0] ? ", but bound" : "");
		return buf;
	default:
		return rec->driver[0] ? "bound" : "no driver";
	}
}

/* The state of an elected driver that is absent or cannot be bound; empty for others */
const char *key_driver_state(const struct bx_decision *d)
{
	static const char *const keys[] = {
		[BX_DRIVER_UNKNOWN]	= "unknown",
		[BX_DRIVER_REGISTERED]	= "registered",
		[BX_DRIVER_LOADING]	= "loading",
		[BX_DRIVER_ABSENT]	= "absent",
		[BX_DRIVER_REJECTED]	= "rejected",
		[BX_DRIVER_UNCLAIMED]	= "unclaimed",
	};

	if ((d->outcome != BX_OUT_ABSENT &&
	     d->driver_state != BX_DRIVER_UNCLAIMED) ||
	    d->driver_state >= sizeof(keys) / sizeof(*keys))
		return "";
	return keys[d->driver_state];
}

static void json_decision(struct json *j, const struct bx_decision *d)
{
	json_object(j, "decision");
	json_string(j, "outcome", bx_outcome_text(d->outcome));
	json_string_or_null(j, "driver", d->driver);
	json_string_or_null(j, "driver_state", key_driver_state(d));
	json_string(j, "by", bx_decider_text(d->by));
	json_string_or_null(j, "policy", d->policy);
	json_uint(j, "policy_id", d->policy_id);
	json_int(j, "score", d->score);
	json_uint(j, "considered", d->considered);
	json_int(j, "probe_error", d->probe_error);
	json_uint(j, "generation", d->generation);
	json_uint(j, "deferrals", d->deferrals);
	json_uint(j, "retry_ms", d->retry_ms);
	json_end_object(j);
}

static void json_ids(struct json *j, const struct bx_dev_info *dev)
{
	json_hex(j, "vendor", 4, dev->vendor);
	json_hex(j, "device", 4, dev->device);
	json_hex(j, "subvendor", 4, dev->subvendor);
	json_hex(j, "subdevice", 4, dev->subdevice);
	json_hex(j, "class", 6, dev->class);
	json_hex(j, "revision", 2, dev->revision);
}

static void json_index(struct json *j, const char *name, __s32 index)
{
	if (index < 0)
		json_null(j, name);
	else
		json_int(j, name, index);
}

void json_device_begin(struct json *j, const char *name, const struct bx_device_rec *rec)
{
	const struct bx_dev_info *dev = &rec->dev;
	char buf[WORDS];

	json_object(j, name);
	json_string(j, "bus", dev->bus);
	json_string(j, "name", dev->name);
	json_string_or_null(j, "guid", bx_guid_text(buf, dev->guid));
	json_ids(j, dev);
	json_string_or_null(j, "parent", dev->parent);
	json_string_or_null(j, "parent_driver", dev->parent_driver);
	json_bool(j, "adopted", dev->flags & BX_DEV_ADOPTED);
	json_bool(j, "pf", dev->flags & BX_DEV_PF);
	json_index(j, "vf_index", dev->vf_index);
	json_index(j, "numa_node", dev->numa_node);
	json_index(j, "iommu_group", dev->iommu_group);
	json_string_or_null(j, "modalias", dev->modalias);
	json_string_or_null(j, "driver", rec->driver);
	json_bool(j, "claimed", dev->flags & BX_DEV_CLAIMED);
	json_bool(j, "as_decided", bx_is_as_decided(rec));
	json_bool(j, "bound_before", bx_is_bound_before(rec));
	json_decision(j, &rec->decision);
}

void json_device(struct json *j, const char *name,
		 const struct bx_device_rec *rec)
{
	json_device_begin(j, name, rec);
	json_end_object(j);
}

/* Drivers that a policy may name; null for all */
static void json_limit(struct json *j, const struct bx_limit *limit)
{
	if (limit->nr == BX_ANY) {
		json_null(j, "drivers");
		return;
	}
	json_array(j, "drivers");
	for (__u32 i = 0; i < limit->nr && i < BX_LIMIT_DRIVERS; i++)
		json_string(j, NULL, limit->driver[i]);
	json_end_array(j);
}

void json_policy(struct json *j, const struct bx_policy_rec *rec)
{
	static const char *const ops[] = {
		"select", "match", "event", "init", "exit", "call", "complete",
		"admit", "part",
	};
	size_t i;

	json_object(j, NULL);
	json_string(j, "name", rec->name);
	json_string(j, "bus", rec->bus);
	if (!rec->vendor || rec->vendor == BX_ANY)
		json_null(j, "vendor");
	else
		json_hex(j, "vendor", 4, rec->vendor);
	json_int(j, "priority", rec->priority);
	json_uint(j, "version", rec->version);
	json_string(j, "mode", rec->flags & BX_F_SHADOW ? "shadow" :
		    "enforce");
	json_bool(j, "fail_closed", rec->flags & BX_F_FAIL_CLOSED);
	json_bool(j, "next_best", rec->flags & BX_F_NEXT_BEST);
	json_bool(j, "ejected", rec->ejected);
	json_bool(j, "quarantined", bx_is_quarantined(rec));
	json_string_or_null(j, "reason", rec->reason);
	json_bool(j, "awaits_bus", rec->awaits_bus);
	json_string(j, "stage", key_stage(rec->stage));
	json_limit(j, &rec->limit);
	json_array(j, "ops");
	for (i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (rec->ops & 1U << i)
			json_string(j, NULL, ops[i]);
	json_end_array(j);
	json_uint(j, "id", rec->id);
	json_uint(j, "link", rec->link_id);
	json_uint(j, "generation", rec->generation);
	json_uint(j, "asked", rec->asked);
	json_uint(j, "decided", rec->decided);
	json_uint(j, "vetoed", rec->vetoed);
	json_uint(j, "diverged", rec->diverged);
	json_uint(j, "denied", rec->denied);
	json_uint(j, "handled", rec->handled);
	json_uint(j, "redirected", rec->redirected);
	json_uint(j, "amended", rec->amended);
	json_end_object(j);
}

void json_holder(struct json *j, const struct bx_holder *holder)
{
	json_object(j, NULL);
	json_string(j, "kind", bx_holder_kind_text(holder->kind));
	json_string(j, "node", holder->node);
	json_string_or_null(j, "by", holder->by);
	if (holder->pid)
		json_int(j, "pid", holder->pid);
	else
		json_null(j, "pid");
	json_end_object(j);
}
