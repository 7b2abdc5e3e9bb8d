// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contracts: checks of buses, providers and drivers, and negotiation
 *
 * Registration fails with a message for a bus with an invalid contract, a
 * provider without a required operation and a driver that needs more than the
 * contract has.  Before probe(), a driver and a device negotiate version,
 * features and operations, as in virtio.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "core.h"

/* In descriptions, 0 means version 1. */
static u32 bx_version(u32 version)
{
	return version ?: 1;
}

bool bx_provides(const struct bx_provider *provider, u32 op)
{
	return op < provider->nr_ops && provider->ops && provider->ops[op];
}

/**
 * bx_has_op() - check whether a device has an operation
 * @bdev: an added device
 * @op: number of the operation in the contract
 *
 * Context: any.
 * Return: true if the provider implements it or a policy in scope may handle it
 * at the moment.
 */
bool bx_has_op(struct bx_device *bdev, u32 op)
{
	if (op >= bdev->bus->contract->nr_ops)
		return false;
	return bx_provides(bdev->provider, op) ||
	       READ_ONCE(bdev->covered[op / 64]) & BIT_ULL(op % 64);
}
EXPORT_SYMBOL_GPL(bx_has_op);

/* ---- the contract itself ---- */

static int bx_op_check(const struct bx_bus *bus, u32 i)
{
	const struct bx_contract *c = bus->contract;
	const struct bx_op_desc *desc = &c->ops[i];

	if (!desc->name || !*desc->name || strlen(desc->name) >= BX_NAME_LEN) {
		pr_err("bus %s: operation %u: name missing or too long\n",
		       bus->name, i);
		return -EINVAL;
	}
	for (u32 k = 0; k < i; k++) {
		if (strcmp(c->ops[k].name, desc->name))
			continue;
		pr_err("bus %s: duplicate operation '%s'\n", bus->name,
		       desc->name);
		return -EINVAL;
	}
	if (bx_version(desc->since) > c->version) {
		pr_err("bus %s: operation '%s' is since version %u, contract has version %u\n",
		       bus->name, desc->name, desc->since, c->version);
		return -EINVAL;
	}
	if (desc->hidden > desc->size) {
		pr_err("bus %s: operation '%s' hides more bytes than its argument has\n",
		       bus->name, desc->name);
		return -EINVAL;
	}
	if (desc->pair != BX_UNPAIRED &&
	    (desc->pair > c->nr_ops || c->ops[desc->pair - 1].pair != i + 1)) {
		pr_err("bus %s: operation '%s' is not paired mutually\n",
		       bus->name, desc->name);
		return -EINVAL;
	}
	return 0;
}

/**
 * bx_contract_check() - check the contract of a bus
 * @bus: the bus
 *
 * Return: 0, or -EINVAL with a message in the log.
 */
int bx_contract_check(const struct bx_bus *bus)
{
	const struct bx_contract *c = bus->contract;
	int err = 0;

	if (!c || !c->name || !*c->name || strlen(c->name) >= BX_NAME_LEN ||
	    !c->version || c->nr_ops > BX_MAX_OPS || (c->nr_ops && !c->ops)) {
		pr_err("bus %s: contract must have a name, a version and operations\n",
		       bus->name);
		return -EINVAL;
	}
	for (u32 i = 0; i < c->nr_ops && !err; i++)
		err = bx_op_check(bus, i);
	return err;
}

/**
 * bx_contract_show() - print a contract as text, for people and programs
 * @contract: the contract
 * @buf: buffer of PAGE_SIZE bytes
 *
 * Prints a line for the contract, then one for each operation: number, name,
 * version, visible bytes of the argument ("+" for variable length), hidden
 * bytes, then words: "required" or "optional", "atomic" or "sleeps", "with" and
 * the name of the paired operation, and the C type of the argument.
 *
 * Return: number of bytes printed.
 */
ssize_t bx_contract_show(const struct bx_contract *contract, char *buf)
{
	ssize_t len = sysfs_emit(buf, "%s version %u features 0x%llx\n",
				 contract->name, contract->version,
				 contract->features);

	for (u32 i = 0; i < contract->nr_ops; i++) {
		const struct bx_op_desc *desc = &contract->ops[i];

		len += sysfs_emit_at(buf, len, "%u %s %u %u%s %u %s %s%s%s%s%s\n",
				     i, desc->name, bx_version(desc->since),
				     desc->size - desc->hidden,
				     desc->flags & BX_OPF_VARLEN ? "+" : "",
				     desc->hidden,
				     desc->flags & BX_OPF_REQUIRED ?
				     "required" : "optional",
				     desc->flags & BX_OPF_ATOMIC ?
				     "atomic" : "sleeps",
				     desc->pair ? " with " : "",
				     desc->pair ?
				     contract->ops[desc->pair - 1].name : "",
				     desc->type ? " " : "",
				     desc->type ?: "");
	}
	return len;
}

/* ---- providers ---- */

static int bx_provider_check_op(const struct bx_device *bdev, u32 i)
{
	const struct bx_contract *c = bdev->bus->contract;
	const struct bx_provider *p = bdev->provider;
	const struct bx_op_desc *desc = &c->ops[i];

	if (bx_provides(p, i)) {
		if (bx_version(desc->since) > p->version) {
			dev_err(&bdev->dev, "provider has '%s', which is since version %u of contract %s, but implements version %u\n",
				desc->name, desc->since, c->name, p->version);
			return -EINVAL;
		}
		if (desc->pair && !bx_provides(p, desc->pair - 1) &&
		    !p->by_policy) {
			dev_err(&bdev->dev, "provider has '%s' but lacks '%s': contract %s pairs them\n",
				desc->name, c->ops[desc->pair - 1].name,
				c->name);
			return -EINVAL;
		}
		return 0;
	}
	if (desc->flags & BX_OPF_REQUIRED && !p->by_policy &&
	    bx_version(desc->since) <= p->version) {
		dev_err(&bdev->dev, "provider lacks '%s', which version %u of contract %s requires\n",
			desc->name, p->version, c->name);
		return -EINVAL;
	}
	return 0;
}

/**
 * bx_provider_check() - check the provider of a device against the contract
 * @bdev: the device
 *
 * Return: 0, or with a message in the log: -EPROTONOSUPPORT for a newer
 * version, -EINVAL for anything else.
 */
int bx_provider_check(const struct bx_device *bdev)
{
	const struct bx_contract *c = bdev->bus->contract;
	const struct bx_provider *p = bdev->provider;
	int err = 0;

	if (!p || !p->version || p->version > c->version) {
		dev_err(&bdev->dev, "provider implements version %u of contract %s; expected 1 to %u\n",
			p ? p->version : 0, c->name, c->version);
		return p && p->version ? -EPROTONOSUPPORT : -EINVAL;
	}
	if (p->nr_ops > c->nr_ops || p->features & ~c->features) {
		dev_err(&bdev->dev, "provider has operations or features (0x%llx) that contract %s does not have\n",
			p->features & ~c->features, c->name);
		return -EINVAL;
	}
	for (u32 i = 0; i < c->nr_ops && !err; i++)
		err = bx_provider_check_op(bdev, i);
	return err;
}

/* ---- drivers ---- */

/**
 * bx_driver_check() - check the needs of a driver against the contract
 * @bus: the bus
 * @drv: the driver
 *
 * Return: 0, or with a message in the log: -EPROTONOSUPPORT for a newer
 * version, -EINVAL for a @min_version above the driver's own version,
 * -EOPNOTSUPP for an unknown feature or operation.
 */
int bx_driver_check(const struct bx_bus *bus, const struct bx_driver *drv)
{
	const struct bx_contract *c = bus->contract;

	if (bx_version(drv->min_version) > c->version) {
		pr_err("driver %s needs version %u of contract %s; this kernel has %u\n",
		       drv->name, drv->min_version, c->name, c->version);
		return -EPROTONOSUPPORT;
	}
	if (bx_version(drv->min_version) > bx_version(drv->version)) {
		pr_err("driver %s needs version %u of contract %s but supports only %u\n",
		       drv->name, drv->min_version, c->name,
		       bx_version(drv->version));
		return -EINVAL;
	}
	if (drv->needs_features & ~(c->features & drv->features)) {
		pr_err("driver %s needs features 0x%llx, which contract %s or the driver does not have\n",
		       drv->name,
		       drv->needs_features & ~(c->features & drv->features),
		       c->name);
		return -EOPNOTSUPP;
	}
	for (u32 op = c->nr_ops; op < BX_MAX_OPS; op++) {
		if (!(drv->needs[op / 64] & BIT_ULL(op % 64)))
			continue;
		pr_err("driver %s needs operation %u; contract %s has %u operations\n",
		       drv->name, op, c->name, c->nr_ops);
		return -EOPNOTSUPP;
	}
	return 0;
}

/*
 * Checks that the provider or a policy has each operation that the driver
 * relies on.
 */
static int bx_negotiate_ops(struct bx_device *bdev, const struct bx_driver *drv,
			    u32 version)
{
	const struct bx_contract *c = bdev->bus->contract;

	for (u32 op = 0; op < c->nr_ops; op++) {
		bool required = c->ops[op].flags & BX_OPF_REQUIRED &&
				bx_version(c->ops[op].since) <= version;
		bool needed = drv->needs[op / 64] & BIT_ULL(op % 64);

		if ((!required && !needed) || bx_has_op(bdev, op))
			continue;
		dev_notice(&bdev->dev, "driver %s needs '%s', which neither the provider nor a policy has\n",
			   drv->name, c->ops[op].name);
		return -ENODEV;
	}
	return 0;
}

/**
 * bx_negotiate() - negotiate version, features and operations, before probe()
 * @bdev: the device
 * @drv: the elected driver
 *
 * Sets the version and features of @bdev on success.
 *
 * Context: device lock held.
 * Return: 0, or -ENODEV with a message in the log.
 */
int bx_negotiate(struct bx_device *bdev, const struct bx_driver *drv)
{
	const struct bx_contract *c = bdev->bus->contract;
	u32 version = min(bdev->provider->version, bx_version(drv->version));
	u64 features = bdev->provider->features & drv->features;
	int err;

	if (version < bx_version(drv->min_version)) {
		dev_notice(&bdev->dev, "driver %s needs version %u of contract %s, the provider has %u\n",
			   drv->name, drv->min_version, c->name,
			   bdev->provider->version);
		return -ENODEV;
	}
	if (drv->needs_features & ~features) {
		dev_notice(&bdev->dev, "driver %s needs features 0x%llx of contract %s, which the provider does not offer\n",
			   drv->name, drv->needs_features & ~features, c->name);
		return -ENODEV;
	}
	err = bx_negotiate_ops(bdev, drv, version);
	if (err)
		return err;
	bdev->version = version;
	bdev->features = features;
	return 0;
}
