#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What 'make demo' claims is true: the demonstration checks it as it runs.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh

ktap_plan 1
check 'the_demonstration_holds' scripts/demo.sh
