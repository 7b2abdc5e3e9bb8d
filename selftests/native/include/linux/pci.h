/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI: no device of a test is on it */
#ifndef _NATIVE_PCI_H
#define _NATIVE_PCI_H

#include <linux/device.h>

struct pci_bus {
	struct pci_bus	*parent;	/* NULL for a root bus */
	struct pci_dev	*self;
	int		domain;
	u8		number;
};

struct pci_slot {
	struct kobject	kobj;
};

struct pci_dev {
	struct device	dev;
	struct pci_bus	*bus;
	struct pci_slot	*slot;
	unsigned int	devfn;
	unsigned int	class;
	u16		vendor, device, subsystem_vendor, subsystem_device;
	u8		revision, hdr_type;
	bool		is_virtfn, untrusted, match_driver;
	struct pci_dev	*physfn;
};

#define PCI_CLASS_DISPLAY_VGA	0x0300

#define PCI_SLOT(devfn)		(((devfn) >> 3) & 0x1f)
#define PCI_FUNC(devfn)		((devfn) & 0x07)
#define PCI_DEVFN(slot, func)	((slot) << 3 | (func))

bool pci_device_is_present(struct pci_dev *pdev);
u64 pci_get_dsn(struct pci_dev *pdev);

static inline int pci_domain_nr(const struct pci_bus *bus)
{
	return bus->domain;
}

static inline struct pci_dev *pci_physfn(struct pci_dev *pdev)
{
	return pdev->is_virtfn ? pdev->physfn : pdev;
}

static inline struct pci_dev *pci_upstream_bridge(struct pci_dev *pdev)
{
	pdev = pci_physfn(pdev);
	return pdev->bus->parent ? pdev->bus->self : NULL;
}

static inline bool dev_is_pci(const struct device *dev)
{
	return false;
}

static inline struct pci_dev *to_pci_dev(struct device *dev)
{
	return container_of(dev, struct pci_dev, dev);
}

#endif /* _NATIVE_PCI_H */
