// SPDX-License-Identifier: GPL-2.0-only
/*
 * bxvirtio: the work of a device, which fills requests for random numbers and
 * moves packets to the peer
 *
 * bxvirtio_main.c describes the locking.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/string.h>
#include <net/checksum.h>
#include "bxvirtio.h"

#define BXV_BUDGET	64	/* chains until others get their turn */
#define BXV_RNG_MAX	4096	/* bytes for one request */

/* A frame for a peer without buffers is dropped after this time. */
#define BXV_PATIENCE	(HZ / 10)

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

bool bxv_rng_work(struct bxv_dev *dev)
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

bool bxv_net_work(struct bxv_dev *dev)
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

void bxv_work(struct work_struct *work)
{
	struct bxv_dev *dev = container_of(to_delayed_work(work),
					   struct bxv_dev, work);

	if (dev->kind->work(dev))
		bxv_run(dev, 0);
}
