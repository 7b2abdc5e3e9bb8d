// SPDX-License-Identifier: GPL-2.0-only
/* Sixteen policies of four other vendors */
#include "policies.h"

PASS4(a, 0xaaaa);
PASS4(b, 0xbbbb);
PASS4(c, 0xcccc);
PASS4(d, 0xdddd);
