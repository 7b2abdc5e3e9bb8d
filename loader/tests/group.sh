#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Groups: the functions of a card, and an IOMMU group, are rebound as a whole or not at all;
# explain shows them, and plan warns of groups that it would divide. Runs on the host, with the
# tests' own kernel (native/bxctl.c).
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
on_fake_kernel
# shellcheck disable=SC2154 # of on_fake_kernel
sys=$work/kernel/sys

cleanup() {
	rm -rf "$work"
}

# device NAME DRIVER NOW: in the kernel and in sysfs
device() {
	"$bxctl" !device "$@"
	mkdir -p "$sys/devices/pci0/$1" "$sys/bus/pci/devices"
	: >"$sys/devices/pci0/$1/driver_override"
	ln -sfn "../../../devices/pci0/$1" "$sys/bus/pci/devices/$1"
}

# An interface of it is up
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

overrides() {
	cat "$sys"/devices/pci0/*/driver_override | tr -d '\n'
}

start() {
	rm -rf "$work/kernel"
	mkdir -p "$work"/{etc,tmp,kernel,lib}
	"$bxctl" !boot >/dev/null
	"$bxctl" !decide '' kernel:none: kernel:none:
}

# cards SECOND: a card of three functions, whose second one has the election SECOND, and
# another card
cards() {
	start
	device 02.0 ehci $vfio
	device 02.1 uhci "$1"
	device 02.2 uhci $vfio
	device 03.0 nvme $vfio
	"$bxctl" apply --allow-unsigned "$objects/good.bpf.o" >/dev/null 2>&1
}

vfio=select:driver:vfio-pci:loader_test

ktap_plan 22

# ---- the functions of a card ----

cards $vfio
says "explain shows the other functions" 0 "group +pci/02.1 \(same card, driver uhci\).group +pci/02.2 \(same card, driver uhci\)" explain pci/02.0
check_equal "in JSON too" '["02.1","02.2"]' "$("$bxctl" --json explain 02.0 | jq -c '[.group[].name]')"
says "a device by itself has none" 0 "driver +nvme" explain 03.0
says "a dry run shows what would be moved" 2 "pci/02.0: ehci -> vfio-pci, would be moved.*pci/02.2" rebind --group --dry-run 02.1
in_use 02.2
says "one in use keeps all of them" 10 "the group of 'pci/02.0' keeps its drivers: 'pci/02.2' is in use: bxtest0 is up; 'bxctl rebind --group --force pci/02.0' rebinds them" \
	rebind --group 02.0
check_equal "nothing was moved" "02.0:ehci 02.1:uhci 02.2:uhci 03.0:nvme" "$(drivers)"
says "JSON has the uses of all" 10 '"holders": \[.*"node": "bxtest0"' rebind --json --group 02.0
free 02.2
says "all are moved" 0 "pci/02.0: ehci -> vfio-pci.*pci/02.1: uhci -> vfio-pci.*pci/02.2: uhci -> vfio-pci" rebind --group 02.1
check_equal "and no other" "02.0:vfio-pci 02.1:vfio-pci 02.2:vfio-pci 03.0:nvme" "$(drivers)"
says "a second time there is nothing to do" 0 "every device of the group is as decided" rebind --group 02.1
says "a group needs a device" 8 "'--group' needs a DEVICE" rebind --group --all

# ---- a failure ----

cards select:driver:broken:loader_test
says "after a failure all have their drivers again" 6 "the group of 'pci/02.0' has its drivers again, since one device was not moved: 'pci/02.1' has no driver now: the probe of 'broken' failed" \
	rebind --group 02.0
check_equal "those before, and the one that failed" "02.0:ehci 02.1:uhci 02.2:uhci 03.0:nvme" "$(drivers)"
check_equal "no override is left" "" "$(overrides)"
says "status shows them as before" 6 "device pci/02.0 is not as decided" status
rm "$sys/devices/pci0/02.0/driver_override"
says "one that cannot be put back is named" 6 "the group of 'pci/02.0' was not moved: .*; 'pci/02.0' did not get its driver 'ehci' back: cannot write '.*driver_override'" \
	rebind --group 02.0
check_equal "the others are put back" "02.0:vfio-pci 02.1:uhci 02.2:uhci 03.0:nvme" "$(drivers)"

# ---- an IOMMU group ----

cards $vfio
"$bxctl" !group 03.0 5
"$bxctl" !group 02.1 5
says "explain shows the IOMMU group" 0 "group +pci/02.1 \(same IOMMU group, driver uhci\)" explain 03.0
says "it is moved as well" 0 "pci/02.1: uhci -> vfio-pci.*pci/03.0: nvme -> vfio-pci" rebind --group 03.0
check_equal "without the rest of the card" "02.0:ehci 02.1:vfio-pci 02.2:uhci 03.0:vfio-pci" "$(drivers)"
start
device 02.0 nvme $vfio
device 03.0 e1000e kernel:none:e1000e
"$bxctl" !group 02.0 7
"$bxctl" !group 03.0 7
says "a plan warns of a group that it would divide" 2 "IOMMU group 7: VFIO will refuse pci/02.0, since pci/03.0 would have driver e1000e" \
	plan --allow-unsigned "$objects/good.bpf.o"
check_equal "in JSON too" '[{"iommu_group":7,"vfio":"02.0","host":"03.0","driver":"e1000e"}]' \
	"$("$bxctl" --json plan --allow-unsigned "$objects/good.bpf.o" | jq -c .divided_groups)"
