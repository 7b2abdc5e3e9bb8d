// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of an election by rules, with 10 to 100,000 of them
 *
 *	rules [--json] [MAX]
 *
 * The engine of bpf/rules.bpf.c runs in the kernel, without a policy around, on tables that
 * the library writes; the device is one of the last rule, or of none.  For comparison: a
 * lookup in a hash of the kernel, the scan of a table of ids as drivers have it, fnmatch() on
 * each pattern, and libkmod on the aliases of this kernel.  In a VM that counts instructions
 * a nanosecond is an instruction; the shortest of several times counts.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <libkmod.h>

#include "../../loader/lib/rules_maps.h"
#include "selftests/bench/rules-engine.skel.h"
#include "clock.h"

#define LOOPS	1600	/* as in rules-engine.bpf.c */
#define TRIES	15
#define OF_VENDOR	50
#define DEVICES		16	/* as in rules-engine.bpf.c */

static struct bx_handle *h;
static bool json;
static unsigned int rows;

static void die(const char *what)
{
	fprintf(stderr, "rules: %s: %s\n", what, bx_error(h));
	exit(1);
}

static void *room(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		die("out of memory");
	return p;
}

/* ---- rules ---- */

/*
 * Ten rules are of four kinds, as in the aliases of a kernel: most name vendor and device,
 * some a subsystem, few a class.  A vendor has up to 50, so that each table, also the
 * smallest, has vendors with rules of all kinds.
 */
static void make_pattern(char *to, size_t size, unsigned int i)
{
	unsigned int vendor = 0x1000 + i / OF_VENDOR, device = i % OF_VENDOR;

	if (i % 10 < 6)
		snprintf(to, size, "pci:v%08Xd%08Xsv*sd*bc*sc*i*", vendor, device);
	else if (i % 10 < 8)
		snprintf(to, size, "pci:v%08Xd%08Xsv%08Xsd%08Xbc*sc*i*", vendor, device, vendor,
			 0x100 + device);
	else if (i % 10 < 9)
		snprintf(to, size, "pci:v%08Xd%08Xsv*sd*bc02sc00i*", vendor, device);
	else
		snprintf(to, size, "pci:v%08Xd*sv*sd*bc%02Xsc00i*", vendor, 0x10 + device);
}

static struct bx_rules *make_rules(size_t n)
{
	struct bx_rules *rules = room(1, sizeof(*rules));
	char pattern[96];

	rules->rule = room(n, sizeof(*rules->rule));
	rules->n = n;
	for (size_t i = 0; i < n; i++) {
		struct bx_rule *r = &rules->rule[i];

		make_pattern(pattern, sizeof(pattern), i);
		*r = (struct bx_rule) {
			.pattern = strdup(pattern), .bus = "pci", .order = i, .line = i + 1,
			.group = BX_RULE_NO_GROUP, .verdict = BX_RULE_DRIVER, .ndrivers = 1,
		};
		snprintf(r->driver[0], sizeof(r->driver[0]), "driver%zu", i % 2000);
		r->specificity = rules_specificity(r);
	}
	return rules;
}

static void free_rules(struct bx_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		free(rules->rule[i].pattern);
	free(rules->rule);
	free(rules);
}

/*
 * The ids of a device that a rule which names vendor and device matches, or none does; of
 * several devices, @k comes at k / DEVICES of the table.
 */
static void make_device(char *modalias, size_t size, size_t n, unsigned int k, bool hit)
{
	unsigned int i = n * k / DEVICES / 10 * 10 + 5;

	snprintf(modalias, size, "pci:v%08Xd%08Xsv0000FFFFsd0000FFFFbc01sc08i02",
		 0x1000 + i / OF_VENDOR, hit ? i % OF_VENDOR : 0xfffe);
}

/* ---- the engine ---- */

/**
 * struct cost - nanoseconds, or instructions
 * @empty: a loop that does nothing
 * @hash: a lookup
 * @engine: an evaluation
 */
struct cost {
	__u64	empty;
	__u64	hash;
	__u64	engine;
	__u32	found;
};

static void least(__u64 *to, __u64 value)
{
	if (!*to || value < *to)
		*to = value;
}

/* The mean of several devices */
static struct cost measure(struct rules_engine *skel, size_t n, bool hit)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct cost cost = {};

	for (unsigned int k = 0; k < DEVICES; k++)
		make_device(skel->bss->device[k].modalias, sizeof(skel->bss->device->modalias),
			    n, k, hit);
	for (int i = 0; i < TRIES; i++) {
		if (bpf_prog_test_run_opts(bpf_program__fd(skel->progs.bench), &opts))
			die("cannot run the engine");
		least(&cost.empty, skel->bss->empty_ns);
		least(&cost.hash, skel->bss->hash_ns);
		least(&cost.engine, skel->bss->engine_ns);
	}
	cost.found = skel->bss->found;
	cost.hash = (cost.hash - cost.empty) / LOOPS;
	cost.engine = (cost.engine - cost.empty) / LOOPS;
	return cost;
}

static struct rules_engine *load_engine(const struct rules_maps *m)
{
	struct rules_engine *skel = rules_engine__open();
	struct object obj = { .bpf = skel ? skel->obj : NULL };
	__u32 value = 1;
	__u64 key = 0;

	if (!skel)
		die("cannot open the engine");
	skel->rodata->rt_format = BX_RT_PCI;
	skel->rodata->rt_buckets = m->store.head->buckets;
	skel->rodata->rt_vendors = m->store.head->vendors;
	if (rules_maps_share(h, &obj, m) || rules_engine__load(skel))
		die("cannot load the engine");
	bpf_map_update_elem(bpf_map__fd(skel->maps.floor_hash), &key, &value, BPF_ANY);
	return skel;
}

static void write_table(struct rules_maps *m, struct rt_drafts *drafts)
{
	struct bx_rt_head head;
	int err = -ENOSPC;

	*m = (struct rules_maps) {};
	for (unsigned int grow = 1; err == -ENOSPC && grow <= 64; grow *= 4) {
		rules_maps_close(m);
		if (rt_table_size(drafts, grow, &head))
			die("cannot size the table");
		head.base = 1;
		if (rules_maps_new(h, &head, m))
			die("cannot make the table");
		err = rt_table_update(&m->store, drafts, 0, 1);
	}
	if (err)
		die("cannot write the table");
}

/* ---- what it is compared with ---- */

/* As struct pci_device_id, and the kernel's function that compares one of them */
struct id {
	__u32	vendor, device, subvendor, subdevice, class, class_mask;
};

#define ANY	(~0U)

static bool match_one(const struct id *id, const struct id *dev)
{
	return (id->vendor == ANY || id->vendor == dev->vendor) &&
		(id->device == ANY || id->device == dev->device) &&
		(id->subvendor == ANY || id->subvendor == dev->subvendor) &&
		(id->subdevice == ANY || id->subdevice == dev->subdevice) &&
		!((id->class ^ dev->class) & id->class_mask);
}

static __attribute__((noinline)) size_t scan(const struct id *ids, size_t n,
					     const struct id *dev)
{
	size_t i = 0;

	while (i < n && !match_one(&ids[i], dev))
		i++;
	return i;
}

/* The compiler leaves out results without a use. */
static volatile size_t scanned;

/* Letters behind the digits may be digits, too. */
static __u32 field(const char *at, size_t len)
{
	char digits[9] = "";

	memcpy(digits, at, len);
	return *at == '*' ? ANY : strtoul(digits, NULL, 16);
}

/* Reads pci:v...d...sv...sd...bc..sc..i* */
static void read_id(struct id *id, const char *pattern)
{
	const char *bc = strstr(pattern, "bc") + 2;

	id->vendor = field(strchr(pattern, 'v') + 1, 8);
	id->device = field(strchr(pattern, 'd') + 1, 8);
	id->subvendor = field(strstr(pattern, "sv") + 2, 8);
	id->subdevice = field(strstr(pattern, "sd") + 2, 8);
	id->class = *bc == '*' ? 0 : field(bc, 2) << 16;
	id->class_mask = *bc == '*' ? 0 : 0xffff00;
}

static __u64 time_scan(const struct bx_rules *rules, const char *modalias)
{
	struct id *ids = room(rules->n, sizeof(*ids)), dev;
	unsigned int loops = rules->n > 10000 ? 10 : 100;
	__u64 best = 0, start;

	for (size_t i = 0; i < rules->n; i++)
		read_id(&ids[i], rules->rule[i].pattern);
	read_id(&dev, modalias);
	for (int i = 0; i < TRIES; i++) {
		start = now();
		for (unsigned int k = 0; k < loops; k++)
			scanned = scan(ids, rules->n, &dev);
		least(&best, (now() - start) / loops);
	}
	free(ids);
	return best;
}

static __u64 time_fnmatch(const struct bx_rules *rules, const char *modalias)
{
	__u64 best = 0, start;
	size_t found = 0;

	for (int i = 0; i < 3; i++) {
		start = now();
		for (size_t k = 0; k < rules->n; k++)
			found += !fnmatch(rules->rule[k].pattern, modalias, 0);
		least(&best, now() - start);
	}
	return found ? best : 0;
}

/* libkmod has an index of the aliases of this kernel. */
static __u64 time_kmod(const char *modalias)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);
	__u64 best = 0, start;

	if (!ctx || kmod_load_resources(ctx) < 0) {
		kmod_unref(ctx);
		return 0;
	}
	for (int i = 0; i < TRIES; i++) {
		struct kmod_list *list = NULL;

		start = now();
		kmod_module_new_from_lookup(ctx, modalias, &list);
		least(&best, now() - start);
		kmod_module_unref_list(list);
	}
	kmod_unref(ctx);
	return best;
}

/* ---- rows ---- */

static void row(const char *what, size_t n, __u64 cost)
{
	if (json)
		printf("%s\n  {\"what\": \"%s\", \"rules\": %zu, \"cost\": %llu}",
		       rows++ ? "," : "", what, n, (unsigned long long)cost);
	else
		printf("%-44s %9zu %11llu\n", what, n, (unsigned long long)cost);
}

/* One rule of the middle changes. */
static void rows_of_change(struct rules_maps *m, struct bx_rules *rules)
{
	struct rt_drafts drafts;
	__u64 start;

	snprintf(rules->rule[rules->n / 2].driver[0], BX_NAME_LEN, "another");
	start = now();
	if (rt_drafts_make(h, rules, NULL, &drafts))
		die("cannot read the rules");
	if (rt_table_update(&m->store, &drafts, 1, 2))
		die("cannot change the table");
	row("replacing one rule", rules->n, now() - start);
	row("replacing one rule: entries written", rules->n, m->store.writes);
	rt_drafts_free(&drafts);
}

static void rows_of(size_t n)
{
	struct bx_rules *rules = make_rules(n);
	char hit[128], miss[128];
	struct rt_drafts drafts;
	struct rules_engine *skel;
	struct rules_maps m;
	struct cost cost;
	__u64 start = now();

	if (rt_drafts_make(h, rules, NULL, &drafts))
		die("cannot read the rules");
	write_table(&m, &drafts);
	row("writing the table", n, now() - start);
	row("memory of the table, bytes", n, rules_maps_bytes(&m));
	rt_drafts_free(&drafts);
	skel = load_engine(&m);
	make_device(hit, sizeof(hit), n, DEVICES / 2, true);
	make_device(miss, sizeof(miss), n, DEVICES / 2, false);
	cost = measure(skel, n, true);
	if (!cost.found)
		die("the rule is not found");
	row("one lookup in a hash", n, cost.hash);
	row("an election: a rule matches", n, cost.engine);
	cost = measure(skel, n, false);
	row("an election: none does", n, cost.engine);
	row("scan of a table of ids: the middle one matches", n, time_scan(rules, hit));
	row("scan of a table of ids: none does", n, time_scan(rules, miss));
	row("fnmatch() on each pattern", n, time_fnmatch(rules, hit));
	rows_of_change(&m, rules);
	rules_engine__destroy(skel);
	rules_maps_close(&m);
	free_rules(rules);
}

int main(int argc, char **argv)
{
	unsigned long max = 100000;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
		else
			max = strtoul(argv[i], NULL, 10);
	}
	if (bx_open(&h, NULL))
		return 1;
	if (json)
		printf("[");
	else
		printf("%-44s %9s %11s\n", "what", "rules", "total");
	for (unsigned long n = 10; n <= max; n *= 10)
		rows_of(n);
	row("libkmod: lookup in the aliases of this kernel", 0,
	    time_kmod("pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00"));
	if (json)
		printf("\n]\n");
	bx_close(h);
	return 0;
}
