// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: approve: devices that a policy refuses until they are approved
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "bxctl.h"

/* The texts of the device, of which nothing is proved */
static const char *word_texts(char *buf, const struct bx_approval *a)
{
	char id[WORDS];

	snprintf(buf, 4 * WORDS, "%s%s%s%s%s%s%s",
		 a->manufacturer[0] || a->product[0] ? a->manufacturer :
		 word_device_id(id, &a->device.dev),
		 a->manufacturer[0] && a->product[0] ? " " : "", a->product,
		 a->serial[0] ? ", serial " : "", a->serial,
		 a->interfaces[0] ? ", interfaces " : "", a->interfaces);
	return buf;
}

static void json_approval(struct json *j, const struct bx_approval *a)
{
	json_string_or_null(j, "bundle", a->bundle);
	json_string(j, "fingerprint", a->fingerprint);
	json_bool(j, "approved", a->approved);
	json_string_or_null(j, "manufacturer", a->manufacturer);
	json_string_or_null(j, "product", a->product);
	json_string_or_null(j, "serial", a->serial);
	json_string_or_null(j, "interfaces", a->interfaces);
	if (a->there)
		json_device(j, "device", &a->device);
	else
		json_null(j, "device");
}

static void show_change(struct env *env, const struct bx_approval *a,
			void (*print)(const struct bx_approval *a))
{
	if (!env->args.json) {
		print(a);
		return;
	}
	json_bool(&env->json, "changed", a->changed);
	json_approval(&env->json, a);
}

/* ---- approve DEVICE ---- */

static void print_approved(const struct bx_approval *a)
{
	const struct bx_dev_info *dev = &a->device.dev;
	char texts[4 * WORDS], outcome[WORDS];

	printf("%s/%s: %s\nfingerprint %s\n%s in %s%s: %s (%s)\n", dev->bus, dev->name,
	       word_texts(texts, a), a->fingerprint,
	       a->changed ? "approved" : "already approved",
	       a->bundle[0] ? "bundle " : "the list of the machine", a->bundle,
	       a->device.driver[0] ? a->device.driver : "no driver",
	       word_outcome(outcome, &a->device));
}

static int approve(struct env *env)
{
	struct bx_approval a = {};
	struct bx_devref ref;
	int err;

	err = bx_parse_device(env->bx, env->args.operand, env->args.bus, &ref);
	if (!err)
		err = bx_approve(env->bx, &ref, env->args.fingerprint, &a);
	if (err)
		return err;
	show_change(env, &a, print_approved);
	return 0;
}

/* ---- approve --revoke ---- */

static bool is_fingerprint(const char *text)
{
	return strlen(text) == BX_FINGERPRINT_LEN - 1 &&
		strspn(text, "0123456789abcdefABCDEF") == BX_FINGERPRINT_LEN - 1;
}

static void print_revoked(const struct bx_approval *a)
{
	const struct bx_dev_info *dev = &a->device.dev;

	if (!a->changed) {
		printf("%s is not approved\n", a->fingerprint);
		return;
	}
	printf("no longer approved: %s\n", a->fingerprint);
	if (a->there)
		printf("a bound device keeps its driver; 'bxctl rebind %s/%s' unbinds it\n",
		       dev->bus, dev->name);
	else
		printf("a bound device keeps its driver until it is rebound or removed\n");
}

static int revoke(struct env *env)
{
	const char *operand = env->args.operand;
	bool print = is_fingerprint(operand);
	struct bx_approval a = {};
	struct bx_devref ref = {};
	int err = 0;

	if (!print)
		err = bx_parse_device(env->bx, operand, env->args.bus, &ref);
	if (!err)
		err = bx_revoke(env->bx, &ref, print ? operand : NULL, &a);
	if (err)
		return err;
	show_change(env, &a, print_revoked);
	return 0;
}

/* ---- approve --list ---- */

static int on_approval(const struct bx_approval *a, void *arg)
{
	char device[WORDS] = "-", texts[4 * WORDS] = "-";
	struct env *env = arg;

	if (env->args.json) {
		json_object(&env->json, NULL);
		json_approval(&env->json, a);
		json_end_object(&env->json);
		return 0;
	}
	if (a->there) {
		snprintf(device, sizeof(device), "%s/%s", a->device.dev.bus,
			 a->device.dev.name);
		word_texts(texts, a);
	}
	table_row(&env->table, a->approved ? "approved" : "waits", device,
		  a->bundle[0] ? a->bundle : "-", a->fingerprint, texts, NULL);
	return 0;
}

static int list(struct env *env)
{
	int err;

	if (env->args.json)
		json_array(&env->json, "approvals");
	else
		table_row(&env->table, "STATE", "DEVICE", "BUNDLE", "FINGERPRINT", "TEXTS", NULL);
	err = bx_list_approvals(env->bx, on_approval, env);
	if (env->args.json)
		json_end_array(&env->json);
	else if (!err)
		table_print(&env->table, "");
	table_free(&env->table);
	return err;
}

static int do_approve(struct env *env)
{
	const struct args *a = &env->args;

	if (a->list == !!a->operand)
		return usage_error(env, "'approve' needs either a DEVICE or '--list'");
	if (a->list && (a->revoke || a->fingerprint || a->bus))
		return usage_error(env, "'--list' takes no other option");
	if (a->revoke && a->fingerprint)
		return usage_error(env,
				   "'--revoke' and '--fingerprint' exclude each other; write the fingerprint instead of the DEVICE");
	if (a->list)
		return list(env);
	return a->revoke ? revoke(env) : approve(env);
}

static const struct param approve_params[] = {
	{ "bus", 'b', PARAM_BUS, "BUS", "the device's bus", offsetof(struct args, bus) },
	{ "fingerprint", 0, PARAM_TEXT, "HEX", "only if the device has this fingerprint",
	  offsetof(struct args, fingerprint) },
	{ "list", 'l', PARAM_FLAG, NULL, "show approvals, and devices that wait for one",
	  offsetof(struct args, list) },
	{ "revoke", 'r', PARAM_FLAG, NULL, "end the approval of a device, or of a fingerprint",
	  offsetof(struct args, revoke) },
	TIMEOUT_PARAM,
	{}
};

const struct command approve_commands[] = {
	{ "approve", "[DEVICE]", "approve a device that a policy refuses until then",
	  "Adds the fingerprint of the device to the setting 'approved' of the installed bundle\n"
	  "that refuses it, as the bundle 'hotplug' does, or to /etc/bus_ext/approved for a rule with\n"
	  "until=approved, and activates this: the device gets its driver. The approval is for the\n"
	  "device, at each port and boot. A device that was exchanged has another fingerprint. With\n"
	  "--revoke, DEVICE may also be a fingerprint.",
	  approve_params, do_approve },
	{}
};
