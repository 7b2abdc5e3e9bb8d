// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the words of rules: conditions, buses of patterns, names of classes
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "rules_text.h"

#define PCI	RULES_ON_PCI
#define USB	RULES_ON_USB
#define HID	RULES_ON_HID
#define ALL	RULES_ON_ALL
#define NOT_USB	(ALL & ~USB)

/* ---- conditions ---- */

/* The buses are those for which kernel/fact.c has a function. */
#define FACT(n, id, t, on)	{ n, BX_COND_FACT, BX_FACT_##id, RULES_##t, on }
#define MEMBER(n, id, t, on)	{ n, BX_COND_MEMBER, BX_MEMBER_##id, RULES_##t, on }

static const struct rules_key keys[] = {
	FACT("path", PATH, TEXT, PCI | USB | HID),
	FACT("slot", SLOT, TEXT, PCI),
	FACT("serial", SERIAL, TEXT, PCI | USB | HID),
	FACT("manufacturer", MANUFACTURER, TEXT, USB),
	FACT("product", PRODUCT, TEXT, USB | HID),
	FACT("interfaces", INTERFACES, TEXT, USB),
	FACT("mac", MAC, LOWER, ALL),
	FACT("removable", REMOVABLE, REMOVABLE, ALL),
	FACT("untrusted", UNTRUSTED, SWITCH, PCI),
	FACT("hotplugged", HOTPLUGGED, SWITCH, ALL),
	FACT("boot_vga", BOOT_VGA, SWITCH, PCI),
	FACT("acpi_path", ACPI_PATH, TEXT, ALL),
	FACT("acpi_hid", ACPI_HID, TEXT, ALL),
	FACT("acpi_index", ACPI_INDEX, NUMBER, PCI),
	FACT("label", LABEL, TEXT, PCI),
	FACT("of_node", OF_NODE, TEXT, ALL),
	FACT("dmi.sys_vendor", SYS_VENDOR, TEXT, ALL),
	FACT("dmi.product_name", PRODUCT_NAME, TEXT, ALL),
	FACT("dmi.product_version", PRODUCT_VERSION, TEXT, ALL),
	FACT("dmi.product_sku", PRODUCT_SKU, TEXT, ALL),
	FACT("dmi.board_vendor", BOARD_VENDOR, TEXT, ALL),
	FACT("dmi.board_name", BOARD_NAME, TEXT, ALL),
	FACT("dmi.bios_version", BIOS_VERSION, TEXT, ALL),
	FACT("boot", BOOT, TEXT, ALL),
	FACT("fingerprint", FINGERPRINT, LOWER, PCI | USB),
	FACT("at_boot", AT_BOOT, SWITCH, USB),
	FACT("configuration", CONFIGURATION, NUMBER, USB),
	MEMBER("name", NAME, TEXT, ALL),
	MEMBER("parent", PARENT, TEXT, ALL),
	MEMBER("parent-driver", PARENT_DRIVER, TEXT, ALL),
	MEMBER("guid", GUID, LOWER, RULES_ON_OTHER),
	MEMBER("vendor", VENDOR, ID, ALL),
	MEMBER("device", DEVICE, ID, ALL),
	MEMBER("subvendor", SUBVENDOR, ID, NOT_USB),
	MEMBER("subdevice", SUBDEVICE, ID, NOT_USB),
	MEMBER("revision", REVISION, ID, NOT_USB),
	MEMBER("class", CLASS, CLASS, ALL),
	MEMBER("vf-index", VF_INDEX, INDEX, NOT_USB),
	MEMBER("numa-node", NUMA_NODE, INDEX, ALL),
	MEMBER("iommu-group", IOMMU_GROUP, INDEX, ALL),
	{ "virtfn", BX_COND_FLAG, BX_DEV_VF, RULES_FLAG, PCI },
	{ "physfn", BX_COND_FLAG, BX_DEV_PF, RULES_FLAG, PCI },
	{ "cmdline", BX_COND_CMDLINE, 0, RULES_TEXT, ALL },
};

#define NKEYS	(sizeof(keys) / sizeof(*keys))

const struct rules_key *rules_key_at(size_t i)
{
	return i < NKEYS ? &keys[i] : NULL;
}

const struct rules_key *rules_key_find(const char *name)
{
	size_t len = strcspn(name, ".");

	/* of cmdline.NAME only the first part is a word of the language */
	if (len == strlen("cmdline") && !strncmp(name, "cmdline", len))
		return &keys[NKEYS - 1];
	for (size_t i = 0; i < NKEYS; i++)
		if (bx_is_module_of(keys[i].name, name))
			return &keys[i];
	return NULL;
}

const struct rules_key *rules_key_of(const struct bx_rule_cond *cond)
{
	for (size_t i = 0; i < NKEYS; i++)
		if (keys[i].kind == cond->kind &&
		    (cond->kind == BX_COND_CMDLINE || keys[i].what == cond->what))
			return &keys[i];
	return NULL;
}

const char *rules_key_meant(const char *name)
{
	/* what other tools call them */
	static const struct {
		const char *other, *name;
	} others[] = {
		{ "dsn", "serial" }, { "port", "path" }, { "numa", "numa-node" },
		{ "idVendor", "vendor" }, { "idProduct", "device" },
		{ "address", "name" }, { "bdf", "name" }, { "uuid", "guid" },
		{ "hid", "acpi_hid" }, { "vf", "vf-index" }, { "pf", "physfn" },
	};
	static const char *const words[] = {
		"driver", "refuse", "defer", "score", "pass", "part", "bound", "priority", "until",
		"any-order", "group", "bus", "include",
	};
	const char *known[NKEYS + sizeof(words) / sizeof(*words) + 1] = {};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!strcasecmp(others[i].other, name))
			return others[i].name;
	for (size_t i = 0; i < NKEYS; i++)
		known[n++] = keys[i].name;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		known[n++] = words[i];
	return text_nearest(name, known);
}

const char *rules_key_flag(const struct rules_key *key)
{
	return key->type == RULES_SWITCH ? "1" :
		key->type == RULES_REMOVABLE ? "removable" : NULL;
}

enum rules_buses rules_bus_bit(const char *bus)
{
	return !strcmp(bus, "pci") ? RULES_ON_PCI : !strcmp(bus, "usb") ? RULES_ON_USB :
		!strcmp(bus, "hid") ? RULES_ON_HID : RULES_ON_OTHER;
}

/* ---- buses ---- */

/* Beginnings of modaliases whose bus has another name, or that several buses have */
static const struct {
	const char	*prefix;
	const char	*bus;
	bool		several;
} prefixes[] = {
	{ "of", "platform", true },
	{ "acpi", "platform", true },
	{ "mdio", "mdio_bus", false },
	{ "sdw", "soundwire", false },
	{ "ssam", "surface_aggregator", false },
	{ "slim", "slimbus", false },
	{ "tbsvc", "thunderbolt", false },
};

/* Buses whose modaliases begin with their name */
static const char *const buses[] = {
	"pci", "usb", "hid", "virtio", "platform", "auxiliary", "i2c", "spi", "scsi", "serio",
	"hdaudio", "wmi", "vmbus", "pnp", "mei", "amba", "rpmsg", "cdx", "fsl-mc", "sdio",
	"bcma", "ssb", "pcmcia", "xen", "nd", "cxl", "i3c", "spmi", "ulpi", "typec", "mhi",
};

const char *rules_bus_of(const char *pattern, char *buf, bool *firm)
{
	size_t len = strcspn(pattern, ":*?[\\"), bus;

	*firm = true;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		if (strncmp(pattern, prefixes[i].prefix, len) || prefixes[i].prefix[len])
			continue;
		*firm = !prefixes[i].several;
		return prefixes[i].bus;
	}
	if (pattern[len] != ':')
		return NULL;
	for (size_t i = 0; i < sizeof(buses) / sizeof(*buses); i++)
		if (!strncmp(pattern, buses[i], len) && !buses[i][len])
			return buses[i];
	if (strncmp(pattern, "bus_ext:", len + 1))
		return NULL;
	pattern += len + 1;
	bus = strcspn(pattern, ":*?[\\");
	if (!bus || bus >= BX_NAME_LEN || pattern[bus] != ':')
		return NULL;
	memcpy(buf, pattern, bus);
	buf[bus] = '\0';
	return buf;
}

/* ---- classes ---- */

static const struct rules_class classes[] = {
	{ "pci", "storage", "01" },
	{ "pci", "scsi", "0100" },
	{ "pci", "raid", "0104" },
	{ "pci", "sata", "0106" },
	{ "pci", "nvme", "010802" },
	{ "pci", "net", "02" },
	{ "pci", "ethernet", "0200" },
	{ "pci", "display", "03" },
	{ "pci", "vga", "0300" },
	{ "pci", "multimedia", "04" },
	{ "pci", "audio", "0401 0403" },
	{ "pci", "bridge", "06" },
	{ "pci", "serial", "0700" },
	{ "pci", "usb", "0c03" },
	{ "pci", "crypto", "10" },
	{ "pci", "accelerator", "12" },
	{ "usb", "audio", "01" },
	{ "usb", "modem", "0202" },
	{ "usb", "hid", "03" },
	{ "usb", "keyboard", "030101" },
	{ "usb", "mouse", "030102" },
	{ "usb", "image", "06" },
	{ "usb", "printer", "07" },
	{ "usb", "storage", "08" },
	{ "usb", "hub", "09" },
	{ "usb", "smartcard", "0b" },
	{ "usb", "video", "0e" },
	{ "usb", "bluetooth", "e00101" },
	/* ECM, EEM, NCM, MBIM, and RNDIS by its three codes */
	{ "usb", "net", "0206 020c 020d 020e 0202ff e00103 ef0401" },
	{ "usb", "vendor", "ff" },
};

const struct rules_class *rules_class_at(size_t i)
{
	return i < sizeof(classes) / sizeof(*classes) ? &classes[i] : NULL;
}

bool rules_class_range(const char *digits, size_t len, long long *low, long long *high)
{
	long long value = 0;

	if (len != 2 && len != 4 && len != 6)
		return false;
	for (size_t i = 0; i < len; i++) {
		const char *hex = "0123456789abcdef", *at;
		char c = digits[i] >= 'A' && digits[i] <= 'F' ? digits[i] + 32 : digits[i];

		at = c ? strchr(hex, c) : NULL;
		if (!at)
			return false;
		value = value << 4 | (at - hex);
	}
	*low = value << 4 * (6 - len);
	*high = *low | ((1LL << 4 * (6 - len)) - 1);
	return true;
}

/* ---- problems ---- */

const char *bx_rules_kind_text(enum bx_rules_kind kind)
{
	static const char *const words[] = {
		[BX_RULES_ERROR]		= "error",
		[BX_RULES_SHADOWED]		= "shadowed",
		[BX_RULES_CONTRADICTORY]	= "contradictory",
		[BX_RULES_UNREACHABLE]		= "unreachable",
		[BX_RULES_TIE]			= "tie",
		[BX_RULES_SUSPECT]		= "suspect",
		[BX_RULES_UNKNOWN_DRIVER]	= "unknown_driver",
	};

	return kind < sizeof(words) / sizeof(*words) ? words[kind] : "unknown";
}
