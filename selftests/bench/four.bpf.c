// SPDX-License-Identifier: GPL-2.0-only
/* Four policies in scope of the measured devices */
#include "policies.h"

PASS4(four, 0x1d1d);
