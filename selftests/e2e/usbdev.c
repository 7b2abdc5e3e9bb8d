// SPDX-License-Identifier: GPL-2.0-only
/*
 * usbdev PORT KIND SERIAL PRODUCT: a USB device behind which is this process, until SIGTERM
 *
 * Devices of qemu have fixed descriptors, and cannot be plugged in by a test in the VM.
 * This one is plugged into a port of vhci_hcd (USB over IP), through a pair of sockets
 * instead of a network, and is unplugged when the process ends. KIND is keyboard, disk, or
 * both, a keyboard with a disk in it. All have the same ids. They send no keys and have no
 * medium: transfers of data fail.
 *
 * The protocol is in Documentation/usb/usbip_protocol.rst of the kernel.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/usb/ch9.h>
#include <sys/socket.h>

#define ATTACH		"/sys/devices/platform/vhci_hcd.0/attach"
#define DEVID		0x10001
#define CMD_SUBMIT	1
#define CMD_UNLINK	2
#define ANSWER		2	/* what is added to a command for its answer */
#define DT_REPORT	0x22

struct header {
	uint32_t	command;
	uint32_t	seqnum;
	uint32_t	devid;
	uint32_t	in;
	uint32_t	ep;
	union {
		struct {
			uint32_t		flags;
			uint32_t		length;
			uint32_t		start_frame;
			uint32_t		packets;
			uint32_t		interval;
			struct usb_ctrlrequest	setup;
		} submit;
		struct {
			uint32_t	status;
			uint32_t	length;
			uint32_t	other[5];
		} answer;
	};
};

#define CONFIG(len, interfaces) 9, USB_DT_CONFIG, len, 0, interfaces, 1, 0, 0x80, 50
#define KEYBOARD(nr) \
	9, USB_DT_INTERFACE, nr, 0, 1, 3, 1, 1, 0, \
	9, 0x21, 0x11, 0x01, 0, 1, DT_REPORT, sizeof(report), 0, \
	7, USB_DT_ENDPOINT, 0x81, USB_ENDPOINT_XFER_INT, 8, 0, 8
#define DISK(nr) \
	9, USB_DT_INTERFACE, nr, 0, 2, 8, 6, 0x50, 0, \
	7, USB_DT_ENDPOINT, 0x82, USB_ENDPOINT_XFER_BULK, 0, 2, 0, \
	7, USB_DT_ENDPOINT, 0x03, USB_ENDPOINT_XFER_BULK, 0, 2, 0

/* Modifiers and six keys, as a boot keyboard has them */
static const uint8_t report[] = {
	0x05, 0x01, 0x09, 0x06, 0xa1, 0x01, 0x05, 0x07, 0x19, 0xe0, 0x29, 0xe7,
	0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x08, 0x81, 0x02, 0x95, 0x01,
	0x75, 0x08, 0x81, 0x03, 0x95, 0x06, 0x75, 0x08, 0x15, 0x00, 0x25, 0x65,
	0x05, 0x07, 0x19, 0x00, 0x29, 0x65, 0x81, 0x00, 0xc0,
};

static const uint8_t keyboard[] = { CONFIG(34, 1), KEYBOARD(0) };
static const uint8_t disk[] = { CONFIG(32, 1), DISK(0) };
static const uint8_t both[] = { CONFIG(57, 2), KEYBOARD(0), DISK(1) };

static const uint8_t device[] = {
	18, USB_DT_DEVICE, 0x00, 0x02, 0, 0, 0, 64, 0x09, 0x12, 0x01, 0x00, 0, 1, 1, 2, 3, 1,
};

static const uint8_t *config;
static const char *texts[] = { "", "bus_ext", "", "" };	/* manufacturer, product, serial */
static int sock;

static void receive(void *to, size_t len)
{
	if (len && recv(sock, to, len, MSG_WAITALL) != (ssize_t)len)
		exit(0);	/* unplugged */
}

static void transmit(const void *from, size_t len)
{
	if (len && send(sock, from, len, MSG_NOSIGNAL) != (ssize_t)len)
		exit(0);
}

static int put(uint8_t *to, const void *from, int len)
{
	memcpy(to, from, len);
	return len;
}

/* A string descriptor, or, with number 0, the list of languages */
static int put_text(uint8_t *to, unsigned int number)
{
	int len = 2;

	if (number > 3)
		return -EPIPE;
	if (!number)
		len += put(to + len, "\x09\x04", 2);
	for (const char *p = texts[number]; *p; p++) {
		to[len++] = *p;
		to[len++] = 0;
	}
	to[0] = len;
	to[1] = USB_DT_STRING;
	return len;
}

/* Returns the length of the descriptor, or a negative errno. */
static int put_descriptor(uint8_t *to, unsigned int value)
{
	switch (value >> 8) {
	case USB_DT_DEVICE:
		return put(to, device, sizeof(device));
	case USB_DT_CONFIG:
		return put(to, config, config[2]);
	case USB_DT_STRING:
		return put_text(to, value & 0xff);
	case DT_REPORT:
		return put(to, report, sizeof(report));
	default:
		return -EPIPE;
	}
}

static int control(const struct usb_ctrlrequest *setup, uint8_t *to)
{
	if (!(setup->bRequestType & USB_DIR_IN))
		return 0;
	switch (setup->bRequest) {
	case USB_REQ_GET_DESCRIPTOR:
		return put_descriptor(to, setup->wValue);
	case USB_REQ_GET_STATUS:
		return put(to, "\0", 2);
	default:
		return -EPIPE;
	}
}

static void answer(struct header *h, int status, const void *data, int len)
{
	h->command = htonl(ntohl(h->command) + ANSWER);
	memset(&h->answer, 0, sizeof(h->answer));
	h->answer.status = htonl(status);
	h->answer.length = htonl(len);
	transmit(h, sizeof(*h));
	transmit(data, len);
}

static void serve(void)
{
	static uint8_t data[1 << 17], reply[1024];
	struct header h;
	int len, n;
	bool in;

	for (;;) {
		receive(&h, sizeof(h));
		if (ntohl(h.command) == CMD_UNLINK) {
			answer(&h, -ECONNRESET, NULL, 0);
			continue;
		}
		in = ntohl(h.in);
		len = ntohl(h.submit.length);
		if (len < 0 || len > (int)sizeof(data))
			errx(1, "a transfer of %d bytes", len);
		if (!in)
			receive(data, len);
		if (ntohl(h.ep) == 1)
			continue;	/* no key is ever pressed */
		if (ntohl(h.ep)) {
			answer(&h, -EPIPE, NULL, 0);
			continue;
		}
		n = control(&h.submit.setup, reply);
		if (in)
			answer(&h, n < 0 ? n : 0, reply, n < 0 ? 0 : n < len ? n : len);
		else
			answer(&h, 0, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	char line[64];
	int pair[2], fd, len;

	if (argc != 5)
		errx(2, "usage: usbdev PORT KIND SERIAL PRODUCT");
	config = !strcmp(argv[2], "keyboard") ? keyboard : !strcmp(argv[2], "disk") ? disk : both;
	texts[2] = argv[4];
	texts[3] = argv[3];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		err(1, "cannot make sockets");
	sock = pair[1];
	fd = open(ATTACH, O_WRONLY | O_CLOEXEC);
	len = snprintf(line, sizeof(line), "%s %d %u %d", argv[1], pair[0], DEVID,
		       USB_SPEED_HIGH);
	if (fd < 0 || write(fd, line, len) != len)
		err(1, "cannot plug into port %s", argv[1]);
	close(fd);
	close(pair[0]);
	serve();
}
