// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: running the programs of bxctl_*.bpf.c
 *
 * A request's program is loaded when it is first needed, together with others that may be
 * needed, and stays loaded: waiting runs the same program many times.
 */
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "internal.h"
#include "control.h"
#include "loader/bxctl_change.skel.h"
#include "bpf/rules.skel.h"
#include "loader/bxctl_query.skel.h"

#define MAX_RING_SIZE	(64U << 20)

/**
 * struct control - loaded programs
 * @change: from bxctl_change.bpf.c, or
 * @query: from bxctl_query.bpf.c
 * @obj: the object of either
 * @records: its ring
 * @ring: the ring, mapped with the first list
 * @list: takes the records of the ring
 * @data: the request and the answer, after the object was loaded
 */
struct control {
	struct bxctl_change	*change;
	struct bxctl_query	*query;
	struct bpf_object	*obj;
	struct bpf_map		*records;
	struct ring_buffer	*ring;
	struct records		*list;
	struct control_data	*data;
};

static const char *const request_names[NR_REQUESTS] = {
	[LIST_DEVICES]	= "list_devices",
	[LIST_DRIVERS]	= "list_drivers",
	[LIST_POLICIES]	= "list_policies",
	[LIST_EXITS]	= "list_exits",
	[LIST_FACTS]	= "list_facts",
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
		    "the bus_ext of this kernel cannot answer '%s': %s; the versions of the library and of the module differ",
		    request_names[which],
		    why[0] ? why : h->said[0] ? h->said : strerror(-err));
}

/* Returns whether a change of policies needs this request. */
static bool is_for_change(enum request which)
{
	switch (which) {
	case LIST_DEVICES:
	case LIST_POLICIES:
	case LIST_EXITS:
	case LIST_TRIAL:
	case TRY_CALL:
	case SETTLE:
	case COMMIT:
	case AWAIT:
		return true;
	default:
		return false;
	}
}

/* Returns whether the request needs a program: all of its object, with @single only its own. */
static bool is_wanted(struct bx_handle *h, const char *name,
		      enum request which, bool single)
{
	for (int i = 0; i < NR_REQUESTS; i++)
		if (!strcmp(name, request_names[i]))
			return i == (int)which ||
				(!single && !h->control[i] &&
				 is_for_change(i) == is_for_change(which));
	return false;
}

static void control_free(struct control *c)
{
	ring_buffer__free(c->ring);
	bxctl_change__destroy(c->change);
	bxctl_query__destroy(c->query);
	free(c);
}

static struct control *control_new(bool change)
{
	struct control *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	errno = -kfuncs_init();
	if (errno) {
		free(c);
		return NULL;
	}
	if (change) {
		c->change = bxctl_change__open();
		if (c->change) {
			c->obj = c->change->obj;
			c->records = c->change->maps.records;
		}
	} else {
		c->query = bxctl_query__open();
		if (c->query) {
			c->obj = c->query->obj;
			c->records = c->query->maps.records;
		}
	}
	if (!c->obj) {
		free(c);
		return NULL;
	}
	return c;
}

static int load_skeleton(void *arg)
{
	struct control *c = arg;

	return c->change ? bxctl_change__load(c->change) :
		bxctl_query__load(c->query);
}

static int control_load(struct bx_handle *h, struct control *c)
{
	int err = kfuncs_load(h, load_skeleton, c);

	if (!err)
		c->data = c->change ? &c->change->bss->data :
			  &c->query->bss->data;
	return err;
}

static int load(struct bx_handle *h, enum request which,
		unsigned int ring_size, bool single)
{
	struct bpf_program *prog;
	struct control *c;
	int err;

	log_begin(h);
	c = control_new(is_for_change(which));
	if (!c) {
		err = -errno;
		log_end(h);
		return err;
	}
	bpf_object__for_each_program(prog, c->obj)
		bpf_program__set_autoload(prog,
					  is_wanted(h, bpf_program__name(prog),
						    which, single));
	bpf_map__set_max_entries(c->records, ring_size);
	err = control_load(h, c);
	log_end(h);
	if (err) {
		control_free(c);
		return err;
	}
	for (int i = 0; i < NR_REQUESTS; i++)
		if (is_wanted(h, request_names[i], which, single))
			h->control[i] = c;
	return 0;
}

/*
 * Half of the time is spent on finding the functions of the module, once for each loaded
 * object.  So all programs of the object are loaded, unless the module lacks a function of
 * another program.
 */
static int control_open(struct bx_handle *h, enum request which,
			unsigned int ring_size)
{
	int err;

	if (h->control[which])
		return 0;
	err = bx_check_kernel(h);
	if (err)
		return err;
	err = load(h, which, ring_size, false);
	if (err && err != -EPERM && err != -ENOMEM)
		err = load(h, which, ring_size, true);
	return err ? load_failed(h, which, err) : 0;
}

static void control_drop(struct bx_handle *h, enum request which)
{
	struct control *c = h->control[which];

	if (!c)
		return;
	for (int i = 0; i < NR_REQUESTS; i++)
		if (h->control[i] == c)
			h->control[i] = NULL;
	control_free(c);
}

void control_close(struct bx_handle *h)
{
	int i;

	for (i = 0; i < NR_REQUESTS; i++)
		control_drop(h, i);
}

/* Returns whether a request runs the programs of policies, which may take long. */
static bool asks_programs(enum request which)
{
	return which == LIST_OPINIONS || which == LIST_TRIAL || which == TRY_CALL;
}

static int control_run(struct bx_handle *h, enum request which)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct control *c = h->control[which];
	struct bpf_program *prog;
	int err;

	prog = bpf_object__find_program_by_name(c->obj,
						request_names[which]);
	c->data->result = 0;
	c->data->lost = 0;
	if (asks_programs(which))
		c->data->wait_ms = h->timeout_ms ?: 1;
	err = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);
	if (err)
		return fail(h, err == -EPERM ? BX_FAULT_PERMISSION :
			    BX_FAULT_FAILED, err, "cannot run '%s': %s",
			    request_names[which], strerror(-err));
	return 0;
}

static int on_record(void *arg, void *data, size_t size)
{
	struct records *r = ((struct control *)arg)->list;

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

static int map_ring(struct bx_handle *h, struct control *c)
{
	if (!c->ring)
		c->ring = ring_buffer__new(bpf_map__fd(c->records), on_record,
					   c, NULL);
	return c->ring ? 0 : fail(h, BX_FAULT_FAILED, errno,
				  "cannot map the ring of records: %s",
				  strerror(errno));
}

/* The message comes at once: no policy can be detached while its programs run. */
static int unanswered(struct bx_handle *h, int err)
{
	note(h, "the programs of the policies still run; no policy is detached before they end");
	return fail(h, BX_FAULT_STATE, err, err == -EINTR ?
		    "interrupted before the programs of the policies had answered" :
		    "the programs of the policies have not answered in time; does one loop?");
}

static int read_failed(struct bx_handle *h, enum request which, int err)
{
	if (asks_programs(which) && (err == -EINTR || err == -ETIMEDOUT))
		return unanswered(h, err);
	return fail(h, BX_FAULT_FAILED, err,
		    "cannot read the records of '%s': %s",
		    request_names[which], strerror(-err));
}

/* Drops the ring of an unfinished list, whose records the next list would get. */
static int drop_ring(struct bx_handle *h, enum request which, int err)
{
	control_drop(h, which);
	return err;
}

/* Runs a list once; returns 1 when the ring was too small. */
static int list_once(struct bx_handle *h, enum request which,
		     struct records *out)
{
	struct control *c = h->control[which];
	int err;

	err = map_ring(h, c);
	if (err)
		return err;
	c->list = out;
	err = control_run(h, which);
	if (err)
		return drop_ring(h, which, err);
	err = ring_buffer__consume(c->ring);
	if (err < 0)
		return drop_ring(h, which, read_failed(h, which, err));
	if (c->data->result)
		return read_failed(h, which, c->data->result);
	return c->data->lost ? 1 : 0;
}

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
			memcpy(&h->control[which]->data->trial, about,
			       sizeof(struct bx_trial));
		else if (about)
			memcpy(&h->control[which]->data->ref, about,
			       sizeof(struct bx_devref));
		err = list_once(h, which, out);
		if (err <= 0)
			break;
		/* all records must be of one moment: start again with a larger ring */
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
	struct control *c;
	int err;

	err = control_open(h, which, h->ring_size);
	if (err)
		return err;
	c = h->control[which];
	if (ref)
		c->data->ref = *ref;
	err = control_run(h, which);
	if (err)
		return err;
	if (rec)
		*rec = c->data->device;
	*result = c->data->result;
	return 0;
}

int control_try_call(struct bx_handle *h, const struct bx_trial *trial,
		     struct bx_trial_call *call, int64_t *result)
{
	struct control *c;
	int err;

	err = control_open(h, TRY_CALL, h->ring_size);
	if (err)
		return err;
	c = h->control[TRY_CALL];
	c->data->trial = *trial;
	c->data->call = *call;
	err = control_call(h, TRY_CALL, NULL, NULL, result);
	if (!err && (*result == -EINTR || *result == -ETIMEDOUT))
		return unanswered(h, *result);
	*call = c->data->call;
	return err;
}

int control_commit(struct bx_handle *h, const struct bx_commit *change,
		   int64_t *ticket)
{
	int err;

	err = control_open(h, COMMIT, h->ring_size);
	if (err)
		return err;
	h->control[COMMIT]->data->change = *change;
	return control_call(h, COMMIT, NULL, NULL, ticket);
}

int control_wait(struct bx_handle *h, uint64_t ticket, unsigned int ms,
		 int64_t *result)
{
	int err;

	err = control_open(h, AWAIT, h->ring_size);
	if (err)
		return err;
	h->control[AWAIT]->data->ticket = ticket;
	h->control[AWAIT]->data->wait_ms = ms;
	return control_call(h, AWAIT, NULL, NULL, result);
}

const void *kernel_rules_object(size_t *size)
{
	return rules__elf_bytes(size);
}
