#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The demonstration, run in the VM by 'make demo': an NVMe controller with
# SR-IOV, on a stock kernel first, then with a policy. The script checks all of its
# claims; the first wrong one ends it with status 1.
set -euo pipefail

policy=build/bpf/qemu-nvme.bpf.o
pci=/sys/bus/pci/devices

bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
[ -t 1 ] || bold='' dim='' plain=''

title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
show() { printf '%s$ %s%s\n' "$dim" "$*" "$plain"; "$@" 2>&1 | sed 's/^/  /'; }

# claim TEXT COMMAND...: end the demonstration if the command fails
claim() {
	local text=$1
	shift
	if "$@"; then
		printf '  [ok] %s\n' "$text"
	else
		printf '  [NOT TRUE] %s\n' "$text"
		dmesg | tail -n 15
		exit 1
	fi
}

# until_true SECONDS COMMAND...
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@" 2>/dev/null; do
		[ $SECONDS -lt "$end" ] || return 1
		sleep 0.05
	done
}

driver_of() { basename "$(readlink "$pci/$1/driver" || echo /none)"; }
is_driver() { [ "$(driver_of "$1")" = "$2" ]; }
no_override() { [ "$(cat "$pci/$1/driver_override")" = '(null)' ]; }
# probes FUNCTION: number of nvme's probes of it, since boot
probes() { dmesg | grep -c "nvme nvme[0-9]*: pci function $1" || true; }
failures() { dmesg | grep -c 'Device not ready; aborting' || true; }
failed_more() { [ "$(failures)" -ge $(($1 + 2)) ]; }
both_are() { is_driver "$vf0" "$1" && is_driver "$vf1" "$1"; }
both_probed() { [ "$(probes "$vf0") $(probes "$vf1")" = "$1" ]; }
vfs() { echo "$1" >"$pci/$pf/sriov_numvfs"; }

functions() {
	local f
	for f in "$pf" "$vf0" "$vf1"; do
		[ -e "$pci/$f" ] || continue
		printf '  %s  %s:%s  driver %s\n' "$f" "$(sed s/0x// "$pci/$f/vendor")" \
			"$(sed s/0x// "$pci/$f/device")" "$(driver_of "$f")"
	done
}

stock_probing() {
	local before
	before=$(failures)
	vfs 2
	claim 'nvme probes both virtual functions at once, and fails' \
		until_true 60 failed_more "$before"
	claim 'they have no driver' both_are none
	functions
}

modprobe nvme
until_true 30 compgen -G '/sys/bus/pci/drivers/nvme/0000:*' >/dev/null
pf=$(basename "$(compgen -G '/sys/bus/pci/drivers/nvme/0000:*' | head -n 1)")
vf0=${pf%.*}.1 vf1=${pf%.*}.2

title "1. A stock kernel ($(uname -r)): two virtual functions are created"
printf '%s$ echo 2 > %s/sriov_numvfs%s\n' "$dim" "$pci/$pf" "$plain"
stock_probing
vfs 0

title '2. A policy is attached'
modprobe bus_ext
show bxctl apply --allow-unsigned "$policy"
claim 'it is active' test -d /sys/kernel/bus_ext/policies/qemu_nvme

title '3. The same virtual functions are created again'
before="$(probes "$vf0") $(probes "$vf1")"
printf '%s$ echo 2 > %s/sriov_numvfs%s\n' "$dim" "$pci/$pf" "$plain"
vfs 2
claim 'both are bound to vfio-pci' until_true 60 both_are vfio-pci
claim 'nvme has probed neither of them' both_probed "$before"
claim 'the physical function is still with nvme' is_driver "$pf" nvme
functions

title '4. The explanation'
show bxctl explain "$vf0"
show bxctl devices

title '5. The policy is detached, and everything is as before'
vfs 0
show bxctl detach qemu_nvme
claim 'no policy is attached' test ! -e /sys/kernel/bus_ext/policies/qemu_nvme
stock_probing
claim 'no driver_override is left' no_override "$vf0"
vfs 0
claim 'the module can be unloaded' until_true 30 rmmod bus_ext

title 'All claims hold.'
