// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: the state of bus_ext in one look
 *
 * Sets what the kernel lists against what is pinned: either alone is a sign
 * that something went wrong or was done by other means.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bxctl.h"

struct status {
	struct env		*env;
	char			version[64];
	struct bx_policy_rec	*policies;
	struct bx_pin		*pins;
	struct bx_exit_info	*exits;
	size_t			nr_policies;
	size_t			nr_pins;
	size_t			nr_exits;
	struct table		bundles;
};

static void *add(void *list, size_t *count, const void *rec, size_t size)
{
	list = realloc(list, (*count + 1) * size);
	if (!list)
		abort();
	memcpy((char *)list + (*count)++ * size, rec, size);
	return list;
}

static int add_policy(const struct bx_policy_rec *rec, void *arg)
{
	struct status *s = arg;

	s->policies = add(s->policies, &s->nr_policies, rec, sizeof(*rec));
	return 0;
}

static int add_pin(const struct bx_pin *pin, void *arg)
{
	struct status *s = arg;

	s->pins = add(s->pins, &s->nr_pins, pin, sizeof(*pin));
	return 0;
}

static int add_exit(const struct bx_exit_info *rec, void *arg)
{
	struct status *s = arg;

	s->exits = add(s->exits, &s->nr_exits, rec, sizeof(*rec));
	return 0;
}

static bool is_pinned(const struct status *s, const char *policy)
{
	const struct bx_pin *p;

	for (p = s->pins; p < s->pins + s->nr_pins; p++)
		if (p->kind == BX_ITEM_POLICY && p->live &&
		    !strcmp(p->name, policy))
			return true;
	return false;
}

static unsigned long long seconds_since(__u64 time_ns)
{
	struct timespec ts;
	__u64 now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (__u64)ts.tv_sec * 1000000000 + ts.tv_nsec;
	return now > time_ns ? (now - time_ns) / 1000000000 : 0;
}

static void print_problems(const struct status *s)
{
	const struct bx_policy_rec *p;
	const struct bx_pin *pin;

	for (p = s->policies; p < s->policies + s->nr_policies; p++)
		if (p->stage == BX_STAGE_FORCE && !is_pinned(s, p->name))
			printf("policy %s is attached, but not pinned here\n",
			       p->name);
	for (pin = s->pins; pin < s->pins + s->nr_pins; pin++)
		if (!pin->live)
			printf("%s %s is pinned, but not attached: 'bxctl detach %s' cleans up\n",
			       pin->kind == BX_ITEM_HOOK ? "hook" : "policy",
			       pin->name, pin->name);
}

static const char *word_installed(char *buf, const struct bx_installed *b)
{
	if (b->problem)
		return "unreadable";
	if (b->interrupted)
		return "change interrupted";
	if (!b->enabled)
		return b->in_force ? "disabled, but in force" : "disabled";
	if (b->in_force < b->policies) {
		snprintf(buf, WORDS, "%u of %u in force", b->in_force,
			 b->policies);
		return b->in_force ? buf : "not in force";
	}
	return b->current ? "in force" : "another state in force";
}

static const char *word_ejection(char *buf, const struct bx_exit_info *e)
{
	if (!e)
		return "-";
	snprintf(buf, WORDS, "%s, %llu s ago", e->name,
		 seconds_since(e->time_ns));
	return buf;
}

static int installed_row(const struct bx_installed *b, void *arg)
{
	char generation[32], hits[24], diverged[24], state[WORDS];
	char ejection[WORDS];
	struct status *s = arg;

	if (!s->bundles.rows)
		table_row(&s->bundles, "BUNDLE", "VERSION", "GENERATION",
			  "MODE", "STATE", "HITS", "DIVERGED", "SIGNED BY",
			  "LAST EJECTION", NULL);
	snprintf(generation, sizeof(generation), "%u of %u", b->generation,
		 b->generations);
	snprintf(hits, sizeof(hits), "%llu", b->hits);
	snprintf(diverged, sizeof(diverged), "%llu", b->diverged);
	table_row(&s->bundles, b->name, b->version ?: "-", generation,
		  b->shadow ? "shadow" : "enforce", word_installed(state, b),
		  hits, diverged, b->signer ?: "nobody",
		  word_ejection(ejection, b->ejection), NULL);
	if (b->problem)
		print_to(stderr, "bxctl: bundle %s: %s\n", b->name,
			b->problem);
	return 0;
}

/* Installed bundles, whether the module is there or not */
static int print_installed(struct status *s)
{
	int err = bx_list_installed(s->env->bx, installed_row, s);

	if (!err && s->bundles.rows)
		table_print(&s->bundles, "");
	table_free(&s->bundles);
	return err;
}

static void print_status(struct status *s)
{
	const struct bx_exit_info *e;
	const struct bx_pin *pin;
	struct table t = {};
	size_t i;

	printf("bus_ext %s, %zu %s attached\n", s->version, s->nr_policies,
	       s->nr_policies == 1 ? "policy" : "policies");
	if (s->nr_policies) {
		policy_header(&t);
		for (i = 0; i < s->nr_policies; i++)
			policy_row(&t, &s->policies[i]);
		table_print(&t, "  ");
		table_free(&t);
	}
	for (pin = s->pins; pin < s->pins + s->nr_pins; pin++)
		if (pin->kind == BX_ITEM_HOOK && pin->live)
			printf("hook %s (link %u)\n", pin->name,
			       pin->link_id);
	print_problems(s);
	for (e = s->exits; e < s->exits + s->nr_exits; e++)
		printf("ejected %llu s ago: %s version %u from %s%s%s: %s: %s (code %d)\n",
		       seconds_since(e->time_ns), e->name, e->version, e->bus,
		       e->device[0] ? ", on device " : "", e->device,
		       bx_exit_kind_text(e->kind), e->msg, e->code);
}

static const char *key_exit(__u32 kind)
{
	switch (kind) {
	case BX_EXIT_RETURN:
		return "return";
	case BX_EXIT_NO_DRIVER:
		return "no_driver";
	case BX_EXIT_ERROR:
		return "error";
	case BX_EXIT_BAD_NAME:
		return "bad_name";
	case BX_EXIT_BAD_RESULT:
		return "bad_result";
	default:
		return "unknown";
	}
}

static void json_exit(struct json *j, const char *name,
		      const struct bx_exit_info *e)
{
	json_object(j, name);
	json_string(j, "name", e->name);
	json_string(j, "bus", e->bus);
	json_string_or_null(j, "device", e->device);
	json_string(j, "kind", key_exit(e->kind));
	json_int(j, "code", e->code);
	json_string(j, "message", e->msg);
	json_uint(j, "version", e->version);
	json_uint(j, "id", e->id);
	json_uint(j, "seq", e->seq);
	json_uint(j, "seconds_ago", seconds_since(e->time_ns));
	json_end_object(j);
}

static const char *key_installed(const struct bx_installed *b)
{
	if (b->problem)
		return "unreadable";
	if (b->interrupted)
		return "interrupted";
	if (!b->enabled)
		return "disabled";
	if (b->in_force < b->policies)
		return b->in_force ? "partly_in_force" : "not_in_force";
	return b->current ? "in_force" : "other_in_force";
}

static int json_installed(const struct bx_installed *b, void *arg)
{
	struct json *j = arg;

	json_object(j, NULL);
	json_string(j, "name", b->name);
	json_string_or_null(j, "version", b->version ?: "");
	json_string_or_null(j, "signer", b->signer ?: "");
	json_uint(j, "generation", b->generation);
	json_uint(j, "generations", b->generations);
	json_bool(j, "enabled", b->enabled);
	json_string(j, "mode", b->shadow ? "shadow" : "enforce");
	json_string(j, "state", key_installed(b));
	json_uint(j, "policies", b->policies);
	json_uint(j, "in_force", b->in_force);
	json_uint(j, "hits", b->hits);
	json_uint(j, "diverged", b->diverged);
	if (b->ejection)
		json_exit(j, "last_ejection", b->ejection);
	else
		json_null(j, "last_ejection");
	json_string_or_null(j, "problem", b->problem ?: "");
	json_end_object(j);
	return 0;
}

static int json_status(struct status *s)
{
	struct json *j = &s->env->json;
	size_t i;
	int err;

	json_string(j, "version", s->version);
	json_array(j, "bundles");
	err = bx_list_installed(s->env->bx, json_installed, j);
	json_end_array(j);
	json_array(j, "policies");
	for (i = 0; i < s->nr_policies; i++)
		json_policy(j, &s->policies[i]);
	json_end_array(j);
	json_array(j, "not_pinned");
	for (i = 0; i < s->nr_policies; i++)
		if (s->policies[i].stage == BX_STAGE_FORCE &&
		    !is_pinned(s, s->policies[i].name))
			json_string(j, NULL, s->policies[i].name);
	json_end_array(j);
	json_array(j, "pins");
	for (i = 0; i < s->nr_pins; i++) {
		json_object(j, NULL);
		json_string(j, "kind", s->pins[i].kind == BX_ITEM_HOOK ?
			    "hook" : "policy");
		json_string(j, "name", s->pins[i].name);
		json_bool(j, "live", s->pins[i].live);
		json_uint(j, "link", s->pins[i].link_id);
		json_end_object(j);
	}
	json_end_array(j);
	json_array(j, "ejections");
	for (i = 0; i < s->nr_exits; i++)
		json_exit(j, NULL, &s->exits[i]);
	json_end_array(j);
	return err;
}

static int do_status(struct env *env)
{
	struct status s = { .env = env };
	int err = 0;

	if (!env->args.json)
		err = print_installed(&s);
	if (!err)
		err = bx_check_kernel(env->bx);
	if (!err)
		err = bx_kernel_version(env->bx, s.version, sizeof(s.version));
	if (!err)
		err = bx_list_policies(env->bx, add_policy, &s);
	if (!err)
		err = bx_list_pins(env->bx, add_pin, &s);
	if (!err)
		err = bx_list_exits(env->bx, add_exit, &s);
	if (!err && env->args.json)
		err = json_status(&s);
	else if (!err)
		print_status(&s);
	free(s.policies);
	free(s.pins);
	free(s.exits);
	return err;
}

const struct command status_commands[] = {
	{ "status", NULL, "bundles, policies, hooks, pins, the last ejections",
	  "Shows what is installed and what is attached, what does not fit together (a pin\n"
	  "without its policy, a policy without a pin), and the last ejections with the\n"
	  "reasons.",
	  NULL, do_status },
	{}
};
