#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# The records' ring, which needs the module: see ring.c.
set -euo pipefail
cd "$(dirname "$0")/../.."
# more drivers than a page has room for, whatever the kernel has
modprobe bxsim drivers="$(printf 'driver%s,' {1..40})"
exec build/loader/tests/ring
