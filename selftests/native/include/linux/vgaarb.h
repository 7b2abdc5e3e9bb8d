/* SPDX-License-Identifier: GPL-2.0-only */
/* The graphics card of the firmware's console */
#ifndef _NATIVE_VGAARB_H
#define _NATIVE_VGAARB_H

struct pci_dev;

struct pci_dev *vga_default_device(void);

#endif /* _NATIVE_VGAARB_H */
