/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: the text of rules, on its way to the model and back
 *
 * A lexed word is in one form for all readers: a backslash precedes each character that is
 * special somewhere and was quoted; all others are as they were written.
 */
#ifndef _BUSEXT_RULES_TEXT_H
#define _BUSEXT_RULES_TEXT_H

#include <stdint.h>

#include "rules.h"

/* ---- names: rules_words.c ---- */

/**
 * enum rules_type - type of a condition's values
 * @RULES_TEXT: texts, may be globs
 * @RULES_LOWER: the same, of things that are always in lower case
 * @RULES_SWITCH: "0" or "1"; the condition is also a flag, for "1"
 * @RULES_REMOVABLE: "fixed", "removable" or "unknown"; also a flag, for "removable"
 * @RULES_NUMBER: decimal numbers and ranges
 * @RULES_INDEX: the same, or "none" for -1
 * @RULES_ID: hexadecimal numbers and ranges
 * @RULES_CLASS: 2, 4 or 6 hexadecimal digits, ranges, or a name; on buses other than pci and
 *	usb, as RULES_ID
 * @RULES_FLAG: no values
 */
enum rules_type {
	RULES_TEXT,
	RULES_LOWER,
	RULES_SWITCH,
	RULES_REMOVABLE,
	RULES_NUMBER,
	RULES_INDEX,
	RULES_ID,
	RULES_CLASS,
	RULES_FLAG,
};

/* Buses whose devices can have a fact */
enum rules_buses {
	RULES_ON_PCI	= 1 << 0,
	RULES_ON_USB	= 1 << 1,
	RULES_ON_HID	= 1 << 2,
	RULES_ON_OTHER	= 1 << 3,
	RULES_ON_ALL	= 0xf,
};

/**
 * struct rules_key - a condition that the language has
 * @name: its name
 * @kind: what it compares
 * @what: enum bx_fact, enum bx_rule_member, or a bit of enum bx_dev_flags
 * @type: type of its values
 * @buses: buses whose devices can have it
 */
struct rules_key {
	const char		*name;
	enum bx_cond_kind	kind;
	unsigned int		what;
	enum rules_type		type;
	enum rules_buses	buses;
};

/* NULL if there is no such condition; '-' and '_' are equal in @name. */
const struct rules_key *rules_key_find(const char *name);
const struct rules_key *rules_key_of(const struct bx_rule_cond *cond);
/* The conditions, counted from 0; NULL after the last */
const struct rules_key *rules_key_at(size_t i);
/* The name of a condition or another word that was probably meant, or NULL */
const char *rules_key_meant(const char *name);
/* The flag's text, which the condition compares; NULL if it needs a value */
const char *rules_key_flag(const struct rules_key *key);
enum rules_buses rules_bus_bit(const char *bus);

/*
 * The bus of a pattern, by its beginning; NULL if that does not tell.  *@firm: devices of other
 * buses do not have such a modalias.
 */
const char *rules_bus_of(const char *pattern, char *buf, bool *firm);

/**
 * struct rules_class - a class with a name
 * @bus: "pci" or "usb"
 * @name: its name
 * @codes: the classes, each 2, 4 or 6 hexadecimal digits, separated by blanks
 */
struct rules_class {
	const char	*bus;
	const char	*name;
	const char	*codes;
};

const struct rules_class *rules_class_at(size_t i);
/* Reads 2, 4 or 6 hexadecimal digits. */
bool rules_class_range(const char *digits, size_t len, long long *low, long long *high);

/* ---- words: rules_lex.c ---- */

#define RULES_WORDS	64	/* words of a line */

/* Stands for "" in a lexed text, so that an empty text is not the same as none */
#define RULES_EMPTY	'\1'

/**
 * struct rules_word - a word of a line
 * @text: the word in lexed form
 * @at: for each of its bytes and the NUL, the column, from 1
 */
struct rules_word {
	const char	*text;
	const uint16_t	*at;
};

/**
 * struct rules_lexed - a line
 * @n: number of words
 * @word: the words
 * @comment: the comment with its '#', or NULL; without a NUL
 * @comment_len: its length
 * @end: column behind the last word
 * @column: of an error
 * @error: the error, or NULL
 */
struct rules_lexed {
	size_t			n;
	struct rules_word	word[RULES_WORDS];
	const char		*comment;
	size_t			comment_len;
	unsigned int		end;
	unsigned int		column;
	const char		*error;
	char			text[2 * RULES_LINE + 2 * RULES_WORDS];
	uint16_t		at[2 * RULES_LINE + 2 * RULES_WORDS];
};

void rules_lex(const char *line, size_t len, struct rules_lexed *out);
/* Returns the first @c of the lexed text that was not quoted, or its end. */
const char *rules_find(const char *text, char c);
/* Whether the lexed text has a set without an end, which is a typing mistake */
bool rules_has_open_set(const char *from, const char *to);
/*
 * Copy the text from @from to @to: with a backslash only before the special characters of a
 * glob, or plain.  rules_plain() returns false if there was a glob.  @buf must hold the text.
 */
void rules_to_glob(const char *from, const char *to, char *buf);
bool rules_to_plain(const char *from, const char *to, char *buf);

/* ---- values and rules ---- */

/**
 * struct rules_setting - a setting of a bundle
 * @type: enum bx_setting_type
 * @value: its value, as text; of a list, the items with commas between them
 */
struct rules_setting {
	int		type;
	const char	*value;
};

/**
 * struct rules_scope - the bundle that a file of rules belongs to
 * @dir: its directory; only files in it can be included
 * @shown: the name of the directory in messages
 * @setting: finds a setting by its name
 * @may_name: whether its rules may name a driver; if not, @why takes the reason
 * @claimed: whether it may decide about the devices of a rule; likewise
 * @arg: their last argument
 */
struct rules_scope {
	const char	*dir;
	const char	*shown;
	bool		(*setting)(const char *name, struct rules_setting *s, void *arg);
	bool		(*may_name)(const char *driver, char *why, size_t size, void *arg);
	bool		(*claimed)(const struct bx_rule *rule, char *why, size_t size, void *arg);
	void		*arg;
};

/**
 * struct rules_place - where a reader is, and what it found
 * @h: the handle
 * @file: name of the file
 * @line: line, from 1
 * @errors: number of errors until now
 * @scope: the bundle, or NULL: without one, there are no settings
 * @formats: settings stay in the model as they are written
 * @fn: called for each error; may be NULL
 * @arg: its second argument
 */
struct rules_place {
	struct bx_handle	*h;
	const char		*file;
	unsigned int		line;
	unsigned int		errors;
	const struct rules_scope *scope;
	bool			formats;
	bx_rules_problem_fn	fn;
	void			*arg;
};

/* rules_read.c: tells an error; returns a negative errno. */
int rules_bad(struct rules_place *p, unsigned int column, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int rules_no_memory(struct rules_place *p);

/* rules_value.c: values of the lexed text @text, which stand in @word */
int rules_values(struct rules_place *p, const struct rules_key *key, const char *bus,
		 const struct rules_word *word, const char *text, struct bx_rule_cond *cond);

/*
 * rules_setting.c: settings, written $NAME.  rules_setting_find() tells an error if there is
 * none; @from is the name in the lexed text, with its '$'.
 */
bool rules_is_setting(const char *from, const char *to);
int rules_setting_find(struct rules_place *p, unsigned int column, const char *from,
		       const char *to, struct rules_setting *s);
/* A condition on a setting: *@holds tells whether the rule is in the table. */
int rules_setting_cond(struct rules_place *p, const struct rules_word *word, const char *name,
		       const char *value, bool *holds);
/* The next item of a list; false after the last one. *@at is the rest of the list. */
bool rules_setting_item(const char **at, char *item, size_t size);

/* rules_line.c: a line that is not empty; file, line and order of the rule are set. */
int rules_line(struct rules_place *p, const struct rules_lexed *l, struct bx_rule *rule);
void rules_rule_free(struct bx_rule *rule);

/* rules_print.c: the three parts of a canonical line; to be freed.  NULL without memory */
enum rules_part {
	RULES_PATTERN_PART,
	RULES_COND_PART,
	RULES_VERDICT_PART,
	RULES_PARTS,
};

char *rules_print_part(const struct bx_rule *rule, enum rules_part part);
/* The line, its parts separated by blanks */
char *rules_print(const struct bx_rule *rule);
char *rules_print_verdict(const struct bx_rule *rule);
char *rules_print_cond(const struct bx_rule *rule, const struct bx_rule_cond *cond);
/* A plain text, with quotes if it needs them */
char *rules_print_word(const char *text);

/*
 * rules_format.c: returns the canonical form of a file, to be freed, or an errno; the errors are
 * those of rules_parse(), without reading included files.
 */
int rules_format(struct bx_handle *h, const char *name, const char *text, size_t len,
		 bx_rules_problem_fn fn, void *arg, char **out, size_t *out_len);

/* rules_read.c: reads a whole file of rules, to be freed. */
int rules_load(struct bx_handle *h, const char *path, char **text, size_t *len);

#endif /* _BUSEXT_RULES_TEXT_H */
