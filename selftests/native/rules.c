// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules of an election, natively, one by one and by hand: cases so small that
 * the expected outcome is evident
 */
#include <stdio.h>
#include "native.h"

/* ---- cases ---- */

/* A device of vendor 1 and drivers that all claim it, named by their letters */
static struct native_case with_drivers(const char *letters)
{
	struct native_case c = { .bus = native_bus[0], .vendor = 1 };

	for (; *letters; letters++) {
		c.driver[c.ndrivers].name[0] = *letters;
		c.driver[c.ndrivers++].claims = true;
	}
	return c;
}

static struct native_policy *add(struct native_case *c, const char *name,
				 s32 priority)
{
	struct native_policy *p = &c->policy[c->npolicies++];

	strscpy(p->name, name, sizeof(p->name));
	p->bus = c->bus;
	p->priority = priority;
	return p;
}

static void selects(struct native_policy *p, s32 verdict, const char *driver)
{
	p->selects = true;
	p->select.verdict = verdict;
	strscpy(p->select.driver, driver, sizeof(p->select.driver));
}

static void scores(struct native_policy *p, char driver, s32 score)
{
	p->matches = true;
	p->match[driver - 'a'] = score;
}

static void hook_says(struct native_case *c, s32 verdict, const char *driver)
{
	c->hook.verdict = verdict;
	strscpy(c->hook.driver, driver, sizeof(c->hook.driver));
}

/* ---- expectations ---- */

static void expect(const struct native_case *c, u32 by, u32 outcome,
		   const char *driver, const char *policy)
{
	struct native_world w;
	struct bx_election *e;

	native_set_up(&w, c);
	e = native_run(&w, false);
	if (e->dec.by != by || e->dec.outcome != outcome ||
	    strcmp(e->dec.driver, driver) || strcmp(e->dec.policy, policy)) {
		native_failed("expected by %u outcome %u driver '%s' policy '%s', "
			      "got by %u outcome %u driver '%s' policy '%s'",
			      by, outcome, driver, policy, e->dec.by,
			      e->dec.outcome, e->dec.driver, e->dec.policy);
		native_print(c);
	}
	bx_election_free(e);
	native_tear_down(&w);
}

#define EXPECT_DRIVER(c, by, driver, policy) \
	expect(c, by, BX_OUT_DRIVER, driver, policy)

/* ---- above the policies ---- */

static void override_beats_the_hook_and_a_veto(void)
{
	struct native_case c = with_drivers("abc");
	struct native_policy *p = add(&c, "p", 9);

	hook_says(&c, BX_SELECT, "a");
	selects(p, BX_SELECT, "a");
	scores(p, 'b', BX_VETO);
	strscpy(c.override, "b", sizeof(c.override));
	EXPECT_DRIVER(&c, BX_BY_OVERRIDE, "b", "");
	strscpy(c.override, "x", sizeof(c.override));
	expect(&c, BX_BY_OVERRIDE, BX_OUT_ABSENT, "x", "");
}

static void hook_beats_select_and_a_veto(void)
{
	struct native_case c = with_drivers("abc");
	struct native_policy *p = add(&c, "p", 9);

	selects(p, BX_SELECT, "a");
	scores(p, 'b', BX_VETO);
	hook_says(&c, BX_SELECT, "b");
	EXPECT_DRIVER(&c, BX_BY_HOOK, "b", "");
	hook_says(&c, BX_REFUSE, "b");
	expect(&c, BX_BY_HOOK, BX_OUT_REFUSED, "", "");
	hook_says(&c, BX_DEFER, "");
	expect(&c, BX_BY_HOOK, BX_OUT_DEFERRED, "", "");
	hook_says(&c, BX_SELECT, "x");
	expect(&c, BX_BY_HOOK, BX_OUT_ABSENT, "x", "");
}

static void invalid_hook_is_ignored(void)
{
	static const s32 verdicts[] = { -1, 4, BX_PASS, BX_SELECT };
	struct native_case c = with_drivers("ab");

	selects(add(&c, "p", 0), BX_SELECT, "b");
	for (u32 i = 0; i < ARRAY_SIZE(verdicts); i++) {
		hook_says(&c, verdicts[i], "");
		EXPECT_DRIVER(&c, BX_BY_SELECT, "b", "p");
	}
	EXPECT(native_hook_asked == 1);
}

/* ---- select() ---- */

static void first_select_with_an_opinion_decides(void)
{
	struct native_case c = with_drivers("abc");

	selects(add(&c, "last", -1), BX_SELECT, "a");
	selects(add(&c, "second", 1), BX_SELECT, "b");
	/* a driver's name without BX_SELECT is not an opinion */
	selects(add(&c, "first", 2), BX_PASS, "c");
	EXPECT_DRIVER(&c, BX_BY_SELECT, "b", "second");
	c.policy[1].select.verdict = BX_REFUSE;
	expect(&c, BX_BY_SELECT, BX_OUT_REFUSED, "", "second");
	c.policy[1].select.verdict = BX_DEFER;
	expect(&c, BX_BY_SELECT, BX_OUT_DEFERRED, "", "second");
}

static void equal_priorities_go_by_name(void)
{
	struct native_case c = with_drivers("abc");

	selects(add(&c, "n", 5), BX_SELECT, "a");
	selects(add(&c, "m", 5), BX_SELECT, "b");
	selects(add(&c, "o", 5), BX_SELECT, "c");
	EXPECT_DRIVER(&c, BX_BY_SELECT, "b", "m");
}

static void priorities_are_signed(void)
{
	struct native_case c = with_drivers("ab");

	selects(add(&c, "a", (s32)0x80000000), BX_SELECT, "a");
	selects(add(&c, "b", 0x7fffffff), BX_SELECT, "b");
	EXPECT_DRIVER(&c, BX_BY_SELECT, "b", "b");
}

static void select_beats_score(void)
{
	struct native_case c = with_drivers("ab");

	scores(add(&c, "first", 1), 'a', BX_SCORE_MAX);
	selects(add(&c, "last", -1), BX_SELECT, "b");
	EXPECT_DRIVER(&c, BX_BY_SELECT, "b", "last");
}

static void absent_driver_is_waited_for(void)
{
	struct native_case c = with_drivers("ab");

	selects(add(&c, "first", 1), BX_SELECT, "x");
	selects(add(&c, "last", -1), BX_SELECT, "b");
	expect(&c, BX_BY_SELECT, BX_OUT_ABSENT, "x", "first");
}

/* ---- several choices ---- */

#define ABSENT(letter)	(1U << ((letter) - 'a'))

/* @drivers: letters, in order of preference */
static void prefers(struct native_policy *p, const char *drivers)
{
	char first[] = { *drivers, '\0' };

	selects(p, BX_SELECT, first);
	strscpy(p->select.more, drivers + 1, sizeof(p->select.more));
}

static void first_registered_choice_wins(void)
{
	struct native_case c = with_drivers("abc");

	prefers(add(&c, "p", 0), "ba");
	EXPECT_DRIVER(&c, BX_BY_SELECT, "b", "p");
	/* the first one may be loadable */
	prefers(&c.policy[0], "xb");
	expect(&c, BX_BY_SELECT, BX_OUT_ABSENT, "x", "p");
	c.absent = ABSENT('x');
	EXPECT_DRIVER(&c, BX_BY_SELECT, "b", "p");
}

static void choice_is_requested_when_those_before_cannot_be_loaded(void)
{
	struct native_case c = with_drivers("c");

	prefers(add(&c, "p", 0), "xy");
	selects(add(&c, "below", -1), BX_SELECT, "c");
	c.absent = ABSENT('x');
	expect(&c, BX_BY_SELECT, BX_OUT_ABSENT, "y", "p");
	/* no fallback but those that were named: the device waits */
	c.absent |= ABSENT('y');
	expect(&c, BX_BY_SELECT, BX_OUT_ABSENT, "x", "p");
}

static void vetoed_and_failed_choices_are_passed_over(void)
{
	struct native_case c = with_drivers("abc");
	struct native_policy *p = add(&c, "p", 0);

	prefers(p, "abc");
	c.driver[0].error = -ENODEV;
	scores(p, 'b', BX_VETO);
	EXPECT_DRIVER(&c, BX_BY_SELECT, "c", "p");
	/* without a choice that is left, the policy has no opinion */
	prefers(p, "ab");
	EXPECT_DRIVER(&c, BX_BY_ID_TABLE, "c", "");
}

static void next_best_passes_over_a_rejection_on_an_adopted_bus(void)
{
	struct native_case c = with_drivers("abc");
	struct native_policy *p = add(&c, "p", 0);

	c.bus = native_bus[NATIVE_OWN_BUSES];
	p->bus = c.bus;
	c.driver[0].error = -EIO;
	prefers(p, "ab");
	EXPECT_DRIVER(&c, BX_BY_SELECT, "a", "p");
	p->flags = BX_F_NEXT_BEST;
	EXPECT_DRIVER(&c, BX_BY_SELECT, "b", "p");
	/* never a driver that no policy named, and no other policy's */
	c.driver[1].error = -EIO;
	selects(add(&c, "below", -1), BX_SELECT, "c");
	c.policy[1].bus = c.bus;
	EXPECT_DRIVER(&c, BX_BY_SELECT, "b", "p");
	prefers(p, "abx");
	c.absent = ABSENT('x');
	expect(&c, BX_BY_SELECT, BX_OUT_ABSENT, "x", "p");
}

static void refusal_names_no_driver(void)
{
	struct native_case c = with_drivers("ab");

	prefers(add(&c, "p", 0), "ab");
	c.policy[0].select.verdict = BX_REFUSE;
	c.policy[0].flags = BX_F_NEXT_BEST;
	expect(&c, BX_BY_SELECT, BX_OUT_REFUSED, "", "p");
}

static void hook_has_choices(void)
{
	struct native_case c = with_drivers("ab");

	hook_says(&c, BX_SELECT, "x");
	strscpy(c.hook.more, "b", sizeof(c.hook.more));
	c.absent = ABSENT('x');
	/* vetoes and failed probes do not count above the policies */
	scores(add(&c, "p", 0), 'b', BX_VETO);
	c.driver[1].error = -ENODEV;
	EXPECT_DRIVER(&c, BX_BY_HOOK, "b", "");
}

static void each_choice_is_limited(void)
{
	struct native_case c = with_drivers("abc");
	struct native_policy *p = add(&c, "p", 0);

	prefers(p, "ab");
	p->limited = true;
	p->listed = ABSENT('a') | ABSENT('b');
	EXPECT_DRIVER(&c, BX_BY_SELECT, "a", "p");
	p->listed = ABSENT('a');
	EXPECT_DRIVER(&c, BX_BY_ID_TABLE, "a", "");
}

static void one_driver_too_many_is_an_error_of_the_call(void)
{
	struct bx_select_ctx ctx = {};
	char name[2] = "a";

	for (u32 i = 0; i < BX_MAX_CHOICES; i++, name[0]++)
		EXPECT(!bx_choice_add(&ctx, name));
	EXPECT(bx_choice_add(&ctx, "z") == -E2BIG);
	EXPECT(!bx_choice_add(&ctx, "a"));
	EXPECT(ctx.nchoices == BX_MAX_CHOICES);
}

static void state_of(const struct native_case *c, const char *driver,
		     enum bx_driver_state expected)
{
	struct native_world w;
	struct bx_election *e;

	native_set_up(&w, c);
	e = native_run(&w, false);
	if (bx_choice_state(e, driver) != expected)
		native_failed("driver %s: expected state %d, got %d", driver,
			      expected, bx_choice_state(e, driver));
	bx_election_free(e);
	native_tear_down(&w);
}

static void state_of_a_driver_is_told(void)
{
	struct native_case c = with_drivers("ab");

	c.driver[1].error = -ENODEV;
	c.absent = ABSENT('x') | ABSENT('a');
	for (int bus = 0; bus < NATIVE_BUSES; bus += NATIVE_OWN_BUSES) {
		c.bus = native_bus[bus];
		state_of(&c, "a", BX_DRIVER_REGISTERED);
		state_of(&c, "b", BX_DRIVER_REJECTED);
		state_of(&c, "x", BX_DRIVER_ABSENT);
		state_of(&c, "y", BX_DRIVER_UNKNOWN);
	}
}

/* On an adopted bus that binds no other drivers */
static void driver_that_does_not_claim_the_device_is_passed_over(void)
{
	struct native_case c = with_drivers("ab");
	struct native_policy *p = add(&c, "p", 0);

	c.bus = native_bus[NATIVE_OWN_BUSES];
	p->bus = c.bus;
	c.driver[0].claims = false;
	prefers(p, "ab");
	EXPECT_DRIVER(&c, BX_BY_SELECT, "a", "p");
	c.claimants = true;
	EXPECT_DRIVER(&c, BX_BY_SELECT, "b", "p");
	state_of(&c, "a", BX_DRIVER_UNCLAIMED);
	/* no other driver gets the device in its place */
	prefers(p, "a");
	EXPECT_DRIVER(&c, BX_BY_SELECT, "a", "p");
	hook_says(&c, BX_SELECT, "a");
	EXPECT_DRIVER(&c, BX_BY_HOOK, "a", "");
}

/* Policies in shadow mode are asked last, with the same context. */
static void choices_of_the_deciding_policy_are_counted(void)
{
	struct native_case c = with_drivers("a");
	struct native_world w;
	struct bx_election *e;

	prefers(add(&c, "p", 0), "xa");
	prefers(add(&c, "q", 1), "a");
	c.policy[1].flags = BX_F_SHADOW;
	native_set_up(&w, &c);
	e = native_run(&w, false);
	EXPECT(e->nchoices == 2 && !strcmp(e->dec.driver, "x"));
	bx_election_free(e);
	native_tear_down(&w);
}

static void module_is_requested_once(void)
{
	struct native_case c = with_drivers("a");
	struct native_world w;
	struct bx_election *e;

	prefers(add(&c, "p", 0), "x");
	native_set_up(&w, &c);
	for (int i = 0; i < 3; i++) {
		e = native_run(&w, false);
		EXPECT(bx_choice_request(e) == !i);
		EXPECT(e->dec.driver_state == (i < 2 ? BX_DRIVER_LOADING :
						       BX_DRIVER_ABSENT));
		bx_election_free(e);
		if (i == 1)
			bx_note_load_ended(&w.notes, "x", false);
	}
	/* a driver that has come, and is unloaded later, is not noted */
	bx_note_set(&w.notes, "x", BX_DRIVER_LOADING);
	bx_note_load_ended(&w.notes, "x", true);
	EXPECT(bx_note_state(&w.notes, "x") == BX_DRIVER_UNKNOWN);
	native_tear_down(&w);
}

/* An administrator's override loads nothing, nor does a device whose load was tried. */
static void nothing_is_requested_for_an_override(void)
{
	struct native_case c = with_drivers("a");
	struct native_world w;
	struct bx_election *e;

	strscpy(c.override, "x", sizeof(c.override));
	native_set_up(&w, &c);
	e = native_run(&w, false);
	EXPECT(e->dec.outcome == BX_OUT_ABSENT && !bx_choice_request(e));
	bx_election_free(e);
	native_tear_down(&w);
}

/* A device that is elected with ever new names does not fill the memory. */
static void notes_are_bounded(void)
{
	LIST_HEAD(notes);
	char name[BX_NAME_LEN];
	int n = 0;

	do {
		snprintf(name, sizeof(name), "driver%d", n);
	} while (bx_note_set(&notes, name, BX_DRIVER_LOADING) && ++n < 1000);
	EXPECT(n == 32);
	EXPECT(bx_note_set(&notes, "driver0", BX_DRIVER_ABSENT));
	bx_notes_clear(&notes);
	EXPECT(bx_note_set(&notes, name, BX_DRIVER_LOADING));
	bx_notes_clear(&notes);
}

/* ---- vetoes ---- */

static void veto_beats_select(void)
{
	struct native_case c = with_drivers("ab");

	selects(add(&c, "first", 1), BX_SELECT, "a");
	scores(add(&c, "last", -1), 'a', BX_VETO);
	EXPECT_DRIVER(&c, BX_BY_ID_TABLE, "b", "");
	selects(&c.policy[1], BX_SELECT, "b");
	EXPECT_DRIVER(&c, BX_BY_SELECT, "b", "last");
}

static void veto_beats_score(void)
{
	struct native_case c = with_drivers("ab");

	scores(add(&c, "first", 1), 'a', BX_SCORE_MAX);
	scores(add(&c, "middle", 0), 'b', 1);
	scores(add(&c, "last", -1), 'a', BX_VETO);
	EXPECT_DRIVER(&c, BX_BY_SCORE, "b", "middle");
}

static void veto_beats_the_id_table(void)
{
	struct native_case c = with_drivers("ab");

	scores(add(&c, "p", 0), 'a', BX_VETO);
	EXPECT_DRIVER(&c, BX_BY_ID_TABLE, "b", "");
	scores(&c.policy[0], 'b', BX_VETO);
	expect(&c, BX_BY_NONE, BX_OUT_NONE, "", "");
}

/* ---- scores ---- */

static void highest_score_wins(void)
{
	struct native_case c = with_drivers("abc");

	scores(add(&c, "p", 1), 'a', 10);
	scores(add(&c, "q", 0), 'b', 30);
	scores(&c.policy[0], 'c', 20);
	EXPECT_DRIVER(&c, BX_BY_SCORE, "b", "q");
}

static void first_score_of_a_driver_counts(void)
{
	struct native_case c = with_drivers("ab");

	scores(add(&c, "low", -1), 'a', 1000);
	scores(add(&c, "high", 1), 'a', 1);
	scores(&c.policy[1], 'b', 2);
	EXPECT_DRIVER(&c, BX_BY_SCORE, "b", "high");
}

static void registration_breaks_a_tie(void)
{
	struct native_case c = with_drivers("cab");

	EXPECT_DRIVER(&c, BX_BY_ID_TABLE, "c", "");
	scores(add(&c, "p", 0), 'b', 7);
	scores(&c.policy[0], 'a', 7);
	EXPECT_DRIVER(&c, BX_BY_SCORE, "a", "p");
}

static void score_beats_the_id_table(void)
{
	struct native_case c = with_drivers("ab");

	c.driver[1].claims = false;
	EXPECT_DRIVER(&c, BX_BY_ID_TABLE, "a", "");
	scores(add(&c, "p", 0), 'b', 1);
	EXPECT_DRIVER(&c, BX_BY_SCORE, "b", "p");
}

static void failed_driver_is_passed_over(void)
{
	struct native_case c = with_drivers("abc");
	struct native_policy *p = add(&c, "p", 0);

	c.driver[0].error = -ENODEV;
	selects(p, BX_SELECT, "a");
	EXPECT_DRIVER(&c, BX_BY_ID_TABLE, "b", "");
	scores(p, 'a', 5);
	scores(p, 'c', 1);
	EXPECT_DRIVER(&c, BX_BY_SCORE, "c", "p");
}

/* ---- flags ---- */

static void shadow_is_not_followed(void)
{
	struct native_case c = with_drivers("ab");
	struct native_policy *p = add(&c, "p", 9);

	p->flags = BX_F_SHADOW;
	selects(p, BX_SELECT, "b");
	scores(p, 'a', BX_VETO);
	scores(p, 'b', 9);
	EXPECT_DRIVER(&c, BX_BY_ID_TABLE, "a", "");
	selects(p, BX_REFUSE, "");
	EXPECT_DRIVER(&c, BX_BY_ID_TABLE, "a", "");
}

static void staged_is_not_asked(void)
{
	struct native_case c = with_drivers("ab");

	selects(add(&c, "p", 9), BX_SELECT, "b");
	c.policy[0].flags = BX_F_STAGED;
	EXPECT_DRIVER(&c, BX_BY_ID_TABLE, "a", "");
}

/* ---- scope ---- */

static void other_buses_and_vendors_are_not_asked(void)
{
	struct native_case c = with_drivers("ab");
	struct native_policy *p = add(&c, "p", 0);

	selects(p, BX_SELECT, "b");
	p->vendor = 2;
	EXPECT_DRIVER(&c, BX_BY_ID_TABLE, "a", "");
	p->vendor = 1;
	EXPECT_DRIVER(&c, BX_BY_SELECT, "b", "p");
	p->vendor = BX_ANY;
	EXPECT_DRIVER(&c, BX_BY_SELECT, "b", "p");
	p->bus = native_bus[1];
	EXPECT_DRIVER(&c, BX_BY_ID_TABLE, "a", "");
}

/* ---- ejection ---- */

static void quarantined_refuses_instead_of_the_rules_below(void)
{
	struct native_case c = with_drivers("abc");
	struct native_policy *p = add(&c, "p", 5);

	p->flags = BX_F_FAIL_CLOSED;
	p->dead = true;
	EXPECT_DRIVER(&c, BX_BY_ID_TABLE, "a", "");
	selects(p, BX_SELECT, "b");
	selects(add(&c, "below", 0), BX_SELECT, "c");
	expect(&c, BX_BY_QUARANTINE, BX_OUT_REFUSED, "", "p");
	/* as authority has it */
	selects(add(&c, "above", 9), BX_SELECT, "c");
	EXPECT_DRIVER(&c, BX_BY_SELECT, "c", "above");
	/* it could have vetoed the driver */
	p->matches = true;
	expect(&c, BX_BY_QUARANTINE, BX_OUT_REFUSED, "", "p");
	hook_says(&c, BX_SELECT, "a");
	EXPECT_DRIVER(&c, BX_BY_HOOK, "a", "");
}

/* Already the election that ejects the policy is refused. */
static void invalid_result_closes_its_own_election(void)
{
	static const s32 verdicts[] = { 4, -1, NATIVE_GIVE_UP };
	struct native_case c = with_drivers("ab");
	struct native_policy *p = add(&c, "p", 5);

	p->flags = BX_F_FAIL_CLOSED;
	for (u32 i = 0; i < ARRAY_SIZE(verdicts); i++) {
		selects(p, verdicts[i], "a");
		expect(&c, BX_BY_QUARANTINE, BX_OUT_REFUSED, "", "p");
	}
	p->selects = false;
	scores(p, 'a', 100);
	scores(p, 'b', BX_SCORE_MAX + 1);
	expect(&c, BX_BY_QUARANTINE, BX_OUT_REFUSED, "", "p");
	scores(p, 'b', 0);
	EXPECT_DRIVER(&c, BX_BY_SCORE, "a", "p");
	p->limited = true;
	expect(&c, BX_BY_QUARANTINE, BX_OUT_REFUSED, "", "p");
}

static void ejected_is_skipped(void)
{
	struct native_case c = with_drivers("abc");
	struct native_policy *p = add(&c, "p", 9);

	selects(p, BX_SELECT, "b");
	scores(p, 'a', BX_VETO);
	p->dead = true;
	selects(add(&c, "q", 0), BX_SELECT, "c");
	EXPECT_DRIVER(&c, BX_BY_SELECT, "c", "q");
}

/* Elect twice: the first election ejects, the second does not ask. */
static void expect_ejection(const struct native_case *c, u32 kind, s32 code,
			    const char *driver)
{
	struct native_world w;
	struct bx_election *e;
	unsigned int asked;

	native_set_up(&w, c);
	e = native_run(&w, false);
	EXPECT(!strcmp(e->dec.driver, driver));
	bx_election_free(e);
	EXPECT(w.map[0].ejections == 1);
	EXPECT(w.map[0].ejected.kind == kind);
	EXPECT(w.map[0].ejected.code == code);
	EXPECT(!strcmp(w.map[0].ejected.device, "device"));
	asked = w.map[0].asked;

	e = native_run(&w, false);
	EXPECT(!strcmp(e->dec.driver, driver));
	bx_election_free(e);
	EXPECT(w.map[0].ejections == 1);
	EXPECT(w.map[0].asked == asked);
	native_run_work();
	EXPECT(!w.link[0].map);
	EXPECT(w.map[0].exits == 1);
	EXPECT(w.map[0].exit.kind == kind);
	native_tear_down(&w);
}

static void invalid_select_ejects_once_and_falls_through(void)
{
	static const s32 verdicts[] = { -1, 4, 0x7fffffff };
	struct native_case c = with_drivers("ab");
	struct native_policy *p = add(&c, "p", 9);

	scores(p, 'a', BX_VETO);
	for (u32 i = 0; i < ARRAY_SIZE(verdicts); i++) {
		selects(p, verdicts[i], "b");
		expect_ejection(&c, BX_EXIT_RETURN, verdicts[i], "a");
	}
	selects(p, BX_SELECT, "");
	expect_ejection(&c, BX_EXIT_RETURN, BX_SELECT, "a");
	selects(p, NATIVE_GIVE_UP, "b");
	expect_ejection(&c, BX_EXIT_ERROR, 7, "a");
}

static void invalid_match_ejects_once_and_falls_through(void)
{
	static const s32 verdicts[] = { -2, BX_SCORE_MAX + 1, 0x7fffffff };
	struct native_case c = with_drivers("ab");
	struct native_policy *p = add(&c, "p", 9);

	scores(p, 'b', 5);
	for (u32 i = 0; i < ARRAY_SIZE(verdicts); i++) {
		scores(p, 'a', verdicts[i]);
		expect_ejection(&c, BX_EXIT_RETURN, verdicts[i], "a");
	}
	scores(p, 'a', NATIVE_GIVE_UP);
	expect_ejection(&c, BX_EXIT_ERROR, 7, "a");
}

static void invalid_select_in_shadow_mode_ejects(void)
{
	struct native_case c = with_drivers("ab");
	struct native_policy *p = add(&c, "p", 9);

	p->flags = BX_F_SHADOW;
	selects(p, 99, "b");
	scores(p, 'a', BX_VETO);
	expect_ejection(&c, BX_EXIT_RETURN, 99, "a");
}

static void limits(struct native_policy *p, const char *drivers)
{
	p->limited = true;
	p->listed = 0;
	for (; *drivers; drivers++)
		p->listed |= 1U << (*drivers - 'a');
}

static void unlisted_driver_ejects(void)
{
	struct native_case c = with_drivers("ab");
	struct native_policy *p = add(&c, "p", 9);

	limits(p, "a");
	selects(p, BX_SELECT, "b");
	expect_ejection(&c, BX_EXIT_UNLISTED, 0, "a");
	/* also a driver that does not exist: its module is not requested */
	selects(p, BX_SELECT, "x");
	expect_ejection(&c, BX_EXIT_UNLISTED, 0, "a");
	p->flags = BX_F_SHADOW;
	expect_ejection(&c, BX_EXIT_UNLISTED, 0, "a");
	p->flags = 0;
	p->selects = false;
	scores(p, 'b', 1);
	expect_ejection(&c, BX_EXIT_UNLISTED, 0, "a");
	limits(p, "");
	expect_ejection(&c, BX_EXIT_UNLISTED, 0, "a");
}

static void limit_is_of_names_only(void)
{
	struct native_case c = with_drivers("ab");
	struct native_policy *p = add(&c, "p", 9);

	limits(p, "b");
	selects(p, BX_SELECT, "b");
	EXPECT_DRIVER(&c, BX_BY_SELECT, "b", "p");
	limits(p, "");
	selects(p, BX_REFUSE, "");
	expect(&c, BX_BY_SELECT, BX_OUT_REFUSED, "", "p");
	/* a driver's name without BX_SELECT is not an opinion */
	selects(p, BX_PASS, "b");
	scores(p, 'a', BX_VETO);
	EXPECT_DRIVER(&c, BX_BY_ID_TABLE, "b", "");
}

static void score_bounds_are_scores(void)
{
	struct native_case c = with_drivers("ab");

	scores(add(&c, "p", 0), 'a', 1);
	scores(&c.policy[0], 'b', BX_SCORE_MAX);
	EXPECT_DRIVER(&c, BX_BY_SCORE, "b", "p");
}

/* ---- groups ---- */

static void first_run_without_the_members_has_no_effect(void)
{
	struct native_case c = with_drivers("ab");

	selects(add(&c, "p", 0), BX_SELECT, "b");
	c.policy[0].select.groups = BIT(BX_GROUP_SLOT);
	EXPECT_DRIVER(&c, BX_BY_SELECT, "b", "p");
}

static void without_memory_for_the_members_the_device_is_deferred(void)
{
	struct native_case c = with_drivers("ab");

	selects(add(&c, "p", 0), BX_SELECT, "b");
	c.policy[0].select.groups = BIT(BX_GROUP_SLOT);
	native_no_members = true;
	expect(&c, BX_BY_SELECT, BX_OUT_DEFERRED, "", "p");
	native_no_members = false;
}

static const struct native_test tests[] = {
	NATIVE_TEST(override_beats_the_hook_and_a_veto),
	NATIVE_TEST(hook_beats_select_and_a_veto),
	NATIVE_TEST(invalid_hook_is_ignored),
	NATIVE_TEST(first_select_with_an_opinion_decides),
	NATIVE_TEST(equal_priorities_go_by_name),
	NATIVE_TEST(priorities_are_signed),
	NATIVE_TEST(select_beats_score),
	NATIVE_TEST(absent_driver_is_waited_for),
	NATIVE_TEST(first_registered_choice_wins),
	NATIVE_TEST(choice_is_requested_when_those_before_cannot_be_loaded),
	NATIVE_TEST(vetoed_and_failed_choices_are_passed_over),
	NATIVE_TEST(next_best_passes_over_a_rejection_on_an_adopted_bus),
	NATIVE_TEST(refusal_names_no_driver),
	NATIVE_TEST(hook_has_choices),
	NATIVE_TEST(each_choice_is_limited),
	NATIVE_TEST(one_driver_too_many_is_an_error_of_the_call),
	NATIVE_TEST(state_of_a_driver_is_told),
	NATIVE_TEST(driver_that_does_not_claim_the_device_is_passed_over),
	NATIVE_TEST(choices_of_the_deciding_policy_are_counted),
	NATIVE_TEST(module_is_requested_once),
	NATIVE_TEST(nothing_is_requested_for_an_override),
	NATIVE_TEST(notes_are_bounded),
	NATIVE_TEST(veto_beats_select),
	NATIVE_TEST(veto_beats_score),
	NATIVE_TEST(veto_beats_the_id_table),
	NATIVE_TEST(highest_score_wins),
	NATIVE_TEST(first_score_of_a_driver_counts),
	NATIVE_TEST(registration_breaks_a_tie),
	NATIVE_TEST(score_beats_the_id_table),
	NATIVE_TEST(failed_driver_is_passed_over),
	NATIVE_TEST(shadow_is_not_followed),
	NATIVE_TEST(staged_is_not_asked),
	NATIVE_TEST(other_buses_and_vendors_are_not_asked),
	NATIVE_TEST(ejected_is_skipped),
	NATIVE_TEST(quarantined_refuses_instead_of_the_rules_below),
	NATIVE_TEST(invalid_result_closes_its_own_election),
	NATIVE_TEST(invalid_select_ejects_once_and_falls_through),
	NATIVE_TEST(invalid_match_ejects_once_and_falls_through),
	NATIVE_TEST(invalid_select_in_shadow_mode_ejects),
	NATIVE_TEST(unlisted_driver_ejects),
	NATIVE_TEST(limit_is_of_names_only),
	NATIVE_TEST(score_bounds_are_scores),
	NATIVE_TEST(first_run_without_the_members_has_no_effect),
	NATIVE_TEST(without_memory_for_the_members_the_device_is_deferred),
};

int main(void)
{
	return native_main(tests, ARRAY_SIZE(tests));
}
