// SPDX-License-Identifier: GPL-2.0-only
/* Policies of other vendors that watch the same operation */
#include "calls.h"

CALL(pass_call, BX_CALL_PASS)
CALLS(call_a, 0xaaaa, BX_SF_RESET, pass_call);
CALLS(call_b, 0xbbbb, BX_SF_RESET, pass_call);
CALLS(call_c, 0xcccc, BX_SF_RESET, pass_call);
CALLS(call_d, 0xdddd, BX_SF_RESET, pass_call);
