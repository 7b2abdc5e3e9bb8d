// SPDX-License-Identifier: GPL-2.0-only
/*
 * One sub-function stands in for another
 *
 * Shows a redirected call.  The interrupts of the first edu device are raised and
 * counted by the second one: every request that the driver of the one makes is
 * done by the other, and the driver does not know.  To be tried with
 * 'make vm DEVICES=edu-pair', whose PCI addresses these are.
 *
 * Limits: the names are written into the program; requests that were made before
 * the policy came are those of the first device.
 */
#include <bpf/bus_ext.bpf.h>
#include <uapi/linux/bx_sf.h>

#define FROM	"edu-0000:00:01.0-irq"
#define TO	"edu-0000:00:02.0-irq"

static s32 BX_OP(sibling_call, struct bx_call *call)
{
	char name[BX_DEV_NAME_LEN];

	bx_probe_read(name, sizeof(name), call->dev->name);
	if (__builtin_memcmp(name, FROM, sizeof(FROM)))
		return BX_CALL_PASS;
	/* without a sibling it works on its own */
	if (bx_call_redirect(call, TO))
		return BX_CALL_PASS;
	return BX_CALL_REDIRECT;
}

BX_POLICY(sibling, .bus = "bx-sf", .vendor = 0x1234, .call = (void *)sibling_call,
	  .calls = { BX_WATCH(BX_SF_EXEC) });
