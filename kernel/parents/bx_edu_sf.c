// SPDX-License-Identifier: GPL-2.0-only
/*
 * bx_edu_sf: drivers of the sub-functions of an edu device
 *
 * Three drivers, edu-fact, edu-dma and edu-irq, each with an attribute on the
 * device it is bound to.  They use the contract (<linux/bx_sf.h>) and the
 * vendor's commands (<linux/bx_edu.h>), but not PCI, which is the parent's
 * (bx_edu.c).
 *
 *   factorial	edu-fact: write a number up to 12, read its factorial
 *   dma_test	edu-dma: read to send a pattern through the device; "ok 4096"
 *   irqs	edu-irq: write status bits to raise an interrupt, read the
 *		number of interrupts
 */
#include <linux/bx_edu.h>
#include <linux/bx_sf.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

/*
 * A policy may give a driver any device of the bus, regardless of its id table.
 * -ENODEV passes the device to the next best driver.
 */
static bool edu_is(const struct bx_device *bdev, enum bx_edu_kind kind)
{
	return bdev->id.vendor == BX_EDU_VENDOR &&
	       bdev->id.device == BX_EDU_DEVICE && bdev->id.subdevice == kind;
}

/* edu-fact */

/**
 * struct edu_fact - data of a device bound to edu-fact
 * @result: result of the last computation, 0 before the first
 */
struct edu_fact {
	u32	result;
};

static ssize_t factorial_store(struct device *dev,
			       struct device_attribute *attr, const char *buf,
			       size_t count)
{
	struct edu_fact *fact = dev_get_drvdata(dev);
	struct bx_edu_factorial arg;
	int ret;

	ret = kstrtou32(buf, 0, &arg.value);
	if (ret)
		return ret;
	ret = bx_sf_exec(to_bx_device(dev), BX_EDU_FACTORIAL, &arg,
			 sizeof(arg));
	if (ret)
		return ret;
	WRITE_ONCE(fact->result, arg.value);
	return count;
}

static ssize_t factorial_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	struct edu_fact *fact = dev_get_drvdata(dev);
	u32 result = READ_ONCE(fact->result);

	return result ? sysfs_emit(buf, "%u\n", result) : -ENODATA;
}
static DEVICE_ATTR_RW(factorial);

static struct attribute *edu_fact_attrs[] = {
	&dev_attr_factorial.attr,
	NULL
};
ATTRIBUTE_GROUPS(edu_fact);

static int edu_fact_probe(struct bx_device *bdev, const struct bx_device_id *id)
{
	struct edu_fact *fact;

	if (!edu_is(bdev, BX_EDU_KIND_FACT))
		return -ENODEV;
	fact = devm_kzalloc(&bdev->dev, sizeof(*fact), GFP_KERNEL);
	if (!fact)
		return -ENOMEM;
	bx_set_drvdata(bdev, fact);
	return bx_sf_reset(bdev);
}

static const struct bx_device_id edu_fact_ids[] = {
	{ BX_DEVICE_SUB(BX_EDU_VENDOR, BX_EDU_DEVICE, BX_ANY,
			BX_EDU_KIND_FACT) },
	{ }
};

/* edu-dma */

static ssize_t dma_test_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	u8 *data __free(kfree) = kmalloc(BX_EDU_DMA_MAX, GFP_KERNEL);
	int i, ret;

	if (!data)
		return -ENOMEM;
	/* a pattern that differs from itself shifted by any power of two */
	for (i = 0; i < BX_EDU_DMA_MAX; i++)
		data[i] = i * 7 + (i >> 8);
	ret = bx_sf_exec(to_bx_device(dev), BX_EDU_DMA_COPY, data,
			 BX_EDU_DMA_MAX);
	if (ret)
		return ret;
	for (i = 0; i < BX_EDU_DMA_MAX; i++)
		if (data[i] != (u8)(i * 7 + (i >> 8)))
			return sysfs_emit(buf, "byte %d differs\n", i);
	return sysfs_emit(buf, "ok %d\n", BX_EDU_DMA_MAX);
}
static DEVICE_ATTR_ADMIN_RO(dma_test);

static struct attribute *edu_dma_attrs[] = {
	&dev_attr_dma_test.attr,
	NULL
};
ATTRIBUTE_GROUPS(edu_dma);

static int edu_dma_probe(struct bx_device *bdev, const struct bx_device_id *id)
{
	if (!edu_is(bdev, BX_EDU_KIND_DMA))
		return -ENODEV;
	return bx_sf_reset(bdev);
}

static const struct bx_device_id edu_dma_ids[] = {
	{ BX_DEVICE_SUB(BX_EDU_VENDOR, BX_EDU_DEVICE, BX_ANY,
			BX_EDU_KIND_DMA) },
	{ }
};

/* edu-irq */

static ssize_t irqs_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct bx_edu_irq arg = {};
	int ret;

	ret = kstrtou32(buf, 0, &arg.value);
	if (ret)
		return ret;
	ret = bx_sf_exec(to_bx_device(dev), BX_EDU_IRQ_RAISE, &arg,
			 sizeof(arg));
	return ret ?: count;
}

static ssize_t irqs_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct bx_edu_irq arg = {};
	int ret;

	ret = bx_sf_exec(to_bx_device(dev), BX_EDU_IRQ_COUNT, &arg,
			 sizeof(arg));
	return ret ?: sysfs_emit(buf, "%u\n", arg.count);
}
static DEVICE_ATTR_RW(irqs);

static struct attribute *edu_irq_attrs[] = {
	&dev_attr_irqs.attr,
	NULL
};
ATTRIBUTE_GROUPS(edu_irq);

static int edu_irq_probe(struct bx_device *bdev, const struct bx_device_id *id)
{
	if (!edu_is(bdev, BX_EDU_KIND_IRQ))
		return -ENODEV;
	return bx_sf_reset(bdev);
}

static const struct bx_device_id edu_irq_ids[] = {
	{ BX_DEVICE_SUB(BX_EDU_VENDOR, BX_EDU_DEVICE, BX_ANY,
			BX_EDU_KIND_IRQ) },
	{ }
};

/* The module */

/* No driver has a remove(): the driver core removes attributes and data. */
static struct bx_driver edu_sf_drivers[] = {
	{
		.name		= "edu-fact",
		.id_table	= edu_fact_ids,
		.probe		= edu_fact_probe,
		.driver		= { .dev_groups = edu_fact_groups },
	}, {
		.name		= "edu-dma",
		.id_table	= edu_dma_ids,
		.probe		= edu_dma_probe,
		.driver		= { .dev_groups = edu_dma_groups },
	}, {
		.name		= "edu-irq",
		.id_table	= edu_irq_ids,
		.probe		= edu_irq_probe,
		.driver		= { .dev_groups = edu_irq_groups },
	},
};

static void edu_sf_unregister(int n)
{
	while (n--)
		bx_sf_driver_unregister(&edu_sf_drivers[n]);
}

static int __init edu_sf_init(void)
{
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(edu_sf_drivers); i++) {
		ret = bx_sf_driver_register(&edu_sf_drivers[i]);
		if (ret) {
			edu_sf_unregister(i);
			return ret;
		}
	}
	return 0;
}
module_init(edu_sf_init);

static void __exit edu_sf_exit(void)
{
	edu_sf_unregister(ARRAY_SIZE(edu_sf_drivers));
}
module_exit(edu_sf_exit);

MODULE_BX_ALIAS("bx-sf", "00001234", "000011E8");
MODULE_BX_DRIVER_ALIAS("bx-sf", "edu-fact");
MODULE_BX_DRIVER_ALIAS("bx-sf", "edu-dma");
MODULE_BX_DRIVER_ALIAS("bx-sf", "edu-irq");
MODULE_DESCRIPTION("bus_ext: drivers of the sub-functions of an edu device");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
