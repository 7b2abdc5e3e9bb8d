// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: override: the administrator's own decision on one device
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "bxctl.h"

static void print_override(const struct bx_devref *ref, const char *driver)
{
	if (!driver)
		printf("%s/%s: no override; policies decide\n", ref->bus, ref->name);
	else if (!strcmp(driver, BX_OVERRIDE_NONE))
		printf("%s/%s: no driver gets it\n", ref->bus, ref->name);
	else
		printf("%s/%s: only driver '%s' gets it\n", ref->bus, ref->name, driver);
	printf("a bound device keeps its driver; 'bxctl rebind %s/%s' applies the change\n",
	       ref->bus, ref->name);
}

static int do_override(struct env *env)
{
	const struct args *a = &env->args;
	struct bx_devref ref;
	int err;

	if (!a->second == !a->clear)
		return usage_error(env, "'override' needs either a DRIVER ('none' for no driver) "
				   "or '--clear'");
	err = bx_parse_device(env->bx, a->operand, a->bus, &ref);
	if (!err)
		err = bx_set_override(env->bx, &ref, a->second);
	if (err)
		return err;
	if (a->json) {
		json_string(&env->json, "bus", ref.bus);
		json_string(&env->json, "name", ref.name);
		json_string_or_null(&env->json, "override", a->second ?: "");
	} else {
		print_override(&ref, a->second);
	}
	return 0;
}

static const struct param override_params[] = {
	{ "bus", 'b', PARAM_BUS, "BUS", "the device's bus", offsetof(struct args, bus) },
	{ "clear", 0, PARAM_FLAG, NULL, "remove the override", offsetof(struct args, clear) },
	{}
};

const struct command override_commands[] = {
	{ "override", "DEVICE [DRIVER]", "decide on a device yourself, above all policies",
	  "Only DRIVER gets the device, or no driver for the name 'none', whatever policies\n"
	  "decide, until '--clear' or until the device is removed. Written to driver_override\n"
	  "where the bus has it. A bound device keeps its driver until 'bxctl rebind'.",
	  override_params, do_override },
	{}
};
