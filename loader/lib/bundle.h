/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: a bundle, as its files see it
 *
 *	bundle.c   the manifest and the settings
 *	force.c    load, verify, plan, apply
 *	cases.c    the bundle's own test cases
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

struct bx_bundle {
	struct bx_handle	*h;
	char			*dir;
	char			*path;		/* of the manifest */
	struct yaml		yaml;
	struct bx_bundle_about	about;
	const char		*needs;
	struct claim		claims[MAX_CLAIMS];
	unsigned int		nr_claims;
	struct alternatives	policies[MAX_POLICIES];
	unsigned int		nr_policies;
	struct setting		settings[MAX_SETTINGS];
	unsigned int		nr_settings;
};

/* bundle.c */
struct setting *bundle_setting(struct bx_bundle *b, const char *name);
int setting_set(struct bx_bundle *b, struct setting *s, const char *value);
bool bundle_claims(const struct bx_bundle *b, const char *bus, __u32 vendor);

/* force.c: the lock is held until bundle_unload() */
int bundle_load(struct bx_bundle *b, struct transaction *txn);
void bundle_unload(struct bx_bundle *b, struct transaction *txn);
int bundle_stage(struct bx_bundle *b, struct transaction *txn,
		 struct bx_commit *change);

#endif /* _BUSEXT_BUNDLE_H */
