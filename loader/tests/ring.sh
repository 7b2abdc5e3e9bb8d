#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# The records' ring, which needs the module: see ring.c.
set -euo pipefail
cd "$(dirname "$0")/../.."
modprobe bus_ext
exec build/loader/tests/ring
