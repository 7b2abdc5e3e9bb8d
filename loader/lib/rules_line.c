// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: from the words of a line to a rule
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "rules_text.h"

#define NAME_CHARS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
#define VERDICTS	"driver=NAME, refuse, defer, score=DRIVER:NUMBER, part=COMPOSITE/PART or pass"

/**
 * struct line - a line that is being read
 * @p: the place
 * @l: its words
 * @rule: takes the rule
 * @seen: bits of words that may stand only once
 */
struct line {
	struct rules_place		*p;
	const struct rules_lexed	*l;
	struct bx_rule			*rule;
	unsigned int			seen;
};

/**
 * struct part - a word of a rule
 * @word: the word
 * @name: its part before '=' or '!='
 * @column: its column
 * @negated: '!=', or '!' before a flag
 * @value: the part behind it, lexed; NULL if it has no '='
 */
struct part {
	const struct rules_word	*word;
	char			name[80];
	unsigned int		column;
	bool			negated;
	const char		*value;
};

static void split(const struct rules_word *word, struct part *i)
{
	const char *eq = rules_find(word->text, '='), *from = word->text, *to = eq;
	size_t len;

	*i = (struct part) { .word = word, .column = word->at[0] };
	if (*eq)
		i->value = eq + 1;
	if (*from == '!' && !*eq)
		from++;
	else if (to > from && to[-1] == '!')
		to--;
	i->negated = from != word->text || to != eq;
	len = to - from < (ptrdiff_t)sizeof(i->name) ? (size_t)(to - from) : sizeof(i->name) - 1;
	memcpy(i->name, from, len);
	i->name[len] = '\0';
}

static unsigned int value_column(const struct part *i, const char *at)
{
	return i->word->at[at - i->word->text];
}

/* ---- pattern and bus ---- */

static int check_pattern(struct line *l, const char *pattern)
{
	unsigned int vendor, device;
	char rest;

	/* as lspci and lsusb print ids */
	if (sscanf(pattern, "%4x:%4x%c", &vendor, &device, &rest) == 2)
		return rules_bad(l->p, l->l->word[0].at[0],
				 "'%.64s' is not a modalias; expected pci:v%08Xd%08X* or usb:v%04Xp%04X*",
				 pattern, vendor, device, vendor, device);
	if (!strcmp(pattern, "*") || strchr(pattern, ':'))
		return 0;
	return rules_bad(l->p, l->l->word[0].at[0],
			 "expected a pattern of a modalias, as in pci:v000010ECd*, or *, got '%.64s'",
			 pattern);
}

static int read_pattern(struct line *l)
{
	const struct rules_word *word = &l->l->word[0];
	const char *end = word->text + strlen(word->text);
	char *pattern = malloc(end - word->text + 1);

	if (!pattern)
		return rules_no_memory(l->p);
	l->rule->column = word->at[0];
	l->rule->pattern = pattern;
	rules_to_glob(word->text, end, pattern);
	if (strlen(pattern) >= RULES_PATTERN)
		return rules_bad(l->p, l->rule->column,
				 "the pattern is too long; expected at most %d characters",
				 RULES_PATTERN - 1);
	if (rules_has_open_set(word->text, end))
		return rules_bad(l->p, l->rule->column, "the pattern has '[' without ']'");
	return check_pattern(l, pattern);
}

static bool is_bus_name(const char *name)
{
	return *name && *name != '.' && strlen(name) < BX_NAME_LEN &&
		!name[strspn(name, NAME_CHARS)];
}

static int use_bus(struct line *l, const struct part *i, const char *implied, bool firm)
{
	char name[2 * RULES_LINE];
	unsigned int column;

	if (!i->value || i->negated)
		return rules_bad(l->p, i->column, "expected bus=NAME, one bus");
	column = value_column(i, i->value);
	rules_to_plain(i->value, i->value + strlen(i->value), name);
	if (!is_bus_name(name))
		return rules_bad(l->p, column, "invalid bus '%.64s'; expected the name of one bus",
				 name);
	if (l->rule->bus[0])
		return rules_bad(l->p, i->column, "'bus' is given twice");
	if (implied && firm && strcmp(implied, name))
		return rules_bad(l->p, column,
				 "the pattern is for bus '%s'; expected bus=%s, or no bus=",
				 implied, implied);
	strcpy(l->rule->bus, name);
	return 0;
}

/* The bus comes first: it tells the classes. */
static int read_bus(struct line *l)
{
	char buf[BX_NAME_LEN];
	bool firm;
	const char *implied = rules_bus_of(l->rule->pattern, buf, &firm);
	struct part i;
	int err = 0;

	for (size_t n = 1; !err && n < l->l->n; n++) {
		split(&l->l->word[n], &i);
		if (!strcmp(i.name, "bus"))
			err = use_bus(l, &i, implied, firm);
	}
	if (err || l->rule->bus[0])
		return err;
	if (!implied)
		return rules_bad(l->p, l->rule->column,
				 "the pattern does not tell the bus; expected bus=NAME in this line");
	strcpy(l->rule->bus, implied);
	return 0;
}

/* ---- verdicts ---- */

static bool is_driver_name(const char *name)
{
	return name[0] && strlen(name) < BX_NAME_LEN && !strpbrk(name, "/\n") &&
		name[0] != '.' && name[0] != '$';
}

static int add_driver(struct line *l, const char *name, unsigned int column)
{
	const struct rules_scope *scope = l->p->scope;
	char why[400];

	for (unsigned int k = 0; k < l->rule->ndrivers; k++)
		if (!strcmp(l->rule->driver[k], name))
			return rules_bad(l->p, column, "driver '%s' is named twice", name);
	if (l->rule->ndrivers == BX_MAX_CHOICES)
		return rules_bad(l->p, column, "too many drivers; expected at most %d",
				 BX_MAX_CHOICES);
	if (scope && !scope->may_name(name, why, sizeof(why), scope->arg))
		return rules_bad(l->p, column, "%s", why);
	copy_name(l->rule->driver[l->rule->ndrivers++], BX_NAME_LEN, name);
	return 0;
}

/* The setting is the name of a driver, or a list of names. */
static int read_driver_setting(struct line *l, const char *from, const char *to,
			       unsigned int column)
{
	int len = to - from, err = 0;
	struct rules_setting s;
	char name[128];

	if (l->p->formats) {
		if (l->rule->ndrivers == BX_MAX_CHOICES || len >= BX_NAME_LEN)
			return rules_bad(l->p, column, "too many drivers; expected at most %d",
					 BX_MAX_CHOICES);
		copy_name(l->rule->driver[l->rule->ndrivers++], len + 1, from);
		return 0;
	}
	err = rules_setting_find(l->p, column, from, to, &s);
	if (err)
		return err;
	if (s.type != BX_SETTING_STRING && s.type != BX_SETTING_LIST)
		return rules_bad(l->p, column,
				 "the setting '%.*s' is not a text; expected the name of a driver, of type string or list",
				 len - 1, from + 1);
	for (const char *at = s.value; !err && rules_setting_item(&at, name, sizeof(name));) {
		if (is_driver_name(name))
			err = add_driver(l, name, column);
		else
			err = rules_bad(l->p, column,
					"the setting '%.*s' has the invalid driver '%.64s'; expected a name of 1 to %d characters",
					len - 1, from + 1, name, BX_NAME_LEN - 1);
	}
	return err;
}

/* Reads the name of a driver, which begins at @from, or a setting. */
static int read_driver(struct line *l, const struct part *i, const char *from, const char *to)
{
	char name[2 * RULES_LINE];
	unsigned int column = value_column(i, from);

	if (rules_is_setting(from, to))
		return read_driver_setting(l, from, to, column);
	if (!rules_to_plain(from, to, name))
		return rules_bad(l->p, column,
				 "'%.64s' is a pattern; expected the name of a driver", name);
	if (!is_driver_name(name))
		return rules_bad(l->p, column,
				 "invalid driver '%.64s'; expected a name of 1 to %d characters",
				 name, BX_NAME_LEN - 1);
	return add_driver(l, name, column);
}

static int verdict_driver(struct line *l, const struct part *i)
{
	const char *text, *end;
	int err;

	l->rule->verdict = BX_RULE_DRIVER;
	for (text = i->value;; text = end + 1) {
		end = rules_find(text, ',');
		err = read_driver(l, i, text, end);
		if (err || !*end)
			break;
	}
	if (!err && !l->rule->ndrivers)
		err = rules_bad(l->p, value_column(i, i->value),
				"the list of drivers is empty; expected at least one");
	return err;
}

/* Reads a whole decimal number with a sign. */
static bool number_of(const char *text, long min, long max, long *out)
{
	char *end;

	if (!text[strspn(text, "-")] || strlen(text) > 9 || strspn(text, "0123456789-") !=
	    strlen(text))
		return false;
	*out = strtol(text, &end, 10);
	return !*end && *out >= min && *out <= max;
}

static int verdict_score(struct line *l, const struct part *i)
{
	const char *colon = rules_find(i->value, ':');
	char text[2 * RULES_LINE];
	long score;
	int err;

	l->rule->verdict = BX_RULE_SCORE;
	if (!*colon)
		return rules_bad(l->p, value_column(i, i->value),
				 "expected score=DRIVER:NUMBER, as in score=nvme:100");
	err = read_driver(l, i, i->value, colon);
	if (!err && l->rule->ndrivers != 1)
		err = rules_bad(l->p, value_column(i, i->value), "expected one driver");
	if (err)
		return err;
	rules_to_plain(colon + 1, colon + strlen(colon), text);
	if (!number_of(text, 1, BX_SCORE_MAX, &score))
		return rules_bad(l->p, value_column(i, colon + 1),
				 "invalid score '%.64s'; expected 1 to %d", text, BX_SCORE_MAX);
	l->rule->score = score;
	return 0;
}

static bool is_part_name(const char *text)
{
	return bx_name_is_good(text) && strlen(text) < BX_NAME_LEN;
}

static int verdict_part(struct line *l, const struct part *i)
{
	char text[2 * RULES_LINE], *slash;
	bool plain = rules_to_plain(i->value, i->value + strlen(i->value), text);

	l->rule->verdict = BX_RULE_PART;
	slash = strchr(text, '/');
	if (slash)
		*slash++ = '\0';
	if (!plain || !slash || !is_part_name(text) || !is_part_name(slash) || strchr(slash, '.'))
		return rules_bad(l->p, value_column(i, i->value),
				 "expected part=COMPOSITE/PART, as in part=pair.0/left, with names of at most %d of the characters A-Z a-z 0-9 _ . -, no '.' in PART",
				 BX_NAME_LEN - 1);
	copy_name(l->rule->driver[0], BX_NAME_LEN, text);
	copy_name(l->rule->driver[1], BX_NAME_LEN, slash);
	l->rule->ndrivers = 2;
	return 0;
}

static int option_bound(struct line *l, const struct part *i)
{
	l->rule->bound = true;
	return 0;
}

static int verdict_refuse(struct line *l, const struct part *i)
{
	l->rule->verdict = BX_RULE_REFUSE;
	return 0;
}

static int verdict_defer(struct line *l, const struct part *i)
{
	l->rule->verdict = BX_RULE_DEFER;
	return 0;
}

static int verdict_pass(struct line *l, const struct part *i)
{
	l->rule->verdict = BX_RULE_PASS;
	return 0;
}

/* ---- options ---- */

static int option_priority(struct line *l, const struct part *i)
{
	char text[2 * RULES_LINE];
	long priority;

	rules_to_plain(i->value, i->value + strlen(i->value), text);
	if (!number_of(text, -RULES_PRIORITY, RULES_PRIORITY, &priority))
		return rules_bad(l->p, value_column(i, i->value),
				 "invalid priority '%.64s'; expected %d to %d", text,
				 -RULES_PRIORITY, RULES_PRIORITY);
	l->rule->priority = priority;
	return 0;
}

static int option_until(struct line *l, const struct part *i)
{
	l->rule->until_approved = true;
	if (!strcmp(i->value, "approved"))
		return 0;
	return rules_bad(l->p, value_column(i, i->value),
			 "invalid value '%.64s' of 'until'; expected approved", i->value);
}

static int option_any_order(struct line *l, const struct part *i)
{
	l->rule->any_order = true;
	return 0;
}

static int option_group(struct line *l, const struct part *i)
{
	l->rule->group = BX_GROUP_SLOT;
	if (!i->value || !strcmp(i->value, "slot"))
		return 0;
	l->rule->group = BX_GROUP_IOMMU;
	if (!strcmp(i->value, "iommu"))
		return 0;
	return rules_bad(l->p, value_column(i, i->value),
			 "invalid value '%.64s' of 'group'; expected slot or iommu", i->value);
}

/* ---- words ---- */

#define WITH_VALUE	1
#define WITHOUT_VALUE	2
#define IS_VERDICT	4

static const struct keyword {
	const char	*name;
	unsigned int	flags;
	int		(*read)(struct line *l, const struct part *i);
} keywords[] = {
	{ "driver", WITH_VALUE | IS_VERDICT, verdict_driver },
	{ "refuse", WITHOUT_VALUE | IS_VERDICT, verdict_refuse },
	{ "defer", WITHOUT_VALUE | IS_VERDICT, verdict_defer },
	{ "score", WITH_VALUE | IS_VERDICT, verdict_score },
	{ "pass", WITHOUT_VALUE | IS_VERDICT, verdict_pass },
	{ "part", WITH_VALUE | IS_VERDICT, verdict_part },
	{ "bound", WITHOUT_VALUE, option_bound },
	{ "priority", WITH_VALUE, option_priority },
	{ "until", WITH_VALUE, option_until },
	{ "any-order", WITHOUT_VALUE, option_any_order },
	{ "group", WITH_VALUE | WITHOUT_VALUE, option_group },
};

#define NKEYWORDS	(sizeof(keywords) / sizeof(*keywords))
#define SEEN_VERDICT	0x10000	/* above the bits of the keywords */

static int read_keyword(struct line *l, const struct keyword *k, const struct part *i)
{
	unsigned int bit = k->flags & IS_VERDICT ? SEEN_VERDICT : 1U << (k - keywords);

	if (i->negated)
		return rules_bad(l->p, i->column, "'%s' cannot be negated", k->name);
	if (!(k->flags & WITHOUT_VALUE) && (!i->value || !*i->value))
		return rules_bad(l->p, i->column, "'%s' lacks a value; expected '%s=...'", k->name,
				 k->name);
	if (!(k->flags & WITH_VALUE) && i->value)
		return rules_bad(l->p, i->column, "'%s' takes no value", k->name);
	if (l->seen & bit)
		return rules_bad(l->p, i->column, "%s; expected one",
				 bit == SEEN_VERDICT ? "a second verdict" :
				 "the option is given twice");
	l->seen |= bit;
	return k->read(l, i);
}

static int cond_key(struct line *l, const struct part *i, struct bx_rule_cond *cond)
{
	const char *name = i->name + strlen("cmdline");

	if (*name != '.')
		return 0;
	name++;
	if (!*name || name[strspn(name, NAME_CHARS)] ||
	    strlen(i->name) == sizeof(i->name) - 1)
		return rules_bad(l->p, i->column,
				 "expected cmdline=WORD or cmdline.NAME=VALUE, got '%s'", i->name);
	cond->key = strdup(name);
	return cond->key ? 0 : rules_no_memory(l->p);
}

/* A flag is a condition with one text. */
static int cond_flag(struct line *l, const struct rules_key *key, const struct part *i,
		     struct bx_rule_cond *cond)
{
	const char *flag = rules_key_flag(key);

	if (key->type == RULES_FLAG)
		return 0;
	if (!flag)
		return rules_bad(l->p, i->column, "'%s' lacks a value; expected '%s=...'", i->name,
				 i->name);
	cond->value = calloc(1, sizeof(*cond->value));
	if (cond->value)
		cond->value->text = strdup(flag);
	cond->n = cond->value && cond->value->text;
	return cond->n ? 0 : rules_no_memory(l->p);
}

static int new_cond(struct line *l, unsigned int column, struct bx_rule_cond **cond)
{
	struct bx_rule_cond *more;

	if (l->rule->nconds == RULES_CONDS)
		return rules_bad(l->p, column, "too many conditions; expected at most %d",
				 RULES_CONDS);
	more = realloc(l->rule->cond, (l->rule->nconds + 1) * sizeof(*more));
	if (!more)
		return rules_no_memory(l->p);
	l->rule->cond = more;
	*cond = &more[l->rule->nconds++];
	**cond = (struct bx_rule_cond) {};
	return 0;
}

static int read_cond(struct line *l, const struct part *i)
{
	const struct rules_key *key = rules_key_find(i->name);
	const char *meant;
	struct bx_rule_cond *cond;
	int err;

	if (!key) {
		meant = rules_key_meant(i->name);
		return rules_bad(l->p, i->column,
				 "unknown word '%s'; expected a condition, a verdict or an option%s%s%s",
				 i->name, meant ? "; did you mean '" : "", meant ?: "",
				 meant ? "'?" : "");
	}
	err = new_cond(l, i->column, &cond);
	if (err)
		return err;
	*cond = (struct bx_rule_cond) {
		.kind = key->kind, .what = key->what, .negated = i->negated,
	};
	err = key->kind == BX_COND_CMDLINE ? cond_key(l, i, cond) : 0;
	if (err)
		return err;
	if (!i->value)
		return cond_flag(l, key, i, cond);
	if (key->type == RULES_FLAG)
		return rules_bad(l->p, i->column, "'%s' takes no value; expected %s or !%s",
				 i->name, i->name, i->name);
	return rules_values(l->p, key, l->rule->bus, i->word, i->value, cond);
}

/* A condition without values of its own: where it does not hold, the table lacks the rule. */
static int read_setting(struct line *l, const struct part *i)
{
	struct bx_rule_cond *cond;
	bool holds = true;
	int err;

	if (!l->p->formats) {
		err = rules_setting_cond(l->p, i->word, i->name, i->value, &holds);
		l->rule->absent |= holds == i->negated;
		return err;
	}
	err = new_cond(l, i->column, &cond);
	if (err)
		return err;
	cond->kind = BX_COND_SETTING;
	cond->key = strdup(i->word->text);
	return cond->key ? 0 : rules_no_memory(l->p);
}

static int read_word(struct line *l, const struct rules_word *word)
{
	struct part i;

	split(word, &i);
	if (!strcmp(i.name, "bus"))
		return 0;
	if (i.name[0] == '$')
		return read_setting(l, &i);
	for (size_t k = 0; k < NKEYWORDS; k++)
		if (bx_is_module_of(keywords[k].name, i.name))
			return read_keyword(l, &keywords[k], &i);
	return read_cond(l, &i);
}

/* In a bundle, its setting 'approved' is the list of approvals, which 'bxctl approve' changes. */
static int check_approved(struct line *l)
{
	static const char name[] = "$approved";
	struct rules_setting s;
	int err = rules_setting_find(l->p, l->rule->column, name, name + strlen(name), &s);

	if (err || s.type == BX_SETTING_LIST)
		return err;
	return rules_bad(l->p, l->rule->column,
			 "'until=approved' needs a list; the setting 'approved' has another type");
}

/* Checks the limits of the bundle. */
static int check_scope(struct line *l)
{
	const struct rules_scope *scope = l->p->scope;
	char why[400];

	if (!scope->claimed(l->rule, why, sizeof(why), scope->arg))
		return rules_bad(l->p, l->rule->column, "%s", why);
	return l->rule->until_approved ? check_approved(l) : 0;
}

/* Checks that need the whole line */
static int check_line(struct line *l)
{
	struct bx_rule *rule = l->rule;

	if (!(l->seen & SEEN_VERDICT))
		return rules_bad(l->p, l->l->end, "the rule lacks a verdict; expected " VERDICTS);
	if (rule->bound && rule->verdict != BX_RULE_PART)
		return rules_bad(l->p, rule->column,
				 "'bound' needs a part; expected part=COMPOSITE/PART");
	if (rule->any_order && (rule->ndrivers < 2 || rule->verdict != BX_RULE_DRIVER))
		return rules_bad(l->p, rule->column,
				 "'any-order' needs several drivers; expected driver=A,B");
	rule->specificity = rules_specificity(rule);
	return l->p->scope ? check_scope(l) : 0;
}

int rules_line(struct rules_place *p, const struct rules_lexed *lexed, struct bx_rule *rule)
{
	struct line l = { p, lexed, rule, 0 };
	unsigned int before = p->errors;
	int err;

	rule->group = BX_RULE_NO_GROUP;
	err = read_pattern(&l);
	if (!err)
		err = read_bus(&l);
	/* the words of a line have errors of their own */
	for (size_t n = 1; (!err || err == -EINVAL) && rule->bus[0] && n < lexed->n; n++)
		err = read_word(&l, &lexed->word[n]);
	if (p->errors == before && !err)
		err = check_line(&l);
	return err ?: p->errors == before ? 0 : -EINVAL;
}

void rules_rule_free(struct bx_rule *rule)
{
	for (size_t i = 0; i < rule->nconds; i++) {
		for (size_t k = 0; k < rule->cond[i].n; k++)
			free(rule->cond[i].value[k].text);
		free(rule->cond[i].value);
		free(rule->cond[i].key);
	}
	free(rule->cond);
	free(rule->pattern);
}
