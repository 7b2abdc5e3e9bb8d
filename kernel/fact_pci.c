// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts by name of PCI devices
 */
#include <linux/pci.h>
#include <linux/uaccess.h>
#include <linux/vgaarb.h>
#include "fact.h"

/* Most bridges above a device, with the device */
#define BX_PATH_DEPTH	24

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
int bx_pci_path(struct device *dev, char *buf, size_t size)
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
int bx_pci_slot(struct device *dev, char *buf, size_t size)
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
int bx_pci_serial(struct device *dev, char *buf, size_t size)
{
	struct pci_dev *pdev = to_pci_dev(dev);
	u64 serial;

	if (!pci_device_is_present(pdev))
		return -ENXIO;
	serial = pci_get_dsn(pdev);
	return serial ? snprintf(buf, size, "%016llx", serial) : -ENODATA;
}

int bx_pci_untrusted(struct device *dev, char *buf, size_t size)
{
	return bx_fact_put(buf, size, to_pci_dev(dev)->untrusted ? "1" : "0");
}

/* As boot_vga in sysfs; the kernel keeps no reference, so only the address counts. */
int bx_pci_boot_vga(struct device *dev, char *buf, size_t size)
{
	struct pci_dev *pdev = to_pci_dev(dev), *boot = vga_default_device();

	if (!boot || pdev->class >> 8 != PCI_CLASS_DISPLAY_VGA)
		return -ENODATA;
	return bx_fact_put(buf, size, pdev == boot ? "1" : "0");
}

/*
 * The description in the configuration space, which no driver changes.  The kernel has
 * read it when it found the device; the serial number is read now, as in bx_pci_serial().
 */
int bx_pci_fingerprint(struct device *dev, char *buf, size_t size)
{
	struct pci_dev *pdev = to_pci_dev(dev);
	struct bx_fingerprint print;
	char text[64];
	size_t len;
	u64 serial;

	if (!pci_device_is_present(pdev))
		return -ENXIO;
	bx_fingerprint_init(&print, "bx-pci-1");
	len = scnprintf(text, sizeof(text), "%04x:%04x %04x:%04x %06x %02x %02x",
			pdev->vendor, pdev->device, pdev->subsystem_vendor,
			pdev->subsystem_device, pdev->class, pdev->revision,
			pdev->hdr_type);
	bx_fingerprint_add(&print, text, len);
	serial = pci_get_dsn(pdev);
	len = scnprintf(text, sizeof(text), "%016llx", serial);
	bx_fingerprint_add(&print, serial ? text : NULL, len);
	return bx_fingerprint_put(&print, buf, size);
}
