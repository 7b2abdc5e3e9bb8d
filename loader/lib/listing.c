// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: listing installed bundles and their active policies, and checking their files
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "install.h"

/* ---- status ---- */

struct list {
	bx_installed_fn		fn;
	void			*arg;
	struct bx_policy_rec	*policies;
	size_t			nr_policies;
	struct bx_exit_info	*exits;
	size_t			nr_exits;
};

static int keep_policy(const struct bx_policy_rec *rec, void *arg)
{
	struct list *l = arg;
	void *more = realloc(l->policies,
			     (l->nr_policies + 1) * sizeof(*rec));

	if (!more)
		return -ENOMEM;
	l->policies = more;
	l->policies[l->nr_policies++] = *rec;
	return 0;
}

static int keep_exit(const struct bx_exit_info *rec, void *arg)
{
	struct list *l = arg;
	void *more = realloc(l->exits, (l->nr_exits + 1) * sizeof(*rec));

	if (!more)
		return -ENOMEM;
	l->exits = more;
	l->exits[l->nr_exits++] = *rec;
	return 0;
}

struct counts {
	unsigned int			active;
	unsigned long long		hits;
	unsigned long long		diverged;
	const struct bx_exit_info	*ejection;
};

/* Counts the active policies of a generation in one mode, without those of other owners. */
static int count_policies(struct bx_handle *h, const struct list *l,
			  const char *name, const struct generation *g,
			  bool shadow, struct counts *out)
{
	struct names owned = {};
	char key[BX_SHOWN_LEN];
	int err = l->nr_policies ? pins_owned(h, name, SLOT_ALL, &owned) : 0;

	for (size_t i = 0; i < l->nr_policies; i++) {
		const struct bx_policy_rec *p = &l->policies[i];

		if (p->stage != BX_STAGE_ACTIVE || p->ejected ||
		    !(p->flags & BX_F_SHADOW) == shadow ||
		    !names_have(&g->policies, p->name) ||
		    !names_have(&owned, bx_policy_key(key, p->name, p->flags)))
			continue;
		out->active++;
		out->hits += p->decided + p->vetoed + p->denied + p->handled +
			p->redirected + p->amended;
		out->diverged += p->diverged;
	}
	for (size_t i = 0; i < l->nr_exits; i++)
		if (!(l->exits[i].flags & BX_F_SHADOW) != shadow &&
		    names_have(&g->policies, l->exits[i].name))
			out->ejection = &l->exits[i];
	free(owned.name);
	return err;
}

/* Finds the problem that 'enable' would report, also for a bundle that is not enabled. */
static int look_at(struct bx_handle *h, const struct list *l,
		   const struct installed *inst, const struct generation *g,
		   struct counts *out)
{
	struct bx_bundle *b;
	int ret;

	ret = count_policies(h, l, inst->name, g,
			     inst->shadow || is_canary(inst, g), out);
	if (ret)
		return ret;
	ret = installed_open(h, inst, g, &b);
	if (!ret && inst->enabled && out->active == g->policies.count)
		ret = installed_is_active(b, inst, g);
	bx_bundle_close(b);
	return ret;
}

static void look_at_canary(struct bx_handle *h, const struct list *l,
			   const struct installed *inst, struct bx_canary *out,
			   struct said *why)
{
	const struct generation *g = state_generation(inst, inst->canary);
	struct counts counts = {};
	int ret = look_at(h, l, inst, g, &counts);

	*out = (struct bx_canary) {
		.version = g->version,
		.signer = g->signer[0] ? g->signer : NULL,
		.generation = g->number,
		.policies = g->policies.count,
		.active = counts.active,
		.current = ret > 0,
		.diverged = counts.diverged,
		.ejection = counts.ejection,
	};
	if (ret >= 0)
		return;
	error_keep(h, why);
	error_forget(h);
	out->problem = (struct bx_problem) {
		.text = why->text, .hint = why->hint, .subject = why->subject,
	};
}

static int list_one(struct bx_handle *h, const char *name, void *arg)
{
	struct list *l = arg;
	struct bx_installed out = { .name = name };
	struct counts counts = {};
	struct bx_canary canary;
	struct installed inst;
	struct generation *g;
	struct said why;
	int ret;

	ret = state_read(h, name, &inst);
	out.unreadable = ret < 0;
	out.interrupted = ret >= 0 && (!ret || inst.unsettled);
	g = ret > 0 ? state_generation(&inst, inst.current) : NULL;
	if (g && inst.canary) {
		look_at_canary(h, l, &inst, &canary, &why);
		out.canary = &canary;
	}
	if (g) {
		out.version = g->version;
		out.signer = g->signer[0] ? g->signer : NULL;
		out.policies = g->policies.count;
		ret = look_at(h, l, &inst, g, &counts);
		out.current = ret > 0;
		out.active = counts.active;
		out.hits = counts.hits;
		out.diverged = counts.diverged;
		out.ejection = counts.ejection;
	}
	if (ret < 0)
		out.problem = problem_of(h);
	out.generation = inst.current;
	out.generations = inst.count;
	out.enabled = inst.enabled;
	out.shadow = inst.shadow;
	out.rebind = inst.rebind;
	ret = l->fn(&out, l->arg);
	error_forget(h);
	state_free(&inst);
	return ret;
}

int bx_list_installed(struct bx_handle *h, bx_installed_fn fn, void *arg)
{
	struct list l = { .fn = fn, .arg = arg };
	int ret = 0;

	if (kernel_is_there(h))
		ret = bx_list_policies(h, keep_policy, &l) ?:
			bx_list_exits(h, keep_exit, &l);
	if (!ret)
		ret = state_each(h, list_one, &l);
	free(l.policies);
	free(l.exits);
	return ret;
}

/* ---- verify --installed ---- */

struct verification {
	bx_checked_fn	fn;
	void		*arg;
	int		problems;
};

static void verify_generation(struct bx_handle *h, struct verification *v,
			      const struct installed *inst,
			      const struct generation *g)
{
	struct bx_checked out = {
		.name = inst->name, .version = g->version,
		.generation = g->number,
		.signer = g->signer[0] ? g->signer : NULL,
		.current = g->number == inst->current,
		.canary = is_canary(inst, g),
	};
	struct bx_bundle *b;
	int err;

	/* only generations that can become active need valid settings */
	err = out.current || out.canary ? installed_open(h, inst, g, &b) :
		installed_check(h, inst, g, &b);
	bx_bundle_close(b);
	if (err)
		out.problem = problem_of(h);
	v->problems += err != 0;
	if (v->fn)
		v->fn(&out, v->arg);
	error_forget(h);
}

static int verify_one(struct bx_handle *h, const char *name, void *arg)
{
	struct verification *v = arg;
	struct bx_checked out = { .name = name };
	struct installed inst;
	int ret = state_read(h, name, &inst);

	if (ret < 0) {
		out.problem = problem_of(h);
		v->problems++;
		if (v->fn)
			v->fn(&out, v->arg);
		error_forget(h);
	}
	for (unsigned int i = 0; ret > 0 && i < inst.count; i++)
		verify_generation(h, v, &inst, &inst.gens[i]);
	state_free(&inst);
	return 0;
}

/* Finds a bundle by its folder, since an unreadable state is a problem to report. */
static int find_one(struct bx_handle *h, const char *name, void *arg)
{
	return !strcmp(name, arg);
}

int bx_check_installed(struct bx_handle *h, const char *name,
		       bx_checked_fn fn, void *arg)
{
	struct verification v = { .fn = fn, .arg = arg };
	int ret;

	if (!name) {
		ret = state_each(h, verify_one, &v);
		return ret < 0 ? ret : v.problems;
	}
	ret = state_each(h, find_one, (void *)name);
	if (ret <= 0)
		return ret ?: not_installed(h, name);
	verify_one(h, name, &v);
	return v.problems;
}
