// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: attach bus_ext policies and see what they decide
 *
 * main(), the tables of commands, help, version, and the output of errors.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bxctl.h"

static const struct {
	int		code;
	const char	*help;
} exit_codes[] = {
	{ BX_FAULT_NONE, "done, and the resulting state was checked" },
	{ BX_FAULT_FAILED, "failed" },
	{ BXCTL_WOULD_CHANGE, "plan, --dry-run, rules fmt --check: something would change; "
	  "expect: something differs" },
	{ BX_FAULT_KERNEL, "bus_ext is not loaded, or of another version" },
	{ BX_FAULT_REJECTED, "an object or bundle is refused: untrusted, or not acceptable" },
	{ BX_FAULT_CONFLICT, "conflict: the name is in use, or another process made a change" },
	{ BX_FAULT_STATE, "a policy was ejected, or the state is not the one asked for" },
	{ BX_FAULT_PERMISSION, "permission denied" },
	{ BX_FAULT_USAGE, "usage error, or an unknown name" },
	{ BXCTL_CASE_FAILED, "test: a case failed; rules check, lint: there are warnings" },
	{ BX_FAULT_IN_USE, "a device to be rebound is in use, and keeps its driver" },
};

static int do_help(struct env *env);

/* Adds a pointer to the help to the message. */
int usage_error(struct env *env, const char *fmt, ...)
{
	const char *name = !env->command ? env->family :
		env->command->run == do_help ? NULL : env->command->name;
	size_t len;
	va_list args;

	va_start(args, fmt);
	vsnprintf(env->error, sizeof(env->error), fmt, args);
	va_end(args);
	len = strlen(env->error);
	snprintf(env->error + len, sizeof(env->error) - len,
		 "; see 'bxctl help%s%s'", name ? " " : "", name ?: "");
	return -EINVAL;
}

/* Another error of bxctl's own; @err: an errno, or 0 */
int failure(struct env *env, int err, const char *fmt, ...)
{
	va_list args;
	size_t len;

	va_start(args, fmt);
	vsnprintf(env->error, sizeof(env->error), fmt, args);
	va_end(args);
	len = strlen(env->error);
	if (err)
		snprintf(env->error + len, sizeof(env->error) - len, ": %s",
			 strerror(err));
	env->fault = err == EACCES || err == EPERM ? BX_FAULT_PERMISSION :
		BX_FAULT_FAILED;
	return -EIO;
}

static void print_params(const struct param *params)
{
	char left[64];

	for (; params && params->name; params++) {
		snprintf(left, sizeof(left), "%s%c%s--%s%s%s",
			 params->letter ? "-" : " ", params->letter ?: ' ',
			 params->letter ? ", " : "  ", params->name,
			 params->metavar ? " " : "", params->metavar ?: "");
		printf("  %-22s  %s\n", left, params->help);
	}
}

/* Whether a command is the one that is asked for, or belongs to that family */
static bool is_asked(const struct command *cmd, const char *name)
{
	size_t len = name ? strlen(name) : 0;

	return !name || (!strncmp(cmd->name, name, len) && strchr(" ", cmd->name[len]));
}

static void help_family(const char *name)
{
	const struct command *cmd;
	char left[64];

	printf("usage: bxctl %s COMMAND [OPTIONS] [ARGUMENT]\n\nCommands:\n", name);
	for (size_t i = 0; (cmd = command_at(i)); i++) {
		if (!is_asked(cmd, name))
			continue;
		snprintf(left, sizeof(left), "%s%s%s", cmd->name, cmd->operand ? " " : "",
			 cmd->operand ?: "");
		printf("  %-28s  %s\n", left, cmd->help);
	}
	printf("\n'bxctl help %s COMMAND' has the options of each.\n", name);
}

static void help_all(void)
{
	const struct command *cmd;
	char left[64];
	size_t i;

	printf("usage: bxctl [OPTIONS] COMMAND [ARGUMENT]\n\n"
	       "Attach BPF policies that decide which driver a device gets.\n\n"
	       "Commands:\n");
	for (i = 0; (cmd = command_at(i)); i++) {
		snprintf(left, sizeof(left), "%s%s%s", cmd->name,
			 cmd->operand ? " " : "", cmd->operand ?: "");
		printf("  %-22s  %s\n", left, cmd->help);
	}
	printf("\nOptions of every command ('bxctl help COMMAND' has the others):\n");
	print_params(common_params);
	printf("\nExit status:\n");
	for (i = 0; i < sizeof(exit_codes) / sizeof(*exit_codes); i++)
		printf("  %-2d %s\n", exit_codes[i].code, exit_codes[i].help);
}

static void help_command(const struct command *cmd)
{
	printf("usage: bxctl %s [OPTIONS]%s%s\n\n", cmd->name,
	       cmd->operand ? " " : "", cmd->operand ?: "");
	/* it has several lines */
	fputs(cmd->usage, stdout);
	printf("\n\nOptions:\n");
	print_params(cmd->params);
	print_params(common_params);
}

static void json_params(struct json *j, const char *name,
			const struct param *params)
{
	json_array(j, name);
	for (; params && params->name; params++) {
		json_object(j, NULL);
		json_string(j, "name", params->name);
		json_string_or_null(j, "value", params->metavar);
		json_string(j, "help", params->help);
		json_end_object(j);
	}
	json_end_array(j);
}

static void json_help(struct json *j, const char *only)
{
	const struct command *cmd;
	size_t i;

	json_params(j, "options", common_params);
	json_array(j, "commands");
	for (i = 0; (cmd = command_at(i)); i++) {
		if (!is_asked(cmd, only))
			continue;
		json_object(j, NULL);
		json_string(j, "name", cmd->name);
		json_string_or_null(j, "argument", cmd->operand);
		json_string(j, "help", cmd->help);
		json_params(j, "options", cmd->params);
		json_end_object(j);
	}
	json_end_array(j);
}

static void word(struct env *env, const char *dashes, const char *text)
{
	char buf[64];

	snprintf(buf, sizeof(buf), "%s%s", dashes, text);
	if (env->args.json)
		json_string(&env->json, NULL, buf);
	else
		puts(buf);
}

static void word_params(struct env *env, const struct param *params)
{
	for (; params && params->name; params++)
		word(env, "--", params->name);
}

/* The first words of commands, each once; of a family the second ones */
static void word_commands(struct env *env, const char *family)
{
	const struct command *one;
	char name[64], last[64] = "";
	size_t len = family ? strlen(family) + 1 : 0;

	for (size_t i = 0; (one = command_at(i)); i++) {
		if (!is_asked(one, family))
			continue;
		snprintf(name, sizeof(name), "%s", one->name + len);
		name[strcspn(name, " ")] = '\0';
		if (strcmp(name, last))
			word(env, "", name);
		strcpy(last, name);
	}
}

/* For the completion: commands, or the options of one */
static void help_words(struct env *env, const char *name, const struct command *cmd)
{
	if (env->args.json)
		json_array(&env->json, "words");
	if (cmd)
		word_params(env, cmd->params);
	else
		word_commands(env, name);
	if (name)
		word_params(env, common_params);
	if (env->args.json)
		json_end_array(&env->json);
}

static int do_help(struct env *env)
{
	const struct command *cmd = NULL;
	const char *name = env->args.operand;
	char both[64];

	if (env->args.second) {
		snprintf(both, sizeof(both), "%s %s", name, env->args.second);
		name = both;
	}
	if (name) {
		cmd = find_command(name);
		if (!cmd && !is_family(name))
			return usage_error(env, "unknown command '%s'", name);
	}
	if (env->args.words)
		help_words(env, name, cmd);
	else if (env->args.json)
		json_help(&env->json, name);
	else if (cmd)
		help_command(cmd);
	else if (name)
		help_family(name);
	else
		help_all();
	return 0;
}

static int do_version(struct env *env)
{
	char kernel[64] = "";

	if (bx_kernel_version(env->bx, kernel, sizeof(kernel)))
		kernel[0] = '\0';
	if (env->args.json) {
		json_string(&env->json, "bxctl", BXCTL_VERSION);
		json_string_or_null(&env->json, "bus_ext", kernel);
	} else {
		printf("bxctl %s, bus_ext %s\n", BXCTL_VERSION,
		       kernel[0] ? kernel : "not loaded");
	}
	return 0;
}

static const struct param help_params[] = {
	{ "words", 0, PARAM_FLAG, NULL,
	  "print only the names of commands, or the options of one",
	  offsetof(struct args, words) },
	{}
};

const struct command main_commands[] = {
	{ "version", NULL, "the versions of bxctl and of the module",
	  "Prints the version of bxctl and that of the loaded module.",
	  NULL, do_version },
	{ "help", "[COMMAND [WORD]]", "this text, or that of a command",
	  "Describes all commands, or one in detail.", help_params, do_help },
	{}
};

const struct command *const command_tables[] = {
	policy_commands,
	bundle_commands,
	inspect_commands,
	install_commands,
	status_commands,
	device_commands,
	explain_commands,
	rebind_commands,
	override_commands,
	create_commands,
	define_commands,
	approve_commands,
	rules_commands,
	site_commands,
	expect_commands,
	main_commands,
	NULL
};

/* A note is part of the JSON document; as text it follows the output so far. */
static void on_log(void *arg, enum bx_log_level level, const char *text)
{
	struct env *env = arg;
	char **more;

	if (level == BX_LOG_FAILURE)
		text = failure_text(env, text);
	if (level == BX_LOG_DETAIL) {
		fputs(text, stderr);
		return;
	}
	if (!env->args.json) {
		fflush(stdout);
		print_to(stderr, "bxctl: note: %s\n", text);
		return;
	}
	more = realloc(env->notes, (env->nr_notes + 1) * sizeof(*more));
	if (!more)
		return;
	env->notes = more;
	env->notes[env->nr_notes] = strdup(text);
	env->nr_notes += !!env->notes[env->nr_notes];
}

static void json_notes(const struct env *env, struct json *j)
{
	json_array(j, "notes");
	for (unsigned int i = 0; i < env->nr_notes; i++)
		json_string(j, NULL, env->notes[i]);
	json_end_array(j);
}

static int open_library(struct env *env)
{
	struct bx_open_opts opts = {
		.pin_dir = env->args.pin_dir,
		.sysfs = secure_getenv("BXCTL_SYSFS"),
		.conf_dir = secure_getenv("BXCTL_CONF_DIR"),
		.state_dir = secure_getenv("BXCTL_STATE_DIR"),
		.bundle_dir = secure_getenv("BXCTL_BUNDLE_DIR"),
		.timeout_ms = env->args.timeout * 1000,
		.log = on_log,
		.log_arg = env,
		.verbose = env->args.verbose,
	};
	int err;

	err = bx_open(&env->bx, &opts);
	if (err == -EINVAL)
		return usage_error(env, "'--pin-dir', or a BXCTL_..._DIR, is too long");
	if (err)
		strcpy(env->error, "out of memory");
	return err;
}

static void report(struct env *env, const char *text, int code)
{
	struct json j;

	if (!env->args.json) {
		/* in the order in which it happened */
		fflush(stdout);
		print_to(stderr, "bxctl: %s\n", text);
		return;
	}
	json_start(&j, stdout);
	json_object(&j, NULL);
	json_string(&j, "error", text);
	json_int(&j, "code", code);
	if (code == BX_FAULT_IN_USE)
		json_in_use(env, &j);
	json_notes(env, &j);
	json_end_object(&j);
}

/*
 * JSON is held back until the command has succeeded: there is one document on
 * stdout, either its output or its error.
 */
static int run(struct env *env)
{
	char *text = NULL;
	size_t size;
	FILE *out;
	int err;

	if (!env->args.json)
		return env->command->run(env);
	out = open_memstream(&text, &size);
	if (!out) {
		strcpy(env->error, "out of memory");
		return -ENOMEM;
	}
	json_start(&env->json, out);
	json_object(&env->json, NULL);
	err = env->command->run(env);
	json_notes(env, &env->json);
	json_end_object(&env->json);
	fclose(out);
	if (!err && !env->printed)
		fwrite(text, size, 1, stdout);
	free(text);
	return err;
}

int main(int argc, char **argv)
{
	struct env env = {};
	int err, code;

	handle_signals();
	err = params_parse(&env, argc, argv);
	if (!err && env.args.help) {
		env.args.operand = env.command ? env.command->name : env.family;
		env.command = find_command("help");
	}
	if (!err)
		err = open_library(&env);
	if (!err)
		err = run(&env);
	code = env.code;
	if (err) {
		code = !env.error[0] ? bx_fault(env.bx) :
			err == -ENOMEM ? BX_FAULT_FAILED :
			env.fault ?: BX_FAULT_USAGE;
		report(&env, env.error[0] ? env.error :
		       library_error(&env, err), code);
	}
	bx_close(env.bx);
	for (unsigned int i = 0; i < env.nr_notes; i++)
		free(env.notes[i]);
	free(env.notes);
	if ((fflush(stdout) || ferror(stdout)) && !code) {
		fprintf(stderr, "bxctl: cannot write the output: %s\n",
			strerror(errno));
		code = BX_FAULT_FAILED;
	}
	return code;
}
