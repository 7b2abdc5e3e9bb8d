// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: parts of composite devices, in explain
 */
#include <stdio.h>
#include <string.h>

#include "bxctl.h"

/**
 * struct show - how parts are shown
 * @env: the command
 * @composite: the device is a composite one
 */
struct show {
	struct env	*env;
	bool		composite;
};

static void print_part(const struct show *show, const struct bx_part_info *part)
{
	const char *state = bx_part_state_text(part->state);

	if (!show->composite)
		printf("part of  " BX_COMPOSITE_BUS "/%s: %s, %s (policy %s)\n", part->composite,
		       part->name, state, part->policy);
	else if (part->state == BX_PART_MISSING)
		printf("part     %s: missing\n", part->name);
	else
		printf("part     %s: %s/%s, %s (policy %s)\n", part->name, part->device.bus,
		       part->device.name, state, part->policy);
}

static int show_part(const struct bx_part_info *part, void *arg)
{
	const struct show *show = arg;
	struct json *j = &show->env->json;

	if (!show->env->args.json) {
		print_part(show, part);
		return 0;
	}
	json_object(j, NULL);
	json_string(j, "composite", part->composite);
	json_string(j, "part", part->name);
	json_string(j, "state", bx_part_state_text(part->state));
	json_string_or_null(j, "bus", part->device.bus);
	json_string_or_null(j, "device", part->device.name);
	json_string_or_null(j, "policy", part->policy);
	json_end_object(j);
	return 0;
}

int show_parts(struct env *env, const struct bx_devref *ref)
{
	struct show show = {
		.env = env,
		.composite = !strcmp(ref->bus, BX_COMPOSITE_BUS),
	};
	int err;

	if (env->args.json)
		json_array(&env->json, "parts");
	err = bx_list_parts(env->bx, ref, show_part, &show);
	if (env->args.json)
		json_end_array(&env->json);
	return err;
}

static int note_missing(const struct bx_part_info *part, void *arg)
{
	struct bx_part_info *missing = arg;

	if (part->state != BX_PART_MISSING)
		return 0;
	*missing = *part;
	return 1;
}

bool find_missing_part(struct env *env, const struct bx_dev_info *dev,
		       struct bx_part_info *missing)
{
	struct bx_devref ref;

	if (strcmp(dev->bus, BX_COMPOSITE_BUS))
		return false;
	memcpy(ref.bus, dev->bus, sizeof(ref.bus));
	memcpy(ref.name, dev->name, sizeof(ref.name));
	return bx_list_parts(env->bx, &ref, note_missing, missing) == 1;
}
