// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts by name: texts that tell devices apart, each read when it is asked for
 *
 * The description of a device (facts.c) has what every election needs.  A fact here costs
 * nothing until a program asks: some are read from the device's configuration space or by
 * methods of the firmware.  One table says which bus has which fact; the
 * functions that read them are in fact_any.c, fact_pci.c and fact_usb.c.
 *
 * Texts that a device sends are not trusted: bx_fact_put() bounds them and replaces
 * what cannot be printed.
 */
#include "fact.h"

/**
 * struct bx_fact_desc - a fact
 * @name: its name
 * @any: reads it on buses without a function of their own; NULL if they lack it
 * @pci: reads it on pci
 * @usb: reads it on usb
 * @hid: reads it on hid
 */
struct bx_fact_desc {
	const char	*name;
	bx_fact_fn	any;
	bx_fact_fn	pci;
	bx_fact_fn	usb;
	bx_fact_fn	hid;
};

static const struct bx_fact_desc bx_facts[BX_NR_FACTS] = {
	[BX_FACT_PATH] = { "path", .pci = bx_pci_path, .usb = bx_usb_path,
			   .hid = bx_hid_path },
	[BX_FACT_SLOT] = { "slot", .pci = bx_pci_slot },
	[BX_FACT_SERIAL] = { "serial", .pci = bx_pci_serial, .usb = bx_usb_serial,
			     .hid = bx_hid_serial },
	[BX_FACT_MANUFACTURER] = { "manufacturer", .usb = bx_usb_manufacturer },
	[BX_FACT_PRODUCT] = { "product", .usb = bx_usb_product, .hid = bx_hid_product },
	[BX_FACT_INTERFACES] = { "interfaces", .usb = bx_usb_interfaces },
	[BX_FACT_MAC] = { "mac", .any = bx_any_mac, .usb = bx_usb_mac },
	[BX_FACT_REMOVABLE] = { "removable", .any = bx_any_removable,
				.usb = bx_usb_removable },
	[BX_FACT_UNTRUSTED] = { "untrusted", .pci = bx_pci_untrusted },
	[BX_FACT_HOTPLUGGED] = { "hotplugged", .any = bx_any_hotplugged,
				 .usb = bx_usb_hotplugged },
	[BX_FACT_BOOT_VGA] = { "boot_vga", .pci = bx_pci_boot_vga },
	[BX_FACT_ACPI_PATH] = { "acpi_path", .any = bx_acpi_path },
	[BX_FACT_ACPI_HID] = { "acpi_hid", .any = bx_acpi_hid },
	[BX_FACT_ACPI_INDEX] = { "acpi_index", .pci = bx_acpi_index },
	[BX_FACT_LABEL] = { "label", .pci = bx_acpi_label },
	[BX_FACT_OF_NODE] = { "of_node", .any = bx_any_of_node },
	[BX_FACT_SYS_VENDOR] = { "dmi.sys_vendor", .any = bx_dmi_sys_vendor },
	[BX_FACT_PRODUCT_NAME] = { "dmi.product_name", .any = bx_dmi_product_name },
	[BX_FACT_PRODUCT_VERSION] = { "dmi.product_version",
				      .any = bx_dmi_product_version },
	[BX_FACT_PRODUCT_SKU] = { "dmi.product_sku", .any = bx_dmi_product_sku },
	[BX_FACT_BOARD_VENDOR] = { "dmi.board_vendor", .any = bx_dmi_board_vendor },
	[BX_FACT_BOARD_NAME] = { "dmi.board_name", .any = bx_dmi_board_name },
	[BX_FACT_BIOS_VERSION] = { "dmi.bios_version", .any = bx_dmi_bios_version },
	[BX_FACT_BOOT] = { "boot", .any = bx_machine_boot },
	[BX_FACT_FINGERPRINT] = { "fingerprint", .pci = bx_pci_fingerprint,
				  .usb = bx_usb_fingerprint },
	[BX_FACT_AT_BOOT] = { "at_boot", .usb = bx_usb_at_boot },
	[BX_FACT_CONFIGURATION] = { "configuration", .usb = bx_usb_configuration },
};

static bx_fact_fn bx_fact_reader(struct device *dev, u32 fact)
{
	const struct bx_fact_desc *desc = &bx_facts[fact];

	if (dev_is_pci(dev) && desc->pci)
		return desc->pci;
	if (desc->usb && !strcmp(dev->bus->name, "usb"))
		return desc->usb;
	if (desc->hid && !strcmp(dev->bus->name, "hid"))
		return desc->hid;
	return desc->any;
}

/* Reads a fact into BX_FACT_LEN bytes; see bx_election_fact(). */
static int bx_fact_read(struct device *dev, u32 fact, char *buf)
{
	bx_fact_fn read = bx_fact_reader(dev, fact);
	int len = read ? read(dev, buf, BX_FACT_LEN) : -ENODATA;

	if (len >= BX_FACT_LEN)
		len = -ENAMETOOLONG;
	if (len <= 0)
		buf[0] = '\0';
	return len ?: -ENODATA;
}

/* ---- in an election ---- */

/* The fact of a described device, as its description gives it */
static int bx_trial_fact(const struct bx_trial *trial, u32 fact, char *buf)
{
	for (u32 i = 0; trial && i < trial->nr_facts; i++) {
		const struct bx_fact_rec *rec = &trial->facts[i];

		if (rec->fact != fact)
			continue;
		if (rec->error)
			return rec->error;
		return strscpy(buf, rec->value, BX_FACT_LEN) ?: -ENODATA;
	}
	return -ENODATA;
}

/**
 * bx_election_fact() - read a fact of the device of an election
 * @e: the election, in which a program runs: its device's bx_entry.lock or, on an own
 *	bus, bx_device.elect_lock is held
 * @fact: enum bx_fact
 * @buf: takes the text, BX_FACT_LEN bytes; empty after an error
 *
 * Context: may sleep.
 * Return: the length of the text, at least 1; -ENODATA if the device has no such
 * fact; -ENAMETOOLONG if it is longer than BX_FACT_LEN - 1; -ENXIO if the device does
 * not answer; -EAGAIN if it is being changed; -EINVAL for an unknown fact.
 */
int bx_election_fact(const struct bx_election *e, u32 fact, char *buf)
{
	buf[0] = '\0';
	if (fact >= BX_NR_FACTS)
		return -EINVAL;
	if (e->ctx.device)
		return bx_fact_read(e->ctx.device, fact, buf);
	return bx_trial_fact(e->trial, fact, buf);
}

/**
 * bx_device_fact() - read a fact of a device for part()
 * @dev: the device; its lock is held, and it has not begun to leave its bus
 * @fact: enum bx_fact
 * @buf: takes the text, BX_FACT_LEN bytes; empty after an error
 *
 * Context: may sleep.
 * Return: as bx_election_fact().
 */
int bx_device_fact(struct device *dev, u32 fact, char *buf)
{
	buf[0] = '\0';
	return fact < BX_NR_FACTS ? bx_fact_read(dev, fact, buf) : -EINVAL;
}

/* ---- for records ---- */

static u32 bx_facts_fill(struct device *dev, struct bx_fact_rec *recs)
{
	u32 n = 0;

	for (u32 fact = 0; fact < BX_NR_FACTS; fact++) {
		struct bx_fact_rec *rec = &recs[n];
		int len = bx_fact_read(dev, fact, rec->value);

		if (len == -ENODATA)
			continue;
		rec->fact = fact;
		rec->error = min(len, 0);
		strscpy(rec->name, bx_facts[fact].name, sizeof(rec->name));
		n++;
	}
	return n;
}

/* Fills in the records of a device on an adopted bus, unless it was removed. */
static int bx_facts_adopted(struct device *dev, struct bx_fact_rec *recs, u32 *n)
{
	struct bx_entry *entry = bx_entry_get(dev);
	int err = -ENODEV;

	if (!entry)
		return -ENODEV;
	mutex_lock(&entry->lock);
	if (!entry->gone) {
		*n = bx_facts_fill(dev, recs);
		err = 0;
	}
	mutex_unlock(&entry->lock);
	bx_entry_put(entry);
	return err;
}

/**
 * bx_fact_records() - read all facts of a device
 * @dev: a device on an own or adopted bus
 * @recs: takes the records, to be freed with kvfree()
 * @n: takes their number
 *
 * Facts that the device lacks are left out.
 *
 * Context: may sleep; takes bx_entry.lock, so not in an election.
 * Return: 0, -ENODEV if the device was removed, -ENOMEM.
 */
int bx_fact_records(struct device *dev, struct bx_fact_rec **recs, u32 *n)
{
	int err = 0;

	*recs = kvcalloc(BX_NR_FACTS, sizeof(**recs), GFP_KERNEL);
	if (!*recs)
		return -ENOMEM;
	if (bx_is_own(dev))
		*n = bx_facts_fill(dev, *recs);
	else
		err = bx_facts_adopted(dev, *recs, n);
	if (!err)
		return 0;
	kvfree(*recs);
	return err;
}
