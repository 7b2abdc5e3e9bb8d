// SPDX-License-Identifier: GPL-2.0-only
/* Four policies in scope of the measured device, without an opinion */
#include "policies.h"

PASS4(select_, 0xbe9c);
