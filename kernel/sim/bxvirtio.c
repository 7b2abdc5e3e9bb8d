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
 *		peer= and mac= for net alone; the vendor is 1af4 by default
 *   destroy	NAME, with its driver's remove() as usual
 *   unplug	NAME: the device is gone from now on; destroy is to follow
 *   devices	one line a device: NAME rng|net status=HEX resets=N sent=N dropped=N,
 *		chains for a source of random numbers and packets for an interface
 *
 * What a refused write lacked is in the kernel log.
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
#include <linux/ctype.h>
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
 * @name: for people
 * @device: virtio device id
 * @nvqs: its queues
 * @features: what it offers
 * @config_len: bytes of its configuration space
 * @work: serve its queues; true when something is left to be done
 */
struct bxv_kind {
	const char	*name;
	u32		device;
	u32		nvqs;
	u64		features;
	u32		config_len;
	bool		(*work)(struct bxv_dev *dev);
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
 * @affinity: of each queue, as told
 * @has_affinity: whether it was
 * @stalled: when the peer ran out of buffers, 0: it has some; of the work alone
 * @buf: what is on its way, @len bytes; of the work alone
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

#define bxv_err(fmt, ...) pr_err_ratelimited(fmt, ##__VA_ARGS__)

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

/* The commands' alone; @peer may be NULL. */
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
 * Whether to go on: the peer has a buffer, or what is sent is to be dropped,
 * because there is no peer or because it has none for too long.
 */
static bool bxv_net_may_send(struct bxv_flow *flow)
{
	struct bxv_dev *dev = flow->dev;

	/* kicks are wanted only when there is nothing to go on with */
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

static const struct bxv_kind bxv_kinds[] = {
	{
		.name		= "rng",
		.device		= VIRTIO_ID_RNG,
		.nvqs		= 1,
		.features	= BXV_RING_FEATURES,
		.work		= bxv_rng_work,
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
	},
};

/* ---- commands ---- */

static struct bxv_dev *bxv_find(const char *name)
{
	struct bxv_dev *dev;

	lockdep_assert_held(&bxv_cmd_lock);
	list_for_each_entry(dev, &bxv_devs, node)
		if (!strcmp(dev->name, name))
			return dev;
	return NULL;
}

/* The next word of a line, NULL at its end. */
static char *bxv_word(char **line)
{
	char *word;

	do {
		word = strsep(line, " \t\n");
	} while (word && !*word);
	return word;
}

static int bxv_parse_name(char *name, size_t size, const char *word)
{
	if (!word || strscpy(name, word, size) < 0 || name[0] == '.') {
		bxv_err("bad name '%s': up to %zu bytes, not starting with '.'\n",
			word ?: "", size - 1);
		return -EINVAL;
	}
	for (const char *c = name; *c; c++) {
		if (isascii(*c) && isgraph(*c) && *c != '/' && *c != '!')
			continue;
		bxv_err("bad name: printable, without '/' and '!'\n");
		return -EINVAL;
	}
	return 0;
}

static const struct bxv_kind *bxv_parse_kind(const char *word)
{
	for (u32 i = 0; word && i < ARRAY_SIZE(bxv_kinds); i++)
		if (!strcmp(word, bxv_kinds[i].name))
			return &bxv_kinds[i];
	bxv_err("kind '%s': it is rng or net\n", word ?: "");
	return NULL;
}

/* With a peer that can be had, by name. */
static int bxv_parse_peer(const char *name, struct bxv_dev **peer)
{
	*peer = bxv_find(name);
	if (*peer && (*peer)->kind->device == VIRTIO_ID_NET && !(*peer)->peer)
		return 0;
	bxv_err("peer=%s: %s\n", name,
		*peer ? "not a free network device" : "there is none");
	return *peer ? -EBUSY : -ENODEV;
}

static int bxv_parse_option(struct bxv_dev *dev, char *word,
			    struct bxv_dev **peer)
{
	bool net = dev->kind->device == VIRTIO_ID_NET;
	char *value = strchr(word, '=');
	int err = -EINVAL;

	if (value)
		*value++ = '\0';
	if (value && !strcmp(word, "vendor"))
		err = kstrtou32(value, 16, &dev->vendor);
	else if (value && net && !strcmp(word, "mac"))
		err = mac_pton(value, dev->config.mac) &&
		      is_valid_ether_addr(dev->config.mac) ? 0 : -EINVAL;
	else if (value && net && !strcmp(word, "peer"))
		return bxv_parse_peer(value, peer);
	if (err)
		bxv_err("bad option '%s': vendor=HEX, or, for net, peer=NAME or mac=XX:XX:XX:XX:XX:XX\n",
			word);
	return err;
}

static int bxv_parse(struct bxv_dev *dev, char *line, struct bxv_dev **peer)
{
	char *word;
	int err;

	err = bxv_parse_name(dev->name, sizeof(dev->name), bxv_word(&line));
	if (err)
		return err;
	if (bxv_find(dev->name)) {
		bxv_err("device '%s' exists: destroy it first\n", dev->name);
		return -EEXIST;
	}
	dev->kind = bxv_parse_kind(bxv_word(&line));
	if (!dev->kind)
		return -EINVAL;
	dev->vendor = BXV_VENDOR;
	eth_random_addr(dev->config.mac);
	while (!err && (word = bxv_word(&line)))
		err = bxv_parse_option(dev, word, peer);
	return err;
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

/* What is left once the device is removed, or was never added */
static void bxv_bury(struct bxv_dev *dev)
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
	struct bxv_dev *dev __free(bxv_dev) = bxv_alloc();
	struct bxv_dev *peer = NULL, *listed;
	int err;

	if (!dev)
		return -ENOMEM;
	err = bxv_parse(dev, line, &peer);
	if (err)
		return err;
	listed = no_free_ptr(dev);
	list_add_tail(&listed->node, &bxv_devs);
	if (peer)
		bxv_connect(listed, peer);
	err = bxv_add(listed);
	if (err) {
		bxv_err("cannot create '%s': %pe\n", listed->name, ERR_PTR(err));
		bxv_bury(listed);
	}
	return err;
}

static struct bxv_dev *bxv_parse_existing(char *line)
{
	char *word = bxv_word(&line);
	struct bxv_dev *dev = word ? bxv_find(word) : NULL;

	if (dev && !bxv_word(&line))
		return dev;
	bxv_err("write the NAME of a device that exists, and nothing else\n");
	return NULL;
}

/* The wire first, so that the peer does not wait for one who leaves. */
static void bxv_destroy(struct bxv_dev *dev)
{
	bxv_connect(dev, NULL);
	bx_device_remove(dev->bdev);
	bxv_bury(dev);
}

static int bxv_cmd_destroy(char *line)
{
	struct bxv_dev *dev = bxv_parse_existing(line);

	if (!dev)
		return -ENODEV;
	bxv_destroy(dev);
	return 0;
}

static int bxv_cmd_unplug(char *line)
{
	struct bxv_dev *dev = bxv_parse_existing(line);

	if (!dev)
		return -ENODEV;
	bx_device_unplug(dev->bdev);
	bxv_connect(dev, NULL);
	return 0;
}

/* ---- attributes ---- */

/* Run a command on a copy of what was written, which it may cut up. */
static ssize_t bxv_command(int (*cmd)(char *line), const char *buf,
			   size_t count)
{
	char *line __free(kfree) = NULL;
	int err;

	/* a full page is the first part of a longer write */
	if (count >= PAGE_SIZE || memchr(buf, '\0', count)) {
		bxv_err("write one line of text, below %lu bytes\n", PAGE_SIZE);
		return -EINVAL;
	}
	line = kstrndup(buf, count, GFP_KERNEL);
	if (!line)
		return -ENOMEM;
	guard(mutex)(&bxv_cmd_lock);
	err = cmd(line);
	return err ?: count;
}

#define BXV_COMMAND(_name)						\
static ssize_t _name##_store(struct device *dev,			\
			     struct device_attribute *attr,		\
			     const char *buf, size_t count)		\
{									\
	return bxv_command(bxv_cmd_##_name, buf, count);		\
}									\
static DEVICE_ATTR_WO(_name)

BXV_COMMAND(create);
BXV_COMMAND(destroy);
BXV_COMMAND(unplug);

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

/* The attributes go first: whoever is in one of them has the lock. */
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
