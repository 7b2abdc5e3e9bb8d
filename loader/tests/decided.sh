#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# bxctl tells the truth about a device whose driver is not the elected one: in 'devices',
# 'explain', 'status' and JSON, for each outcome of an election.
# Runs on the host, with the tests' own kernel (native/bxctl.c).
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
on_fake_kernel
device=pci/0000:00:00.0

cleanup() {
	rm -rf "$work"
}

# as_decided COMMAND...: the value of as_decided in JSON
as_decided() { "$bxctl" --json "$@" | jq -r '[.. | .as_decided? | values] | unique | @text'; }

# other_is_bound NAME LAST DEVICES EXPLAIN: 'nvme' is bound, after the election LAST
other_is_bound() {
	"$bxctl" !decide nvme "$2" "$2"
	says "$1: devices shows both" 0 "nvme .*$3" devices
	says "$1: explain tells which is bound, and the remedy" 0 \
		"decision: $4.*but nvme is bound: 'bxctl rebind $device' changes that" explain "$device"
	check_equal "$1: JSON of explain says so" '[false]' "$(as_decided explain "$device")"
	check_equal "$1: and that of devices" '[false]' "$(as_decided devices)"
	says "$1: status fails" 6 "" status
}

# unbound NAME LAST: that the device has no driver follows from LAST
unbound() {
	"$bxctl" !decide '' "$2" "$2"
	check_equal "$1: it is as decided" '[true] [true]' \
		"$(as_decided explain "$device") $(as_decided devices)"
	says "$1: status does not fail" 0 "" status
}

ktap_plan 45
mkdir -p "$work"/{etc,tmp,kernel,lib}
"$bxctl" !boot >/dev/null

other_is_bound "an absent driver" select:absent:vfio-pci \
	"waiting for vfio-pci, whose module was not found, but bound" \
	"vfio-pci, which is not registered; the device waits, by policy scripted"
other_is_bound "an administrator's 'none'" driver_override:absent:none "but bound" \
	"none, which is not registered"
other_is_bound "a deferred device" select:deferred: "deferred, but bound" "deferred; 'bxctl reelect pci' asks again"
other_is_bound "a refused device" select:refused: "refused, but bound" "no driver, all are refused"
other_is_bound "another driver" select:driver:vfio-pci "vfio-pci elected, not bound" "vfio-pci, by policy scripted"

unbound "the device waits" select:absent:vfio-pci
unbound "it is held" select:deferred:
unbound "it is refused" select:refused:
"$bxctl" !decide nvme select:driver:nvme select:driver:nvme
check_equal "the elected driver is bound: it is as decided" '[true] [true]' \
	"$(as_decided explain "$device") $(as_decided devices)"

# An election now would have another result than the one that the device is held by.
"$bxctl" !decide '' select:deferred: kernel:none:e1000e
says "explain shows the election that holds a deferred device, and the remedy" 0 \
	"left to the kernel's own rule, which names e1000e.*its last election had another result: deferred, by policy scripted.*; try 'bxctl reelect pci'" \
	explain "$device"
says "devices shows it as well" 0 "deferred" devices
"$bxctl" !decide '' select:deferred: select:deferred:
check_fails "a device that was not deferred by an election has no number" \
	grep -q "deferred 0" <<<"$("$bxctl" explain "$device")"
check_fails "no other result, no such line" grep -q "another result" <<<"$("$bxctl" explain "$device")"
"$bxctl" !decide nvme kernel:none:e1000e kernel:none:e1000e
says "the kernel's own rule names another driver than the bound one" 0 \
	"kernel's own rule, which names e1000e.*but nvme is bound" explain "$device"
says "that is not the policies' matter" 0 "" status

# A deferred device is elected again by itself, up to a limit.
"$bxctl" !decide '' select:deferred:7 select:deferred:
says "explain shows how often a device was deferred" 0 \
	"deferred 7 times; elected again after an event in the scope" explain "$device"
says "devices shows it, too" 0 "deferred 7 times" devices
check_equal "JSON has the number" '[7,0]' \
	"$("$bxctl" --json devices | jq -c '.devices[0].decision | [.deferrals, .retry_ms]')"
"$bxctl" !decide '' select:deferred:1000 select:deferred:
says "explain shows the limit, and what asks again" 0 \
	"deferred 1000 times, the limit: .*'bxctl rebind $device' or a change of policies" explain "$device"
says "devices shows the limit, too" 0 "deferred 1000 times, the limit" devices

# The policy that decided may be detached meanwhile: the driver stays.
"$bxctl" !decide nvme select:driver:nvme select:driver:nvme
says "a decision of a policy that is detached says so" 0 "policy scripted \(select, detached\)" devices
"$bxctl" apply --allow-unsigned "$objects/good.bpf.o" >/dev/null 2>&1
"$bxctl" !decide nvme select:driver:nvme select:driver:nvme
says "that of one that is attached does not" 0 "policy scripted \(select\)" devices
