// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: inspecting a bundle without loading anything
 *
 * Needs no kernel and no capability: lists the contents of the files, and runs all checks
 * that an installation does before it loads the first program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rules_bundle.h"
#include "tree.h"

static int list_object(struct bx_bundle *b, const char *file, bx_policy_of_fn fn,
		       void *arg)
{
	char path[PATH_MAX], shown[PATH_MAX];
	struct object obj;
	int ret;

	snprintf(path, sizeof(path), "%s/%s", b->dir, file);
	snprintf(shown, sizeof(shown), "%s/%s", b->shown, file);
	ret = object_open(b->h, path, shown, 0, &obj);
	for (size_t i = 0; !ret && i < obj.count; i++) {
		obj.items[i].about.file = file;
		ret = fn(&obj.items[i].about, arg);
	}
	object_close(&obj);
	return ret;
}

/* The policies that its rules are activated with */
static int list_table(struct bx_bundle *b, bx_policy_of_fn fn, void *arg)
{
	struct bx_applied about = {
		.kind = BX_ITEM_POLICY, .file = b->nr_rules ? b->rules[0] : "",
		.flags = (b->fail_closed ? BX_F_FAIL_CLOSED : 0) |
			(b->next_best ? BX_F_NEXT_BEST : 0),
	};
	struct bundle_rules r;
	int ret = bundle_rules_read(b, &r);

	for (unsigned int i = 0; !ret && i < r.nscopes; i++) {
		ret = rules_policy_name(b->h, b->about.name, true, &r.scope[i], about.name);
		copy_name(about.target, sizeof(about.target), r.scope[i].bus);
		about.vendor = r.scope[i].vendor;
		ret = ret ?: fn(&about, arg);
	}
	bundle_rules_free(&r);
	return ret;
}

int bx_bundle_list_policies(struct bx_bundle *b, bx_policy_of_fn fn, void *arg)
{
	int ret = bundle_has_objects(b);

	for (unsigned int i = 0; i < b->nr_policies; i++)
		for (unsigned int k = 0; !ret && k < b->policies[i].count; k++)
			ret = list_object(b, b->policies[i].file[k], fn, arg);
	return ret ?: list_table(b, fn, arg);
}

static unsigned int count_rules(const struct bx_rules *rules, const char *bus)
{
	unsigned int n = 0;

	for (size_t i = 0; i < rules->n; i++)
		n += !strcmp(rules->rule[i].bus, bus);
	return n;
}

int bx_bundle_list_rules(struct bx_bundle *b, bx_rules_of_fn fn, void *arg)
{
	struct bundle_rules r;
	int ret = bundle_rules_read(b, &r);

	for (unsigned int i = 0, k; !ret && i < r.nscopes; i++) {
		const char *bus = r.scope[i].bus;

		for (k = 0; strcmp(r.scope[k].bus, bus); k++)
			;
		if (k == i)
			ret = fn(bus, count_rules(&r.rules, bus), arg);
	}
	bundle_rules_free(&r);
	return ret;
}

int bx_bundle_read_rules(struct bx_bundle *b, struct bx_rules **rules)
{
	struct bundle_rules r;
	int err = bundle_rules_read(b, &r);

	*rules = err ? NULL : calloc(1, sizeof(**rules));
	if (!err && !*rules) {
		err = fail(b->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
		bundle_rules_free(&r);
	}
	if (!err)
		**rules = r.rules;
	return err;
}

int bx_bundle_list_claims(struct bx_bundle *b, bx_claim_fn fn, void *arg)
{
	int ret = 0;

	for (unsigned int i = 0; !ret && i < b->nr_claims; i++)
		ret = fn(b->claims[i].bus, b->claims[i].vendor, arg);
	return ret;
}

int bx_bundle_list_files(struct bx_bundle *b, bx_file_fn fn, void *arg)
{
	struct tree tree;
	off_t size = 0;
	int fd, ret;

	ret = tree_open(b->h, b->dir, &tree);
	if (ret)
		return ret;
	for (size_t i = 0; !ret && i < tree.count; i++) {
		fd = tree_file(b->h, &tree, tree.files[i], &size);
		ret = fd < 0 ? fd : fn(tree.files[i], size, arg);
		if (fd >= 0)
			close(fd);
	}
	tree_close(&tree);
	return ret;
}

int bx_bundle_check_policies(struct bx_bundle *b)
{
	struct names names = {};
	int err;

	err = bundle_has_objects(b);
	if (!err)
		err = bundle_policies(b, &names);
	free(names.name);
	return err ?: bundle_check_objects(b);
}
