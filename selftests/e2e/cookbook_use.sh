#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The pages of the cookbook for the set of devices in-use: see cookbook.sh.
exec "$(dirname "$0")/cookbook.sh" in-use "$@"
