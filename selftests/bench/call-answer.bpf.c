// SPDX-License-Identifier: GPL-2.0-only
/* A policy that answers the measured operation instead of the provider */
#include "calls.h"

CALL(answer_call, BX_CALL_HANDLED)
CALLS(call_answer, 0xbe9c, BX_SF_RESET, answer_call);
