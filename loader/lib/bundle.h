/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: a bundle, and what the files below share
 *
 *	bundle.c   the manifest
 *	claims.c   buses and vendors that policies may decide about
 *	settings.c the settings in the manifest, and their values
 *	list.c     those that are lists of texts
 *	constants.c  the values as constants of the policies
 *	activate.c load, verify, activate
 *	rules_bundle.c  its rules (rules_bundle.h)
 *	plan.c     what applying it would change
 *	cases.c    the bundle's own test cases
 *	locate.c   finding bundles by name, and which may be loaded
 *	inspect.c  inspection without a kernel
 *	sign.c, signature.c, trust.c, keys.c, cert.c  its signer (sign.h, trust.h)
 *	tree.c, archive.c  its files
 */
#ifndef _BUSEXT_BUNDLE_H
#define _BUSEXT_BUNDLE_H

#include "internal.h"
#include "yaml.h"

#define MANIFEST	"bundle.yaml"

#define MAX_POLICIES	32
#define MAX_OBJECTS	8
#define MAX_RULE_FILES	32
#define MAX_CLAIMS	64
#define MAX_SETTINGS	64
#define MAX_VALUES	32
#define MAX_VALUE_LEN	128
#define MAX_ITEMS	64
#define MAX_LIST_LEN	4224	/* 64 fingerprints, with commas */

/* SHA-256 of a certificate in hexadecimal, with its NUL */
#define FINGERPRINT_SIZE	65

struct bundle_table;
struct signer;

/**
 * struct setting - a setting of a bundle
 * @about: its public description
 * @min: least number
 * @max: greatest number
 * @values: the allowed values, when there is a list of them
 * @nr_values: number of @values
 * @value: the value, as text; of a list, its items with commas between them
 * @initial: the default of a list; NULL for other types
 * @allowed: readable description of the allowed values
 */
struct setting {
	struct bx_setting	about;
	int64_t			min;
	int64_t			max;
	const char		*values[MAX_VALUES];
	unsigned int		nr_values;
	char			value[MAX_LIST_LEN];
	char			*initial;
	char			allowed[512];
};

struct claim {
	const char	*bus;
	int64_t		vendor;		/* BX_ANY for all */
};

/* Objects for one policy, the newest first */
struct alternatives {
	const char	*file[MAX_OBJECTS];
	unsigned int	count;
};

/**
 * enum bundle_place - place of a bundle
 * @PLACE_PATH: a path
 * @PLACE_PACKAGE: found by its name in the directories of packages
 * @PLACE_INSTALLED: found by its name among the installed bundles
 */
enum bundle_place {
	PLACE_PATH,
	PLACE_PACKAGE,
	PLACE_INSTALLED,
};

/* Position of enum bundle_place above the bits of enum bx_bundle_flags */
#define PLACE_SHIFT	16

/**
 * struct bx_bundle - an open bundle
 * @h: the handle
 * @place: its place
 * @trusted: bx_bundle_check() has accepted it
 * @dir: the directory of its files
 * @shown: its name in messages: a directory or an archive
 * @path: path of the manifest, for messages
 * @scratch: a temporary directory that is removed with it; NULL when there is none
 * @shadow: all of its policies must be in shadow mode
 * @enforce: none of its policies may be in shadow mode
 * @fail_closed: an ejection quarantines its policies: of the manifest, or the operator's
 * @next_best: its policies get BX_F_NEXT_BEST
 * @kept: the settings and mode of the installed bundle of that name were read
 * @examined: the signature was checked, and is good when there is one
 * @who: its signer, after the check; NULL when it is not signed
 * @rules: files of rules, by their names
 * @nr_rules: number of @rules
 * @table: its rules, while they are loaded
 */
struct bx_bundle {
	struct bx_handle	*h;
	enum bundle_place	place;
	bool			trusted;
	char			*dir;
	char			*shown;
	char			*path;
	char			*scratch;
	bool			shadow;
	bool			enforce;
	bool			fail_closed;
	bool			next_best;
	bool			kept;
	bool			examined;
	struct signer		*who;
	struct yaml		yaml;
	struct bx_bundle_about	about;
	const char		*needs;
	struct claim		claims[MAX_CLAIMS];
	unsigned int		nr_claims;
	struct alternatives	policies[MAX_POLICIES];
	unsigned int		nr_policies;
	const char		*rules[MAX_RULE_FILES];
	unsigned int		nr_rules;
	struct bundle_table	*table;
	const char		*drivers[BX_LIMIT_DRIVERS];
	struct bx_limit		limit;
	struct setting		settings[MAX_SETTINGS];
	unsigned int		nr_settings;
};

/* version.c */
bool version_from(const char *text, unsigned int v[3]);
int version_compare(const char *a, const char *b);

/* bundle.c */
/* Writes the path of the operator's file of values to @buf, of PATH_MAX bytes. */
void settings_path(struct bx_handle *h, char *buf, const char *name);
int bundle_open_at(struct bx_handle *h, const char *dir, const char *shown,
		   struct bx_bundle **bundle);
int bundle_open_checked(struct bx_handle *h, const char *dir, const char *shown,
			unsigned int flags, struct bx_bundle **bundle);
int bundle_parse(struct bx_handle *h, const char *dir, char *text, size_t len,
		 struct bx_bundle **bundle);
int bundle_copy(struct bx_handle *h, const char *path, const char *to);

/* claims.c */

/* Returns whether a URI is meant as a claim; if it cannot be parsed, it must be refused. */
bool uri_is_claim(const char *text, size_t len);

/* Parses 'bus-ext:BUS' or 'bus-ext:BUS/VENDOR'; @bus: BX_NAME_LEN bytes for the bus. */
bool claim_from_uri(const char *text, size_t len, char *bus,
		    struct claim *claim);

/* Reads 'claims' of a mapping: a list of buses, each with a vendor or without. */
int claims_read(const struct yaml *y, struct yaml_node *root,
		struct claim *claims, unsigned int *nr);

/* Returns whether one of the claims includes this one. */
bool claims_cover(const struct claim *claims, unsigned int nr, const char *bus,
		  int64_t vendor);

/* settings.c */
int settings_read(struct bx_bundle *b, struct yaml_node *root);
struct setting *bundle_setting(struct bx_bundle *b, const char *name);
int setting_set(struct bx_bundle *b, struct setting *s, const char *value);
/* @y and @node: place of the name, for the message; NULL for the command line */
int setting_missing(struct bx_bundle *b, const char *name,
		    const struct yaml *y, const struct yaml_node *node);

/* Reads the value from YAML, a list or a scalar. */
int setting_read(struct bx_bundle *b, const struct yaml *y, struct yaml_node *node,
		 struct setting *s);

/* list.c: after an error, the value is as before. */
bool list_has(const struct setting *s, const char *item);
int list_set(struct bx_bundle *b, struct setting *s, const char *list);
/* @how: '+' to add the items of @list, '-' to remove them */
int list_change(struct bx_bundle *b, struct setting *s, char how, const char *list);
int list_read(struct bx_bundle *b, const struct yaml *y, struct yaml_node *node,
	      struct setting *s);

/* constants.c: @seen has a bit for each setting with a constant in an object. */
int constants_put(struct bx_bundle *b, const struct object *obj,
		  uint64_t *seen);
int constants_check(struct bx_bundle *b, uint64_t seen);

/* locate.c */
int bundle_locate(struct bx_handle *h, const char *path, unsigned int flags,
		  char *buf);
bool bundle_is_roots(const struct bx_bundle *b);
int bundle_has_objects(struct bx_bundle *b);
int bundle_may_load(struct bx_bundle *b);

/* activate.c: the lock is held until bundle_unload() */

/* cases.c: runs the cases in @text and frees it. */
int cases_from_text(struct bx_bundle *b, char *text, size_t len, bx_case_fn fn,
		    void *arg);

/* Checks that all cases of a bundle can be read; needs no kernel. */
int cases_check(struct bx_bundle *b);

int bundle_policies(struct bx_bundle *b, struct names *names);
int bundle_check_mode(struct bx_bundle *b);
int bundle_check_objects(struct bx_bundle *b);
int bundle_load(struct bx_bundle *b, const struct names *drops,
		struct transaction *txn);

/**
 * struct activation - activation of a generation of an installed bundle
 * @slot: the policies that it replaces; the others do not change
 * @keys: the policies of @slot that are active afterwards
 * @mark: the mark of that state
 */
struct activation {
	enum slot	slot;
	struct names	keys;
	char		mark[MARK_SIZE];
};

int bundle_activate(struct bx_bundle *b, const struct names *drops,
		    const struct activation *to, bx_applied_fn fn, void *arg);
void pins_restore(struct bx_handle *h, const char *bundle,
		  const struct bundle_pins *before, bool owned);
int bundle_drop(struct bx_handle *h, const struct names *drops,
		bx_applied_fn fn, void *arg);
void bundle_unload(struct bx_bundle *b, struct transaction *txn);
int txn_stage(struct bx_handle *h, struct transaction *txn,
	      struct bx_commit *change);

#endif /* _BUSEXT_BUNDLE_H */
