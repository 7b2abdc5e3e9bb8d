// SPDX-License-Identifier: GPL-2.0-only
/*
 * bxvirtio: simulated virtio devices
 *
 * A provider on the bus bx-virtio, for tests and for trying policies without
 * hardware: a source of random numbers, and network interfaces that are two by
 * two connected by a wire.  Made and taken away by writes to the attributes of
 * /sys/devices/bxvirtio:
 *
 *   create	NAME rng|net [vendor=HEX] [peer=NAME] [mac=XX:XX:XX:XX:XX:XX],
 *		peer= and mac= only for net; the vendor is 1af4 by default
 *   destroy	NAME, with its driver's remove() as usual
 *   unplug	NAME: the device is gone from now on; destroy must follow
 *   devices	one line a device: NAME rng|net status=HEX resets=N sent=N dropped=N,
 *		chains for a source of random numbers and packets for an interface
 *
 * The reason for a refused write is in the kernel log.
 *
 * A network device moves what its driver sends, by way of a buffer of its own,
 * to the peer's receive queue, of which it gets a reference each time.  So the
 * peer may vanish at any moment: what comes then is dropped.
 *
 * Locking: bxv_lock guards the list, who is whose peer, and the queues, status
 * and features of all devices.  It is innermost and a spinlock, because a kick
 * comes from anywhere; nothing is done under it but looking at and changing
 * these.  bxv_cmd_lock makes commands wait for each other; nothing that runs for
 * a device takes it.  The work of a device holds neither while it uses a queue.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bx_virtio.h>
#include <linux/cleanup.h>
#include <linux/cpumask.h>
#include <linux/device.h>
#include <linux/etherdevice.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/uuid.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <linux/workqueue.h>
#include <net/checksum.h>
#include "command.h"

#define BXV_VENDOR	0x1af4
#define BXV_NUM		256	/* entries of a queue */
#define BXV_MAX_VQS	2
#define BXV_BUDGET	64	/* chains until others get their turn */
#define BXV_RNG_MAX	4096	/* bytes for one request */
#define BXV_LINE_LEN	128	/* longest line of the list */

/* What a peer without buffers holds up is dropped after this long. */
#define BXV_PATIENCE	(HZ / 10)

/* Queues of a network device, by number */
#define BXV_RX		0
#define BXV_TX		1

/* The longest packet: no segmentation offload, but room for large MTUs. */
#define BXV_PACKET_MAX	(64 << 10)

#define BXV_RING_FEATURES \
	(BIT_ULL(VIRTIO_F_VERSION_1) | BIT_ULL(VIRTIO_RING_F_EVENT_IDX) | \
	 BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC))

struct bxv_dev;

/**
 * struct bxv_kind - a kind of device
 * @name: its name in "create" and "devices"
 * @device: virtio device id
 * @nvqs: its queues
 * @features: what it offers
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
 * @features: what was agreed upon
 * @config: configuration space
 * @generation: of it; another one whenever the device changes it
 * @affinity: processors of each queue, if @has_affinity
 * @has_affinity: whether the driver has set it
 * @stalled: when the peer ran out of buffers, 0: it has some; only for @work
 * @buf: what is on its way, @len bytes; only for @work
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

static struct device *bxv_root;		/* parent of all devices */
static struct workqueue_struct *bxv_wq;
static DEFINE_MUTEX(bxv_cmd_lock);	/* one command at a time */
static DEFINE_SPINLOCK(bxv_lock);	/* see above */
static LIST_HEAD(bxv_devs);

static void bxv_run(struct bxv_dev *dev, unsigned long delay)
{
	mod_delayed_work(bxv_wq, &dev->work, delay);
}

/* ---- the wire ---- */

static __virtio16 bxv_net_status(const struct bxv_dev *dev)
{
	return (__force __virtio16)cpu_to_le16(dev->peer ?
					       VIRTIO_NET_S_LINK_UP : 0);
}

static void bxv_config_changed(struct bxv_dev *dev)
{
	if (dev->bdev)
		bx_virtio_config_changed(dev->bdev);
}

static void bxv_set_peer(struct bxv_dev *dev, struct bxv_dev *peer)
{
	lockdep_assert_held(&bxv_lock);
	dev->peer = peer;
	dev->config.status = bxv_net_status(dev);
	dev->generation++;
}

/* Only for commands; @peer may be NULL. */
static void bxv_connect(struct bxv_dev *dev, struct bxv_dev *peer)
{
	struct bxv_dev *old;

	lockdep_assert_held(&bxv_cmd_lock);
	scoped_guard(spinlock_irqsave, &bxv_lock) {
		old = dev->peer;
		if (old)
			bxv_set_peer(old, NULL);
		bxv_set_peer(dev, peer);
		if (peer)
			bxv_set_peer(peer, dev);
	}
	if (old)
		bxv_config_changed(old);
	if (peer)
		bxv_config_changed(peer);
}

/* ---- the operations ---- */

static struct bxv_dev *bxv_of(struct bx_device *bdev)
{
	return bdev->hw_data;
}

static bool bxv_in_config(const struct bxv_dev *dev, u32 offset, u32 len)
{
	return offset <= dev->kind->config_len &&
	       len <= dev->kind->config_len - offset;
}

static int bxv_get(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_config_arg *arg = data;
	struct bxv_dev *dev = bxv_of(bdev);

	len -= sizeof(*arg);
	if (!bxv_in_config(dev, arg->offset, len))
		return -EINVAL;
	scoped_guard(spinlock_irqsave, &bxv_lock)
		memcpy(arg->data, (u8 *)&dev->config + arg->offset, len);
	return 0;
}

/* The address is what a driver may write, of a device without VERSION_1. */
static int bxv_set(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_config_arg *arg = data;
	struct bxv_dev *dev = bxv_of(bdev);

	len -= sizeof(*arg);
	if (!bxv_in_config(dev, arg->offset, len) ||
	    arg->offset + len > sizeof(dev->config.mac))
		return -EINVAL;
	scoped_guard(spinlock_irqsave, &bxv_lock)
		memcpy(dev->config.mac + arg->offset, arg->data, len);
	return 0;
}

static int bxv_generation(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_generation_arg *arg = data;

	arg->generation = READ_ONCE(bxv_of(bdev)->generation);
	return 0;
}

static int bxv_get_status(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_status_arg *arg = data;

	arg->status = READ_ONCE(bxv_of(bdev)->status);
	return 0;
}

static int bxv_set_status(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_status_arg *arg = data;
	struct bxv_dev *dev = bxv_of(bdev);

	if (arg->status > U8_MAX)
		return -EINVAL;
	WRITE_ONCE(dev->status, arg->status);
	if (arg->status & VIRTIO_CONFIG_S_DRIVER_OK)
		bxv_run(dev, 0);
	return 0;
}

static void bxv_forget_vqs(struct bxv_dev *dev)
{
	struct bx_vq *vq[BXV_MAX_VQS];

	scoped_guard(spinlock_irqsave, &bxv_lock) {
		memcpy(vq, dev->vq, sizeof(vq));
		memset(dev->vq, 0, sizeof(dev->vq));
	}
	for (u32 i = 0; i < BXV_MAX_VQS; i++)
		bx_vq_put(vq[i]);
}

static int bxv_reset(struct bx_device *bdev, void *unused, u32 len)
{
	struct bxv_dev *dev = bxv_of(bdev);

	bxv_forget_vqs(dev);
	scoped_guard(spinlock_irqsave, &bxv_lock) {
		dev->status = 0;
		dev->features = 0;
		memset(dev->has_affinity, 0, sizeof(dev->has_affinity));
	}
	atomic_inc(&dev->resets);
	return 0;
}

static int bxv_find_vqs(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_vqs_arg *arg = data;

	return arg->nvqs <= bxv_of(bdev)->kind->nvqs ? 0 : -ENOENT;
}

static int bxv_del_vqs(struct bx_device *bdev, void *unused, u32 len)
{
	bxv_forget_vqs(bxv_of(bdev));
	return 0;
}

static int bxv_get_features(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_features_arg *arg = data;

	arg->features = bxv_of(bdev)->kind->features;
	return 0;
}

static int bxv_finalize_features(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_features_arg *arg = data;
	struct bxv_dev *dev = bxv_of(bdev);

	if (arg->features & ~dev->kind->features)
		return -EINVAL;
	scoped_guard(spinlock_irqsave, &bxv_lock)
		dev->features = arg->features;
	return 0;
}

static int bxv_bus_name(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_name_arg *arg = data;

	scnprintf(arg->name, sizeof(arg->name), "bxvirtio/%s",
		  bxv_of(bdev)->name);
	return 0;
}

static int bxv_set_affinity(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_affinity_arg *arg = data;
	const struct cpumask *mask = (const void *)(uintptr_t)arg->mask;
	struct bxv_dev *dev = bxv_of(bdev);

	if (arg->index >= dev->kind->nvqs)
		return -EINVAL;
	scoped_guard(spinlock_irqsave, &bxv_lock) {
		dev->has_affinity[arg->index] = mask;
		if (mask)
			cpumask_copy(&dev->affinity[arg->index], mask);
	}
	return 0;
}

static int bxv_get_affinity(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_affinity_arg *arg = data;
	struct bxv_dev *dev = bxv_of(bdev);

	if (arg->index >= dev->kind->nvqs)
		return -EINVAL;
	scoped_guard(spinlock_irqsave, &bxv_lock) {
		if (dev->has_affinity[arg->index])
			arg->mask = (uintptr_t)&dev->affinity[arg->index];
	}
	return 0;
}

static int bxv_get_vq_num(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_vq_arg *arg = data;

	arg->num = arg->index < bxv_of(bdev)->kind->nvqs ? BXV_NUM : 0;
	return 0;
}

static int bxv_setup_vq(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_setup_arg *arg = data;
	struct bxv_dev *dev = bxv_of(bdev);
	struct bx_vq *vq;

	if (arg->index >= dev->kind->nvqs)
		return -EINVAL;
	vq = bx_vq_get((struct bx_vq *)(uintptr_t)arg->vq);
	scoped_guard(spinlock_irqsave, &bxv_lock)
		swap(vq, dev->vq[arg->index]);
	bx_vq_put(vq);
	return 0;
}

/* A kick for the receive queue may be what the peer waits for. */
static int bxv_kick(struct bx_device *bdev, void *data, u32 len)
{
	struct bx_virtio_vq_arg *arg = data;
	struct bxv_dev *dev = bxv_of(bdev);

	if (arg->index >= dev->kind->nvqs)
		return -EINVAL;
	if (dev->kind->device != VIRTIO_ID_NET || arg->index == BXV_TX) {
		bxv_run(dev, 0);
		return 0;
	}
	scoped_guard(spinlock_irqsave, &bxv_lock) {
		if (dev->peer)
			bxv_run(dev->peer, 0);
	}
	return 0;
}

static const bx_op_fn bxv_ops[BX_VIRTIO_NR_OPS] = {
	[BX_VIRTIO_GET]			= bxv_get,
	[BX_VIRTIO_SET]			= bxv_set,
	[BX_VIRTIO_GENERATION]		= bxv_generation,
	[BX_VIRTIO_GET_STATUS]		= bxv_get_status,
	[BX_VIRTIO_SET_STATUS]		= bxv_set_status,
	[BX_VIRTIO_RESET]		= bxv_reset,
	[BX_VIRTIO_FIND_VQS]		= bxv_find_vqs,
	[BX_VIRTIO_DEL_VQS]		= bxv_del_vqs,
	[BX_VIRTIO_GET_FEATURES]	= bxv_get_features,
	[BX_VIRTIO_FINALIZE_FEATURES]	= bxv_finalize_features,
	[BX_VIRTIO_BUS_NAME]		= bxv_bus_name,
	[BX_VIRTIO_SET_VQ_AFFINITY]	= bxv_set_affinity,
	[BX_VIRTIO_GET_VQ_AFFINITY]	= bxv_get_affinity,
	[BX_VIRTIO_GET_VQ_NUM]		= bxv_get_vq_num,
	[BX_VIRTIO_SETUP_VQ]		= bxv_setup_vq,
	[BX_VIRTIO_KICK]		= bxv_kick,
};

static const struct bx_provider bxv_provider = {
	.version	= BX_VIRTIO_VERSION,
	.ops		= bxv_ops,
	.nr_ops		= ARRAY_SIZE(bxv_ops),
};

/* ---- serving ---- */

/* A queue of @dev that may be used; with its put at bx_vq_put(). */
static struct bx_vq *bxv_vq_of(struct bxv_dev *dev, u32 index)
{
	lockdep_assert_held(&bxv_lock);
	if (!dev || !(dev->status & VIRTIO_CONFIG_S_DRIVER_OK) ||
	    !dev->vq[index])
		return NULL;
	return bx_vq_get(dev->vq[index]);
}

static ssize_t bxv_rng_fill(struct bx_chain *chain, void *data)
{
	u32 len = min(bx_chain_writable(chain), BXV_RNG_MAX);
	struct bxv_dev *dev = data;

	get_random_bytes(dev->buf, len);
	return bx_chain_write(chain, 0, dev->buf, len) ?: len;
}

static bool bxv_rng_work(struct bxv_dev *dev)
{
	struct bx_vq *vq;
	bool more = true;
	ssize_t ret = 0;

	scoped_guard(spinlock_irqsave, &bxv_lock)
		vq = bxv_vq_of(dev, 0);
	if (!vq)
		return false;
	for (u32 i = 0; i < BXV_BUDGET && ret >= 0; i++) {
		ret = bx_vq_serve(vq, bxv_rng_fill, dev);
		if (ret >= 0)
			atomic_long_inc(&dev->sent);
	}
	if (ret < 0)
		more = bx_vq_want_kicks(vq, true) > 0;
	bx_vq_interrupt(vq);
	bx_vq_put(vq);
	return more;
}

/**
 * struct bxv_flow - one round of the work of a network device
 * @dev: the device
 * @tx: its queue
 * @rx: that of its peer, or NULL
 * @tx_hdr: bytes of its headers
 * @rx_hdr: bytes of those of its peer
 * @rx_csum: the peer's driver completes checksums
 * @room: bytes of the peer's next buffer
 */
struct bxv_flow {
	struct bxv_dev	*dev;
	struct bx_vq	*tx;
	struct bx_vq	*rx;
	u32		tx_hdr;
	u32		rx_hdr;
	bool		rx_csum;
	u32		room;
};

/* Bytes of the header before each packet */
static u32 bxv_hdr_len(u64 features)
{
	return features & (BIT_ULL(VIRTIO_F_VERSION_1) |
			   BIT_ULL(VIRTIO_NET_F_MRG_RXBUF)) ?
	       sizeof(struct virtio_net_hdr_mrg_rxbuf) :
	       sizeof(struct virtio_net_hdr);
}

static bool bxv_flow_find(struct bxv_flow *flow, struct bxv_dev *dev)
{
	lockdep_assert_held(&bxv_lock);
	flow->dev = dev;
	flow->tx = bxv_vq_of(dev, BXV_TX);
	if (!flow->tx)
		return false;
	flow->tx_hdr = bxv_hdr_len(dev->features);
	flow->rx = bxv_vq_of(dev->peer, BXV_RX);
	if (!flow->rx)
		return true;
	flow->rx_hdr = bxv_hdr_len(dev->peer->features);
	flow->rx_csum = dev->peer->features &
			BIT_ULL(VIRTIO_NET_F_GUEST_CSUM);
	return true;
}

static bool bxv_flow_begin(struct bxv_flow *flow, struct bxv_dev *dev)
{
	bool found;

	scoped_guard(spinlock_irqsave, &bxv_lock)
		found = bxv_flow_find(flow, dev);
	return found;
}

/* Take a packet, with its header; bytes that are not there are zero. */
static ssize_t bxv_net_take(struct bx_chain *chain, void *data)
{
	struct bxv_flow *flow = data;
	struct bxv_dev *dev = flow->dev;
	struct virtio_net_hdr *hdr = dev->buf;
	u32 len = bx_chain_readable(chain);

	dev->len = 0;
	if (len <= flow->tx_hdr || len - flow->tx_hdr > BXV_PACKET_MAX)
		return 0;
	memset(hdr, 0, sizeof(struct virtio_net_hdr_mrg_rxbuf));
	bx_chain_read(chain, 0, hdr, sizeof(*hdr));
	bx_chain_read(chain, flow->tx_hdr,
		      dev->buf + sizeof(struct virtio_net_hdr_mrg_rxbuf),
		      len - flow->tx_hdr);
	dev->len = len - flow->tx_hdr;
	return 0;
}

/* The checksum that the sender left to us and the receiver leaves as well */
static bool bxv_net_checksum(struct bxv_dev *dev)
{
	struct virtio_net_hdr_mrg_rxbuf *hdr = dev->buf;
	u8 *packet = dev->buf + sizeof(*hdr);
	u32 start = le16_to_cpu((__force __le16)hdr->hdr.csum_start);
	u32 at = start + le16_to_cpu((__force __le16)hdr->hdr.csum_offset);
	__sum16 sum;

	if (start > dev->len || at + sizeof(sum) > dev->len)
		return false;
	sum = csum_fold(csum_partial(packet + start, dev->len - start, 0));
	memcpy(packet + at, &sum, sizeof(sum));
	hdr->hdr.flags &= ~VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->hdr.csum_start = 0;
	hdr->hdr.csum_offset = 0;
	return true;
}

/* Give the packet to the peer; without mergeable buffers it fits in one. */
static ssize_t bxv_net_give(struct bx_chain *chain, void *data)
{
	struct bxv_flow *flow = data;
	struct bxv_dev *dev = flow->dev;
	int err;

	err = bx_chain_write(chain, 0, dev->buf, flow->rx_hdr) ?:
	      bx_chain_write(chain, flow->rx_hdr,
			     dev->buf + sizeof(struct virtio_net_hdr_mrg_rxbuf),
			     dev->len);
	return err ?: flow->rx_hdr + dev->len;
}

static bool bxv_net_deliver(struct bxv_flow *flow)
{
	struct bxv_dev *dev = flow->dev;
	struct virtio_net_hdr_mrg_rxbuf *hdr = dev->buf;

	if (!flow->rx || !dev->len || hdr->hdr.gso_type)
		return false;
	hdr->hdr.flags &= VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->num_buffers = (__force __virtio16)cpu_to_le16(1);
	if (hdr->hdr.flags && !flow->rx_csum && !bxv_net_checksum(dev))
		return false;
	return bx_vq_serve(flow->rx, bxv_net_give, flow) >= 0;
}

/*
 * Whether to send: the peer has a buffer, or the packet is dropped because there
 * is no peer or because the peer has had no buffer for too long.
 */
static bool bxv_net_may_send(struct bxv_flow *flow)
{
	struct bxv_dev *dev = flow->dev;

	/* kicks are wanted only when there is no buffer left */
	if (!flow->rx || bx_vq_want_kicks(flow->rx, false) ||
	    bx_vq_want_kicks(flow->rx, true)) {
		dev->stalled = 0;
		return true;
	}
	if (!dev->stalled)
		dev->stalled = jiffies | 1;
	return time_after_eq(jiffies, dev->stalled + BXV_PATIENCE);
}

static bool bxv_net_work(struct bxv_dev *dev)
{
	struct bxv_flow flow = {};
	bool more = true;
	u32 i;

	if (!bxv_flow_begin(&flow, dev))
		return false;
	for (i = 0; i < BXV_BUDGET; i++) {
		if (!bxv_net_may_send(&flow)) {
			bxv_run(dev, BXV_PATIENCE);
			more = false;
			break;
		}
		if (bx_vq_serve(flow.tx, bxv_net_take, &flow) < 0) {
			more = bx_vq_want_kicks(flow.tx, true) > 0;
			break;
		}
		atomic_long_inc(bxv_net_deliver(&flow) ? &dev->sent :
							 &dev->dropped);
	}
	if (flow.rx)
		bx_vq_interrupt(flow.rx);
	bx_vq_interrupt(flow.tx);
	bx_vq_put(flow.rx);
	bx_vq_put(flow.tx);
	return more;
}

static void bxv_work(struct work_struct *work)
{
	struct bxv_dev *dev = container_of(to_delayed_work(work),
					   struct bxv_dev, work);

	if (dev->kind->work(dev))
		bxv_run(dev, 0);
}

/* ---- options of "create" ---- */

/**
 * struct bxv_options - where they are read into
 * @dev: the device that is created
 * @peer: the device that it is connected with, NULL for none
 */
struct bxv_options {
	struct bxv_dev	*dev;
	struct bxv_dev	*peer;
};

static struct bxv_dev *bxv_find(const char *name)
{
	struct bxv_dev *dev;

	lockdep_assert_held(&bxv_cmd_lock);
	list_for_each_entry(dev, &bxv_devs, node)
		if (!strcmp(dev->name, name))
			return dev;
	return NULL;
}

static int bxv_parse_vendor(const char *value, void *to)
{
	struct bxv_options *options = to;

	return bx_cmd_hex(value, &options->dev->vendor);
}

static int bxv_parse_peer(const char *value, void *to)
{
	struct bxv_options *options = to;
	struct bxv_dev *peer = bxv_find(value);

	if (!peer)
		return -ENODEV;
	if (peer->kind->device != VIRTIO_ID_NET || peer->peer)
		return -EBUSY;
	options->peer = peer;
	return 0;
}

static int bxv_parse_mac(const char *value, void *to)
{
	struct bxv_options *options = to;
	u8 mac[ETH_ALEN];

	if (strlen(value) != 3 * ETH_ALEN - 1 || !mac_pton(value, mac) ||
	    !is_valid_ether_addr(mac))
		return -EINVAL;
	ether_addr_copy(options->dev->config.mac, mac);
	return 0;
}

static const struct bx_cmd_key bxv_rng_keys[] = {
	{ "vendor", "a hexadecimal number", bxv_parse_vendor },
};

static const struct bx_cmd_key bxv_net_keys[] = {
	{ "vendor", "a hexadecimal number", bxv_parse_vendor },
	{ "peer", "the name of a network device without a peer",
	  bxv_parse_peer },
	{ "mac", "a unicast address XX:XX:XX:XX:XX:XX", bxv_parse_mac },
};

static const struct bxv_kind bxv_kinds[] = {
	{
		.name		= "rng",
		.device		= VIRTIO_ID_RNG,
		.nvqs		= 1,
		.features	= BXV_RING_FEATURES,
		.work		= bxv_rng_work,
		.keys		= bxv_rng_keys,
		.nkeys		= ARRAY_SIZE(bxv_rng_keys),
	}, {
		.name		= "net",
		.device		= VIRTIO_ID_NET,
		.nvqs		= 2,
		.features	= BXV_RING_FEATURES |
				  BIT_ULL(VIRTIO_NET_F_CSUM) |
				  BIT_ULL(VIRTIO_NET_F_GUEST_CSUM) |
				  BIT_ULL(VIRTIO_NET_F_MAC) |
				  BIT_ULL(VIRTIO_NET_F_STATUS),
		.config_len	= sizeof(struct virtio_net_config),
		.work		= bxv_net_work,
		.keys		= bxv_net_keys,
		.nkeys		= ARRAY_SIZE(bxv_net_keys),
	},
};

/* ---- commands ---- */

static const struct bxv_kind *bxv_parse_kind(const char *word)
{
	for (u32 i = 0; word && i < ARRAY_SIZE(bxv_kinds); i++)
		if (!strcmp(word, bxv_kinds[i].name))
			return &bxv_kinds[i];
	bx_cmd_err("invalid kind '%s': expected rng or net\n", word ?: "");
	return NULL;
}

static int bxv_parse(struct bxv_options *options, char *line)
{
	struct bxv_dev *dev = options->dev;
	int err;

	err = bx_cmd_name(&line, dev->name, sizeof(dev->name));
	if (err)
		return err;
	if (bxv_find(dev->name)) {
		bx_cmd_err("device '%s' exists: destroy it first\n", dev->name);
		return -EEXIST;
	}
	dev->kind = bxv_parse_kind(bx_cmd_word(&line));
	if (!dev->kind)
		return -EINVAL;
	dev->vendor = BXV_VENDOR;
	eth_random_addr(dev->config.mac);
	return bx_cmd_options(&line, dev->kind->keys, dev->kind->nkeys, options);
}

static void bxv_free(struct bxv_dev *dev)
{
	if (!dev)
		return;
	kvfree(dev->buf);
	kfree(dev);
}

DEFINE_FREE(bxv_dev, struct bxv_dev *, bxv_free(_T))

static struct bxv_dev *bxv_alloc(void)
{
	struct bxv_dev *dev __free(bxv_dev) = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return NULL;
	dev->buf = kvmalloc(BXV_PACKET_MAX +
			    sizeof(struct virtio_net_hdr_mrg_rxbuf),
			    GFP_KERNEL);
	if (!dev->buf)
		return NULL;
	INIT_DELAYED_WORK(&dev->work, bxv_work);
	return_ptr(dev);
}

/* Also frees it; the device was removed, or never added. */
static void bxv_unlist(struct bxv_dev *dev)
{
	bxv_connect(dev, NULL);
	cancel_delayed_work_sync(&dev->work);
	bxv_forget_vqs(dev);
	list_del(&dev->node);
	bxv_free(dev);
}

static int bxv_add(struct bxv_dev *dev)
{
	struct bx_id id = { .vendor = dev->vendor, .device = dev->kind->device };
	struct bx_device *bdev;
	int err;

	bdev = bx_device_alloc(&bx_virtio_bus, bxv_root, &id, NULL,
			       &bxv_provider, dev);
	if (IS_ERR(bdev))
		return PTR_ERR(bdev);
	err = bx_device_add(bdev, dev->name);
	if (err)
		put_device(&bdev->dev);
	else
		dev->bdev = bdev;
	return err;
}

static int bxv_cmd_create(char *line)
{
	struct bxv_dev *dev __free(bxv_dev) = bxv_alloc(), *listed;
	struct bxv_options options = { .dev = dev };
	int err;

	if (!dev)
		return -ENOMEM;
	guard(mutex)(&bxv_cmd_lock);
	err = bxv_parse(&options, line);
	if (err)
		return err;
	listed = no_free_ptr(dev);
	list_add_tail(&listed->node, &bxv_devs);
	if (options.peer)
		bxv_connect(listed, options.peer);
	err = bxv_add(listed);
	if (err) {
		bx_cmd_err("cannot create '%s': %pe\n", listed->name,
			   ERR_PTR(err));
		bxv_unlist(listed);
	}
	return err;
}

/* The device that is named by a line with only its name, or an error. */
static struct bxv_dev *bxv_parse_existing(char *line)
{
	char name[BX_DEV_NAME_LEN];
	struct bxv_dev *dev;
	int err;

	err = bx_cmd_name(&line, name, sizeof(name)) ?: bx_cmd_end(&line);
	if (err)
		return ERR_PTR(err);
	dev = bxv_find(name);
	if (dev)
		return dev;
	bx_cmd_err("device '%s' not found\n", name);
	return ERR_PTR(-ENODEV);
}

/* The wire first, so that the peer does not wait for one who leaves. */
static void bxv_destroy(struct bxv_dev *dev)
{
	bxv_connect(dev, NULL);
	bx_device_remove(dev->bdev);
	bxv_unlist(dev);
}

static int bxv_cmd_destroy(char *line)
{
	struct bxv_dev *dev;

	guard(mutex)(&bxv_cmd_lock);
	dev = bxv_parse_existing(line);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	bxv_destroy(dev);
	return 0;
}

static int bxv_cmd_unplug(char *line)
{
	struct bxv_dev *dev;

	guard(mutex)(&bxv_cmd_lock);
	dev = bxv_parse_existing(line);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	bx_device_unplug(dev->bdev);
	bxv_connect(dev, NULL);
	return 0;
}

/* ---- attributes ---- */

BX_CMD_ATTR(create, bxv_cmd_create);
BX_CMD_ATTR(destroy, bxv_cmd_destroy);
BX_CMD_ATTR(unplug, bxv_cmd_unplug);

static ssize_t devices_show(struct device *root, struct device_attribute *attr,
			    char *buf)
{
	struct bxv_dev *dev;
	int len = 0;

	guard(mutex)(&bxv_cmd_lock);
	list_for_each_entry(dev, &bxv_devs, node) {
		if (len > PAGE_SIZE - BXV_LINE_LEN)
			return len + sysfs_emit_at(buf, len, "...\n");
		len += sysfs_emit_at(buf, len,
				     "%s %s status=%x resets=%d sent=%ld dropped=%ld\n",
				     dev->name, dev->kind->name, dev->status,
				     atomic_read(&dev->resets),
				     atomic_long_read(&dev->sent),
				     atomic_long_read(&dev->dropped));
	}
	return len;
}
static DEVICE_ATTR_RO(devices);

static struct attribute *bxv_attrs[] = {
	&dev_attr_create.attr,
	&dev_attr_destroy.attr,
	&dev_attr_unplug.attr,
	&dev_attr_devices.attr,
	NULL
};

static const struct attribute_group bxv_group = {
	.attrs	= bxv_attrs,
};

/* ---- the module ---- */

static int __init bxv_init(void)
{
	int err;

	bxv_wq = alloc_workqueue("bxvirtio", WQ_UNBOUND, 0);
	if (!bxv_wq)
		return -ENOMEM;
	bxv_root = root_device_register("bxvirtio");
	if (IS_ERR(bxv_root)) {
		err = PTR_ERR(bxv_root);
		goto err_wq;
	}
	err = device_add_group(bxv_root, &bxv_group);
	if (err)
		goto err_root;
	return 0;

err_root:
	root_device_unregister(bxv_root);
err_wq:
	destroy_workqueue(bxv_wq);
	return err;
}
module_init(bxv_init);

/* The attributes go first: their commands take the lock. */
static void __exit bxv_exit(void)
{
	struct bxv_dev *dev, *next;

	device_remove_group(bxv_root, &bxv_group);
	scoped_guard(mutex, &bxv_cmd_lock)
		list_for_each_entry_safe(dev, next, &bxv_devs, node)
			bxv_destroy(dev);
	root_device_unregister(bxv_root);
	destroy_workqueue(bxv_wq);
}
module_exit(bxv_exit);

MODULE_DESCRIPTION("bus_ext: simulated virtio devices");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
