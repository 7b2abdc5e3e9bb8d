// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* bus_ext: all other requests to the kernel */
#include "bxctl.bpf.h"

LIST(list_drivers, driver, bx_driver_rec, BX_ITER_OWN | BX_ITER_ADOPTED)
LIST(list_facts, fact, bx_fact_rec, &data.ref)
LIST(list_opinions, opinion, bx_opinion, &data.ref, data.wait_ms)

REQUEST(get_device)
{
	data.result = bx_device_get(&data.ref, &data.device);
	return 0;
}

REQUEST(rebind)
{
	data.result = bx_rebind(&data.ref);
	return 0;
}

REQUEST(reelect)
{
	data.result = bx_reelect(&data.ref);
	return 0;
}
