// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: activating a table of rules of the machine
 *
 * Each bus that the table names gets a policy, named TABLE-BUS.
 */
#include <stdlib.h>
#include <string.h>

#include "rules_change.h"

static int add_bus(struct rules_change *c, const char *bus)
{
	struct rules_scope_of *more;

	for (unsigned int i = 0; i < c->nscopes; i++)
		if (!strcmp(c->scope[i].bus, bus))
			return 0;
	more = realloc(c->scope, (c->nscopes + 1) * sizeof(*more));
	if (!more)
		return fail(c->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	c->scope = more;
	more += c->nscopes++;
	*more = (struct rules_scope_of) { .vendor = BX_ANY };
	copy_name(more->bus, sizeof(more->bus), bus);
	return 0;
}

static int add_buses(struct rules_change *c, const struct bx_rules *rules)
{
	int err = 0;

	for (size_t i = 0; !err && i < rules->n; i++)
		if (!i || strcmp(rules->rule[i].bus, rules->rule[i - 1].bus))
			err = add_bus(c, rules->rule[i].bus);
	return err;
}

/* ---- what a process has left that died ---- */

static bool is_of_table(const struct rules_change *c, const char *policy)
{
	size_t len = strlen(c->table);

	return !strncmp(policy, c->table, len) && policy[len] == '-';
}

/*
 * Ends the pins of a policy that was deactivated, or was not activated.  An active one is not
 * touched: it has just been activated, or is another program's.
 */
static int end_leftover(const struct bx_pin *pin, void *arg)
{
	struct rules_change *c = arg;
	struct bx_policy_rec rec;
	int ret;

	if (!is_of_table(c, pin->name))
		return 0;
	ret = find_policy(c->h, pin->name, &rec);
	if (ret < 0 || (ret > 0 && rec.stage == BX_STAGE_ACTIVE))
		return ret < 0 ? ret : 0;
	return pins_end(c->h, pin->name);
}

/* The change was made; the next one ends what is left. */
static void end_leftovers(struct rules_change *c)
{
	if (!pins_each(c->h, BX_ITEM_POLICY, end_leftover, c))
		return;
	note_failure(c->h, "%s; the next change of rules ends what is left", bx_error(c->h));
	error_forget(c->h);
}

/* ---- the change ---- */

static void tell(const struct rules_change *c, struct bx_rules_applied *about)
{
	about->generation = c->active + 1;
	about->rules = c->drafts.n;
	about->written = c->maps->store.writes;
	about->remade = c->maps == &c->next;
	about->bytes = rules_maps_bytes(c->maps);
}

static int change_run(struct rules_change *c, struct transaction *txn,
		      struct bx_rules_applied *about)
{
	int err;

	err = rules_change_add(c, txn);
	if (!err && !c->maps) {
		end_leftovers(c);
		rules_sweep(c->h);
		return 0;
	}
	if (!err)
		err = rules_change_drop(c, txn) ?: txn_prepare(c->h, txn) ?:
			owners_check(c->h, txn) ?: txn_load(c->h, txn) ?: txn_run(c->h, txn);
	if (err) {
		if (!c->h->astray)
			rules_change_undo(c);
		return err;
	}
	tell(c, about);
	rules_change_done(c);
	end_leftovers(c);
	return 0;
}

int bx_rules_apply(struct bx_handle *h, const struct bx_rules *rules, const char *table,
		   int priority, bx_applied_fn fn, void *arg, struct bx_rules_applied *about)
{
	struct rules_change c = {
		.h = h, .table = table, .priority = priority, .shown = "rules",
	};
	struct transaction txn = { .limit = { .nr = BX_ANY } };
	int err;

	*about = (struct bx_rules_applied) {};
	h->astray = false;
	if (!bx_name_is_good(table) || strchr(table, '.'))
		return fail(h, BX_FAULT_USAGE, EINVAL, "'%s' is not a name for a table of rules",
			    table);
	err = rules_change_begin(&c, rules) ?: add_buses(&c, rules);
	if (!err)
		err = bx_check_kernel(h);
	if (!err)
		err = pins_lock(h);
	if (!err)
		err = change_run(&c, &txn, about);
	if (!err)
		txn_report(&txn, fn, arg);
	txn_close(&txn);
	rules_change_end(&c);
	pins_unlock(h);
	free(c.scope);
	return err;
}
