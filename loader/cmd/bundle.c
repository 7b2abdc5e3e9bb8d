// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: bundles: new, build, verify, test, plan, sign, pack
 */
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bxctl.h"
#include "template.h"

/* ---- new ---- */

/* Makes the name of a variable in C of the bundle's name. */
static void identifier(char *buf, size_t size, const char *name)
{
	size_t n;

	n = snprintf(buf, size, "%s%s",
		     isdigit((unsigned char)name[0]) ? "_" : "", name);
	for (size_t i = 0; i < n && i < size; i++)
		if (buf[i] && !isalnum((unsigned char)buf[i]))
			buf[i] = '_';
}

/* The template with NAME and IDENT replaced. */
static int write_template(struct env *env, const char *path, const char *text,
			  const char *name, const char *ident)
{
	FILE *f = fopen(path, "wxe");
	int err;

	for (; f && *text; text++) {
		if (!strncmp(text, "@NAME@", 6)) {
			fputs(name, f);
			text += 5;
		} else if (!strncmp(text, "@IDENT@", 7)) {
			fputs(ident, f);
			text += 6;
		} else {
			putc(*text, f);
		}
	}
	err = !f || ferror(f) ? -EIO : 0;
	if (f && fclose(f))
		err = -EIO;
	if (err)
		return failure(env, errno, "cannot write '%s'", path);
	return 0;
}

#define NR_TEMPLATES	3
#define RULES_POLICY	".pci.1b36"	/* the end of the name of the policy of the rules */

/* The files of a bundle with a program, and of one with rules */
static const struct {
	const char	*path;
	const char	*text;
} templates[2][NR_TEMPLATES] = {
	{
		{ "%s/bundle.yaml", template_manifest },
		{ "%s/%s.bpf.c", template_policy },
		{ "%s/tests/%s.yaml", template_cases },
	}, {
		{ "%s/bundle.yaml", template_rules_manifest },
		{ "%s/%s.rules", template_rules },
		{ "%s/tests/%s.yaml", template_rules_cases },
	},
};

/* Removes the files that exist. */
static void remove_templates(struct env *env, const char *dir, const char *name)
{
	char path[4200];

	for (int i = 0; i < NR_TEMPLATES; i++) {
		snprintf(path, sizeof(path), templates[env->args.rules][i].path, dir, name);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/tests", dir);
	rmdir(path);
	rmdir(dir);
}

static int write_templates(struct env *env, const char *dir, const char *name)
{
	char path[4200], ident[BX_NAME_LEN + 1];
	int err = 0;

	identifier(ident, sizeof(ident), name);
	snprintf(path, sizeof(path), "%s/tests", dir);
	if (mkdir(dir, 0777) || mkdir(path, 0777))
		return failure(env, errno, "cannot create '%s'", dir);
	for (int i = 0; !err && i < NR_TEMPLATES; i++) {
		snprintf(path, sizeof(path), templates[env->args.rules][i].path, dir, name);
		err = write_template(env, path, templates[env->args.rules][i].text, name, ident);
	}
	return err;
}

/* Rules need not be built. */
static void tell_new(const struct env *env, const char *dir)
{
	const char *here = strchr(dir, '/') ? "" : "./";

	printf("wrote the bundle '%s'; try ", dir);
	if (!env->args.rules)
		printf("'bxctl build %s', then ", dir);
	printf("'bxctl test --allow-unsigned %s%s'\n", here, dir);
}

/* The directory appears when it is complete. */
static int do_new(struct env *env)
{
	const char *dir = env->args.operand, *name = strrchr(dir, '/');
	char part[4096];
	int err;

	name = name ? name + 1 : dir;
	if (!bx_name_is_good(name))
		return usage_error(env,
				   "'%s' is not a valid name of a bundle: use " BX_NAME_RULE,
				   name);
	if (env->args.rules && strlen(name) + strlen(RULES_POLICY) >= BX_NAME_LEN)
		return usage_error(env,
				   "'%s' is too long for a bundle of rules: its policy would be '%s"
				   RULES_POLICY "', and names have up to %d characters", name, name,
				   BX_NAME_LEN - 1);
	if (!access(dir, F_OK))
		return failure(env, EEXIST, "cannot create '%s'", dir);
	if (snprintf(part, sizeof(part), "%s.part", dir) >= (int)sizeof(part))
		return failure(env, ENAMETOOLONG, "cannot create '%s'", dir);
	remove_templates(env, part, name);
	bx_temporary(part);
	err = write_templates(env, part, name);
	if (!err && rename(part, dir))
		err = failure(env, errno, "cannot create '%s'", dir);
	if (err)
		remove_templates(env, part, name);
	bx_temporary_done(part);
	if (err)
		return err;
	if (env->args.json)
		json_string(&env->json, "bundle", dir);
	else
		tell_new(env, dir);
	return 0;
}

/* ---- build ---- */

/*
 * Finds the headers for policies: in the prefix that bxctl is installed in, or in
 * the tree that it was built in.
 */
static int find_headers(struct env *env, char *buf, size_t size)
{
	static const char *const places[] = {
		"%s/../include/bus_ext", "%s/../../include"
	};
	const char *chosen = secure_getenv("BXCTL_INCLUDE");
	char self[4000], file[4200];
	ssize_t n;

	if (chosen) {
		snprintf(buf, size, "%s", chosen);
		return 0;
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[n > 0 ? n : 0] = '\0';
	if (strrchr(self, '/'))
		*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < 2; i++) {
		snprintf(buf, size, places[i], self);
		snprintf(file, sizeof(file), "%.4000s/bpf/bus_ext.bpf.h", buf);
		if (!access(file, R_OK))
			return 0;
	}
	return failure(env, 0,
		       "the headers for policies (bpf/bus_ext.bpf.h) are not found; set BXCTL_INCLUDE to their directory");
}

static int run_clang(struct env *env, char **argv)
{
	const char *chosen = secure_getenv("CLANG");
	int status, err;
	pid_t pid;

	argv[0] = (char *)(chosen ?: "clang");
	err = spawn(&pid, argv);
	if (err == ENOENT && !chosen) {
		argv[0] = "clang-19";
		err = spawn(&pid, argv);
	}
	if (err)
		return failure(env, 0,
			       "cannot run clang: %s; install it, or set CLANG=PROGRAM",
			       strerror(err));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return failure(env, errno, "cannot wait for clang");
	if (status)
		return failure(env, 0, "'%s' does not compile; see above",
			       argv[1]);
	return 0;
}

struct builder {
	struct env	*env;
	unsigned int	objects;
	char		headers[4096];
	unsigned int	built;
};

/* The object appears when it is complete. */
static int build_one(const char *object, void *arg)
{
	struct builder *b = arg;
	struct env *env = b->env;
	char source[4200], part[4200], include[4200], *dot;
	char *argv[16] = {
		NULL, source, "-O2", "-g", "-Wall", "-target", "bpf",
		"-mcpu=v3", "-I", b->headers, "-I", include, "-c", "-o", part,
		NULL
	};
	int err;

	snprintf(source, sizeof(source), "%s", object);
	dot = strrchr(source, '.');
	strcpy(dot, ".c");
	/* a policy includes the shared <linux/...> headers */
	snprintf(include, sizeof(include), "%.4000s/uapi", b->headers);
	snprintf(part, sizeof(part), "%s.part", object);
	if (access(source, R_OK) && !access(object, R_OK))
		return 0;
	bx_temporary(part);
	err = run_clang(env, argv);
	if (!err && rename(part, object))
		err = failure(env, errno, "cannot write '%s'", object);
	if (err)
		unlink(part);
	bx_temporary_done(part);
	if (err)
		return err;
	b->built++;
	if (env->args.json)
		json_string(&env->json, NULL, object);
	else
		printf("built %s\n", object);
	return 0;
}

/* The caller closes the bundle in any case. */
int open_bundle(struct env *env, unsigned int flags, struct bx_bundle **bundle)
{
	return bx_bundle_open(env->bx, env->args.operand, flags, bundle);
}

static unsigned int trust_flags(const struct env *env)
{
	return env->args.allow_unsigned ? BX_BUNDLE_UNSIGNED : 0;
}

/* A copy that may be loaded, with its settings; the caller closes it in any case. */
int open_trusted(struct env *env, unsigned int flags, struct bx_bundle **bundle)
{
	int err = open_bundle(env, BX_BUNDLE_COPY | BX_BUNDLE_CHECK |
			      trust_flags(env) | flags, bundle);

	return err ?: configure_bundle(env, *bundle);
}

/* Settings: the operator's file, then the command line */
int configure_bundle(struct env *env, struct bx_bundle *bundle)
{
	int err = bx_bundle_configure(bundle);

	for (unsigned int i = 0; !err && i < env->args.nr_set; i++)
		err = bx_bundle_set(bundle, env->args.set[i]);
	return err;
}

/* The caller reports a missing bundle. */
bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) || S_ISDIR(st.st_mode);
}

static int count_object(const char *path, void *arg)
{
	++*(unsigned int *)arg;
	return 0;
}

static int do_build(struct env *env)
{
	struct builder b = { .env = env };
	struct bx_bundle *bundle;
	int err;

	if (!is_directory(env->args.operand))
		return usage_error(env, "'build' is for a bundle that is a directory");
	err = open_bundle(env, BX_BUNDLE_PATH, &bundle);
	if (!err)
		err = bx_bundle_list_objects(bundle, count_object, &b.objects);
	if (!err && b.objects)
		err = find_headers(env, b.headers, sizeof(b.headers));
	if (env->args.json)
		json_array(&env->json, "built");
	if (!err)
		err = bx_bundle_list_objects(bundle, build_one, &b);
	if (env->args.json)
		json_end_array(&env->json);
	else if (!err && !b.objects)
		printf("nothing to build: the bundle has only rules\n");
	else if (!err && !b.built)
		printf("nothing to build: all objects exist, and no sources\n");
	bx_bundle_close(bundle);
	return err;
}

/* ---- output ---- */

static void show_verified(const struct bx_verified *v, void *arg)
{
	const struct bx_applied *a = v->policy;
	struct env *env = arg;
	char vendor[WORDS];

	if (!env->args.json) {
		printf("policy %s: bus %s, vendor %s, priority %d, version %u: ",
		       a->name, a->target, word_vendor(vendor, a->vendor),
		       a->priority, a->version);
		printf("%u programs, %llu instructions verified\n",
		       v->programs, v->insns);
		return;
	}
	json_object(&env->json, NULL);
	json_string(&env->json, "name", a->name);
	json_string(&env->json, "file", a->file);
	json_string(&env->json, "bus", a->target);
	if (a->vendor == BX_ANY)
		json_null(&env->json, "vendor");
	else
		json_hex(&env->json, "vendor", 4, a->vendor);
	json_int(&env->json, "priority", a->priority);
	json_uint(&env->json, "version", a->version);
	json_uint(&env->json, "programs", v->programs);
	json_uint(&env->json, "instructions", v->insns);
	json_end_object(&env->json);
}

static int show_setting(const struct bx_setting *s, void *arg)
{
	struct env *env = arg;

	if (!env->args.json) {
		printf("setting %s = %s (%s): %s\n", s->name,
		       setting_text(s, s->value), s->allowed, s->help);
		return 0;
	}
	json_setting(&env->json, s);
	return 0;
}

static int do_verify(struct env *env)
{
	const struct bx_bundle_about *a;
	struct bx_bundle *bundle;
	int err;

	if (env->args.installed)
		return verify_installed(env);
	if (!env->args.operand)
		return usage_error(env, "'verify' needs a BUNDLE, or '--installed'");
	err = open_trusted(env, 0, &bundle);
	if (err)
		goto out;
	a = bx_bundle_about(bundle);
	json_about(env, bundle);
	if (!env->args.json)
		printf("bundle %s %s of %s: %s\n%s%s\n", a->name,
		       a->version, a->vendor, a->summary, a->signer ?
		       "signed by " : "not signed", a->signer ?: "");
	if (env->args.json)
		json_array(&env->json, "settings");
	bx_bundle_list_settings(bundle, show_setting, env);
	if (env->args.json) {
		json_end_array(&env->json);
		json_array(&env->json, "policies");
	}
	err = bx_bundle_verify(bundle, show_verified, env);
	if (env->args.json)
		json_end_array(&env->json);
out:
	bx_bundle_close(bundle);
	return err;
}

static void show_case(const struct bx_case *c, void *arg)
{
	struct env *env = arg;

	if (!env->args.json) {
		printf("%s %s: %s\n", c->passed ? "ok    " : "FAILED",
		       c->file, c->name);
		if (!c->passed)
			printf("       expected: %s\n       actual:   %s\n",
			       c->expected, c->actual);
		env->count++;
		return;
	}
	json_object(&env->json, NULL);
	json_string(&env->json, "file", c->file);
	json_string(&env->json, "name", c->name);
	json_bool(&env->json, "passed", c->passed);
	json_string(&env->json, "expected", c->expected);
	json_string(&env->json, "actual", c->actual);
	json_end_object(&env->json);
}

static int run_cases(struct env *env, struct bx_bundle *bundle)
{
	int failed;

	json_about(env, bundle);
	if (env->args.json)
		json_array(&env->json, "cases");
	failed = bx_bundle_test(bundle, show_case, env);
	if (env->args.json)
		json_end_array(&env->json);
	else if (failed >= 0)
		printf("%u passed, %d failed\n", env->count - failed, failed);
	if (failed > 0)
		env->code = BXCTL_CASE_FAILED;
	return failed < 0 ? failed : 0;
}

static int do_test(struct env *env)
{
	struct bx_bundle *bundle;
	int err;

	err = open_bundle(env, BX_BUNDLE_COPY | BX_BUNDLE_CHECK |
			  trust_flags(env), &bundle);
	for (unsigned int i = 0; !err && i < env->args.nr_set; i++)
		err = bx_bundle_set(bundle, env->args.set[i]);
	if (!err)
		err = run_cases(env, bundle);
	bx_bundle_close(bundle);
	return err;
}

static int plan_bundle(struct env *env)
{
	struct bx_bundle *bundle;
	int ret;

	ret = open_bundle(env, BX_BUNDLE_COPY | BX_BUNDLE_CHECK |
			  trust_flags(env), &bundle);
	/* as an upgrade: the settings of the installed version are kept */
	if (!ret)
		ret = bx_bundle_configure(bundle) ?: bx_bundle_keep(bundle);
	for (unsigned int i = 0; !ret && i < env->args.nr_set; i++)
		ret = bx_bundle_set(bundle, env->args.set[i]);
	if (!ret) {
		json_about(env, bundle);
		plan_begin(env);
		ret = bx_bundle_plan(bundle, plan_device, env);
		plan_end(env, ret);
	}
	bx_bundle_close(bundle);
	return ret;
}

/* A file that exists and is not a bundle; a name without a file is that of a bundle. */
static bool is_objects(const char *path)
{
	size_t len = strlen(path);

	return !is_bundle(path) && (!access(path, F_OK) ||
				    (len > 2 && !strcmp(path + len - 2, ".o")));
}

static int plan_objects(struct env *env)
{
	int ret;

	if (env->args.nr_set)
		return usage_error(env, "'--set' is for bundles, and '%s' is not a bundle",
				   env->args.operand);
	plan_begin(env);
	ret = bx_plan(env->bx, env->args.operand, trust_flags(env),
		      plan_device, env);
	plan_end(env, ret);
	return ret;
}

static int do_plan(struct env *env)
{
	int changes = is_objects(env->args.operand) ? plan_objects(env) :
		plan_bundle(env);

	if (changes > 0 && !env->code)
		env->code = BXCTL_WOULD_CHANGE;
	return changes < 0 ? changes : 0;
}

/* ---- sign, pack ---- */

static int do_sign(struct env *env)
{
	const char *key = env->args.key, *cert = env->args.cert;
	struct bx_bundle *bundle;
	int err;

	if (!key || !cert)
		return usage_error(env, "'sign' needs '--key FILE' and '--cert FILE'");
	if (!is_directory(env->args.operand))
		return usage_error(env, "'sign' is for a bundle that is a directory");
	err = open_bundle(env, BX_BUNDLE_PATH, &bundle);
	if (!err)
		err = bx_bundle_sign(bundle, key, cert);
	if (!err && env->args.json)
		json_string(&env->json, "signature", "bundle.sig");
	else if (!err)
		printf("signed '%s'\n", env->args.operand);
	bx_bundle_close(bundle);
	return err;
}

static int do_pack(struct env *env)
{
	const struct bx_bundle_about *a;
	char name[200] = "";
	struct bx_bundle *bundle;
	const char *path = env->args.output ?: name;
	bool to_stdout;
	int err;

	if (!is_directory(env->args.operand))
		return usage_error(env, "'pack' is for a bundle that is a directory");
	to_stdout = !strcmp(path, "-");
	if (to_stdout && env->args.json)
		return usage_error(env,
				   "'--output -' and '--json' both write to the standard output");
	err = open_bundle(env, BX_BUNDLE_PATH, &bundle);
	if (!err) {
		a = bx_bundle_about(bundle);
		snprintf(name, sizeof(name), "%s-%.40s.tar.zst", a->name,
			 a->version);
		err = bx_bundle_pack(bundle, path);
	}
	if (!err && env->args.json)
		json_string(&env->json, "archive", path);
	else if (!err && !to_stdout)
		printf("wrote %s\n", path);
	bx_bundle_close(bundle);
	return err;
}

static const struct param sign_params[] = {
	{ "key", 'k', PARAM_TEXT, "FILE", "the private key (PEM)",
	  offsetof(struct args, key) },
	{ "cert", 'c', PARAM_TEXT, "FILE",
	  "its certificate (PEM), and those of its issuers",
	  offsetof(struct args, cert) },
	{}
};

static const struct param pack_params[] = {
	{ "output", 'o', PARAM_TEXT, "FILE",
	  "the archive, or - for the standard output (NAME-VERSION.tar.zst)",
	  offsetof(struct args, output) },
	{}
};

static const struct param bundle_params[] = {
	SET_PARAM, UNSIGNED_PARAM, TIMEOUT_PARAM, {}
};

static const struct param plan_params[] = {
	SET_PARAM, FACTS_PARAM(" of the devices that would change"), UNSIGNED_PARAM,
	TIMEOUT_PARAM, {}
};

static const struct param verify_params[] = {
	SET_PARAM,
	{ "installed", 0, PARAM_FLAG, NULL,
	  "check installed bundles, all or the one of that name",
	  offsetof(struct args, installed) },
	UNSIGNED_PARAM, TIMEOUT_PARAM, {}
};

static const struct param new_params[] = {
	{ "rules", 0, PARAM_FLAG, NULL, "a bundle of rules, which needs no compiler",
	  offsetof(struct args, rules) },
	{}
};

const struct command bundle_commands[] = {
	{ "new", "DIR", "create a new bundle from a template",
	  "Makes the directory DIR with a bundle that builds, passes its own test cases and\n"
	  "can be applied unchanged. The last part of DIR is the bundle's name.",
	  new_params, do_new },
	{ "build", "BUNDLE", "compile the policies of a bundle",
	  "Compiles each object that the manifest names and that has its source,\n"
	  "NAME.bpf.c, beside it, with clang and the headers for policies. Needs no kernel.\n"
	  "Rules are not compiled: a bundle of rules has nothing to build.",
	  NULL, do_build },
	{ "verify", "[BUNDLE]", "check that a trusted bundle loads on this kernel",
	  "Checks the signature and the settings, loads every policy and attaches it where\n"
	  "no election asks it, and detaches it. Shows the scope and the size of the programs.\n"
	  "'check' makes all checks that need no kernel. With --installed, the argument is the\n"
	  "name of an installed bundle, or all are checked without a name: their files,\n"
	  "signatures, keys and settings. That needs no kernel.",
	  verify_params, do_verify },
	{ "test", "BUNDLE", "run the test cases of a bundle",
	  "Runs tests/*.yaml of the bundle: elections of described devices, and calls on\n"
	  "them, by the bundle's real policies in the kernel. No device is touched.\n"
	  "Where bus_ext is not loaded, a bxctl in its source tree starts the VM for it.\n"
	  "The bundle must be trusted, except in that VM. The exit status is 9 when a case\n"
	  "fails.",
	  bundle_params, do_test },
	{ "plan", "BUNDLE|FILE|DIR", "show what applying a bundle or objects would change",
	  "Tries the election of each device in scope with the bundle, the BPF object, or\n"
	  "every *.bpf.o in a directory, and each call on it. Lists the devices that would have\n"
	  "another driver, and the calls with another outcome. An installed bundle's new\n"
	  "version has the settings and the mode that an upgrade keeps. Changes nothing. All of\n"
	  "it must be trusted: its programs are loaded. The exit status is 2 when something\n"
	  "would change, and 4 when a policy would be ejected: 'apply' refuses that.",
	  plan_params, do_plan },
	{ "sign", "BUNDLE", "sign a bundle",
	  "Writes bundle.sig into the directory: a CMS signature over the digests of all\n"
	  "other files.",
	  sign_params, do_sign },
	{ "pack", "BUNDLE", "make one file of a bundle",
	  "Writes the archive NAME-VERSION.tar.zst. The same files make the same archive.\n"
	  "Refuses what 'install' would refuse, a signature of other files, private keys and\n"
	  "archives. Only a regular file is replaced.",
	  pack_params, do_pack },
	{}
};
