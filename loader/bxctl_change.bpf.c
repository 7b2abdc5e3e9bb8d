// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* bus_ext: requests to the kernel that a change of policies needs */
#include "bxctl.bpf.h"

LIST(list_devices, device, bx_device_rec, BX_ITER_OWN | BX_ITER_ADOPTED)
LIST(list_policies, policy, bx_policy_rec, 0)
LIST(list_exits, exit, bx_exit_info, 0)
LIST(list_trial, trial, bx_opinion, &data.trial, sizeof(data.trial), data.wait_ms)

REQUEST(settle)
{
	data.result = bx_settle();
	return 0;
}

REQUEST(commit)
{
	data.result = bx_commit(&data.change, sizeof(data.change));
	return 0;
}

REQUEST(await)
{
	data.result = bx_wait(data.ticket, data.wait_ms);
	return 0;
}

REQUEST(try_call)
{
	data.result = bx_trial_call(&data.trial, sizeof(data.trial), &data.call,
				    data.wait_ms);
	return 0;
}
