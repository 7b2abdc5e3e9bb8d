// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: waiting for the driver of a device, by the uevents of the kernel
 *
 * The device need not exist yet.  The socket is open before the first look, so that no event
 * is missed.
 */
#include <errno.h>
#include <asm/posix_types.h>	/* for the next one, beside the headers of libbpf */
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

#define LOOK_MS	1000	/* also without an event, which may be lost */

static int open_uevents(struct bx_handle *h)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);

	if (fd >= 0 && !bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	if (fd >= 0)
		close(fd);
	return fail(h, BX_FAULT_FAILED, errno, "cannot listen to the kernel's events: %s",
		    strerror(errno));
}

/* Waits for an event, and drops all that have come. */
static void next_event(int fd, unsigned int ms)
{
	struct pollfd event = { .fd = fd, .events = POLLIN };
	char buf[8192];

	if (poll(&event, 1, ms < LOOK_MS ? ms : LOOK_MS) <= 0)
		return;
	while (recv(fd, buf, sizeof(buf), 0) > 0)
		;
}

/* Returns 1 if the device has the driver, 0 if not, or an errno. */
static int look(struct bx_handle *h, const struct bx_await *await, struct bx_device_rec *rec)
{
	struct bx_devref ref;
	int err = bx_find_device(h, await->device, await->bus, &ref);

	if (!err)
		err = bx_get_device(h, &ref, rec);
	if (err == -ENODEV) {
		memset(rec, 0, sizeof(*rec));
		error_forget(h);
		return 0;
	}
	if (err)
		return err;
	return await->driver ? !strcmp(rec->driver, await->driver) : !!rec->driver[0];
}

static int timed_out(struct bx_handle *h, const struct bx_await *await,
		     const struct bx_device_rec *rec)
{
	char time[32];

	seconds_text(time, sizeof(time), h->timeout_ms);
	if (!rec->dev.name[0])
		return fail(h, BX_FAULT_STATE, ETIMEDOUT, "device '%s' is not there after %s",
			    await->device, time);
	return hint_explain(h, rec->dev.bus, rec->dev.name,
			    fail(h, BX_FAULT_STATE, ETIMEDOUT, "device '%s/%s' has %s%s after %s",
				 rec->dev.bus, rec->dev.name, rec->driver[0] ? "driver " :
				 "no driver", rec->driver, time));
}

int bx_await_driver(struct bx_handle *h, const struct bx_await *await, struct bx_device_rec *rec)
{
	uint64_t end = now_ms() + h->timeout_ms, now;
	int fd = open_uevents(h), ret;

	if (fd < 0)
		return fd;
	while (!(ret = look(h, await, rec))) {
		now = now_ms();
		if (now >= end) {
			ret = timed_out(h, await, rec);
			break;
		}
		next_event(fd, end - now);
	}
	close(fd);
	return ret < 0 ? ret : 0;
}
