/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors of network adapters */
#ifndef _NATIVE_USB_CDC_H
#define _NATIVE_USB_CDC_H

#include <linux/types.h>

#define USB_CDC_ETHERNET_TYPE	0x0f

struct usb_cdc_ether_desc {
	u8	bLength;
	u8	bDescriptorType;
	u8	bDescriptorSubType;
	u8	iMACAddress;
	u8	others[9];
};

#endif /* _NATIVE_USB_CDC_H */
