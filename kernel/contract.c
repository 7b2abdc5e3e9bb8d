// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contracts: checks of buses and providers
 *
 * Registration fails with a message for a bus with an invalid contract and for
 * a provider without a required operation.
 */
#include "core.h"

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

static int bx_op_print(const struct bx_contract *contract, u32 i, char *buf,
		       size_t size)
{
	const struct bx_op_desc *desc = &contract->ops[i];

	return snprintf(buf, size, "%u %s %u%s %u %s %s%s%s%s%s\n", i,
			desc->name, desc->size - desc->hidden,
			desc->flags & BX_OPF_VARLEN ? "+" : "", desc->hidden,
			desc->flags & BX_OPF_REQUIRED ? "required" : "optional",
			desc->flags & BX_OPF_ATOMIC ? "atomic" : "sleeps",
			desc->pair ? " with " : "",
			desc->pair ? contract->ops[desc->pair - 1].name : "",
			desc->type ? " " : "", desc->type ?: "");
}

/**
 * bx_contract_print() - print a contract as text, for people and programs
 * @contract: the contract
 * @buf: takes the text; NULL with a @size of 0
 * @size: size of @buf in bytes
 *
 * Prints a line for the contract, then one for each operation: number, name,
 * visible bytes of the argument ("+" for variable length), hidden
 * bytes, then words: "required" or "optional", "atomic" or "sleeps", "with" and
 * the name of the paired operation, and the C type of the argument.
 *
 * Return: length of the whole text, as snprintf().
 */
size_t bx_contract_print(const struct bx_contract *contract, char *buf,
			 size_t size)
{
	size_t len = snprintf(buf, size, "%s version %u\n", contract->name,
			      contract->version);

	for (u32 i = 0; i < contract->nr_ops; i++)
		len += bx_op_print(contract, i, len < size ? buf + len : NULL,
				   len < size ? size - len : 0);
	return len;
}

/* ---- providers ---- */

static int bx_provider_check_op(const struct bx_device *bdev, u32 i)
{
	const struct bx_contract *c = bdev->bus->contract;
	const struct bx_provider *p = bdev->provider;
	const struct bx_op_desc *desc = &c->ops[i];

	if (bx_provides(p, i)) {
		if (desc->pair && !bx_provides(p, desc->pair - 1) &&
		    !p->by_policy) {
			dev_err(&bdev->dev, "provider has '%s' but lacks '%s': contract %s pairs them\n",
				desc->name, c->ops[desc->pair - 1].name,
				c->name);
			return -EINVAL;
		}
		return 0;
	}
	if (desc->flags & BX_OPF_REQUIRED && !p->by_policy) {
		dev_err(&bdev->dev, "provider lacks '%s', which contract %s requires\n",
			desc->name, c->name);
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
	if (p->nr_ops > c->nr_ops) {
		dev_err(&bdev->dev, "provider has %u operations, contract %s has %u\n",
			p->nr_ops, c->name, c->nr_ops);
		return -EINVAL;
	}
	for (u32 i = 0; i < c->nr_ops && !err; i++)
		err = bx_provider_check_op(bdev, i);
	return err;
}

/* ---- drivers ---- */

/**
 * bx_device_complete() - check that a device has all required operations
 * @bdev: the device
 *
 * Those of a device with @by_policy come from policies, which may be detached.
 *
 * Context: device lock held, before probe().
 * Return: 0, or -ENODEV with a message in the log.
 */
int bx_device_complete(struct bx_device *bdev)
{
	const struct bx_contract *c = bdev->bus->contract;

	for (u32 op = 0; op < c->nr_ops; op++) {
		if (!(c->ops[op].flags & BX_OPF_REQUIRED) ||
		    bx_has_op(bdev, op))
			continue;
		dev_notice(&bdev->dev, "neither the provider nor a policy has '%s', which contract %s requires\n",
			   c->ops[op].name, c->name);
		return -ENODEV;
	}
	return 0;
}
