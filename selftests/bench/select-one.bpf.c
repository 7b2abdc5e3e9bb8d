// SPDX-License-Identifier: GPL-2.0-only
/* One policy in scope of the measured device, without an opinion */
#include "policies.h"

PASS(select_one, 0xbe9c);
