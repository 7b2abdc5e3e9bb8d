// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of devices, for policies and tracepoints
 */
#include "core.h"
#include "trace.h"

static void bx_emit_one(struct bx_inst *inst, struct bx_event_ctx *ctx)
{
	struct bx_run run;

	bx_run_init(&run, inst, "event()", &ctx->event.dev, false);
	this_cpu_inc(inst->counts->asked);
	ctx->run = &run;
	inst->ops->event(&ctx->event);
	ctx->run = NULL;
	bx_run_judge(&run);
}

static bool bx_event_is_traced(enum bx_event_kind kind)
{
	switch (kind) {
	case BX_EVENT_ADDED:
		return trace_bx_create_enabled();
	case BX_EVENT_BOUND:
		return trace_bx_bind_enabled();
	case BX_EVENT_UNBOUND:
		return trace_bx_unbind_enabled();
	case BX_EVENT_REMOVED:
		return trace_bx_remove_enabled();
	}
	return false;
}

/**
 * bx_is_in_scope() - check whether a policy has a device in its scope
 * @dev: the device
 *
 * Context: process.
 * Return: true if one has.
 */
bool bx_is_in_scope(struct device *dev)
{
	int idx = srcu_read_lock(&bx_srcu);
	bool found = bx_chain_lookup(dev->bus->name, bx_dev_vendor(dev));

	srcu_read_unlock(&bx_srcu, idx);
	return found;
}

/* Whether a policy with match() has a device in its scope; in process context */
bool bx_is_judged(struct device *dev)
{
	int idx = srcu_read_lock(&bx_srcu);
	bool judged = bx_chain_judges(bx_chain_lookup(dev->bus->name, bx_dev_vendor(dev)));

	srcu_read_unlock(&bx_srcu, idx);
	return judged;
}

/**
 * bx_emit_event() - report an event to the policies in scope and to tracing
 * @dev: the device
 * @driver: the driver concerned, or ""
 * @kind: the event
 *
 * Context: process; may sleep.
 */
void bx_emit_event(const struct bx_dev_info *dev, const char *driver,
		   enum bx_event_kind kind)
{
	const struct bx_policy_chain *chain;
	struct bx_event_ctx *ctx = NULL;
	int idx;

	switch (kind) {
	case BX_EVENT_ADDED:
		trace_bx_create(dev, driver);
		break;
	case BX_EVENT_BOUND:
		trace_bx_bind(dev, driver);
		break;
	case BX_EVENT_UNBOUND:
		trace_bx_unbind(dev, driver);
		break;
	case BX_EVENT_REMOVED:
		trace_bx_remove(dev, driver);
		break;
	}

	idx = srcu_read_lock(&bx_srcu);
	chain = bx_chain_lookup(dev->bus, dev->vendor);
	for (u32 i = 0; chain && i < chain->n; i++) {
		struct bx_inst *inst = chain->inst[i];

		if (!inst->ops->event || !bx_inst_live(inst))
			continue;
		if (!ctx)
			ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);
		if (!ctx)
			break;
		ctx->event.dev = *dev;
		ctx->event.kind = kind;
		strscpy(ctx->event.driver, driver, sizeof(ctx->event.driver));
		bx_emit_one(inst, ctx);
	}
	kfree(ctx);
	srcu_read_unlock(&bx_srcu, idx);
}

/*
 * Describes @dev and emits the event, unless nothing would see it; may sleep.
 * Drops the event if out of memory.
 */
void bx_emit_dev(struct device *dev, const char *driver,
		 enum bx_event_kind kind)
{
	struct bx_dev_info *info;

	if (!bx_event_is_traced(kind) && !bx_is_in_scope(dev))
		return;
	info = kmalloc(sizeof(*info), GFP_KERNEL);
	if (!info)
		return;
	bx_dev_info_fill(dev, info);
	bx_emit_event(info, driver, kind);
	kfree(info);
}

/**
 * bx_event_notify() - elect deferred devices again after a notification of their bus
 * @all: the deferred devices of the bus
 * @dev: the device that it is about
 * @action: the notification; only an added, bound or unbound device is an event for others
 *
 * Context: process; after the policies were told.
 */
void bx_event_notify(struct bx_deferrals *all, struct device *dev, unsigned long action)
{
	if (action == BUS_NOTIFY_ADD_DEVICE || action == BUS_NOTIFY_BOUND_DRIVER ||
	    action == BUS_NOTIFY_UNBOUND_DRIVER)
		bx_deferrals_event(all, dev, bx_dev_vendor(dev));
}
