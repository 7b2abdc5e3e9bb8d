// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine of rules finds what the interpreter finds
 *
 * Generated tables and devices: bpf/rules_engine.h, compiled here, on tables that the loader's
 * compiler writes, against rules_eval.c.  The tables change and grow by the difference; each
 * write of an entry is followed by elections of the active generation, as in the kernel.
 *
 *	BX_CASES=	number of tables (default 3000)
 *	BX_SEED=	the tables of an earlier run
 */
#include <stddef.h>
#include <time.h>

#include "../../lib/internal.h"
#include "../../lib/rules_table.h"
#include "tap.h"
#include "rules_gen.h"

/* ---- what the engine needs ---- */

struct bx_select_ctx {
	const struct bx_rules_device	*device;
};

struct bx_part_ctx {
	const struct bx_rules_device *device;
};

struct bx_match_ctx {
	const struct bx_rules_device	*device;
};

static struct rt_store *table;
static __u32 rt_format, rt_bus_nr, rt_generation, rt_buckets, rt_vendors;

#define ENTRY(type, fn, array, size) \
	static type *fn(__u32 i) { return i < (size) ? &table->array[i] : NULL; }

ENTRY(struct bx_rt_shape, rt_shape, shape, BX_RT_SHAPES)
ENTRY(struct bx_rt_vendor, rt_vendor, vendor, table->head->vendors)
ENTRY(struct bx_rt_bucket, rt_bucket, bucket, table->head->buckets)
ENTRY(struct bx_rt_node, rt_node, node, table->head->nodes)
ENTRY(struct bx_rt_check, rt_check, check, table->head->checks)

static struct bx_rt_bus *rt_bus(void)
{
	return &table->head->bus[rt_bus_nr];
}

static char *rt_text(__u32 i)
{
	return i < table->head->texts ? table->text[i] : NULL;
}

static char *rt_name(__u32 i)
{
	return i < table->head->names ? table->name[i] : NULL;
}

/* The argument is a pointer, as for the kernel's function. */
#define rt_loop(n, fn, arg) do { \
	for (__u32 i_ = 0; i_ < (n); i_++) { \
		if ((fn)(i_, (arg))) \
			break; \
	} \
} while (0)

static __u64 load(const char *at, size_t size)
{
	__u64 word = 0;

	memcpy(&word, at, size);
	return word;
}

static bool approved;

#define rt_word(at)		load(at, 8)
#define rt_half(at)		load(at, 4)
#define rt_quarter(at)		load(at, 2)
/* Bytes behind the text stay as they were. */
#define rt_copy(to, size, from) \
	snprintf((char *)(to), size, "%s", from)
#define rt_fact(run, what) \
	strcpy((char *)(run)->e.text, ((run)->ctx ? (run)->ctx->device : \
				       (run)->mctx ? (run)->mctx->device : \
				       (run)->pctx->device)->fact[what])
#define rt_is_approved(text)	approved
#define RT_GLOBAL		static

#include "../../../bpf/rules_device.h"

/* ---- elections ---- */

static void instance(const char *bus, __u32 generation)
{
	rt_bus_nr = 0;
	for (__u32 i = 1; i <= table->head->nbuses; i++)
		if (!strcmp(table->head->bus[i].name, bus))
			rt_bus_nr = i;
	rt_format = table->head->bus[rt_bus_nr].format;
	rt_generation = generation;
	rt_buckets = table->head->buckets;
	rt_vendors = table->head->vendors;
}

/* The description that the kernel gives: own buses have no modalias. */
static void describe(struct rt_run *run, const struct bx_rules_device *device,
		     struct bx_dev_info *dev)
{
	*dev = device->dev;
	if (rt_format == BX_RT_OWN)
		memset(dev->modalias, 0, sizeof(dev->modalias));
	rt_describe(run, dev);
}

/* A program's stack has what was there before. */
static void begin(struct rt_run *run, struct bx_select_ctx *ctx, struct bx_match_ctx *mctx)
{
	memset(run, 0xa5, sizeof(*run));
	rt_begin(run, ctx, mctx);
}

/* As select() in rules.bpf.c; returns the node of the winner, or NULL. */
static const struct bx_rt_node *elect(const struct bx_rules_device *device, __u32 generation)
{
	struct bx_select_ctx ctx = { device };
	struct bx_dev_info dev;
	struct rt_run run;

	begin(&run, &ctx, NULL);
	instance(device->dev.bus, generation);
	approved = device->approved;
	if (!rt_bus_nr)
		return NULL;
	describe(&run, device, &dev);
	rt_search(&run, 1 << BX_RT_PLAIN | 3 << BX_RT_GROUP);
	for (size_t i = 0; i < device->nmembers; i++) {
		describe(&run, device->member[i], &dev);
		rt_search(&run, device->in_group[i] << BX_RT_GROUP);
	}
	return run.e.found ? rt_node(run.e.found) : NULL;
}

/* As match() */
static unsigned int score(const struct bx_rules_device *device, const char *driver,
			  __u32 generation)
{
	struct bx_match_ctx ctx = { device };
	const struct bx_rt_node *node;
	struct bx_dev_info dev;
	struct rt_run run;

	begin(&run, NULL, &ctx);
	instance(device->dev.bus, generation);
	approved = device->approved;
	if (!rt_bus_nr)
		return 0;
	describe(&run, device, &dev);
	rt_search(&run, 1 << BX_RT_PLAIN);
	rt_score_driver(&run, driver);
	rt_search(&run, 1 << BX_RT_SCORE);
	node = run.e.found ? rt_node(run.e.found) : NULL;
	return node ? node->score : 0;
}

/* As part() */
static const struct bx_rt_node *part(const struct bx_rules_device *device, __u32 generation)
{
	struct bx_part_ctx ctx = { device };
	struct bx_dev_info dev;
	struct rt_run run;

	begin(&run, NULL, NULL);
	run.pctx = &ctx;
	instance(device->dev.bus, generation);
	approved = device->approved;
	if (!rt_bus_nr)
		return NULL;
	describe(&run, device, &dev);
	rt_search(&run, 1 << BX_RT_PART);
	return run.e.found ? rt_node(run.e.found) : NULL;
}

/* ---- comparisons ---- */

static __u64 seed;
static unsigned int case_nr;
static char problem[512];

static bool same_rule(const struct bx_rt_node *node, const struct bx_rule *rule)
{
	static const __u8 verdict[] = {
		[BX_RULE_DRIVER] = BX_RT_DRIVER, [BX_RULE_REFUSE] = BX_RT_REFUSE,
		[BX_RULE_DEFER] = BX_RT_DEFER, [BX_RULE_PASS] = BX_RT_PASS,
		[BX_RULE_PART] = BX_RT_NAMED,
	};

	if (node->verdict != verdict[rule->verdict] || node->ndrivers != rule->ndrivers ||
	    !(node->flags & BX_RT_ANY_ORDER) != !rule->any_order ||
	    !(node->flags & BX_RT_BOUND) != !rule->bound)
		return false;
	for (unsigned int i = 0; i < rule->ndrivers; i++)
		if (strcmp(table->name[node->driver[i]], rule->driver[i]))
			return false;
	return true;
}

/* The rule of a node, by its rank; several rules may say the same. */
static const struct bx_rule *rule_of(const struct rt_drafts *drafts, const struct bx_rt_node *node)
{
	for (size_t i = 0; node && i < drafts->n; i++)
		if (drafts->draft[i].rank == node->rank)
			return drafts->draft[i].rule;
	return NULL;
}

static const char *pattern_of(const struct bx_rule *rule)
{
	return rule ? rule->pattern : "none";
}

/* Whether a node is that of the rule that the interpreter finds */
static bool compare_rule(const struct rt_drafts *drafts, const struct bx_rules_device *device,
			 __u32 generation, const struct bx_rule *want,
			 const struct bx_rt_node *node)
{
	const struct bx_rule *got = drafts ? rule_of(drafts, node) : want;

	if (got == want && !node == !want && (!node || same_rule(node, want)))
		return true;
	snprintf(problem, sizeof(problem),
		 "case %u of BX_SEED=%llu, generation %u: '%s' on %s: expected '%s' (%u), got '%s' (%u)",
		 case_nr, (unsigned long long)seed, generation, device->dev.modalias,
		 device->dev.bus, pattern_of(want), want ? want->line : 0, pattern_of(got),
		 got ? got->line : 0);
	return false;
}

static bool compare_select(const struct bx_rules *rules, const struct rt_drafts *drafts,
			   const struct bx_rules_device *device, __u32 generation)
{
	return compare_rule(drafts, device, generation, rules_select(rules, device),
			    elect(device, generation)) &&
		compare_rule(drafts, device, generation, rules_part(rules, device),
			     part(device, generation));
}

/* A winner of a group decides in select(), where no score counts. */
static bool compare_scores(const struct bx_rules *rules, const struct bx_rules_device *device,
			   __u32 generation)
{
	const struct bx_rule *winner = rules_select(rules, device);

	if (winner && winner->group != BX_RULE_NO_GROUP)
		return true;
	for (unsigned int i = 0; i < GEN_DRIVERS; i++) {
		unsigned int want = rules_score(rules, device, gen_driver(i));
		unsigned int got = score(device, gen_driver(i), generation);

		if (want == got)
			continue;
		snprintf(problem, sizeof(problem),
			 "case %u of BX_SEED=%llu: '%s': score of %s: expected %u, got %u",
			 case_nr, (unsigned long long)seed, device->dev.modalias, gen_driver(i),
			 want, got);
		return false;
	}
	return true;
}

static bool compare(const struct bx_rules *rules, const struct rt_drafts *drafts,
		    const struct gen_devices *devices, __u32 generation)
{
	for (size_t i = 0; i < devices->n; i++)
		if (!compare_select(rules, drafts, devices->device[i], generation) ||
		    !compare_scores(rules, devices->device[i], generation))
			return false;
	return true;
}

/* ---- tables ---- */

static struct bx_handle *h;

static void *array(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		abort();
	return p;
}

static void store_free(struct rt_store *s)
{
	free(s->head);
	free(s->shape);
	free(s->vendor);
	free(s->bucket);
	free(s->node);
	free(s->check);
	free(s->text);
	free(s->name);
	*s = (struct rt_store) {};
}

static void store_new(struct rt_store *s, const struct rt_drafts *drafts, unsigned int grow)
{
	*s = (struct rt_store) { .head = array(1, sizeof(*s->head)) };
	if (rt_table_size(drafts, grow, s->head))
		abort();
	s->shape = array(BX_RT_SHAPES, sizeof(*s->shape));
	s->vendor = array(s->head->vendors, sizeof(*s->vendor));
	s->bucket = array(s->head->buckets, sizeof(*s->bucket));
	s->node = array(s->head->nodes, sizeof(*s->node));
	s->check = array(s->head->checks, sizeof(*s->check));
	s->text = array(s->head->texts, sizeof(*s->text));
	s->name = array(s->head->names, sizeof(*s->name));
}

/* Makes a table from scratch. */
static int build(struct rt_store *s, struct rt_drafts *drafts, __u32 generation)
{
	int err = -ENOSPC;

	for (unsigned int grow = 1; err == -ENOSPC && grow <= 64; grow *= 4) {
		store_new(s, drafts, grow);
		err = rt_table_update(s, drafts, 0, generation);
		if (err)
			store_free(s);
	}
	return err;
}

static void drafts_make(const struct bx_rules *rules, struct rt_drafts *drafts)
{
	if (!rt_drafts_make(h, rules, NULL, drafts))
		return;
	fprintf(stderr, "BX_SEED=%llu: %s\n", (unsigned long long)seed, bx_error(h));
	abort();
}

/* ---- a table that changes ---- */

static const struct bx_rules *seen_rules;
static const struct gen_devices *seen_devices;
static __u32 seen_generation;
static bool seen_good;

/* An election of the active generation while the next one is written */
static void written(struct rt_store *s)
{
	const struct bx_rules_device *device =
		seen_devices->device[s->writes % seen_devices->n];

	if (seen_good)
		seen_good = compare_select(seen_rules, NULL, device, seen_generation);
}

/*
 * One step: the table changes; the update is committed or given up, as by a process that
 * is killed.  Returns whether everything was right.
 */
static bool step(struct rt_store *s, struct bx_rules **rules, const struct gen_devices *devices,
		 __u32 *generation)
{
	struct bx_rules *next = gen_mutate(*rules);
	struct rt_drafts drafts;
	bool good = true;
	int err;

	drafts_make(next, &drafts);
	seen_rules = *rules;
	seen_devices = devices;
	seen_generation = *generation;
	seen_good = true;
	s->written = written;
	err = rt_table_update(s, &drafts, *generation, *generation + 1);
	s->written = NULL;
	good = seen_good && (err || compare(next, &drafts, devices, *generation + 1));
	if (good && !err && gen_below(3)) {
		++*generation;
		/* a process may be killed here, too */
		if (gen_below(3))
			rt_store_unlink(s, *generation);
		if (gen_below(3))
			rt_store_release(s);
		good = compare(next, &drafts, devices, *generation);
		gen_free(*rules);
		*rules = next;
	} else {
		if (gen_below(2))
			rt_store_unlink(s, *generation);
		if (gen_below(2))
			rt_store_release(s);
		good = good && compare(*rules, NULL, devices, *generation);
		gen_free(next);
	}
	rt_drafts_free(&drafts);
	if (err && err != -ENOSPC && err != -EFBIG) {
		snprintf(problem, sizeof(problem), "case %u: update: %s", case_nr, strerror(-err));
		return false;
	}
	return good;
}

/* Tables that could take too long */
static unsigned int refused;

static bool one_case(void)
{
	struct bx_rules *rules = gen_rules();
	struct gen_devices *devices = gen_devices();
	struct rt_store s = {};
	struct rt_drafts drafts;
	__u32 generation = 1 + gen_below(1000);
	bool good = true;
	int err;

	drafts_make(rules, &drafts);
	table = &s;
	err = build(&s, &drafts, generation);
	if (err && err != -EFBIG) {
		snprintf(problem, sizeof(problem), "case %u: no table: %s", case_nr,
			 strerror(-err));
		good = false;
	}
	refused += err == -EFBIG;
	good = good && (err || compare(rules, &drafts, devices, generation));
	rt_drafts_free(&drafts);
	for (unsigned int i = gen_below(6); good && !err && i; i--)
		good = step(&s, &rules, devices, &generation);
	store_free(&s);
	gen_free(rules);
	gen_devices_free(devices);
	return good;
}

static void run_cases(unsigned int n)
{
	bool good = true;

	for (case_nr = 0; good && case_nr < n; case_nr++) {
		gen_seed(seed + case_nr);
		good = one_case();
	}
	if (!good)
		printf("# %s\n", problem);
	printf("# %u tables were refused\n", refused);
	check(good && refused <= n / 50, "engine_equals_interpreter");
}

/* ---- patterns by hand ---- */

static const char *const patterns[] = {
	"*", "pci:*", "p*", "pci:v*d0000A824*", "pci:v*sd0000A824*",
	"pci:v*d0000A824sv*sd*bc*sc*i*",
	"pci:v0000144Dd*sv*sd0000A824bc*sc*i*", "pci:v0000144D*", "pci:v0000144Dd0000A8*",
	"pci:v144Dd*", "pci:v0000144dd*", "pci:v????144D*", "pci:v0000144[A-F]d*sv*sd*bc*sc*i*",
	"*i02", "pci:v*d*sv*sd*bc01sc08i02", "pci:v*d*sv*sd*bc01sc08i02?", "pci:v*bc01*",
	"pci:v0000144Dd0000A824sv0000144Dsd0000A824bc01sc08i02", "", "pci:v*A824*", "pci:v*",
	"pci:v0000144Dd*A824sv*sd*bc*sc*i*", "pci:v**d*sv*sd*bc*sc*i*", "pci:v0000144D*d0000A824*",
};

static const char *const modaliases[] = {
	"pci:v0000144Dd0000A824sv0000144Dsd0000A824bc01sc08i02",
	"pci:v0000144Dd00001234sv0000144Dsd0000A824bc01sc08i02",
	"pci:v0000A824d0000144Dsv00000000sd0000144Dbc02sc00i00",
	"pci:v0000144Dd0000A824sv*sd*bc01sc08i02", "pci:v0000144Dd0000A824", "pci:v*d*sv*", "",
};

/* Each pattern by itself on each modalias */
static void test_patterns(void)
{
	struct bx_rule rule = {
		.bus = "pci", .group = BX_RULE_NO_GROUP, .verdict = BX_RULE_REFUSE,
	};
	struct bx_rules rules = { .rule = &rule, .n = 1 };
	struct bx_rules_device d = { .dev = { .bus = "pci" } };
	struct rt_drafts drafts;
	bool good = true;
	struct rt_store s;

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		rule.pattern = (char *)patterns[i];
		drafts_make(&rules, &drafts);
		table = &s;
		if (build(&s, &drafts, 1))
			abort();
		for (size_t k = 0; k < ARRAY_SIZE(modaliases); k++) {
			memset(d.dev.modalias, 0, sizeof(d.dev.modalias));
			strcpy(d.dev.modalias, modaliases[k]);
			if (!compare_select(&rules, &drafts, &d, 1)) {
				printf("# %s\n", problem);
				good = false;
			}
		}
		rt_drafts_free(&drafts);
		store_free(&s);
	}
	check(good, "patterns_are_as_globs");
}

/* ---- large tables ---- */

static void rule_set(struct bx_rules *rules, size_t i, unsigned int vendor, unsigned int device)
{
	struct bx_rule *r = &rules->rule[i];
	char pattern[80];

	snprintf(pattern, sizeof(pattern), "pci:v%08Xd%08Xsv*sd*bc*sc*i*", vendor, device);
	free(r->pattern);
	*r = (struct bx_rule) {
		.bus = "pci", .group = BX_RULE_NO_GROUP, .verdict = BX_RULE_DRIVER,
		.ndrivers = 1, .order = i, .line = i + 1, .pattern = strdup(pattern),
	};
	snprintf(r->driver[0], sizeof(r->driver[0]), "driver%zu", i % 1000);
	r->specificity = rules_specificity(r);
}

/* @n rules of @vendors vendors */
static struct bx_rules *large(size_t n, unsigned int vendors)
{
	struct bx_rules *rules = array(1, sizeof(*rules));

	rules->rule = array(n + 1, sizeof(*rules->rule));
	rules->n = n;
	for (size_t i = 0; i < n; i++)
		rule_set(rules, i, 0x1000 + i % vendors, i);
	return rules;
}

static void device_set(struct bx_rules_device *d, unsigned int vendor, unsigned int device)
{
	*d = (struct bx_rules_device) { .dev = { .bus = "pci" } };
	snprintf(d->dev.modalias, sizeof(d->dev.modalias),
		 "pci:v%08Xd%08Xsv00001234sd00005678bc01sc08i02", vendor, device);
}

/* The driver that a device gets, or "" */
static const char *driver_of(const struct bx_rules_device *device, __u32 generation)
{
	const struct bx_rt_node *node = elect(device, generation);

	return node && node->ndrivers ? table->name[node->driver[0]] : "";
}

/* Updates the table from @rules; returns the number of written entries, or an errno. */
static long update(struct rt_store *s, const struct bx_rules *rules, __u32 active)
{
	struct rt_drafts drafts;
	int err;

	drafts_make(rules, &drafts);
	err = rt_table_update(s, &drafts, active, active + 1);
	rt_drafts_free(&drafts);
	return err ?: (long)s->writes;
}

static void new_table(struct rt_store *s, const struct bx_rules *rules)
{
	struct rt_drafts drafts;

	drafts_make(rules, &drafts);
	table = s;
	if (build(s, &drafts, 1))
		abort();
	rt_drafts_free(&drafts);
}

static void finds_each(const struct bx_rules *rules, size_t step, const char *name)
{
	char want[32];
	bool good = true;

	for (size_t i = 0; good && i < rules->n; i += step) {
		struct bx_rules_device d;

		device_set(&d, 0x1000 + i % 50, i);
		snprintf(want, sizeof(want), "driver%zu", i % 1000);
		good = same(d.dev.modalias, want, driver_of(&d, 1));
		device_set(&d, 0x1000 + i % 50, i + rules->n);
		good = good && same(d.dev.modalias, "", driver_of(&d, 1));
	}
	check(good, name);
}

/* Entries that one changed rule of 10,000 may write */
#define A_HANDFUL	8

static void test_difference(void)
{
	struct bx_rules *rules = large(10000, 50);
	struct bx_rules_device d;
	struct rt_store s;
	__u32 generation = 1;
	long writes;

	new_table(&s, rules);
	finds_each(rules, 97, "ten_thousand_rules_are_found");
	writes = update(&s, rules, generation++);
	check(!writes, "the_same_table_writes_nothing");
	rule_set(rules, 5000, 0x2000, 77);
	writes = update(&s, rules, generation++);
	printf("# %ld entries\n", writes);
	check(writes > 0 && writes <= A_HANDFUL, "one_changed_rule_writes_a_handful");
	device_set(&d, 0x2000, 77);
	check(same("new rule", "driver0", driver_of(&d, generation)), "it_is_found");
	check(same("new rule", "", driver_of(&d, generation - 1)), "not_before_its_generation");
	device_set(&d, 0x1000, 5000);
	check(same("old rule", "", driver_of(&d, generation)), "the_old_one_is_not");
	check(same("old rule", "driver0", driver_of(&d, generation - 1)),
	      "but_before_its_generation");
	rules->rule[9000].priority = 1;
	writes = update(&s, rules, generation++);
	check(writes > 0 && writes <= A_HANDFUL, "so_does_a_moved_one");
	gen_free(rules);
	store_free(&s);
}

/* Inserts always in front of the last rule, until there is no rank left. */
static void test_gaps(void)
{
	struct bx_rules *rules = large(2, 1);
	struct rt_store s;
	size_t n = 2;
	long ret;

	rules->rule = realloc(rules->rule, 2000 * sizeof(*rules->rule));
	if (!rules->rule)
		abort();
	new_table(&s, rules);
	do {
		rules->rule[n] = rules->rule[n - 1];
		rules->rule[n - 1] = (struct bx_rule) {};
		rule_set(rules, n - 1, 0x1000, 100 + n);
		rules->rule[n].order = n;
		rules->n = ++n;
		ret = update(&s, rules, n - 2);
	} while (ret > 0 && n < 2000);
	printf("# %zu rules\n", n);
	check(ret == -ENOSPC, "a_table_without_ranks_or_room_is_made_again");
	check(n > 20, "not_soon");
	gen_free(rules);
	store_free(&s);
}

static void test_large(void)
{
	struct bx_rules *rules = large(100000, 50);
	struct rt_store s;

	new_table(&s, rules);
	finds_each(rules, 997, "a_hundred_thousand_rules_are_found");
	gen_free(rules);
	store_free(&s);
}

/* ---- refused tables ---- */

static void test_chain(void)
{
	struct bx_rules *rules = large(BX_RT_CHAIN + 1, 1);
	struct rt_drafts drafts;
	struct rt_store s = {};

	for (size_t i = 0; i < rules->n; i++)
		rule_set(rules, i, 1, 1);
	drafts_make(rules, &drafts);
	table = &s;
	check(build(&s, &drafts, 1) == -EMLINK, "too_many_rules_with_the_same_ids_are_refused");
	rt_drafts_free(&drafts);
	rules->n = 0;
	drafts_make(rules, &drafts);
	check(!build(&s, &drafts, 1), "an_empty_table_is_not");
	rt_drafts_free(&drafts);
	rules->n = BX_RT_CHAIN + 1;
	gen_free(rules);
	store_free(&s);
}

#define GLOB_PART	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* An election would take longer than the kernel allows. */
static void test_cost(void)
{
	struct bx_rules *rules = large(1000, 1000);
	struct bx_rule_value value = { .kind = BX_VALUE_GLOB };
	struct bx_rule_cond cond = { .what = BX_FACT_SERIAL, .value = &value, .n = 1 };
	char glob[] = "*" GLOB_PART "*" GLOB_PART "b";
	struct rt_drafts drafts;
	struct rt_store s = {};

	value.text = glob;
	for (size_t i = 0; i < rules->n; i++) {
		strcpy(rules->rule[i].pattern, "*");
		rules->rule[i].cond = &cond;
		rules->rule[i].nconds = 1;
	}
	drafts_make(rules, &drafts);
	table = &s;
	check(build(&s, &drafts, 1) == -EFBIG, "rules_that_take_too_long_are_refused");
	rt_drafts_free(&drafts);
	glob[1] = '\0';
	drafts_make(rules, &drafts);
	check(!build(&s, &drafts, 1), "many_quick_ones_are_not");
	rt_drafts_free(&drafts);
	for (size_t i = 0; i < rules->n; i++)
		rules->rule[i].nconds = 0;
	for (size_t i = 0; i < rules->n; i++)
		rules->rule[i].cond = NULL;
	gen_free(rules);
	store_free(&s);
}

/* The kernel cannot read such a fact of the other members. */
static void test_group(void)
{
	struct bx_rules *rules = large(1, 1);
	struct bx_rule_value value = { .kind = BX_VALUE_TEXT, .text = (char *)"a" };
	struct bx_rule_cond cond = { .what = BX_FACT_SERIAL, .value = &value, .n = 1 };
	struct rt_drafts drafts;

	rules->rule[0].cond = &cond;
	rules->rule[0].nconds = 1;
	rules->rule[0].group = BX_GROUP_SLOT;
	rules->rule[0].file = "f";
	check(rt_drafts_make(h, rules, NULL, &drafts) == -EINVAL &&
	      same("message", "f:1:0: expected no condition on 'serial' in a rule for a group: "
		   "it cannot be read of other members", bx_error(h)),
	      "a_fact_of_other_members_is_refused");
	cond.what = BX_FACT_SYS_VENDOR;
	check(!rt_drafts_make(h, rules, NULL, &drafts), "a_fact_of_the_machine_is_not");
	rt_drafts_free(&drafts);
	rules->rule[0].nconds = 0;
	rules->rule[0].cond = NULL;
	gen_free(rules);
}

int main(void)
{
	const char *text = getenv("BX_SEED"), *n = getenv("BX_CASES");

	setvbuf(stdout, NULL, _IOLBF, 0);
	seed = text ? strtoull(text, NULL, 0) : (__u64)time(NULL);
	if (bx_open(&h, NULL))
		return 1;
	printf("TAP version 13\n1..19\n# BX_SEED=%llu BX_CASES=%s\n", (unsigned long long)seed,
	       n ?: "3000");
	run_cases(n ? strtoul(n, NULL, 0) : 3000);
	test_patterns();
	test_difference();
	test_gaps();
	test_large();
	test_chain();
	test_cost();
	test_group();
	bx_close(h);
	return failures != 0;
}
