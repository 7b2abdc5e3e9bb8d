// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts by name of USB and HID devices
 *
 * The facts of a USB interface are those of its device.
 */
#include <linux/etherdevice.h>
#include <linux/hid.h>
#include <linux/hex.h>
#include <linux/usb.h>
#include <linux/usb/cdc.h>
#include "fact.h"

/* The texts were read when the device was found, and stay until its release. */
static struct usb_device *bx_usb_device(struct device *dev)
{
	const char *type = dev->type && dev->type->name ? dev->type->name : "";

	if (!strcmp(type, "usb_interface"))
		return to_usb_device(dev->parent);
	return strcmp(type, "usb_device") ? NULL : to_usb_device(dev);
}

int bx_usb_path(struct device *dev, char *buf, size_t size)
{
	struct usb_device *udev = bx_usb_device(dev);

	return bx_fact_put(buf, size, udev ? dev_name(&udev->dev) : NULL);
}

int bx_usb_serial(struct device *dev, char *buf, size_t size)
{
	struct usb_device *udev = bx_usb_device(dev);

	return bx_fact_put(buf, size, udev ? udev->serial : NULL);
}

int bx_usb_manufacturer(struct device *dev, char *buf, size_t size)
{
	struct usb_device *udev = bx_usb_device(dev);

	return bx_fact_put(buf, size, udev ? udev->manufacturer : NULL);
}

int bx_usb_product(struct device *dev, char *buf, size_t size)
{
	struct usb_device *udev = bx_usb_device(dev);

	return bx_fact_put(buf, size, udev ? udev->product : NULL);
}

int bx_usb_removable(struct device *dev, char *buf, size_t size)
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
int bx_usb_interfaces(struct device *dev, char *buf, size_t size)
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

/* ---- the address of a network adapter ---- */

/* Returns the number of the string that has the address, 0 if none has. */
static u8 bx_mac_string(const struct usb_host_interface *alt)
{
	const u8 *at = alt->extra, *end = at + alt->extralen;

	/* descriptors: length, type, subtype and the rest */
	for (; at && end - at >= 2 && at[0] >= 2 && at[0] <= end - at; at += at[0]) {
		if (at[0] >= sizeof(struct usb_cdc_ether_desc) &&
		    at[1] == USB_DT_CS_INTERFACE && at[2] == USB_CDC_ETHERNET_TYPE)
			return ((const struct usb_cdc_ether_desc *)at)->iMACAddress;
	}
	return 0;
}

static u8 bx_config_mac_string(const struct usb_host_config *config)
{
	u8 found = 0;

	for (int i = 0; i < config->desc.bNumInterfaces && !found; i++) {
		const struct usb_interface_cache *intf = config->intf_cache[i];

		for (int a = 0; intf && a < intf->num_altsetting && !found; a++) {
			if (intf->altsetting[a].desc.bInterfaceClass == USB_CLASS_COMM)
				found = bx_mac_string(&intf->altsetting[a]);
		}
	}
	return found;
}

/* Reads a string from the device, which may take seconds if it is broken. */
static int bx_usb_string(struct usb_device *udev, u8 number, char *buf, size_t size)
{
	int (*read)(struct usb_device *dev, int index, char *buf, size_t size);
	int len;

	read = symbol_get(usb_string);	/* no dependency on the module usbcore */
	if (!read)
		return -ENODATA;
	len = read(udev, number, buf, size);
	symbol_put(usb_string);
	return len < 0 ? -ENXIO : len;
}

/*
 * CDC devices have the address as a string of 12 hex digits (CDC ECM 1.2, 5.4).  Others
 * do not tell it without a driver.
 */
int bx_usb_mac(struct device *dev, char *buf, size_t size)
{
	struct usb_device *udev = bx_usb_device(dev);
	char text[2 * ETH_ALEN + 2] = "";
	u8 addr[ETH_ALEN], number = 0;
	int len;

	if (!udev || !udev->config)
		return -ENODATA;
	for (int c = 0; c < udev->descriptor.bNumConfigurations && !number; c++)
		number = bx_config_mac_string(&udev->config[c]);
	len = number ? bx_usb_string(udev, number, text, sizeof(text)) : -ENODATA;
	if (len < 0)
		return len;
	if (len != 2 * ETH_ALEN || hex2bin(addr, text, ETH_ALEN))
		return -ENODATA;
	return snprintf(buf, size, "%pM", addr);
}

/* ---- telling whether the device is a known one ---- */

/* Interfaces come and go with the configuration of a device that stays. */
int bx_usb_hotplugged(struct device *dev, char *buf, size_t size)
{
	struct usb_device *udev = bx_usb_device(dev);

	return udev ? bx_any_hotplugged(&udev->dev, buf, size) : -ENODATA;
}

static void bx_add_text(struct bx_fingerprint *print, const char *text)
{
	bx_fingerprint_add(print, text, text ? strlen(text) : 0);
}

/*
 * All descriptors that the kernel has read when it found the device, as 'descriptors' in
 * sysfs has them, and its texts.  They stay until the release of the device.
 */
static int bx_usb_parts(const struct usb_device *udev, struct bx_fingerprint *print)
{
	if (!udev || !udev->config || !udev->rawdescriptors)
		return -ENODATA;
	bx_fingerprint_init(print, "bx-usb-1");
	bx_fingerprint_add(print, &udev->descriptor, sizeof(udev->descriptor));
	bx_add_text(print, udev->manufacturer);
	bx_add_text(print, udev->product);
	bx_add_text(print, udev->serial);
	for (int c = 0; c < udev->descriptor.bNumConfigurations; c++)
		bx_fingerprint_add(print, udev->rawdescriptors[c],
				   le16_to_cpu(udev->config[c].desc.wTotalLength));
	return 0;
}

int bx_usb_fingerprint(struct device *dev, char *buf, size_t size)
{
	struct bx_fingerprint print;

	return bx_usb_parts(bx_usb_device(dev), &print) ?:
		bx_fingerprint_put(&print, buf, size);
}

/*
 * A device that was there at boot is remembered when the fact is read, for the case that
 * it is unplugged and comes back.
 */
int bx_usb_at_boot(struct device *dev, char *buf, size_t size)
{
	struct usb_device *udev = bx_usb_device(dev);
	u8 digest[SHA256_DIGEST_SIZE];
	struct bx_fingerprint print;
	char hotplugged[2];
	bool known, boot;

	if (bx_usb_hotplugged(dev, hotplugged, sizeof(hotplugged)) != 1)
		return -ENODATA;
	known = !bx_usb_parts(udev, &print) && !bx_fingerprint_end(&print, digest);
	boot = hotplugged[0] == '0';
	if (boot && known)
		bx_fingerprint_remember(digest);
	if (!boot)
		boot = known && bx_fingerprint_was_at_boot(digest);
	return bx_fact_put(buf, size, boot ? "1" : "0");
}

/* An interface has that to which it belongs, which does not change while it is there. */
int bx_usb_configuration(struct device *dev, char *buf, size_t size)
{
	struct usb_device *udev = bx_usb_device(dev);
	const struct usb_host_config *config = udev ? READ_ONCE(udev->actconfig) : NULL;

	return config ? snprintf(buf, size, "%u", config->desc.bConfigurationValue) : -ENODATA;
}

/* ---- hid: texts that the transport has read, which stay until the release ---- */

int bx_hid_path(struct device *dev, char *buf, size_t size)
{
	return bx_fact_put(buf, size, to_hid_device(dev)->phys);
}

int bx_hid_serial(struct device *dev, char *buf, size_t size)
{
	return bx_fact_put(buf, size, to_hid_device(dev)->uniq);
}

int bx_hid_product(struct device *dev, char *buf, size_t size)
{
	return bx_fact_put(buf, size, to_hid_device(dev)->name);
}
