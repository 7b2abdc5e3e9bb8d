#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Facts by name and uses in 'devices' and 'plan', and where a driver is that a policy names:
# registered, loadable, or neither.
# Runs on the host, with the tests' own kernel (native/bxctl.c), whose modules are in the
# file 'modules'. The kernel's facts are in selftests/kernel/facts.c, its modules in
# e2e/cases.sh.
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
on_fake_kernel
device=0000:00:00.0
sys=$work/kernel/sys

cleanup() {
	rm -rf "$work"
}

# json FILTER COMMAND...
json() { "$bxctl" --json "${@:2}" | jq -c "$1"; }
# modules LINE...: what aliases lead to, as ALIAS MODULE [loaded|blacklisted]
modules() { printf '%s\n' "$@" >"$work/kernel/modules"; }
# source_of: what is known of the driver of the device's decision
source_of() { json '.decision | [.driver_source, .module]' explain "pci/$device"; }
# registered DRIVER [MODULE]: it is so, by a module that is loaded
registered() {
	mkdir -p "$sys/bus/pci/drivers/$1"
	[ $# = 1 ] && return
	mkdir -p "$sys/module/$2"
	ln -sfn "../../../../module/$2" "$sys/bus/pci/drivers/$1/module"
	echo live >"$sys/module/$2/initstate"
}

ktap_plan 37
mkdir -p "$work"/{etc,tmp,kernel,lib}
"$bxctl" !boot
mkdir -p "$sys/devices/$device" "$sys/bus/pci/devices"
ln -s "../../../devices/$device" "$sys/bus/pci/devices/$device"
"$bxctl" !decide nvme select:driver:nvme select:driver:nvme

# --- facts of listed devices
check_equal "devices has no facts by itself" false "$(json '.devices[0] | has("facts")' devices)"
check_equal "nor facts of the machine" false "$(json 'has("machine")' devices)"
check_equal "and with --facts those of each device" "{\"path\":\"$device\",\"serial\":null}" \
	"$(json '.devices[0].facts' devices --facts)"
check_equal "those of the machine once" '{"dmi.sys_vendor":"ACME"}' \
	"$(json .machine.facts devices --facts)"
check_equal "with the kernel command line" "$(cat /proc/cmdline)" \
	"$("$bxctl" --json devices --facts | jq -r .machine.cmdline)"
says "a table shows them" 0 \
	"pci/$device +path +$device.pci/$device +serial +cannot be read: No such device or address.machine +dmi.sys_vendor +ACME.machine +command line +" \
	devices --facts
check_fails "only then" grep -q path <<<"$("$bxctl" devices)"
check_equal "nothing uses the device" '[[],false,false]' \
	"$(json '.devices[0] | [.holders, .holds_root, .holds_console]' devices --facts)"

# --- the device of the root file system and of the console
root=$(stat -c %d /)
mkdir -p "$sys/devices/$device/block/x" "$sys/class/block" "$sys/class/tty/console" \
	"$sys/devices/$device/tty/ttyX"
echo "$((root >> 8)):$((root & 255))" >"$sys/devices/$device/block/x/dev"
ln -s ../../../../class/block "$sys/devices/$device/block/x/subsystem"
if awk -v number="$((root >> 8)):$((root & 255))" \
	'$3 == number && $5 == "/" && !/^0:/ { found = 1 } END { exit !found }' /proc/self/mountinfo; then
	check_equal "one that has the root file system is told" true \
		"$(json '.devices[0].holds_root' devices --facts)"
	check_equal "with its mount" '"/"' \
		"$(json '[.devices[0].holders[] | select(.kind == "mount" and .by == "/") | .by][0]' devices --facts)"
else
	ktap_skip "one that has the root file system is told" "the root is on no block device"
	ktap_skip "with its mount" "the root is on no block device"
fi
rm -r "$sys/devices/$device/block"
echo 4:64 >"$sys/devices/$device/tty/ttyX/dev"
ln -s ../../../../class/tty "$sys/devices/$device/tty/ttyX/subsystem"
echo "tty0 ttyX" >"$sys/class/tty/console/active"
check_equal "so is that of the console" true "$(json '.devices[0].holds_console' devices --facts)"
check_equal "which is not that of the root" false "$(json '.devices[0].holds_root' devices --facts)"
says "the table has it, too" 0 "pci/$device +in use +/dev/ttyX is a console" devices --facts
says "explain has it" 0 "in use   /dev/ttyX is a console" explain "pci/$device"
check_equal "in JSON, too" '["console",false,true]' \
	"$(json '[.holders[0].kind, .holds_root, .holds_console]' explain "pci/$device")"
"$bxctl" !decide '' select:driver:nvme select:driver:nvme
check_fails "a device without a driver has no users" grep -q "in use" <<<"$("$bxctl" explain "pci/$device")"
"$bxctl" !decide nvme select:driver:nvme select:driver:nvme
rm -r "$sys/devices/$device/tty"

# --- where a driver is
registered nvme nvme
check_equal "a registered driver has a module" '["registered","nvme"]' "$(source_of)"
rm "$sys/module/nvme/initstate"
check_equal "or is in the kernel image" '["registered",null]' "$(source_of)"
"$bxctl" !decide '' select:absent:acme-pt select:absent:acme-pt
check_equal "neither" '["none",null]' "$(source_of)"
says "explain says so" 0 "acme-pt is not registered; no module that can be loaded has it" explain "pci/$device"
modules "pci:acme other" "pci:acme other_too"
check_equal "a module that claims the device may have it" '["possible","other"]' "$(source_of)"
modules "pci:acme other loaded"
check_equal "not if it is loaded: it has registered its drivers" '["none",null]' "$(source_of)"
modules "pci:acme other blacklisted"
check_equal "nor if it is on the blacklist" '["none",null]' "$(source_of)"
modules "pci:acme other" "pci:acme acme_pt"
check_equal "one of its name has it, with '-' and '_' equal" '["loadable","acme_pt"]' "$(source_of)"
modules "pci:acme acme_pt blacklisted"
check_equal "the blacklist is told" '["blacklisted","acme_pt"]' "$(source_of)"
modules "acme-pt acme_pt"
check_equal "a module that nothing leads to is not loaded" '["no_alias","acme_pt"]' "$(source_of)"
says "explain names the alias" 0 "module acme_pt is there, but modprobe needs the alias 'bus_ext:pci:acme-pt'" explain "pci/$device"
modules "acme-pt acme_pt" "bus_ext:pci:acme-pt acme_pt"
check_equal "with it, it is" '["loadable","acme_pt"]' "$(source_of)"
modules "bus_ext:pci:acme-pt pt_by_acme"
check_equal "the alias may lead to any name" '["loadable","pt_by_acme"]' "$(source_of)"
modules "bus_ext:pci:acme-pt acme_pt loaded"
check_equal "one that is loaded does not have it" '["none",null]' "$(source_of)"

# --- in a plan and when it is applied
"$bxctl" !boot
plan=(plan --allow-unsigned "$objects/missing.bpf.o")
check_equal "JSON of a plan has the driver's state" '["missing","none",null]' \
	"$(json '.devices[0] | [.driver, .driver_source, .module]' "${plan[@]}")"
says "a plan warns of a driver that cannot be had" 2 \
	"missing +not registered; no module that can be loaded has it" "${plan[@]}"
modules "bus_ext:pci:missing missing"
check_equal "not of one that can be loaded" '["loadable","missing"]' \
	"$(json '.devices[0] | [.driver_source, .module]' "${plan[@]}")"
check_equal "it has the facts of devices that change" "$device" \
	"$("$bxctl" --json "${plan[@]}" | jq -r '.devices[0].facts.path')"
check_equal "and of the machine" ACME \
	"$("$bxctl" --json "${plan[@]}" | jq -r '.machine.facts["dmi.sys_vendor"]')"
says "as a table on request" 2 "pci/$device +path +$device.*machine +dmi.sys_vendor +ACME" "${plan[@]}" --facts
modules "missing missing"
says "apply tells what is missing" 0 \
	"waits for driver 'missing', whose module was not found: it is not registered; module missing is there, but modprobe needs the alias 'bus_ext:pci:missing' for it" \
	apply --allow-unsigned "$objects/missing.bpf.o"
