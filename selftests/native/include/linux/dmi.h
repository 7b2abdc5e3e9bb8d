/* SPDX-License-Identifier: GPL-2.0-only */
/* Texts of the machine's firmware */
#ifndef _NATIVE_DMI_H
#define _NATIVE_DMI_H

enum {
	DMI_BIOS_VERSION,
	DMI_SYS_VENDOR,
	DMI_PRODUCT_NAME,
	DMI_PRODUCT_VERSION,
	DMI_PRODUCT_SKU,
	DMI_BOARD_VENDOR,
	DMI_BOARD_NAME,
};

const char *dmi_get_system_info(int field);

#endif /* _NATIVE_DMI_H */
