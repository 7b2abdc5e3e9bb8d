// SPDX-License-Identifier: GPL-2.0-only
/* One policy that watches the measured operation, and passes */
#include "calls.h"

CALL(pass_call, BX_CALL_PASS)
CALLS(call_one, 0xbe9c, BX_SF_RESET, pass_call);
