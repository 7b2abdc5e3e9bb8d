// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ids of devices on own buses, id tables of drivers, MODALIAS
 */
#include "core.h"

static bool bx_id_last(const struct bx_device_id *row)
{
	static const struct bx_device_id last;

	return !memcmp(row, &last, sizeof(last));
}

static bool bx_field_match(u32 want, u32 have)
{
	return want == BX_ANY || want == have;
}

const struct bx_device_id *bx_id_match(const struct bx_device_id *row,
				       const struct bx_id *id)
{
	for (; row && !bx_id_last(row); row++) {
		if (bx_field_match(row->vendor, id->vendor) &&
		    bx_field_match(row->device, id->device) &&
		    bx_field_match(row->subvendor, id->subvendor) &&
		    bx_field_match(row->subdevice, id->subdevice) &&
		    !((row->class ^ id->class) & row->class_mask))
			return row;
	}
	return NULL;
}

/* Whether a driver claims a device by itself, without a policy */
bool bx_driver_claims(const struct bx_device *bdev, const struct bx_driver *drv)
{
	const struct bx_bus_ops *ops = bdev->bus->ops;

	return ops ? ops->claims(bdev, drv) : !!bx_id_match(drv->id_table, &bdev->id);
}

int bx_modalias(const struct bx_device *bdev, char *buf, size_t len)
{
	const struct bx_id *id = &bdev->id;

	if (bdev->bus->ops)
		return bdev->bus->ops->modalias(bdev, buf, len);
	return scnprintf(buf, len,
			 "bus_ext:%s:v%08Xd%08Xsv%08Xsd%08Xc%08Xr%08X",
			 bdev->bus->name, id->vendor, id->device,
			 id->subvendor, id->subdevice, id->class, id->revision);
}
