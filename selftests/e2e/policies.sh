#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The policies in bpf/ do what their descriptions say: qemu-nvme with its exception by
# index, and the veto, which leaves other vendors alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh

pci=/sys/bus/pci/devices
pf=0000:01:00.0
sim=/sys/devices/bxsim

cleanup() {
	echo 0 >$pci/$pf/sriov_numvfs
	bxctl detach --all >/dev/null
}
driver_is() { [ "$(basename "$(readlink "$1/driver" || echo /none)")" = "$2" ]; }
on_pci() { driver_is "$pci/$1" "$2"; }
on_sf() { driver_is "/sys/bus/bx-sf/devices/$1" "$2"; }
decided() {
	bxctl devices --json --all --bus pci | jq -r --arg d "$1" \
		'.devices[] | select(.name == $d).decision | "\(.by) \(.driver)"'
}

ktap_plan 14
modprobe -a nvme bxsim
wait_until 30 test -e /sys/bus/pci/drivers/nvme/$pf

check qemu_nvme_applies bxctl apply --allow-unsigned build/bpf/qemu-nvme.bpf.o
echo 4 >$pci/$pf/sriov_numvfs
for vf in 1 2 3; do
	check "function_$((vf - 1))_goes_to_vfio" \
		wait_until 30 on_pci "0000:01:00.$vf" vfio-pci
done
check_equal function_3_is_kept_for_the_host 'select nvme' \
	"$(decided 0000:01:00.4)"
# nvme probes in its own thread, and fails
check function_3_is_not_with_vfio wait_until 30 on_pci 0000:01:00.4 none
check physical_function_stays_with_nvme on_pci $pf nvme
check_equal no_policy_decides_about_it kernel "$(decided $pf | cut -d' ' -f1)"

echo 'sf-legacy ids=*:*' >$sim/driver_add
echo 'sf-next ids=*:*' >$sim/driver_add
echo 'before 1d1d:1' >$sim/create
check without_the_veto_the_first_wins on_sf before sf-legacy
check veto_applies bxctl apply --allow-unsigned build/bpf/veto.bpf.o
echo 'after 1d1d:1' >$sim/create
echo 'other 2d2d:1' >$sim/create
check the_vetoed_driver_is_passed_over on_sf after sf-next
check other_vendors_are_left_alone on_sf other sf-legacy
check what_was_bound_stays on_sf before sf-legacy
bxctl rebind before >/dev/null
check rebind_moves_it on_sf before sf-next
