// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model: an election in the words of docs/matching.md, over plain tables
 *
 * It shares no code and no data structure with kernel/: no index, no cache, every
 * question is a linear scan over the policies of the case.
 */
#include "native.h"

struct model {
	const struct native_case	*c;
	struct model_outcome		*out;
	enum model_when			when;
	unsigned int			chain[NATIVE_POLICIES];
	unsigned int			n;
	bool				dead[NATIVE_POLICIES];
	bool				judged[NATIVE_DRIVERS];
	bool				vetoed[NATIVE_DRIVERS];
	int				vetoed_by[NATIVE_DRIVERS];
	s32				score[NATIVE_DRIVERS];
	int				scored_by[NATIVE_DRIVERS];
};

/* ---- asked policies ---- */

bool model_before(const struct native_policy *a, const struct native_policy *b)
{
	if (a->priority != b->priority)
		return a->priority > b->priority;
	if (strcmp(a->name, b->name))
		return strcmp(a->name, b->name) < 0;
	return a->flags & BX_F_SHADOW && !(b->flags & BX_F_SHADOW);
}

static bool active(const struct native_case *c, const struct native_policy *p,
		   enum model_when when)
{
	bool staged = p->flags & BX_F_STAGED;

	if (when == MODEL_NOW)
		return !staged;
	if (p->enters)
		return true;
	return !staged && !p->leaves && !c->only_entering;
}

static bool in_scope(const struct native_case *c, const struct native_policy *p)
{
	return !strcmp(p->bus, c->bus) &&
	       (p->vendor == 0 || p->vendor == BX_ANY || p->vendor == c->vendor);
}

unsigned int model_chain(const struct native_case *c, enum model_when when,
			 unsigned int *chain)
{
	bool taken[NATIVE_POLICIES] = {};
	unsigned int n = 0;

	for (;;) {
		int first = -1;

		for (unsigned int i = 0; i < c->npolicies; i++) {
			const struct native_policy *p = &c->policy[i];

			if (taken[i] || !active(c, p, when) || !in_scope(c, p))
				continue;
			if (first < 0 || model_before(p, &c->policy[first]))
				first = i;
		}
		if (first < 0)
			return n;
		taken[first] = true;
		chain[n++] = first;
	}
}

/* ---- programs ---- */

static void eject(struct model *m, unsigned int p, u32 kind, s32 code)
{
	m->dead[p] = true;
	m->out->of[p].ejected = true;
	m->out->of[p].kind = kind;
	m->out->of[p].code = code;
}

static void eject_bad(struct model *m, unsigned int p, s32 verdict)
{
	if (verdict == NATIVE_GIVE_UP)
		eject(m, p, BX_EXIT_ERROR, 7);
	else if (verdict == NATIVE_SLOW)
		eject(m, p, BX_EXIT_SLOW, 4000);
	else
		eject(m, p, BX_EXIT_RETURN, verdict);
}

/* Programs in shadow mode are not followed: for the election, they are absent. */
static bool followed(const struct model *m, unsigned int p)
{
	return !m->dead[p] && !(m->c->policy[p].flags & BX_F_SHADOW);
}

/* A quarantined policy refuses the device, and vetoes each driver if it has match(). */
static bool closed(const struct model *m, unsigned int p)
{
	const struct native_policy *policy = &m->c->policy[p];

	return m->dead[p] && policy->flags & BX_F_FAIL_CLOSED &&
	       !(policy->flags & BX_F_SHADOW) &&
	       (policy->selects || policy->matches);
}

static bool bad_select(const struct native_say *say)
{
	return say->verdict < BX_PASS || say->verdict > BX_DEFER ||
	       (say->verdict == BX_SELECT && !*say->driver);
}

static bool bad_match(s32 verdict)
{
	return verdict < BX_VETO || verdict > BX_SCORE_MAX;
}

bool model_may_name(const struct native_policy *p, char driver)
{
	return !p->limited || p->listed & (1U << (driver - 'a'));
}

/* Whether a program has named the driver @i before */
static bool is_repeated(const struct native_say *say, unsigned int i)
{
	return i && (say->more[i - 1] == say->driver[0] ||
		     memchr(say->more, say->more[i - 1], i - 1));
}

/* The drivers that a program names; a repeated one changes nothing. */
static unsigned int choices(const struct native_say *say)
{
	unsigned int n = 0, distinct = 0;

	while (*say->driver && n < 1 + strlen(say->more)) {
		if (!is_repeated(say, n) && distinct++ == BX_MAX_CHOICES)
			return n;
		n++;
	}
	return n;
}

static char choice(const struct native_say *say, unsigned int i)
{
	return i ? say->more[i - 1] : say->driver[0];
}

static bool unlisted_select(const struct native_policy *p)
{
	bool bad = false;

	for (unsigned int i = 0; i < choices(&p->select); i++)
		bad |= !model_may_name(p, choice(&p->select, i));
	return p->select.verdict == BX_SELECT && bad;
}

static bool unlisted_match(const struct native_policy *p, int letter)
{
	return p->match[letter] > 0 && !bad_match(p->match[letter]) &&
	       !model_may_name(p, 'a' + letter);
}

bool model_mistake(const struct native_policy *p)
{
	bool bad = p->selects && (bad_select(&p->select) || unlisted_select(p));

	for (int d = 0; p->matches && d < NATIVE_DRIVERS; d++)
		bad |= bad_match(p->match[d]) || unlisted_match(p, d);
	return bad;
}

static int find(const struct native_case *c, const char *driver)
{
	for (unsigned int d = 0; d < c->ndrivers; d++) {
		if (!strcmp(c->driver[d].name, driver))
			return d;
	}
	return -1;
}

/* The first veto counts for what is shown. */
static void veto(struct model *m, unsigned int d, unsigned int p)
{
	if (!m->vetoed[d])
		m->vetoed_by[d] = p;
	m->vetoed[d] = true;
}

/* Asks each policy about a driver, once. */
static void judge(struct model *m, unsigned int d)
{
	int letter = m->c->driver[d].name[0] - 'a';

	if (m->judged[d])
		return;
	m->judged[d] = true;
	for (unsigned int i = 0; i < m->n; i++) {
		unsigned int p = m->chain[i];
		s32 verdict = m->c->policy[p].match[letter];

		if (m->c->policy[p].matches && closed(m, p))
			veto(m, d, p);
		if (!m->c->policy[p].matches || !followed(m, p))
			continue;
		m->out->of[p].asked++;
		if (bad_match(verdict)) {
			eject_bad(m, p, verdict);
		} else if (unlisted_match(&m->c->policy[p], letter)) {
			eject(m, p, BX_EXIT_UNLISTED, 0);
		} else if (verdict == BX_VETO) {
			veto(m, d, p);
			m->out->of[p].vetoed++;
		} else if (verdict > 0 && !m->score[d]) {
			m->score[d] = verdict;
			m->scored_by[d] = p;
		}
		if (closed(m, p))
			veto(m, d, p);
	}
}

/* ---- the order of authority ---- */

static void decide(struct model *m, u32 by, u32 outcome, const char *driver,
		   int policy)
{
	m->out->by = by;
	m->out->outcome = outcome;
	strscpy(m->out->driver, driver, sizeof(m->out->driver));
	m->out->policy = policy;
	if (policy >= 0)
		m->out->of[policy].decided++;
}

static bool exists(const struct model *m, const char *driver)
{
	return find(m->c, driver) >= 0;
}

static void decide_driver(struct model *m, u32 by, const char *driver,
			  int policy)
{
	decide(m, by, exists(m, driver) ? BX_OUT_DRIVER : BX_OUT_ABSENT, driver,
	       policy);
}

static bool by_override(struct model *m)
{
	if (!*m->c->override)
		return false;
	decide_driver(m, BX_BY_OVERRIDE, m->c->override, -1);
	return true;
}

/* Whether a policy passes over the driver since its probe has failed */
static bool has_failed(const struct model *m, int d, int p)
{
	return m->c->driver[d].error && (!native_is_adopted(m->c->bus) ||
					 m->c->policy[p].flags & BX_F_NEXT_BEST);
}

/* Whether the registered driver can have the device; @p is the policy, or -1 */
static bool possible(struct model *m, int d, int p)
{
	if (p < 0)
		return true;
	if (has_failed(m, d, p) && !native_is_adopted(m->c->bus))
		return false;
	judge(m, d);
	return !m->vetoed[d] && !has_failed(m, d, p);
}

/*
 * The first driver that is registered or can be loaded; else the first that is
 * absent; else, on an adopted bus, the last that has rejected the device.  0 without
 * any.  In a trial of a described device, nothing can be loaded.
 */
static char choose(struct model *m, const struct native_say *say, int p)
{
	char absent = 0, rejected = 0;

	for (unsigned int i = 0; i < choices(say); i++) {
		char name[] = { choice(say, i), '\0' };
		int d = find(m->c, name);

		if (is_repeated(say, i))
			continue;
		if (d >= 0 && possible(m, d, p))
			return *name;
		if (d >= 0) {
			if (!m->vetoed[d] && has_failed(m, d, p))
				rejected = *name;
			continue;
		}
		if (m->when == MODEL_NOW && !(m->c->absent & 1U << (*name - 'a')))
			return *name;
		absent = absent ?: *name;
	}
	if (absent)
		return absent;
	return native_is_adopted(m->c->bus) ? rejected : 0;
}

static bool by_hook(struct model *m, enum model_when when)
{
	const struct native_say *hook = &m->c->hook;
	char driver[2] = {};

	if (when == MODEL_TRIAL && m->c->only_entering)
		return false;
	if (hook->verdict == BX_PASS || bad_select(hook))
		return false;
	driver[0] = choose(m, hook, -1);
	if (hook->verdict == BX_SELECT)
		decide_driver(m, BX_BY_HOOK, driver, -1);
	else
		decide(m, BX_BY_HOOK, hook->verdict == BX_REFUSE ?
		       BX_OUT_REFUSED : BX_OUT_DEFERRED, "", -1);
	return true;
}

static void refuse_closed(struct model *m, unsigned int p)
{
	decide(m, BX_BY_QUARANTINE, BX_OUT_REFUSED, "", p);
}

/* match() of the policy was invalid after its select() */
static bool by_closed_match(struct model *m)
{
	for (unsigned int i = 0; i < m->n; i++) {
		if (!closed(m, m->chain[i]))
			continue;
		refuse_closed(m, m->chain[i]);
		return true;
	}
	return false;
}

/* Asks select() of one policy; returns whether it decided. */
static bool ask_select(struct model *m, unsigned int p)
{
	const struct native_say *say = &m->c->policy[p].select;
	char driver[2] = {};

	if (!m->c->policy[p].selects || !followed(m, p))
		return false;
	m->out->of[p].asked++;
	if (bad_select(say)) {
		eject_bad(m, p, say->verdict);
	} else if (unlisted_select(&m->c->policy[p])) {
		eject(m, p, BX_EXIT_UNLISTED, 0);
	} else if (say->verdict == BX_SELECT) {
		driver[0] = choose(m, say, p);
		if (!*driver)
			return false;
		decide_driver(m, BX_BY_SELECT, driver, p);
		return true;
	} else if (say->verdict != BX_PASS) {
		decide(m, BX_BY_SELECT, say->verdict == BX_REFUSE ?
		       BX_OUT_REFUSED : BX_OUT_DEFERRED, "", p);
		return true;
	}
	return false;
}

static bool by_select(struct model *m)
{
	for (unsigned int i = 0; i < m->n; i++) {
		unsigned int p = m->chain[i];

		if (ask_select(m, p))
			return true;
		if (closed(m, p)) {
			refuse_closed(m, p);
			return true;
		}
	}
	return false;
}

static bool eligible(const struct model *m, unsigned int d)
{
	return !m->vetoed[d] && !m->c->driver[d].error;
}

/* On an adopted bus, only drivers that claim the device are candidates. */
static bool is_candidate(const struct model *m, unsigned int d)
{
	return !native_is_adopted(m->c->bus) || m->c->driver[d].claims;
}

/* The driver with the highest score, among those that failed or not; -1 for none */
static int best_score(const struct model *m, bool failed)
{
	int best = -1;

	for (unsigned int d = 0; d < m->c->ndrivers; d++) {
		if (is_candidate(m, d) && !m->vetoed[d] &&
		    failed == !!m->c->driver[d].error && m->score[d] &&
		    (best < 0 || m->score[d] > m->score[best]))
			best = d;
	}
	return best;
}

static bool by_score(struct model *m)
{
	int best;

	for (unsigned int d = 0; d < m->c->ndrivers; d++) {
		if (is_candidate(m, d))
			judge(m, d);
	}
	if (by_closed_match(m))
		return true;
	best = best_score(m, false);
	/* no other driver must get the device */
	if (best < 0 && native_is_adopted(m->c->bus))
		best = best_score(m, true);
	if (best < 0)
		return false;
	decide(m, BX_BY_SCORE, BX_OUT_DRIVER, m->c->driver[best].name,
	       m->scored_by[best]);
	m->out->score = m->score[best];
	return true;
}

static bool by_id_table(struct model *m)
{
	for (unsigned int d = 0; d < m->c->ndrivers; d++) {
		if (!m->c->driver[d].claims || !eligible(m, d))
			continue;
		decide(m, BX_BY_ID_TABLE, BX_OUT_DRIVER, m->c->driver[d].name,
		       -1);
		return true;
	}
	return false;
}

/* The rule of an adopted bus, without the vetoed drivers */
static void by_kernel(struct model *m)
{
	int vetoed = -1;

	for (unsigned int d = 0; d < m->c->ndrivers; d++) {
		if (!m->c->driver[d].claims)
			continue;
		if (!m->vetoed[d]) {
			strscpy(m->out->kernel, m->c->driver[d].name,
				sizeof(m->out->kernel));
			return;
		}
		if (vetoed < 0)
			vetoed = d;
	}
	if (vetoed >= 0)
		decide(m, BX_BY_VETO, BX_OUT_REFUSED, "", m->vetoed_by[vetoed]);
}

static bool judged(const struct model *m)
{
	bool judged = false;

	for (unsigned int i = 0; i < m->n; i++)
		judged |= m->c->policy[m->chain[i]].matches;
	return judged;
}

static void elect(const struct native_case *c, enum model_when when,
		  struct model_outcome *out)
{
	struct model m = { .c = c, .out = out, .when = when };

	memset(out, 0, sizeof(*out));
	out->policy = -1;
	m.n = model_chain(c, when, m.chain);
	for (unsigned int i = 0; i < c->npolicies; i++)
		m.dead[i] = c->policy[i].dead;
	if (by_override(&m) || by_hook(&m, when) || by_select(&m))
		return;
	/* without match() an adopted bus' own rule decides the rest */
	if (native_is_adopted(c->bus) && !judged(&m))
		return;
	if (by_score(&m))
		return;
	if (native_is_adopted(c->bus))
		by_kernel(&m);
	else
		by_id_table(&m);
}

static const char *driver_of(const struct model_outcome *out)
{
	return out->by == BX_BY_NONE ? out->kernel : out->driver;
}

/* Whether the election would end differently without the policy's shadow mode */
static bool diverges(const struct native_case *c, enum model_when when,
		     unsigned int p, const struct model_outcome *now)
{
	struct native_case other = *c;
	struct model_outcome out;

	other.policy[p].flags &= ~(u64)BX_F_SHADOW;
	elect(&other, when, &out);
	return strcmp(driver_of(&out), driver_of(now)) ||
	       (!*driver_of(now) && out.outcome != now->outcome);
}

void model_elect(const struct native_case *c, enum model_when when,
		 struct model_outcome *out)
{
	unsigned int chain[NATIVE_POLICIES];
	unsigned int n = model_chain(c, when, chain);

	elect(c, when, out);
	for (unsigned int i = 0; i < n; i++) {
		const struct native_policy *p = &c->policy[chain[i]];

		if (p->flags & BX_F_SHADOW && !p->dead)
			out->of[chain[i]].diverged = diverges(c, when, chain[i],
							      out);
	}
}
