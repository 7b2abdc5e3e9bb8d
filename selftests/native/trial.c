// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trials, natively: the trial of an election with a commit equals the election after
 * that commit; and elections when memory runs out
 */
#include "native.h"

static void trial_fill(const struct native_world *w, struct bx_trial *trial)
{
	const struct native_case *c = w->c;
	struct bx_commit *change = &trial->change;

	memset(trial, 0, sizeof(*trial));
	trial->dev = w->info;
	trial->flags = c->only_entering ? BX_TRIAL_ALONE : 0;
	strscpy(trial->override, c->override, sizeof(trial->override));
	trial->nr_drivers = c->ndrivers;
	for (unsigned int d = 0; d < c->ndrivers; d++) {
		strscpy(trial->drivers[d].name, c->driver[d].name, BX_NAME_LEN);
		trial->drivers[d].claims = c->driver[d].claims;
		trial->drivers[d].error = c->driver[d].error;
	}
	for (unsigned int i = 0; i < c->npolicies; i++) {
		struct bx_commit_enter *enter = &change->enter[change->nr_enter];

		if (c->policy[i].enters) {
			*enter = native_enter(&w->rec[i]);
			native_limit(&c->policy[i], &enter->limit);
			change->nr_enter++;
		}
		if (c->policy[i].leaves)
			change->leave[change->nr_leave++] = w->rec[i].id;
	}
}

static struct bx_election *try(const struct bx_trial *trial)
{
	struct bx_election *e = bx_election_alloc_trial(trial);

	if (!IS_ERR(e))
		bx_elect_trial(e);
	return e;
}

/* Adds the rule of an adopted bus to the model */
static void model_kernel(const struct native_case *c, struct model_outcome *m)
{
	if (m->by != BX_BY_NONE || !native_is_adopted(c->bus))
		return;
	m->by = BX_BY_KERNEL;
	if (*m->kernel) {
		m->outcome = BX_OUT_DRIVER;
		strscpy(m->driver, m->kernel, sizeof(m->driver));
	}
	for (unsigned int d = 0; d < c->ndrivers && !*m->driver; d++) {
		if (!c->driver[d].claims)
			continue;
		m->outcome = BX_OUT_DRIVER;
		strscpy(m->driver, c->driver[d].name, sizeof(m->driver));
	}
}

static const char *compare(const struct native_case *c,
			   const struct bx_decision *dec,
			   const struct model_outcome *m)
{
	const char *policy = m->policy < 0 ? "" : c->policy[m->policy].name;

	if (dec->by == m->by && dec->outcome == m->outcome &&
	    !strcmp(dec->driver, m->driver) && !strcmp(dec->policy, policy))
		return NULL;
	return native_text("expected by %u driver '%s' policy '%s', "
			   "got by %u driver '%s' policy '%s'",
			   m->by, m->driver, policy, dec->by, dec->driver,
			   dec->policy);
}

/* ---- against the model ---- */

static const char *check_trial(const struct native_case *c)
{
	unsigned int traced = native_decisions;
	struct native_world w;
	struct model_outcome m;
	struct bx_election *e;
	struct bx_trial trial;
	const char *wrong;

	model_elect(c, MODEL_TRIAL, &m);
	model_kernel(c, &m);
	native_set_up(&w, c);
	trial_fill(&w, &trial);
	e = try(&trial);
	wrong = e->error ? native_text("error %d", e->error) :
			   compare(c, &e->dec, &m);
	native_records(&w);
	for (unsigned int i = 0; i < c->npolicies && !wrong; i++) {
		if (w.rec[i].asked || w.rec[i].decided || w.map[i].ejections)
			wrong = "a policy is counted or ejected";
	}
	if (native_decisions != traced)
		wrong = wrong ?: "it is traced";
	bx_election_free(e);
	native_tear_down(&w);
	return wrong;
}

static void trial_has_the_outcome_of_the_model(void)
{
	native_cases(check_trial);
}

/* ---- against the election after the commit ---- */

static const char *check_commit(const struct native_case *c)
{
	struct native_case unloadable = *c;
	struct bx_election *e, *after;
	struct native_world w;
	struct bx_trial trial;
	const char *wrong = NULL;
	int err;

	if (c->only_entering || native_is_adopted(c->bus))
		return NULL;
	/* in a trial, as far as the trial knows */
	unloadable.absent = ~0U;
	native_set_up(&w, &unloadable);
	trial_fill(&w, &trial);
	e = try(&trial);
	err = bx_policy_commit(&trial.change);
	after = native_run(&w, false);
	if (e->error || err)
		wrong = native_text("trial: %d, commit: %d", e->error, err);
	else if (e->dec.by != after->dec.by ||
		 e->dec.outcome != after->dec.outcome ||
		 e->dec.score != after->dec.score ||
		 e->dec.policy_id != after->dec.policy_id ||
		 strcmp(e->dec.driver, after->dec.driver))
		wrong = native_text("by %u driver '%s' in the trial, "
				    "by %u driver '%s' after the commit",
				    e->dec.by, e->dec.driver, after->dec.by,
				    after->dec.driver);
	bx_election_free(after);
	bx_election_free(e);
	native_tear_down(&w);
	return wrong;
}

static void trial_equals_the_election_after_the_commit(void)
{
	native_cases(check_commit);
}

/* With BX_TRIAL_ALONE, only the entering policies are asked. */
static const char *check_alone(const struct native_case *c)
{
	struct native_case only = *c, entering = *c;
	struct model_outcome m;

	entering.only_entering = true;
	only.only_entering = false;
	memset(&only.hook, 0, sizeof(only.hook));
	only.npolicies = 0;
	for (unsigned int i = 0; i < c->npolicies; i++) {
		if (c->policy[i].enters)
			only.policy[only.npolicies++] = c->policy[i];
	}
	model_elect(&only, MODEL_TRIAL, &m);
	return check_trial(&entering) ?: check_trial(&only);
}

static void trial_alone_asks_only_what_enters(void)
{
	native_cases(check_alone);
}

/* ---- refused trials ---- */

static int try_error(const struct bx_trial *trial)
{
	struct bx_election *e = try(trial);
	int err;

	if (IS_ERR(e))
		return PTR_ERR(e);
	err = e->error;
	bx_election_free(e);
	return err;
}

static void trial_of_an_impossible_change_is_refused(void)
{
	struct native_policy p = {
		.name = "p", .bus = native_bus[0], .selects = true,
		.flags = BX_F_STAGED,
	};
	struct bx_trial trial = { .dev.bus = "bx-one", .dev.name = "device" };
	struct native_link link = {};
	struct bx_policy_rec rec;
	struct native_map map;

	native_map_init(&map, &p);
	EXPECT(!native_attach(&link, &map));
	EXPECT(native_record(&link, &rec));
	trial.change.nr_enter = 1;
	trial.change.enter[0] = native_enter(&rec);
	EXPECT(!try_error(&trial));
	trial.change.enter[0].id = rec.id + 1;
	EXPECT(try_error(&trial) == -ENOENT);
	/* twice */
	trial.change.nr_enter = 2;
	trial.change.enter[0] = native_enter(&rec);
	trial.change.enter[1] = native_enter(&rec);
	EXPECT(try_error(&trial) == -EINVAL);
	/* differs from the checked policy */
	trial.change.nr_enter = 1;
	trial.change.enter[0].vendor = 7;
	EXPECT(try_error(&trial) == -EPERM);
	/* it is staged, so it cannot leave */
	trial.change.nr_enter = 0;
	trial.change.nr_leave = 1;
	trial.change.leave[0] = rec.id;
	EXPECT(try_error(&trial) == -ENOENT);
	native_detach(&link);
}

static void trial_that_makes_no_sense_is_refused(void)
{
	struct bx_trial trial = { .dev.bus = "bx-one" };

	EXPECT(!try_error(&trial));
	strscpy(trial.dev.bus, "bx-absent", sizeof(trial.dev.bus));
	EXPECT(try_error(&trial) == -ENODEV);
	memset(trial.dev.bus, 'x', sizeof(trial.dev.bus));
	EXPECT(try_error(&trial) == -EINVAL);
	strscpy(trial.dev.bus, "bx-one", sizeof(trial.dev.bus));
	memset(trial.override, 'x', sizeof(trial.override));
	EXPECT(try_error(&trial) == -EINVAL);
	trial.override[0] = '\0';
	trial.nr_drivers = 1;
	memset(trial.drivers[0].name, 'x', BX_NAME_LEN);
	EXPECT(try_error(&trial) == -EINVAL);
	trial.nr_drivers = 0;
	trial.nr_facts = 1;
	EXPECT(!try_error(&trial));
	trial.facts[0].fact = BX_NR_FACTS;
	EXPECT(try_error(&trial) == -EINVAL);
	trial.facts[0].fact = 0;
	trial.facts[0].error = 1;
	EXPECT(try_error(&trial) == -EINVAL);
	trial.facts[0].error = 0;
	memset(trial.facts[0].value, 'x', BX_FACT_LEN);
	EXPECT(try_error(&trial) == -EINVAL);
}

/* ---- memory runs out ---- */

/* More opinions than the log has room for at first */
static void crowd(struct native_case *c)
{
	memset(c, 0, sizeof(*c));
	c->bus = native_bus[0];
	c->vendor = 1;
	c->npolicies = NATIVE_POLICIES;
	for (unsigned int i = 0; i < c->npolicies; i++) {
		struct native_policy *p = &c->policy[i];

		native_policy_generate(p, i, false);
		p->bus = c->bus;
		p->vendor = BX_ANY;
		p->flags = 0;
		p->matches = true;
	}
	c->ndrivers = NATIVE_DRIVERS;
	for (unsigned int d = 0; d < c->ndrivers; d++)
		c->driver[d].name[0] = 'a' + d;
}

static const char *check_memory(const struct native_case *c)
{
	struct bx_election *e, *failing;
	const char *wrong = NULL;
	struct native_world w;
	bool failed = true;

	native_set_up(&w, c);
	e = native_run(&w, true);
	for (unsigned int nth = 1; failed && !wrong; nth++) {
		native_fail_allocation(nth);
		failing = native_run(&w, true);
		failed = native_allocation_failed();
		native_fail_allocation(0);
		if (failing && memcmp(&failing->dec, &e->dec,
				      offsetof(struct bx_decision, time_ns)))
			wrong = native_text("another outcome when allocation %u fails",
					    nth);
		else if (failing && failed && !failing->log_lost)
			wrong = "an opinion is lost, and not told";
		else if (!failing && !failed)
			wrong = "it failed with enough memory";
		bx_election_free(failing);
	}
	bx_election_free(e);
	native_tear_down(&w);
	return wrong;
}

static void election_survives_each_failed_allocation(void)
{
	struct native_case c;
	const char *wrong;

	crowd(&c);
	wrong = check_memory(&c);
	if (wrong)
		native_failed("in a crowd: %s", wrong);
	native_cases(check_memory);
}

static const char *check_trial_memory(const struct native_case *c)
{
	struct bx_election *e, *failing;
	const char *wrong = NULL;
	struct native_world w;
	struct bx_trial trial;
	bool failed = true;

	native_set_up(&w, c);
	trial_fill(&w, &trial);
	e = try(&trial);
	for (unsigned int nth = 1; failed && !wrong; nth++) {
		native_fail_allocation(nth);
		failing = try(&trial);
		failed = native_allocation_failed();
		native_fail_allocation(0);
		if (IS_ERR(failing)) {
			if (!failed || PTR_ERR(failing) != -ENOMEM)
				wrong = "another error than -ENOMEM";
			continue;
		}
		if (failing->error ? failing->error != -ENOMEM || !failed :
		    memcmp(&failing->dec, &e->dec,
			   offsetof(struct bx_decision, time_ns)))
			wrong = native_text("error %d when allocation %u fails",
					    failing->error, nth);
		bx_election_free(failing);
	}
	bx_election_free(e);
	native_tear_down(&w);
	return wrong;
}

static void trial_survives_each_failed_allocation(void)
{
	native_cases(check_trial_memory);
}

static const struct native_test tests[] = {
	NATIVE_TEST(trial_has_the_outcome_of_the_model),
	NATIVE_TEST(trial_equals_the_election_after_the_commit),
	NATIVE_TEST(trial_alone_asks_only_what_enters),
	NATIVE_TEST(trial_of_an_impossible_change_is_refused),
	NATIVE_TEST(trial_that_makes_no_sense_is_refused),
	NATIVE_TEST(election_survives_each_failed_allocation),
	NATIVE_TEST(trial_survives_each_failed_allocation),
};

int main(void)
{
	return native_main(tests, ARRAY_SIZE(tests));
}
