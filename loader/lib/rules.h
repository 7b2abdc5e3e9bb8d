/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: rules, the tables that decide without a policy's own code
 *
 *	rules_words.c  names of conditions, buses and classes (rules_text.h)
 *	rules_lex.c    from a line to words
 *	rules_value.c  from a word to values
 *	rules_line.c   from words to a rule
 *	rules_read.c   files, and those that they include
 *	rules_print.c  from a rule to its canonical text
 *	rules_format.c from a file to its canonical text, with comments
 *	rules_glob.c   globs
 *	rules_eval.c   the meaning of the model: slow and obvious
 *	rules_explain.c  why a rule wins, and others do not
 *	rules_device.c devices, described ones and those of the machine
 *	rules_check.c  rules that never win (rules_check.h)
 *	rules_shape.c  patterns as sets of ids (rules_shape.h)
 *	rules_import.c rules from modules.alias (rules_import.h)
 *	rules_ambiguous.c  devices that several drivers claim
 *	rules_stats.c  what a table has
 *	machine.c      the devices of the machine (machine.h)
 *	rules_setting.c  settings of a bundle in its rules
 *	rules_claim.c  the vendors that a rule is for
 *	rules_bundle.c  the rules of a bundle (rules_bundle.h)
 *	rules_change.c  activating a table (rules_change.h)
 *	site.c         the rule for one device of the machine
 *	site_file.c    the rules of the machine, rules.d
 *	site_kept.c    the rules that were active last
 *	site_approved.c  the approved devices of the machine
 *
 * The language is described in docs/rules.md.  Shorthands, aliases of values and the
 * defaults of the language end in the parser: two rules that mean the same have the same
 * model.
 */
#ifndef _BUSEXT_RULES_H
#define _BUSEXT_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "../busext.h"

/* Limits, for hostile files */
#define RULES_LINE	4096		/* bytes of a line */
#define RULES_SIZE	(64 << 20)	/* bytes of a file */
#define RULES_MAX	1000000		/* rules, with those of included files */
#define RULES_DEPTH	8		/* files that include each other */
#define RULES_FILES	1024		/* files */
#define RULES_CONDS	32		/* conditions of a rule */
#define RULES_VALUES	256		/* values of a condition */
#define RULES_PATTERN	256		/* bytes of a pattern, with the NUL */
#define RULES_PRIORITY	1000000		/* priorities are -RULES_PRIORITY to this */

/**
 * enum bx_cond_kind - what a condition compares
 * @BX_COND_FACT: a fact by name; @what is enum bx_fact.  A fact that the device lacks, or
 *	that cannot be read, is the empty text.
 * @BX_COND_MEMBER: a member of the description; @what is enum bx_rule_member
 * @BX_COND_FLAG: a bit of bx_dev_info.flags, which @what is; without values
 * @BX_COND_CMDLINE: the kernel command line.  Without @key, a value is a whole word of the
 *	line; with @key, the text of the last "KEY=text" of it, empty without one.  '-' and '_'
 *	are equal in keys and in whole words.  Quotes of the line are dropped.  The line is the
 *	same until the next boot: an engine may evaluate this when the table is loaded.
 * @BX_COND_SETTING: a setting of a bundle, which @key is, as it was written.  Only while a
 *	file is formatted: where settings have values, the reader evaluates it.
 */
enum bx_cond_kind {
	BX_COND_FACT,
	BX_COND_MEMBER,
	BX_COND_FLAG,
	BX_COND_CMDLINE,
	BX_COND_SETTING,
};

/**
 * enum bx_rule_member - member of struct bx_dev_info
 *
 * The first ones are texts, with values of kind BX_VALUE_TEXT and BX_VALUE_GLOB, those from
 * BX_MEMBER_VENDOR on are numbers, with values of kind BX_VALUE_RANGE.
 *
 * @BX_MEMBER_NAME: name
 * @BX_MEMBER_PARENT: parent, empty if there is none
 * @BX_MEMBER_PARENT_DRIVER: parent_driver, empty if there is none
 * @BX_MEMBER_GUID: guid, as the kernel writes it, 36 characters in lower case; empty if it is
 *	all zero
 * @BX_MEMBER_VENDOR: vendor
 * @BX_MEMBER_DEVICE: device
 * @BX_MEMBER_SUBVENDOR: subvendor
 * @BX_MEMBER_SUBDEVICE: subdevice
 * @BX_MEMBER_REVISION: revision
 * @BX_MEMBER_CLASS: class.  On bus usb, where bx_dev_info has none: class, subclass and
 *	protocol, 8 bits each, of the interface, from its modalias (icXXiscXXipXX); of a device,
 *	which has no modalias, any of those of the fact "interfaces".
 * @BX_MEMBER_VF_INDEX: vf_index, -1 for anything but a virtual function
 * @BX_MEMBER_NUMA_NODE: numa_node, -1 if unknown
 * @BX_MEMBER_IOMMU_GROUP: iommu_group, -1 if there is none
 */
enum bx_rule_member {
	BX_MEMBER_NAME,
	BX_MEMBER_PARENT,
	BX_MEMBER_PARENT_DRIVER,
	BX_MEMBER_GUID,
	BX_MEMBER_VENDOR,
	BX_MEMBER_DEVICE,
	BX_MEMBER_SUBVENDOR,
	BX_MEMBER_SUBDEVICE,
	BX_MEMBER_REVISION,
	BX_MEMBER_CLASS,
	BX_MEMBER_VF_INDEX,
	BX_MEMBER_NUMA_NODE,
	BX_MEMBER_IOMMU_GROUP,
	BX_NR_MEMBERS,
};

/**
 * enum bx_value_kind - kind of a value
 * @BX_VALUE_TEXT: the whole text equals it
 * @BX_VALUE_GLOB: the whole text matches it: '*', '?', '[...]' as rules_glob()
 * @BX_VALUE_RANGE: the number is from @low to @high; of a fact, its text must be a decimal
 *	number of at most 18 digits (acpi_index, configuration)
 * @BX_VALUE_SETTING: a setting of a bundle, as it was written.  Only while a file is formatted.
 */
enum bx_value_kind {
	BX_VALUE_TEXT,
	BX_VALUE_GLOB,
	BX_VALUE_RANGE,
	BX_VALUE_SETTING,
};

struct bx_rule_value {
	enum bx_value_kind	kind;
	char			*text;
	long long		low;
	long long		high;
};

/**
 * struct bx_rule_cond - a condition
 * @kind: enum bx_cond_kind
 * @what: see there
 * @key: with BX_COND_CMDLINE, the parameter, or NULL
 * @negated: the condition holds if no value does
 * @value: the values, of which one must match
 * @n: number of values; 0 only with BX_COND_FLAG, and if a setting is an empty list: then
 *	no value matches
 */
struct bx_rule_cond {
	enum bx_cond_kind	kind;
	unsigned int		what;
	char			*key;
	bool			negated;
	struct bx_rule_value	*value;
	size_t			n;
};

/**
 * enum bx_rule_verdict - result of a rule
 * @BX_RULE_DRIVER: the first of its drivers that can be had
 * @BX_RULE_REFUSE: no driver
 * @BX_RULE_DEFER: no driver yet
 * @BX_RULE_SCORE: a score for a driver, the result of match(); the search continues
 * @BX_RULE_PASS: no opinion, and the search ends
 * @BX_RULE_PART: the device is a part of a composite device, @driver[0], by the name
 *	@driver[1]; the search continues
 */
enum bx_rule_verdict {
	BX_RULE_DRIVER,
	BX_RULE_REFUSE,
	BX_RULE_DEFER,
	BX_RULE_SCORE,
	BX_RULE_PASS,
	BX_RULE_PART,
};

/** BX_RULE_NO_GROUP - the rule is for one device, see struct bx_rule.group */
#define BX_RULE_NO_GROUP	(-1)

/**
 * struct bx_rule - a rule
 * @pattern: glob on the modalias, as rules_glob_alias(); "*" also matches devices without
 *	one
 * @bus: its bus, never empty
 * @cond: conditions, all of which must hold
 * @nconds: number of conditions; that on the bus is not one
 * @verdict: enum bx_rule_verdict
 * @driver: drivers of BX_RULE_DRIVER, or the one of BX_RULE_SCORE
 * @ndrivers: number of drivers
 * @score: 1 to BX_SCORE_MAX, with BX_RULE_SCORE
 * @priority: the highest wins
 * @specificity: next, the highest wins: rules_specificity()
 * @order: at last, the lowest wins: number of the rule, from 0
 * @group: enum bx_group, or BX_RULE_NO_GROUP.  With a group, the rule matches a device if
 *	pattern and conditions match any member of its group on the same bus, the device
 *	included.
 * @until_approved: the rule does not match a device that is approved: whose fact
 *	"fingerprint" is in the list of approvals
 * @bound: with BX_RULE_PART, the part is there while a driver of its own is bound
 * @any_order: the drivers are in no order of preference: registered ones come first
 * @absent: a setting of its bundle excludes it from the table
 * @file: name of its file, as in messages
 * @line: line, from 1
 * @column: column of the pattern, from 1
 */
struct bx_rule {
	char			*pattern;
	char			bus[BX_NAME_LEN];
	struct bx_rule_cond	*cond;
	size_t			nconds;
	enum bx_rule_verdict	verdict;
	char			driver[BX_MAX_CHOICES][BX_NAME_LEN];
	unsigned int		ndrivers;
	unsigned int		score;
	int			priority;
	unsigned int		specificity;
	unsigned int		order;
	int			group;
	bool			until_approved;
	bool			bound;
	bool			any_order;
	bool			absent;
	const char		*file;
	unsigned int		line;
	unsigned int		column;
};

/**
 * struct bx_rules - a table
 * @rule: its rules, in the order of lines; an included file stands for its line
 * @n: number of rules
 * @file: names of files, the first of which was asked for
 * @nfiles: number of files
 * @approved: fingerprints of approved devices, which are not of the text
 * @napproved: number of fingerprints
 */
struct bx_rules {
	struct bx_rule	*rule;
	size_t		n;
	char		**file;
	size_t		nfiles;
	char		(*approved)[BX_FINGERPRINT_LEN];
	size_t		napproved;
};

/*
 * rules_glob.c: '*' any text, '?' any character, '[...]' one of a set, '[!...]' or '[^...]'
 * none of it, with ranges by the value of bytes, and ']' as its first member; a '[' without
 * its end is a character.  '\' makes the next character a plain one, also in a set.  No
 * character is special in the text, also not '/' and a leading '.'.
 */
bool rules_glob(const char *glob, const char *text);
/*
 * The same as modprobe compares: each '-' of the text is a '_', and so is each '-' of the glob
 * that is not in a set.
 */
bool rules_glob_alias(const char *glob, const char *text);
/* Returns the end of the set that begins at @set, past its ']'; NULL if it has none. */
const char *rules_glob_set_end(const char *set);
/* Number of characters that the glob fixes: not '*', '?' or a set */
unsigned int rules_glob_fixed(const char *glob);

/* ---- order ---- */

/* 64 for each character that the pattern fixes, and the number of conditions */
unsigned int rules_specificity(const struct bx_rule *rule);
/* Below 0 if @a wins over @b, if both match; 0 only for the same rule */
int rules_compare(const struct bx_rule *a, const struct bx_rule *b);
/* Points to all rules of the table in this order; to be freed; NULL without memory */
const struct bx_rule **rules_ranked(const struct bx_rules *rules);

/**
 * struct bx_rules_device - a device to evaluate rules for
 * @dev: its description
 * @fact: texts of its facts; empty if it lacks one
 * @cmdline: the kernel command line, or NULL
 * @approved: it is approved
 * @member: other members of its groups, each a device of its own; their groups are not used
 * @in_group: for each of them, bits 1 << enum bx_group
 * @nmembers: number of members
 */
struct bx_rules_device {
	struct bx_dev_info	dev;
	char			fact[BX_NR_FACTS][BX_FACT_LEN];
	char			*cmdline;
	bool			approved;
	struct bx_rules_device	**member;
	unsigned int		*in_group;
	size_t			nmembers;
};

/* rules_device.c: reads the ids in the modalias; false if it is not one of the bus. */
bool rules_device_ids(struct bx_dev_info *dev);

/* rules_eval.c: a condition, and all that makes a rule match */
bool rules_cond_holds(const struct bx_rule_cond *cond,
		      const struct bx_rules_device *device);
bool rules_match(const struct bx_rule *rule,
		 const struct bx_rules_device *device);
/*
 * Why a rule does not match the device itself; BX_RULE_MATCHES if it does.  *@cond: the first
 * condition that does not hold, with BX_RULE_CONDITION; may be NULL
 */
enum bx_rule_why rules_mismatch(const struct bx_rule *rule, const struct bx_rules_device *device,
				const struct bx_rule_cond **cond);
/*
 * Returns the winner: the first rule, in the order of rules_compare(), that matches and
 * has a verdict for select(); NULL without one.
 */
const struct bx_rule *rules_select(const struct bx_rules *rules,
				   const struct bx_rules_device *device);
/* Returns the first rule, in the same order, that matches and names a part; or NULL. */
const struct bx_rule *rules_part(const struct bx_rules *rules,
				 const struct bx_rules_device *device);
/* Whether the verdict is one for select() */
bool rules_selects(const struct bx_rule *rule);
/*
 * Returns the score of a driver: that of the first rule, in the same order, that matches,
 * and scores it, and comes before the winner; 0 without one.
 */
unsigned int rules_score(const struct bx_rules *rules,
			 const struct bx_rules_device *device,
			 const char *driver);

/*
 * rules_read.c: a text, which need not end with a NUL and is not kept, without includes; and a
 * file.  @fn is called for each error, and may be NULL; the first one is bx_error().  After an
 * error @rules is empty.
 */
int rules_parse(struct bx_handle *h, const char *name, const char *text, size_t len,
		bx_rules_problem_fn fn, void *arg, struct bx_rules *rules);
int rules_read(struct bx_handle *h, const char *path, bx_rules_problem_fn fn, void *arg,
	       struct bx_rules *rules);
/* The same for @n files, as if one file included them in this order */
int rules_read_all(struct bx_handle *h, char *const *paths, size_t n, bx_rules_problem_fn fn,
		   void *arg, struct bx_rules *rules);
/* The same for @n files of a bundle, by their names in it */
struct rules_scope;
int rules_read_scoped(struct bx_handle *h, const struct rules_scope *scope,
		      const char *const *names, size_t n, bx_rules_problem_fn fn, void *arg,
		      struct bx_rules *rules);
void rules_free(struct bx_rules *rules);

/* rules_approved.c: adds a fingerprint to the list, once */
int rules_approve(struct bx_handle *h, struct bx_rules *rules, const char *fingerprint);
bool rules_is_approved(const struct bx_rules *rules, const char *fingerprint);

#endif /* _BUSEXT_RULES_H */
