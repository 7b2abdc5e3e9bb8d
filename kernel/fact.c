// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts by name: texts that tell devices apart, each read when it is asked for
 *
 * The description of a device (facts.c) has what every election needs.  A fact here costs
 * nothing until a program asks: some are read from the device's configuration space or by
 * methods of the firmware.  One table says which bus has which fact.
 *
 * A reader runs while the device is on its bus: in an election of the device, or under
 * bx_entry.lock with bx_entry.gone not set.  So dev->parent and what the device
 * references are there; each reader says what keeps the rest.
 *
 * Texts that a device sends are not trusted: bx_fact_put() bounds them and replaces
 * what cannot be printed.
 */
#include <linux/acpi.h>
#include <linux/ctype.h>
#include <linux/of.h>
#include <linux/pci.h>
#include <linux/uaccess.h>
#include <linux/usb.h>
#include "core.h"

/* Most bridges above a device, with the device */
#define BX_PATH_DEPTH	24

/*
 * Copies a text: a character that is not printable ASCII becomes one '?', in UTF-8 as
 * well.  Returns the whole length, also if it does not fit; -ENODATA without a text.
 */
static int bx_fact_put(char *buf, size_t size, const char *text)
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

static int bx_any_removable(struct device *dev, char *buf, size_t size)
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

/* The device references its node. */
static int bx_any_of_node(struct device *dev, char *buf, size_t size)
{
	return dev->of_node ? snprintf(buf, size, "%pOF", dev->of_node) : -ENODATA;
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

static int bx_acpi_path(struct device *dev, char *buf, size_t size)
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

static int bx_acpi_hid(struct device *dev, char *buf, size_t size)
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

static int bx_acpi_index(struct device *dev, char *buf, size_t size)
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
static int bx_acpi_label(struct device *dev, char *buf, size_t size)
{
	union acpi_object *name = bx_acpi_name(dev);
	int len = -ENODATA;

	if (name && name->package.elements[1].type == ACPI_TYPE_STRING)
		len = bx_fact_put(buf, size, name->package.elements[1].string.pointer);
	ACPI_FREE(name);
	return len;
}
#else
#define bx_acpi_path	NULL
#define bx_acpi_hid	NULL
#define bx_acpi_index	NULL
#define bx_acpi_label	NULL
#endif

/* ---- pci ---- */

static int bx_vf_number(struct device *dev)
{
	struct bx_entry *entry = bx_entry_get(dev);
	int number = entry ? entry->vf_index : -1;

	bx_entry_put(entry);
	return number;
}

/*
 * As kernel parameters spell it, [DOMAIN:]BUS:DEVICE.FUNCTION[/DEVICE.FUNCTION]*, which
 * has no bus number but that of the root bus; a virtual function adds its number to the
 * path of the physical one.  A device references its bus, and a bus its bridge.
 */
static int bx_pci_path(struct device *dev, char *buf, size_t size)
{
	struct pci_dev *pdev = pci_physfn(to_pci_dev(dev)), *chain[BX_PATH_DEPTH];
	int n = 0, vf = -1;
	size_t len;

	if (to_pci_dev(dev)->is_virtfn) {
		vf = bx_vf_number(dev);
		if (vf < 0)
			return -ENODATA;
	}
	for (; pdev; pdev = pci_upstream_bridge(pdev)) {
		if (n == BX_PATH_DEPTH)
			return -ENAMETOOLONG;
		chain[n++] = pdev;
	}
	pdev = chain[--n];
	len = scnprintf(buf, size, "%04x:%02x:%02x.%d", pci_domain_nr(pdev->bus),
			pdev->bus->number, PCI_SLOT(pdev->devfn),
			PCI_FUNC(pdev->devfn));
	while (n--)
		len += scnprintf(buf + len, size - len, "/%02x.%d",
				 PCI_SLOT(chain[n]->devfn),
				 PCI_FUNC(chain[n]->devfn));
	if (vf >= 0)
		len += scnprintf(buf + len, size - len, "/vf%d", vf);
	/* scnprintf() does not tell whether it has cut */
	return len < size - 1 ? len : -ENAMETOOLONG;
}

/*
 * The name of a slot is replaced, and the old one freed, when a hotplug driver takes the
 * slot.  So it is copied from memory that may be gone, and counts only if it is still
 * the name afterwards.
 */
static int bx_slot_name(const struct kobject *slot, char *buf, size_t size)
{
	const char *name = READ_ONCE(slot->name);
	size_t len = 0;

	do {
		if (len == size)
			return -ENAMETOOLONG;
		if (copy_from_kernel_nofault(&buf[len], name + len, 1))
			return -EAGAIN;
	} while (buf[len++]);
	smp_rmb();	/* the text before the pointer */
	return READ_ONCE(slot->name) == name ? 0 : -EAGAIN;
}

/* No device references its slot: one that is in the list of all slots is there. */
static int bx_pci_slot(struct device *dev, char *buf, size_t size)
{
	struct pci_slot *slot = READ_ONCE(pci_physfn(to_pci_dev(dev))->slot);
	char name[BX_FACT_LEN];
	struct kobject *kobj;
	int err = -ENODATA;

	if (!slot)
		return -ENODATA;
	spin_lock(&pci_slots_kset->list_lock);
	list_for_each_entry(kobj, &pci_slots_kset->list, entry) {
		if (kobj != &slot->kobj)
			continue;
		err = bx_slot_name(kobj, name, sizeof(name));
		break;
	}
	spin_unlock(&pci_slots_kset->list_lock);
	return err ?: bx_fact_put(buf, size, name);
}

/* A device that sleeps in D3cold, or was pulled out, answers nothing. */
static int bx_pci_serial(struct device *dev, char *buf, size_t size)
{
	struct pci_dev *pdev = to_pci_dev(dev);
	u64 serial;

	if (!pci_device_is_present(pdev))
		return -ENXIO;
	serial = pci_get_dsn(pdev);
	return serial ? snprintf(buf, size, "%016llx", serial) : -ENODATA;
}

static int bx_pci_untrusted(struct device *dev, char *buf, size_t size)
{
	return bx_fact_put(buf, size, to_pci_dev(dev)->untrusted ? "1" : "0");
}

/* ---- usb: the facts of an interface are those of its device ---- */

/* The texts were read when the device was found, and stay until its release. */
static struct usb_device *bx_usb_device(struct device *dev)
{
	const char *type = dev->type && dev->type->name ? dev->type->name : "";

	if (!strcmp(type, "usb_interface"))
		return to_usb_device(dev->parent);
	return strcmp(type, "usb_device") ? NULL : to_usb_device(dev);
}

static int bx_usb_path(struct device *dev, char *buf, size_t size)
{
	struct usb_device *udev = bx_usb_device(dev);

	return bx_fact_put(buf, size, udev ? dev_name(&udev->dev) : NULL);
}

static int bx_usb_serial(struct device *dev, char *buf, size_t size)
{
	struct usb_device *udev = bx_usb_device(dev);

	return bx_fact_put(buf, size, udev ? udev->serial : NULL);
}

static int bx_usb_manufacturer(struct device *dev, char *buf, size_t size)
{
	struct usb_device *udev = bx_usb_device(dev);

	return bx_fact_put(buf, size, udev ? udev->manufacturer : NULL);
}

static int bx_usb_product(struct device *dev, char *buf, size_t size)
{
	struct usb_device *udev = bx_usb_device(dev);

	return bx_fact_put(buf, size, udev ? udev->product : NULL);
}

static int bx_usb_removable(struct device *dev, char *buf, size_t size)
{
	struct usb_device *udev = bx_usb_device(dev);

	return udev ? bx_any_removable(&udev->dev, buf, size) : -ENODATA;
}

/* Adds the class of an interface, unless it is there; returns the new length. */
static size_t bx_add_class(char *buf, size_t size, size_t len,
			   const struct usb_interface_descriptor *desc)
{
	char text[sizeof(":ccsspp")];

	snprintf(text, sizeof(text), ":%02x%02x%02x", desc->bInterfaceClass,
		 desc->bInterfaceSubClass, desc->bInterfaceProtocol);
	if (strstr(buf, text))
		return len;
	return len + scnprintf(buf + len, size - len, "%s", text);
}

/* The classes of all interfaces of all configurations, as udev's ID_USB_INTERFACES */
static int bx_usb_interfaces(struct device *dev, char *buf, size_t size)
{
	struct usb_device *udev = bx_usb_device(dev);
	size_t len = 0;

	buf[0] = '\0';
	if (!udev || !udev->config)
		return -ENODATA;
	for (int c = 0; c < udev->descriptor.bNumConfigurations; c++) {
		const struct usb_host_config *config = &udev->config[c];

		for (int i = 0; i < config->desc.bNumInterfaces; i++) {
			const struct usb_interface_cache *intf = config->intf_cache[i];

			for (int a = 0; intf && a < intf->num_altsetting; a++)
				len = bx_add_class(buf, size, len,
						   &intf->altsetting[a].desc);
		}
	}
	if (len)
		len += scnprintf(buf + len, size - len, ":");
	return len < size - 1 ? len : -ENAMETOOLONG;
}

/* ---- the table ---- */

/* Writes a text; returns its length, which may exceed @size, or an errno. */
typedef int (*bx_fact_fn)(struct device *dev, char *buf, size_t size);

/**
 * struct bx_fact_desc - a fact
 * @name: its name
 * @any: reads it on buses without a function of their own; NULL if they lack it
 * @pci: reads it on pci
 * @usb: reads it on usb
 */
struct bx_fact_desc {
	const char	*name;
	bx_fact_fn	any;
	bx_fact_fn	pci;
	bx_fact_fn	usb;
};

static const struct bx_fact_desc bx_facts[BX_NR_FACTS] = {
	[BX_FACT_PATH] = { "path", .pci = bx_pci_path, .usb = bx_usb_path },
	[BX_FACT_SLOT] = { "slot", .pci = bx_pci_slot },
	[BX_FACT_SERIAL] = { "serial", .pci = bx_pci_serial, .usb = bx_usb_serial },
	[BX_FACT_MANUFACTURER] = { "manufacturer", .usb = bx_usb_manufacturer },
	[BX_FACT_PRODUCT] = { "product", .usb = bx_usb_product },
	[BX_FACT_INTERFACES] = { "interfaces", .usb = bx_usb_interfaces },
	[BX_FACT_REMOVABLE] = { "removable", .any = bx_any_removable,
				.usb = bx_usb_removable },
	[BX_FACT_UNTRUSTED] = { "untrusted", .pci = bx_pci_untrusted },
	[BX_FACT_ACPI_PATH] = { "acpi_path", .any = bx_acpi_path },
	[BX_FACT_ACPI_HID] = { "acpi_hid", .any = bx_acpi_hid },
	[BX_FACT_ACPI_INDEX] = { "acpi_index", .pci = bx_acpi_index },
	[BX_FACT_LABEL] = { "label", .pci = bx_acpi_label },
	[BX_FACT_OF_NODE] = { "of_node", .any = bx_any_of_node },
};

static bx_fact_fn bx_fact_reader(struct device *dev, u32 fact)
{
	const struct bx_fact_desc *desc = &bx_facts[fact];

	if (dev_is_pci(dev) && desc->pci)
		return desc->pci;
	if (desc->usb && !strcmp(dev->bus->name, "usb"))
		return desc->usb;
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
