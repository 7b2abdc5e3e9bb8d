// SPDX-License-Identifier: GPL-2.0-only
/*
 * A case in the kernel: its attached policies, its device, its drivers, and an
 * election about them as kernel/own.c and kernel/override.c hold it
 */
#include "native.h"

void native_records(struct native_world *w)
{
	for (unsigned int i = 0; i < w->c->npolicies; i++) {
		if (!native_record(&w->link[i], &w->rec[i]))
			native_bug("policy %s is not listed",
				   w->c->policy[i].name);
	}
}

void native_limit(const struct native_policy *p, struct bx_limit *limit)
{
	memset(limit, 0, sizeof(*limit));
	limit->nr = p->limited ? 0 : BX_ANY;
	for (char d = 'a'; p->limited && d <= 'z'; d++) {
		/* no case has the others */
		if ((d < 'a' + NATIVE_DRIVERS || d == 'x' || d == 'y') &&
		    model_may_name(p, d))
			limit->driver[limit->nr++][0] = d;
	}
}

/* Only a commit gives an active policy a limit. */
static int attach_limited(struct native_link *link, struct native_map *map)
{
	const struct native_policy *p = map->policy;
	struct native_policy staged = *p;
	struct bx_commit c = { .nr_enter = 1 };
	struct bx_policy_rec rec;
	int err;

	staged.flags |= BX_F_STAGED;
	map->policy = &staged;
	err = native_attach(link, map);
	map->policy = p;
	if (err || !native_record(link, &rec))
		return err ?: -ENOENT;
	c.enter[0] = native_enter(&rec);
	native_limit(p, &c.enter[0].limit);
	return bx_policy_commit(&c);
}

static int attach(struct native_link *link, struct native_map *map)
{
	const struct native_policy *p = map->policy;

	return p->limited && !(p->flags & BX_F_STAGED) ?
	       attach_limited(link, map) : native_attach(link, map);
}

static void note(struct native_world *w, char driver, enum bx_driver_state state)
{
	char name[] = { driver, '\0' };

	if (!bx_note_set(&w->notes, name, state))
		native_bug("a driver cannot be noted");
}

/* Notes of what happened before the election */
static void write_notes(struct native_world *w)
{
	const struct native_case *c = w->c;

	INIT_LIST_HEAD(&w->notes);
	for (char d = 'a'; d <= 'z'; d++) {
		if (c->absent & 1U << (d - 'a'))
			note(w, d, BX_DRIVER_ABSENT);
	}
	/* the candidates of an own bus have it */
	for (unsigned int d = 0; native_is_adopted(c->bus) && d < c->ndrivers; d++) {
		if (c->driver[d].error)
			note(w, c->driver[d].name[0], BX_DRIVER_REJECTED);
	}
}

void native_set_up(struct native_world *w, const struct native_case *c)
{
	memset(w, 0, sizeof(*w));
	w->c = c;
	strscpy(w->info.name, "device", sizeof(w->info.name));
	strscpy(w->info.bus, c->bus, sizeof(w->info.bus));
	w->info.vendor = c->vendor;
	w->bus.name = c->bus;
	w->dev.bus = &w->bus;
	dev_set_drvdata(&w->dev, &w->info);
	native_hook = c->hook;
	native_hook_asked = 0;
	native_on_bus = c;
	native_registered = 0;
	native_claiming = 0;
	for (unsigned int d = 0; d < c->ndrivers; d++) {
		unsigned int bit = 1U << (c->driver[d].name[0] - 'a');

		native_registered |= bit;
		native_claiming |= c->driver[d].claims ? bit : 0;
	}
	for (unsigned int i = 0; i < c->npolicies; i++) {
		native_map_init(&w->map[i], &c->policy[i]);
		if (attach(&w->link[i], &w->map[i]))
			native_bug("cannot attach %s: %s", c->policy[i].name,
				   native_last_log());
	}
	native_records(w);
	write_notes(w);
	for (unsigned int i = 0; i < c->npolicies; i++) {
		if (c->policy[i].dead)
			native_eject(&w->link[i], BX_EXIT_ERROR, "", "dead");
		w->map[i].ejections = 0;
	}
}

void native_tear_down(struct native_world *w)
{
	native_run_work();
	for (unsigned int i = 0; i < w->c->npolicies; i++)
		native_detach(&w->link[i]);
	bx_notes_clear(&w->notes);
}

/* As kernel/own.c does; returns false when memory ran out. */
static bool candidates(struct native_world *w, struct bx_election *e)
{
	const struct native_case *c = w->c;

	e->adopted = native_is_adopted(c->bus);
	e->claimants = c->claimants;
	e->may_load = true;
	e->notes = &w->notes;
	strscpy(e->override, c->override, sizeof(e->override));
	if (e->adopted)
		return true;
	e->cands = kvcalloc(c->ndrivers + 1, sizeof(*e->cands), GFP_KERNEL);
	if (!e->cands)
		return false;
	for (unsigned int d = 0; d < c->ndrivers; d++) {
		e->cands[d].order = NATIVE_ORDER(d);
		strscpy(e->cands[d].rec.name, c->driver[d].name, BX_NAME_LEN);
		e->cands[d].rec.claims = c->driver[d].claims;
		e->cands[d].rec.error = c->driver[d].error;
	}
	e->ncands = c->ndrivers;
	return true;
}

struct bx_election *native_run(struct native_world *w, bool explain)
{
	struct bx_election *e = bx_election_alloc(&w->dev, explain);
	int idx;

	if (!e)
		return NULL;
	idx = srcu_read_lock(&bx_srcu);
	if (candidates(w, e))
		bx_elect(e, NATIVE_GENERATION);
	else
		e->error = -ENOMEM;
	if (e->error) {
		bx_election_free(e);
		e = NULL;
	}
	srcu_read_unlock(&bx_srcu, idx);
	return e;
}
