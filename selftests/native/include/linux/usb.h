/* SPDX-License-Identifier: GPL-2.0-only */
/* USB devices, and the descriptors of their interfaces */
#ifndef _NATIVE_USB_H
#define _NATIVE_USB_H

#include <endian.h>
#include <linux/device.h>

struct usb_interface_descriptor {
	u8	bInterfaceClass;
	u8	bInterfaceSubClass;
	u8	bInterfaceProtocol;
};

struct usb_host_interface {
	struct usb_interface_descriptor	desc;
	unsigned char			*extra;
	int				extralen;
};

struct usb_interface_cache {
	unsigned int			num_altsetting;
	struct usb_host_interface	*altsetting;
};

struct usb_host_config {
	struct {
		u16	wTotalLength;
		u8	bNumInterfaces;
		u8	bConfigurationValue;
	} desc;
	struct usb_interface_cache	*intf_cache[32];
};

struct usb_device {
	struct device		dev;
	struct {
		u8	other[17];
		u8	bNumConfigurations;
	} descriptor;
	struct usb_host_config	*config, *actconfig;
	char			**rawdescriptors;
	char			*product, *manufacturer, *serial;
};

#define le16_to_cpu(v)		le16toh(v)

#define USB_CLASS_COMM		2
#define USB_DT_CS_INTERFACE	0x24

int usb_string(struct usb_device *udev, int number, char *buf, size_t size);

#define to_usb_device(d)	container_of(d, struct usb_device, dev)

#endif /* _NATIVE_USB_H */
