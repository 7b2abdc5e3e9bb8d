/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses of network cards in the devicetree */
#ifndef _NATIVE_OF_NET_H
#define _NATIVE_OF_NET_H

#include <linux/types.h>

#ifndef EPROBE_DEFER
#define EPROBE_DEFER	517
#endif

struct device_node;

int of_get_mac_address(struct device_node *np, u8 *addr);

#endif /* _NATIVE_OF_NET_H */
