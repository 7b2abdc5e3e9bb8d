// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: the command line
 *
 * Tables declare the options; all of them are checked here before a command
 * starts.  Common options may come before the command; names are never
 * abbreviated.
 */
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bxctl.h"

#define MAX_SECONDS	86400

const struct param common_params[] = {
	{ "json", 'j', PARAM_FLAG, NULL,
	  "write JSON, errors too", offsetof(struct args, json) },
	{ "verbose", 'v', PARAM_FLAG, NULL,
	  "show all messages of libbpf and the verifier",
	  offsetof(struct args, verbose) },
	{ "pin-dir", 0, PARAM_TEXT, "DIR",
	  "where policies are pinned (/sys/fs/bpf/bus_ext)",
	  offsetof(struct args, pin_dir) },
	{ "help", 'h', PARAM_FLAG, NULL,
	  "describe the command", offsetof(struct args, help) },
	{}
};

const struct command *command_at(size_t n)
{
	const struct command *const *table, *cmd;

	for (table = command_tables; *table; table++)
		for (cmd = *table; cmd->name; cmd++)
			if (!n--)
				return cmd;
	return NULL;
}

const struct command *find_command(const char *name)
{
	const struct command *cmd;
	size_t n;

	for (n = 0; (cmd = command_at(n)); n++)
		if (!strcmp(cmd->name, name))
			return cmd;
	return NULL;
}

/* Whether commands have two words, of which this is the first one */
bool is_family(const char *name)
{
	const struct command *cmd;
	size_t len = strlen(name);

	for (size_t n = 0; (cmd = command_at(n)); n++)
		if (!strncmp(cmd->name, name, len) && cmd->name[len] == ' ')
			return true;
	return false;
}

/* Lists the second words of a family. */
static const char *family_words(const char *name, char *buf, size_t size)
{
	const struct command *cmd;
	size_t len = strlen(name), at = 0;

	for (size_t n = 0; (cmd = command_at(n)) && at < size; n++)
		if (!strncmp(cmd->name, name, len) && cmd->name[len] == ' ')
			at += snprintf(buf + at, size - at, "%s%s", at ? ", " : "",
				       cmd->name + len + 1);
	return buf;
}

/* @len: length of @word, or of "--name" where it is "--name=value" */
static const struct param *find_in(const struct param *params,
				   const char *word, size_t len)
{
	for (; params && params->name; params++) {
		if (word[1] != '-' && len == 2 && params->letter == word[1])
			return params;
		if (word[1] == '-' && len == 2 + strlen(params->name) &&
		    !strncmp(word + 2, params->name, len - 2))
			return params;
	}
	return NULL;
}

static int parse_number(struct env *env, const char *option, const char *text,
			const char *what, unsigned int max, unsigned int *out)
{
	unsigned long n;
	char *end;

	n = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || !n || n > max)
		return usage_error(env, "'%s' of option '--%s' is not %s (1 to %u)",
				   text, option, what, max);
	*out = n;
	return 0;
}

static int add_text(struct env *env, const struct param *p, const char *text,
		    const char **list, unsigned int *count)
{
	if (*count == MAX_SET)
		return usage_error(env, "option '--%s' is given more than %d times",
				   p->name, MAX_SET);
	list[(*count)++] = text;
	return 0;
}

static int set_param(struct env *env, const struct param *p, const char *text)
{
	void *to = (char *)&env->args + p->at;

	switch (p->type) {
	case PARAM_SET:
		return add_text(env, p, text, env->args.set,
				&env->args.nr_set);
	case PARAM_UNSET:
		return add_text(env, p, text, env->args.unset,
				&env->args.nr_unset);
	case PARAM_FLAG:
		*(bool *)to = true;
		return 0;
	case PARAM_NUMBER:
		return parse_number(env, p->name, text, "a number", INT_MAX,
				    to);
	case PARAM_MODE:
		if (!mode_from(text, to))
			return 0;
		return usage_error(env, "'%s' of option '--%s' is neither shadow nor enforce",
				   text, p->name);
	case PARAM_SECONDS:
		return parse_number(env, p->name, text,
				    "a number of seconds", MAX_SECONDS, to);
	case PARAM_BUS:
		if (strlen(text) >= BX_NAME_LEN)
			return usage_error(env, "'%s' of option '--%s' is too long for a bus",
					   text, p->name);
		/* fallthrough */
	case PARAM_TEXT:
		if (!text[0])
			return usage_error(env, "option '--%s' has an empty value",
					   p->name);
		*(const char **)to = text;
		return 0;
	}
	return usage_error(env, "option '--%s' is broken", p->name);
}

/* The option @word, without a cluster; moves *at over a value in a word of its own. */
static int parse_one(struct env *env, char *word, int argc, char **argv,
		     int *at)
{
	char *value = word[1] == '-' ? strchr(word, '=') : NULL;
	size_t len = strlen(word);
	const struct param *p;

	if (value)
		len = value++ - word;
	p = find_in(common_params, word, len);
	if (!p && env->command)
		p = find_in(env->command->params, word, len);
	if (!p && env->command)
		return usage_error(env, "'%s' has no option '%.*s'",
				   env->command->name, (int)len, word);
	if (!p)
		return usage_error(env, "unknown option '%.*s'", (int)len,
				   word);
	if (p->type == PARAM_FLAG && value)
		return usage_error(env, "option '%.*s' takes no value",
				   (int)len, word);
	if (p->type != PARAM_FLAG && !value) {
		if (*at + 1 >= argc)
			return usage_error(env, "option '%s' needs a value: %s",
					   word, p->metavar);
		value = argv[++*at];
	}
	return set_param(env, p, value);
}

/* "-jv" is "-j -v"; only the last one may have a value, the next word. */
static int parse_option(struct env *env, int argc, char **argv, int *at)
{
	char *word = argv[*at], one[] = "-?";
	int start = *at, err = 0;

	if (word[1] == '-' || !word[2])
		return parse_one(env, word, argc, argv, at);
	for (word++; !err && *word; word++) {
		one[1] = *word;
		err = parse_one(env, one, argc, argv, at);
		if (!err && *at != start && word[1])
			return usage_error(env, "option '%s' needs a value: write it last in '%s'",
					   one, argv[start]);
	}
	return err;
}

static bool takes_two(const struct command *cmd)
{
	return strchr(cmd->operand, ' ');
}

static int parse_command(struct env *env, const char *word)
{
	char name[64];

	if (!env->family && is_family(word)) {
		env->family = word;
		return 0;
	}
	snprintf(name, sizeof(name), "%s%s%s", env->family ?: "", env->family ? " " : "", word);
	env->command = find_command(name);
	if (!env->command)
		return usage_error(env, "unknown command '%s'", name);
	return 0;
}

static int parse_word(struct env *env, const char *word)
{
	if (!env->command)
		return parse_command(env, word);
	if (!env->command->operand)
		return usage_error(env, "'%s' takes no argument, but there is '%s'",
				   env->command->name, word);
	if (!word[0])
		return usage_error(env, "the argument of '%s' is empty",
				   env->command->name);
	if (!env->args.operand)
		env->args.operand = word;
	else if (takes_two(env->command) && !env->args.second)
		env->args.second = word;
	else
		return usage_error(env, "'%s' takes %s; '%s' is too many",
				   env->command->name, takes_two(env->command) ?
				   "two arguments" : "one argument", word);
	return 0;
}

static int check_operand(struct env *env)
{
	const struct command *cmd = env->command;
	char words[256];

	if (!cmd && env->family)
		return usage_error(env, "'%s' needs a second word: %s", env->family,
				   family_words(env->family, words, sizeof(words)));
	if (!cmd)
		return usage_error(env, "a command is missing");
	if (cmd->operand && cmd->operand[0] != '[' && !env->args.operand)
		return usage_error(env, "'%s' needs an argument: %s",
				   cmd->name, cmd->operand);
	if (cmd->operand && takes_two(cmd) && !strchr(cmd->operand, '[') && !env->args.second)
		return usage_error(env, "'%s' needs two arguments: %s",
				   cmd->name, cmd->operand);
	return 0;
}

/* Errors of the command line are JSON as well, if --json is given. */
static void look_for_json(struct env *env, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--json") ||
		    !strncmp(argv[i], "--json=", strlen("--json=")) ||
		    (argv[i][0] == '-' && argv[i][1] != '-' &&
		     strchr(argv[i], 'j')))
			env->args.json = true;
}

int params_parse(struct env *env, int argc, char **argv)
{
	bool options = true;
	int i, err = 0;

	look_for_json(env, argc, argv);
	for (i = 1; !err && i < argc; i++) {
		if (options && !strcmp(argv[i], "--"))
			options = false;
		else if (options && !env->command &&
			 (!strcmp(argv[i], "--version") ||
			  !strcmp(argv[i], "-V")))
			env->command = find_command("version");
		else if (options && argv[i][0] == '-' && argv[i][1])
			err = parse_option(env, argc, argv, &i);
		else
			err = parse_word(env, argv[i]);
	}
	if (err)
		return err;
	return env->args.help ? 0 : check_operand(env);
}
