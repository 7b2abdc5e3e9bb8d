// SPDX-License-Identifier: GPL-2.0-only
/*
 * The index, natively: after any sequence of attach, update, eject, detach and
 * commit, kernel/index.c yields the result of a linear scan over the policies
 *
 * The program index_collide is this one with a hash of one bit, so that most bus
 * names have the hash of another.
 */
#include "native.h"

#define SLOTS	16
#define STEPS	40	/* in a sequence */

/* A policy in the model */
struct slot {
	bool			attached;
	bool			dead;
	bool			closed;	/* quarantined: stays attached */
	enum bx_stage		stage;
	u64			id;
	struct native_policy	policy;
	struct native_map	map[2];		/* current and next version */
	unsigned int		version;
	struct native_link	link;
};

static struct slot slots[SLOTS];
static unsigned int attached, updated, committed, refused;

static struct native_map *map_of(struct slot *s)
{
	return &s->map[s->version];
}

/* ---- a linear scan ---- */

typedef bool (*in_fn)(const struct slot *s, const struct bx_trial *trial);

static bool in_now(const struct slot *s, const struct bx_trial *trial)
{
	return s->attached && s->stage == BX_STAGE_ACTIVE;
}

static bool listed(u64 id, const u64 *ids, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

static bool enters(u64 id, const struct bx_commit *c, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		if (c->enter[i].id == id)
			return true;
	}
	return false;
}

static bool in_trial(const struct slot *s, const struct bx_trial *trial)
{
	const struct bx_commit *c = &trial->change;

	if (!s->attached || s->stage == BX_STAGE_RETIRED)
		return false;
	if (s->stage == BX_STAGE_STAGED)
		return enters(s->id, c, c->nr_enter);
	return !(trial->flags & BX_TRIAL_ALONE) &&
	       !listed(s->id, c->leave, c->nr_leave);
}

static unsigned int scan(const char *bus, u32 vendor, in_fn in,
			 const struct bx_trial *trial, struct slot **found)
{
	bool taken[SLOTS] = {};
	unsigned int n = 0;

	for (;;) {
		int first = -1;

		for (int i = 0; i < SLOTS; i++) {
			const struct native_policy *p = &slots[i].policy;
			u32 scope = p->vendor ?: BX_ANY;

			if (taken[i] || !in(&slots[i], trial) ||
			    strcmp(p->bus, bus) ||
			    (scope != BX_ANY && scope != vendor))
				continue;
			if (first < 0 ||
			    model_before(p, &slots[first].policy))
				first = i;
		}
		if (first < 0)
			return n;
		taken[first] = true;
		found[n++] = &slots[first];
	}
}

static bool same(const struct bx_policy_chain *chain, struct slot **found,
		 unsigned int n)
{
	if ((chain ? chain->n : 0) != n)
		return false;
	for (unsigned int i = 0; i < n; i++) {
		if (native_map_of(chain->inst[i]) != map_of(found[i]))
			return false;
	}
	return true;
}

static bool check_lookup(const char *bus, u32 vendor)
{
	struct slot *found[SLOTS];
	unsigned int n = scan(bus, vendor, in_now, NULL, found);
	int idx = srcu_read_lock(&bx_srcu);
	bool good = same(bx_chain_lookup(bus, vendor), found, n);

	srcu_read_unlock(&bx_srcu, idx);
	if (!good)
		native_failed("bus %s vendor %u: the chain is not that of the %u policies in scope",
			      bus, vendor, n);
	return good;
}

static bool check_lookups(void)
{
	static const u32 vendors[] = { 0, 1, 2, 3, BX_ANY };
	bool good = true;

	for (int b = 0; b < NATIVE_BUSES && good; b++) {
		for (u32 v = 0; v < ARRAY_SIZE(vendors) && good; v++)
			good = check_lookup(native_bus[b], vendors[v]);
	}
	return good && check_lookup("bx-absent", 1);
}

/* ---- changes ---- */

/* Returns NULL when there is none. */
static struct slot *random_slot(bool attached)
{
	int start = native_random(SLOTS);

	for (int i = 0; i < SLOTS; i++) {
		struct slot *s = &slots[(start + i) % SLOTS];

		if (s->attached == attached)
			return s;
	}
	return NULL;
}

static void generate(struct native_policy *p)
{
	native_policy_generate(p, native_random(10), false);
	if (native_one_in(2))
		p->bus = native_bus[native_random(2)];
}

/* Of one name and mode */
static bool same_name(const struct native_policy *a,
		      const struct native_policy *b)
{
	return !strcmp(a->name, b->name) &&
	       !((a->flags ^ b->flags) & BX_F_SHADOW);
}

static struct slot *named(const struct native_policy *policy,
			  enum bx_stage stage)
{
	for (int i = 0; i < SLOTS; i++) {
		if (slots[i].attached && slots[i].stage == stage &&
		    same_name(&slots[i].policy, policy))
			return &slots[i];
	}
	return NULL;
}

/* Memory may run out; no other error is allowed then. */
static bool judge(const char *what, int expected, int err)
{
	if (native_allocation_failed())
		expected = -ENOMEM;
	native_fail_allocation(0);
	refused += expected && expected != -ENOMEM;
	if (err != expected)
		native_failed("%s: expected %d, got %d", what, expected, err);
	return err == expected;
}

static bool attach(void)
{
	struct slot *s = random_slot(false);
	struct bx_policy_rec rec;
	enum bx_stage stage;
	bool taken;
	int err;

	if (!s)
		return true;
	memset(s, 0, sizeof(*s));
	generate(&s->policy);
	native_map_init(&s->map[0], &s->policy);
	stage = s->policy.flags & BX_F_STAGED ? BX_STAGE_STAGED :
						BX_STAGE_ACTIVE;
	taken = named(&s->policy, stage);
	err = native_attach(&s->link, &s->map[0]);
	if (!judge("attach", taken ? -EEXIST : 0, err))
		return false;
	if (err)
		return true;
	s->attached = native_record(&s->link, &rec);
	s->stage = stage;
	s->id = rec.id;
	attached++;
	return s->attached && rec.stage == stage;
}

/* Quarantined if it is ejected: it stays attached, and can be updated. */
static bool fails_closed(const struct slot *s)
{
	return s->policy.flags & BX_F_FAIL_CLOSED &&
	       !(s->policy.flags & BX_F_SHADOW) && s->stage == BX_STAGE_ACTIVE;
}

static bool update(void)
{
	struct slot *s = random_slot(true);
	struct native_policy next;
	int err, expected = 0;

	if (!s)
		return true;
	generate(&next);
	memcpy(next.name, s->policy.name, sizeof(next.name));
	if (native_one_in(8))
		next.name[0] = 'Q';
	if (!native_one_in(8))
		next.bus = s->policy.bus;
	if (!native_one_in(8))
		next.flags &= ~(u64)BX_F_STAGED;
	if (!native_one_in(8))
		next.flags = (next.flags & ~(u64)BX_F_SHADOW) |
			     (s->policy.flags & BX_F_SHADOW);
	if (next.flags & BX_F_STAGED || !same_name(&next, &s->policy) ||
	    strcmp(next.bus, s->policy.bus) || s->stage != BX_STAGE_ACTIVE)
		expected = -EINVAL;
	else if (s->dead && !fails_closed(s))
		expected = -ESHUTDOWN;
	native_map_init(&s->map[!s->version], &next);
	err = native_update(&s->link, &s->map[!s->version]);
	if (!judge("update", expected, err))
		return false;
	if (err)
		return true;
	s->version = !s->version;
	s->dead = false;
	s->closed = false;
	s->policy = next;
	map_of(s)->policy = &s->policy;
	updated++;
	return true;
}

static bool detach(void)
{
	struct slot *s = random_slot(true);

	if (!s)
		return true;
	native_detach(&s->link);
	native_fail_allocation(0);
	s->attached = false;
	return true;
}

static bool eject(void)
{
	struct slot *s = random_slot(true);

	if (!s)
		return true;
	native_eject(&s->link, BX_EXIT_ERROR, "device", "not there");
	s->dead = true;
	return true;
}

/* An ejected policy's link is detached by a work item. */
static bool work(void)
{
	native_run_work();
	for (int i = 0; i < SLOTS; i++) {
		if (!slots[i].attached || !slots[i].dead)
			continue;
		slots[i].closed |= fails_closed(&slots[i]);
		if (slots[i].closed) {
			if (slots[i].link.map)
				continue;
			native_failed("quarantined policy %s is detached",
				      slots[i].policy.name);
			return false;
		}
		if (slots[i].link.map) {
			native_failed("ejected policy %s is still attached",
				      slots[i].policy.name);
			return false;
		}
		slots[i].attached = false;
	}
	return true;
}

/* ---- commits ---- */

static struct slot *by_id(u64 id)
{
	for (int i = 0; i < SLOTS; i++) {
		if (slots[i].attached && slots[i].id == id)
			return &slots[i];
	}
	return NULL;
}

static struct bx_commit_enter checked(const struct slot *s)
{
	const struct native_policy *p = &s->policy;
	struct bx_commit_enter enter = {
		.id = s->id,
		.flags = p->flags & ~(u64)BX_F_STAGED,
		.vendor = p->vendor ?: BX_ANY,
		.priority = p->priority,
		.version = p->version,
		.limit.nr = BX_ANY,
	};

	strscpy(enter.name, p->name, sizeof(enter.name));
	strscpy(enter.bus, p->bus, sizeof(enter.bus));
	return enter;
}

/* A policy that differs from what was checked */
static void spoil(struct bx_commit_enter *enter)
{
	switch (native_random(6)) {
	case 0:
		strscpy(enter->name, "another", sizeof(enter->name));
		break;
	case 1:
		strscpy(enter->bus, "another", sizeof(enter->bus));
		break;
	case 2:
		enter->vendor ^= 1;
		break;
	case 3:
		enter->flags ^= BX_F_SHADOW;
		break;
	case 4:
		enter->priority ^= 1;
		break;
	default:
		enter->version ^= 1;
	}
}

/* Mostly of those that may enter and leave, each once, as they were checked */
static void generate_commit(struct bx_commit *c)
{
	memset(c, 0, sizeof(*c));
	for (int i = 0; i < SLOTS; i++) {
		struct slot *s = &slots[i];

		if (!s->attached || !native_one_in(2))
			continue;
		if (s->stage == BX_STAGE_STAGED)
			c->enter[c->nr_enter++] = checked(s);
		else if (s->stage == BX_STAGE_ACTIVE)
			c->leave[c->nr_leave++] = s->id;
	}
	if (native_one_in(10))
		c->enter[c->nr_enter++] = (struct bx_commit_enter){
			.id = native_random(1000),
			.name = "another", .bus = "another",
		};
	if (native_one_in(10) && c->nr_enter) {
		c->enter[c->nr_enter] = c->enter[0];
		c->nr_enter++;
	}
	if (native_one_in(10) && c->nr_leave)
		c->leave[c->nr_leave++] = c->leave[0];
	if (native_one_in(10) && c->nr_enter)
		c->leave[c->nr_leave++] = c->enter[0].id;
	if (native_one_in(10) && c->nr_enter)
		spoil(&c->enter[native_random(c->nr_enter)]);
}

static int expect_enter(const struct bx_commit *c)
{
	for (u32 i = 0; i < c->nr_enter; i++) {
		struct slot *s = by_id(c->enter[i].id);
		struct bx_commit_enter enter;

		if (!s || s->stage != BX_STAGE_STAGED)
			return -ENOENT;
		if (enters(s->id, c, i))
			return -EINVAL;
		enter = checked(s);
		if (memcmp(&enter, &c->enter[i], sizeof(enter)))
			return -EPERM;
	}
	return 0;
}

static int expect_leave(const struct bx_commit *c)
{
	for (u32 i = 0; i < c->nr_leave; i++) {
		struct slot *s = by_id(c->leave[i]);

		if (!s || s->stage != BX_STAGE_ACTIVE)
			return -ENOENT;
		if (listed(c->leave[i], c->leave, i))
			return -EINVAL;
	}
	return 0;
}

static int expect_commit(const struct bx_commit *c)
{
	int err = expect_enter(c) ?: expect_leave(c);

	for (u32 i = 0; i < c->nr_enter && !err; i++) {
		struct slot *old = named(&by_id(c->enter[i].id)->policy,
					 BX_STAGE_ACTIVE);

		if (old && !listed(old->id, c->leave, c->nr_leave))
			err = -EEXIST;
	}
	return err;
}

/* Returns how many leaving policies have an entering one of their name. */
static unsigned int heirs(const struct bx_commit *c)
{
	unsigned int n = 0;

	for (u32 i = 0; i < c->nr_enter; i++)
		n += !!named(&by_id(c->enter[i].id)->policy,
			     BX_STAGE_ACTIVE);
	return n;
}

static bool commit(void)
{
	unsigned int inherited = native_inherited, forgotten = native_forgotten;
	unsigned int expected_heirs;
	struct bx_commit c;
	int expected, err;

	generate_commit(&c);
	expected = expect_commit(&c);
	expected_heirs = expected ? 0 : heirs(&c);
	err = bx_policy_commit(&c);
	if (!judge("commit", expected, err))
		return false;
	if (err)
		return native_inherited == inherited;
	committed += expected_heirs;
	for (u32 i = 0; i < c.nr_enter; i++)
		by_id(c.enter[i].id)->stage = BX_STAGE_ACTIVE;
	for (u32 i = 0; i < c.nr_leave; i++)
		by_id(c.leave[i])->stage = BX_STAGE_RETIRED;
	return native_inherited - inherited == expected_heirs &&
	       native_forgotten - forgotten == c.nr_leave - expected_heirs;
}

/* ---- sequences ---- */

static bool check_dirs(void)
{
	unsigned int n = 0;

	for (int i = 0; i < SLOTS; i++)
		n += in_now(&slots[i], NULL);
	if (native_sysfs_dirs != n)
		native_failed("%u directories of %u active policies",
			      native_sysfs_dirs, n);
	return native_sysfs_dirs == n;
}

/* Two of one name and mode, which a commit would refuse, have no order. */
static bool unordered(struct slot **found, unsigned int n)
{
	for (unsigned int i = 0; i + 1 < n; i++) {
		if (same_name(&found[i]->policy, &found[i + 1]->policy))
			return true;
	}
	return false;
}

static bool check_trial(void)
{
	const char *bus = native_bus[native_random(NATIVE_BUSES)];
	struct bx_trial trial = {};
	struct slot *found[SLOTS];
	struct bx_policy_chain *chain;
	unsigned int n;
	bool good;
	u32 vendor = native_random(4);
	int idx, expected;

	trial.flags = native_one_in(3) ? BX_TRIAL_ALONE : 0;
	generate_commit(&trial.change);
	expected = expect_enter(&trial.change) ?: expect_leave(&trial.change);
	n = scan(bus, vendor, in_trial, &trial, found);
	idx = srcu_read_lock(&bx_srcu);
	chain = bx_trial_chain(&trial, bus, vendor);
	good = expected ? PTR_ERR_OR_ZERO(chain) == expected :
	       !IS_ERR(chain) && (unordered(found, n) || same(chain, found, n));
	if (!IS_ERR(chain))
		kfree(chain);
	srcu_read_unlock(&bx_srcu, idx);
	if (!good)
		native_failed("bus %s vendor %u: the trial's chain is wrong",
			      bus, vendor);
	return good;
}

static bool step(bool short_of_memory)
{
	static bool (*const steps[])(void) = {
		attach, attach, attach, update, detach, eject, work, commit,
		commit,
	};
	u32 nr = native_random(ARRAY_SIZE(steps));

	native_fail_allocation(0);
	if (short_of_memory && native_one_in(3))
		native_fail_allocation(1 + native_random(12));
	if (!steps[nr]()) {
		native_failed("change %u is wrong", nr);
		return false;
	}
	native_fail_allocation(0);
	return check_lookups() && check_dirs() && check_trial();
}

static void end_sequence(void)
{
	for (int i = 0; i < SLOTS; i++) {
		if (slots[i].attached)
			native_detach(&slots[i].link);
		slots[i].attached = false;
	}
	native_run_work();
}

static void sequences(bool short_of_memory)
{
	unsigned int n = native_ncases / 10 + 1;
	bool good = true;

	attached = 0;
	updated = 0;
	committed = 0;
	refused = 0;
	for (unsigned int i = 0; i < n && good; i++) {
		for (int k = 0; k < STEPS && good; k++)
			good = step(short_of_memory);
		if (!good)
			native_say("in sequence %u of BX_SEED=%llu", i,
				   native_seed);
		end_sequence();
		good &= check_lookups();
	}
	/* without these the sequences prove nothing */
	EXPECT(n < 100 || (attached && updated && committed && refused));
}

static void index_equals_a_linear_scan(void)
{
	sequences(false);
}

static void index_equals_a_linear_scan_when_memory_runs_out(void)
{
	sequences(true);
}

/* In the program index_collide, this holds for bus names with one hash. */
static void buses_are_told_apart(void)
{
	struct native_policy p[NATIVE_BUSES] = {};
	struct native_map map[NATIVE_BUSES];
	struct native_link link[NATIVE_BUSES] = {};

	for (int i = 0; i < NATIVE_BUSES; i++) {
		scnprintf(p[i].name, sizeof(p[i].name), "p%d", i);
		p[i].bus = native_bus[i];
		p[i].vendor = 1 + i % 2;
		p[i].selects = true;
		native_map_init(&map[i], &p[i]);
		EXPECT(!native_attach(&link[i], &map[i]));
	}
	for (int i = 0; i < NATIVE_BUSES; i++) {
		int idx = srcu_read_lock(&bx_srcu);
		const struct bx_policy_chain *chain;

		chain = bx_chain_lookup(native_bus[i], 1 + i % 2);
		EXPECT(chain && chain->n == 1);
		EXPECT(native_map_of(chain->inst[0]) == &map[i]);
		EXPECT(!bx_chain_lookup(native_bus[i], 1 + !(i % 2)));
		EXPECT(!bx_chain_lookup(native_bus[i], BX_ANY));
		srcu_read_unlock(&bx_srcu, idx);
	}
	for (int i = 0; i < NATIVE_BUSES; i++)
		native_detach(&link[i]);
}

static const struct native_test tests[] = {
	NATIVE_TEST(index_equals_a_linear_scan),
	NATIVE_TEST(index_equals_a_linear_scan_when_memory_runs_out),
	NATIVE_TEST(buses_are_told_apart),
};

int main(void)
{
	return native_main(tests, ARRAY_SIZE(tests));
}
