#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Virtual functions of a network card between igbvf and vfio-pci, by the bundle intel-igb. The card
# is Intel's 82576, which qemu has from 8.1 on; its drivers are the kernel's.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh
. selftests/lib/devices.sh
. selftests/lib/probes.sh

pci=/sys/bus/pci/devices
bundle=bpf/bundles/intel-igb

cleanup() {
	echo 0 >"$pci/$pf/sriov_numvfs"
	bxctl remove intel-igb >/dev/null 2>&1 || true
	probes_end
	rm -rf /var/lib/bus_ext/bundles
	unload igbvf vfio_pci igb
}
find_card() {
	local dev
	for dev in "$pci"/*; do
		if [ "$(<"$dev/vendor") $(<"$dev/device")" = "0x8086 0x10c9" ]; then
			pf=${dev##*/}
			return
		fi
	done
	ktap_skip_all "no igb: this qemu has none"
}
vf() { basename "$(readlink "$pci/$pf/virtfn$1")"; }
has() { becomes pci "$(vf "$1")" "$2"; }
functions() {
	local i
	echo 0 >"$pci/$pf/sriov_numvfs"
	probes_clear
	echo 7 >"$pci/$pf/sriov_numvfs"
	for i in {0..6}; do wait_until 30 test -e "$pci/$pf/virtfn$i" || return; done
}
# only DRIVER INDEX...: these functions have the driver, and no other was probed on them
only() {
	local driver=$1 i
	shift
	for i; do has "$i" "$driver" && probes_only "$(vf "$i")" "$driver" || return; done
}
interfaces() {
	local all=("$pci/$pf"/virtfn*/net/*)
	echo "${#all[@]}"
}
has_interfaces() { [ "$(interfaces)" = "$1" ]; }

pf=
find_card
probes_watch pci || ktap_skip_all "$probes_why"
shopt -s nullglob
ktap_plan 15
unload igbvf vfio_pci igb
modprobe -a bus_ext igb igbvf vfio-pci
check card_is_the_hosts becomes pci "$pf" igb
check cases_of_the_bundle_hold bxctl test --allow-unsigned ./$bundle
check it_is_installed bxctl install --allow-unsigned ./$bundle
check functions_come functions
check guests_functions_are_theirs only vfio-pci 0 1 2 3
check others_are_the_hosts only igbvf 4 5 6
check these_have_interfaces wait_until 30 has_interfaces 3
check card_keeps_its_driver driver_is pci "$pf" igb
check settings_change bxctl enable intel-igb --set first=5 --set last=6
check bound_functions_keep_their_driver driver_is pci "$(vf 0)" vfio-pci
check functions_come_again functions
check guests_have_others only vfio-pci 5 6
check host_has_the_rest only igbvf 0 1 2 3 4
check without_the_bundle bxctl remove intel-igb
functions
check all_are_the_hosts only igbvf 0 1 2 3 4 5 6
