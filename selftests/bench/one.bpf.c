// SPDX-License-Identifier: GPL-2.0-only
/* One policy in scope of the devices that are measured */
#include "policies.h"

PASS(one, 0x1d1d);
