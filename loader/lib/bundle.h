/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: a bundle, as its files see it
 *
 *	bundle.c   the manifest
 *	claims.c   buses and vendors that policies may decide about
 *	settings.c the settings in the manifest, and their values
 *	constants.c  the values as constants of the policies
 *	force.c    load, verify, apply
 *	plan.c     what applying it would change
 *	cases.c    the bundle's own test cases
 *	locate.c   what a name stands for, and what may be loaded
 *	inspect.c  what can be said without a kernel
 *	sign.c, signature.c, trust.c, keys.c, cert.c  who made it (sign.h, trust.h)
 *	tree.c, archive.c  its files
 */
#ifndef _BUSEXT_BUNDLE_H
#define _BUSEXT_BUNDLE_H

#include "internal.h"
#include "yaml.h"

#define MANIFEST	"bundle.yaml"

#define MAX_POLICIES	BX_COMMIT_MAX
#define MAX_OBJECTS	8
#define MAX_CLAIMS	64
#define MAX_SETTINGS	64
#define MAX_VALUES	32
#define MAX_VALUE_LEN	128

/* SHA-256 of a certificate in hexadecimal, with its NUL */
#define FINGERPRINT_SIZE	65

struct signer;

/**
 * struct setting - a value that the operator may choose
 * @about: what there is to tell of it
 * @min: least number
 * @max: greatest number
 * @values: what is allowed, when not everything is
 * @nr_values: how many there are
 * @value: the value, as text
 */
struct setting {
	struct bx_setting	about;
	int64_t			min;
	int64_t			max;
	const char		*values[MAX_VALUES];
	unsigned int		nr_values;
	char			value[MAX_VALUE_LEN];
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
 * enum bundle_place - where a bundle was found
 * @PLACE_PATH: at a path
 * @PLACE_PACKAGE: by its name, with those of packages
 * @PLACE_INSTALLED: by its name, with the installed ones
 */
enum bundle_place {
	PLACE_PATH,
	PLACE_PACKAGE,
	PLACE_INSTALLED,
};

/* Beside enum bx_bundle_flags, on the way from bundle_locate() */
#define PLACE_SHIFT	16

/**
 * struct bx_bundle - an open bundle
 * @h: the handle
 * @place: where it was found
 * @trusted: bx_bundle_check() has accepted it
 * @dir: where its files are
 * @shown: what people know it as: a directory or an archive
 * @path: of the manifest, for people
 * @scratch: a directory that goes with it; NULL when there is none
 * @shadow: its policies are to be in shadow mode
 * @enforce: none of them may be
 * @kept: what was chosen for the installed bundle of that name was read
 * @examined: the signature was looked for, and is good when there is one
 * @who: who signed it, once that is known; NULL when it is not signed
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
	const char		*drivers[BX_LIMIT_DRIVERS];
	struct bx_limit		limit;
	struct setting		settings[MAX_SETTINGS];
	unsigned int		nr_settings;
};

/* version.c */
bool version_from(const char *text, unsigned int v[3]);
int version_compare(const char *a, const char *b);

/* bundle.c */
/* @buf: PATH_MAX bytes for the operator's file of values */
void settings_path(struct bx_handle *h, char *buf, const char *name);
int bundle_open_at(struct bx_handle *h, const char *dir, const char *shown,
		   struct bx_bundle **bundle);
int bundle_open_checked(struct bx_handle *h, const char *dir, const char *shown,
			unsigned int flags, struct bx_bundle **bundle);
int bundle_parse(struct bx_handle *h, const char *dir, char *text, size_t len,
		 struct bx_bundle **bundle);
int bundle_copy(struct bx_handle *h, const char *path, const char *to);

/* claims.c */

/* The id of a vendor: hexadecimal, with or without 0x, not 0 and not all ones */
bool vendor_from(const char *text, int64_t *vendor);

/* Is a URI meant as a claim?  One that is and cannot be parsed must be refused. */
bool uri_is_claim(const char *text, size_t len);

/* 'bus-ext:BUS' or 'bus-ext:BUS/VENDOR'; @bus: BX_NAME_LEN bytes for the bus */
bool claim_from_uri(const char *text, size_t len, char *bus,
		    struct claim *claim);

/* 'claims' of a mapping: a list of buses, each with a vendor or without */
int claims_read(const struct yaml *y, struct yaml_node *root,
		struct claim *claims, unsigned int *nr);

/* Does one of the claims include this one? */
bool claims_cover(const struct claim *claims, unsigned int nr, const char *bus,
		  int64_t vendor);

/* settings.c */
int settings_read(struct bx_bundle *b, struct yaml_node *root);
struct setting *bundle_setting(struct bx_bundle *b, const char *name);
int setting_set(struct bx_bundle *b, struct setting *s, const char *value);
/* @y and @node: where it is named; NULL for the command line */
int setting_missing(struct bx_bundle *b, const char *name,
		    const struct yaml *y, const struct yaml_node *node);

/* constants.c: @seen has a bit for each setting that an object has a constant for */
int constants_put(struct bx_bundle *b, const struct object *obj,
		  uint64_t *seen);
int constants_check(struct bx_bundle *b, uint64_t seen);

/* locate.c */
int bundle_locate(struct bx_handle *h, const char *path, unsigned int flags,
		  char *buf);
bool bundle_is_roots(const struct bx_bundle *b);
int bundle_has_objects(struct bx_bundle *b);
int bundle_may_load(struct bx_bundle *b);

/* force.c: the lock is held until bundle_unload() */

/* cases.c: those in @text, which is taken over */
int cases_from_text(struct bx_bundle *b, char *text, size_t len, bx_case_fn fn,
		    void *arg);

/* All cases of a bundle can be read; needs no kernel. */
int cases_check(struct bx_bundle *b);

int bundle_policies(struct bx_bundle *b, struct names *names);
int bundle_check_mode(struct bx_bundle *b);
int bundle_check_objects(struct bx_bundle *b);
int bundle_load(struct bx_bundle *b, const struct names *drops,
		struct transaction *txn);

/**
 * struct activation - what becomes active of an installed bundle
 * @slot: which of its policies are replaced; the others stay as they are
 * @keys: the policies that are active then, of @slot
 * @mark: tells of that
 */
struct activation {
	enum slot	slot;
	struct names	keys;
	char		mark[MARK_SIZE];
};

int bundle_force(struct bx_bundle *b, const struct names *drops,
		 const struct activation *to, bx_applied_fn fn, void *arg);
void pins_restore(struct bx_handle *h, const char *bundle,
		  const struct bundle_pins *before, bool owned);
int bundle_drop(struct bx_handle *h, const struct names *drops,
		bx_applied_fn fn, void *arg);
void bundle_unload(struct bx_bundle *b, struct transaction *txn);
int txn_stage(struct bx_handle *h, struct transaction *txn,
	      struct bx_commit *change);

#endif /* _BUSEXT_BUNDLE_H */
