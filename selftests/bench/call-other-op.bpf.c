// SPDX-License-Identifier: GPL-2.0-only
/* A policy in scope of the device that watches another operation */
#include "calls.h"

CALL(pass_call, BX_CALL_PASS)
CALLS(call_other_op, 0xbe9c, BX_SF_EXEC, pass_call);
