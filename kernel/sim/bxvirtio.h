/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared definitions of bxvirtio: bxvirtio_ops.c has the operations of the
 * provider, bxvirtio_work.c moves what is in the queues, bxvirtio_main.c has the
 * commands and the module
 */
#ifndef _BXVIRTIO_H
#define _BXVIRTIO_H

#include <linux/bx_virtio.h>
#include <linux/cpumask.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <linux/workqueue.h>
#include "command.h"

#define BXV_MAX_VQS	2

/* Queues of a network device, by number */
#define BXV_RX		0
#define BXV_TX		1

/* The longest packet: no segmentation offload, but room for large MTUs. */
#define BXV_PACKET_MAX	(64 << 10)

struct bxv_dev;

/**
 * struct bxv_kind - a kind of device
 * @name: its name in "create" and "devices"
 * @device: virtio device id
 * @nvqs: its queues
 * @features: the offered features
 * @config_len: bytes of its configuration space
 * @work: serve its queues; true when something is left to be done
 * @keys: valid options of "create"
 * @nkeys: how many
 */
struct bxv_kind {
	const char	*name;
	u32		device;
	u32		nvqs;
	u64		features;
	u32		config_len;
	bool		(*work)(struct bxv_dev *dev);
	const struct bx_cmd_key *keys;
	size_t		nkeys;
};

/**
 * struct bxv_dev - a simulated device, and its hw_data
 * @node: in bxv_devs
 * @bdev: the device; NULL while it is being made or destroyed
 * @name: its name
 * @kind: its kind
 * @vendor: its vendor id
 * @work: serves its queues
 * @peer: the other end of the wire
 * @vq: queues; a reference each
 * @status: the status byte
 * @features: the negotiated features
 * @config: configuration space
 * @generation: of it; another one whenever the device changes it
 * @affinity: processors of each queue, if @has_affinity
 * @has_affinity: whether the driver has set it
 * @stalled: when the peer ran out of buffers, 0: it has some; only for @work
 * @buf: the frame being sent, @len bytes; only for @work
 * @len: see @buf
 * @resets: how often it was reset
 * @sent: chains or packets that were delivered
 * @dropped: packets that were not
 */
struct bxv_dev {
	struct list_head		node;
	struct bx_device		*bdev;
	char				name[BX_DEV_NAME_LEN];
	const struct bxv_kind		*kind;
	u32				vendor;
	struct delayed_work		work;
	struct bxv_dev			*peer;
	struct bx_vq			*vq[BXV_MAX_VQS];
	u8				status;
	u64				features;
	struct virtio_net_config	config;
	u32				generation;
	struct cpumask			affinity[BXV_MAX_VQS];
	bool				has_affinity[BXV_MAX_VQS];
	unsigned long			stalled;
	void				*buf;
	u32				len;
	atomic_t			resets;
	atomic_long_t			sent;
	atomic_long_t			dropped;
};

extern struct workqueue_struct *bxv_wq;
extern struct mutex bxv_cmd_lock;	/* one command at a time */
extern spinlock_t bxv_lock;		/* see bxvirtio_main.c */
extern const struct bx_provider bxv_provider;

static inline void bxv_run(struct bxv_dev *dev, unsigned long delay)
{
	mod_delayed_work(bxv_wq, &dev->work, delay);
}

void bxv_connect(struct bxv_dev *dev, struct bxv_dev *peer);
void bxv_forget_vqs(struct bxv_dev *dev);
bool bxv_rng_work(struct bxv_dev *dev);
bool bxv_net_work(struct bxv_dev *dev);
void bxv_work(struct work_struct *work);

#endif /* _BXVIRTIO_H */
