// SPDX-License-Identifier: GPL-2.0-only
/*
 * bxpair: a driver of composite devices of type "pair", which have the parts "left" and
 * "right" and, optionally, "extra"
 *
 * Parameters:
 *
 *	probes, removes	number of calls that succeeded
 *	parts		the parts of the last probe, as in "left=bxany/any0 right=bx-sf/d0"
 *	bound		number of parts that had a driver of their own in the last remove()
 *	early		number of parts that were not there any more in remove(): must be 0
 *	error		errno of the next probes, for them to fail
 *	invalid		number of invalid drivers whose registration was refused at load: 5
 */
#include <linux/bx_composite.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

static int probes, removes, bound, early, error, invalid;
static char text[3 * (BX_NAME_LEN + BX_NAME_LEN + BX_DEV_NAME_LEN)];
static char *parts = text;
module_param(probes, int, 0444);
module_param(removes, int, 0444);
module_param(parts, charp, 0444);
module_param(bound, int, 0444);
module_param(early, int, 0444);
module_param(error, int, 0644);
module_param(invalid, int, 0444);

static const struct bx_composite_need bxpair_needs[] = {
	{ .name = "left" },
	{ .name = "right" },
	{ .name = "extra", .optional = true },
	{ }
};

static int bxpair_probe(struct bx_device *bdev, const struct bx_device_id *id)
{
	struct device *part;
	int len = 0;

	if (error)
		return error;
	for (u32 i = 0; bxpair_needs[i].name; i++) {
		part = bx_composite_part(bdev, bxpair_needs[i].name);
		if (part)
			len += scnprintf(text + len, sizeof(text) - len, "%s%s=%s/%s",
					 len ? " " : "", bxpair_needs[i].name,
					 part->bus->name, dev_name(part));
	}
	WARN_ON(bx_composite_part(bdev, "unknown"));
	probes++;
	return 0;
}

static void bxpair_remove(struct bx_device *bdev)
{
	struct device *part;

	bound = 0;
	for (u32 i = 0; bxpair_needs[i].name; i++) {
		part = bx_composite_part(bdev, bxpair_needs[i].name);
		if (part ? !device_is_registered(part) : !bxpair_needs[i].optional)
			early++;
		bound += part && device_is_bound(part);
	}
	removes++;
}

static struct bx_composite_driver bxpair_driver = {
	.drv	= {
		.name	= "bxpair",
		.probe	= bxpair_probe,
		.remove	= bxpair_remove,
	},
	.type	= "pair",
	.needs	= bxpair_needs,
};

/* ---- drivers that must be refused ---- */

static const struct bx_composite_need bxpair_none[] = { { } };
static const struct bx_composite_need bxpair_twice[] = { { "a" }, { "b" }, { "a" }, { } };
static const struct bx_composite_need bxpair_slash[] = { { "a/b" }, { } };
static const struct bx_composite_need bxpair_many[] = {
	{ "0" }, { "1" }, { "2" }, { "3" }, { "4" }, { "5" }, { "6" }, { "7" }, { "8" },
	{ "9" }, { "10" }, { "11" }, { "12" }, { "13" }, { "14" }, { "15" }, { "16" }, { }
};

static const struct {
	const char			*type;
	const struct bx_composite_need	*needs;
} bxpair_invalid[] = {
	{ "pair", bxpair_none },
	{ "pair", bxpair_twice },
	{ "pair", bxpair_slash },
	{ "pair", bxpair_many },
	{ "pair.0", bxpair_needs },
};

static void __init bxpair_try_invalid(void)
{
	struct bx_composite_driver drv = { .drv = { .name = "invalid", .probe = bxpair_probe } };

	for (u32 i = 0; i < ARRAY_SIZE(bxpair_invalid); i++) {
		drv.type = bxpair_invalid[i].type;
		drv.needs = bxpair_invalid[i].needs;
		if (bx_composite_driver_register(&drv) == -EINVAL)
			invalid++;
	}
}

static int __init bxpair_init(void)
{
	bxpair_try_invalid();
	return bx_composite_driver_register(&bxpair_driver);
}
module_init(bxpair_init);

static void __exit bxpair_exit(void)
{
	bx_composite_driver_unregister(&bxpair_driver);
}
module_exit(bxpair_exit);

MODULE_BX_COMPOSITE("pair");
MODULE_DESCRIPTION("bus_ext: a driver of composite devices, for tests");
MODULE_AUTHOR("bus_ext maintainers");
MODULE_LICENSE("GPL");
