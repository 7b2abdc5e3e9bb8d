/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bxctl: declarations that its files share
 *
 *	main.c         main(), help and version
 *	params.c       the command line, from the tables of options
 *	policy.c       apply, detach, policies
 *	bundle.c       new, build, verify, test, plan, sign, pack
 *	inspect.c      info, check
 *	signals.c      signals, and programs that bxctl starts
 *	plan.c         the output of plan
 *	install.c      install, upgrade, rollback, enable, disable, mode, remove, boot
 *	device.c       devices, drivers, tree
 *	explain.c      explain, reelect
 *	rebind.c       rebind
 *	group.c        groups of devices, in explain and plan
 *	driver.c       where a named driver is, in explain and plan
 *	facts.c        facts by name, in explain, devices and plan
 *	override.c     override
 *	create.c       types, create, destroy
 *	define.c       define, undefine, defined, start
 *	approve.c      approve
 *	rules.c        rules fmt, check, lint, stats, import, ambiguous
 *	rules_apply.c  rules apply
 *	rules_explain.c  rules explain
 *	site.c         set, refuse, unset, list
 *	expect.c       learn, expect, wait
 *	status.c       status
 *	installed.c    the installed bundles in it
 *	words.c        the kernel's numbers, in words
 *	advice.c       remedies
 *	print.c        output to a terminal
 *	table.c        columns
 *	json_writer.c  JSON
 *
 * A command returns 0, or a negative number with the reason in env->bx or,
 * when it is bxctl's own, in env->error.
 */
#ifndef _BXCTL_H
#define _BXCTL_H

#include <sys/types.h>

#include "../busext.h"
#include "json_writer.h"

#define BXCTL_VERSION	"0.1.0"

/* Exit status of 'plan', beside enum bx_fault */
#define BXCTL_WOULD_CHANGE	2
/* and of 'test' */
#define BXCTL_CASE_FAILED	9
/* and of 'rules check' and 'rules lint' */
#define BXCTL_WARNED		9

/* Times that '--set' may be given, and '--unset' */
#define MAX_SET		64

/**
 * struct args - a parsed command line
 * @operand: the command's operand, NULL when there is none
 * @second: its second one
 * @pin_dir: --pin-dir
 * @bus: --bus
 * @timeout: --timeout, in seconds
 * @set: --set, each time
 * @nr_set: number of these
 * @unset: --unset, each time
 * @nr_unset: number of these
 * @key: --key
 * @cert: --cert
 * @output: --output
 * @mode: --mode
 * @generation: --generation; 0 without
 * @allow_unsigned: --allow-unsigned
 * @downgrade: --allow-downgrade
 * @change_signer: --change-signer
 * @fail_closed: --fail-closed
 * @clear: --clear
 * @offline: --offline
 * @files: --files
 * @installed: --installed
 * @words: --words
 * @json: --json
 * @verbose: --verbose
 * @all: --all
 * @policy: --policy
 * @guid: --guid
 * @parent: --parent
 * @automatic: --auto
 * @dry_run: --dry-run
 * @group: --group
 * @facts: --facts
 * @rebind: --rebind
 * @no_rebind: --no-rebind
 * @force: --force
 * @help: --help
 * @list: --list
 * @revoke: --revoke
 * @fingerprint: --fingerprint
 * @check: --check
 * @modalias: --modalias
 * @aliases: --aliases
 */
struct args {
	const char	*operand;
	const char	*second;
	const char	*pin_dir;
	const char	*bus;
	unsigned int	timeout;
	const char	*set[MAX_SET];
	unsigned int	nr_set;
	const char	*unset[MAX_SET];
	unsigned int	nr_unset;
	const char	*key;
	const char	*cert;
	const char	*output;
	enum bx_mode	mode;
	unsigned int	generation;
	bool		allow_unsigned;
	bool		downgrade;
	bool		change_signer;
	bool		fail_closed;
	bool		clear;
	bool		offline;
	bool		files;
	bool		installed;
	bool		words;
	bool		json;
	bool		verbose;
	bool		all;
	const char	*policy;
	const char	*guid;
	const char	*parent;
	bool		automatic;
	bool		dry_run;
	bool		group;
	bool		facts;
	bool		rebind;
	bool		no_rebind;
	bool		force;
	bool		help;
	bool		list;
	bool		revoke;
	const char	*fingerprint;
	bool		check;
	bool		rules;
	const char	*modalias;
	const char	*aliases;
	const char	*by;
	const char	*driver;
};

/* table.c: rows of @columns cells, NULL-terminated */
#define MAX_COLUMNS	10
struct table {
	unsigned int	columns;
	unsigned int	rows;
	unsigned int	room;
	char		**cells;
};

/**
 * struct env - the environment of a command
 * @command: the command
 * @family: the first word of a command of two words, NULL for any other one
 * @args: its arguments
 * @bx: the library
 * @json: the open outermost object of the output, when args.json
 * @error: bxctl's own error, empty when it is the library's
 * @fault: class of @error, when it is not about the command line
 * @printed: the command's output, JSON too, has been written by another program
 * @code: exit status of a command that worked
 * @table: its output, if that is a table
 * @holders: another one: uses of devices
 * @absent: another one: drivers that are not registered
 * @count: number of items that it has seen
 * @bound: number of devices of a plan that change only when they are bound again
 * @futures: devices of a plan, for groups that it would divide
 * @details: facts and uses of listed devices, see facts.c
 * @notes: the library's notes, when args.json
 * @nr_notes: number of notes
 * @rejections: devices on which a policy of the plan would be ejected
 * @rejected: the first of them, and why
 */
struct env {
	const struct command	*command;
	const char		*family;
	struct args		args;
	struct bx_handle	*bx;
	struct json		json;
	char			error[512];
	enum bx_fault		fault;
	bool			printed;
	int			code;
	struct table		table;
	struct table		holders;
	struct table		absent;
	unsigned int		count;
	unsigned int		bound;
	struct futures		*futures;
	struct details		*details;
	char			**notes;
	unsigned int		nr_notes;
	unsigned int		rejections;
	char			rejected[512];
};

/* Types of options, each checked before a command starts. */
enum param_type {
	PARAM_FLAG,	/* bool: no value */
	PARAM_TEXT,	/* const char *: not empty */
	PARAM_BUS,	/* const char *: fits a bus name */
	PARAM_SECONDS,	/* unsigned int: 1..86400 */
	PARAM_SET,	/* args.set: NAME=VALUE, NAME+=VALUE or NAME-=VALUE, each time */
	PARAM_UNSET,	/* args.unset: NAME, each time */
	PARAM_MODE,	/* enum bx_mode: shadow or enforce */
	PARAM_NUMBER,	/* unsigned int: 1.. */
};

/**
 * struct param - an option
 * @name: its long name, without the dashes
 * @letter: its short name, 0 when there is none
 * @type: enum param_type
 * @metavar: name of its value; NULL for a flag
 * @help: one line
 * @at: offset of its value in struct args
 */
struct param {
	const char	*name;
	char		letter;
	enum param_type	type;
	const char	*metavar;
	const char	*help;
	size_t		at;
};

/**
 * struct command - a verb
 * @name: its name, one word or two; there is no abbreviation
 * @operand: name of its operand, or of two; in brackets when it may be
 *	left out, NULL when it takes none
 * @help: one line
 * @usage: a few sentences
 * @params: options beside the common ones; NULL when it has none
 * @run: executes the command
 */
struct command {
	const char		*name;
	const char		*operand;
	const char		*help;
	const char		*usage;
	const struct param	*params;
	int			(*run)(struct env *env);
};

extern const struct param common_params[];
extern const struct command policy_commands[];
extern const struct command inspect_commands[];
extern const struct command bundle_commands[];
extern const struct command install_commands[];
extern const struct command device_commands[];
extern const struct command explain_commands[];
extern const struct command rebind_commands[];
extern const struct command override_commands[];
extern const struct command create_commands[];
extern const struct command define_commands[];
extern const struct command approve_commands[];
extern const struct command rules_commands[];
extern const struct command site_commands[];
extern const struct command expect_commands[];
extern const struct command status_commands[];
extern const struct command main_commands[];
extern const struct command *const command_tables[];

/* main.c */
int usage_error(struct env *env, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int failure(struct env *env, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* signals.c */
void handle_signals(void);
/* Searches argv[0] in PATH; returns 0 or an errno. */
int spawn(pid_t *pid, char **argv);

/* params.c */
int params_parse(struct env *env, int argc, char **argv);
const struct command *find_command(const char *name);
bool is_family(const char *name);
/* The commands of all tables, counted from 0; NULL after the last. */
const struct command *command_at(size_t n);

/* advice.c */
const char *library_error(const struct env *env, int err);
const char *failure_text(const struct env *env, const char *note);
const char *problem_text(const struct bx_problem *p);

/* words.c: valid until the next call with the same buffer */
#define WORDS	160
const char *word_bound(const char *driver);
const char *word_device_id(char *buf, const struct bx_dev_info *dev);
const char *word_decider(char *buf, const struct bx_decision *decision);
const char *word_outcome(char *buf, const struct bx_device_rec *rec);
const char *word_vendor(char *buf, __u32 vendor);
const char *key_stage(__u32 stage);
const char *key_driver_state(const struct bx_decision *d);
bool has_decision(const struct bx_device_rec *rec);
const char *decided_driver(const struct bx_device_rec *rec);
void json_device(struct json *j, const char *name,
		 const struct bx_device_rec *rec);
/* The same without its end: json_end_object() */
void json_device_begin(struct json *j, const char *name, const struct bx_device_rec *rec);
void json_holder(struct json *j, const struct bx_holder *holder);
void json_policy(struct json *j, const struct bx_policy_rec *rec);

/* Functions that several commands share */
#define TIMEOUT_PARAM \
	{ "timeout", 0, PARAM_SECONDS, "SECONDS", \
	  "how long to wait for the kernel or another bxctl (30)", \
	  offsetof(struct args, timeout) }
#define SET_PARAM \
	{ "set", 's', PARAM_SET, "NAME=VALUE", \
	  "choose the value of a setting; may be repeated", \
	  offsetof(struct args, set) }
#define FAIL_CLOSED_PARAM \
	{ "fail-closed", 0, PARAM_FLAG, NULL, \
	  "an ejected policy refuses devices until it is replaced or detached", \
	  offsetof(struct args, fail_closed) }
#define UNSIGNED_PARAM \
	{ "allow-unsigned", 0, PARAM_FLAG, NULL, \
	  "accept an object or bundle without a signature", \
	  offsetof(struct args, allow_unsigned) }

#define REBIND_PARAM \
	{ "rebind", 0, PARAM_FLAG, NULL, \
	  "also rebind devices that were bound before, unless they are in use", \
	  offsetof(struct args, rebind) }

/* inspect.c */
void json_about(struct env *env, const struct bx_bundle *bundle);
void json_setting(struct json *j, const struct bx_setting *s);
/* The value or the default of a setting, for people */
const char *setting_text(const struct bx_setting *s, const char *value);

/* bundle.c */
int open_bundle(struct env *env, unsigned int flags, struct bx_bundle **bundle);
int open_trusted(struct env *env, unsigned int flags, struct bx_bundle **bundle);
int configure_bundle(struct env *env, struct bx_bundle *bundle);
bool is_directory(const char *path);

/* policy.c: an archive, or a directory with a manifest */
bool is_bundle(const char *path);

/* plan.c: sets env->code when a policy would be ejected */
void plan_begin(struct env *env);
void plan_device(const struct bx_change *change, void *env);
void plan_end(struct env *env, int changes);

/**
 * struct facts - the facts of a device
 * @list: the facts
 * @count: number of facts
 */
struct facts {
	struct bx_fact_rec	list[BX_NR_FACTS];
	size_t			count;
};

#define FACTS_PARAM(of) \
	{ "facts", 0, PARAM_FLAG, NULL, "also facts by name" of, offsetof(struct args, facts) }

/* facts.c */
int facts_read(struct env *env, const struct bx_devref *ref, struct facts *facts);
void facts_json(struct json *j, const struct facts *facts);
void facts_print(const struct facts *facts);
int details_begin(struct env *env, bool uses);
int details_show(struct env *env, const struct bx_device_rec *rec);
void details_end(struct env *env, bool failed);
int uses_show(struct env *env, const struct bx_device_rec *rec);

/* driver.c: in an object that is open; an empty driver is null */
void json_driver_source(struct env *env, const struct bx_dev_info *dev, const char *driver);
void plan_driver(struct env *env, const struct bx_change *change);

/* rules.c */
int rules_open(struct env *env, const char *path, struct bx_rules **rules);
int do_rules_apply(struct env *env);
int do_rules_explain(struct env *env);
extern const struct param rules_explain_params[];

/* group.c */
int show_group(struct env *env, const struct bx_devref *ref);

/* parts.c */

/* Prints the parts of a composite device, or what the device is a part of. */
int show_parts(struct env *env, const struct bx_devref *ref);
/* Whether the driver of a composite device waits for a part; @missing takes the first. */
bool find_missing_part(struct env *env, const struct bx_dev_info *dev,
		       struct bx_part_info *missing);
void group_plan(struct env *env, const struct bx_change *change);
void group_plan_end(struct env *env, bool failed);

/* rebind.c */
void json_in_use(struct env *env, struct json *j);
int rebind_all(struct env *env, struct bx_rebind_opts *opts);

/* install.c */
int mode_from(const char *text, enum bx_mode *mode);
int verify_installed(struct env *env);

/**
 * struct canary_status - the canary of a bundle, and its problem
 * @c: the library's record; its pointers are not valid any more
 * @there: there is one
 * @version: its version
 * @signer: its signer; empty without a signature
 * @ejected: @ejection is valid
 * @ejection: the last ejection of one of its policies
 * @problem: the reason when it is not as chosen, else empty
 */
struct canary_status {
	struct bx_canary	c;
	bool			there;
	char			version[64];
	char			signer[256];
	bool			ejected;
	struct bx_exit_info	ejection;
	char			problem[1200];
};

/**
 * struct bundle_status - an installed bundle, and its problem
 * @i: the library's record; its pointers are not valid any more
 * @name: its name
 * @version: its version; empty when there is none
 * @signer: its signer; empty without a signature
 * @ejected: @ejection is valid
 * @ejection: the last ejection of one of its policies
 * @unreadable: its state cannot be read
 * @bundle: the bundle, with its settings; NULL when it cannot be opened
 * @problem: the reason when it is not as chosen, else empty
 * @remedy: the command that helps
 * @canary: another version, in shadow mode beside it
 */
struct bundle_status {
	struct bx_installed	i;
	char			name[BX_NAME_LEN];
	char			version[64];
	char			signer[256];
	bool			ejected;
	struct bx_exit_info	ejection;
	bool			unreadable;
	struct bx_bundle	*bundle;
	char			problem[1200];
	char			remedy[WORDS];
	struct canary_status	canary;
};

struct bundles {
	struct bundle_status	*list;
	size_t			count;
	unsigned int		problems;
};

/* installed.c */
int bundles_collect(struct env *env, struct bundles *b);
void bundles_print(struct bundles *b);
void bundles_json(struct json *j, const struct bundles *b);
void bundles_free(struct bundles *b);

/* status.c */
unsigned long long seconds_since(__u64 time_ns);
void json_exit(struct json *j, const char *name, const struct bx_exit_info *e);

/* policy.c */
void print_applied(const struct bx_applied *a, void *arg);
void json_applied(const struct bx_applied *a, void *arg);
void policy_header(struct table *t);
void policy_row(struct table *t, const struct bx_policy_rec *rec);

/*
 * print.c: texts from outside are made printable.  printf() of bxctl's files is replaced
 * by this function, so that no file can miss it.
 */
void print_to(FILE *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
#define printf(...)	print_to(stdout, __VA_ARGS__)

/* table.c */
void table_row(struct table *t, ...) __attribute__((sentinel));
void table_print(const struct table *t, const char *indent);
void table_free(struct table *t);

#endif /* _BXCTL_H */
