// SPDX-License-Identifier: GPL-2.0-only
/*
 * vduse NAME: a vdpa block device behind which is this process, until SIGTERM
 *
 * Debian's kernels have no simulated vdpa devices, but VDUSE.  The device has no data;
 * its requests are all answered, so that no driver waits.  It is on the bus after
 * 'vdpa dev add name NAME mgmtdev vduse'.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/vduse.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>

static int open_control(void)
{
	__u64 api = VDUSE_API_VERSION;
	int fd = open("/dev/vduse/control", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, VDUSE_SET_API_VERSION, &api))
		err(1, "cannot open '/dev/vduse/control'");
	return fd;
}

static void create_device(int control, const char *name)
{
	static union {
		struct vduse_dev_config	head;
		char			bytes[sizeof(struct vduse_dev_config) +
					      sizeof(struct virtio_blk_config)];
	} config;

	config.head.device_id = VIRTIO_ID_BLOCK;
	config.head.features = 1ULL << VIRTIO_F_VERSION_1 |
			       1ULL << VIRTIO_F_ACCESS_PLATFORM;
	config.head.vq_num = 1;
	config.head.vq_align = 4096;
	config.head.config_size = sizeof(struct virtio_blk_config);
	snprintf(config.head.name, sizeof(config.head.name), "%s", name);
	if (ioctl(control, VDUSE_CREATE_DEV, &config))
		err(1, "cannot create '%s'", name);
}

static int setup(const char *name)
{
	struct vduse_vq_config queue = { .max_size = 64 };
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/vduse/%s", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, VDUSE_VQ_SETUP, &queue))
		err(1, "cannot set up '%s'", path);
	return fd;
}

static void serve(int fd)
{
	struct vduse_dev_request request;

	while (read(fd, &request, sizeof(request)) == sizeof(request)) {
		struct vduse_dev_response response = {
			.request_id = request.request_id,
			.result = VDUSE_REQ_RESULT_OK,
		};

		if (write(fd, &response, sizeof(response)) < 0)
			err(1, "cannot answer request %u", request.type);
	}
	if (errno != EINTR)
		err(1, "cannot read a request");
}

/* It must be gone from the bus: the module counts a reference for the device. */
static void destroy_device(int control, const char *name)
{
	char arg[VDUSE_NAME_MAX] = "";

	snprintf(arg, sizeof(arg), "%s", name);
	if (ioctl(control, VDUSE_DESTROY_DEV, arg))
		err(1, "cannot destroy '%s'", name);
}

static void interrupt(int signal)
{
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = interrupt };
	int control, fd;

	if (argc != 2)
		errx(1, "usage: vduse NAME");
	sigaction(SIGTERM, &action, NULL);
	control = open_control();
	create_device(control, argv[1]);
	fd = setup(argv[1]);
	serve(fd);
	close(fd);
	destroy_device(control, argv[1]);
	return 0;
}
