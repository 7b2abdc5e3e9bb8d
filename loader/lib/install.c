// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: bundles that stay: install, upgrade, roll back, enable, remove
 *
 * Each of them is
 *
 *	copy, check -> state: unsettled -> kernel, in one step -> state: settled
 *
 * The state on disk is what counts.  A process that dies on the way leaves it
 * unsettled, with what it was before, or with what is to go: the next command makes
 * the kernel agree with it.  So a bundle is as it was before or as it was to be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "sign.h"
#include "state.h"
#include "tree.h"

#define NEW		".new"

/* Where packages put bundles, and 'make install' */
static const char *const vendor_dirs[] = {
	"/usr/lib/bus_ext/bundles",
	"/usr/local/lib/bus_ext/bundles",
};

/* ---- the kernel's side ---- */

/* All policies that a generation of it has, or had */
static int all_policies(struct bx_handle *h, const struct installed *inst,
			struct names *names)
{
	int err = 0;

	*names = (struct names) {};
	for (unsigned int i = 0; i < inst->count; i++) {
		const struct names *p = &inst->gens[i].policies;

		for (unsigned int k = 0; !err && k < p->count; k++)
			err = names_add(h, names, p->name[k]);
	}
	return err;
}

int installed_policies(struct bx_handle *h, const char *name,
		       struct names *names)
{
	struct installed inst;
	struct generation *g;
	int ret, err = 0;

	ret = state_read(h, name, &inst);
	g = ret > 0 ? state_generation(&inst, inst.current) : NULL;
	for (unsigned int i = 0; !err && g && i < g->policies.count; i++)
		err = names_add(h, names, g->policies.name[i]);
	state_free(&inst);
	return ret < 0 ? ret : err;
}

/* With the settings that the operator chose for it */
static int open_generation(struct bx_handle *h, const struct installed *inst,
			   const struct generation *g, struct bx_bundle **b)
{
	char path[PATH_MAX];
	int err;

	generation_path(h, path, inst->name, g->number);
	err = bundle_open_at(h, path, path, b);
	if (!err)
		err = bx_bundle_configure(*b);
	for (unsigned int i = 0; !err && i < g->nr_set; i++)
		err = bx_bundle_set(*b, g->set[i]);
	if (err) {
		bx_bundle_close(*b);
		*b = NULL;
		return err;
	}
	(*b)->shadow = inst->shadow;
	(*b)->enforce = !inst->shadow;
	return 0;
}

/* What tells one thing that is in force from another: files, settings, mode */
static int mark_of(struct bx_bundle *b, char *mark, size_t size)
{
	struct tree tree;
	char *list = NULL, *text = NULL;
	size_t len;
	FILE *f;
	int err;

	err = tree_open(b->h, b->dir, &tree);
	if (err)
		return err;
	err = digest_list(b->h, &tree, &list);
	tree_close(&tree);
	if (err)
		return err;
	f = open_memstream(&text, &len);
	if (f) {
		fprintf(f, "%s%s\n", list, b->shadow ? "shadow" : "enforce");
		for (unsigned int i = 0; i < b->nr_settings; i++)
			fprintf(f, "%s=%s\n", b->settings[i].about.name,
				b->settings[i].value);
		fclose(f);
		digest_text(text, mark, size);
	}
	free(text);
	free(list);
	return f ? 0 : fail(b->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
}

struct force_count {
	const struct names	*policies;
	bool			shadow;
	unsigned int		in_force;
};

static int count_force(const struct bx_policy_rec *rec, void *arg)
{
	struct force_count *c = arg;

	if (rec->stage == BX_STAGE_FORCE && !rec->ejected &&
	    (!c->shadow || rec->flags & BX_F_SHADOW) &&
	    names_have(c->policies, rec->name))
		c->in_force++;
	return 0;
}

/* 1 when exactly this is in force already */
int installed_is_current(struct bx_handle *h, const struct installed *inst)
{
	struct force_count c = { .shadow = inst->shadow };
	struct generation *g;
	struct bx_bundle *b;
	char mark[MARK_SIZE];
	int ret;

	g = state_generation(inst, inst->current);
	if (!g)
		return 0;
	ret = open_generation(h, inst, g, &b);
	if (ret)
		return ret;
	ret = mark_of(b, mark, sizeof(mark));
	bx_bundle_close(b);
	if (ret || !pins_marked(h, inst->name, mark))
		return ret;
	c.policies = &g->policies;
	ret = bx_list_policies(h, count_force, &c);
	return ret ?: c.in_force == g->policies.count;
}

int installed_force(struct bx_handle *h, const struct installed *inst,
		    const struct generation *g, bx_applied_fn fn, void *arg)
{
	char mark[MARK_SIZE];
	struct names drops;
	struct bx_bundle *b;
	int err;

	err = open_generation(h, inst, g, &b);
	if (err)
		return err;
	err = all_policies(h, inst, &drops);
	if (!err)
		err = mark_of(b, mark, sizeof(mark));
	if (!err)
		err = bundle_force(b, &drops, mark, &g->policies, fn, arg);
	free(drops.name);
	bx_bundle_close(b);
	return err;
}

static int take_out(struct bx_handle *h, const struct installed *inst,
		    bx_applied_fn fn, void *arg)
{
	char mark[MARK_SIZE];
	struct names drops;
	int err;

	if (!kernel_is_there(h))
		return 0;
	err = all_policies(h, inst, &drops);
	pins_read_mark(h, inst->name, mark, sizeof(mark));
	if (!err)
		err = pins_unmark(h, inst->name);
	if (!err)
		err = bundle_drop(h, &drops, fn, arg);
	if (!err) {
		err = pins_disown(h, inst->name, NULL);
		if (err)
			leave_astray(h);
	} else if (!h->astray && mark[0]) {
		pins_mark(h, inst->name, mark);
	}
	free(drops.name);
	return err;
}

/*
 * What is in force of a bundle that is not enabled, or not installed any more: an old
 * initramfs may have had it.  1 when there was something.
 */
int installed_take_out(struct bx_handle *h, const char *name)
{
	struct names drops = {};
	struct installed inst;
	int ret;

	ret = state_read(h, name, &inst);
	if (ret >= 0 && !(ret && inst.enabled)) {
		ret = pins_owned(h, name, &drops);
		if (!ret)
			ret = pins_unmark(h, name);
		if (!ret)
			ret = bundle_drop(h, &drops, NULL, NULL);
		if (!ret)
			ret = pins_disown(h, name, NULL) ?: 1;
		free(drops.name);
	} else if (ret > 0) {
		ret = 0;
	}
	state_free(&inst);
	return ret;
}

/* What the state says is in force, or nothing */
static int follow(struct bx_handle *h, const struct installed *inst)
{
	if (!kernel_is_there(h))
		return 0;
	if (!inst->enabled)
		return take_out(h, inst, NULL, NULL);
	return installed_force(h, inst, state_generation(inst, inst->current),
			       NULL, NULL);
}

/* ---- the disk's side ---- */

/* Nothing is being changed any more: old generations go. */
static int settled(struct bx_handle *h, struct installed *inst)
{
	int err;

	inst->unsettled = false;
	for (unsigned int i = 0; inst->count > KEEP && i < inst->count;)
		if (inst->gens[i].number == inst->current)
			i++;
		else
			state_forget(inst, inst->gens[i].number);
	err = state_write(h, inst);
	return err ?: state_sweep(h, inst);
}

/* The kernel has the change: if its state cannot be written, the next command recovers. */
static int conclude(struct bx_handle *h, struct installed *inst)
{
	int err = settled(h, inst);

	if (err)
		leave_astray(h);
	return err;
}

static int unsettled(struct bx_handle *h, struct installed *inst)
{
	inst->unsettled = true;
	h->astray = false;
	return state_write(h, inst);
}

/* A message for what went wrong while something else is the matter */
static void told_beside(struct bx_handle *h, const char *name)
{
	note(h, "bundle '%s' cannot be put right: %s", name, bx_error(h));
	h->error[0] = '\0';
	h->fault = BX_FAULT_NONE;
}

static int recover_one(struct bx_handle *h, const char *name, void *arg)
{
	struct installed inst;
	int ret, err = 0;

	ret = state_read(h, name, &inst);
	if (!ret || (ret > 0 && !inst.current && inst.unsettled &&
		     !inst.count)) {
		/* an installation or a removal that was not ended */
		err = state_delete(h, name);
	} else if (ret > 0 && inst.unsettled) {
		note(h, "a change of bundle '%s' was interrupted: it is put right",
		     name);
		err = follow(h, &inst);
		if (!err && !inst.current)
			err = state_delete(h, name);
		else if (!err)
			err = settled(h, &inst);
	} else if (ret > 0) {
		err = state_sweep(h, &inst);
	}
	if (ret < 0 || err)
		told_beside(h, name);
	state_free(&inst);
	return 0;
}

/* Put right what a process that died has left.  Under the lock. */
int installed_recover(struct bx_handle *h)
{
	char path[PATH_MAX];
	int err;

	state_path(h, path, NEW, "");
	err = tree_remove(h, path);
	return err ?: state_each(h, recover_one, NULL);
}

static int cannot_go_on(struct bx_handle *h, const char *name)
{
	return fail(h, BX_FAULT_STATE, EBUSY,
		    "a change of bundle '%s' was interrupted and cannot be put right, see above; 'bxctl remove %s' takes it away",
		    name, name);
}

static int begin(struct bx_handle *h)
{
	return state_lock(h) ?: installed_recover(h);
}

static int not_installed(struct bx_handle *h, const char *name)
{
	return fail(h, BX_FAULT_USAGE, ENOENT,
		    "the bundle '%s' is not installed; 'bxctl status' lists those that are",
		    name);
}

/* Under the lock; the bundle is there, and nothing of it is being changed. */
static int begin_with(struct bx_handle *h, const char *name,
		      struct installed *inst)
{
	int ret;

	*inst = (struct installed) {};
	ret = begin(h);
	if (!ret)
		ret = state_read(h, name, inst);
	if (ret > 0 && inst->unsettled)
		return cannot_go_on(h, name);
	return ret > 0 ? 0 : ret ?: not_installed(h, name);
}

static void end_with(struct bx_handle *h, struct installed *inst)
{
	state_free(inst);
	state_unlock(h);
}

/* ---- install and upgrade ---- */

/* A bundle being installed */
struct candidate {
	struct bx_bundle			*b;
	const struct bx_install_opts	*opts;
	const char			*path;
	char				found[PATH_MAX];
	struct generation		gen;
};

/* A bare name is that of a vendor's bundle. */
static const char *locate(struct candidate *c, const char *path)
{
	struct stat st;

	if (strchr(path, '/') || !bx_name_is_good(path) || !stat(path, &st))
		return path;
	for (size_t i = 0; i < sizeof(vendor_dirs) / sizeof(*vendor_dirs); i++) {
		snprintf(c->found, sizeof(c->found), "%s/%s", vendor_dirs[i],
			 path);
		if (!stat(c->found, &st))
			return c->found;
	}
	return path;
}

static int find_owner(struct bx_handle *h, const char *name, void *arg)
{
	const struct candidate *c = arg;
	const struct names *mine = &c->gen.policies;
	struct installed other;
	struct generation *g;
	int ret = 0;

	if (!strcmp(name, bx_bundle_about(c->b)->name) ||
	    state_read(h, name, &other) <= 0)
		return 0;
	g = state_generation(&other, other.current);
	for (unsigned int i = 0; g && !ret && i < g->policies.count; i++)
		if (names_have(mine, g->policies.name[i]))
			ret = fail(h, BX_FAULT_CONFLICT, EEXIST,
				   "bundle '%s' has the policy '%s', and the bundle '%s', which is installed, has one of that name",
				   bx_bundle_about(c->b)->name,
				   g->policies.name[i], name);
	state_free(&other);
	return ret;
}

/* Settings: the operator's files, what was given before, what is given now */
static int choose(struct candidate *c, const struct generation *before)
{
	struct bx_handle *h = c->b->h;
	const char *given;
	char name[BX_NAME_LEN];
	int err;

	err = bx_bundle_configure(c->b);
	for (unsigned int i = 0; !err && before && i < before->nr_set; i++) {
		given = before->set[i];
		snprintf(name, sizeof(name), "%.*s",
			 (int)strcspn(given, "="), given);
		if (!bundle_setting(c->b, name)) {
			note(h, "the setting '%s' is dropped: the new version has no such",
			     given);
			continue;
		}
		err = bx_bundle_set(c->b, given) ?:
			generation_set(h, &c->gen, given);
	}
	for (unsigned int i = 0; !err && i < c->opts->nr_set; i++)
		err = bx_bundle_set(c->b, c->opts->set[i]) ?:
			generation_set(h, &c->gen, c->opts->set[i]);
	return err;
}

/* Copy it, and see that it may be installed. */
static int take(struct bx_handle *h, struct candidate *c)
{
	const struct bx_bundle_about *about;
	char dir[PATH_MAX];
	int err;

	state_path(h, dir, NEW, "");
	err = bundle_copy(h, c->path, dir);
	if (!err)
		err = bundle_open_checked(h, dir, c->path, c->opts->flags,
					  &c->b);
	if (!err)
		err = bundle_policies(c->b, &c->gen.policies);
	if (!err)
		err = state_each(h, find_owner, c);
	if (err)
		return err;
	about = bx_bundle_about(c->b);
	copy_name(c->gen.version, sizeof(c->gen.version), about->version);
	copy_name(c->gen.signer, sizeof(c->gen.signer), about->signer ?: "");
	if (!about->signer)
		note(h, "bundle '%s' is not signed", about->name);
	return 0;
}

/* The copy becomes a generation, which the state names, and which does not count. */
static int add_generation(struct bx_handle *h, struct candidate *c,
			  struct installed *inst)
{
	struct generation *g = &inst->gens[inst->count];
	char from[PATH_MAX];
	int err;

	if (inst->count == MAX_GENERATIONS)
		return fail(h, BX_FAULT_FAILED, E2BIG,
			    "bundle '%s' has too many generations; 'bxctl disable %s' removes old ones",
			    inst->name, inst->name);
	c->gen.number = inst->count ? g[-1].number + 1 : 1;
	state_path(h, from, NEW, "");
	err = state_adopt(h, from, inst->name, c->gen.number);
	if (err)
		return err;
	*g = c->gen;
	c->gen = (struct generation) {};
	inst->count++;
	return unsettled(h, inst);
}

/* The error stays what it was. */
static void undo(struct bx_handle *h, struct installed *inst,
		 unsigned int number)
{
	enum bx_fault fault = h->fault;
	char error[sizeof(h->error)];
	int err;

	/* it stays unsettled: the next command recovers */
	if (h->astray)
		return;
	strcpy(error, h->error);
	state_forget(inst, number);
	err = inst->current ? settled(h, inst) : state_delete(h, inst->name);
	if (err)
		told_beside(h, inst->name);
	h->fault = fault;
	strcpy(h->error, error);
}

/* The new generation counts, once it is in force, if that is what it is to be. */
static int bring_in(struct bx_handle *h, struct candidate *c,
		    struct installed *inst, bool enable, bx_applied_fn fn,
		    void *arg)
{
	const struct bx_install_opts *opts = c->opts;
	bool before = inst->shadow, shadow = before;
	struct generation *g;
	int err;

	if (opts->mode != BX_MODE_KEEP)
		shadow = opts->mode == BX_MODE_SHADOW;
	c->b->enforce = !shadow;
	err = bundle_check_mode(c->b);
	if (!err)
		err = add_generation(h, c, inst);
	if (err)
		return err;
	g = &inst->gens[inst->count - 1];
	inst->shadow = shadow;
	if (enable && !(opts->flags & BX_INSTALL_OFFLINE))
		err = installed_force(h, inst, g, fn, arg);
	if (err) {
		inst->shadow = before;
		undo(h, inst, g->number);
		return err;
	}
	inst->current = g->number;
	inst->enabled = enable;
	return conclude(h, inst);
}

static int ready(struct bx_handle *h, const struct bx_install_opts *opts)
{
	return opts->flags & BX_INSTALL_OFFLINE ? 0 : bx_check_kernel(h);
}

static void candidate_close(struct bx_handle *h, struct candidate *c)
{
	char dir[PATH_MAX];

	bx_bundle_close(c->b);
	generation_free(&c->gen);
	state_path(h, dir, NEW, "");
	if (h->state_fd >= 0 && tree_discard(dir))
		note(h, "'%s' cannot be removed", dir);
}

/* Look at the bundle in @path, and at what there is of its name. */
static int begin_install(struct bx_handle *h, struct candidate *c,
			 const char *path, struct installed *inst)
{
	int err;

	c->path = locate(c, path);
	err = ready(h, c->opts);
	if (!err)
		err = begin(h);
	if (!err)
		err = take(h, c);
	return err ?: state_read(h, bx_bundle_about(c->b)->name, inst);
}

static int take_over(struct bx_handle *h, const char *path, bool upgrade,
		     const struct bx_install_opts *opts, bx_applied_fn fn,
		     void *arg)
{
	struct candidate c = { .opts = opts };
	struct installed inst = {};
	int ret;

	ret = begin_install(h, &c, path, &inst);
	if (ret < 0)
		goto out;
	if (ret && !upgrade)
		ret = fail(h, BX_FAULT_CONFLICT, EEXIST,
			   "the bundle '%s' is installed already; 'bxctl upgrade' replaces it",
			   inst.name);
	else if (!ret && upgrade)
		ret = fail(h, BX_FAULT_REJECTED, ENOENT,
			   "the bundle '%s' is not installed; 'bxctl install' does that",
			   inst.name);
	else if (inst.unsettled)
		ret = cannot_go_on(h, inst.name);
	else
		ret = choose(&c, state_generation(&inst, inst.current)) ?:
			bring_in(h, &c, &inst, inst.enabled || !upgrade, fn,
				 arg);
out:
	candidate_close(h, &c);
	end_with(h, &inst);
	return ret;
}

int bx_install(struct bx_handle *h, const char *path,
	       const struct bx_install_opts *opts, bx_applied_fn fn, void *arg)
{
	return take_over(h, path, false, opts, fn, arg);
}

int bx_upgrade(struct bx_handle *h, const char *path,
	       const struct bx_install_opts *opts, bx_applied_fn fn, void *arg)
{
	return take_over(h, path, true, opts, fn, arg);
}

/* ---- those that are installed ---- */

static int begin_change(struct bx_handle *h, const char *name,
			struct installed *inst)
{
	return begin_with(h, name, inst) ?: unsettled(h, inst);
}

/* The change is given up; the error stays what it was. */
static void abandon(struct bx_handle *h, const char *name)
{
	enum bx_fault fault = h->fault;
	char error[sizeof(h->error)];
	struct installed before;

	strcpy(error, h->error);
	if (state_read(h, name, &before) <= 0 || settled(h, &before))
		told_beside(h, name);
	state_free(&before);
	h->fault = fault;
	strcpy(h->error, error);
}

/*
 * On disk is the state before, unsettled; @inst is as it is to be.  @err: making it so
 * has failed.
 */
static int end_change(struct bx_handle *h, struct installed *inst, int err,
		      const struct bx_install_opts *opts, bx_applied_fn fn,
		      void *arg)
{
	if (!err && !inst->enabled)
		err = take_out(h, inst, fn, arg);
	else if (!err && !(opts->flags & BX_INSTALL_OFFLINE))
		err = installed_force(h, inst,
				      state_generation(inst, inst->current),
				      fn, arg);
	if (!err)
		return conclude(h, inst);
	if (!h->astray)
		abandon(h, inst->name);
	return err;
}

int bx_enable(struct bx_handle *h, const char *name,
	      const struct bx_install_opts *opts, bx_applied_fn fn, void *arg)
{
	struct installed inst;
	struct generation *g;
	int err;

	err = begin_change(h, name, &inst);
	if (!err) {
		g = state_generation(&inst, inst.current);
		for (unsigned int i = 0; !err && i < opts->nr_set; i++)
			err = generation_set(h, g, opts->set[i]);
		inst.enabled = true;
		err = end_change(h, &inst, err, opts, fn, arg);
	}
	end_with(h, &inst);
	return err;
}

int bx_disable(struct bx_handle *h, const char *name, bx_applied_fn fn,
	       void *arg)
{
	static const struct bx_install_opts none;
	struct installed inst;
	int err;

	err = begin_change(h, name, &inst);
	if (!err) {
		inst.enabled = false;
		err = end_change(h, &inst, 0, &none, fn, arg);
	}
	end_with(h, &inst);
	return err;
}

/* Also of one that is not to be in force now */
static int check_mode(struct bx_handle *h, const struct installed *inst)
{
	struct bx_bundle *b;
	int err;

	err = open_generation(h, inst, state_generation(inst, inst->current),
			      &b);
	if (!err)
		err = bundle_check_mode(b);
	bx_bundle_close(b);
	return err;
}

int bx_set_mode(struct bx_handle *h, const char *name,
		const struct bx_install_opts *opts, bx_applied_fn fn, void *arg)
{
	struct installed inst;
	int err;

	err = begin_change(h, name, &inst);
	if (!err) {
		inst.shadow = opts->mode == BX_MODE_SHADOW;
		err = end_change(h, &inst, check_mode(h, &inst), opts, fn,
				 arg);
	}
	end_with(h, &inst);
	return err;
}

/* The one before the one that counts */
static unsigned int previous(const struct installed *inst)
{
	unsigned int number = 0;

	for (unsigned int i = 0; i < inst->count; i++)
		if (inst->gens[i].number < inst->current)
			number = inst->gens[i].number;
	return number;
}

static int no_generation(struct bx_handle *h, const struct installed *inst,
			 unsigned int wanted)
{
	char list[128] = "";
	size_t n = 0;

	for (unsigned int i = 0; i < inst->count && n < sizeof(list); i++)
		n += snprintf(list + n, sizeof(list) - n, "%s%u (%s)",
			      i ? ", " : "", inst->gens[i].number,
			      inst->gens[i].version);
	if (!wanted)
		return fail(h, BX_FAULT_REJECTED, ENOENT,
			    "the bundle '%s' has no generation before %u; kept are: %s",
			    inst->name, inst->current, list);
	return fail(h, BX_FAULT_USAGE, ENOENT,
		    "the bundle '%s' has no generation %u; kept are: %s",
		    inst->name, wanted, list);
}

int bx_rollback(struct bx_handle *h, const char *name, unsigned int number,
		const struct bx_install_opts *opts, bx_applied_fn fn, void *arg)
{
	struct installed inst;
	unsigned int wanted = number;
	int err;

	err = begin_with(h, name, &inst);
	if (!err && !number)
		number = previous(&inst);
	if (!err && !state_generation(&inst, number))
		err = no_generation(h, &inst, wanted);
	if (!err)
		err = unsettled(h, &inst);
	if (!err) {
		inst.current = number;
		err = end_change(h, &inst, 0, opts, fn, arg);
	}
	end_with(h, &inst);
	return err;
}

/* This one goes on where it was interrupted. */
int bx_remove(struct bx_handle *h, const char *name, bx_applied_fn fn,
	      void *arg)
{
	struct installed inst = {};
	int ret;

	ret = begin(h);
	if (!ret)
		ret = state_read(h, name, &inst);
	if (!ret)
		ret = not_installed(h, name);
	if (ret > 0) {
		/* no generation counts any more: recover_one() would end it */
		inst.enabled = false;
		inst.current = 0;
		ret = unsettled(h, &inst);
		if (!ret)
			ret = take_out(h, &inst, fn, arg);
		if (!ret) {
			ret = state_delete(h, name);
			if (ret)
				leave_astray(h);
		}
	}
	end_with(h, &inst);
	return ret;
}

/* ---- what there is ---- */

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

static void count_policies(const struct list *l, const struct generation *g,
			   struct bx_installed *out)
{
	for (size_t i = 0; i < l->nr_policies; i++) {
		const struct bx_policy_rec *p = &l->policies[i];

		if (p->stage != BX_STAGE_FORCE || p->ejected ||
		    !names_have(&g->policies, p->name))
			continue;
		out->in_force++;
		out->hits += p->decided + p->vetoed + p->denied + p->handled +
			p->redirected + p->amended;
		out->diverged += p->diverged;
	}
	for (size_t i = 0; i < l->nr_exits; i++)
		if (names_have(&g->policies, l->exits[i].name))
			out->ejection = &l->exits[i];
}

static int list_one(struct bx_handle *h, const char *name, void *arg)
{
	struct list *l = arg;
	struct bx_installed out = { .name = name };
	struct installed inst;
	struct generation *g;
	int ret;

	ret = state_read(h, name, &inst);
	g = ret > 0 ? state_generation(&inst, inst.current) : NULL;
	if (ret < 0) {
		out.problem = bx_error(h);
	} else if (g) {
		out.version = g->version;
		out.signer = g->signer[0] ? g->signer : NULL;
		out.policies = g->policies.count;
		count_policies(l, g, &out);
	}
	out.generation = inst.current;
	out.generations = inst.count;
	out.enabled = inst.enabled;
	out.shadow = inst.shadow;
	out.interrupted = ret >= 0 && (!ret || inst.unsettled);
	if (g && inst.enabled && out.in_force == out.policies)
		out.current = installed_is_current(h, &inst) > 0;
	ret = l->fn(&out, l->arg);
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
