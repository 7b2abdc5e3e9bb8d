/* SPDX-License-Identifier: GPL-2.0-only */
/* A driver of the devices of bxaux, MODULE.widget: the whole module */
#include <linux/auxiliary_bus.h>
#include <linux/module.h>

static int bxaux_probe(struct auxiliary_device *aux,
		       const struct auxiliary_device_id *id)
{
	return 0;
}

static const struct auxiliary_device_id bxaux_ids[] = {
	{ .name = "bxaux.widget" },
	{ }
};
MODULE_DEVICE_TABLE(auxiliary, bxaux_ids);

static struct auxiliary_driver bxaux_driver = {
	.name		= "widget",
	.probe		= bxaux_probe,
	.id_table	= bxaux_ids,
};
module_auxiliary_driver(bxaux_driver);

MODULE_DESCRIPTION("bus_ext: a driver of auxiliary devices, for tests");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
