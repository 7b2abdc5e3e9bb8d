// SPDX-License-Identifier: GPL-2.0-only
/*
 * bx_edu: a parent for qemu's edu device
 *
 * The PCI driver of the device (docs/specs/edu in qemu; -device edu).  It
 * splits the device into three sub-functions on the bus bx-sf, one for each
 * engine: NAME-fact, NAME-dma and NAME-irq, where NAME is "edu-" and the PCI
 * address.  The commands are in <linux/bx_edu.h>, the drivers that use them in
 * bx_edu_sf.c.
 *
 * A sub-function's GUID consists of its kind and the PCI address, so it is the
 * same after a reload or a reboot.
 *
 * Further ones are created on request, of the types fact and dma: they share the engine.
 *
 * Locking: bx_edu.lock serialises requests.  The interrupt handler shares only
 * the atomic members with them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/bx_edu.h>
#include <linux/bx_parent.h>
#include <linux/bx_sf.h>
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/stringify.h>
#include <linux/uuid.h>

/* Registers; below 0x80 only accesses of 4 bytes are defined */
#define EDU_BAR			0
#define EDU_ID			0x00	/* 0xRRrr00ed */
#define EDU_ID_MASK		GENMASK(15, 0)
#define EDU_ID_VALUE		0x00ed
#define EDU_LIVE		0x04	/* reads as the inverse of the last write */
#define EDU_FACTORIAL		0x08
#define EDU_STATUS		0x20
#define EDU_STATUS_COMPUTING	BIT(0)
#define EDU_IRQ_STATUS		0x24
#define EDU_IRQ_RAISE		0x60
#define EDU_IRQ_ACK		0x64
#define EDU_DMA_SRC		0x80
#define EDU_DMA_DST		0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_CMD		0x98
#define EDU_DMA_START		BIT(0)
#define EDU_DMA_TO_RAM		BIT(1)

/*
 * The device's own buffer, in its address space.  The last of its 4096 bytes
 * must not be accessed: qemu before 9.0 treats it as out of bounds and aborts.
 */
#define EDU_DMA_BUFFER		0x40000
#define EDU_DMA_CHUNK		(BX_EDU_DMA_MAX / 2)
#define EDU_DMA_BITS		28

/* The device answers within 100 ms, but an emulated machine may be slow. */
#define EDU_TIMEOUT_US		(2 * USEC_PER_SEC)
#define EDU_POLL_US		1000

#define EDU_KINDS		3
#define EDU_CAPACITY		8	/* sub-functions on request */

struct bx_edu;

/**
 * struct bx_edu_sf - a sub-function, the hw_data of its device
 * @edu: the PCI device
 * @bdev: the device on bx-sf, NULL unless added
 * @limit: the largest number whose factorial it computes
 */
struct bx_edu_sf {
	struct bx_edu		*edu;
	struct bx_device	*bdev;
	u32			limit;
};

/**
 * struct bx_edu - the PCI device
 * @pdev: the PCI device
 * @mmio: its registers
 * @lock: serialises requests; protects the registers and @bounce
 * @bounce: two halves of EDU_DMA_CHUNK bytes, sent from and received into
 * @bounce_dma: bus address of @bounce
 * @irq_seen: set by the interrupt handler: status bits since the last request
 * @irq_count: interrupts since the last reset
 * @irq_done: completed by the interrupt handler
 * @sf: the sub-functions
 * @parent: creates others on request
 */
struct bx_edu {
	struct pci_dev		*pdev;
	void __iomem		*mmio;
	struct mutex		lock;	/* serialises requests */
	u8			*bounce;
	dma_addr_t		bounce_dma;
	atomic_t		irq_seen;
	atomic_t		irq_count;
	struct completion	irq_done;
	struct bx_edu_sf	sf[EDU_KINDS];
	struct bx_parent	parent;
};

static struct bx_edu *bx_edu_of(struct bx_device *bdev)
{
	struct bx_edu_sf *sf = bdev->hw_data;

	return sf->edu;
}

/* Registers */

/* Waits until @bit of a register is clear; -ENODEV at once if the hardware is gone. */
static int bx_edu_wait(struct bx_edu *edu, unsigned int reg, u32 bit)
{
	u32 val;
	int ret;

	lockdep_assert_held(&edu->lock);
	ret = readl_poll_timeout(edu->mmio + reg, val,
				 PCI_POSSIBLE_ERROR(val) || !(val & bit),
				 EDU_POLL_US, EDU_TIMEOUT_US);
	return PCI_POSSIBLE_ERROR(val) ? -ENODEV : ret;
}

static int bx_edu_check_live(struct bx_edu *edu)
{
	static const u32 pattern = 0x5a5aa5a5;

	lockdep_assert_held(&edu->lock);
	writel(pattern, edu->mmio + EDU_LIVE);
	return readl(edu->mmio + EDU_LIVE) == (u32)~pattern ? 0 : -EIO;
}

static irqreturn_t bx_edu_irq(int irq, void *data)
{
	struct bx_edu *edu = data;
	u32 status = readl(edu->mmio + EDU_IRQ_STATUS);

	/*
	 * of another device on a shared line, also after this one is gone, or
	 * acknowledged before this interrupt was delivered
	 */
	if (!status || PCI_POSSIBLE_ERROR(status))
		return IRQ_NONE;
	writel(status, edu->mmio + EDU_IRQ_ACK);
	atomic_inc(&edu->irq_count);
	atomic_or(status, &edu->irq_seen);
	complete(&edu->irq_done);
	return IRQ_HANDLED;
}

/* Factorial */

static int bx_edu_factorial(struct bx_edu *edu, struct bx_edu_factorial *arg)
{
	int ret;

	guard(mutex)(&edu->lock);
	ret = bx_edu_wait(edu, EDU_STATUS, EDU_STATUS_COMPUTING);
	if (ret)
		return ret;
	writel(arg->value, edu->mmio + EDU_FACTORIAL);
	ret = bx_edu_wait(edu, EDU_STATUS, EDU_STATUS_COMPUTING);
	if (!ret)
		arg->value = readl(edu->mmio + EDU_FACTORIAL);
	return ret;
}

static int bx_edu_fact_exec(struct bx_device *bdev, void *arg, u32 len)
{
	struct bx_sf_exec_arg *req = arg;
	struct bx_edu_factorial *fact = (void *)req->data;
	struct bx_edu_sf *sf = bdev->hw_data;

	if (req->cmd != BX_EDU_FACTORIAL)
		return -EOPNOTSUPP;
	if (len != struct_size(req, data, sizeof(*fact)))
		return -EINVAL;
	if (fact->value > READ_ONCE(sf->limit))
		return -ERANGE;
	return bx_edu_factorial(sf->edu, fact);
}

static int bx_edu_fact_reset(struct bx_device *bdev, void *unused, u32 len)
{
	struct bx_edu *edu = bx_edu_of(bdev);
	int ret;

	guard(mutex)(&edu->lock);
	ret = bx_edu_wait(edu, EDU_STATUS, EDU_STATUS_COMPUTING);
	return ret ?: bx_edu_check_live(edu);
}

/* DMA */

static int bx_edu_dma(struct bx_edu *edu, u32 src, u32 dst, u32 len, u32 flags)
{
	writel(src, edu->mmio + EDU_DMA_SRC);
	writel(dst, edu->mmio + EDU_DMA_DST);
	writel(len, edu->mmio + EDU_DMA_COUNT);
	writel(EDU_DMA_START | flags, edu->mmio + EDU_DMA_CMD);
	return bx_edu_wait(edu, EDU_DMA_CMD, EDU_DMA_START);
}

/* Copies to the device and back, at most EDU_DMA_CHUNK bytes. */
static int bx_edu_dma_bounce(struct bx_edu *edu, void *data, size_t len)
{
	u8 *back = edu->bounce + EDU_DMA_CHUNK;
	int ret;

	memcpy(edu->bounce, data, len);
	memset(back, 0, len);
	ret = bx_edu_dma(edu, edu->bounce_dma, EDU_DMA_BUFFER, len, 0);
	if (ret)
		return ret;
	ret = bx_edu_dma(edu, EDU_DMA_BUFFER, edu->bounce_dma + EDU_DMA_CHUNK,
			 len, EDU_DMA_TO_RAM);
	if (!ret)
		memcpy(data, back, len);
	return ret;
}

static int bx_edu_dma_copy(struct bx_edu *edu, void *data, size_t len)
{
	size_t done, chunk;
	int ret;

	guard(mutex)(&edu->lock);
	/* a copy that timed out before may still be running */
	ret = bx_edu_wait(edu, EDU_DMA_CMD, EDU_DMA_START);
	for (done = 0; !ret && done < len; done += chunk) {
		chunk = min_t(size_t, len - done, EDU_DMA_CHUNK);
		ret = bx_edu_dma_bounce(edu, data + done, chunk);
	}
	return ret;
}

static int bx_edu_dma_exec(struct bx_device *bdev, void *arg, u32 len)
{
	struct bx_sf_exec_arg *req = arg;

	if (req->cmd != BX_EDU_DMA_COPY)
		return -EOPNOTSUPP;
	len -= sizeof(*req);
	if (!len || len > BX_EDU_DMA_MAX)
		return -EINVAL;
	return bx_edu_dma_copy(bx_edu_of(bdev), req->data, len);
}

static int bx_edu_dma_reset(struct bx_device *bdev, void *unused, u32 len)
{
	struct bx_edu *edu = bx_edu_of(bdev);
	int ret;

	guard(mutex)(&edu->lock);
	ret = bx_edu_wait(edu, EDU_DMA_CMD, EDU_DMA_START);
	if (ret)
		return ret;
	memset(edu->bounce, 0, 2 * EDU_DMA_CHUNK);
	/* the next user must not find the data of the last one */
	return bx_edu_dma(edu, edu->bounce_dma, EDU_DMA_BUFFER, EDU_DMA_CHUNK,
			  0);
}

/* Interrupts */

static void bx_edu_irq_quiesce(struct bx_edu *edu)
{
	writel(readl(edu->mmio + EDU_IRQ_STATUS), edu->mmio + EDU_IRQ_ACK);
}

static int bx_edu_irq_raise(struct bx_edu *edu, struct bx_edu_irq *arg)
{
	if (!arg->value)
		return -EINVAL;

	guard(mutex)(&edu->lock);
	atomic_set(&edu->irq_seen, 0);
	reinit_completion(&edu->irq_done);
	writel(arg->value, edu->mmio + EDU_IRQ_RAISE);
	if (!wait_for_completion_timeout(&edu->irq_done,
					 usecs_to_jiffies(EDU_TIMEOUT_US))) {
		/* a late interrupt must not count for the next request */
		bx_edu_irq_quiesce(edu);
		synchronize_irq(pci_irq_vector(edu->pdev, 0));
		return -ETIMEDOUT;
	}
	arg->count = atomic_read(&edu->irq_count);
	return (atomic_read(&edu->irq_seen) & arg->value) == arg->value ?
	       0 : -EIO;
}

static int bx_edu_irq_exec(struct bx_device *bdev, void *arg, u32 len)
{
	struct bx_edu *edu = bx_edu_of(bdev);
	struct bx_sf_exec_arg *req = arg;
	struct bx_edu_irq *irq = (void *)req->data;

	if (req->cmd != BX_EDU_IRQ_RAISE && req->cmd != BX_EDU_IRQ_COUNT)
		return -EOPNOTSUPP;
	if (len != struct_size(req, data, sizeof(*irq)))
		return -EINVAL;
	if (req->cmd == BX_EDU_IRQ_RAISE)
		return bx_edu_irq_raise(edu, irq);
	irq->count = atomic_read(&edu->irq_count);
	return 0;
}

static int bx_edu_irq_reset(struct bx_device *bdev, void *unused, u32 len)
{
	struct bx_edu *edu = bx_edu_of(bdev);

	guard(mutex)(&edu->lock);
	bx_edu_irq_quiesce(edu);
	synchronize_irq(pci_irq_vector(edu->pdev, 0));
	atomic_set(&edu->irq_count, 0);
	return 0;
}

/* The sub-functions */

#define BX_EDU_PROVIDER(_kind) {					\
	.version	= BX_SF_VERSION,				\
	.ops		= (const bx_op_fn[]) {				\
		[BX_SF_EXEC]	= bx_edu_##_kind##_exec,		\
		[BX_SF_RESET]	= bx_edu_##_kind##_reset,		\
	},								\
	.nr_ops		= BX_SF_NR_OPS,					\
}

static const struct bx_edu_type {
	enum bx_edu_kind	kind;
	const char		*suffix;
	struct bx_provider	provider;
} bx_edu_types[EDU_KINDS] = {
	{ BX_EDU_KIND_FACT, "fact", BX_EDU_PROVIDER(fact) },
	{ BX_EDU_KIND_DMA, "dma", BX_EDU_PROVIDER(dma) },
	{ BX_EDU_KIND_IRQ, "irq", BX_EDU_PROVIDER(irq) },
};

/*
 * A UUID of version 8, whose other bits are free: vendor and device, then the
 * kind, and in the last six bytes domain (4), bus and devfn.
 */
static guid_t bx_edu_guid(struct pci_dev *pdev, enum bx_edu_kind kind)
{
	u32 domain = pci_domain_nr(pdev->bus);

	return GUID_INIT((BX_EDU_VENDOR << 16) | BX_EDU_DEVICE, kind, 0x8000,
			 0x80, 0, domain >> 24, domain >> 16 & 0xff,
			 domain >> 8 & 0xff, domain & 0xff,
			 pdev->bus->number, pdev->devfn);
}

static int bx_edu_add_sf(struct bx_edu_sf *sf, const struct bx_edu_type *type)
{
	struct pci_dev *pdev = sf->edu->pdev;
	guid_t guid = bx_edu_guid(pdev, type->kind);
	struct bx_id id = {
		.vendor		= BX_EDU_VENDOR,
		.device		= BX_EDU_DEVICE,
		.subvendor	= pdev->subsystem_vendor,
		.subdevice	= type->kind,
		.revision	= pdev->revision,
	};
	char name[BX_DEV_NAME_LEN];
	struct bx_device *bdev;
	int ret;

	snprintf(name, sizeof(name), "edu-%s-%s", pci_name(pdev),
		 type->suffix);
	bdev = bx_device_alloc(&bx_sf_bus, &pdev->dev, &id, &guid,
			       &type->provider, sf);
	if (IS_ERR(bdev))
		return PTR_ERR(bdev);
	ret = bx_device_add(bdev, name);
	if (ret)
		put_device(&bdev->dev);
	else
		sf->bdev = bdev;
	return ret;
}

/* Removes the added sub-functions, in reverse order. */
static void bx_edu_remove_sfs(struct bx_edu *edu)
{
	int i;

	for (i = EDU_KINDS - 1; i >= 0; i--)
		if (edu->sf[i].bdev)
			bx_device_remove(edu->sf[i].bdev);
}

/* Calls of the drivers' remove() must not wait for hardware that is gone. */
static void bx_edu_unplug_sfs(struct bx_edu *edu)
{
	for (int i = 0; i < EDU_KINDS; i++)
		if (edu->sf[i].bdev)
			bx_device_unplug(edu->sf[i].bdev);
}

static int bx_edu_add_sfs(struct bx_edu *edu)
{
	int i, ret;

	for (i = 0; i < EDU_KINDS; i++) {
		edu->sf[i].edu = edu;
		edu->sf[i].limit = BX_EDU_FACTORIAL_MAX;
		ret = bx_edu_add_sf(&edu->sf[i], &bx_edu_types[i]);
		if (ret) {
			bx_edu_remove_sfs(edu);
			return dev_err_probe(&edu->pdev->dev, ret,
					     "cannot add sub-function %s\n",
					     bx_edu_types[i].suffix);
		}
	}
	return 0;
}

/* Sub-functions on request */

static int bx_edu_inst_set(struct bx_instance *inst, u32 setting, const char *value)
{
	struct bx_edu_sf *sf = inst->hw_data;
	u32 limit;
	int ret = kstrtou32(value, 10, &limit);

	if (!ret)
		WRITE_ONCE(sf->limit, limit);
	return ret;
}

static int bx_edu_inst_create(struct bx_instance *inst)
{
	struct bx_edu *edu = container_of(inst->parent, struct bx_edu, parent);
	struct bx_edu_sf *sf = kzalloc(sizeof(*sf), GFP_KERNEL);
	int ret = 0;

	if (!sf)
		return -ENOMEM;
	sf->edu = edu;
	inst->hw_data = sf;
	inst->provider = &bx_edu_types[inst->type->id.subdevice - 1].provider;
	if (inst->type->nr_settings)
		ret = bx_edu_inst_set(inst, 0, inst->values[0].text);
	if (ret)
		kfree(sf);
	return ret;
}

static void bx_edu_inst_destroy(struct bx_instance *inst)
{
	kfree(inst->hw_data);
}

static const struct bx_parent_ops bx_edu_parent_ops = {
	.create		= bx_edu_inst_create,
	.destroy	= bx_edu_inst_destroy,
	.set		= bx_edu_inst_set,
};

static const struct bx_setting bx_edu_settings[] = {
	{ .name = "limit", .kind = BX_SETTING_NUMBER, .max = BX_EDU_FACTORIAL_MAX,
	  .initial = __stringify(BX_EDU_FACTORIAL_MAX), .live = true },
};

#define BX_EDU_TYPE(_name, _kind, _description, ...) {			\
	.name = _name, .description = _description,			\
	.bus = &bx_sf_bus, .units = 1,					\
	.id = { .vendor = BX_EDU_VENDOR, .device = BX_EDU_DEVICE,	\
		.subdevice = _kind },					\
	__VA_ARGS__							\
}

static const struct bx_type bx_edu_requests[] = {
	BX_EDU_TYPE("fact", BX_EDU_KIND_FACT, "computes factorials",
		    .settings = bx_edu_settings, .nr_settings = 1),
	BX_EDU_TYPE("dma", BX_EDU_KIND_DMA, "moves memory"),
};

static int bx_edu_add_parent(struct bx_edu *edu)
{
	int ret;

	edu->parent = (struct bx_parent) {
		.dev		= &edu->pdev->dev,
		.ops		= &bx_edu_parent_ops,
		.types		= bx_edu_requests,
		.nr_types	= ARRAY_SIZE(bx_edu_requests),
		.capacity	= EDU_CAPACITY,
	};
	ret = bx_parent_register(&edu->parent);
	return ret ? dev_err_probe(&edu->pdev->dev, ret, "cannot register as a parent\n") : 0;
}

/* The PCI device */

static int bx_edu_init_mmio(struct bx_edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	u32 id;
	int ret;

	ret = pcim_enable_device(edu->pdev);
	if (ret)
		return dev_err_probe(dev, ret, "cannot enable\n");
	ret = pcim_iomap_regions(edu->pdev, BIT(EDU_BAR), KBUILD_MODNAME);
	if (ret)
		return dev_err_probe(dev, ret, "cannot map BAR %d\n", EDU_BAR);
	edu->mmio = pcim_iomap_table(edu->pdev)[EDU_BAR];
	id = readl(edu->mmio + EDU_ID);
	if ((id & EDU_ID_MASK) != EDU_ID_VALUE)
		return dev_err_probe(dev, -ENODEV, "not an edu: id %#010x\n",
				     id);
	return 0;
}

static int bx_edu_init_dma(struct bx_edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	int ret;

	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(EDU_DMA_BITS));
	if (ret)
		return dev_err_probe(dev, ret, "no DMA of %d bits\n",
				     EDU_DMA_BITS);
	edu->bounce = dmam_alloc_coherent(dev, 2 * EDU_DMA_CHUNK,
					  &edu->bounce_dma, GFP_KERNEL);
	return edu->bounce ? 0 : -ENOMEM;
}

static int bx_edu_init_irq(struct bx_edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	int ret;

	/* freed by pcim_enable_device()'s release */
	ret = pci_alloc_irq_vectors(edu->pdev, 1, 1, PCI_IRQ_MSI | PCI_IRQ_INTX);
	if (ret < 0)
		return dev_err_probe(dev, ret, "no interrupt\n");
	bx_edu_irq_quiesce(edu);
	ret = devm_request_irq(dev, pci_irq_vector(edu->pdev, 0), bx_edu_irq,
			       IRQF_SHARED, KBUILD_MODNAME, edu);
	if (ret)
		return dev_err_probe(dev, ret, "cannot request interrupt\n");
	return 0;
}

static int bx_edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct bx_edu *edu;
	int ret;

	edu = devm_kzalloc(&pdev->dev, sizeof(*edu), GFP_KERNEL);
	if (!edu)
		return -ENOMEM;
	edu->pdev = pdev;
	mutex_init(&edu->lock);
	init_completion(&edu->irq_done);
	pci_set_drvdata(pdev, edu);

	ret = bx_edu_init_mmio(edu);
	if (!ret)
		ret = bx_edu_init_dma(edu);
	if (!ret)
		ret = bx_edu_init_irq(edu);
	if (ret)
		return ret;
	pci_set_master(pdev);
	ret = bx_edu_add_sfs(edu);
	if (ret)
		goto err_master;
	ret = bx_edu_add_parent(edu);
	if (ret)
		goto err_sfs;
	return 0;

err_sfs:
	bx_edu_remove_sfs(edu);
err_master:
	pci_clear_master(pdev);
	return ret;
}

static void bx_edu_remove(struct pci_dev *pdev)
{
	struct bx_edu *edu = pci_get_drvdata(pdev);

	if (!pci_device_is_present(pdev)) {
		bx_parent_unplug(&edu->parent);
		bx_edu_unplug_sfs(edu);
	}
	/* first the sub-functions, because their drivers use the PCI device */
	bx_parent_unregister(&edu->parent);
	bx_edu_remove_sfs(edu);
	pci_clear_master(pdev);
}

static const struct pci_device_id bx_edu_ids[] = {
	{ PCI_DEVICE(BX_EDU_VENDOR, BX_EDU_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, bx_edu_ids);

static struct pci_driver bx_edu_driver = {
	.name		= KBUILD_MODNAME,
	.id_table	= bx_edu_ids,
	.probe		= bx_edu_probe,
	.remove		= bx_edu_remove,
};
module_pci_driver(bx_edu_driver);

MODULE_DESCRIPTION("bus_ext: parent for qemu's edu device");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
