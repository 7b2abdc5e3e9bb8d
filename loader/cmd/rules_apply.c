// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: rules apply
 */
#include <stdio.h>

#include "bxctl.h"

#define TABLE	"rules"

static void on_applied(const struct bx_applied *a, void *arg)
{
	struct env *env = arg;

	if (env->args.json)
		json_applied(a, &env->json);
	else
		print_applied(a, NULL);
}

static void show(struct env *env, const struct bx_rules_applied *about)
{
	if (env->args.json) {
		json_uint(&env->json, "generation", about->generation);
		json_uint(&env->json, "rules", about->rules);
		json_uint(&env->json, "written", about->written);
		json_bool(&env->json, "remade", about->remade);
		json_uint(&env->json, "bytes", about->bytes);
		return;
	}
	printf("%zu rules are active, generation %u; %lu entries written\n", about->rules,
	       about->generation, about->written);
}

int do_rules_apply(struct env *env)
{
	struct bx_rules_applied about = {};
	struct bx_rules *rules;
	int err = rules_open(env, env->args.operand, &rules);

	if (err)
		return err;
	err = bx_site_approved(env->bx, rules);
	if (err) {
		bx_rules_close(rules);
		return err;
	}
	if (env->args.json)
		json_array(&env->json, "applied");
	err = bx_rules_apply(env->bx, rules, TABLE, 0, on_applied, env, &about);
	if (env->args.json)
		json_end_array(&env->json);
	if (!err)
		show(env, &about);
	bx_rules_close(rules);
	return err;
}
