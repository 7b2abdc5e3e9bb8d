// SPDX-License-Identifier: GPL-2.0-only
/* One policy in scope of the measured devices */
#include "policies.h"

PASS(one, 0x1d1d);
