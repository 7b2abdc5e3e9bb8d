// SPDX-License-Identifier: GPL-2.0-only
/*
 * bx-sf: the bus of managed multi-function hardware
 *
 * Here is the bus alone.  The contract that its devices offer is in
 * <linux/bx_sf.h>, parents are in kernel/parents and kernel/sim, and which
 * driver gets a sub-function is the election's business (kernel/match.c).
 */
#include <linux/bx_sf.h>
#include <linux/module.h>

static const struct bx_contract bx_sf_contract = {
	.name		= "sf",
	.version	= BX_SF_VERSION,
};

/* For bx_device_alloc(); a driver uses bx_sf_driver_register() instead. */
struct bx_bus bx_sf_bus = {
	.name		= "bx-sf",
	.contract	= &bx_sf_contract,
};
EXPORT_SYMBOL_GPL(bx_sf_bus);

static int __init bx_sf_init(void)
{
	return bx_bus_register(&bx_sf_bus);
}
module_init(bx_sf_init);

static void __exit bx_sf_exit(void)
{
	bx_bus_unregister(&bx_sf_bus);
}
module_exit(bx_sf_exit);

MODULE_DESCRIPTION("bus_ext: bus of managed multi-function devices");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
