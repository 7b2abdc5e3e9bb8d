// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: rules from the aliases of a kernel's modules
 *
 * modules.alias says which modules claim which devices, in the patterns of rules.  Several
 * modules with one pattern become one rule without an order of preference.  The file has names
 * of modules; sysfs has the drivers of those that are loaded.
 */
#include <dirent.h>
#include <libkmod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "rules_import.h"
#include "rules_text.h"

#define HASHES	65536

/* ---- the list ---- */

/* '-' and '_' are equal. */
static unsigned char folded(char c)
{
	return c == '-' ? '_' : c;
}

static bool is_same(const char *a, const char *b)
{
	for (; *a && folded(*a) == folded(*b); a++)
		b++;
	return !*a && !*b;
}

static unsigned int hash_of(const char *text)
{
	unsigned int hash = 2166136261U;

	for (; *text; text++)
		hash = (hash ^ folded(*text)) * 16777619U;
	return (hash ^ hash >> 16) & (HASHES - 1);
}

static struct rules_alias *find(struct rules_aliases *list, const char *pattern)
{
	for (long i = list->first[hash_of(pattern)]; i >= 0; i = list->alias[i].next)
		if (is_same(list->alias[i].pattern, pattern))
			return &list->alias[i];
	return NULL;
}

static struct rules_alias *add_alias(struct rules_aliases *list, const char *pattern,
				     const char *bus)
{
	unsigned int hash = hash_of(pattern);
	struct rules_alias *more;

	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 1024;

		more = reallocarray(list->alias, room, sizeof(*more));
		if (!more)
			return NULL;
		list->alias = more;
		list->room = room;
	}
	more = &list->alias[list->n];
	*more = (struct rules_alias) { .pattern = strdup(pattern), .next = list->first[hash] };
	if (!more->pattern)
		return NULL;
	strcpy(more->bus, bus);
	list->first[hash] = list->n++;
	return more;
}

static int add_driver(struct rules_alias *a, const char *driver)
{
	char (*more)[BX_NAME_LEN];

	for (size_t i = 0; i < a->n; i++)
		if (!strcmp(a->driver[i], driver))
			return 0;
	more = reallocarray(a->driver, a->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	a->driver = more;
	strcpy(more[a->n++], driver);
	return 0;
}

void rules_aliases_free(struct rules_aliases *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->alias[i].pattern);
		free(list->alias[i].driver);
	}
	free(list->alias);
	free(list->first);
	*list = (struct rules_aliases) {};
}

/* ---- drivers of modules ---- */

/* Adds the drivers of a loaded module, which are links BUS:DRIVER; returns their number. */
static int add_registered(struct bx_handle *h, struct rules_alias *a, const char *module)
{
	char path[512];
	size_t len = strlen(a->bus);
	struct dirent *d;
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/module/%.64s/drivers", h->sysfs, module);
	dir = opendir(path);
	while (dir && n >= 0 && (d = readdir(dir))) {
		if (strncmp(d->d_name, a->bus, len) || d->d_name[len] != ':')
			continue;
		if (strlen(d->d_name + len + 1) < BX_NAME_LEN)
			n = add_driver(a, d->d_name + len + 1) ? -ENOMEM : n + 1;
	}
	if (dir)
		closedir(dir);
	return n;
}

/* A name that is too long for a driver can only be that of the module. */
static int add_module(struct bx_handle *h, struct rules_aliases *list, struct rules_alias *a,
		      const char *module)
{
	int n = add_registered(h, a, module);

	if (n)
		return n < 0 ? n : 0;
	if (strlen(module) < BX_NAME_LEN)
		return add_driver(a, module);
	list->unnamed++;
	return 0;
}

/* ---- the file ---- */

static bool is_plain(const char *text)
{
	for (; *text > ' ' && *text < 0x7f; text++)
		;
	return !*text;
}

static int add_line(struct bx_handle *h, struct rules_aliases *list, const char *only,
		    const char *pattern, const char *module)
{
	char buf[BX_NAME_LEN];
	bool firm;
	const char *bus = rules_bus_of(pattern, buf, &firm);
	struct rules_alias *a;

	if (!is_plain(pattern) || !is_plain(module))
		return 0;
	/* of: and acpi: are aliases of any bus */
	if (!bus || !firm || strlen(pattern) >= RULES_PATTERN ||
	    !strncmp(pattern, "bus_ext:", strlen("bus_ext:"))) {
		list->skipped++;
		return 0;
	}
	if (only && strcmp(bus, only))
		return 0;
	a = find(list, pattern) ?: add_alias(list, pattern, bus);
	return a ? add_module(h, list, a, module) : -ENOMEM;
}

/* A line is "alias PATTERN MODULE"; others are comments. */
static int read_lines(struct bx_handle *h, char *text, const char *only,
		      struct rules_aliases *list)
{
	char *line, *word, *save, *more, *pattern, *module;
	int err = 0;

	for (line = strtok_r(text, "\n", &save); line && !err; line = strtok_r(NULL, "\n", &save)) {
		word = strtok_r(line, " \t", &more);
		if (!word || strcmp(word, "alias"))
			continue;
		pattern = strtok_r(NULL, " \t", &more);
		module = strtok_r(NULL, " \t", &more);
		if (module)
			err = add_line(h, list, only, pattern, module);
	}
	return err ? fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory") : 0;
}

/* Finds the file of the running kernel where modprobe looks for it. */
static int usual_path(struct bx_handle *h, char *path, size_t size)
{
	struct kmod_ctx *kmod = kmod_new(NULL, NULL);

	if (!kmod)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	snprintf(path, size, "%s/modules.alias", kmod_get_dirname(kmod));
	kmod_unref(kmod);
	return 0;
}

int rules_aliases_read(struct bx_handle *h, const char *path, const char *bus,
		       struct rules_aliases *list)
{
	char usual[PATH_MAX], *text = NULL;
	size_t len;
	int err = 0;

	*list = (struct rules_aliases) {};
	if (!path) {
		err = usual_path(h, usual, sizeof(usual));
		path = usual;
	}
	if (!err)
		err = rules_load(h, path, &text, &len);
	if (err)
		return err;
	text[len] = '\0';
	list->first = malloc(HASHES * sizeof(*list->first));
	for (int i = 0; list->first && i < HASHES; i++)
		list->first[i] = -1;
	err = list->first ? read_lines(h, text, bus, list) :
		fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	free(text);
	if (err)
		rules_aliases_free(list);
	return err;
}

/* ---- rules ---- */

/* A rule for the drivers of a pattern from @first on, as many as a rule can name */
static int write_rule(FILE *out, const struct rules_alias *a, size_t first)
{
	struct bx_rule rule = {
		.pattern = a->pattern, .group = BX_RULE_NO_GROUP, .verdict = BX_RULE_DRIVER,
	};
	char *text;

	strcpy(rule.bus, a->bus);
	for (size_t i = first; i < a->n && rule.ndrivers < BX_MAX_CHOICES; i++)
		strcpy(rule.driver[rule.ndrivers++], a->driver[i]);
	rule.any_order = rule.ndrivers > 1;
	text = rules_print(&rule);
	if (!text)
		return -ENOMEM;
	fprintf(out, "%s\n", text);
	free(text);
	return 0;
}

static int write_rules(FILE *out, const struct rules_aliases *list)
{
	int err = 0;

	fprintf(out, "# Drivers that claim devices, from the aliases of a kernel's modules.\n"
		"# A driver has the name of its module, unless that is loaded.\n");
	for (size_t i = 0; !err && i < list->n; i++) {
		if (!i || strcmp(list->alias[i].bus, list->alias[i - 1].bus))
			fprintf(out, "\n");
		if (!list->alias[i].n)
			fprintf(out, "# %s: the name of the module is too long for a driver\n",
				list->alias[i].pattern);
		for (size_t first = 0; !err && first < list->alias[i].n; first += BX_MAX_CHOICES)
			err = write_rule(out, &list->alias[i], first);
	}
	return err;
}

int bx_rules_import(struct bx_handle *h, const char *path, const char *bus, char **text,
		    struct bx_rules_imported *about)
{
	struct rules_aliases list;
	size_t size;
	FILE *out;
	int err;

	*text = NULL;
	err = rules_aliases_read(h, path, bus, &list);
	if (err)
		return err;
	*about = (struct bx_rules_imported) { .patterns = list.n, .skipped = list.skipped,
					       .unnamed = list.unnamed };
	out = open_memstream(text, &size);
	err = out ? write_rules(out, &list) : -ENOMEM;
	if (out && fclose(out))
		err = -ENOMEM;
	rules_aliases_free(&list);
	if (!err)
		return 0;
	free(*text);
	*text = NULL;
	return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
}
