// SPDX-License-Identifier: GPL-2.0-only
/* Four policies that watch the measured operation, and pass */
#include "calls.h"

CALL(pass_call, BX_CALL_PASS)
CALLS(call_0, 0xbe9c, BX_SF_RESET, pass_call);
CALLS(call_1, 0xbe9c, BX_SF_RESET, pass_call);
CALLS(call_2, 0xbe9c, BX_SF_RESET, pass_call);
CALLS(call_3, 0xbe9c, BX_SF_RESET, pass_call);
