// SPDX-License-Identifier: GPL-2.0-only
/*
 * The election, natively: kernel/elect.c, policy.c and index.c against the model,
 * on generated cases.  Each rule by hand is in rules.c, trials are in trial.c.
 */
#include "native.h"

/* ---- comparisons: NULL, or what differs ---- */

static const char *compare(const struct native_case *c,
			   const struct bx_decision *dec,
			   const struct model_outcome *m)
{
	const char *policy = m->policy < 0 ? "" : c->policy[m->policy].name;

	if (dec->by == m->by && dec->outcome == m->outcome &&
	    !strcmp(dec->driver, m->driver) && !strcmp(dec->policy, policy) &&
	    dec->score == m->score)
		return NULL;
	return native_text("expected by %u outcome %u driver '%s' policy '%s' score %d, "
			   "got by %u outcome %u driver '%s' policy '%s' score %d",
			   m->by, m->outcome, m->driver, policy, m->score,
			   dec->by, dec->outcome, dec->driver, dec->policy,
			   dec->score);
}

static const char *compare_rest(struct native_world *w, const struct bx_election *e,
				const struct model_outcome *m)
{
	const struct native_case *c = w->c;
	bool adopted = native_is_adopted(c->bus);
	u64 winner = 0, id = m->policy < 0 ? 0 : w->rec[m->policy].id;
	bool next_best = (m->by == BX_BY_SELECT || (adopted && m->by == BX_BY_SCORE)) &&
			 c->policy[m->policy].flags & BX_F_NEXT_BEST;

	for (unsigned int d = 0; d < c->ndrivers; d++) {
		if (m->outcome == BX_OUT_DRIVER &&
		    !strcmp(c->driver[d].name, m->driver))
			winner = NATIVE_ORDER(d);
	}
	if (!adopted && e->winner != winner)
		return native_text("expected order %llu, got %llu", winner,
				   e->winner);
	if (e->dec.policy_id != id || e->dec.generation != NATIVE_GENERATION)
		return "another policy or generation is recorded";
	if (!adopted && e->dec.considered != c->ndrivers)
		return "another number of drivers was considered";
	if (e->next_best != next_best)
		return native_text("expected next_best %d", next_best);
	if (memcmp(&native_traced, &e->dec, sizeof(e->dec)))
		return "another decision is traced";
	return NULL;
}

/* The effects of an election on a policy */
static const char *compare_policy(struct native_world *w, unsigned int i,
				  const struct model_outcome *m)
{
	const struct native_policy *p = &w->c->policy[i];
	struct native_map *map = &w->map[i];
	struct bx_policy_rec rec = w->rec[i];
	bool shadow = p->flags & BX_F_SHADOW;

	if (shadow && map->ejections && !model_mistake(p))
		return native_text("%s is ejected for nothing", p->name);
	if (map->ejections > 1 ||
	    (!shadow && map->ejections != m->of[i].ejected))
		return native_text("%s: expected %u ejections, got %u", p->name,
				   m->of[i].ejected, map->ejections);
	if (!shadow && m->of[i].ejected &&
	    (map->ejected.kind != m->of[i].kind ||
	     map->ejected.code != m->of[i].code))
		return native_text("%s: expected ejection %u (%d), got %u (%d)",
				   p->name, m->of[i].kind, m->of[i].code,
				   map->ejected.kind, map->ejected.code);
	if (!shadow && rec.asked != m->of[i].asked)
		return native_text("%s: expected %u runs, got %llu", p->name,
				   m->of[i].asked, rec.asked);
	/* questions only for a policy in shadow mode are not counted */
	if (rec.asked > map->asked)
		return native_text("%s: %llu runs counted, got %u", p->name,
				   rec.asked, map->asked);
	if (rec.decided != m->of[i].decided || rec.vetoed != m->of[i].vetoed)
		return native_text("%s: expected %u decisions, %u vetoes, got %llu, %llu",
				   p->name, m->of[i].decided, m->of[i].vetoed,
				   rec.decided, rec.vetoed);
	return NULL;
}

static const char *compare_policies(struct native_world *w,
				    const struct model_outcome *m)
{
	const char *wrong = NULL;

	native_records(w);
	for (unsigned int i = 0; i < w->c->npolicies && !wrong; i++)
		wrong = compare_policy(w, i, m);
	return wrong;
}

/* ---- the model ---- */

static unsigned int deciders[BX_BY_VETO + 1], outcomes[BX_OUT_ABSENT + 1];

static const char *check_outcome(const struct native_case *c)
{
	struct model_outcome m;
	struct bx_election *e;
	const char *wrong;
	struct native_world w;

	model_elect(c, MODEL_NOW, &m);
	deciders[m.by]++;
	outcomes[m.outcome]++;
	native_set_up(&w, c);
	e = native_run(&w, false);
	wrong = compare(c, &e->dec, &m) ?: compare_rest(&w, e, &m) ?:
		compare_policies(&w, &m);
	bx_election_free(e);
	native_tear_down(&w);
	return wrong;
}

static void outcome_is_that_of_the_model(void)
{
	native_cases(check_outcome);
	/* each of them must occur; without it the cases prove nothing */
	/* no election of its own ends with the rule of an adopted bus */
	for (u32 i = 0; native_ncases >= 1000 && i < ARRAY_SIZE(deciders); i++)
		EXPECT(deciders[i] || i == BX_BY_KERNEL);
	for (u32 i = 0; native_ncases >= 1000 && i < ARRAY_SIZE(outcomes); i++)
		EXPECT(outcomes[i]);
}

/* ---- shadow mode ---- */

/* The outcome is the same without policies in shadow mode and with them. */
static const char *check_shadow(const struct native_case *c)
{
	struct native_case without = *c;
	struct bx_decision dec;
	struct bx_election *e;
	const char *wrong = NULL;
	struct native_world w;

	without.npolicies = 0;
	for (unsigned int i = 0; i < c->npolicies; i++) {
		if (!(c->policy[i].flags & BX_F_SHADOW))
			without.policy[without.npolicies++] = c->policy[i];
	}
	native_set_up(&w, &without);
	e = native_run(&w, false);
	dec = e->dec;
	bx_election_free(e);
	native_tear_down(&w);

	native_set_up(&w, c);
	e = native_run(&w, false);
	if (dec.by != e->dec.by || dec.outcome != e->dec.outcome ||
	    strcmp(dec.driver, e->dec.driver) ||
	    strcmp(dec.policy, e->dec.policy))
		wrong = native_text("driver '%s' without shadows, '%s' with them",
				    dec.driver, e->dec.driver);
	bx_election_free(e);
	native_tear_down(&w);
	return wrong;
}

static void shadow_never_changes_the_outcome(void)
{
	native_cases(check_shadow);
}

/* After a mistake the rest of an election depends on when it was noticed. */
static const char *check_divergence(const struct native_case *c)
{
	struct model_outcome m;
	const char *wrong = NULL;
	struct native_world w;

	for (unsigned int i = 0; i < c->npolicies; i++) {
		if (model_mistake(&c->policy[i]))
			return NULL;
	}
	model_elect(c, MODEL_NOW, &m);
	native_set_up(&w, c);
	bx_election_free(native_run(&w, false));
	native_records(&w);
	for (unsigned int i = 0; i < c->npolicies && !wrong; i++) {
		if (w.rec[i].diverged != m.of[i].diverged)
			wrong = native_text("%s: expected %u divergences, got %llu",
					    c->policy[i].name, m.of[i].diverged,
					    w.rec[i].diverged);
	}
	native_tear_down(&w);
	return wrong;
}

static void shadow_diverges_when_following_it_would_change_the_outcome(void)
{
	native_cases(check_divergence);
}

/* ---- explanations ---- */

static bool same_decision(const struct bx_decision *a,
			  const struct bx_decision *b)
{
	return a->by == b->by && a->outcome == b->outcome &&
	       a->score == b->score && a->policy_id == b->policy_id &&
	       a->considered == b->considered && !strcmp(a->driver, b->driver) &&
	       !strcmp(a->policy, b->policy);
}

/* An explanation counts nothing and ejects no policy. */
static const char *untouched(struct native_world *w)
{
	native_records(w);
	for (unsigned int i = 0; i < w->c->npolicies; i++) {
		const struct bx_policy_rec *rec = &w->rec[i];

		if (w->map[i].ejections || rec->asked || rec->decided ||
		    rec->vetoed || rec->diverged)
			return native_text("%s is counted or ejected",
					   w->c->policy[i].name);
	}
	return NULL;
}

static const char *check_explanation(const struct native_case *c)
{
	struct bx_election *e, *real;
	unsigned int traced;
	const char *wrong;
	struct native_world w;

	native_set_up(&w, c);
	traced = native_decisions;
	e = native_run(&w, true);
	wrong = native_decisions != traced ? "it is traced" : untouched(&w);
	real = native_run(&w, false);
	if (!wrong && !same_decision(&e->dec, &real->dec))
		wrong = native_text("by %u driver '%s' explained, by %u driver '%s' elected",
				    e->dec.by, e->dec.driver, real->dec.by,
				    real->dec.driver);
	bx_election_free(e);
	bx_election_free(real);
	native_tear_down(&w);
	return wrong;
}

static void explanation_has_the_outcome_of_the_election(void)
{
	native_cases(check_explanation);
}

static u32 decider_of(const struct bx_opinion *o)
{
	switch (o->kind) {
	case BX_OPN_OVERRIDE:
		return BX_BY_OVERRIDE;
	case BX_OPN_HOOK:
		return BX_BY_HOOK;
	case BX_OPN_SELECT:
		return BX_BY_SELECT;
	case BX_OPN_MATCH:
		return BX_BY_SCORE;
	case BX_OPN_QUARANTINE:
		return BX_BY_QUARANTINE;
	default:
		return BX_BY_NONE;
	}
}

/* Opinions that won name the winner; one of them decided. */
static const char *check_winners(const struct bx_election *e)
{
	bool table = e->dec.by == BX_BY_ID_TABLE ||
		     (e->dec.by == BX_BY_KERNEL && *e->dec.driver);
	bool spoken = e->dec.by != BX_BY_NONE && e->dec.by != BX_BY_ID_TABLE &&
		      e->dec.by != BX_BY_KERNEL && e->dec.by != BX_BY_VETO;
	unsigned int deciding = 0, tables = 0;

	for (u32 i = 0; i < e->nlog; i++) {
		const struct bx_opinion *o = &e->log[i];
		u32 by = decider_of(o);

		if (o->why != BX_WHY_WON)
			continue;
		if (strcmp(o->driver, e->dec.driver))
			return native_text("'%s' won, and '%s' is elected",
					   o->driver, e->dec.driver);
		if (by != BX_BY_NONE && by != e->dec.by)
			return native_text("%u won, and %u decided", by,
					   e->dec.by);
		if ((by == BX_BY_SELECT || by == BX_BY_QUARANTINE) &&
		    strcmp(o->policy, e->dec.policy))
			return native_text("'%s' won, and '%s' decided",
					   o->policy, e->dec.policy);
		deciding += by != BX_BY_NONE;
		tables += o->kind == BX_OPN_ID_TABLE;
	}
	if (deciding != spoken)
		return native_text("%u opinions decided", deciding);
	if (table && tables != 1)
		return native_text("%u id tables won", tables);
	return NULL;
}

static unsigned int count_opinions(const struct bx_election *e, u32 kind,
				   const char *driver)
{
	unsigned int n = 0;

	for (u32 i = 0; i < e->nlog; i++)
		n += e->log[i].kind == kind &&
		     (!driver || !strcmp(e->log[i].driver, driver));
	return n;
}

/* Each select() gives an opinion, for each driver that it names at most one. */
static const char *check_selects(const struct bx_election *e,
				 const struct native_policy *p, u64 id)
{
	unsigned int n = 0;

	for (u32 i = 0; i < e->nlog; i++)
		n += e->log[i].kind == BX_OPN_SELECT &&
		     e->log[i].policy_id == id;
	if (n < 1 || n > BX_MAX_CHOICES || (n > 1 && !*p->select.more))
		return native_text("select() of %s has %u opinions", p->name, n);
	return NULL;
}

/* Each driver is listed once, with a reason; so is each select(). */
static const char *check_complete(const struct native_world *w,
				  const struct bx_election *e)
{
	const struct native_case *c = w->c;
	unsigned int chain[NATIVE_POLICIES];
	unsigned int n = model_chain(c, MODEL_NOW, chain);
	const char *wrong = NULL;

	for (u32 d = 0; d < e->ncands; d++) {
		const char *name = e->cands[d].rec.name;
		u32 kind = e->cands[d].rec.claims ? BX_OPN_ID_TABLE :
						    BX_OPN_CANDIDATE;

		if (count_opinions(e, kind, name) != 1)
			return native_text("driver %s is not listed once", name);
	}
	for (unsigned int i = 0; !c->mistakes && i < n && !wrong; i++) {
		const struct native_policy *p = &c->policy[chain[i]];

		if (p->selects && !p->dead)
			wrong = check_selects(e, p, w->rec[chain[i]].id);
	}
	return wrong;
}

static bool has_failed(const struct native_case *c, const char *driver)
{
	for (unsigned int d = 0; d < c->ndrivers; d++) {
		if (!strcmp(c->driver[d].name, driver))
			return c->driver[d].error;
	}
	return false;
}

/* A reason is given only where it applies. */
static const char *check_reasons(const struct native_case *c,
				 const struct bx_election *e)
{
	for (u32 i = 0; i < e->nlog; i++) {
		const struct bx_opinion *o = &e->log[i];
		struct bx_cand *cand = NULL;

		for (u32 d = 0; d < e->ncands; d++) {
			if (!strcmp(e->cands[d].rec.name, o->driver))
				cand = &e->cands[d];
		}
		if (o->why == BX_WHY_VETOED && !(cand && cand->vetoed))
			return native_text("'%s' is not vetoed", o->driver);
		if (o->why == BX_WHY_ABSENT && bx_election_has_driver((void *)e, o->driver))
			return native_text("'%s' is registered", o->driver);
		if (o->why == BX_WHY_FAILED && e->adopted &&
		    !has_failed(c, o->driver))
			return native_text("'%s' has not failed", o->driver);
		if (o->why == BX_WHY_FAILED && !e->adopted &&
		    !(cand && cand->rec.error && (o->kind == BX_OPN_MATCH ||
		      cand->rec.error == o->error)))
			return native_text("'%s' has not failed so", o->driver);
		if ((o->why == BX_WHY_BAD || o->why == BX_WHY_UNLISTED ||
		     o->why == BX_WHY_SLOW) &&
		    !c->mistakes && o->kind != BX_OPN_HOOK)
			return native_text("'%s' made no mistake", o->policy);
		if (o->why == BX_WHY_LOW && e->dec.by != BX_BY_SCORE &&
		    !(o->kind == BX_OPN_ID_TABLE && e->dec.by == BX_BY_KERNEL))
			return native_text("score of '%s' is too low, and no score decided",
					   o->driver);
	}
	return NULL;
}

static const char *check_opinions(const struct native_case *c)
{
	struct bx_election *e;
	const char *wrong;
	struct native_world w;

	native_set_up(&w, c);
	e = native_run(&w, true);
	if (e->judges)
		bx_elect_kernel(e);
	wrong = check_winners(e) ?: check_complete(&w, e) ?:
		check_reasons(c, e);
	bx_election_free(e);
	native_tear_down(&w);
	return wrong;
}

static void opinions_name_exactly_one_winner(void)
{
	native_cases(check_opinions);
}

static const struct native_test tests[] = {
	NATIVE_TEST(outcome_is_that_of_the_model),
	NATIVE_TEST(shadow_never_changes_the_outcome),
	NATIVE_TEST(shadow_diverges_when_following_it_would_change_the_outcome),
	NATIVE_TEST(explanation_has_the_outcome_of_the_election),
	NATIVE_TEST(opinions_name_exactly_one_winner),
};

int main(void)
{
	return native_main(tests, ARRAY_SIZE(tests));
}
