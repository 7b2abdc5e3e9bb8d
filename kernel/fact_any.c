// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts by name that any bus can have: from the driver core, the firmware, the machine
 */
#include <linux/acpi.h>
#include <linux/ctype.h>
#include <linux/dmi.h>
#include <linux/etherdevice.h>
#include <linux/moduleparam.h>
#include <linux/of.h>
#include <linux/of_net.h>
#include "fact.h"

static char *bx_boot;
module_param_named(boot, bx_boot, charp, 0444);
MODULE_PARM_DESC(boot, "text for policies, which see it as the fact 'boot'");

/*
 * Copies a text: a character that is not printable ASCII becomes one '?', in UTF-8 as
 * well.  Returns the whole length, also if it does not fit; -ENODATA without a text.
 */
int bx_fact_put(char *buf, size_t size, const char *text)
{
	size_t len = 0;

	if (!text)
		return -ENODATA;
	for (; *text; text++) {
		if ((*text & 0xc0) == 0x80)
			continue;	/* not the first byte of a character */
		if (len < size - 1)
			buf[len] = isascii(*text) && isprint(*text) ? *text : '?';
		len++;
	}
	buf[min(len, size - 1)] = '\0';
	return len;
}

/* ---- any bus ---- */

int bx_any_removable(struct device *dev, char *buf, size_t size)
{
	switch (dev->removable) {
	case DEVICE_REMOVABLE_UNKNOWN:
		return bx_fact_put(buf, size, "unknown");
	case DEVICE_FIXED:
		return bx_fact_put(buf, size, "fixed");
	case DEVICE_REMOVABLE:
		return bx_fact_put(buf, size, "removable");
	default:
		return -ENODATA;
	}
}

/* The entry was made when the device was added. */
int bx_any_hotplugged(struct device *dev, char *buf, size_t size)
{
	struct bx_entry *entry = bx_entry_get(dev);
	bool plugged = entry && entry->hotplugged;

	bx_entry_put(entry);
	return entry ? bx_fact_put(buf, size, plugged ? "1" : "0") : -ENODATA;
}

/* ---- firmware: ACPI ---- */

#ifdef CONFIG_ACPI
static int bx_acpi_match(struct device *dev, const void *fwnode)
{
	return acpi_fwnode_handle(to_acpi_device(dev)) == fwnode;
}

/*
 * The device loses its companion before the notifier of its removal, and the companion
 * may be freed then.  So it is looked for on its own bus by its address only.  The caller
 * calls acpi_dev_put().
 */
static struct acpi_device *bx_acpi_get(struct device *dev)
{
	const struct fwnode_handle *fwnode = READ_ONCE(dev->fwnode);
	const struct bus_type *acpi;
	struct module *owner;
	struct device *found;

	acpi = fwnode ? bx_bus_lookup("acpi", &owner) : NULL;
	if (!acpi)
		return NULL;
	found = bus_find_device(acpi, NULL, fwnode, bx_acpi_match);
	module_put(owner);
	/* another one may have its address, but then the device is detached already */
	if (found && READ_ONCE(dev->fwnode) != fwnode) {
		put_device(found);
		found = NULL;
	}
	return found ? to_acpi_device(found) : NULL;
}

int bx_acpi_path(struct device *dev, char *buf, size_t size)
{
	struct acpi_device *adev = bx_acpi_get(dev);
	struct acpi_buffer path = { size, buf };
	acpi_status status;

	if (!adev)
		return -ENODATA;
	status = acpi_get_name(adev->handle, ACPI_FULL_PATHNAME, &path);
	acpi_dev_put(adev);
	if (status == AE_BUFFER_OVERFLOW)
		return -ENAMETOOLONG;
	return ACPI_FAILURE(status) ? -ENODATA : strnlen(buf, size);
}

int bx_acpi_hid(struct device *dev, char *buf, size_t size)
{
	struct acpi_device *adev = bx_acpi_get(dev);
	int len = -ENODATA;

	if (!adev)
		return -ENODATA;
	if (!list_empty(&adev->pnp.ids))
		len = bx_fact_put(buf, size, acpi_device_hid(adev));
	acpi_dev_put(adev);
	return len;
}

/*
 * Calls the method that names a PCI device (PCI Firmware Specification 3.1, 4.6.7).
 * Returns a package of a number and a label, for ACPI_FREE(), or NULL.
 */
static union acpi_object *bx_acpi_name(struct device *dev)
{
	static const guid_t pci = GUID_INIT(0xe5c937d0, 0x3553, 0x4d7a, 0x91, 0x17,
					    0xea, 0x4d, 0x19, 0xc3, 0x43, 0x4d);
	struct acpi_device *adev = bx_acpi_get(dev);
	union acpi_object *name;

	if (!adev)
		return NULL;
	name = acpi_evaluate_dsm_typed(adev->handle, &pci, 2, 7, NULL,
				       ACPI_TYPE_PACKAGE);
	acpi_dev_put(adev);
	if (!name || name->package.count == 2)
		return name;
	ACPI_FREE(name);
	return NULL;
}

int bx_acpi_index(struct device *dev, char *buf, size_t size)
{
	union acpi_object *name = bx_acpi_name(dev);
	int len = -ENODATA;

	if (name && name->package.elements[0].type == ACPI_TYPE_INTEGER)
		len = snprintf(buf, size, "%llu",
			       name->package.elements[0].integer.value);
	ACPI_FREE(name);
	return len;
}

/* A label in UTF-16 is not given: no known firmware has one that is not a string, too. */
int bx_acpi_label(struct device *dev, char *buf, size_t size)
{
	union acpi_object *name = bx_acpi_name(dev);
	int len = -ENODATA;

	if (name && name->package.elements[1].type == ACPI_TYPE_STRING)
		len = bx_fact_put(buf, size, name->package.elements[1].string.pointer);
	ACPI_FREE(name);
	return len;
}

static int bx_acpi_mac(struct device *dev, u8 *addr)
{
	struct acpi_device *adev = bx_acpi_get(dev);
	int err;

	if (!adev)
		return -ENODATA;
	err = fwnode_get_mac_address(acpi_fwnode_handle(adev), addr);
	acpi_dev_put(adev);
	return err;
}
#else
int bx_acpi_path(struct device *dev, char *buf, size_t size)
{
	return -ENODATA;
}

int bx_acpi_hid(struct device *dev, char *buf, size_t size)
{
	return -ENODATA;
}

int bx_acpi_index(struct device *dev, char *buf, size_t size)
{
	return -ENODATA;
}

int bx_acpi_label(struct device *dev, char *buf, size_t size)
{
	return -ENODATA;
}

static int bx_acpi_mac(struct device *dev, u8 *addr)
{
	return -ENODATA;
}
#endif /* CONFIG_ACPI */

/* ---- firmware: devicetree ---- */

/* The device references its node. */
int bx_any_of_node(struct device *dev, char *buf, size_t size)
{
	return dev->of_node ? snprintf(buf, size, "%pOF", dev->of_node) : -ENODATA;
}

/*
 * Only what the firmware says, as a property of the device or in a cell of a memory; most
 * network cards have their address in a memory that only the driver can read.
 */
int bx_any_mac(struct device *dev, char *buf, size_t size)
{
	u8 addr[ETH_ALEN];
	int err;

	err = dev->of_node ? of_get_mac_address(dev->of_node, addr) :
	      bx_acpi_mac(dev, addr);
	if (err == -EPROBE_DEFER)
		return -EAGAIN;		/* the driver of the memory is missing */
	return err ? -ENODATA : snprintf(buf, size, "%pM", addr);
}

/* ---- the machine ---- */

#define BX_DMI_FACT(name, field)						\
int bx_dmi_##name(struct device *dev, char *buf, size_t size)		\
{									\
	return bx_fact_put(buf, size, dmi_get_system_info(field));	\
}

BX_DMI_FACT(sys_vendor, DMI_SYS_VENDOR)
BX_DMI_FACT(product_name, DMI_PRODUCT_NAME)
BX_DMI_FACT(product_version, DMI_PRODUCT_VERSION)
BX_DMI_FACT(product_sku, DMI_PRODUCT_SKU)
BX_DMI_FACT(board_vendor, DMI_BOARD_VENDOR)
BX_DMI_FACT(board_name, DMI_BOARD_NAME)
BX_DMI_FACT(bios_version, DMI_BIOS_VERSION)

/* A parameter of the module, which modprobe also takes from the kernel command line */
int bx_machine_boot(struct device *dev, char *buf, size_t size)
{
	return bx_fact_put(buf, size, bx_boot);
}
