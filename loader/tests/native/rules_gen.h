/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Native tests: generated tables of rules and devices
 *
 * Ids, texts and names come from small sets, so that many rules match a device.
 */
#ifndef _NATIVE_RULES_GEN_H
#define _NATIVE_RULES_GEN_H

#include "../../lib/rules.h"

#define GEN_DRIVERS	5

struct gen_devices {
	struct bx_rules_device	**device;
	size_t			n;
};

void gen_seed(unsigned long long seed);
/* A number below @n */
unsigned int gen_below(unsigned int n);
const char *gen_driver(unsigned int i);
struct bx_rules *gen_rules(void);
/* A copy with some rules added, removed, changed and moved */
struct bx_rules *gen_mutate(const struct bx_rules *rules);
void gen_free(struct bx_rules *rules);
struct gen_devices *gen_devices(void);
void gen_devices_free(struct gen_devices *devices);

#endif /* _NATIVE_RULES_GEN_H */
