/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses of network cards */
#ifndef _NATIVE_ETHERDEVICE_H
#define _NATIVE_ETHERDEVICE_H

#define ETH_ALEN	6

#endif /* _NATIVE_ETHERDEVICE_H */
