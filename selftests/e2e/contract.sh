#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The contract of docs/contract.md, taken from that text: a bus, a provider, a driver
# and a policy in under 150 lines, built by the Makefile.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh

lamp=/sys/bus/bx-lamp/devices/lamp0
built=build/modules/$(uname -r)/lamp
cleanup() {
	bxctl detach --all >/dev/null 2>&1 || true
	rmmod bx_lamp
}
lines() { cat "$built"/bx_lamp.[ch] "$built/night.bpf.c" | grep -c ''; }
level() { cat $lamp/level; }
set_level() { echo "$1" >$lamp/level; }

ktap_plan 11
modprobe bus_ext
check under_150_lines [ "$(lines)" -lt 150 ]
check module_loads insmod "$built/bx_lamp.ko"
check_equal driver_is_bound dimmer "$(basename "$(readlink $lamp/driver)")"
check_match contract_can_be_read '0 set 4 0 required sleeps' \
	"$(cat /sys/kernel/bus_ext/buses/bx-lamp/contract)"
check_equal probe_has_called 10 "$(level)"
set_level 80
check_equal without_a_policy_any_level 80 "$(level)"
check_fails provider_has_the_last_word set_level 101
check policy_applies bxctl apply --allow-unsigned "$built/night.bpf.o"
set_level 60
check_equal policy_dims 30 "$(level)"
set_level 20
check_equal and_lets_the_rest_pass 20 "$(level)"
bxctl detach night >/dev/null
set_level 60
check_equal until_it_is_detached 60 "$(level)"
