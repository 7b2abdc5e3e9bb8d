// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: rules: files of rules, which decide without a program of a vendor
 *
 * 'rules explain' is in rules_explain.c.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bxctl.h"

int rules_open(struct env *env, const char *path, struct bx_rules **rules)
{
	return bx_rules_read(env->bx, path, NULL, NULL, rules);
}

/* ---- problems ---- */

/**
 * struct problems - problems of a file, as they are told
 * @env: the command
 * @errors: number of errors
 * @warnings: number of others
 */
struct problems {
	struct env	*env;
	unsigned int	errors;
	unsigned int	warnings;
};

static void json_problem(struct json *j, const struct bx_rules_problem *p)
{
	json_object(j, NULL);
	json_string(j, "kind", bx_rules_kind_text(p->kind));
	json_string_or_null(j, "file", p->file ?: "");
	json_uint(j, "line", p->line);
	json_uint(j, "column", p->column);
	json_string(j, "text", p->text);
	json_string_or_null(j, "other_file", p->other_file ?: "");
	json_uint(j, "other_line", p->other_line);
	json_end_object(j);
}

static void on_problem(const struct bx_rules_problem *p, void *arg)
{
	struct problems *all = arg;
	bool error = p->kind == BX_RULES_ERROR;

	all->errors += error;
	all->warnings += !error;
	if (all->env->args.json)
		json_problem(&all->env->json, p);
	else if (p->line)
		printf("%s:%u:%u: %s: %s\n", p->file, p->line, p->column,
		       error ? "error" : "warning", p->text);
	else
		printf("error: %s\n", p->text);
}

/* Reads and checks the file; a file with errors is a result, and not a failure. */
static int check_file(struct env *env, unsigned int flags, struct problems *all, size_t *count)
{
	struct bx_rules *rules;
	int err;

	err = bx_rules_read(env->bx, env->args.operand, on_problem, all, &rules);
	if (err)
		return all->errors ? 0 : err;
	*count = bx_rules_count(rules);
	err = bx_rules_check(env->bx, rules, flags, on_problem, all);
	bx_rules_close(rules);
	return err < 0 ? err : 0;
}

static int check(struct env *env, unsigned int flags)
{
	struct problems all = { .env = env };
	size_t count = 0;
	int err;

	if (env->args.json)
		json_array(&env->json, "problems");
	err = check_file(env, flags, &all, &count);
	if (env->args.json) {
		json_end_array(&env->json);
		json_string(&env->json, "file", env->args.operand);
		json_uint(&env->json, "rules", count);
		json_uint(&env->json, "errors", all.errors);
		json_uint(&env->json, "warnings", all.warnings);
	} else if (!err && !all.errors) {
		printf("%s: %zu rules, %u warnings\n", env->args.operand, count, all.warnings);
	}
	env->code = all.errors ? (int)BX_FAULT_REJECTED : all.warnings ? BXCTL_WARNED : 0;
	return err;
}

static int do_check(struct env *env)
{
	return check(env, 0);
}

static int do_lint(struct env *env)
{
	return check(env, BX_RULES_LINT);
}

/* ---- fmt ---- */

static int show_format(struct env *env, struct problems *all, bool *canonical)
{
	const char *path = env->args.operand;
	char *text;
	int err;

	err = bx_rules_format(env->bx, path, on_problem, all, &text, canonical);
	if (err && all->errors) {
		env->code = BX_FAULT_REJECTED;
		return 0;
	}
	if (!err && !*canonical && env->args.check)
		env->code = BXCTL_WOULD_CHANGE;
	else if (!err && !*canonical)
		err = bx_rules_rewrite(env->bx, path, text);
	free(text);
	return err;
}

static int do_fmt(struct env *env)
{
	struct problems all = { .env = env };
	bool canonical = false;
	int err;

	if (env->args.json)
		json_array(&env->json, "problems");
	err = show_format(env, &all, &canonical);
	if (env->args.json) {
		json_end_array(&env->json);
		json_string(&env->json, "file", env->args.operand);
		json_bool(&env->json, "canonical", canonical);
		json_bool(&env->json, "changed", !canonical && !all.errors && !env->args.check);
	} else if (!err && !canonical && !all.errors) {
		printf("%s: %s\n", env->args.operand, env->args.check ?
		       "not in canonical form" : "formatted");
	}
	return err;
}

/* ---- import ---- */

static int do_import(struct env *env)
{
	struct bx_rules_imported about;
	char *text;
	int err;

	err = bx_rules_import(env->bx, env->args.operand, env->args.bus, &text, &about);
	if (err)
		return err;
	if (env->args.json) {
		json_uint(&env->json, "patterns", about.patterns);
		json_uint(&env->json, "skipped", about.skipped);
		json_uint(&env->json, "unnamed", about.unnamed);
		json_string(&env->json, "rules", text);
	} else {
		/* its lines are printable: the library has written them */
		fputs(text, stdout);
	}
	free(text);
	return 0;
}

/* ---- stats ---- */

static void on_count(const char *of, const char *what, size_t count, void *arg)
{
	struct env *env = arg;
	char number[24];

	if (env->args.json) {
		json_object(&env->json, NULL);
		json_string(&env->json, "of", of);
		json_string(&env->json, "what", what);
		json_uint(&env->json, "count", count);
		json_end_object(&env->json);
		return;
	}
	snprintf(number, sizeof(number), "%zu", count);
	table_row(&env->table, of, what, number, NULL);
}

static int do_stats(struct env *env)
{
	struct bx_rules *rules;
	int err = rules_open(env, env->args.operand, &rules);

	if (err)
		return err;
	if (env->args.json)
		json_array(&env->json, "counts");
	else
		table_row(&env->table, "OF", "WHAT", "COUNT", NULL);
	err = bx_rules_stats(env->bx, rules, on_count, env);
	if (env->args.json)
		json_end_array(&env->json);
	else if (!err)
		table_print(&env->table, "");
	table_free(&env->table);
	bx_rules_close(rules);
	return err;
}

/* ---- ambiguous ---- */

static void json_ambiguous(struct json *j, const struct bx_rules_ambiguous *a)
{
	json_object(j, NULL);
	json_string(j, "bus", a->bus);
	json_string(j, "pattern", a->pattern);
	json_array(j, "drivers");
	for (size_t i = 0; i < a->ndrivers; i++)
		json_string(j, NULL, a->driver[i]);
	json_end_array(j);
	json_string_or_null(j, "verdict", a->verdict ?: "");
	json_string_or_null(j, "file", a->file ?: "");
	json_uint(j, "line", a->line);
	json_end_object(j);
}

static void on_ambiguous(const struct bx_rules_ambiguous *a, void *arg)
{
	char drivers[512] = "", winner[512] = "order of loading";
	struct env *env = arg;
	size_t len = 0;

	env->count++;
	if (env->args.json) {
		json_ambiguous(&env->json, a);
		return;
	}
	for (size_t i = 0; i < a->ndrivers && len < sizeof(drivers); i++)
		len += snprintf(drivers + len, sizeof(drivers) - len, "%s%s", i ? "," : "",
				a->driver[i]);
	if (a->verdict)
		snprintf(winner, sizeof(winner), "%s (%s:%u)", a->verdict, a->file, a->line);
	table_row(&env->table, a->pattern, drivers, winner, NULL);
}

static int list_ambiguous(struct env *env, const struct bx_rules *rules)
{
	int err;

	if (env->args.json)
		json_array(&env->json, "ambiguous");
	else
		table_row(&env->table, "PATTERN", "DRIVERS", "WINNER", NULL);
	err = bx_rules_ambiguous(env->bx, rules, env->args.aliases, env->args.bus, on_ambiguous,
				 env);
	if (env->args.json)
		json_end_array(&env->json);
	else if (err > 0)
		table_print(&env->table, "");
	else if (!err)
		printf("no device is claimed by several drivers\n");
	table_free(&env->table);
	return err < 0 ? err : 0;
}

static int do_ambiguous(struct env *env)
{
	struct bx_rules *rules = NULL;
	int err = 0;

	if (env->args.operand)
		err = rules_open(env, env->args.operand, &rules);
	if (!err)
		err = list_ambiguous(env, rules);
	bx_rules_close(rules);
	return err;
}

static const struct param fmt_params[] = {
	{ "check", 0, PARAM_FLAG, NULL, "change nothing; tell whether the file would change",
	  offsetof(struct args, check) },
	{}
};

static const struct param import_params[] = {
	{ "bus", 'b', PARAM_BUS, "BUS", "only devices on this bus", offsetof(struct args, bus) },
	{}
};

static const struct param ambiguous_params[] = {
	{ "bus", 'b', PARAM_BUS, "BUS", "only devices on this bus", offsetof(struct args, bus) },
	{ "aliases", 0, PARAM_TEXT, "FILE", "a kernel's modules.alias (that of the running one)",
	  offsetof(struct args, aliases) },
	{}
};

const struct command rules_commands[] = {
	{ "rules fmt", "FILE", "write a file of rules in its canonical form",
	  "Comments stay. Files that FILE includes are not changed. A file with errors is not\n"
	  "changed. With --check, the exit status is 2 if the file would change.",
	  fmt_params, do_fmt },
	{ "rules check", "FILE", "find errors in rules, and rules that never win",
	  "Reads FILE and the files that it includes. Prints each error with its line and column\n"
	  "(exit status 4); then rules that are shadowed or contradicted by another one, and rules\n"
	  "that no device can match (exit status 9). Needs no kernel.",
	  NULL, do_check },
	{ "rules lint", "FILE", "the same, and rules that are suspect on this machine",
	  "Also tells rules between which only the order of lines decides, values that are\n"
	  "probably not meant, and drivers that no module can bring.",
	  NULL, do_lint },
	{ "rules explain", "FILE|BUNDLE [DEVICE]", "the rule that wins on a device, and why",
	  "Tells for each rule whose pattern matches why it wins or not. DEVICE is a device of\n"
	  "this machine, or is described: --modalias pci:... --set serial=..., also with --set\n"
	  "vf-index=2, virtfn=1, cmdline=..., approved=1. --set also changes what DEVICE says.\n"
	  "BUNDLE is the name of an installed bundle, whose settings count, or the path of one.",
	  rules_explain_params, do_rules_explain },
	{ "rules stats", "FILE", "count what rules have",
	  "Counts rules, patterns and drivers, and rules of each bus, verdict and condition.",
	  NULL, do_stats },
	{ "rules import", "[MODULES.ALIAS]", "rules from the aliases of a kernel's modules",
	  "Prints a rule for each pattern of the file, or of that of the running kernel. Modules\n"
	  "with the same pattern are in no order of preference. Drivers have the names of modules,\n"
	  "unless a module is loaded. Aliases that do not tell a bus (of:, acpi:) are left out.",
	  import_params, do_import },
	{ "rules ambiguous", "[FILE]", "devices that several drivers of this kernel claim",
	  "For devices on pci and usb; with FILE, tells which of its rules wins on each. A device\n"
	  "counts if one pattern of the kernel includes another one, or both name its ids.",
	  ambiguous_params, do_ambiguous },
	{ "rules apply", "FILE", "activate a file of rules, instead of those that are active",
	  "All buses change at once, after a trial on all devices; bound devices keep their drivers.\n"
	  "Only what differs is written. A file without rules deactivates them.",
	  NULL, do_rules_apply },
	{}
};
