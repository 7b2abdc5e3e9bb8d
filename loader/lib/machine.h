/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: the devices of the machine, as rules see them
 */
#ifndef _BUSEXT_MACHINE_H
#define _BUSEXT_MACHINE_H

#include "rules.h"

/**
 * struct machine_device - a device of the machine
 * @rec: its record
 * @rules: the same, with facts and groups; owned by the machine
 */
struct machine_device {
	struct bx_device_rec	rec;
	struct bx_rules_device	*rules;
};

/**
 * struct machine - devices of the machine
 * @device: the devices
 * @n: number of devices
 */
struct machine {
	struct machine_device	*device;
	size_t			n;
};

/*
 * Reads the devices of a bus, or all if @bus is NULL; those that are removed meanwhile are left
 * out.  @m is for machine_free(), also after an error.
 */
int machine_read(struct bx_handle *h, const char *bus, struct machine *m);
void machine_free(struct machine *m);

#endif /* _BUSEXT_MACHINE_H */
