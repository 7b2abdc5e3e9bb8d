// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generated cases: few names, few priorities, few scores, so that ties, vetoes and
 * mistakes meet; functions that print a case, and shrink one that fails
 */
#include <stdio.h>
#include "native.h"

static const char *const names[] = {
	"m", "a", "z", "aa", "ab", "b", "y.1", "B", "0", "m-1", "m_1", "zz",
};

const struct native_case *native_current;

/* ---- generate ---- */

static void driver_name(char *to)
{
	/* 'x' and 'y' never exist */
	u32 letter = native_random(NATIVE_DRIVERS + 1);

	to[0] = letter < NATIVE_DRIVERS ? 'a' + letter : 'x' + native_random(2);
	to[1] = '\0';
}

static void say_generate(struct native_say *say, bool mistakes)
{
	static const s32 bad[] = {
		-1, 4, 1 << 20, NATIVE_GIVE_UP, NATIVE_SLOW, BX_SELECT,
	};

	memset(say, 0, sizeof(*say));
	if (mistakes && native_one_in(5)) {
		say->verdict = bad[native_random(ARRAY_SIZE(bad))];
		return;
	}
	say->verdict = native_one_in(2) ? BX_SELECT : native_random(4);
	/* a driver's name without BX_SELECT is not an opinion */
	if (say->verdict == BX_SELECT || native_one_in(4))
		driver_name(say->driver);
	while (*say->driver && native_one_in(2) &&
	       strlen(say->more) < BX_MAX_CHOICES) {
		char name[BX_NAME_LEN];

		driver_name(name);
		strcat(say->more, name);
	}
}

static s32 match_generate(bool mistakes)
{
	static const s32 bad[] = {
		-2, BX_SCORE_MAX + 1, 1 << 30, NATIVE_GIVE_UP, NATIVE_SLOW,
	};

	if (mistakes && native_one_in(12))
		return bad[native_random(ARRAY_SIZE(bad))];
	if (native_one_in(6))
		return BX_VETO;
	if (native_one_in(12))
		return BX_SCORE_MAX;
	return native_one_in(2) ? 0 : 1 + native_random(4);
}

void native_policy_generate(struct native_policy *p, unsigned int nr,
			    bool mistakes)
{
	memset(p, 0, sizeof(*p));
	strscpy(p->name, names[nr], sizeof(p->name));
	p->bus = native_bus[native_random(NATIVE_BUSES)];
	p->vendor = native_one_in(2) ? native_random(4) :
		    native_one_in(2) ? BX_ANY : 0;
	p->priority = (s32)native_random(4) - 2;
	p->version = native_random(100);
	p->flags = (native_one_in(4) ? BX_F_SHADOW : 0) |
		   (native_one_in(3) ? BX_F_NEXT_BEST : 0) |
		   (native_one_in(4) ? BX_F_STAGED : 0) |
		   (native_one_in(3) ? BX_F_FAIL_CLOSED : 0);
	p->selects = native_one_in(2);
	p->matches = !native_one_in(native_is_adopted(p->bus) ? 2 : 4);
	say_generate(&p->select, mistakes);
	for (int d = 0; d < NATIVE_DRIVERS; d++)
		p->match[d] = match_generate(mistakes);
	p->limited = mistakes && native_one_in(3);
	p->listed = native_random(1 << 26);
}

static void driver_generate(struct native_case *c)
{
	char letters[] = "abcdefgh";

	c->ndrivers = native_random(NATIVE_DRIVERS + 1);
	for (unsigned int d = 0; d < c->ndrivers; d++) {
		u32 other = d + native_random(NATIVE_DRIVERS - d);

		swap(letters[d], letters[other]);
		c->driver[d].name[0] = letters[d];
		c->driver[d].claims = native_one_in(2);
		if (native_one_in(5))
			c->driver[d].error = native_one_in(2) ? -ENODEV :
								-ENXIO;
	}
}

void native_generate(struct native_case *c)
{
	memset(c, 0, sizeof(*c));
	c->mistakes = native_one_in(3);
	c->only_entering = native_one_in(4);
	c->bus = native_bus[native_random(NATIVE_BUSES)];
	c->vendor = 1 + native_random(3);
	c->absent = native_random(1 << 26);
	if (native_one_in(8))
		driver_name(c->override);
	if (native_one_in(8))
		say_generate(&c->hook, true);
	if (c->hook.verdict == NATIVE_GIVE_UP)
		c->hook.verdict = -1;
	c->npolicies = native_random(NATIVE_POLICIES + 1);
	for (unsigned int i = 0; i < c->npolicies; i++) {
		struct native_policy *p = &c->policy[i];

		native_policy_generate(p, i, c->mistakes);
		if (!native_one_in(4))
			p->bus = c->bus;
		p->dead = native_one_in(10);
		if (p->flags & BX_F_STAGED)
			p->enters = native_one_in(2);
		else
			p->leaves = native_one_in(4);
	}
	driver_generate(c);
}

/* ---- print ---- */

static void print_say(const struct native_say *say)
{
	static const char *const words[] = { "pass", "select", "refuse", "defer" };

	if (say->verdict >= 0 && say->verdict <= BX_DEFER)
		printf(" %s", words[say->verdict]);
	else
		printf(" %d", say->verdict);
	printf(" '%s'", say->driver);
	if (*say->more)
		printf(" or '%s'", say->more);
}

static void print_policy(const struct native_policy *p)
{
	printf("# policy %s: bus %s vendor %d priority %d%s%s%s%s%s%s%s", p->name,
	       p->bus, (int)p->vendor, p->priority,
	       p->flags & BX_F_SHADOW ? " shadow" : "",
	       p->flags & BX_F_NEXT_BEST ? " next-best" : "",
	       p->flags & BX_F_FAIL_CLOSED ? " fail-closed" : "",
	       p->flags & BX_F_STAGED ? " staged" : "",
	       p->dead ? " ejected" : "", p->enters ? " enters" : "",
	       p->leaves ? " leaves" : "");
	if (p->selects)
		print_say(&p->select);
	for (int d = 0; p->matches && d < NATIVE_DRIVERS; d++) {
		if (p->match[d])
			printf(" %c=%d", 'a' + d, p->match[d]);
	}
	if (p->limited)
		printf(" limit");
	for (int d = 0; p->limited && d < 26; d++) {
		if (p->listed & (1U << d))
			printf(" %c", 'a' + d);
	}
	printf("\n");
}

void native_print(const struct native_case *c)
{
	printf("# device: bus %s vendor %u override '%s' hook", c->bus,
	       c->vendor, c->override);
	print_say(&c->hook);
	printf("%s\n# drivers:", c->only_entering ? " (trial: only these policies)" : "");
	for (unsigned int d = 0; d < c->ndrivers; d++)
		printf(" %s%s%s", c->driver[d].name,
		       c->driver[d].claims ? " claims" : "",
		       c->driver[d].error ? " failed," : ",");
	printf(" absent:");
	for (int d = 0; d < 26; d++) {
		if (c->absent & 1U << d)
			printf("%c", 'a' + d);
	}
	printf("\n");
	for (unsigned int i = 0; i < c->npolicies; i++)
		print_policy(&c->policy[i]);
}

/* ---- shrink ---- */

static bool still_wrong(struct native_case *c, const struct native_case *smaller,
			native_check_fn check)
{
	if (!check(smaller))
		return false;
	*c = *smaller;
	return true;
}

static bool drop_policy(struct native_case *c, native_check_fn check)
{
	for (unsigned int i = 0; i < c->npolicies; i++) {
		struct native_case smaller = *c;

		smaller.npolicies--;
		memmove(&smaller.policy[i], &smaller.policy[i + 1],
			(smaller.npolicies - i) * sizeof(*smaller.policy));
		if (still_wrong(c, &smaller, check))
			return true;
	}
	return false;
}

static bool drop_driver(struct native_case *c, native_check_fn check)
{
	for (unsigned int d = 0; d < c->ndrivers; d++) {
		struct native_case smaller = *c;

		smaller.ndrivers--;
		memmove(&smaller.driver[d], &smaller.driver[d + 1],
			(smaller.ndrivers - d) * sizeof(*smaller.driver));
		if (still_wrong(c, &smaller, check))
			return true;
	}
	return false;
}

static bool drop_opinion(struct native_case *c, native_check_fn check)
{
	for (unsigned int i = 0; i < c->npolicies; i++) {
		for (int d = -1; d < NATIVE_DRIVERS; d++) {
			struct native_case smaller = *c;
			struct native_policy *p = &smaller.policy[i];

			if (d < 0 ? !p->selects : !p->matches || !p->match[d])
				continue;
			if (d < 0)
				p->selects = false;
			else
				p->match[d] = 0;
			if (still_wrong(c, &smaller, check))
				return true;
		}
	}
	return false;
}

static void shrink(struct native_case *c, native_check_fn check)
{
	while (drop_policy(c, check) || drop_driver(c, check) ||
	       drop_opinion(c, check))
		;
}

void native_cases(native_check_fn check)
{
	static struct native_case c;

	for (unsigned int i = 0; i < native_ncases; i++) {
		native_generate(&c);
		native_current = &c;
		if (!check(&c))
			continue;
		shrink(&c, check);
		native_failed("case %u of BX_SEED=%llu: %s", i, native_seed,
			      check(&c));
		native_print(&c);
		break;
	}
	native_current = NULL;
}
