// SPDX-License-Identifier: GPL-2.0-only
/*
 * One sub-function replaces another
 *
 * Features: a redirected call.  The second edu device raises and counts the
 * interrupts of the first one: it handles every request of the first one's
 * driver, and the driver does not notice.  Try it with 'make vm
 * DEVICES=edu-pair', which has these PCI addresses.
 *
 * Limits: the names are constants of the program; requests from before the policy
 * was attached were handled by the first device.
 */
#include <bpf/bus_ext.bpf.h>
#include <uapi/linux/bx_sf.h>

#define FROM	"edu-0000:00:01.0-irq"
#define TO	"edu-0000:00:02.0-irq"

static s32 BX_OP(sibling_call, struct bx_call *call)
{
	char name[BX_DEV_NAME_LEN];

	bx_probe_read(name, sizeof(name), call->dev->name);
	if (!bx_streq(name, FROM))
		return BX_CALL_PASS;
	/* without a sibling, the device handles the call itself */
	if (bx_call_redirect(call, TO))
		return BX_CALL_PASS;
	return BX_CALL_REDIRECT;
}

BX_POLICY(sibling, .bus = "bx-sf", .vendor = 0x1234, .call = (void *)sibling_call,
	  .calls = { BX_WATCH(BX_SF_EXEC) });
