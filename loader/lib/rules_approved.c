// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the approvals of a table of rules, in a hash beside its arrays
 *
 * A fingerprint is a key; the value says from and until which generation it is approved.  So
 * a change is tried with the new generation, becomes active with it, and is without effect
 * if the process dies before.
 */
#include <stdlib.h>
#include <string.h>

#include "rules_maps.h"

/**
 * struct approvals - the hash
 * @h: the handle
 * @fd: its descriptor
 * @key: the keys in it
 * @n: their number
 */
struct approvals {
	struct bx_handle	*h;
	int			fd;
	char			(*key)[BX_RT_DIGITS];
	size_t			n;
};

static int add_key(struct approvals *a, const char *key)
{
	char (*more)[BX_RT_DIGITS] = reallocarray(a->key, a->n + 1, sizeof(*more));

	if (!more)
		return fail(a->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	a->key = more;
	memcpy(more[a->n++], key, BX_RT_DIGITS);
	return 0;
}

static int approvals_open(struct bx_handle *h, int fd, struct approvals *a)
{
	char key[BX_RT_DIGITS];
	int err;

	*a = (struct approvals) { .h = h, .fd = fd };
	for (err = kernel_map_next(fd, NULL, key); !err; err = kernel_map_next(fd, key, key)) {
		err = add_key(a, key);
		if (err)
			return err;
	}
	return err == -ENOENT ? 0 : fail(h, BX_FAULT_FAILED, err,
					 "cannot read the approvals: %s", strerror(-err));
}

static int put(struct approvals *a, const char *key, const struct bx_rt_approval *value)
{
	int err = kernel_map_write(a->fd, key, value);

	if (!err || err == -ENOENT)
		return 0;
	if (err == -E2BIG)
		return fail(a->h, BX_FAULT_REJECTED, E2BIG,
			    "more than %d devices are approved", RULES_APPROVALS);
	return fail(a->h, BX_FAULT_FAILED, err, "cannot write the approvals: %s", strerror(-err));
}

static bool has(const struct bx_rules *rules, const char *key)
{
	for (size_t i = 0; i < rules->napproved; i++)
		if (!memcmp(rules->approved[i], key, BX_RT_DIGITS))
			return true;
	return false;
}

/* Ends an approval with the active generation; one of a generation that never was is removed. */
static int end(struct approvals *a, const char *key, __u32 active)
{
	struct bx_rt_approval value;

	if (kernel_map_read(a->fd, key, &value))
		return 0;
	if (value.from > active || value.until <= active)
		return put(a, key, NULL);
	value.until = active + 1;
	return put(a, key, &value);
}

static int begin(struct approvals *a, const char *key, __u32 active)
{
	struct bx_rt_approval value;

	if (kernel_map_read(a->fd, key, &value) || value.from > active || value.until <= active)
		value.from = active + 1;
	value.until = BX_RT_FOREVER;
	return put(a, key, &value);
}

int rules_maps_approve(struct bx_handle *h, const struct rules_maps *m,
		       const struct bx_rules *rules, __u32 active)
{
	struct approvals a;
	int err = approvals_open(h, m->fd[RULES_ARRAYS], &a);

	for (size_t i = 0; !err && i < a.n; i++)
		if (!has(rules, a.key[i]))
			err = end(&a, a.key[i], active);
	for (size_t i = 0; !err && i < rules->napproved; i++)
		err = begin(&a, rules->approved[i], active);
	free(a.key);
	return err;
}

int rules_maps_forget(struct bx_handle *h, const struct rules_maps *m, __u32 active)
{
	struct bx_rt_approval value;
	struct approvals a;
	int err = approvals_open(h, m->fd[RULES_ARRAYS], &a);

	for (size_t i = 0; !err && i < a.n; i++)
		if (!kernel_map_read(a.fd, a.key[i], &value) && value.until <= active)
			err = put(&a, a.key[i], NULL);
	free(a.key);
	return err;
}

/* ---- the list ---- */

bool rules_is_approved(const struct bx_rules *rules, const char *fingerprint)
{
	return strlen(fingerprint) == BX_RT_DIGITS && has(rules, fingerprint);
}

int rules_approve(struct bx_handle *h, struct bx_rules *rules, const char *fingerprint)
{
	char (*more)[BX_FINGERPRINT_LEN];

	if (rules_is_approved(rules, fingerprint))
		return 0;
	more = reallocarray(rules->approved, rules->napproved + 1, sizeof(*more));
	if (!more)
		return fail(h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	rules->approved = more;
	copy_name(more[rules->napproved++], sizeof(*more), fingerprint);
	return 0;
}
