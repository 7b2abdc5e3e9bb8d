#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Rules for the virtual functions of qemu's NVMe controller, by their index: some for guests,
# one for no driver, the others for the host. The host's driver is there first, and probes none
# of the others, also when the functions come again after the rules have changed. Then a bus
# of bus_ext's own, with scores.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh
. selftests/lib/probes.sh

pci=/sys/bus/pci/devices
for pf in "$pci"/*/sriov_totalvfs; do :; done
pf=${pf%/*}
file=$(mktemp) sim=/sys/devices/bxsim

cleanup() {
	echo 0 >"$pf/sriov_numvfs"
	bxctl detach --all >/dev/null 2>&1 || true
	probes_end
	rm -f "$file"
}
vf() { basename "$(readlink "$pf/virtfn$1")"; }
driver_is() { [ "$(basename "$(readlink "$pci/$1/driver" || echo /none)")" = "$2" ]; }
becomes() { wait_until 30 driver_is "$1" "$2"; }
rules() {
	printf '%s\n' "$@" >"$file"
	bxctl rules apply "$file"
}
functions() {
	echo 0 >"$pf/sriov_numvfs"
	probes_clear
	echo 4 >"$pf/sriov_numvfs"
	local i
	for i in 0 1 2 3; do wait_until 30 test -e "$pf/virtfn$i" || return; done
}
sf_is() {
	[ "$(basename "$(readlink "/sys/bus/bx-sf/devices/$1/driver" || echo /none)")" = "$2" ]
}
on_sf() { wait_until 30 sf_is "$@"; }
outcome() { bxctl explain --json "pci/$1" | jq -r '.decision | "\(.driver) \(.outcome)"'; }

not_probed() {
	probes_none "$(vf 0)" && probes_none "$(vf 1)" nvme && probes_none "$(vf 3)" nvme
}

[ -e "$pf/sriov_totalvfs" ] || ktap_skip_all "no controller with virtual functions"
probes_watch pci || ktap_skip_all "$probes_why"
ktap_plan 24
modprobe -a bus_ext nvme vfio-pci
ejected=$(cat /sys/kernel/bus_ext/nr_ejected)

check rules_apply rules \
	"pci:v00001B36d00000010*  virtfn  vf-index=0-1             driver=vfio-pci" \
	"pci:v00001B36d00000010*  virtfn  vf-index=2               refuse" \
	"pci:v00001B36d00000010*  virtfn  vf-index=7,9 priority=5  refuse"
check functions_come functions
check function_0_is_a_guests becomes "$(vf 0)" vfio-pci
check function_1_is_a_guests becomes "$(vf 1)" vfio-pci
check_equal function_2_is_refused "null refused" "$(outcome "$(vf 2)")"
check host_tries_function_3 wait_until 30 probes_tried "$(vf 3)" nvme
check the_hosts_driver_has_not_probed_function_0 probes_none "$(vf 0)" nvme
check nor_function_1 probes_none "$(vf 1)" nvme
check nor_function_2 probes_none "$(vf 2)"
check function_2_has_no_driver driver_is "$(vf 2)" none
check the_controller_is_the_hosts becomes "$(basename "$pf")" nvme

# the same functions after a change
check a_change_applies rules \
	"pci:v00001B36d00000010*  virtfn  vf-index=0               refuse" \
	"pci:v00001B36d00000010*  virtfn  vf-index=1-3             driver=vfio-pci"
check bound_ones_keep_their_driver driver_is "$(vf 0)" vfio-pci
check functions_come_again functions
check function_3_is_a_guests_now becomes "$(vf 3)" vfio-pci
check function_0_is_refused_now driver_is "$(vf 0)" none
check the_hosts_driver_has_probed_none not_probed
# a bus of bus_ext's own: without a rule, the first driver wins
modprobe bxsim
for name in sf-first sf-second sf-third; do echo "$name ids=*:*" >$sim/driver_add; done
check rules_for_it_apply rules \
	"bus_ext:bx-sf:v00001D1Dd00000001*           driver=sf-second" \
	"bus_ext:bx-sf:v00002D2D*                    score=sf-third:100" \
	"* bus=bx-sf                       name=x*   refuse"
for device in 'one 1d1d:1' 'two 2d2d:1' 'xthree 3d3d:1' 'four 4d4d:1'; do
	echo "$device" >$sim/create
done
check ids_decide on_sf one sf-second
check a_score_decides on_sf two sf-third
check a_name_is_refused on_sf xthree none
check others_are_left_to_the_drivers on_sf four sf-first
check_equal pci_has_no_rules_now rules-bx-sf "$(bxctl --json policies | jq -r '.policies[].name')"
check_equal nothing_was_ejected "$ejected" "$(cat /sys/kernel/bus_ext/nr_ejected)"
