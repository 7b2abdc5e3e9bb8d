// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the devices of the machine, as rules see them
 *
 * A list of devices is complete before the first one is read: reading is another question to
 * the kernel.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "machine.h"

/**
 * struct listing - a list that grows
 * @h: the handle
 * @bus: only this bus; NULL for all
 * @m: the list
 */
struct listing {
	struct bx_handle	*h;
	const char		*bus;
	struct machine		*m;
};

static int add_device(const struct bx_device_rec *rec, void *arg)
{
	struct listing *l = arg;
	struct machine_device *more;

	if (l->bus && strcmp(rec->dev.bus, l->bus))
		return 0;
	more = reallocarray(l->m->device, l->m->n + 1, sizeof(*more));
	if (!more)
		return fail(l->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	l->m->device = more;
	more[l->m->n++] = (struct machine_device) { .rec = *rec };
	return 0;
}

static int read_device(struct bx_handle *h, struct machine_device *d)
{
	struct bx_devref ref = {};

	memcpy(ref.bus, d->rec.dev.bus, sizeof(ref.bus));
	memcpy(ref.name, d->rec.dev.name, sizeof(ref.name));
	return bx_rules_device_read(h, &ref, &d->rules);
}

/* Buses, and devices on them, by name: the kernel's order is that in which they came. */
static int by_name(const void *a, const void *b)
{
	const struct bx_dev_info *x = &((const struct machine_device *)a)->rec.dev;
	const struct bx_dev_info *y = &((const struct machine_device *)b)->rec.dev;

	return strcmp(x->bus, y->bus) ?: strcmp(x->name, y->name);
}

int machine_read(struct bx_handle *h, const char *bus, struct machine *m)
{
	struct listing l = { h, bus, m };
	size_t there = 0;
	int err;

	*m = (struct machine) {};
	err = bx_list_devices(h, add_device, &l);
	for (size_t i = 0; !err && i < m->n; i++) {
		err = read_device(h, &m->device[i]);
		if (!err)
			m->device[there++] = m->device[i];
		else if (err == -ENODEV)
			err = 0;
	}
	m->n = there;
	if (there)
		qsort(m->device, there, sizeof(*m->device), by_name);
	return err;
}

void machine_free(struct machine *m)
{
	for (size_t i = 0; i < m->n; i++)
		bx_rules_device_free(m->device[i].rules);
	free(m->device);
	*m = (struct machine) {};
}
