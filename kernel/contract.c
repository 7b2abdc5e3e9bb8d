// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contracts: what a bus promises, a provider implements and a driver asks for
 *
 * Who breaks a contract is told at once, by name: a bus whose contract makes no
 * sense, a provider that lacks a required operation, a driver that asks for more
 * than the contract has.  What a driver and one device agree upon is negotiated
 * before probe(), as virtio does it: versions, features, operations.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "core.h"

/* 0 in a description means the first version. */
static u32 bx_version(u32 version)
{
	return version ?: 1;
}

bool bx_provides(const struct bx_provider *provider, u32 op)
{
	return op < provider->nr_ops && provider->ops && provider->ops[op];
}

/**
 * bx_has_op() - whether somebody provides an operation
 * @bdev: the device
 * @op: operation of the contract, by number
 *
 * Context: any; the device was added.
 * Return: true when its provider or, as things are now, a policy may do it.
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
		pr_err("bus %s: operation %u has no name, or a too long one\n",
		       bus->name, i);
		return -EINVAL;
	}
	for (u32 k = 0; k < i; k++) {
		if (strcmp(c->ops[k].name, desc->name))
			continue;
		pr_err("bus %s: two operations are called '%s'\n", bus->name,
		       desc->name);
		return -EINVAL;
	}
	if (bx_version(desc->since) > c->version) {
		pr_err("bus %s: '%s' came with version %u, the contract has %u\n",
		       bus->name, desc->name, desc->since, c->version);
		return -EINVAL;
	}
	if (desc->hidden > desc->size) {
		pr_err("bus %s: '%s' hides more of its argument than there is\n",
		       bus->name, desc->name);
		return -EINVAL;
	}
	if (desc->pair != BX_UNPAIRED &&
	    (desc->pair > c->nr_ops || c->ops[desc->pair - 1].pair != i + 1)) {
		pr_err("bus %s: '%s' is paired with an operation that is not paired with it\n",
		       bus->name, desc->name);
		return -EINVAL;
	}
	return 0;
}

/**
 * bx_contract_check() - whether a bus has a contract that makes sense
 * @bus: the bus
 *
 * Return: 0, or -EINVAL and a message.
 */
int bx_contract_check(const struct bx_bus *bus)
{
	const struct bx_contract *c = bus->contract;
	int err = 0;

	if (!c || !c->name || !*c->name || strlen(c->name) >= BX_NAME_LEN ||
	    !c->version || c->nr_ops > BX_MAX_OPS || (c->nr_ops && !c->ops)) {
		pr_err("bus %s: its contract lacks a name, a version or operations\n",
		       bus->name);
		return -EINVAL;
	}
	for (u32 i = 0; i < c->nr_ops && !err; i++)
		err = bx_op_check(bus, i);
	return err;
}

/**
 * bx_contract_show() - a contract as text, for people and for programs
 * @contract: the contract
 * @buf: a page
 *
 * A line for the contract, then one for each operation: number, name, version,
 * bytes of the argument that policies see ("+" for more behind them), bytes
 * that they do not see, then words: required or optional, atomic or sleeps, with
 * the operation it is paired with, and the C type of the argument.
 *
 * Return: bytes.
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
			dev_err(&bdev->dev, "provider has '%s', which came with version %u of contract %s, and says that it implements %u\n",
				desc->name, desc->since, c->name, p->version);
			return -EINVAL;
		}
		if (desc->pair && !bx_provides(p, desc->pair - 1) &&
		    !p->by_policy) {
			dev_err(&bdev->dev, "provider has '%s' and lacks '%s': contract %s has them together\n",
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
 * bx_provider_check() - whether a device is provided as its contract says
 * @bdev: the device
 *
 * Return: 0, or -EINVAL or -EPROTONOSUPPORT and a message.
 */
int bx_provider_check(const struct bx_device *bdev)
{
	const struct bx_contract *c = bdev->bus->contract;
	const struct bx_provider *p = bdev->provider;
	int err = 0;

	if (!p || !p->version || p->version > c->version) {
		dev_err(&bdev->dev, "provider implements version %u of contract %s; this kernel knows 1 to %u\n",
			p ? p->version : 0, c->name, c->version);
		return p && p->version ? -EPROTONOSUPPORT : -EINVAL;
	}
	if (p->nr_ops > c->nr_ops || p->features & ~c->features) {
		dev_err(&bdev->dev, "provider has operations or features (0x%llx) that contract %s does not know\n",
			p->features & ~c->features, c->name);
		return -EINVAL;
	}
	for (u32 i = 0; i < c->nr_ops && !err; i++)
		err = bx_provider_check_op(bdev, i);
	return err;
}

/* ---- drivers ---- */

/**
 * bx_driver_check() - whether a driver asks for what its bus can have
 * @bus: the bus
 * @drv: the driver
 *
 * Return: 0; -EPROTONOSUPPORT for a newer version, -EOPNOTSUPP for an unknown
 * feature or operation, with a message.
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
		pr_err("driver %s needs version %u of contract %s, and knows %u\n",
		       drv->name, drv->min_version, c->name,
		       bx_version(drv->version));
		return -EINVAL;
	}
	if (drv->needs_features & ~(c->features & drv->features)) {
		pr_err("driver %s needs features 0x%llx, which contract %s or itself does not know\n",
		       drv->name,
		       drv->needs_features & ~(c->features & drv->features),
		       c->name);
		return -EOPNOTSUPP;
	}
	for (u32 op = c->nr_ops; op < BX_MAX_OPS; op++) {
		if (!(drv->needs[op / 64] & BIT_ULL(op % 64)))
			continue;
		pr_err("driver %s needs operation %u; contract %s has %u\n",
		       drv->name, op, c->name, c->nr_ops);
		return -EOPNOTSUPP;
	}
	return 0;
}

/* Every operation that the driver may count on is there, from somebody. */
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
		dev_notice(&bdev->dev, "driver %s needs '%s', and neither the provider nor a policy has it\n",
			   drv->name, c->ops[op].name);
		return -ENODEV;
	}
	return 0;
}

/**
 * bx_negotiate() - agree upon version and features, before probe()
 * @bdev: the device
 * @drv: the driver that is elected
 *
 * Context: device lock held.
 * Return: 0, or -ENODEV and a message.
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
