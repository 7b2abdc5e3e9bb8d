#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Devices that were bound before a policy: devices, status and plan list them; rebind --policy
# and --all, apply, install and boot rebind them in a safe order, and leave those in use.
# Runs on the host, with the tests' own kernel (native/bxctl.c).
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
on_fake_kernel
# shellcheck disable=SC2154 # of on_fake_kernel
sys=$work/kernel/sys

cleanup() {
	rm -rf "$work"
}

# device NAME DRIVER NOW [PARENT]: in the kernel and in sysfs; behind its parent, if it has one
device() {
	"$bxctl" !device "$@"
	mkdir -p "$sys/devices/pci0/${4:+$4/}$1" "$sys/bus/pci/devices"
	ln -sfn "../../../devices/pci0/${4:+$4/}$1" "$sys/bus/pci/devices/$1"
}

# in_use NAME: an interface of it is up
in_use() {
	mkdir -p "$sys/devices/pci0/$1/net/bxtest0" "$sys/class/net"
	ln -sfn ../../../../../class/net "$sys/devices/pci0/$1/net/bxtest0/subsystem"
	echo 0x1003 >"$sys/devices/pci0/$1/net/bxtest0/flags"
}

free() {
	rm -r "$sys/devices/pci0/$1/net"
}

drivers() {
	"$bxctl" !drivers
}

# A new kernel, with two policies, and devices that the first one wants to have vfio-pci
start() {
	rm -rf "$work/kernel"
	mkdir -p "$work"/{etc,tmp,kernel,lib}
	"$bxctl" !boot >/dev/null
	"$bxctl" !decide '' kernel:none: kernel:none:
}

vfio=select:driver:vfio-pci:loader_test
second=select:refused::other.v1
both=$work/both
mkdir "$both" && cp "$objects"/{good,other}.bpf.o "$both"
apply=(apply --allow-unsigned "$both")

ktap_plan 50
start
device 02 nvme $vfio
"$bxctl" "${apply[@]}" >/dev/null 2>&1

# ---- without a rebind they are listed ----

before="bound before the policy: has nvme, decided vfio-pci"
says "devices lists it" 0 "02 .*nvme .*policy loader_test.*$before" devices
says "so does status, which fails" 6 "device pci/02 is not as decided: $before; try 'bxctl rebind pci/02'" status
check_equal "JSON of devices and of status" '[true] [true]' \
	"$("$bxctl" --json devices | jq -c '[.devices[] | select(.name == "02").bound_before]') $(
		"$bxctl" --json status | jq -c '[.not_as_decided[].bound_before]')"
device 03 nvme $second
says "status names the command for several" 6 "'bxctl rebind --all' rebinds these 2 devices" status
says "a refused one is told" 6 "has nvme, decided none \(refused\)" status
device 04 e1000e select:driver:e1000e:loader_test
check_equal "one with the decided driver is not listed" '["02","03"]' \
	"$("$bxctl" --json status | jq -c '[.not_as_decided[].name]')"
"$bxctl" detach --all >/dev/null
says "without a policy there is nothing" 0 "" status
says "a plan counts them" 2 "pci/02 +nvme +vfio-pci .*when bound again.*pci/03 +nvme +\(refused\).*2 of them bound before the policy: 'apply --rebind'" \
	plan --allow-unsigned "$both"
check_equal "and marks them in JSON" '[true,true,false]' \
	"$("$bxctl" --json plan --allow-unsigned "$both" | jq -c '[.devices[] | select(.device.driver).bound_before]')"

# ---- one policy, or all ----

"$bxctl" "${apply[@]}" >/dev/null 2>&1
says "a dry run tells" 2 "pci/02: nvme -> vfio-pci, would be moved.*pci/03: nvme -> none, would be moved.*2 of 2 devices would be moved" \
	rebind --all --dry-run
check_equal "and changes nothing" "02:nvme 03:nvme 04:e1000e" "$(drivers)"
says "only the devices of a policy are moved" 0 "pci/02: nvme -> vfio-pci \(bound\).1 of 1 device moved" \
	rebind --policy loader_test
check_equal "the others stay" "02:vfio-pci 03:nvme 04:e1000e" "$(drivers)"
says "all are moved" 0 "pci/03: nvme -> none \(refused\).1 of 1 device moved" rebind --all
check_equal "each as decided" "02:vfio-pci 03: 04:e1000e" "$(drivers)"
says "a second time there is nothing to do" 0 "every device is as decided" rebind --all
says "status does not fail any more" 0 "" status
says "a policy that is not there" 8 "no active policy 'none'.*; 'bxctl policies' lists them" rebind --policy none
says "either a device or several" 8 "needs either a DEVICE, '--policy' or '--all'" rebind --all 02
says "one of them" 8 "needs either a DEVICE, '--policy' or '--all'" rebind
says "a dry run is for several" 8 "'--dry-run' needs" rebind -n 02
says "a bus is for one" 8 "'--bus' needs a DEVICE" rebind --all --bus pci

# ---- in use, failed, gone ----

start
for name in 05 03 04; do device $name nvme $vfio; done
"$bxctl" "${apply[@]}" >/dev/null 2>&1
in_use 04
says "one in use is named, and the others are moved" 10 "pci/03: nvme -> vfio-pci.*'pci/04' is in use: bxtest0 is up; 'bxctl rebind --force pci/04' rebinds it all the same.*pci/05: nvme.*2 of 3 devices moved, 1 in use" \
	rebind --all
check_equal "it keeps its driver" "05:vfio-pci 03:vfio-pci 04:nvme" "$(drivers)"
says "a dry run names it, too" 10 "0 of 1 device would be moved, 1 in use" rebind --all --dry-run
says "JSON has the users, and counts" 10 '"result": "in_use".*"holders": \[.*"node": "bxtest0".*"counts": \{.*"in_use": 1' \
	rebind --all --json
says "by force it is moved" 0 "pci/04: nvme -> vfio-pci.*1 of 1 device moved" rebind --all --force
free 04
device 06 nvme select:driver:broken:loader_test
device 07 nvme $vfio
says "a failure does not stop the others" 6 "'pci/06' has no driver now: the probe of 'broken' failed: .*pci/07: nvme -> vfio-pci.*1 of 2 devices moved, 1 failed" \
	rebind --all
says "one without a driver is tried again" 6 "0 of 1 device moved, 1 failed" rebind --all

start
device 09 nvme $vfio 08
device 0a nvme $vfio 08
device 08 nvme $vfio
"$bxctl" "${apply[@]}" >/dev/null 2>&1
says "a parent is moved before the devices that vanish with it" 0 "pci/08: nvme -> vfio-pci.*pci/09: it was removed meanwhile.*1 of 3 devices moved, 2 removed meanwhile" \
	rebind --all
check_equal "and only it is left" "08:vfio-pci" "$(drivers)"

# ---- interrupted ----

start
for name in 02 03 04; do device $name nvme $vfio; done
"$bxctl" "${apply[@]}" >/dev/null 2>&1
"$bxctl" !signal 2
says "SIGTERM ends it between two devices, after it told of the last one" 143 "pci/02: nvme -> vfio-pci.*pci/03: nvme -> vfio-pci" \
	rebind --all
check_equal "the rest is as it was" "02:vfio-pci 03:vfio-pci 04:nvme" "$(drivers)"
says "the next time it is moved" 0 "pci/04: nvme.*1 of 1 device moved" rebind --all

# ---- apply ----

start
device 02 nvme $vfio
device 03 nvme $vfio
in_use 03
says "apply leaves them" 0 "applied loader_test" "${apply[@]}"
check_equal "both" "02:nvme 03:nvme" "$(drivers)"
says "apply --rebind moves them, but not one in use" 10 "upgraded loader_test.*pci/02: nvme -> vfio-pci.*'pci/03' is in use.*1 of 2 devices moved, 1 in use" \
	"${apply[@]}" --rebind
check_equal "the policies are active all the same" "loader_test:1 other.v1:0" "$("$bxctl" !active)"
"$bxctl" detach --all >/dev/null
says "a hook decides without a name" 8 "'--rebind' needs an enforced policy" \
	apply --rebind --allow-unsigned "$objects/hook.bpf.o"
free 03

# ---- installed bundles, and the boot ----

start
write_bundle "$work/two" two 1.0 good other
device 02 nvme $vfio
says "install leaves them" 0 "installed two 1.0" install --allow-unsigned "$work/two"
says "and so does the boot" 0 "bundle two 1.0 .* is active already" boot
check_equal "it has its driver" "02:nvme" "$(drivers)"
says "enable --rebind moves them" 0 "enabled two.*pci/02: nvme -> vfio-pci.*1 of 1 device moved" enable --rebind two
device 03 nvme $vfio
device 04 nvme $vfio
in_use 04
says "from then on each boot does" 6 "note: 'pci/04' is in use: bxtest0 is up; 'bxctl rebind --force pci/04'.*bundle two: 1 of 2 devices that were bound before are rebound" boot
check_equal "except those in use" "02:vfio-pci 03:vfio-pci 04:nvme" "$(drivers)"
check_equal "status has the choice" true "$("$bxctl" --json status | jq .bundles[0].rebind)"
free 04
says "both at once is an error" 8 "'--rebind' and '--no-rebind' exclude each other" enable --rebind --no-rebind two
"$bxctl" enable --no-rebind two >/dev/null
says "until that is taken back" 0 "bundle two 1.0 .* is active already" boot
check_equal "it has its driver then" "04:nvme" "$(drivers | grep -o '04:.*')"
says "the choice for the boot does not need the kernel" 0 "enabled two .*for the next boot" enable --rebind --offline two
