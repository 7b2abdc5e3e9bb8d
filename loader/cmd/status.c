// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: the state of bus_ext at a glance
 *
 * Compares the policies in the kernel with the pins: a policy without a pin, or a pin
 * without a policy, is a sign of an error, or of another program.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bxctl.h"

struct status {
	struct env		*env;
	char			version[64];
	struct bundles		bundles;
	struct bx_device_rec	*devices;
	size_t			nr_devices;
	struct bx_policy_rec	*policies;
	struct bx_pin		*pins;
	struct bx_exit_info	*exits;
	size_t			nr_policies;
	size_t			nr_pins;
	size_t			nr_exits;
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

static bool is_pinned(const struct status *s, const char *key)
{
	const struct bx_pin *p;

	for (p = s->pins; p < s->pins + s->nr_pins; p++)
		if (p->kind == BX_ITEM_POLICY && p->live &&
		    !strcmp(p->name, key))
			return true;
	return false;
}

unsigned long long seconds_since(__u64 time_ns)
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
	char key[BX_SHOWN_LEN];

	for (p = s->policies; p < s->policies + s->nr_policies; p++) {
		bx_policy_key(key, p->name, p->flags);
		if (p->stage == BX_STAGE_ACTIVE && !is_pinned(s, key))
			printf("policy %s is attached, but not pinned here\n",
			       key);
	}
	for (pin = s->pins; pin < s->pins + s->nr_pins; pin++)
		if (!pin->live)
			printf("%s %s is pinned, but not attached: 'bxctl detach %s' cleans up\n",
			       pin->kind == BX_ITEM_HOOK ? "hook" : "policy",
			       pin->name, pin->name);
}

static int add_astray(const struct bx_device_rec *rec, void *arg)
{
	struct status *s = arg;

	if (!bx_is_as_decided(rec))
		s->devices = add(s->devices, &s->nr_devices, rec, sizeof(*rec));
	return 0;
}

static void print_devices(const struct status *s)
{
	const struct bx_device_rec *d;
	char buf[WORDS];

	for (d = s->devices; d < s->devices + s->nr_devices; d++)
		printf("device %s/%s is not as decided: %s; try 'bxctl rebind %s/%s'\n",
		       d->dev.bus, d->dev.name, word_outcome(buf, d),
		       d->dev.bus, d->dev.name);
	if (s->nr_devices > 1)
		printf("'bxctl rebind --all' rebinds these %zu devices, unless they are in use\n",
		       s->nr_devices);
}

static void print_status(struct status *s)
{
	const struct bx_exit_info *e;
	const struct bx_pin *pin;
	char key[BX_SHOWN_LEN];
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
			printf("hook %s (link %u%s)\n", pin->name,
			       pin->link_id, pin->elsewhere ?
			       ", attached by another program" : "");
	print_problems(s);
	print_devices(s);
	for (i = 0; i < s->nr_policies; i++)
		if (bx_is_quarantined(&s->policies[i]))
			printf("policy %s is quarantined, and refuses devices: %s\n",
			       s->policies[i].name, s->policies[i].reason);
	for (e = s->exits; e < s->exits + s->nr_exits; e++)
		printf("ejected %llu s ago: %s version %u from %s%s%s: %s: %s (code %d)\n",
		       seconds_since(e->time_ns),
		       bx_policy_key(key, e->name, e->flags), e->version, e->bus,
		       e->device[0] ? ", on device " : "", e->device,
		       bx_exit_kind_text(e->kind), e->msg, e->code);
}

static const char *key_exit(__u32 kind)
{
	switch (kind) {
	case BX_EXIT_RETURN:
		return "return";
	case BX_EXIT_ERROR:
		return "error";
	case BX_EXIT_BAD_NAME:
		return "bad_name";
	case BX_EXIT_BAD_RESULT:
		return "bad_result";
	case BX_EXIT_UNLISTED:
		return "unlisted";
	case BX_EXIT_SLOW:
		return "slow";
	default:
		return "unknown";
	}
}

void json_exit(struct json *j, const char *name,
	       const struct bx_exit_info *e)
{
	json_object(j, name);
	json_string(j, "name", e->name);
	json_string(j, "mode", e->flags & BX_F_SHADOW ? "shadow" : "enforce");
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

static void json_pins(struct json *j, const struct status *s)
{
	char key[BX_SHOWN_LEN];
	size_t i;

	json_array(j, "not_pinned");
	for (i = 0; i < s->nr_policies; i++) {
		bx_policy_key(key, s->policies[i].name, s->policies[i].flags);
		if (s->policies[i].stage == BX_STAGE_ACTIVE && !is_pinned(s, key))
			json_string(j, NULL, key);
	}
	json_end_array(j);
	json_array(j, "pins");
	for (i = 0; i < s->nr_pins; i++) {
		json_object(j, NULL);
		json_string(j, "kind", s->pins[i].kind == BX_ITEM_HOOK ?
			    "hook" : "policy");
		json_string(j, "name", s->pins[i].name);
		json_bool(j, "live", s->pins[i].live);
		json_bool(j, "elsewhere", s->pins[i].elsewhere);
		json_uint(j, "link", s->pins[i].link_id);
		json_end_object(j);
	}
	json_end_array(j);
}

/* Without the module the bundles are shown, and why nothing else is. */
static void json_status(struct status *s, int err)
{
	struct json *j = &s->env->json;
	size_t i;

	json_string_or_null(j, "version", s->version);
	bundles_json(j, &s->bundles);
	json_array(j, "policies");
	for (i = 0; i < s->nr_policies; i++)
		json_policy(j, &s->policies[i]);
	json_end_array(j);
	json_pins(j, s);
	json_array(j, "not_as_decided");
	for (i = 0; i < s->nr_devices; i++)
		json_device(j, NULL, &s->devices[i]);
	json_end_array(j);
	json_array(j, "ejections");
	for (i = 0; i < s->nr_exits; i++)
		json_exit(j, NULL, &s->exits[i]);
	json_end_array(j);
	json_bool(j, "as_chosen", !err && !s->env->code);
	if (!err)
		return;
	json_string(j, "error", library_error(s->env, err));
	json_int(j, "code", bx_fault(s->env->bx));
}

static unsigned int stale_pins(const struct status *s)
{
	unsigned int n = 0;

	for (size_t i = 0; i < s->nr_pins; i++)
		n += !s->pins[i].live;
	return n;
}

static unsigned int quarantined(const struct status *s)
{
	unsigned int n = 0;

	for (size_t i = 0; i < s->nr_policies; i++)
		n += bx_is_quarantined(&s->policies[i]);
	return n;
}

static int look(struct env *env, struct status *s)
{
	int err;

	err = bx_check_kernel(env->bx);
	if (!err)
		err = bx_kernel_version(env->bx, s->version,
					sizeof(s->version));
	if (!err)
		err = bx_list_policies(env->bx, add_policy, s);
	if (!err)
		err = bx_list_pins(env->bx, add_pin, s);
	if (!err)
		err = bx_list_exits(env->bx, add_exit, s);
	if (!err)
		err = bx_list_decided(env->bx, add_astray, s);
	if (!err && (s->bundles.problems || s->nr_devices || stale_pins(s) ||
		     quarantined(s)))
		env->code = BX_FAULT_STATE;
	return err;
}

static int do_status(struct env *env)
{
	struct status s = { .env = env };
	int err;

	err = bundles_collect(env, &s.bundles);
	if (!err && !env->args.json)
		bundles_print(&s.bundles);
	if (!err)
		err = look(env, &s);
	if (env->args.json && (!err || bx_fault(env->bx) == BX_FAULT_KERNEL)) {
		json_status(&s, err);
		env->code = err ? BX_FAULT_KERNEL : env->code;
		err = 0;
	} else if (!err) {
		print_status(&s);
	}
	if (!err && env->args.clear)
		err = bx_clear_exits(env->bx);
	bundles_free(&s.bundles);
	free(s.policies);
	free(s.pins);
	free(s.exits);
	free(s.devices);
	return err;
}

static const struct param status_params[] = {
	{ "clear", 0, PARAM_FLAG, NULL,
	  "clear the list of ejections after it was shown",
	  offsetof(struct args, clear) },
	{}
};

const struct command status_commands[] = {
	{ "status", NULL, "bundles, policies, hooks, pins, the last ejections",
	  "Shows installed bundles with their settings, attached policies, inconsistencies,\n"
	  "devices that are not as decided, and the last ejections with the reasons.\n"
	  "The exit status is 6 when an enabled bundle is not active as chosen, a pinned policy\n"
	  "is gone, a policy is quarantined, or a device is not as decided.",
	  status_params, do_status },
	{}
};
