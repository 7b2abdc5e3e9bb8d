#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The claims of 'make demo' are true: the demonstration checks them as it runs.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh

ktap_plan 1
check 'the_demonstration_holds' scripts/demo.sh
