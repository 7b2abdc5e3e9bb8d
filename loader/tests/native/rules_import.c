// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * For each device, the drivers of all imported rules that match are the modules that libkmod
 * finds
 *
 * The aliases are those of the kernels that the VM boots.  Devices are made from each pattern:
 * with its free digits chosen at random, with changed digits, and from what two patterns have
 * in common.
 *
 *   BX_ALIASES=DIR  the directory of another kernel's modules
 *   BX_CASES=       patterns to make devices from (all of them)
 *   BX_SEED=        the same devices again
 */
#include <glob.h>
#include <libkmod.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../lib/internal.h"
#include "../../lib/rules_import.h"
#include "../../lib/rules_shape.h"
#include "../../lib/rules_text.h"
#include "tap.h"

#define MOST	256	/* modules of a device */

static struct bx_handle *h;
static struct kmod_ctx *kmod;
static struct bx_rules rules;
static struct rules_shape *shape;
static bool *never;		/* no device matches the pattern */

/* ---- two sets of modules ---- */

/**
 * struct modules - a set of modules
 * @name: their names, sorted
 * @n: number of modules
 */
struct modules {
	char	name[MOST][BX_NAME_LEN];
	size_t	n;
};

/* No driver can have a longer name. */
static unsigned long unnamed;

static void add_module(struct modules *m, const char *name)
{
	if (strlen(name) >= BX_NAME_LEN) {
		unnamed++;
		return;
	}
	for (size_t i = 0; i < m->n; i++)
		if (!strcmp(m->name[i], name))
			return;
	if (m->n == MOST)
		abort();
	strcpy(m->name[m->n++], name);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void write_modules(struct modules *m, char *out)
{
	qsort(m->name, m->n, sizeof(m->name[0]), compare_names);
	for (size_t i = 0; i < m->n; i++)
		out += sprintf(out, "%s ", m->name[i]);
	*out = '\0';
}

static void by_kmod(const char *modalias, char *out)
{
	struct kmod_list *list = NULL, *at;
	struct modules m = {};

	if (kmod_module_new_from_lookup(kmod, modalias, &list) < 0)
		abort();
	kmod_list_foreach(at, list) {
		struct kmod_module *mod = kmod_module_get_module(at);

		/* in 7.3, unlike 6.12, also built-in ones, which modules.alias has not */
		if (kmod_module_get_initstate(mod) != KMOD_MODULE_BUILTIN)
			add_module(&m, kmod_module_get_name(mod));
		kmod_module_unref(mod);
	}
	kmod_module_unref_list(list);
	write_modules(&m, out);
}

/*
 * ---- an index of the rules: by the characters up to the end of the device's number, or of the
 * vendor's ----
 */

#define HASHES	65536

static long *first, *next, *wild;
static size_t nwild;

static unsigned int hash_of(const char *text, size_t len)
{
	unsigned int hash = 5381;

	for (size_t i = 0; i < len; i++)
		hash = hash * 33 + (unsigned char)text[i];
	return (hash ^ hash >> 16) & (HASHES - 1);
}

/* pci:v12345678d12345678, usb:v1234p1234 */
static size_t key_len(const char *text, bool device)
{
	bool pci = !strncmp(text, "pci:", 4);

	return device ? (pci ? 22 : 14) : (pci ? 13 : 9);
}

static void build_index(void)
{
	first = malloc(HASHES * sizeof(*first));
	next = malloc(rules.n * sizeof(*next));
	wild = malloc(rules.n * sizeof(*wild));
	for (size_t i = 0; i < HASHES; i++)
		first[i] = -1;
	for (size_t i = 0; i < rules.n; i++) {
		const char *pattern = rules.rule[i].pattern;
		size_t fixed = strcspn(pattern, "*?[\\");
		unsigned int hash;

		if (fixed < key_len(pattern, false)) {
			wild[nwild++] = i;
			continue;
		}
		hash = hash_of(pattern, key_len(pattern, fixed >= key_len(pattern, true)));
		next[i] = first[hash];
		first[hash] = i;
	}
}

static void consider(struct modules *m, const struct bx_rule *rule,
		     const struct bx_rules_device *d)
{
	if (!rules_match(rule, d))
		return;
	for (unsigned int i = 0; i < rule->ndrivers; i++)
		add_module(m, rule->driver[i]);
}

static void by_rules(const char *modalias, char *out)
{
	static struct bx_rules_device d;
	struct modules m = {};

	snprintf(d.dev.bus, sizeof(d.dev.bus), "%.3s", modalias);
	strcpy(d.dev.modalias, modalias);
	for (int device = 0; device < 2; device++)
		for (long i = first[hash_of(modalias, key_len(modalias, device))]; i >= 0;
		     i = next[i])
			consider(&m, &rules.rule[i], &d);
	for (size_t i = 0; i < nwild; i++)
		consider(&m, &rules.rule[wild[i]], &d);
	write_modules(&m, out);
}

/* ---- devices ---- */

static unsigned long devices, claimed, ambiguous;

static bool agrees(const char *modalias)
{
	char kernel[MOST * BX_NAME_LEN], ours[MOST * BX_NAME_LEN];

	by_kmod(modalias, kernel);
	by_rules(modalias, ours);
	devices++;
	claimed += !!kernel[0];
	ambiguous += strchr(kernel, ' ') != strrchr(kernel, ' ');
	return same(modalias, kernel, ours);
}

static void change(char *modalias, const struct rules_shape *s)
{
	size_t k;

	do {
		k = rand() % s->len;
	} while (s->template[k] != 'X');
	modalias[k] = "0123456789ABCDEF"[rand() % 16];
}

static bool agree_on(size_t i)
{
	char modalias[RULES_SHAPE_LEN + 1];
	struct rules_shape both;
	bool good;

	rules_shape_example(&shape[i], 0, modalias);
	good = agrees(modalias);
	rules_shape_example(&shape[i], rand(), modalias);
	good &= agrees(modalias);
	for (int n = 0; n < 3; n++) {
		change(modalias, &shape[i]);
		good &= agrees(modalias);
	}
	/* what it has in common with one before it */
	for (size_t n = 0, k = i; n < 50 && k--; n++) {
		if (never[k] || !rules_shape_meets(&shape[i], &shape[k], &both))
			continue;
		rules_shape_example(&both, rand(), modalias);
		good &= agrees(modalias);
	}
	/* and with those of whole classes */
	for (size_t n = 0; n < 3 && nwild; n++) {
		size_t k = wild[rand() % nwild];

		if (never[k] || !rules_shape_meets(&shape[i], &shape[k], &both))
			continue;
		rules_shape_example(&both, rand(), modalias);
		good &= agrees(modalias);
	}
	return good;
}

static bool has_shapes(void)
{
	bool good = rules.n;
	enum rules_fit fit;

	shape = calloc(rules.n, sizeof(*shape));
	never = calloc(rules.n, sizeof(*never));
	for (size_t i = 0; i < rules.n; i++) {
		const char *pattern = rules.rule[i].pattern;

		fit = rules_shape(rules.rule[i].bus, pattern, &shape[i]);
		never[i] = fit == RULES_FITS_NEVER;
		if (never[i])
			printf("# no device matches %s\n", pattern);
		else if (fit != RULES_FITS)
			good = same(pattern, "a shape", "none");
	}
	return good;
}

/* A shape lets through what its pattern matches: both are asked about the same devices. */
static bool shapes_are_right(void)
{
	char modalias[RULES_SHAPE_LEN + 1], printed[RULES_SHAPE_TEXT];
	struct rules_shape again;
	bool good = true;

	for (size_t i = 0; good && i < rules.n; i++) {
		const char *pattern = rules.rule[i].pattern;

		if (never[i])
			continue;
		rules_shape_example(&shape[i], rand(), modalias);
		if (!rules_glob_alias(pattern, modalias))
			good = same(pattern, "matches", modalias);
		rules_shape_print(&shape[i], printed);
		if (rules_shape(rules.rule[i].bus, printed, &again) != RULES_FITS ||
		    !rules_shape_includes(&again, &shape[i]) ||
		    !rules_shape_includes(&shape[i], &again))
			good = same(pattern, "the same shape", printed);
	}
	return good;
}

static bool agree_on_all(void)
{
	unsigned long cases = env_number("BX_CASES", 0);
	unsigned long step = 1;
	bool good = true;

	if (cases && cases < rules.n)
		step = rules.n / cases;
	for (size_t i = rand() % step; i < rules.n; i += step)
		good &= never[i] || agree_on(i);
	return good;
}

/* ---- other buses ---- */

/* Makes a text that the pattern matches. */
static void instantiate(const char *pattern, char *out)
{
	for (; *pattern; pattern++) {
		const char *end = *pattern == '[' ? rules_glob_set_end(pattern) : NULL;

		if (*pattern == '*') {
			out += sprintf(out, "%s", rand() % 2 ? "" : rand() % 2 ? "0" : "a-_:");
		} else if (end) {
			*out++ = pattern[1];
			pattern = end - 1;
		} else {
			pattern += *pattern == '\\' && pattern[1];
			*out++ = *pattern == '?' ? 'A' : *pattern;
		}
	}
	*out = '\0';
}

static bool agrees_slowly(const struct bx_rules *all, const char *bus, const char *modalias)
{
	char kernel[MOST * BX_NAME_LEN], ours[MOST * BX_NAME_LEN];
	static struct bx_rules_device d;
	struct modules m = {};

	strcpy(d.dev.bus, bus);
	strcpy(d.dev.modalias, modalias);
	for (size_t i = 0; i < all->n; i++)
		consider(&m, &all->rule[i], &d);
	write_modules(&m, ours);
	by_kmod(modalias, kernel);
	return same(modalias, kernel, ours);
}

static bool other_buses_agree(const char *dir)
{
	char path[PATH_MAX + 32], modalias[512], *text;
	struct bx_rules_imported about;
	struct bx_rules all;
	unsigned int n = 0;
	bool good;

	snprintf(path, sizeof(path), "%s/modules.alias", dir);
	good = !bx_rules_import(h, path, NULL, &text, &about) &&
		!rules_parse(h, "imported", text, strlen(text), NULL, NULL, &all);
	for (size_t i = 0; good && i < all.n; i++) {
		const struct bx_rule *rule = &all.rule[i];

		if (!strcmp(rule->bus, "pci") || !strcmp(rule->bus, "usb"))
			continue;
		instantiate(rule->pattern, modalias);
		if (strlen(modalias) >= BX_MODALIAS_LEN)
			continue;
		n++;
		good &= agrees_slowly(&all, rule->bus, modalias);
	}
	printf("# %u devices of other buses\n", n);
	free(text);
	rules_free(&all);
	return good && n > 100;
}

/* ---- devices that several drivers claim ---- */

static unsigned long told;

static void on_ambiguous(const struct bx_rules_ambiguous *a, void *arg)
{
	char modalias[RULES_SHAPE_LEN + 1], found[MOST * BX_NAME_LEN], word[BX_NAME_LEN + 2];
	struct rules_shape s;
	bool *good = arg;

	told++;
	if (a->ndrivers < 2 || rules_shape(a->bus, a->pattern, &s) != RULES_FITS) {
		*good = same(a->pattern, "several drivers", "one");
		return;
	}
	rules_shape_example(&s, rand(), modalias);
	found[0] = ' ';
	by_kmod(modalias, found + 1);
	for (size_t i = 0; i < a->ndrivers; i++) {
		snprintf(word, sizeof(word), " %s ", a->driver[i]);
		if (!strstr(found, word))
			*good = same(modalias, a->driver[i], found);
	}
}

static bool ambiguous_are_right(const char *dir)
{
	char path[PATH_MAX + 32];
	bool good = true;
	int n;

	snprintf(path, sizeof(path), "%s/modules.alias", dir);
	n = bx_rules_ambiguous(h, NULL, path, NULL, on_ambiguous, &good);
	printf("# %d patterns are claimed by several modules\n", n);
	return good && n > 0 && (unsigned long)n == told;
}

/* ---- the kernel ---- */

static void find_kernel(char *dir, size_t size)
{
	const char *wanted = getenv("BX_ALIASES");
	size_t most = 0;
	struct stat st;
	glob_t found;
	char path[PATH_MAX];

	snprintf(dir, size, "%s", wanted ?: "");
	if (wanted || glob("build/kernel/*/root/lib/modules/*/modules.alias.bin", 0, NULL, &found))
		return;
	/* the kernel with most modules, which is the distribution's */
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (stat(found.gl_pathv[i], &st) || (size_t)st.st_size <= most)
			continue;
		most = st.st_size;
		snprintf(path, sizeof(path), "%s", found.gl_pathv[i]);
		*strrchr(path, '/') = '\0';
		snprintf(dir, size, "%s", path);
	}
	globfree(&found);
}

/* The rules of pci and of usb, in one table */
static bool import(const char *dir)
{
	char path[PATH_MAX + 32], *pci, *usb, *all;
	struct bx_rules_imported about, more;
	bool good;

	snprintf(path, sizeof(path), "%s/modules.alias", dir);
	if (bx_rules_import(h, path, "pci", &pci, &about) ||
	    bx_rules_import(h, path, "usb", &usb, &more))
		return same(path, "is imported", bx_error(h));
	printf("# %s: %zu patterns of pci, %zu of usb; names of %zu are too long\n", path,
	       about.patterns, more.patterns, about.unnamed + more.unnamed);
	if (asprintf(&all, "%s%s", pci, usb) < 0)
		abort();
	good = !rules_parse(h, "imported", all, strlen(all), NULL, NULL, &rules) &&
		rules.n + about.unnamed + more.unnamed >= about.patterns + more.patterns &&
		rules.n > 100;
	free(pci);
	free(usb);
	free(all);
	return good;
}

int main(void)
{
	int seed = env_number("BX_SEED", getpid());
	/* names of loaded modules' drivers must not be read */
	struct bx_open_opts opts = { .sysfs = "/nonexistent" };
	const char *no_config = NULL;
	char dir[PATH_MAX];

	find_kernel(dir, sizeof(dir));
	if (!dir[0]) {
		printf("1..0 # SKIP there is no kernel in build/kernel\n");
		return 0;
	}
	if (bx_open(&h, &opts))
		return 1;
	kmod = kmod_new(dir, &no_config);
	if (!kmod || kmod_load_resources(kmod)) {
		printf("Bail out! libkmod cannot read %s\n", dir);
		return 1;
	}
	srand(seed);
	printf("TAP version 13\n1..7\n# BX_SEED=%d\n", seed);
	check(import(dir), "the aliases of a kernel are rules");
	build_index();
	check(has_shapes(), "each of their patterns is a set of ids");
	check(shapes_are_right(), "which is the one that the pattern matches, and is printed as");
	check(agree_on_all(), "each device has the drivers that libkmod finds");
	printf("# %lu devices, %lu claimed, %lu by several modules, %lu modules with long names\n",
	       devices, claimed, ambiguous, unnamed);
	check(claimed > devices / 10 && claimed < devices && ambiguous > devices / 100,
	      "among them are devices of one module, of several, and of none");
	check(other_buses_agree(dir), "so have devices of other buses");
	check(ambiguous_are_right(dir), "libkmod finds all drivers of devices that several claim");
	free(first);
	free(next);
	free(wild);
	free(shape);
	free(never);
	rules_free(&rules);
	kmod_unref(kmod);
	bx_close(h);
	return failures ? 1 : 0;
}
