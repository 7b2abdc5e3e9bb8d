// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the parts of composite devices, as sysfs shows them
 *
 * A composite device has the files "parts", a line "NAME BUS/DEVICE STATE POLICY" for each, and
 * "missing", the names of those that its driver waits for.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define COMPOSITES	"bus/" BX_COMPOSITE_BUS "/devices"

static const char *const states[] = {
	[BX_PART_USED]		= "used",
	[BX_PART_FREE]		= "free",
	[BX_PART_SPARE]		= "spare",
	[BX_PART_MISSING]	= "missing",
};

const char *bx_part_state_text(enum bx_part_state state)
{
	return states[state];
}

static enum bx_part_state state_of(const char *text)
{
	enum bx_part_state state = BX_PART_USED;

	while (state < BX_PART_MISSING && strcmp(text, states[state]))
		state++;
	return state;
}

/* One line of "parts"; false if it is not complete */
static bool parse_part(char *line, struct bx_part_info *part)
{
	char *save, *name = strtok_r(line, " ", &save), *device = strtok_r(NULL, " ", &save);
	char *state = strtok_r(NULL, " ", &save), *policy = strtok_r(NULL, " ", &save);
	char *slash = device ? strchr(device, '/') : NULL;

	if (!slash || !policy)
		return false;
	*slash = '\0';
	snprintf(part->name, sizeof(part->name), "%s", name);
	snprintf(part->device.bus, sizeof(part->device.bus), "%s", device);
	snprintf(part->device.name, sizeof(part->device.name), "%s", slash + 1);
	part->state = state_of(state);
	snprintf(part->policy, sizeof(part->policy), "%s", policy);
	return true;
}

struct listing {
	struct bx_handle	*h;
	const struct bx_devref	*of;	/* only this part; NULL for all */
	bx_part_fn		fn;
	void			*arg;
};

static bool is_listed(const struct listing *l, const struct bx_part_info *part)
{
	return !l->of || (!strcmp(l->of->bus, part->device.bus) &&
			  !strcmp(l->of->name, part->device.name));
}

/* Begins with a composite device: reads one of its files; false if it is gone. */
static bool read_file(const struct listing *l, const char *composite, const char *name,
		      struct bx_part_info *part, char *text, size_t size)
{
	char file[PATH_MAX];

	snprintf(part->composite, sizeof(part->composite), "%s", composite);
	snprintf(file, sizeof(file), COMPOSITES "/%s/%s", composite, name);
	return read_sysfs(l->h, file, text, size) >= 0;
}

static int list_there(const struct listing *l, const char *composite)
{
	struct bx_part_info part = {};
	char text[4096], *line, *save;
	int ret = 0;

	if (!read_file(l, composite, "parts", &part, text, sizeof(text)))
		return 0;
	for (line = strtok_r(text, "\n", &save); line && !ret; line = strtok_r(NULL, "\n", &save)) {
		if (parse_part(line, &part) && is_listed(l, &part))
			ret = l->fn(&part, l->arg);
	}
	return ret;
}

static int list_missing(const struct listing *l, const char *composite)
{
	struct bx_part_info part = { .state = BX_PART_MISSING };
	char text[4096], *name, *save;
	int ret = 0;

	if (!read_file(l, composite, "missing", &part, text, sizeof(text)))
		return 0;
	for (name = strtok_r(text, " ", &save); name && !ret; name = strtok_r(NULL, " ", &save)) {
		snprintf(part.name, sizeof(part.name), "%s", name);
		ret = l->fn(&part, l->arg);
	}
	return ret;
}

/* Looks for a device among the parts of all composite devices. */
static int list_of(const struct listing *l)
{
	struct dirent **names;
	char path[PATH_MAX];
	int i, n, ret = 0;

	snprintf(path, sizeof(path), "%s/" COMPOSITES, l->h->sysfs);
	n = scandir(path, &names, is_visible, alphasort);
	if (n < 0)
		return errno == ENOMEM ?
			fail(l->h, BX_FAULT_FAILED, ENOMEM, "out of memory") : 0;
	for (i = 0; i < n; i++) {
		if (!ret)
			ret = list_there(l, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return ret;
}

int bx_list_parts(struct bx_handle *h, const struct bx_devref *ref, bx_part_fn fn, void *arg)
{
	struct listing l = { .h = h, .fn = fn, .arg = arg };
	int ret;

	if (!strcmp(ref->bus, BX_COMPOSITE_BUS)) {
		ret = list_there(&l, ref->name);
		return ret ?: list_missing(&l, ref->name);
	}
	l.of = ref;
	return list_of(&l);
}
