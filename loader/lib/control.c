// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: running the programs of bxctl.bpf.c
 *
 * A request's program is loaded when it is first wanted, alone, or with the others
 * that a change of policies needs.  It is kept: waiting runs the same one many times.
 */
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "internal.h"
#include "loader/bxctl.skel.h"

#define MAX_RING_SIZE	(64U << 20)

static const char *const request_names[NR_REQUESTS] = {
	[LIST_DEVICES]	= "list_devices",
	[LIST_DRIVERS]	= "list_drivers",
	[LIST_POLICIES]	= "list_policies",
	[LIST_EXITS]	= "list_exits",
	[LIST_OPINIONS]	= "list_opinions",
	[GET_DEVICE]	= "get_device",
	[REBIND]	= "rebind",
	[REELECT]	= "reelect",
	[SETTLE]	= "settle",
	[COMMIT]	= "commit",
	[LIST_TRIAL]	= "list_trial",
	[TRY_CALL]	= "try_call",
	[AWAIT]		= "await",
};

static int load_failed(struct bx_handle *h, enum request which, int err)
{
	char why[512];

	if (err == -EPERM)
		return fail(h, BX_FAULT_PERMISSION, err,
			    "the kernel does not let this process load BPF programs; this needs CAP_SYS_ADMIN");
	if (err == -ENOMEM)
		return fail(h, BX_FAULT_FAILED, err, "out of memory");
	verifier_summary(h, why, sizeof(why));
	return fail(h, BX_FAULT_KERNEL, err,
		    "the bus_ext of this kernel cannot answer '%s': %s; the versions of bxctl and of the module differ",
		    request_names[which],
		    why[0] ? why : h->said[0] ? h->said : strerror(-err));
}

/* What a change of policies needs, sooner or later */
static bool is_for_change(enum request which)
{
	switch (which) {
	case LIST_DEVICES:
	case LIST_POLICIES:
	case LIST_EXITS:
	case SETTLE:
	case COMMIT:
	case AWAIT:
		return true;
	default:
		return false;
	}
}

static bool is_wanted(struct bx_handle *h, const char *name,
		      enum request which, bool others)
{
	for (int i = 0; i < NR_REQUESTS; i++)
		if (!strcmp(name, request_names[i]))
			return i == (int)which ||
				(others && !h->control[i] && is_for_change(i));
	return false;
}

/* @others: with what else a change needs */
static int load(struct bx_handle *h, enum request which,
		unsigned int ring_size, bool others)
{
	struct bpf_program *prog;
	struct bxctl *skel;
	int err;

	log_begin(h);
	skel = bxctl__open();
	if (!skel) {
		err = -errno;
		log_end(h);
		return load_failed(h, which, err);
	}
	bpf_object__for_each_program(prog, skel->obj)
		bpf_program__set_autoload(prog,
					  is_wanted(h, bpf_program__name(prog),
						    which, others));
	bpf_map__set_max_entries(skel->maps.records, ring_size);
	err = bxctl__load(skel);
	log_end(h);
	if (err) {
		bxctl__destroy(skel);
		return load_failed(h, which, err);
	}
	for (int i = 0; i < NR_REQUESTS; i++)
		if (is_wanted(h, request_names[i], which, others))
			h->control[i] = skel;
	return 0;
}

/*
 * Most of the time goes into reading the kernel's types, once for each skeleton, so
 * a change takes all of its programs at once.
 */
static int control_open(struct bx_handle *h, enum request which,
			unsigned int ring_size)
{
	bool change = h->lock_fd >= 0 && is_for_change(which);
	int err;

	if (h->control[which])
		return 0;
	err = bx_check_kernel(h);
	if (err)
		return err;
	if (change && ring_size < h->ring_size)
		ring_size = h->ring_size;
	return load(h, which, ring_size, change);
}

static void control_drop(struct bx_handle *h, enum request which)
{
	struct bxctl *skel = h->control[which];

	for (int i = 0; i < NR_REQUESTS; i++)
		if (h->control[i] == skel)
			h->control[i] = NULL;
	bxctl__destroy(skel);
}

void control_close(struct bx_handle *h)
{
	int i;

	for (i = 0; i < NR_REQUESTS; i++)
		control_drop(h, i);
}

static int control_run(struct bx_handle *h, enum request which)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct bxctl *skel = h->control[which];
	struct bpf_program *prog;
	int err;

	prog = bpf_object__find_program_by_name(skel->obj,
						request_names[which]);
	skel->bss->result = 0;
	skel->bss->lost = 0;
	err = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);
	if (err)
		return fail(h, err == -EPERM ? BX_FAULT_PERMISSION :
			    BX_FAULT_FAILED, err, "cannot run '%s': %s",
			    request_names[which], strerror(-err));
	return 0;
}

void records_free(struct records *r)
{
	free(r->data);
	r->data = NULL;
	r->count = 0;
	r->room = 0;
}

static int on_record(void *arg, void *data, size_t size)
{
	struct records *r = arg;

	if (size < r->size)
		return -EPROTO;
	if (r->count == r->room) {
		size_t room = r->room ? 2 * r->room : 32;
		char *grown = realloc(r->data, room * r->size);

		if (!grown)
			return -ENOMEM;
		r->data = grown;
		r->room = room;
	}
	memcpy(record(r, r->count++), data, r->size);
	return 0;
}

/* Run a list once; 1 when the ring was too small. */
static int list_once(struct bx_handle *h, enum request which,
		     struct records *out)
{
	struct bxctl *skel = h->control[which];
	struct ring_buffer *ring;
	int err;

	ring = ring_buffer__new(bpf_map__fd(skel->maps.records), on_record,
				out, NULL);
	if (!ring)
		return fail(h, BX_FAULT_FAILED, errno,
			    "cannot map the ring of records: %s",
			    strerror(errno));
	err = control_run(h, which);
	if (err)
		goto out;
	err = ring_buffer__consume(ring);
	if (err < 0)
		err = fail(h, BX_FAULT_FAILED, err,
			   "cannot read the records of '%s': %s",
			   request_names[which], strerror(-err));
	else if (skel->bss->result)
		err = fail(h, BX_FAULT_FAILED, skel->bss->result,
			   "cannot read the records of '%s': %s",
			   request_names[which],
			   strerror(-skel->bss->result));
	else
		err = skel->bss->lost ? 1 : 0;
out:
	ring_buffer__free(ring);
	return err;
}

/* @about: what LIST_TRIAL and LIST_OPINIONS are about, else NULL */
int control_list(struct bx_handle *h, enum request which, const void *about,
		 size_t size, struct records *out)
{
	unsigned int ring_size = h->ring_size;
	int err;

	*out = (struct records) { .size = size };
	for (;;) {
		err = control_open(h, which, ring_size);
		if (err)
			return err;
		if (which == LIST_TRIAL)
			memcpy(&h->control[which]->bss->trial, about,
			       sizeof(struct bx_trial));
		else if (about)
			memcpy(&h->control[which]->bss->ref, about,
			       sizeof(struct bx_devref));
		err = list_once(h, which, out);
		if (err <= 0)
			break;
		/* a snapshot is of one moment: start over, with more room */
		records_free(out);
		control_drop(h, which);
		ring_size *= 4;
		if (ring_size > MAX_RING_SIZE)
			return fail(h, BX_FAULT_FAILED, ENOBUFS,
				    "'%s' has more records than fit into %u MiB",
				    request_names[which], MAX_RING_SIZE >> 20);
	}
	if (err)
		records_free(out);
	return err;
}

int control_call(struct bx_handle *h, enum request which,
		 const struct bx_devref *ref, struct bx_device_rec *rec,
		 int64_t *result)
{
	struct bxctl *skel;
	int err;

	err = control_open(h, which, 4096);
	if (err)
		return err;
	skel = h->control[which];
	if (ref)
		skel->bss->ref = *ref;
	err = control_run(h, which);
	if (err)
		return err;
	if (rec)
		*rec = skel->bss->device;
	*result = skel->bss->result;
	return 0;
}

int control_try_call(struct bx_handle *h, const struct bx_trial *trial,
		     struct bx_trial_call *call, int64_t *result)
{
	struct bxctl *skel;
	int err;

	err = control_open(h, TRY_CALL, 4096);
	if (err)
		return err;
	skel = h->control[TRY_CALL];
	skel->bss->trial = *trial;
	skel->bss->call = *call;
	err = control_call(h, TRY_CALL, NULL, NULL, result);
	*call = skel->bss->call;
	return err;
}

int control_commit(struct bx_handle *h, const struct bx_commit *change,
		   int64_t *ticket)
{
	int err;

	err = control_open(h, COMMIT, 4096);
	if (err)
		return err;
	h->control[COMMIT]->bss->change = *change;
	return control_call(h, COMMIT, NULL, NULL, ticket);
}

int control_wait(struct bx_handle *h, uint64_t ticket, unsigned int ms,
		 int64_t *result)
{
	int err;

	err = control_open(h, AWAIT, 4096);
	if (err)
		return err;
	h->control[AWAIT]->bss->ticket = ticket;
	h->control[AWAIT]->bss->wait_ms = ms;
	return control_call(h, AWAIT, NULL, NULL, result);
}
