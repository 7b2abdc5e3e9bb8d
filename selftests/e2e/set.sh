#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# One line for one device, on qemu's devices with the kernel's drivers: set, refuse, unset, list,
# learn, expect, wait. The rule holds for the device that is plugged in again, and after a boot,
# before the first probe.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh
. selftests/lib/devices.sh
. selftests/lib/probes.sh

pci=/sys/bus/pci/devices
left=0000:01:00.0 right=0000:02:00.0	# NVMe, behind 00:08.0 and 00:09.0
card=0000:00:0d.0
file=/etc/bus_ext/rules.d/bxctl.rules
work=$(mktemp -d)

cleanup() {
	bxctl detach --all >/dev/null 2>&1 || true
	probes_end
	rm -rf "$work" /etc/bus_ext/rules.d
	unload nvme vfio_pci e1000e
}
replug() {
	echo 1 >"$pci/$1/remove"
	echo 1 >/sys/bus/pci/rescan
}
interface() { basename "$pci/$card"/net/*; }
rules() { grep -v '^#' $file || true; }

needs_modules nvme vfio-pci e1000e
probes_watch pci || ktap_skip_all "$probes_why"
ktap_plan 25
rm -rf /etc/bus_ext/rules.d
unload nvme vfio_pci e1000e	# another test may have loaded them
modprobe -a bus_ext nvme vfio-pci e1000e
check both_are_the_hosts becomes pci $left nvme
check card_is_the_hosts becomes pci $card e1000e
bxctl learn --bus pci >"$work/machine.rules"
check machine_is_as_it_was_learned bxctl expect "$work/machine.rules"

check set_moves_the_device bxctl set ${right#0000:} vfio-pci
check at_once driver_is pci $right vfio-pci
check_equal by_its_path "pci:v00001B36d00000010sv*sd*bc*sc*i* path=0000:00:09.0/00.0 driver=vfio-pci" "$(rules)"
check the_other_one_stays driver_is pci $left nvme
probes_clear
replug $right
check it_is_found_again becomes pci $right vfio-pci
check the_hosts_driver_was_not_probed probes_none $right nvme
check_equal explain_names_the_table "vfio-pci machine-pci" \
	"$(bxctl explain --json pci/$right | jq -r '.decision | "\(.driver) \(.policy)"')"
check list_shows_the_device eval "bxctl list | grep >/dev/null 'bxctl.rules:.*$right'"
check_fails machine_is_not_as_it_was bxctl expect "$work/machine.rules"
check_equal by_one_device "$right vfio-pci nvme" "$({ bxctl --json expect "$work/machine.rules" || true; } |
	jq -r '.differences[] | "\(.name) \(.driver) \(.expected)"')"

# a network card, by the name of its interface
interface=$(interface)
ip link set "$interface" up
check_fails interface_that_is_up_is_in_use bxctl refuse "$interface"
check_equal nothing_was_written 1 "$(rules | wc -l)"
check nothing_was_moved driver_is pci $card e1000e
ip link set "$interface" down
check refuse_takes_its_driver bxctl refuse "$interface" --by serial
check it_has_none driver_is pci $card none
replug $card
check and_gets_none driver_is pci $card none
check_equal no_probe_was_made "" "$(probes_list | grep "^$card e1000e probed" || true)"

# as after a boot
bxctl detach --all >/dev/null
check boot_makes_the_rules_active eval "bxctl boot 2>&1 | grep >/dev/null 'rules of this machine are active'"
check_equal all_of_them 2 "$(bxctl --json policies | jq '[.policies[] | select(.name == "machine-pci")] | length + 1')"

check unset_gives_it_back bxctl unset $right
check the_hosts_driver_comes_with_it bxctl wait $right --driver nvme --timeout 60
check_equal the_other_rule_stays 1 "$(rules | grep -c refuse)"
