// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the rule for one device of the machine
 *
 * It names the model by its ids, and the device by one fact: where it is, or what only it has.
 * The address of a PCI device is not used unless asked for: it changes when another card
 * is plugged in.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "machine.h"
#include "rules_text.h"
#include "site.h"

/**
 * struct identity - a way to name a device
 * @by: enum bx_identity
 * @word: its name in commands
 * @key: the condition of the language; NULL for none
 * @fact: the fact that it compares; BX_NR_FACTS for a member
 */
struct identity {
	enum bx_identity	by;
	const char		*word;
	const char		*key;
	unsigned int		fact;
};

static const struct identity identities[] = {
	{ BX_BY_PATH,	"path",		"path",		BX_FACT_PATH },
	{ BX_BY_SLOT,	"slot",		"slot",		BX_FACT_SLOT },
	{ BX_BY_SERIAL,	"serial",	"serial",	BX_FACT_SERIAL },
	{ BX_BY_SERIAL,	"dsn",		"serial",	BX_FACT_SERIAL },
	{ BX_BY_MAC,	"mac",		"mac",		BX_FACT_MAC },
	{ BX_BY_ACPI,	"acpi",		"acpi_path",	BX_FACT_ACPI_PATH },
	{ BX_BY_GUID,	"guid",		"guid",		BX_NR_FACTS },
	{ BX_BY_ADDRESS, "name",	"name",		BX_NR_FACTS },
	{ BX_BY_MODEL,	"id",		NULL,		BX_NR_FACTS },
};

#define NR_IDENTITIES	(sizeof(identities) / sizeof(*identities))

int bx_parse_identity(struct bx_handle *h, const char *word, enum bx_identity *by)
{
	for (size_t i = 0; i < NR_IDENTITIES; i++) {
		if (strcmp(identities[i].word, word))
			continue;
		*by = identities[i].by;
		return 0;
	}
	return fail(h, BX_FAULT_USAGE, EINVAL,
		    "'%s' does not tell devices apart; expected path, slot, serial, dsn, mac, acpi, guid, name or id",
		    word);
}

static const struct identity *identity_of(enum bx_identity by)
{
	for (size_t i = 0; i < NR_IDENTITIES; i++)
		if (identities[i].by == by)
			return &identities[i];
	return NULL;
}

const char *bx_identity_text(enum bx_identity by)
{
	return identity_of(by)->word;
}

/* ---- identities that the device has ---- */

/* The value of the condition; empty if the device has none */
static const char *value_of(const struct bx_rules_device *d, const struct identity *id, char *guid)
{
	if (id->fact < BX_NR_FACTS)
		return d->fact[id->fact];
	if (id->by == BX_BY_ADDRESS)
		return d->dev.name;
	if (id->by != BX_BY_GUID)
		return "";
	return bx_guid_text(guid, d->dev.guid);
}

static bool has(const struct bx_rules_device *d, enum bx_identity by)
{
	char guid[BX_GUID_LEN];

	return value_of(d, identity_of(by), guid)[0];
}

/*
 * The serial number of a PCI card is that of all its functions, and the path is that of the
 * interfaces of one USB device, which belong together.
 */
static enum bx_identity best_of(const struct bx_rules_device *d)
{
	static const enum bx_identity usual[] = { BX_BY_PATH, BX_BY_GUID, BX_BY_ACPI };

	if (!strcmp(d->dev.bus, "usb") && has(d, BX_BY_SERIAL))
		return BX_BY_SERIAL;
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		if (has(d, usual[i]))
			return usual[i];
	return BX_BY_ADDRESS;
}

/* ---- the text ---- */

/* Whether the modalias has the ids of the description, as a bus writes them */
static bool has_ids(const struct bx_dev_info *dev, const char *begin)
{
	return !strncmp(dev->modalias, begin, strlen(begin));
}

/* The ids of the model, as patterns of the bus have them; NULL without memory */
static char *pattern_of(const struct bx_dev_info *dev)
{
	char *text;
	int len;

	if (has_ids(dev, "pci:v"))
		len = asprintf(&text, "pci:v%08Xd%08Xsv*sd*bc*sc*i*", dev->vendor, dev->device);
	else if (has_ids(dev, "usb:v"))
		len = asprintf(&text, "usb:v%04Xp%04Xd*", dev->vendor, dev->device);
	else if (has_ids(dev, "hid:b"))
		len = asprintf(&text, "hid:b*g*v%08Xp%08X", dev->vendor, dev->device);
	else if (has_ids(dev, "bus_ext:"))
		len = asprintf(&text, "bus_ext:%s:v%08Xd%08X*", dev->bus, dev->vendor,
			       dev->device);
	else
		return dev->modalias[0] ? rules_print_word(dev->modalias) : strdup("*");
	return len < 0 ? NULL : text;
}

/*
 * Whether one condition holds for all functions of the card, whose other facts a rule for a
 * group could not read: they are in one slot, and their paths differ in the last digit.
 */
static bool names_the_card(const struct bx_rules_device *d, const struct identity *id)
{
	return has_ids(&d->dev, "pci:") && (id->by == BX_BY_PATH || id->by == BX_BY_SLOT);
}

/* The path of each function of the card, as a pattern; NULL without memory */
static char *path_of_card(const char *path)
{
	const char *dot = strrchr(path, '.');
	char *start = strndup(path, dot ? (size_t)(dot + 1 - path) : strlen(path));
	char *word = start ? rules_print_word(start) : NULL, *text = NULL;

	if (word && asprintf(&text, "%s*", word) < 0)
		text = NULL;
	free(word);
	free(start);
	return text;
}

/* The condition, with a blank before it; empty for the model only; NULL without memory */
static char *condition_of(const struct bx_rules_device *d, const struct identity *id, bool card)
{
	char guid[BX_GUID_LEN], *word, *text;
	int len;

	if (!id->key)
		return strdup("");
	if (card && id->by == BX_BY_PATH)
		word = path_of_card(d->fact[BX_FACT_PATH]);
	else
		word = rules_print_word(value_of(d, id, guid));
	len = word ? asprintf(&text, " %s=%s", id->key, word) : -1;
	free(word);
	return len < 0 ? NULL : text;
}

static char *rule_text(const struct bx_rules_device *d, const struct identity *id,
		       const struct bx_site_opts *opts)
{
	bool card = opts->group && names_the_card(d, id);
	char *pattern = card ? strdup("pci:*") : pattern_of(&d->dev);
	char *cond = condition_of(d, id, card), *text = NULL;
	int len = -1;

	if (pattern && cond)
		len = asprintf(&text, "%s bus=%s%s%s %s%s", pattern, d->dev.bus, cond,
			       opts->group && !card ? " group" : "",
			       opts->driver ? "driver=" : "refuse", opts->driver ?: "");
	free(pattern);
	free(cond);
	return len < 0 ? NULL : text;
}

#define MOST_NAMES	512

/* The registered driver whose name is nearest to the one that was typed; empty without one */
static void nearest_driver(struct bx_handle *h, const char *bus, const char *driver,
			   char nearest[BX_NAME_LEN])
{
	const char *names[MOST_NAMES + 1], *found;
	char path[PATH_MAX];
	struct dirent **list;
	int n, used = 0;

	nearest[0] = '\0';
	snprintf(path, sizeof(path), "%s/bus/%s/drivers", h->sysfs, bus);
	n = scandir(path, &list, NULL, alphasort);
	if (n < 0)
		return;
	for (int i = 0; i < n && used < MOST_NAMES; i++)
		names[used++] = list[i]->d_name;
	names[used] = NULL;
	found = text_nearest(driver, names);
	copy_name(nearest, BX_NAME_LEN, found ?: "");
	for (int i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

/* A device that waits for a driver which nothing can bring has none: a typing mistake */
static int check_drivers(struct bx_handle *h, const struct bx_dev_info *dev,
			 const struct bx_rule *rule)
{
	struct bx_driver_source source;
	char nearest[BX_NAME_LEN];

	for (unsigned int i = 0; i < rule->ndrivers; i++) {
		bx_find_driver(h, dev, rule->driver[i], &source);
		if (source.kind != BX_SOURCE_NONE)
			return 0;
	}
	if (!rule->ndrivers)
		return 0;
	nearest_driver(h, dev->bus, rule->driver[0], nearest);
	return fail(h, BX_FAULT_USAGE, ENOENT,
		    "driver '%s' is not registered on bus '%s', and no module can bring it%s%s%s",
		    rule->driver[0], dev->bus, nearest[0] ? "; did you mean '" : "", nearest,
		    nearest[0] ? "'?" : "");
}

/* The canonical form; the text is wrong only if a driver's name is. */
static int canonical(struct bx_handle *h, const struct bx_dev_info *dev, char **text)
{
	struct bx_rules rules;
	int err = rules_parse(h, "rule", *text, strlen(*text), NULL, NULL, &rules);

	free(*text);
	*text = NULL;
	if (err)
		return err;
	err = check_drivers(h, dev, &rules.rule[0]);
	if (!err)
		*text = rules_print(&rules.rule[0]);
	rules_free(&rules);
	if (err)
		return err;
	return *text ? 0 : fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
}

static int lacks(struct bx_handle *h, const struct bx_rules_device *d, enum bx_identity by)
{
	return hint_explain(h, d->dev.bus, d->dev.name,
			    fail(h, BX_FAULT_USAGE, ENODATA,
				 "device '%s/%s' has no %s by which a rule could name it",
				 d->dev.bus, d->dev.name, identity_of(by)->key));
}

int bx_site_propose(struct bx_handle *h, const struct bx_rules_device *d,
		    const struct bx_site_opts *opts, enum bx_identity *by, char **text)
{
	*text = NULL;
	*by = opts->by == BX_BY_BEST ? best_of(d) : opts->by;
	if (*by != BX_BY_MODEL && !has(d, *by))
		return lacks(h, d, *by);
	*text = rule_text(d, identity_of(*by), opts);
	if (!*text)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	return canonical(h, &d->dev, text);
}

/* ---- what a rule matches ---- */

static int list_matches(const struct bx_rule *rule, const struct machine *m, bx_device_fn fn,
			void *arg)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < m->n; i++)
		if (!strcmp(m->device[i].rec.dev.bus, rule->bus) &&
		    rules_match(rule, m->device[i].rules))
			ret = fn(&m->device[i].rec, arg);
	return ret;
}

int bx_site_matches(struct bx_handle *h, const char *text, bx_device_fn fn, void *arg)
{
	struct bx_rules rules;
	struct machine m = {};
	int ret = rules_parse(h, "rule", text, strlen(text), NULL, NULL, &rules);

	if (ret)
		return ret;
	if (rules.n)
		ret = machine_read(h, rules.rule[0].bus, &m);
	if (!ret && rules.n)
		ret = list_matches(&rules.rule[0], &m, fn, arg);
	machine_free(&m);
	rules_free(&rules);
	return ret;
}

/* ---- all rules of the machine ---- */

static int list_rule(struct bx_handle *h, const struct bx_rule *rule, const struct machine *m,
		     const struct bx_site_listing *listing)
{
	struct bx_site_line line = { .file = rule->file, .line = rule->line };
	char *text = rules_print(rule);
	int ret;

	if (!text)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	line.text = text;
	ret = listing->begin(&line, listing->arg);
	if (!ret)
		ret = list_matches(rule, m, listing->match, listing->arg);
	if (!ret)
		ret = listing->end(&line, listing->arg);
	free(text);
	return ret;
}

int bx_site_list(struct bx_handle *h, const struct bx_site_listing *listing)
{
	struct bx_rules rules;
	struct machine m = {};
	int ret = site_read(h, NULL, NULL, &rules);

	if (!ret && rules.n)
		ret = machine_read(h, NULL, &m);
	for (size_t i = 0; !ret && i < rules.n; i++)
		ret = list_rule(h, &rules.rule[i], &m, listing);
	machine_free(&m);
	rules_free(&rules);
	return ret;
}
