// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: where a driver is that a policy has named: registered, in a module that can be
 * loaded, or neither; in explain and plan
 */
#include <stdio.h>
#include <string.h>

#include "bxctl.h"

void json_driver_source(struct env *env, const struct bx_dev_info *dev, const char *driver)
{
	struct bx_driver_source source = {};

	if (driver[0])
		bx_find_driver(env->bx, dev, driver, &source);
	json_string_or_null(&env->json, "driver_source",
			    driver[0] ? bx_source_kind_text(source.kind) : "");
	json_string_or_null(&env->json, "module", source.module);
}

static bool has_row(const struct table *t, const char *driver, const char *text)
{
	for (unsigned int i = 1; i < t->rows; i++)
		if (!strcmp(t->cells[i * t->columns], driver) &&
		    !strcmp(t->cells[i * t->columns + 1], text))
			return true;
	return false;
}

/* Notes the driver of a plan if it is not registered: once, not for each device. */
void plan_driver(struct env *env, const struct bx_change *c)
{
	struct bx_driver_source source;
	char text[BX_SOURCE_LEN];

	if (c->then.verdict != BX_OUT_ABSENT)
		return;
	bx_find_driver(env->bx, &c->device->dev, c->then.driver, &source);
	bx_driver_source_text(text, sizeof(text), &source);
	if (!env->absent.rows)
		table_row(&env->absent, "DRIVER", "STATE", NULL);
	if (!has_row(&env->absent, c->then.driver, text))
		table_row(&env->absent, c->then.driver, text, NULL);
}
