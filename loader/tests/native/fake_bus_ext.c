// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Native tests: the tests' own kernel: policies and requests
 *
 * The rules for attach and commit follow kernel/policy.c and kernel/commit.c.  A commit is
 * done at its request, and its result waits for the ticket; an ejected policy exists, and
 * is not active, until the next settle.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "lib/internal.h"
#include "fake.h"
#include "fake_kernel.h"
#include "steps.h"

/* ---- policies ---- */

/* The name and the mode are those of @rec. */
static struct policy *policy_like(const struct bx_policy_rec *rec, __u32 stage)
{
	for (int i = 0; i < FAKE_POLICIES; i++) {
		struct policy *p = &fake->policy[i];

		if (p->link && p->rec.stage == stage &&
		    !strcmp(p->rec.name, rec->name) &&
		    !((p->rec.flags ^ rec->flags) & BX_F_SHADOW))
			return p;
	}
	return NULL;
}

static struct policy *policy_by_id(uint64_t id)
{
	for (int i = 0; i < FAKE_POLICIES; i++)
		if (fake->policy[i].link && fake->policy[i].rec.id == id)
			return &fake->policy[i];
	return NULL;
}

static int refuse(const char *name, __u64 flags, int err, const char *why)
{
	char path[PATH_MAX + 64], key[BX_SHOWN_LEN];
	FILE *f;

	snprintf(path, sizeof(path), "%s/kernel/bus_ext/refused", fake->sysfs);
	f = fopen(path, "ae");
	if (!f)
		abort();
	fprintf(f, "%s: %s\n", bx_policy_key(key, name, flags), why);
	fclose(f);
	return err;
}

int policy_begin(const struct thing *map, struct thing *link)
{
	const struct bx_policy_rec *rec = &map->rec;
	__u32 stage = rec->flags & BX_F_STAGED && !map->unstaged ?
		BX_STAGE_STAGED : BX_STAGE_ACTIVE;

	if (strcmp(rec->bus, "pci"))
		return refuse(rec->name, rec->flags, -ENODEV, "there is no such bus");
	if (policy_like(rec, stage))
		return refuse(rec->name, rec->flags, -EEXIST,
			      "a policy of this name is attached");
	if (map->refuses)
		return refuse(rec->name, rec->flags, -EEXIST,
			      "init() returned -17");
	for (int i = 0; i < FAKE_POLICIES; i++) {
		struct policy *p = &fake->policy[i];

		if (p->link)
			continue;
		p->link = link->id;
		p->map = *map;
		p->rec = *rec;
		p->rec.flags &= ~(__u64)BX_F_STAGED;
		p->rec.vendor = rec->vendor ?: BX_ANY;
		p->rec.stage = stage;
		p->rec.id = ++fake->last_policy;
		p->rec.generation = 1;
		p->rec.limit.nr = BX_ANY;
		p->rec.link_id = link->id;
		link->policy = true;
		link->map = map->id;
		link->rec = *rec;
		return 0;
	}
	return -E2BIG;
}

void policy_end(struct thing *link)
{
	for (int i = 0; i < FAKE_POLICIES; i++)
		if (fake->policy[i].link == link->id)
			fake->policy[i].link = 0;
	link->map = 0;
}

/* ---- commits ---- */

static bool has_id(uint64_t id, const __u64 *ids, __u32 n)
{
	for (__u32 i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

static int check_ids(const __u64 *ids, __u32 n, __u32 stage)
{
	for (__u32 i = 0; i < n; i++) {
		const struct policy *p = policy_by_id(ids[i]);

		if (!p || p->rec.stage != stage)
			return -ENOENT;
		if (has_id(ids[i], ids, i))
			return -EINVAL;
	}
	return 0;
}

/* As bx_expect() in kernel/expect.c */
static int check_enter(const struct bx_commit_enter *e)
{
	const struct bx_policy_rec *rec = &policy_by_id(e->id)->rec;
	__s32 priority = rec->priority + policy_by_id(e->id)->map.differs;

	if (strcmp(rec->name, e->name))
		return refuse(e->name, e->flags, -EPERM, "expected another name");
	if (strcmp(rec->bus, e->bus))
		return refuse(e->name, e->flags, -EPERM, "expected another bus");
	if (rec->vendor != e->vendor)
		return refuse(e->name, e->flags, -EPERM, "expected another vendor");
	if (rec->flags != e->flags)
		return refuse(e->name, e->flags, -EPERM, "expected other flags");
	if (priority != e->priority)
		return refuse(e->name, e->flags, -EPERM, "expected another priority");
	if (rec->version != e->version)
		return refuse(e->name, e->flags, -EPERM, "expected another version");
	return 0;
}

/* Checks that a trial makes of a change, too */
static int check_change(const struct bx_commit *c)
{
	__u64 ids[BX_COMMIT_MAX];
	int err;

	for (__u32 i = 0; i < c->nr_enter; i++)
		ids[i] = c->enter[i].id;
	err = check_ids(ids, c->nr_enter, BX_STAGE_STAGED);
	for (__u32 i = 0; !err && i < c->nr_enter; i++)
		err = check_enter(&c->enter[i]);
	return err ?: check_ids(c->leave, c->nr_leave, BX_STAGE_ACTIVE);
}

static int check_commit(const struct bx_commit *c)
{
	int err = check_change(c);

	for (__u32 i = 0; !err && i < c->nr_enter; i++) {
		const struct policy *p = policy_by_id(c->enter[i].id);
		const struct policy *old = policy_like(&p->rec, BX_STAGE_ACTIVE);

		if (old && !has_id(old->rec.id, c->leave, c->nr_leave))
			err = -EEXIST;
	}
	return err;
}

static bool is_guarded(void)
{
	for (int i = 0; i < FAKE_POLICIES; i++) {
		const struct policy *p = &fake->policy[i];

		if (p->link && p->map.guards &&
		    !(p->rec.flags & BX_F_SHADOW) &&
		    p->rec.stage == BX_STAGE_ACTIVE && !p->rec.ejected)
			return true;
	}
	return false;
}

static void eject(struct policy *p)
{
	struct bx_exit_info *e = &fake->exit[fake->nr_exits++ % FAKE_EXITS];

	p->rec.ejected = 1;
	strcpy(p->rec.reason, "select() returned 77");
	*e = (struct bx_exit_info) {
		.kind = BX_EXIT_RETURN,
		.code = 77,
		/* the author of a policy chooses the text of its message */
		.msg = "select() returned 77\033[8m\r\nbxctl: done",
		.version = p->rec.version,
		.flags = p->rec.flags,
		.id = p->rec.id,
		.seq = fake->nr_exits,
	};
	strcpy(e->name, p->rec.name);
	strcpy(e->bus, p->rec.bus);
}

static int do_commit(const struct bx_commit *c)
{
	int err = check_commit(c);
	bool guarded = is_guarded();

	if (err)
		return err;
	for (__u32 i = 0; i < c->nr_leave; i++)
		policy_by_id(c->leave[i])->rec.stage = BX_STAGE_RETIRED;
	for (__u32 i = 0; i < c->nr_enter; i++) {
		struct policy *p = policy_by_id(c->enter[i].id);

		p->rec.stage = BX_STAGE_ACTIVE;
		p->rec.limit = c->enter[i].limit;
		if (p->map.misbehaves)
			eject(p);
	}
	/* another driver was waiting for it */
	if (guarded && !is_guarded())
		strcpy(fake->device.driver, "nvme");
	return 0;
}

/* The kernel's worker detaches the links of ejected ones that are not quarantined. */
static void do_settle(void)
{
	for (int i = 0; i < FAKE_POLICIES; i++) {
		struct policy *p = &fake->policy[i];

		if (bx_is_quarantined(&p->rec))
			continue;
		for (int k = 0; p->link && p->rec.ejected && k < FAKE_THINGS;
		     k++)
			if (fake->thing[k].id == p->link)
				policy_end(&fake->thing[k]);
	}
}

void fake_eject(void)
{
	for (int i = 0; i < FAKE_POLICIES; i++)
		if (fake->policy[i].link &&
		    fake->policy[i].rec.stage == BX_STAGE_ACTIVE)
			eject(&fake->policy[i]);
	do_settle();
}

/* ---- requests ---- */

static int64_t new_ticket(int64_t result)
{
	fake->ticket[++fake->last_ticket % FAKE_TICKETS] = result;
	return fake->last_ticket;
}

static int run_failed(struct bx_handle *h, const char *what, int err)
{
	return fail(h, BX_FAULT_FAILED, err, "cannot run '%s': %s", what,
		    strerror(-err));
}

void fake_add_record(struct records *out, const void *rec)
{
	out->data = realloc(out->data, (out->count + 1) * out->size);
	if (!out->data)
		abort();
	memcpy(out->data + out->count++ * out->size, rec, out->size);
	out->room = out->count;
}

/* The device waits for a driver whose module was not found. */
static void wait_for_missing(struct bx_decision *d, const struct policy *p)
{
	d->outcome = BX_OUT_ABSENT;
	d->by = BX_BY_SELECT;
	d->driver_state = BX_DRIVER_ABSENT;
	d->policy_id = p->rec.id;
	strcpy(d->driver, "missing");
	strcpy(d->policy, p->rec.name);
}

static void list_device(struct records *out)
{
	struct bx_device_rec rec = fake->device;

	for (int i = 0; i < FAKE_DEVICES; i++)
		if (fake->more[i].there)
			fake_add_record(out, &fake->more[i].rec);
	if (fake->scripted) {
		fake_add_record(out, &rec);
		return;
	}
	rec.decision.outcome = is_guarded() ? BX_OUT_REFUSED : BX_OUT_NONE;
	for (int i = 0; i < FAKE_POLICIES; i++) {
		const struct policy *p = &fake->policy[i];

		if (p->link && p->map.missing &&
		    !(p->rec.flags & BX_F_SHADOW) &&
		    p->rec.stage == BX_STAGE_ACTIVE && !p->rec.ejected)
			wait_for_missing(&rec.decision, p);
	}
	fake_add_record(out, &rec);
}

/* Does the limit of a policy list the driver, after a change? */
static bool may_name(const struct policy *p, const struct bx_commit *c,
		     const char *driver)
{
	const struct bx_limit *limit = &p->rec.limit;

	for (__u32 i = 0; i < c->nr_enter; i++)
		if (c->enter[i].id == p->rec.id)
			limit = &c->enter[i].limit;
	for (__u32 i = 0; limit->nr != BX_ANY && i < limit->nr; i++)
		if (!strcmp(limit->driver[i], driver))
			return true;
	return limit->nr == BX_ANY;
}

static void add_opinion(struct records *out, const struct policy *p,
			const struct bx_commit *c, struct bx_opinion *decision)
{
	struct bx_opinion o = {
		.kind = BX_OPN_SELECT, .why = BX_WHY_PASS,
		.policy_id = p->rec.id, .flags = p->rec.flags,
	};
	bool shadow = p->rec.flags & BX_F_SHADOW;

	strcpy(o.policy, p->rec.name);
	if (shadow && (p->map.guards || p->map.missing)) {
		o.verdict = p->map.guards ? BX_REFUSE : BX_SELECT;
		o.why = BX_WHY_SHADOW;
	} else if (p->map.guards) {
		o.verdict = BX_REFUSE;
		o.why = BX_WHY_WON;
		decision->verdict = BX_OUT_REFUSED;
		decision->by = BX_BY_SELECT;
		strcpy(decision->policy, p->rec.name);
	} else if (p->map.missing && !may_name(p, c, "missing")) {
		o.verdict = BX_SELECT;
		o.why = BX_WHY_UNLISTED;
		strcpy(o.driver, "missing");
	} else if (p->map.missing) {
		o.verdict = BX_SELECT;
		o.why = BX_WHY_WON;
		strcpy(o.driver, "missing");
		strcpy(decision->driver, "missing");
		strcpy(decision->policy, p->rec.name);
		decision->verdict = BX_OUT_ABSENT;
		decision->by = BX_BY_SELECT;
	} else if (p->map.misbehaves && !p->map.late) {
		o.verdict = 77;
		o.why = BX_WHY_BAD;
	}
	fake_add_record(out, &o);
}

/* Is a policy active after a change? */
static bool is_asked(const struct policy *p, const struct bx_commit *c)
{
	if (!p->link)
		return false;
	if (p->rec.stage == BX_STAGE_ACTIVE)
		return !has_id(p->rec.id, c->leave, c->nr_leave);
	for (__u32 i = 0; i < c->nr_enter; i++)
		if (c->enter[i].id == p->rec.id)
			return true;
	return false;
}

/* Policies do not differ in priority: the last one decides. */
static int list_trial(const struct bx_trial *trial, struct records *out)
{
	const struct bx_commit *c = &trial->change;
	struct bx_opinion decision = {
		.kind = BX_OPN_DECISION, .by = BX_BY_KERNEL,
	};
	const struct fake_device *d = fake_find_device(&trial->ref);
	int err = check_change(c);

	for (int i = 0; !err && i < FAKE_POLICIES; i++) {
		const struct policy *p = &fake->policy[i];

		if (!is_asked(p, c))
			continue;
		add_opinion(out, p, c, &decision);
		if (d && !strcmp(d->opinion.policy, p->rec.name))
			decision = d->opinion;
	}
	if (!err)
		fake_add_record(out, &decision);
	return err;
}

static void add_fact(struct records *out, __u32 fact, const char *text, int error)
{
	struct bx_fact_rec rec = { .fact = fact, .error = error };

	strcpy(rec.name, bx_fact_text(fact));
	copy_name(rec.value, sizeof(rec.value), text);
	fake_add_record(out, &rec);
}

/* Each device has its name as the path, and a card that does not answer. */
static void list_facts(const struct bx_devref *ref, struct records *out)
{
	add_fact(out, BX_FACT_PATH, ref->name, 0);
	add_fact(out, BX_FACT_SERIAL, "", -ENXIO);
	add_fact(out, BX_FACT_SYS_VENDOR, "ACME", 0);
}

int control_list(struct bx_handle *h, enum request which, const void *about,
		 size_t size, struct records *out)
{
	uint64_t first;
	int err;

	*out = (struct records) { .size = size };
	err = bx_check_kernel(h);
	if (err)
		return err;
	err = fake_begin("list", "records", ON(FAULT_EIO));
	if (err)
		return run_failed(h, "list", err);
	for (int i = 0; which == LIST_POLICIES && i < FAKE_POLICIES; i++)
		if (fake->policy[i].link)
			fake_add_record(out, &fake->policy[i].rec);
	first = fake->nr_exits > FAKE_EXITS ? fake->nr_exits - FAKE_EXITS : 0;
	for (uint64_t i = first; which == LIST_EXITS && i < fake->nr_exits; i++)
		fake_add_record(out, &fake->exit[i % FAKE_EXITS]);
	if (which == LIST_DEVICES)
		list_device(out);
	if (which == LIST_FACTS)
		list_facts(about, out);
	if (which == LIST_TRIAL)
		err = list_trial(about, out);
	if (which == LIST_OPINIONS)
		fake_list_opinions(about, out);
	if (which == LIST_FACTS)
		fake_list_facts(about, out);
	fake_end(0);
	return err ? run_failed(h, "list", err) : 0;
}

int control_call(struct bx_handle *h, enum request which,
		 const struct bx_devref *ref, struct bx_device_rec *rec,
		 int64_t *result)
{
	const char *what = which == REBIND ? "rebind" : "settle";
	int err = fake_begin("request", what, ON(FAULT_EIO) |
			     (which == REBIND ? ON_SIGNAL : 0));

	if (err)
		return run_failed(h, what, err);
	if (which == GET_DEVICE && fake_find_device(ref)) {
		*rec = fake_find_device(ref)->rec;
		*result = 0;
	} else if (which == GET_DEVICE) {
		*rec = fake->device;
		*result = strcmp(ref->name, rec->dev.name) ? -ENODEV : 0;
	} else if (which == REBIND) {
		*result = new_ticket(fake_rebind(ref));
	} else {
		fake_elect();
		*result = fake->requests == REQUESTS_FULL ? -EBUSY :
			  new_ticket(0);
	}
	do_settle();
	return fake_end(0);
}

int control_try_call(struct bx_handle *h, const struct bx_trial *trial,
		     struct bx_trial_call *call, int64_t *result)
{
	int err = fake_begin("try", "call", ON(FAULT_EIO));

	if (err)
		return run_failed(h, "try_call", err);
	for (int i = 0; i < FAKE_POLICIES; i++)
		if (is_asked(&fake->policy[i], &trial->change) &&
		    !(fake->policy[i].rec.flags & BX_F_SHADOW) &&
		    fake->policy[i].map.guards)
			call->data[1] = 0x5a;
	*result = 0;
	return fake_end(0);
}

int control_commit(struct bx_handle *h, const struct bx_commit *change,
		   int64_t *ticket)
{
	int err = fake_begin("commit", "policies", ON_SIGNAL |
			     ON(FAULT_ENOSPC) | ON(FAULT_EIO));

	if (err)
		return run_failed(h, "commit", err);
	*ticket = fake->requests == REQUESTS_FULL ? -EBUSY :
		  new_ticket(do_commit(change));
	return fake_end(0);
}

/* As bx_request_wait(), for a request that is not done */
static int64_t wait_in_vain(unsigned int ms)
{
	if (fake->requests == REQUESTS_LOST)
		return -ESTALE;
	__atomic_add_fetch(&fake->waits, 1, __ATOMIC_RELAXED);
	return poll(NULL, 0, ms) < 0 ? -EINTR : -EINPROGRESS;
}

int control_wait(struct bx_handle *h, uint64_t ticket, unsigned int ms,
		 int64_t *result)
{
	int err = fake_begin("wait", "ticket", ON_SIGNAL | ON(FAULT_EIO) |
			     ON(FAULT_EINTR));

	/* a signal ends the wait, and not the request */
	if (err == -EINTR) {
		*result = err;
		return 0;
	}
	if (err)
		return run_failed(h, "await", err);
	if (fake->requests == REQUESTS_WAIT || fake->requests == REQUESTS_LOST)
		*result = wait_in_vain(ms);
	else
		*result = fake->ticket[ticket % FAKE_TICKETS];
	return fake_end(0);
}

void control_close(struct bx_handle *h)
{
}

/* ---- for the test ---- */

void fake_modprobe(void)
{
	static const char *const dirs[] = {
		"", "/kernel", "/kernel/bus_ext", "/kernel/bus_ext/buses",
		"/kernel/bus_ext/buses/pci",
	};
	char path[PATH_MAX + 64];
	FILE *f;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		snprintf(path, sizeof(path), "%s%s", fake->sysfs, dirs[i]);
		mkdir(path, 0700);
	}
	snprintf(path, sizeof(path), "%s/kernel/bus_ext/refused", fake->sysfs);
	unlink(path);
	snprintf(path, sizeof(path), "%s/kernel/bus_ext/buses/pci/contract",
		 fake->sysfs);
	f = fopen(path, "we");
	if (!f || fprintf(f, "fake version 1\n0 read 4+ 0 required sleeps\n") < 0 || fclose(f))
		abort();
	fake->loaded = true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* A policy by its version, one of rules by their number: each change is another version. */
static const char *version_text(const struct policy *p, char *buf, size_t size)
{
	if (p->map.rules)
		snprintf(buf, size, "%drules", fake_rules(&p->rec));
	else
		snprintf(buf, size, "%u", p->rec.version);
	return buf;
}

void fake_active(char *buf, size_t size)
{
	char list[FAKE_POLICIES + FAKE_THINGS][64];
	char version[24];
	size_t n = 0, at = 0;

	fake_reap();
	for (int i = 0; i < FAKE_POLICIES; i++) {
		const struct bx_policy_rec *rec = &fake->policy[i].rec;

		if (fake->policy[i].link && rec->stage == BX_STAGE_ACTIVE &&
		    (!rec->ejected || bx_is_quarantined(rec)))
			snprintf(list[n++], sizeof(list[0]), "%s:%s%s%s", rec->name,
				 version_text(&fake->policy[i], version, sizeof(version)),
				 rec->flags & BX_F_SHADOW ? "(shadow)" : "",
				 rec->ejected ? "(quarantined)" : "");
	}
	for (int i = 0; i < FAKE_THINGS; i++) {
		const struct thing *t = &fake->thing[i];

		if (t->id && !t->is_map && !t->policy)
			snprintf(list[n++], sizeof(list[0]), "hook:%s",
				 t->rec.name);
	}
	qsort(list, n, sizeof(list[0]), by_name);
	buf[0] = '\0';
	for (size_t i = 0; i < n && at < size; i++)
		at += snprintf(buf + at, size - at, "%s%s", i ? " " : "",
			       list[i]);
}

void fake_rest(char *buf, size_t size)
{
	size_t at = 0;

	fake_reap();
	buf[0] = '\0';
	for (int i = 0; i < FAKE_POLICIES && at < size; i++) {
		const struct policy *p = &fake->policy[i];

		if (p->link && (p->rec.stage != BX_STAGE_ACTIVE ||
				p->rec.ejected))
			at += snprintf(buf + at, size - at, " %s:%u(%s)",
				       p->rec.name, p->rec.version,
				       p->rec.ejected ? "ejected" :
				       p->rec.stage == BX_STAGE_STAGED ?
				       "staged" : "retired");
	}
	for (int i = 0; i < FAKE_THINGS && at < size; i++) {
		const struct thing *t = &fake->thing[i];

		if (t->id && fake_pins(t) != 1)
			at += snprintf(buf + at, size - at,
				       " %s of %s pinned %u times",
				       t->is_map ? "map" : "link", t->rec.name,
				       fake_pins(t));
	}
}
