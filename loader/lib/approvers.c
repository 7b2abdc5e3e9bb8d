// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the lists of approved devices: those of bundles, and that of the machine's rules
 */
#include <stdio.h>
#include <string.h>

#include "approvers.h"
#include "install.h"
#include "site.h"

#define SETTING		"approved"

/* ---- bundles with a list setting 'approved' ---- */

struct walk {
	approver_fn	fn;
	void		*arg;
};

static int walk_bundle(struct bx_handle *h, const char *name, void *arg)
{
	const struct walk *w = arg;
	struct approver a = { .bundle = name };
	struct installed inst = {};
	struct bx_bundle *b = NULL;
	int ret;

	ret = state_read(h, name, &inst);
	if (ret > 0 && inst.enabled && inst.current) {
		ret = installed_open(h, &inst, state_generation(&inst, inst.current), &b);
		/* one that is damaged does not keep devices of others from being approved */
		if (ret)
			note_failure(h, "%s", bx_error(h));
		error_forget(h);
		a.list = ret ? NULL : bundle_setting(b, SETTING);
		ret = 0;
		if (a.list && a.list->about.type == BX_SETTING_LIST) {
			a.b = b;
			a.policies = &state_generation(&inst, inst.current)->policies;
			ret = w->fn(h, &a, w->arg);
		}
	} else if (ret > 0) {
		ret = 0;
	}
	bx_bundle_close(b);
	state_free(&inst);
	return ret;
}

/* ---- rules of the machine ---- */

static bool has_until_approved(const struct bx_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		if (rules->rule[i].until_approved)
			return true;
	return false;
}

static int walk_machine(struct bx_handle *h, const struct walk *w)
{
	struct bx_rules rules;
	struct approver a = { .bundle = "", .rules = &rules };
	int ret = site_read(h, NULL, NULL, &rules) ?: site_approved(h, &rules, false);
	bool used = !ret && (rules.napproved || has_until_approved(&rules));

	/* rules with an error do not keep devices from being approved in bundles */
	if (ret)
		note_failure(h, "%s", bx_error(h));
	error_forget(h);
	ret = used ? w->fn(h, &a, w->arg) : 0;
	rules_free(&rules);
	return ret;
}

/* The rule that wins on the device while it is not approved; whether an approval ends that */
static bool rule_waits(struct bx_handle *h, const struct approver *a,
		       const struct bx_device_rec *rec)
{
	struct bx_devref ref = {};
	struct bx_rules_device *d;
	const struct bx_rule *rule;
	bool waits;

	copy_name(ref.bus, sizeof(ref.bus), rec->dev.bus);
	copy_name(ref.name, sizeof(ref.name), rec->dev.name);
	if (bx_rules_device_read(h, &ref, &d)) {
		error_forget(h);
		return false;
	}
	d->approved = false;
	rule = rules_select(a->rules, d);
	waits = rule && rule->until_approved;
	bx_rules_device_free(d);
	return waits;
}

static bool is_of_machine(const struct bx_decision *d)
{
	return !strncmp(d->policy, SITE_TABLE "-", strlen(SITE_TABLE "-"));
}

/* ---- both ---- */

int approvers_each(struct bx_handle *h, approver_fn fn, void *arg)
{
	struct walk w = { fn, arg };

	return walk_machine(h, &w) ?: state_each(h, walk_bundle, &w);
}

bool approver_has(const struct approver *a, const char *fingerprint)
{
	return a->list ? list_has(a->list, fingerprint) :
		rules_is_approved(a->rules, fingerprint);
}

int approver_list(const struct approver *a, int (*fn)(const char *fingerprint, void *arg),
		  void *arg)
{
	const char *item = a->list ? a->list->value : "";
	char fingerprint[BX_FINGERPRINT_LEN];
	int ret = 0;
	size_t len;

	for (; !ret && *item; item += len + !!item[len]) {
		len = strcspn(item, ",");
		snprintf(fingerprint, sizeof(fingerprint), "%.*s", (int)len, item);
		ret = fn(fingerprint, arg);
	}
	for (size_t i = 0; !ret && a->rules && i < a->rules->napproved; i++)
		ret = fn(a->rules->approved[i], arg);
	return ret;
}

bool approver_refuses(struct bx_handle *h, const struct approver *a,
		      const struct bx_device_rec *rec)
{
	const struct bx_decision *d = &rec->decision;

	if (d->outcome != BX_OUT_REFUSED || d->by != BX_BY_SELECT)
		return false;
	if (a->policies)
		return names_have(a->policies, d->policy);
	return is_of_machine(d) && rule_waits(h, a, rec);
}

bool approver_covers(struct bx_handle *h, const struct approver *a,
		     const struct bx_device_rec *rec)
{
	return a->b ? claims_cover(a->b->claims, a->b->nr_claims, rec->dev.bus, rec->dev.vendor) :
		rule_waits(h, a, rec);
}

static int change_setting(struct bx_handle *h, const struct bx_approval *approval, bool add)
{
	char text[sizeof(SETTING) + 3 + BX_FINGERPRINT_LEN];
	const char *set = text;
	const struct bx_install_opts opts = { .set = &set, .nr_set = 1 };

	snprintf(text, sizeof(text), SETTING "%c=%s", add ? '+' : '-', approval->fingerprint);
	return bx_enable(h, approval->bundle, &opts, NULL, NULL);
}

int approver_change(struct bx_handle *h, const struct bx_approval *approval, bool add)
{
	return approval->bundle[0] ? change_setting(h, approval, add) :
		site_approve(h, approval, add);
}
