// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts by name, natively: how paths are spelled, texts that a device chooses, and the
 * bounds of buffers
 *
 * kernel/fact.c and its readers are included, on devices of PCI, USB and HID that are made
 * here.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <openssl/sha.h>
#include <linux/dmi.h>
#include <linux/etherdevice.h>
#include <linux/hid.h>
#include <linux/of_net.h>
#include <linux/pci.h>
#include <linux/uaccess.h>
#include <linux/usb.h>
#include <linux/vgaarb.h>
#include "native.h"

static bool is_pci;
static struct bx_entry entry;
static bool present;
static u64 serial;
static struct kset slots;
struct kset *pci_slots_kset = &slots;
static const char *renamed;	/* the name of a slot after it was read, or NULL */
static struct pci_slot slot;

bool pci_device_is_present(struct pci_dev *pdev)
{
	return present;
}

u64 pci_get_dsn(struct pci_dev *pdev)
{
	return serial;
}

long copy_from_kernel_nofault(void *to, const void *from, size_t size)
{
	if (renamed)
		slot.kobj.name = renamed;
	memcpy(to, from, size);
	return 0;
}

static struct pci_dev *boot_vga;

struct pci_dev *vga_default_device(void)
{
	return boot_vga;
}

static const char *dmi[DMI_BOARD_NAME + 1];

const char *dmi_get_system_info(int field)
{
	return dmi[field];
}

static int firmware_error;

int of_get_mac_address(struct device_node *np, u8 *addr)
{
	memcpy(addr, "\x52\x54\0\x12\x34\x56", ETH_ALEN);
	return firmware_error;
}

static const char *strings[4];	/* of a USB device; it does not answer for the others */
static bool usbcore = true;

int usb_string(struct usb_device *udev, int number, char *buf, size_t size)
{
	if (number >= 4 || !strings[number])
		return -EPIPE;
	strscpy(buf, strings[number], size);
	return strlen(buf);
}

#define symbol_get(name)	(usbcore ? (name) : NULL)
#define symbol_put(name)	((void)(name))

void sha256(const u8 *data, unsigned int len, u8 *out)
{
	SHA256(data, len, out);
}

/* With the kernel's formats for an address, for a digest, and for a node, which no test has */
static int format(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	const u8 *mac;
	int len;

	va_start(args, fmt);
	if (!strcmp(fmt, "%pM")) {
		mac = va_arg(args, const u8 *);
		len = snprintf(buf, size, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
			       mac[1], mac[2], mac[3], mac[4], mac[5]);
	} else if (!strcmp(fmt, "%*phN")) {
		int bytes = va_arg(args, int);

		mac = va_arg(args, const u8 *);
		for (len = 0; len < 2 * bytes; len += 2)
			sprintf(buf + len, "%02x", mac[len / 2]);
	} else {
		len = vsnprintf(buf, size, fmt, args);
	}
	va_end(args);
	return len;
}

static bool known = true;	/* the device has an entry */
static struct device *asked;	/* the last whose entry was looked up */

static struct bx_entry *get_entry(struct device *dev)
{
	asked = dev;
	return known ? &entry : NULL;
}

static void put_entry(struct bx_entry *got)
{
}

static bool is_own(const struct device *dev)
{
	return false;
}

#define dev_is_pci(dev)		((void)(dev), is_pci)
#define dev_name(dev)		((const char *)(dev)->driver_data)
#define bx_entry_get		get_entry
#define bx_entry_put		put_entry
#define bx_is_own		is_own
#define snprintf		format
#include "fingerprint.c"
#include "fact_any.c"
#include "fact_pci.c"
#include "fact_usb.c"
#include "fact.c"
#undef snprintf

static char *text;	/* BX_FACT_LEN bytes, which nothing follows */
static struct bx_election e;

static int read_fact(struct device *dev, u32 fact)
{
	free(text);
	text = malloc(BX_FACT_LEN);
	if (!text)
		abort();
	memset(text, 'x', BX_FACT_LEN);
	e.ctx.device = dev;
	return bx_election_fact(&e, fact, text);
}

static bool is(struct device *dev, u32 fact, const char *expected)
{
	int len = read_fact(dev, fact);

	return len == (int)strlen(expected) && !strcmp(text, expected);
}

/* ---- pci ---- */

#define DEPTH	40

static struct pci_bus bus[DEPTH];
static struct pci_dev pci[DEPTH];
static const struct bus_type pci_bus = { .name = "pci" };

/* Each device is a bridge to the next; the slot of number @i is @i, its function 1. */
static void set_up_pci(int domain)
{
	is_pci = true;
	for (int i = 0; i < DEPTH; i++) {
		bus[i] = (struct pci_bus) { .domain = domain, .number = 64 + i };
		if (i) {
			bus[i].parent = &bus[i - 1];
			bus[i].self = &pci[i - 1];
		}
		pci[i] = (struct pci_dev) { .bus = &bus[i] };
		pci[i].devfn = PCI_DEVFN(i & 31, 1);
		pci[i].dev.bus = &pci_bus;
	}
	INIT_LIST_HEAD(&slots.list);
}

static void path_has_only_the_root_bus_number(void)
{
	set_up_pci(0);
	EXPECT(is(&pci[0].dev, BX_FACT_PATH, "0000:40:00.1"));
	EXPECT(is(&pci[2].dev, BX_FACT_PATH, "0000:40:00.1/01.1/02.1"));
	set_up_pci(0x10000);
	EXPECT(is(&pci[1].dev, BX_FACT_PATH, "10000:40:00.1/01.1"));
}

static void path_of_a_virtual_function_is_not_that_of_another_device(void)
{
	set_up_pci(0);
	pci[1].is_virtfn = true;
	pci[1].physfn = &pci[0];
	bus[1].self = NULL;	/* as a bus that is made for virtual functions */
	entry.vf_index = 3;
	EXPECT(is(&pci[1].dev, BX_FACT_PATH, "0000:40:00.1/vf3"));
	entry.vf_index = -1;
	EXPECT(read_fact(&pci[1].dev, BX_FACT_PATH) == -ENODATA);
}

static void path_is_never_cut(void)
{
	int last = 0;

	set_up_pci(0);
	for (int i = 0; i < DEPTH; i++) {
		int len = read_fact(&pci[i].dev, BX_FACT_PATH);

		EXPECT(len == 12 + 5 * i || len == -ENAMETOOLONG);
		EXPECT(len > 0 || !*text);
		last = len > 0 ? i : last;
	}
	EXPECT(last == 22);
}

static void serial_has_16_digits(void)
{
	set_up_pci(0);
	present = true;
	serial = 0x21b36ff;
	EXPECT(is(&pci[0].dev, BX_FACT_SERIAL, "00000000021b36ff"));
	serial = 0;
	EXPECT(read_fact(&pci[0].dev, BX_FACT_SERIAL) == -ENODATA);
}

static void device_that_does_not_answer_has_no_serial_of_ones(void)
{
	set_up_pci(0);
	present = false;
	serial = ~0ULL;
	EXPECT(read_fact(&pci[0].dev, BX_FACT_SERIAL) == -ENXIO && !*text);
}

static void slot_is_read_while_it_is_registered(void)
{
	set_up_pci(0);
	slot.kobj.name = "12-1";
	pci[0].slot = &slot;
	EXPECT(read_fact(&pci[0].dev, BX_FACT_SLOT) == -ENODATA);
	list_add(&slot.kobj.entry, &slots.list);
	EXPECT(is(&pci[0].dev, BX_FACT_SLOT, "12-1"));
	pci[0].slot = NULL;
	EXPECT(read_fact(&pci[0].dev, BX_FACT_SLOT) == -ENODATA);
}

static void slot_that_is_being_renamed_is_not_read(void)
{
	set_up_pci(0);
	slot.kobj.name = "12";
	pci[0].slot = &slot;
	list_add(&slot.kobj.entry, &slots.list);
	renamed = "13";
	EXPECT(read_fact(&pci[0].dev, BX_FACT_SLOT) == -EAGAIN && !*text);
	renamed = NULL;
	EXPECT(is(&pci[0].dev, BX_FACT_SLOT, "13"));
}

static void untrusted_is_a_fact_of_each_pci_device(void)
{
	set_up_pci(0);
	pci[1].untrusted = true;
	EXPECT(is(&pci[0].dev, BX_FACT_UNTRUSTED, "0"));
	EXPECT(is(&pci[1].dev, BX_FACT_UNTRUSTED, "1"));
}

static void boot_vga_is_a_fact_of_graphics_cards(void)
{
	set_up_pci(0);
	boot_vga = &pci[1];
	EXPECT(read_fact(&pci[1].dev, BX_FACT_BOOT_VGA) == -ENODATA);
	pci[0].class = 0x030000;
	pci[1].class = 0x030000;
	boot_vga = NULL;
	EXPECT(read_fact(&pci[1].dev, BX_FACT_BOOT_VGA) == -ENODATA);
	boot_vga = &pci[1];
	pci[2].class = 0x038000;
	EXPECT(is(&pci[0].dev, BX_FACT_BOOT_VGA, "0"));
	EXPECT(is(&pci[1].dev, BX_FACT_BOOT_VGA, "1"));
	EXPECT(read_fact(&pci[2].dev, BX_FACT_BOOT_VGA) == -ENODATA);
}

/* ---- usb ---- */

static const struct bus_type usb_bus = { .name = "usb" };
static const struct device_type usb_type = { "usb_device" };
static const struct device_type intf_type = { "usb_interface" };
static const struct device_type other_type = { "usb_other" };
static struct usb_host_interface alt[64];
static struct usb_interface_cache cache = { .altsetting = alt };
static struct usb_host_config config = { .intf_cache[0] = &cache };
static struct usb_device udev;
static struct device intf;

static void set_up_usb(void)
{
	is_pci = false;
	config.desc.bNumInterfaces = 1;
	cache.num_altsetting = 0;
	udev = (struct usb_device) {
		.dev = { .bus = &usb_bus, .type = &usb_type, .driver_data = "1-1.2" },
		.config = &config, .descriptor.bNumConfigurations = 1,
		.serial = "S1", .manufacturer = "M", .product = "P",
	};
	intf = (struct device) {
		.bus = &usb_bus, .type = &intf_type, .parent = &udev.dev,
		.driver_data = "1-1.2:1.0",
	};
}

static void interface_has_the_facts_of_its_device(void)
{
	set_up_usb();
	udev.dev.removable = DEVICE_FIXED;
	for (int i = 0; i < 2; i++) {
		struct device *dev = i ? &intf : &udev.dev;

		EXPECT(is(dev, BX_FACT_PATH, "1-1.2"));
		EXPECT(is(dev, BX_FACT_SERIAL, "S1"));
		EXPECT(is(dev, BX_FACT_MANUFACTURER, "M"));
		EXPECT(is(dev, BX_FACT_PRODUCT, "P"));
		EXPECT(is(dev, BX_FACT_REMOVABLE, "fixed"));
		EXPECT(read_fact(dev, BX_FACT_SLOT) == -ENODATA);
	}
	intf.type = &other_type;
	EXPECT(read_fact(&intf, BX_FACT_PATH) == -ENODATA);
	intf.type = NULL;
	EXPECT(read_fact(&intf, BX_FACT_SERIAL) == -ENODATA);
	EXPECT(read_fact(&intf, BX_FACT_INTERFACES) == -ENODATA);
}

static void text_of_a_device_is_printable(void)
{
	set_up_usb();
	udev.serial = "a\n\x1b[2J\xc3\xa9\xe2\x82\xac~";
	EXPECT(is(&udev.dev, BX_FACT_SERIAL, "a??[2J??~"));
	udev.serial = "\x80\xbf";
	EXPECT(read_fact(&udev.dev, BX_FACT_SERIAL) == -ENODATA && !*text);
	udev.serial = "";
	EXPECT(read_fact(&udev.dev, BX_FACT_SERIAL) == -ENODATA);
	udev.serial = NULL;
	EXPECT(read_fact(&udev.dev, BX_FACT_SERIAL) == -ENODATA);
}

/* A string descriptor has 126 characters at most. */
static void longest_text_of_a_device_fits(void)
{
	char wide[3 * 126 + 1] = {}, longer[BX_FACT_LEN + 1] = {};

	set_up_usb();
	for (int i = 0; i < 126; i++)
		memcpy(wide + 3 * i, "\xe2\x82\xac", 3);
	udev.serial = wide;
	EXPECT(read_fact(&udev.dev, BX_FACT_SERIAL) == 126);
	memset(longer, 'a', BX_FACT_LEN);
	udev.serial = longer;
	EXPECT(read_fact(&udev.dev, BX_FACT_SERIAL) == -ENAMETOOLONG && !*text);
	longer[BX_FACT_LEN - 1] = '\0';
	EXPECT(is(&udev.dev, BX_FACT_SERIAL, longer));
}

static void each_class_of_an_interface_is_listed_once(void)
{
	set_up_usb();
	EXPECT(read_fact(&udev.dev, BX_FACT_INTERFACES) == -ENODATA);
	alt[0].desc = (struct usb_interface_descriptor) { 3, 1, 1 };
	alt[1].desc = (struct usb_interface_descriptor) { 8, 6, 0x50 };
	alt[2].desc = (struct usb_interface_descriptor) { 3, 1, 1 };
	cache.num_altsetting = 3;
	EXPECT(is(&udev.dev, BX_FACT_INTERFACES, ":030101:080650:"));
	EXPECT(is(&intf, BX_FACT_INTERFACES, ":030101:080650:"));
	EXPECT(read_fact(&udev.dev, BX_FACT_CONFIGURATION) == -ENODATA);
	config.desc.bConfigurationValue = 2;
	udev.actconfig = &config;
	EXPECT(is(&udev.dev, BX_FACT_CONFIGURATION, "2"));
	EXPECT(is(&intf, BX_FACT_CONFIGURATION, "2"));
	udev.actconfig = NULL;
	config.desc.bNumInterfaces = 2;		/* the other one was not parsed */
	EXPECT(is(&udev.dev, BX_FACT_INTERFACES, ":030101:080650:"));
	udev.config = NULL;
	EXPECT(read_fact(&udev.dev, BX_FACT_INTERFACES) == -ENODATA);
}

static void list_of_classes_is_never_cut(void)
{
	int last = 0;

	set_up_usb();
	for (unsigned int n = 1; n <= 64; n++) {
		int len;

		alt[n - 1].desc = (struct usb_interface_descriptor) { n, 0, 0 };
		cache.num_altsetting = n;
		len = read_fact(&udev.dev, BX_FACT_INTERFACES);
		EXPECT(len == 7 * (int)n + 1 || len == -ENAMETOOLONG);
		EXPECT(len > 0 || !*text);
		last = len > 0 ? (int)n : last;
	}
	EXPECT(last == 17);
}

/* The address is string 3, in a descriptor behind another one. */
static void set_up_adapter(u8 *extra, int len)
{
	set_up_usb();
	config.desc.bNumInterfaces = 1;
	cache.num_altsetting = 1;
	alt[0] = (struct usb_host_interface) {
		.desc = { USB_CLASS_COMM, 6, 0 }, .extra = extra, .extralen = len,
	};
	strings[3] = "525400aBcDeF";
}

static void adapter_tells_its_address_in_a_string(void)
{
	u8 extra[] = { 5, 0x24, 0, 0x10, 1, 13, 0x24, 0x0f, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

	set_up_adapter(extra, sizeof(extra));
	EXPECT(is(&udev.dev, BX_FACT_MAC, "52:54:00:ab:cd:ef"));
	EXPECT(is(&intf, BX_FACT_MAC, "52:54:00:ab:cd:ef"));
	alt[0].desc.bInterfaceClass = 3;
	EXPECT(read_fact(&udev.dev, BX_FACT_MAC) == -ENODATA);
}

static void address_that_is_none_is_not_given(void)
{
	static const char *const bad[] = { "", "525400abcde", "525400abcdeff", "525400abcdeg" };
	u8 extra[] = { 13, 0x24, 0x0f, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

	set_up_adapter(extra, sizeof(extra));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		strings[3] = bad[i];
		EXPECT(read_fact(&udev.dev, BX_FACT_MAC) == -ENODATA && !*text);
	}
	strings[3] = NULL;
	EXPECT(read_fact(&udev.dev, BX_FACT_MAC) == -ENXIO);
	extra[3] = 0;
	EXPECT(read_fact(&udev.dev, BX_FACT_MAC) == -ENODATA);
	extra[3] = 3;
	usbcore = false;
	EXPECT(read_fact(&udev.dev, BX_FACT_MAC) == -ENODATA);
	usbcore = true;
}

static void descriptors_without_sense_have_no_address(void)
{
	static const u8 good[] = { 2, 0x24, 13, 0x24, 0x0f, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	u8 *extra;

	for (int len = 0; len <= (int)sizeof(good); len++) {
		extra = malloc(len ?: 1);	/* with nothing behind it */
		memcpy(extra, good, len);
		set_up_adapter(extra, len);
		EXPECT(read_fact(&udev.dev, BX_FACT_MAC) ==
		       (len == sizeof(good) ? 17 : -ENODATA));
		if (len) {
			extra[0] = 0;	/* a length that never ends */
			EXPECT(read_fact(&udev.dev, BX_FACT_MAC) == -ENODATA);
		}
		free(extra);
	}
	set_up_adapter(NULL, 0);
	EXPECT(read_fact(&udev.dev, BX_FACT_MAC) == -ENODATA);
}

/* ---- fingerprints ---- */

static char *raw[BX_FINGERPRINT_PARTS] = { "config A", "config B" };
static struct usb_host_config configs[BX_FINGERPRINT_PARTS];

static void set_up_print(void)
{
	set_up_usb();
	udev.config = configs;
	udev.rawdescriptors = raw;
	udev.descriptor.bNumConfigurations = 2;
	memset(udev.descriptor.other, 7, sizeof(udev.descriptor.other));
	for (int i = 0; i < BX_FINGERPRINT_PARTS; i++)
		configs[i].desc.wTotalLength = htole16(8);
}

/* The fingerprint as the documentation defines it */
static void expected_print(char *out, const char *kind, int nr, const void *const *part,
			   const size_t *len)
{
	u8 all[8 + 32 * BX_FINGERPRINT_PARTS] = {}, digest[32];

	memcpy(all, kind, 8);
	for (int i = 0; i < nr; i++)
		if (part[i])
			SHA256(part[i], len[i], all + 8 + 32 * i);
	SHA256(all, 8 + 32 * nr, digest);
	for (int i = 0; i < 32; i++)
		sprintf(out + 2 * i, "%02x", digest[i]);
}

static void fingerprint_is_as_documented(void)
{
	const void *part[6] = { &udev.descriptor, "M", NULL, "S1", raw[0], raw[1] };
	const size_t len[6] = { 18, 1, 0, 2, 8, 8 };
	char expected[65];

	set_up_print();
	udev.product = NULL;
	expected_print(expected, "bx-usb-1", 6, part, len);
	EXPECT(is(&udev.dev, BX_FACT_FINGERPRINT, expected));
	EXPECT(is(&intf, BX_FACT_FINGERPRINT, expected));
}

static void fingerprint_of_pci_is_as_documented(void)
{
	const void *part[2] = { "1b36:0010 1af4:1100 010802 02 00", "00000000021b36ff" };
	const size_t len[2] = { 32, 16 };
	char expected[65];

	set_up_pci(0);
	present = true;
	serial = 0x21b36ff;
	pci[0].vendor = 0x1b36;
	pci[0].device = 0x10;
	pci[0].subsystem_vendor = 0x1af4;
	pci[0].subsystem_device = 0x1100;
	pci[0].class = 0x010802;
	pci[0].revision = 2;
	expected_print(expected, "bx-pci-1", 2, part, len);
	EXPECT(is(&pci[0].dev, BX_FACT_FINGERPRINT, expected));
	serial = 0;
	part[1] = NULL;
	expected_print(expected, "bx-pci-1", 2, part, len);
	EXPECT(is(&pci[0].dev, BX_FACT_FINGERPRINT, expected));
	present = false;
	EXPECT(read_fact(&pci[0].dev, BX_FACT_FINGERPRINT) == -ENXIO && !*text);
}

/* Reads the fingerprint into one of many, and checks that it is a new one. */
static void expect_new(char prints[][65], int *n)
{
	EXPECT(read_fact(&udev.dev, BX_FACT_FINGERPRINT) == 64);
	for (int i = 0; i < *n; i++)
		EXPECT(strcmp(prints[i], text));
	strcpy(prints[(*n)++], text);
}

static void each_part_changes_the_fingerprint(void)
{
	char **texts[] = { &udev.product, &udev.manufacturer, &udev.serial };
	char prints[16][65];
	int n = 0;

	set_up_print();
	expect_new(prints, &n);
	udev.descriptor.other[0]++;
	expect_new(prints, &n);
	set_up_print();
	raw[1] = "config C";
	expect_new(prints, &n);
	raw[1] = "config B";
	configs[1].desc.wTotalLength = htole16(7);
	expect_new(prints, &n);
	set_up_print();
	udev.descriptor.bNumConfigurations = 1;
	expect_new(prints, &n);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		set_up_print();
		*texts[i] = "other";
		expect_new(prints, &n);
		*texts[i] = "";
		expect_new(prints, &n);
		*texts[i] = NULL;
		expect_new(prints, &n);
	}
}

/* Neither by moving bytes from one text to the next, nor by what cannot be printed */
static void texts_of_two_devices_do_not_collide(void)
{
	char prints[8][65];
	int n = 0;

	set_up_print();
	udev.manufacturer = "ab";
	udev.product = "c";
	expect_new(prints, &n);
	udev.manufacturer = "a";
	udev.product = "bc";
	expect_new(prints, &n);
	udev.product = "\x01";
	expect_new(prints, &n);
	udev.product = "\x02";
	expect_new(prints, &n);
}

static void device_of_the_boot_is_known_when_it_comes_back(void)
{
	set_up_print();
	udev.serial = "B1";
	entry.hotplugged = true;
	EXPECT(is(&udev.dev, BX_FACT_AT_BOOT, "0"));
	entry.hotplugged = false;
	EXPECT(is(&intf, BX_FACT_AT_BOOT, "1"));
	entry.hotplugged = true;
	EXPECT(is(&udev.dev, BX_FACT_AT_BOOT, "1"));
	EXPECT(is(&intf, BX_FACT_AT_BOOT, "1"));
	udev.product = "other";
	EXPECT(is(&udev.dev, BX_FACT_AT_BOOT, "0"));
	udev.rawdescriptors = NULL;
	EXPECT(is(&udev.dev, BX_FACT_AT_BOOT, "0"));
	entry.hotplugged = false;
	EXPECT(is(&udev.dev, BX_FACT_AT_BOOT, "1"));
	known = false;
	EXPECT(read_fact(&udev.dev, BX_FACT_AT_BOOT) == -ENODATA);
	known = true;
}

static void devices_of_the_boot_are_limited(void)
{
	char name[16];
	int last = 0;

	for (int i = 0; i < 2 * BX_BOOT_PRINTS; i++) {
		snprintf(name, sizeof(name), "L%d", i / 2);	/* each one twice */
		set_up_print();
		udev.serial = name;
		entry.hotplugged = false;
		EXPECT(is(&udev.dev, BX_FACT_AT_BOOT, "1"));
		entry.hotplugged = true;
		EXPECT(read_fact(&udev.dev, BX_FACT_AT_BOOT) == 1);
		last = *text == '1' ? i / 2 : last;
	}
	entry.hotplugged = false;
	EXPECT(last == BX_BOOT_PRINTS - 2);	/* with that of the test above */
}

static void fingerprint_that_lacks_a_part_is_not_given(void)
{
	set_up_print();
	udev.descriptor.bNumConfigurations = BX_FINGERPRINT_PARTS - 4;
	EXPECT(read_fact(&udev.dev, BX_FACT_FINGERPRINT) == 64);
	udev.descriptor.bNumConfigurations++;
	EXPECT(read_fact(&udev.dev, BX_FACT_FINGERPRINT) == -ENODATA && !*text);
	udev.descriptor.bNumConfigurations = 1;
	udev.rawdescriptors = NULL;
	EXPECT(read_fact(&udev.dev, BX_FACT_FINGERPRINT) == -ENODATA);
	set_up_print();
	udev.config = NULL;
	EXPECT(read_fact(&udev.dev, BX_FACT_FINGERPRINT) == -ENODATA);
	set_up_print();
	intf.type = &other_type;
	EXPECT(read_fact(&intf, BX_FACT_FINGERPRINT) == -ENODATA);
}

/* ---- hid ---- */

static void hid_device_has_the_texts_of_its_transport(void)
{
	static const struct bus_type hid_bus = { .name = "hid" };
	struct hid_device hid = {
		.dev.bus = &hid_bus, .name = "Pad", .phys = "usb-1/input0",
		.uniq = "a4:c1:38:00:00:01",
	};

	is_pci = false;
	EXPECT(is(&hid.dev, BX_FACT_PRODUCT, "Pad"));
	EXPECT(is(&hid.dev, BX_FACT_PATH, "usb-1/input0"));
	EXPECT(is(&hid.dev, BX_FACT_SERIAL, "a4:c1:38:00:00:01"));
	hid.uniq[0] = '\0';
	EXPECT(read_fact(&hid.dev, BX_FACT_SERIAL) == -ENODATA);
}

/* ---- the firmware and the machine ---- */

static void address_is_what_the_firmware_says(void)
{
	set_up_pci(0);
	EXPECT(read_fact(&pci[0].dev, BX_FACT_MAC) == -ENODATA);
	pci[0].dev.of_node = (void *)&pci[0];
	EXPECT(is(&pci[0].dev, BX_FACT_MAC, "52:54:00:12:34:56"));
	firmware_error = -EPROBE_DEFER;
	EXPECT(read_fact(&pci[0].dev, BX_FACT_MAC) == -EAGAIN);
	firmware_error = -ENODEV;
	EXPECT(read_fact(&pci[0].dev, BX_FACT_MAC) == -ENODATA);
	firmware_error = 0;
}

static void hotplugged_device_was_added_after_the_boot(void)
{
	set_up_pci(0);
	EXPECT(is(&pci[0].dev, BX_FACT_HOTPLUGGED, "0"));
	entry.hotplugged = true;
	EXPECT(is(&pci[0].dev, BX_FACT_HOTPLUGGED, "1"));
	entry.hotplugged = false;
	known = false;
	EXPECT(read_fact(&pci[0].dev, BX_FACT_HOTPLUGGED) == -ENODATA);
	known = true;
}

static void machine_is_a_fact_of_each_device(void)
{
	set_up_pci(0);
	EXPECT(read_fact(&pci[0].dev, BX_FACT_SYS_VENDOR) == -ENODATA);
	dmi[DMI_SYS_VENDOR] = "ACME";
	dmi[DMI_PRODUCT_NAME] = "Anvil\t2";
	EXPECT(is(&pci[0].dev, BX_FACT_SYS_VENDOR, "ACME"));
	EXPECT(is(&pci[0].dev, BX_FACT_PRODUCT_NAME, "Anvil?2"));
	set_up_usb();
	EXPECT(is(&udev.dev, BX_FACT_SYS_VENDOR, "ACME"));
	dmi[DMI_SYS_VENDOR] = NULL;
	dmi[DMI_PRODUCT_NAME] = NULL;
	EXPECT(read_fact(&udev.dev, BX_FACT_BOOT) == -ENODATA);
	bx_boot = "guests";
	EXPECT(is(&udev.dev, BX_FACT_BOOT, "guests"));
	bx_boot = NULL;
}

/* ---- the table ---- */

static void each_fact_has_a_name_of_its_own(void)
{
	for (u32 i = 0; i < BX_NR_FACTS; i++) {
		EXPECT(bx_facts[i].name && strlen(bx_facts[i].name) < BX_FACT_NAME_LEN);
		for (u32 j = 0; j < i; j++)
			EXPECT(strcmp(bx_facts[i].name, bx_facts[j].name));
	}
	set_up_usb();
	EXPECT(read_fact(&udev.dev, BX_NR_FACTS) == -EINVAL);
	EXPECT(read_fact(&udev.dev, ~0U) == -EINVAL);
}

static void removable_is_a_fact_where_the_bus_knows(void)
{
	struct device dev = { .bus = &pci_bus };

	is_pci = false;
	EXPECT(read_fact(&dev, BX_FACT_REMOVABLE) == -ENODATA);
	dev.removable = DEVICE_REMOVABLE;
	EXPECT(is(&dev, BX_FACT_REMOVABLE, "removable"));
	dev.removable = DEVICE_REMOVABLE_UNKNOWN;
	EXPECT(is(&dev, BX_FACT_REMOVABLE, "unknown"));
}

/* An interface of a device that stays is not new when the configuration changes. */
static void interface_is_as_hotplugged_as_its_device(void)
{
	set_up_usb();
	asked = NULL;
	EXPECT(is(&intf, BX_FACT_HOTPLUGGED, "0"));
	EXPECT(asked == &udev.dev);
}

/* ---- descriptions and records ---- */

static void described_device_has_the_facts_of_its_description(void)
{
	struct bx_trial trial = {
		.nr_facts = 2,
		.facts = { { BX_FACT_SERIAL, 0, "", "S9" }, { BX_FACT_SLOT, -ENXIO } },
	};

	EXPECT(read_fact(NULL, BX_FACT_SERIAL) == -ENODATA);
	e.trial = &trial;
	EXPECT(is(NULL, BX_FACT_SERIAL, "S9"));
	EXPECT(read_fact(NULL, BX_FACT_SLOT) == -ENXIO);
	EXPECT(read_fact(NULL, BX_FACT_PATH) == -ENODATA);
	EXPECT(read_fact(NULL, BX_NR_FACTS) == -EINVAL);
	e.trial = NULL;
}

static void removed_device_has_no_records(void)
{
	struct bx_fact_rec *recs;
	u32 n;

	set_up_usb();
	entry.gone = true;
	EXPECT(bx_fact_records(&intf, &recs, &n) == -ENODEV);
	entry.gone = false;
	EXPECT(!bx_fact_records(&intf, &recs, &n));
	EXPECT(n == 6 && recs[0].fact == BX_FACT_PATH);
	EXPECT(!strcmp(recs[1].name, "serial") && !strcmp(recs[1].value, "S1"));
	kvfree(recs);
}

static void fact_that_cannot_be_read_has_a_record_with_the_error(void)
{
	struct bx_fact_rec *recs;
	u32 n;

	set_up_pci(0);
	present = false;
	EXPECT(!bx_fact_records(&pci[0].dev, &recs, &n));
	EXPECT(recs[n - 1].fact == BX_FACT_FINGERPRINT && recs[n - 1].error == -ENXIO);
	EXPECT(n == 5 && recs[1].fact == BX_FACT_SERIAL && recs[1].error == -ENXIO);
	EXPECT(!*recs[1].value && !strcmp(recs[1].name, "serial"));
	kvfree(recs);
}

static const struct native_test tests[] = {
	NATIVE_TEST(path_has_only_the_root_bus_number),
	NATIVE_TEST(path_of_a_virtual_function_is_not_that_of_another_device),
	NATIVE_TEST(path_is_never_cut),
	NATIVE_TEST(serial_has_16_digits),
	NATIVE_TEST(device_that_does_not_answer_has_no_serial_of_ones),
	NATIVE_TEST(slot_is_read_while_it_is_registered),
	NATIVE_TEST(slot_that_is_being_renamed_is_not_read),
	NATIVE_TEST(untrusted_is_a_fact_of_each_pci_device),
	NATIVE_TEST(boot_vga_is_a_fact_of_graphics_cards),
	NATIVE_TEST(interface_has_the_facts_of_its_device),
	NATIVE_TEST(text_of_a_device_is_printable),
	NATIVE_TEST(longest_text_of_a_device_fits),
	NATIVE_TEST(each_class_of_an_interface_is_listed_once),
	NATIVE_TEST(list_of_classes_is_never_cut),
	NATIVE_TEST(adapter_tells_its_address_in_a_string),
	NATIVE_TEST(address_that_is_none_is_not_given),
	NATIVE_TEST(descriptors_without_sense_have_no_address),
	NATIVE_TEST(fingerprint_is_as_documented),
	NATIVE_TEST(fingerprint_of_pci_is_as_documented),
	NATIVE_TEST(each_part_changes_the_fingerprint),
	NATIVE_TEST(texts_of_two_devices_do_not_collide),
	NATIVE_TEST(device_of_the_boot_is_known_when_it_comes_back),
	NATIVE_TEST(devices_of_the_boot_are_limited),
	NATIVE_TEST(fingerprint_that_lacks_a_part_is_not_given),
	NATIVE_TEST(hid_device_has_the_texts_of_its_transport),
	NATIVE_TEST(address_is_what_the_firmware_says),
	NATIVE_TEST(hotplugged_device_was_added_after_the_boot),
	NATIVE_TEST(machine_is_a_fact_of_each_device),
	NATIVE_TEST(each_fact_has_a_name_of_its_own),
	NATIVE_TEST(removable_is_a_fact_where_the_bus_knows),
	NATIVE_TEST(interface_is_as_hotplugged_as_its_device),
	NATIVE_TEST(described_device_has_the_facts_of_its_description),
	NATIVE_TEST(removed_device_has_no_records),
	NATIVE_TEST(fact_that_cannot_be_read_has_a_record_with_the_error),
};

int main(void)
{
	return native_main(tests, ARRAY_SIZE(tests));
}
