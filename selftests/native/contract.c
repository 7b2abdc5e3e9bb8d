// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contracts, natively: refusals of kernel/contract.c for generated contracts and
 * providers, compared with the rules as a table; and each rule by hand
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
};

static int op_fn(struct bx_device *bdev, void *arg, u32 len)
{
	return 0;
}

/* ---- the rules ---- */

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
	if (names != 1 || op->hidden > op->size)
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

	if (p->by_policy)
		return true;
	if (provided(p, i))
		return !op->pair || provided(p, op->pair - 1);
	return !(op->flags & BX_OPF_REQUIRED);
}

static int model_provider(const struct bx_contract *c,
			  const struct bx_provider *p)
{
	if (!p || !p->version)
		return -EINVAL;
	if (p->version > c->version)
		return -EPROTONOSUPPORT;
	if (p->nr_ops > c->nr_ops)
		return -EINVAL;
	for (u32 i = 0; i < c->nr_ops; i++) {
		if (!good_provider_op(c, p, i))
			return -EINVAL;
	}
	return 0;
}

static int model_complete(const struct contract_case *cc)
{
	const struct bx_contract *c = &cc->contract;

	for (u32 op = 0; op < c->nr_ops; op++) {
		if (c->ops[op].flags & BX_OPF_REQUIRED &&
		    !provided(&cc->provider, op) &&
		    !(cc->bdev.covered[op / 64] >> op % 64 & 1))
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
}

static void generate_provider(struct contract_case *cc)
{
	struct bx_provider *p = &cc->provider;
	const struct bx_contract *c = &cc->contract;

	p->version = native_one_in(8) ? native_random(5) : c->version;
	p->nr_ops = native_one_in(3) ? native_random(OPS + 1) : c->nr_ops;
	p->ops = native_one_in(16) ? NULL : cc->fns;
	p->by_policy = native_one_in(4);
	for (u32 i = 0; i < p->nr_ops; i++)
		cc->fns[i] = native_one_in(4) ? NULL : op_fn;
	if (native_one_in(2))
		cc->bdev.covered[0] = native_random(64);
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

/* Only of devices that were not refused before */
static void device_is_complete_as_the_model_says(void)
{
	unsigned int answers[2] = {};

	for (unsigned int i = 0; i < native_ncases; i++) {
		struct contract_case cc;
		int expected;

		generate_contract(&cc, true);
		generate_provider(&cc);
		if (model_provider(&cc.contract, &cc.provider))
			continue;
		expected = model_complete(&cc);
		answers[!expected]++;
		native_log("%s", "");
		if (!judge("device", i, expected, bx_device_complete(&cc.bdev)))
			return;
	}
	expect_both(answers);
}

/* ---- by hand ---- */

static const struct bx_op_desc lamp_ops[] = {
	{ .name = "on", .flags = BX_OPF_REQUIRED },
	{ .name = "lock", .pair = 3 },
	{ .name = "unlock", .pair = 2 },
	{ .name = "dim", .size = 12, .hidden = 8, .type = "int",
	  .flags = BX_OPF_ATOMIC | BX_OPF_VARLEN },
};

static const struct bx_contract lamp = {
	.name = "lamp", .version = 2, .ops = lamp_ops,
	.nr_ops = ARRAY_SIZE(lamp_ops),
};

static struct bx_bus lamp_bus = { .name = "bx-lamp", .contract = &lamp };

#define ON	BIT_ULL(0)
#define LOCK	BIT_ULL(1)
#define UNLOCK	BIT_ULL(2)
#define DIM	BIT_ULL(3)

static int try_provider(u32 version, u64 ops, bool by_policy)
{
	bx_op_fn fns[ARRAY_SIZE(lamp_ops)];
	struct bx_provider p = {
		.version = version, .ops = fns, .nr_ops = ARRAY_SIZE(fns), .by_policy = by_policy,
	};
	struct bx_device bdev = { .bus = &lamp_bus, .provider = &p };

	for (u32 i = 0; i < ARRAY_SIZE(fns); i++)
		fns[i] = ops >> i & 1 ? op_fn : NULL;
	return bx_provider_check(&bdev);
}

static void provider_of_either_version_is_accepted(void)
{
	EXPECT(!bx_contract_check(&lamp_bus));
	EXPECT(!try_provider(1, ON, false));
	EXPECT(!try_provider(1, ON | LOCK | UNLOCK, false));
	EXPECT(!try_provider(2, ON | DIM, false));
}

static void provider_of_another_version_is_refused(void)
{
	EXPECT(try_provider(0, ON, false) == -EINVAL);
	EXPECT(try_provider(3, ON, false) == -EPROTONOSUPPORT);
}

static void required_operation_may_be_left_to_policies(void)
{
	bx_op_fn fns[ARRAY_SIZE(lamp_ops)] = {};
	struct bx_provider p = {
		.version = 1, .ops = fns, .nr_ops = ARRAY_SIZE(fns),
		.by_policy = true,
	};
	struct bx_device bdev = { .bus = &lamp_bus, .provider = &p };

	EXPECT(try_provider(1, 0, false) == -EINVAL);
	EXPECT(!try_provider(1, 0, true));
	/* but no driver is bound before a policy provides it */
	EXPECT(bx_device_complete(&bdev) == -ENODEV);
	bdev.covered[0] = ON;
	EXPECT(!bx_device_complete(&bdev));
}

static void half_a_pair_is_refused(void)
{
	EXPECT(try_provider(1, ON | LOCK, false) == -EINVAL);
	EXPECT(try_provider(1, ON | UNLOCK, false) == -EINVAL);
	EXPECT(!try_provider(1, ON | UNLOCK, true));
}

static void contract_is_shown_as_text(void)
{
	static const char shown[] = "lamp version 2\n"
		"0 on 0 0 required sleeps\n"
		"1 lock 0 0 optional sleeps with unlock\n"
		"2 unlock 0 0 optional sleeps with lock\n"
		"3 dim 4+ 8 optional atomic int\n";
	char buf[4096];

	EXPECT(bx_contract_print(&lamp, NULL, 0) == strlen(shown));
	EXPECT(bx_contract_print(&lamp, buf, sizeof(buf)) == strlen(shown));
	EXPECT(!strcmp(buf, shown));
	/* cut like that of snprintf() */
	for (size_t size = 1; size <= strlen(shown) + 1; size++) {
		memset(buf, 'x', sizeof(buf));
		EXPECT(bx_contract_print(&lamp, buf, size) == strlen(shown));
		EXPECT(!strncmp(buf, shown, size - 1) && !buf[size - 1] &&
		       buf[size] == 'x');
	}
}

static const struct native_test tests[] = {
	NATIVE_TEST(contract_is_checked_as_the_model_says),
	NATIVE_TEST(provider_is_checked_as_the_model_says),
	NATIVE_TEST(device_is_complete_as_the_model_says),
	NATIVE_TEST(provider_of_either_version_is_accepted),
	NATIVE_TEST(provider_of_another_version_is_refused),
	NATIVE_TEST(required_operation_may_be_left_to_policies),
	NATIVE_TEST(half_a_pair_is_refused),
	NATIVE_TEST(contract_is_shown_as_text),
};

int main(void)
{
	return native_main(tests, ARRAY_SIZE(tests));
}
