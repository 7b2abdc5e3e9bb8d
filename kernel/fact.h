/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that read facts by name, for the table in fact.c
 *
 * A reader runs while the device is on its bus: in an election of the device, or under
 * bx_entry.lock with bx_entry.gone not set.  So dev->parent and what the device
 * references are there; each reader says what keeps the rest.
 */
#ifndef _BX_FACT_H
#define _BX_FACT_H

#include <crypto/sha2.h>
#include "core.h"

/*
 * Writes a text; returns its length, which may exceed @size, or an errno: -ENODATA if the
 * device has no such fact.
 */
typedef int (*bx_fact_fn)(struct device *dev, char *buf, size_t size);

/* All slots, /sys/bus/pci/slots: the kernel exports it, but no installed header declares it */
extern struct kset *pci_slots_kset;

/* ---- fingerprint.c ---- */

/* The descriptor of a USB device, three texts, and USB_MAXCONFIG configurations */
#define BX_FINGERPRINT_PARTS	12

/**
 * struct bx_fingerprint - digests of the parts of a device's description
 * @kind: the kind of device
 * @digest: SHA-256 of each part, in the order in which they were added
 * @nr: number of parts
 */
struct bx_fingerprint {
	u8	kind[8];
	u8	digest[BX_FINGERPRINT_PARTS][SHA256_DIGEST_SIZE];
	u32	nr;
};

void bx_fingerprint_init(struct bx_fingerprint *print, const char *kind);
void bx_fingerprint_add(struct bx_fingerprint *print, const void *data, size_t len);
int bx_fingerprint_end(const struct bx_fingerprint *print, u8 *digest);
bool bx_fingerprint_was_at_boot(const u8 *digest);
void bx_fingerprint_remember(const u8 *digest);
int bx_fingerprint_put(const struct bx_fingerprint *print, char *buf, size_t size);

/* ---- fact_any.c: any bus, the firmware, the machine ---- */

int bx_fact_put(char *buf, size_t size, const char *text);

int bx_any_removable(struct device *dev, char *buf, size_t size);
int bx_any_hotplugged(struct device *dev, char *buf, size_t size);
int bx_any_mac(struct device *dev, char *buf, size_t size);
int bx_any_of_node(struct device *dev, char *buf, size_t size);
int bx_acpi_path(struct device *dev, char *buf, size_t size);
int bx_acpi_hid(struct device *dev, char *buf, size_t size);
int bx_acpi_index(struct device *dev, char *buf, size_t size);
int bx_acpi_label(struct device *dev, char *buf, size_t size);

int bx_dmi_sys_vendor(struct device *dev, char *buf, size_t size);
int bx_dmi_product_name(struct device *dev, char *buf, size_t size);
int bx_dmi_product_version(struct device *dev, char *buf, size_t size);
int bx_dmi_product_sku(struct device *dev, char *buf, size_t size);
int bx_dmi_board_vendor(struct device *dev, char *buf, size_t size);
int bx_dmi_board_name(struct device *dev, char *buf, size_t size);
int bx_dmi_bios_version(struct device *dev, char *buf, size_t size);
int bx_machine_boot(struct device *dev, char *buf, size_t size);

/* ---- fact_pci.c ---- */

int bx_pci_path(struct device *dev, char *buf, size_t size);
int bx_pci_slot(struct device *dev, char *buf, size_t size);
int bx_pci_serial(struct device *dev, char *buf, size_t size);
int bx_pci_untrusted(struct device *dev, char *buf, size_t size);
int bx_pci_boot_vga(struct device *dev, char *buf, size_t size);
int bx_pci_fingerprint(struct device *dev, char *buf, size_t size);

/* ---- fact_usb.c: usb, and hid, whose devices often are on usb ---- */

int bx_usb_path(struct device *dev, char *buf, size_t size);
int bx_usb_serial(struct device *dev, char *buf, size_t size);
int bx_usb_manufacturer(struct device *dev, char *buf, size_t size);
int bx_usb_product(struct device *dev, char *buf, size_t size);
int bx_usb_removable(struct device *dev, char *buf, size_t size);
int bx_usb_interfaces(struct device *dev, char *buf, size_t size);
int bx_usb_mac(struct device *dev, char *buf, size_t size);
int bx_usb_hotplugged(struct device *dev, char *buf, size_t size);
int bx_usb_fingerprint(struct device *dev, char *buf, size_t size);
int bx_usb_at_boot(struct device *dev, char *buf, size_t size);
int bx_usb_configuration(struct device *dev, char *buf, size_t size);
int bx_hid_path(struct device *dev, char *buf, size_t size);
int bx_hid_serial(struct device *dev, char *buf, size_t size);
int bx_hid_product(struct device *dev, char *buf, size_t size);

#endif /* _BX_FACT_H */
