// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * The kernel, for fuzz targets: bus_ext is loaded, has one bus with calls, and answers
 * every trial in the same way
 */
#include "fuzz.h"

int bundle_load(struct bx_bundle *b, const struct names *drops,
		struct transaction *txn)
{
	*txn = (struct transaction) {};
	return 0;
}

void bundle_unload(struct bx_bundle *b, struct transaction *txn)
{
}

int txn_stage(struct bx_handle *h, struct transaction *txn,
	      struct bx_commit *change)
{
	*change = (struct bx_commit) {};
	return 0;
}

int control_list(struct bx_handle *h, enum request which, const void *about,
		 size_t size, struct records *out)
{
	struct bx_opinion *o = calloc(1, sizeof(*o));

	if (!o)
		abort();
	strcpy(o->driver, "a");
	o->kind = BX_OPN_DECISION;
	o->verdict = BX_OUT_DRIVER;
	*out = (struct records) {
		.data = (char *)o, .size = sizeof(*o), .count = 1, .room = 1,
	};
	return 0;
}

int control_try_call(struct bx_handle *h, const struct bx_trial *trial,
		     struct bx_trial_call *call, int64_t *result)
{
	*result = 0;
	return 0;
}

int control_call(struct bx_handle *h, enum request which,
		 const struct bx_devref *ref, struct bx_device_rec *rec,
		 int64_t *result)
{
	abort();
}

int control_commit(struct bx_handle *h, const struct bx_commit *change,
		   int64_t *ticket)
{
	abort();
}

int control_wait(struct bx_handle *h, uint64_t ticket, unsigned int ms,
		 int64_t *result)
{
	abort();
}

const void *kernel_rules_object(size_t *size)
{
	return NULL;
}

void control_close(struct bx_handle *h)
{
}

unsigned int contract_ops(struct bx_handle *h, const char *bus,
			  struct contract_op *ops)
{
	if (strcmp(bus, "bx-sf"))
		return 0;
	ops[0] = (struct contract_op) { .number = 0, .size = 8, .name = "exec" };
	return 1;
}
