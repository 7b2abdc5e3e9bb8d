// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contracts, natively: refusals and negotiation of kernel/contract.c for generated
 * contracts, providers and drivers, compared with the rules as a table; and each
 * rule by hand
 */
#include "native.h"

#define OPS	6

struct contract_case {
	struct bx_op_desc	ops[OPS];
	struct bx_contract	contract;
	struct bx_bus		bus;
	bx_op_fn		fns[OPS + 1];
	struct bx_provider	provider;
	struct bx_device	bdev;
	struct bx_driver	drv;
};

static int op_fn(struct bx_device *bdev, void *arg, u32 len)
{
	return 0;
}

/* ---- the rules ---- */

static u32 version_of(u32 version)
{
	return version ? version : 1;
}

static bool good_name(const char *name)
{
	return name && name[0] && strnlen(name, BX_NAME_LEN) < BX_NAME_LEN;
}

static bool good_op(const struct bx_contract *c, u32 i)
{
	const struct bx_op_desc *op = &c->ops[i];
	u32 names = 0;

	for (u32 k = 0; good_name(op->name) && k < c->nr_ops; k++)
		names += c->ops[k].name && !strcmp(c->ops[k].name, op->name);
	if (names != 1 || version_of(op->since) > c->version ||
	    op->hidden > op->size)
		return false;
	/* each of a pair names the other */
	return !op->pair || (op->pair <= c->nr_ops &&
			     c->ops[op->pair - 1].pair == i + 1);
}

static int model_contract(const struct bx_contract *c)
{
	if (!c || !good_name(c->name) || c->version < 1 ||
	    c->nr_ops > BX_MAX_OPS || (c->nr_ops && !c->ops))
		return -EINVAL;
	for (u32 i = 0; i < c->nr_ops; i++) {
		if (!good_op(c, i))
			return -EINVAL;
	}
	return 0;
}

static bool provided(const struct bx_provider *p, u32 op)
{
	return p->ops && op < p->nr_ops && p->ops[op];
}

static bool good_provider_op(const struct bx_contract *c,
			     const struct bx_provider *p, u32 i)
{
	const struct bx_op_desc *op = &c->ops[i];
	bool known = version_of(op->since) <= p->version;

	if (provided(p, i))
		return known && (!op->pair || p->by_policy ||
				 provided(p, op->pair - 1));
	return !known || p->by_policy || !(op->flags & BX_OPF_REQUIRED);
}

static int model_provider(const struct bx_contract *c,
			  const struct bx_provider *p)
{
	if (!p || !p->version)
		return -EINVAL;
	if (p->version > c->version)
		return -EPROTONOSUPPORT;
	if (p->nr_ops > c->nr_ops || p->features & ~c->features)
		return -EINVAL;
	for (u32 i = 0; i < c->nr_ops; i++) {
		if (!good_provider_op(c, p, i))
			return -EINVAL;
	}
	return 0;
}

static bool needs(const struct bx_driver *drv, u32 op)
{
	return drv->needs[op / 64] >> op % 64 & 1;
}

static int model_driver(const struct bx_contract *c,
			const struct bx_driver *drv)
{
	if (version_of(drv->min_version) > c->version)
		return -EPROTONOSUPPORT;
	if (version_of(drv->min_version) > version_of(drv->version))
		return -EINVAL;
	if (drv->needs_features & ~c->features ||
	    drv->needs_features & ~drv->features)
		return -EOPNOTSUPP;
	for (u32 op = 0; op < BX_MAX_OPS; op++) {
		if (op >= c->nr_ops && needs(drv, op))
			return -EOPNOTSUPP;
	}
	return 0;
}

static int model_negotiate(const struct contract_case *cc, u32 *version,
			   u64 *features)
{
	const struct bx_contract *c = &cc->contract;
	const struct bx_provider *p = &cc->provider;
	const struct bx_driver *drv = &cc->drv;

	*version = version_of(drv->version);
	if (*version > p->version)
		*version = p->version;
	*features = p->features & drv->features;
	if (*version < version_of(drv->min_version) ||
	    drv->needs_features & ~*features)
		return -ENODEV;
	for (u32 op = 0; op < c->nr_ops; op++) {
		const struct bx_op_desc *desc = &c->ops[op];
		bool there = provided(p, op) ||
			     cc->bdev.covered[op / 64] >> op % 64 & 1;

		if (needs(drv, op) && !there)
			return -ENODEV;
		if (desc->flags & BX_OPF_REQUIRED && !there &&
		    version_of(desc->since) <= *version)
			return -ENODEV;
	}
	return 0;
}

/* ---- generated contracts ---- */

static const char *generate_name(bool sound, u32 nr)
{
	static const char *const sound_names[] = {
		"open", "close", "exec", "a_name_of_exactly_31_characters",
		"reset", "kick",
	};
	static const char *const names[] = {
		NULL, "", "a_name_of_exactly_32_characters_", "open",
	};

	return sound || !native_one_in(10) ? sound_names[nr] :
	       names[native_random(ARRAY_SIZE(names))];
}

static void generate_op(struct contract_case *cc, bool sound, u32 i)
{
	struct bx_op_desc *op = &cc->ops[i];
	bool odd = !sound && native_one_in(10);

	op->name = generate_name(sound, i);
	op->flags = native_random(8);
	op->since = native_random(cc->contract.version + 1 + odd);
	op->size = native_random(32);
	op->hidden = native_one_in(2) ? 0 : native_random(op->size + 1);
	if (!sound && native_one_in(20))
		op->hidden = op->size + 1;
	if (odd)
		op->pair = native_random(OPS + 2);
}

static void generate_contract(struct contract_case *cc, bool sound)
{
	struct bx_contract *c = &cc->contract;

	memset(cc, 0, sizeof(*cc));
	c->name = sound || !native_one_in(20) ? "api" : generate_name(sound, 0);
	c->version = sound ? 1 + native_random(3) : native_random(4);
	c->features = native_random(16);
	c->nr_ops = native_random(OPS + 1);
	c->ops = sound || !native_one_in(20) ? cc->ops : NULL;
	for (u32 i = 0; i < c->nr_ops; i++)
		generate_op(cc, sound, i);
	/* neighbours are pairs now and then */
	for (u32 i = 0; i + 1 < c->nr_ops; i += 2) {
		if (cc->ops[i].pair || cc->ops[i + 1].pair || native_one_in(2))
			continue;
		cc->ops[i].pair = i + 2;
		cc->ops[i + 1].pair = i + 1;
	}
	cc->bus.name = "bx-api";
	cc->bus.contract = c;
	cc->bdev.bus = &cc->bus;
	cc->bdev.provider = &cc->provider;
	cc->drv.name = "drv";
}

static void generate_provider(struct contract_case *cc)
{
	struct bx_provider *p = &cc->provider;
	const struct bx_contract *c = &cc->contract;

	p->version = native_one_in(8) ? native_random(5) : c->version;
	p->features = c->features & native_random(16);
	if (native_one_in(16))
		p->features = native_random(32);
	p->nr_ops = native_one_in(3) ? native_random(OPS + 1) : c->nr_ops;
	p->ops = native_one_in(16) ? NULL : cc->fns;
	p->by_policy = native_one_in(4);
	for (u32 i = 0; i < p->nr_ops; i++)
		cc->fns[i] = native_one_in(4) ? NULL : op_fn;
	if (native_one_in(2))
		cc->bdev.covered[0] = native_random(64);
}

static void generate_driver(struct contract_case *cc)
{
	struct bx_driver *drv = &cc->drv;

	drv->version = native_random(5);
	drv->min_version = native_one_in(2) ? 0 : native_random(4);
	drv->features = native_random(16);
	if (native_one_in(3))
		drv->needs_features = native_random(16) &
				      (native_one_in(4) ? 15 : drv->features);
	if (native_one_in(3))
		drv->needs[0] = native_random(64) & native_random(64);
	if (native_one_in(16))
		drv->needs[native_random(BX_CALL_WORDS)] |=
			BIT_ULL(native_random(64));
}

static bool judge(const char *what, unsigned int nr, int expected, int err)
{
	bool said = *native_last_log();

	if (err == expected && said == !!err)
		return true;
	native_failed("case %u of BX_SEED=%llu: %s: expected %d, got %d, the log says '%s'",
		      nr, native_seed, what, expected, err, native_last_log());
	return false;
}

/* Both answers must occur; without one of them the test proves nothing. */
static void expect_both(const unsigned int answers[2])
{
	EXPECT(native_ncases < 1000 || (answers[0] && answers[1]));
}

static void contract_is_checked_as_the_model_says(void)
{
	unsigned int answers[2] = {};

	for (unsigned int i = 0; i < native_ncases; i++) {
		struct contract_case cc;
		int expected;

		generate_contract(&cc, native_one_in(8));
		expected = model_contract(&cc.contract);
		answers[!expected]++;
		native_log("%s", "");
		if (!judge("contract", i, expected, bx_contract_check(&cc.bus)))
			return;
	}
	expect_both(answers);
}

static void provider_is_checked_as_the_model_says(void)
{
	unsigned int answers[2] = {};

	for (unsigned int i = 0; i < native_ncases; i++) {
		struct contract_case cc;
		int expected;

		generate_contract(&cc, true);
		generate_provider(&cc);
		expected = model_provider(&cc.contract, &cc.provider);
		answers[!expected]++;
		native_log("%s", "");
		if (!judge("provider", i, expected,
			   bx_provider_check(&cc.bdev)))
			return;
	}
	expect_both(answers);
}

static void driver_is_checked_as_the_model_says(void)
{
	unsigned int answers[2] = {};

	for (unsigned int i = 0; i < native_ncases; i++) {
		struct contract_case cc;
		int expected;

		generate_contract(&cc, true);
		generate_driver(&cc);
		expected = model_driver(&cc.contract, &cc.drv);
		answers[!expected]++;
		native_log("%s", "");
		if (!judge("driver", i, expected,
			   bx_driver_check(&cc.bus, &cc.drv)))
			return;
	}
	expect_both(answers);
}

/* Only with those that were not refused before */
static bool negotiate(unsigned int i, unsigned int answers[2])
{
	struct contract_case cc;
	int expected, err;
	u64 features;
	u32 version;

	generate_contract(&cc, true);
	generate_provider(&cc);
	generate_driver(&cc);
	if (model_provider(&cc.contract, &cc.provider) ||
	    model_driver(&cc.contract, &cc.drv))
		return true;
	expected = model_negotiate(&cc, &version, &features);
	answers[!expected]++;
	native_log("%s", "");
	cc.bdev.version = 99;
	err = bx_negotiate(&cc.bdev, &cc.drv);
	if (!judge("negotiation", i, expected, err))
		return false;
	/* a failed negotiation has changed nothing */
	if (cc.bdev.version == (err ? 99 : version) &&
	    cc.bdev.features == (err ? 0 : features))
		return true;
	native_failed("case %u of BX_SEED=%llu: expected version %u features 0x%llx, got %u 0x%llx",
		      i, native_seed, version, features, cc.bdev.version,
		      cc.bdev.features);
	return false;
}

static void negotiation_ends_as_the_model_says(void)
{
	unsigned int answers[2] = {};

	for (unsigned int i = 0; i < native_ncases; i++) {
		if (!negotiate(i, answers))
			return;
	}
	expect_both(answers);
}

/* ---- by hand ---- */

static const struct bx_op_desc lamp_ops[] = {
	{ .name = "on", .flags = BX_OPF_REQUIRED },
	{ .name = "lock", .pair = 3 },
	{ .name = "unlock", .pair = 2 },
	{ .name = "dim", .since = 2, .size = 12, .hidden = 8, .type = "int",
	  .flags = BX_OPF_ATOMIC | BX_OPF_VARLEN },
};

static const struct bx_contract lamp = {
	.name = "lamp", .version = 2, .features = 5, .ops = lamp_ops,
	.nr_ops = ARRAY_SIZE(lamp_ops),
};

static struct bx_bus lamp_bus = { .name = "bx-lamp", .contract = &lamp };

#define ON	BIT_ULL(0)
#define LOCK	BIT_ULL(1)
#define UNLOCK	BIT_ULL(2)
#define DIM	BIT_ULL(3)

static int try_provider(u32 version, u64 features, u64 ops, bool by_policy)
{
	bx_op_fn fns[ARRAY_SIZE(lamp_ops)];
	struct bx_provider p = {
		.version = version, .features = features, .ops = fns,
		.nr_ops = ARRAY_SIZE(fns), .by_policy = by_policy,
	};
	struct bx_device bdev = { .bus = &lamp_bus, .provider = &p };

	for (u32 i = 0; i < ARRAY_SIZE(fns); i++)
		fns[i] = ops >> i & 1 ? op_fn : NULL;
	return bx_provider_check(&bdev);
}

static void provider_of_either_version_is_accepted(void)
{
	EXPECT(!bx_contract_check(&lamp_bus));
	EXPECT(!try_provider(1, 0, ON, false));
	EXPECT(!try_provider(1, 5, ON | LOCK | UNLOCK, false));
	EXPECT(!try_provider(2, 5, ON | DIM, false));
}

static void provider_outside_of_its_version_is_refused(void)
{
	EXPECT(try_provider(0, 0, ON, false) == -EINVAL);
	EXPECT(try_provider(3, 0, ON, false) == -EPROTONOSUPPORT);
	EXPECT(try_provider(1, 0, ON | DIM, false) == -EINVAL);
	EXPECT(try_provider(2, 2, ON, false) == -EINVAL);
}

static void required_operation_may_be_left_to_policies(void)
{
	EXPECT(try_provider(1, 0, 0, false) == -EINVAL);
	EXPECT(!try_provider(1, 0, 0, true));
}

static void half_a_pair_is_refused(void)
{
	EXPECT(try_provider(1, 0, ON | LOCK, false) == -EINVAL);
	EXPECT(try_provider(1, 0, ON | UNLOCK, false) == -EINVAL);
	EXPECT(!try_provider(1, 0, ON | UNLOCK, true));
}

static void lower_version_and_common_features_are_agreed_upon(void)
{
	bx_op_fn fns[] = { op_fn };
	struct bx_provider p = {
		.version = 2, .features = 5, .ops = fns, .nr_ops = 1,
	};
	struct bx_device bdev = { .bus = &lamp_bus, .provider = &p };
	struct bx_driver drv = { .name = "drv", .features = 4 };

	EXPECT(!bx_negotiate(&bdev, &drv));
	EXPECT(bdev.version == 1 && bdev.features == 4);
	drv.version = 3;
	EXPECT(!bx_negotiate(&bdev, &drv));
	EXPECT(bdev.version == 2);
	drv.min_version = 3;
	EXPECT(bx_negotiate(&bdev, &drv) == -ENODEV);
	EXPECT(bx_driver_check(&lamp_bus, &drv) == -EPROTONOSUPPORT);
}

static void policy_may_stand_in_for_an_operation(void)
{
	bx_op_fn fns[] = { op_fn };
	struct bx_provider p = { .version = 2, .ops = fns, .nr_ops = 1 };
	struct bx_device bdev = { .bus = &lamp_bus, .provider = &p };
	struct bx_driver drv = { .name = "drv", .needs = { DIM } };

	EXPECT(bx_negotiate(&bdev, &drv) == -ENODEV);
	bdev.covered[0] = DIM;
	EXPECT(!bx_negotiate(&bdev, &drv));
}

static void contract_is_shown_as_text(void)
{
	char buf[4096];

	bx_contract_show(&lamp, buf);
	EXPECT(!strcmp(buf, "lamp version 2 features 0x5\n"
		       "0 on 1 0 0 required sleeps\n"
		       "1 lock 1 0 0 optional sleeps with unlock\n"
		       "2 unlock 1 0 0 optional sleeps with lock\n"
		       "3 dim 2 4+ 8 optional atomic int\n"));
}

static const struct native_test tests[] = {
	NATIVE_TEST(contract_is_checked_as_the_model_says),
	NATIVE_TEST(provider_is_checked_as_the_model_says),
	NATIVE_TEST(driver_is_checked_as_the_model_says),
	NATIVE_TEST(negotiation_ends_as_the_model_says),
	NATIVE_TEST(provider_of_either_version_is_accepted),
	NATIVE_TEST(provider_outside_of_its_version_is_refused),
	NATIVE_TEST(required_operation_may_be_left_to_policies),
	NATIVE_TEST(half_a_pair_is_refused),
	NATIVE_TEST(lower_version_and_common_features_are_agreed_upon),
	NATIVE_TEST(policy_may_stand_in_for_an_operation),
	NATIVE_TEST(contract_is_shown_as_text),
};

int main(void)
{
	return native_main(tests, ARRAY_SIZE(tests));
}
