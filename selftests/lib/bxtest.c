// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions that the kernel tests share: see bxtest.h
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "bxtest.h"
#include "control.h"
#include "selftests/bpf/control.skel.h"
#include "selftests/bpf/scripted.skel.h"

#define SIM		"/sys/devices/bxsim/"

static struct scripted *scripted;
static struct control *control;
static struct bpf_map_info template;	/* of a map as libbpf makes it */
static int template_btf;		/* where its types are */
static char log_text[64 << 10];		/* of libbpf, for a failure */
static size_t log_len;

/* Policies as the kernel wants them; see bpf_struct_ops_map_update_elem(). */
struct policy_value {
	__u64	common[8];		/* refcount, state; a cache line */
	__u64	select, match, event, init, exit, call, complete, admit, part;
	char	name[BX_NAME_LEN];
	char	bus[BX_NAME_LEN];
	__u32	vendor;
	__s32	priority;
	__u64	flags;
	__u32	version;
	__u64	calls[BX_CALL_WORDS];
} __attribute__((aligned(64)));

/* ---- the program ---- */

/* Messages of libbpf matter only when something fails. */
static int keep_log(enum libbpf_print_level level, const char *fmt,
		    va_list args)
{
	int n;

	if (level == LIBBPF_DEBUG || log_len >= sizeof(log_text))
		return 0;
	n = vsnprintf(log_text + log_len, sizeof(log_text) - log_len, fmt,
		      args);
	log_len += n > 0 ? n : 0;
	if (log_len > sizeof(log_text))
		log_len = sizeof(log_text);
	return 0;
}

void bxt_log_clear(void)
{
	log_len = 0;
	log_text[0] = '\0';
}

/* Returns the messages of libbpf and the verifier since bxt_log_clear(). */
const char *bxt_log(void)
{
	return log_text;
}

bool bxt_log_says(const char *text)
{
	return strstr(log_text, text);
}

/* Reports an error before the first test; returns @err. */
int bxt_complain(const char *what, int err)
{
	printf("# cannot %s: %s\n%.*s\n", what, strerror(-err),
	       (int)log_len, log_text);
	return err;
}

static int find_template(void)
{
	__u32 len = sizeof(template);
	int err;

	err = bpf_map_get_info_by_fd(bpf_map__fd(scripted->maps.slot_0),
				     &template, &len);
	if (err)
		return err;
	if (template.value_size != sizeof(struct policy_value))
		return -EPROTO;
	template_btf = bpf_btf_get_fd_by_id(template.btf_vmlinux_id);
	return template_btf < 0 ? template_btf : 0;
}

static int slots = SCRIPT_SLOTS;

/*
 * For a program that uses the first @n slots, before bxt_start(): a sanitizer
 * kernel takes a second for each of the others.
 */
void bxt_slots(int n)
{
	slots = n;
}

/* Leaves out the other slots and their programs. */
static int choose_slots(void)
{
	struct bpf_program *prog;
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_program(prog, scripted->obj) {
		const char *slot = strrchr(bpf_program__name(prog), '_');

		if (slot && atoi(slot + 1) >= slots)
			err = err ?: bpf_program__set_autoload(prog, false);
	}
	bpf_object__for_each_map(map, scripted->obj) {
		const char *name = bpf_map__name(map);

		if (!strncmp(name, "slot_", 5) && atoi(name + 5) >= slots)
			err = err ?: bpf_map__set_autocreate(map, false);
	}
	return err;
}

/**
 * bxt_start() - load a module and the BPF objects
 * @module: "bxsim", "bus_ext", ...; modprobe brings what it needs
 */
int bxt_start(const char *module)
{
	int err;

	/* results and diagnostics in the order in which they are printed */
	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(keep_log);
	err = bxt_load(module);
	if (err)
		return bxt_complain("load the module", err);
	scripted = scripted__open();
	if (!scripted || choose_slots() || scripted__load(scripted))
		return bxt_complain("load scripted.bpf.o", -errno);
	control = control__open_and_load();
	if (!control)
		return bxt_complain("load control.bpf.o", -errno);
	err = find_template();
	return err ? bxt_complain("find the policy's type", err) : 0;
}

/* Unload everything; what cannot be unloaded has leaked. */
int bxt_finish(void)
{
	static const char *const modules[] = {
		"bxsim", "bx_sf", "bxvfio", "bx_vfio", "bus_ext", NULL
	};
	int err;

	if (control) {
		bxt_clean();
		close(template_btf);
	}
	scripted__destroy(scripted);
	control__destroy(control);
	for (unsigned int i = 0; modules[i]; i++) {
		err = bxt_loaded(modules[i]) ? bxt_unload_soon(modules[i]) : 0;
		if (err)
			return bxt_complain("unload a module", err);
	}
	return 0;
}

static int forget_all(const char *list, const char *command)
{
	char buf[8192], *line, *rest = buf;
	int err = bxt_read(list, buf, sizeof(buf));

	if (err)
		return err == -ENOENT ? 0 : err;	/* without bxsim */
	while ((line = strsep(&rest, "\n"))) {
		line[strcspn(line, " ")] = '\0';
		if (*line && bxt_sim(command, "%s", line))
			return -EIO;
	}
	return 0;
}

/* Restores the state before the first test; no script changes the result of a call. */
int bxt_clean(void)
{
	int err;

	memset(scripted->bss->scripts, 0, sizeof(scripted->bss->scripts));
	for (int i = 0; i < SCRIPT_SLOTS; i++)
		bxt_script(i)->complete_result = 1;
	err = forget_all(SIM "devices", "destroy");
	if (!err)
		err = forget_all(SIM "drivers", "driver_del");
	if (!err && !bxt_contains("/sys/kernel/bus_ext/nr_policies", "0\n"))
		err = -EBUSY;
	if (!err)
		err = bxt_settle();
	return err;
}

/* ---- policies ---- */

struct script *bxt_script(int slot)
{
	return &scripted->bss->scripts[slot];
}

static __u64 prog_fd(const char *op, int slot)
{
	struct bpf_program *prog;
	char name[16];

	snprintf(name, sizeof(name), "%s_%d", op, slot);
	prog = bpf_object__find_program_by_name(scripted->obj, name);
	return prog ? bpf_program__fd(prog) : 0;
}

static void fill(struct policy_value *value, int slot,
		 const struct bxt_spec *spec)
{
	const char *bus = spec->bus ?: "bx-sf";
	__u32 ops = spec->ops;
	char name[16];

	snprintf(name, sizeof(name), "p%d", slot);
	/* without the NUL when they are too long */
	strncpy(value->name, spec->name ?: name, BX_NAME_LEN);
	strncpy(value->bus, bus, BX_NAME_LEN);
	value->vendor = spec->vendor;
	value->priority = spec->priority;
	value->flags = spec->flags;
	value->version = spec->version;
	memcpy(value->calls, spec->calls, sizeof(value->calls));
	if (!ops && !spec->no_ops)
		ops = BX_OP_SELECT | BX_OP_EVENT | BX_OP_INIT | BX_OP_EXIT |
		      (strcmp(bus, "bx-sf") ? 0 : BX_OP_MATCH | BX_OP_ADMIT) |
		      (spec->calls[0] ? BX_OP_CALL | BX_OP_COMPLETE : 0);
	value->select = ops & BX_OP_SELECT ? prog_fd("select", slot) : 0;
	value->match = ops & BX_OP_MATCH ? prog_fd("match", slot) : 0;
	value->event = ops & BX_OP_EVENT ? prog_fd("event", slot) : 0;
	value->init = ops & BX_OP_INIT ? prog_fd("init", slot) : 0;
	value->exit = ops & BX_OP_EXIT ? prog_fd("exit", slot) : 0;
	value->call = ops & BX_OP_CALL ? prog_fd("call", slot) : 0;
	value->complete = ops & BX_OP_COMPLETE ? prog_fd("complete", slot) : 0;
	value->admit = ops & BX_OP_ADMIT ? prog_fd("admit", slot) : 0;
	value->part = ops & BX_OP_PART ? prog_fd("part", slot) : 0;
}

/**
 * bxt_map() - make a policy that can be attached
 * @slot: the slot whose programs and script it has
 * @spec: its fields
 *
 * Return: the map, or an errno: the kernel judges the fields here.
 */
int bxt_map(int slot, const struct bxt_spec *spec)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	struct policy_value value = {};
	int fd, err;

	opts.btf_fd = bpf_object__btf_fd(scripted->obj);
	opts.btf_vmlinux_value_type_id = template.btf_vmlinux_value_type_id;
	opts.value_type_btf_obj_fd = template_btf;
	opts.map_flags = BPF_F_VTYPE_BTF_OBJ_FD;
	if (!spec->no_link)
		opts.map_flags |= BPF_F_LINK;
	fill(&value, slot, spec);
	fd = bpf_map_create(BPF_MAP_TYPE_STRUCT_OPS, "policy", sizeof(__u32),
			    sizeof(value), 1, &opts);
	if (fd < 0)
		return fd;
	err = bpf_map_update_elem(fd, &(__u32){ 0 }, &value, 0);
	if (!err)
		return fd;
	close(fd);
	return err;
}

int bxt_link(int map)
{
	return bpf_link_create(map, 0, BPF_STRUCT_OPS, NULL);
}

int bxt_attach(int slot, const struct bxt_spec *spec)
{
	int link, map = bxt_map(slot, spec);

	if (map < 0)
		return map;
	link = bxt_link(map);
	close(map);
	return link;
}

/* Replace a policy; @old_map: the map that must be attached, -1 for any. */
int bxt_update(int link, int map, int old_map)
{
	LIBBPF_OPTS(bpf_link_update_opts, opts);

	if (old_map >= 0) {
		opts.old_map_fd = old_map;
		opts.flags = BPF_F_REPLACE;
	}
	return bpf_link_update(link, map, &opts);
}

int bxt_detach(int link)
{
	return bpf_link_detach(link);
}

bool bxt_hung_up(int link)
{
	struct pollfd pfd = { .fd = link, .events = POLLHUP };

	return poll(&pfd, 1, 0) == 1 && pfd.revents & POLLHUP;
}

/* ---- the control interface ---- */

static int ask(struct bpf_program *prog)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	return bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);
}

static int ask_for_result(struct bpf_program *prog)
{
	int err = ask(prog);

	return err ?: (int)control->bss->io.result;
}

/* Make a request that is done later; its ticket. */
static __s64 begin(struct bpf_program *prog)
{
	int err = ask(prog);

	return err ?: control->bss->io.result ?: -EPROTO;
}

/* Returns the result of a request, or -EINPROGRESS. */
static int result(__u64 ticket, __u32 wait_ms)
{
	control->bss->io.ticket = ticket;
	control->bss->io.wait_ms = wait_ms;
	return ask_for_result(control->progs.await);
}

int bxt_result(__u64 ticket)
{
	return result(ticket, 0);
}

/* Wait for the result of a request. */
int bxt_await(__u64 ticket)
{
	int ret, tries = bxt_patience();

	do {
		ret = result(ticket, 1000);
	} while (ret == -EINPROGRESS && --tries);
	return ret;
}

/* Make a request, and wait for its result. */
static int request(struct bpf_program *prog)
{
	__s64 ticket = begin(prog);

	return ticket < 0 ? (int)ticket : bxt_await(ticket);
}

static void set_ref(const char *bus, const char *device)
{
	struct bx_devref *ref = &control->bss->io.ref;

	memset(ref, 0, sizeof(*ref));
	strcpy(ref->bus, bus);
	strcpy(ref->name, device);
}

/* Wait until all pending work has been done. */
int bxt_settle(void)
{
	return request(control->progs.settle);
}

__s64 bxt_begin_settle(void)
{
	return begin(control->progs.settle);
}

int bxt_rebind(const char *device)
{
	set_ref("", device);
	return request(control->progs.rebind);
}

__s64 bxt_begin_rebind(const char *device)
{
	set_ref("", device);
	return begin(control->progs.rebind);
}

int bxt_reelect(const char *bus)
{
	set_ref(bus, "");
	return request(control->progs.reelect);
}

int bxt_device(const char *device, struct bx_device_rec *rec)
{
	int err;

	set_ref("", device);
	err = ask_for_result(control->progs.get_device);
	*rec = control->bss->io.device;
	return err;
}

/* Returns the number of policies, which are in order of authority. */
int bxt_policies(const struct bx_policy_rec **recs)
{
	int err = ask_for_result(control->progs.list_policies);

	*recs = control->bss->io.policies;
	return err ?: (int)control->bss->io.n;
}

/* -ENOENT when it is not attached. */
int bxt_policy(const char *name, struct bx_policy_rec *rec)
{
	const struct bx_policy_rec *recs;
	int n = bxt_policies(&recs);

	for (int i = 0; i < n; i++) {
		if (!strcmp(recs[i].name, name)) {
			*rec = recs[i];
			return 0;
		}
	}
	return n < 0 ? n : -ENOENT;
}

/* Returns the identity of the newest policy of a name, or 0. */
__u64 bxt_newest(const char *name)
{
	const struct bx_policy_rec *recs;
	int n = bxt_policies(&recs);
	__u64 id = 0;

	for (int i = 0; i < n; i++) {
		if (!strcmp(recs[i].name, name) && recs[i].id > id)
			id = recs[i].id;
	}
	return id;
}

/* Returns the record of an attached policy; its stage is -1 if it has none. */
struct bx_policy_rec bxt_policy_of_id(__u64 id)
{
	const struct bx_policy_rec *recs;
	int n = bxt_policies(&recs);

	for (int i = 0; i < n; i++) {
		if (recs[i].id == id)
			return recs[i];
	}
	return (struct bx_policy_rec){ .stage = -1 };
}

/* The last ejection of a policy. */
int bxt_ejection(const char *name, struct bx_exit_info *info)
{
	struct control_io *c = &control->bss->io;
	int err = ask_for_result(control->progs.list_exits);

	for (int i = c->n - 1; !err && i >= 0; i--) {
		if (!strcmp(c->exits[i].name, name)) {
			*info = c->exits[i];
			return 0;
		}
	}
	return err ?: -ENOENT;
}

/* How long the programs of explanations and trials may take from now on, in ms; 0: 10 s */
void bxt_programs_may_take(__u32 ms)
{
	control->bss->io.run_ms = ms;
}

int bxt_opinions(const char *device, const struct bx_opinion **recs)
{
	int err;

	set_ref("", device);
	err = ask_for_result(control->progs.list_opinions);
	*recs = control->bss->io.opinions;
	return err ?: (int)control->bss->io.n;
}

int bxt_facts(const char *device, const struct bx_fact_rec **recs)
{
	int err;

	set_ref("", device);
	err = ask_for_result(control->progs.list_facts);
	*recs = control->bss->io.facts;
	return err ?: (int)control->bss->io.n;
}

int bxt_drivers(const struct bx_driver_rec **recs)
{
	int err = ask_for_result(control->progs.list_drivers);

	*recs = control->bss->io.drivers;
	return err ?: (int)control->bss->io.n;
}

/* As a loader that has checked the policy in the kernel; only @id when that is unknown */
struct bx_commit_enter bxt_enter(__u64 id)
{
	const struct bx_policy_rec *recs;
	int n = bxt_policies(&recs);
	struct bx_commit_enter enter = { .id = id, .limit.nr = BX_ANY };

	for (int i = 0; i < n; i++) {
		if (recs[i].id != id)
			continue;
		enter.flags = recs[i].flags;
		enter.vendor = recs[i].vendor;
		enter.priority = recs[i].priority;
		enter.version = recs[i].version;
		enter.limit = recs[i].limit;
		strcpy(enter.name, recs[i].name);
		strcpy(enter.bus, recs[i].bus);
	}
	return enter;
}

int bxt_commit(const struct bx_commit *commit)
{
	control->bss->io.commit = *commit;
	return request(control->progs.commit);
}

/* Returns the number of opinions; the last one is the decision. */
int bxt_trial(const struct bx_trial *trial, const struct bx_opinion **recs)
{
	int err;

	control->bss->io.trial = *trial;
	err = ask_for_result(control->progs.list_trial);
	*recs = control->bss->io.opinions;
	return err ?: (int)control->bss->io.n;
}

int bxt_trial_call(const struct bx_trial *trial, struct bx_trial_call *call)
{
	int err;

	control->bss->io.trial = *trial;
	control->bss->io.call = *call;
	err = ask_for_result(control->progs.trial_call);
	*call = control->bss->io.call;
	return err;
}
