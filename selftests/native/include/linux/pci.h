/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI: no device of a test is on it */
#ifndef _NATIVE_PCI_H
#define _NATIVE_PCI_H

#include <linux/device.h>

struct pci_dev {
	struct device	dev;
};

static inline bool dev_is_pci(const struct device *dev)
{
	return false;
}

static inline struct pci_dev *to_pci_dev(struct device *dev)
{
	return container_of(dev, struct pci_dev, dev);
}

#endif /* _NATIVE_PCI_H */
