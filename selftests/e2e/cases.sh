#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Uses that people have for it, on qemu's devices with the kernel's drivers: one of two
# identical controllers by its path, one of two cards by its serial number, all functions of
# a slot, a USB 2 controller with its companions, the vendor's driver or else the kernel's, anything but one driver, a driver whose
# module has another name, a driver in the kernel image, and a policy beside tools that write
# and clear driver_override.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh

pci=/sys/bus/pci/devices
objects=build/selftests/e2e
left=0000:01:00.0 right=0000:02:00.0		# NVMe, behind 00:08.0 and 00:09.0
absent=0000:00:0a.0 rejected=0000:00:0b.0	# RTL8139
multi=0000:00:0c others=0000:00:0d.0		# a network card and USB; a network card
virtio=0000:00:0e.0
blacklist=/etc/modprobe.d/cases.conf
companions=(0000:00:1d.0 0000:00:1d.1 0000:00:1d.2) ehci=0000:00:1d.7

cleanup() {
	rm -f $blacklist
	bxctl detach --all >/dev/null || true
}
driver_is() { [ "$(basename "$(readlink "$pci/$1/driver" || echo /none)")" = "$2" ]; }
becomes() { wait_until 30 driver_is "$1" "$2"; }
apply() { bxctl apply --allow-unsigned "$objects/cases-$1.bpf.o"; }
outcome() {
	bxctl explain --json "pci/$1" | jq -r '.decision | "\(.driver) \(.outcome)"'
}
# planned NAME DEVICE: where the driver is that the policy would choose
planned() {
	{ bxctl plan --json --allow-unsigned "$objects/cases-$1.bpf.o" || true; } |
		jq -r ".devices[] | select(.device.name == \"$2\") | \"\(.driver_source) \(.module)\""
}
# source_of DEVICE: where the driver is that was elected
source_of() { bxctl explain --json "pci/$1" | jq -r '.decision | "\(.driver_source) \(.module)"'; }
# all_are DRIVER: the companions
all_are() {
	local dev
	for dev in "${companions[@]}"; do driver_is "$dev" "$1" || return 1; done
}
replug() {
	local dev
	for dev; do echo 1 >"$pci/$dev/remove"; done
	echo 1 >/sys/bus/pci/rescan
}
group_of() { basename "$(readlink "$pci/$1/iommu_group")"; }
# Whether VFIO may use the group: each device in it is unbound, or bound to vfio-pci.
viable() {
	local dev
	for dev in "/sys/kernel/iommu_groups/$(group_of "$1")"/devices/*; do
		driver_is "$(basename "$dev")" none || driver_is "$(basename "$dev")" vfio-pci ||
			return 1
	done
}
# Probes of the driver that rejects the cards
wrong_probes() { dmesg | grep -c 'use 8139cp' || true; }
nr_ejected() { cat /sys/kernel/bus_ext/nr_ejected; }

# When ehci-pci is bound or unbound, usbcore takes the driver data of each companion for its own
# structure, whichever driver the companion has. What vfio-pci has there is harmless in 6.12;
# 7.3 takes a lock in it, and never gets it.
companions_can_be_with_vfio() { [[ $(uname -r) == 6.12.* ]]; }

# The group as a whole: none or all are moved
companions_move() {
	echo not-there >"$pci/$ehci/driver_override"
	check_fails controller_that_fails_keeps_the_group bxctl rebind --group "${companions[0]}"
	check companions_have_their_driver_again all_are uhci_hcd
	check so_has_the_controller driver_is $ehci ehci-pci
	echo >"$pci/$ehci/driver_override"
	check otherwise_all_are_moved bxctl rebind --group "${companions[2]}"
	check controller_has_moved driver_is $ehci vfio-pci
	check companions_have_moved all_are vfio-pci
	check vfio_may_use_them viable $ehci
	replug $ehci "${companions[@]}"
	check controller_is_the_guests_again becomes $ehci vfio-pci
	check so_are_its_companions wait_until 30 all_are vfio-pci
}

needs_modules nvme vfio-pci e1000e ehci_pci uhci_hcd 8139cp 8139too
ktap_plan 85
modprobe bus_ext
ejected=$(nr_ejected)

# one of two identical controllers
check_equal plan_finds_the_module_of_the_driver "loadable vfio_pci" "$(planned port $right)"
check_fails and_has_not_loaded_it grep -q '^vfio_pci ' /proc/modules
mkdir -p /etc/modprobe.d
echo blacklist vfio_pci >$blacklist
check_equal plan_knows_the_blacklist "blacklisted vfio_pci" "$(planned port $right)"
rm $blacklist
check port_applies apply port
modprobe -a nvme vfio-pci
check left_one_is_the_hosts becomes $left nvme
check right_one_is_a_guests becomes $right vfio-pci
check_equal its_driver_is_registered "registered vfio_pci" "$(source_of $right)"
wait_until 30 test -e /sys/class/nvme/nvme0
check_equal host_has_seen_no_other LEFT "$(xargs </sys/class/nvme/nvme0/serial)"
check_fails nor_a_second_controller test -e /sys/class/nvme/nvme1
replug $left $right
check left_one_is_found_again becomes $left nvme
check right_one_is_found_again becomes $right vfio-pci

# tools: they write an override, bind, and clear it
echo nvme >$pci/$right/driver_override
echo $right >$pci/$right/driver/unbind
echo $right >/sys/bus/pci/drivers_probe
check tool_binds_by_hand becomes $right nvme
echo >$pci/$right/driver_override
check_equal policy_decides_again "vfio-pci driver" "$(outcome $right)"
check device_is_listed_as_not_decided \
	eval "bxctl explain --json pci/$right | jq -e '.as_decided == false'"
bxctl reelect pci >/dev/null
check bound_one_is_left_alone driver_is $right nvme
check rebind_gives_it_back bxctl rebind $right
check to_the_guest driver_is $right vfio-pci
bxctl detach port >/dev/null

# one of two identical cards, by the number in it and not by its slot
serial_of() { bxctl explain --json "pci/$1" | jq -r .facts.serial; }
check_equal cards_differ_by_their_number "525400ffff0000b2 525400ffff0000a1" \
	"$(serial_of $others) $(serial_of $multi.0)"
check card_applies apply card
modprobe e1000e
check card_with_the_number_is_a_guests becomes $others vfio-pci
check card_with_another_one_is_the_hosts becomes $multi.0 e1000e
replug $others $multi.0
check it_is_found_again becomes $others vfio-pci
check and_the_other_one becomes $multi.0 e1000e
bxctl detach card >/dev/null
for dev in $others $multi.0; do echo "$dev" >"$pci/$dev/driver/unbind"; done
modprobe -r e1000e

# all functions of a slot
tries() { dmesg | grep -c "e1000e $multi" || true; }
tried=$(tries)
check slot_applies apply slot
modprobe e1000e
check other_slot_is_the_hosts becomes $others e1000e
check function_0_is_a_guests becomes $multi.0 vfio-pci
check function_1_is_a_guests becomes $multi.1 vfio-pci
check vfio_may_use_the_group viable $multi.0
replug $multi.0 $multi.1
check function_0_is_so_again_though_it_comes_first becomes $multi.0 vfio-pci
check function_1_is_so_again becomes $multi.1 vfio-pci
check_equal the_hosts_driver_was_not_tried "$tried" "$(tries)"
bxctl detach slot >/dev/null

# all of them are moved, or none
for dev in $multi.0 $multi.1; do echo "$dev" >"$pci/$dev/driver/unbind"; done
echo $multi.0 >/sys/bus/pci/drivers_probe
check function_0_was_bound_before becomes $multi.0 e1000e
apply slot >/dev/null
check function_1_was_not becomes $multi.1 vfio-pci
check_equal the_other_function_is_in_the_group "$multi.1" \
	"$(bxctl explain --json pci/$multi.0 | jq -r '.group[] | select(.slot).name')"
wait_until 30 test -e "$pci/$multi.0/net"
net=$(ls "$pci/$multi.0/net")
ip link set "$net" up
check_fails one_in_use_keeps_the_group bxctl rebind --group $multi.1
ip link set "$net" down
echo not-there >"$pci/$multi.1/driver_override"
check_fails one_that_fails_keeps_the_group bxctl rebind --group $multi.1
check function_0_has_its_driver_again becomes $multi.0 e1000e
check function_1_has_its_driver_again becomes $multi.1 vfio-pci
check_equal no_override_is_left_behind "(null) not-there" \
	"$(cat "$pci/$multi".[01]/driver_override | xargs)"
echo >"$pci/$multi.1/driver_override"
check otherwise_it_is_moved bxctl rebind --group $multi.1
check function_0_has_moved driver_is $multi.0 vfio-pci
check function_1_has_stayed driver_is $multi.1 vfio-pci
bxctl detach slot >/dev/null

# a controller and its companions, whose drivers differ
modprobe -a ehci_pci uhci_hcd
check controller_is_the_hosts becomes $ehci ehci-pci
check its_companions_have_another_driver wait_until 30 all_are uhci_hcd
check companions_applies apply companions
check_fails bound_ones_are_left_alone driver_is $ehci vfio-pci
check_equal each_is_decided_alike "vfio-pci driver" \
	"$(for dev in $ehci "${companions[@]}"; do outcome "$dev"; done | uniq)"
hub=$(printf '/dev/bus/usb/%03d/001' "$(cat "$pci/${companions[1]}"/usb*/busnum)")
exec 3<"$hub"
check companion_in_use_is_named eval \
	"{ bxctl rebind --group $ehci 2>&1 || true; } |
		grep -q 'pci/${companions[1]}. is in use: $hub is open'"
exec 3<&-
check controller_keeps_its_driver driver_is $ehci ehci-pci
check companions_keep_theirs all_are uhci_hcd
if companions_can_be_with_vfio; then
	companions_move
else
	for name in controller_that_fails_keeps_the_group companions_have_their_driver_again so_has_the_controller \
		otherwise_all_are_moved controller_has_moved companions_have_moved \
		vfio_may_use_them controller_is_the_guests_again \
		so_are_its_companions; do
		ktap_skip $name "usbcore of this kernel locks the data of vfio-pci"
	done
fi
bxctl detach companions >/dev/null
for dev in $ehci "${companions[@]}"; do echo "$dev" >"$pci/$dev/driver/unbind"; done
modprobe -r -a ehci_pci uhci_hcd

# a driver whose module has another name
check_fails module_is_not_loaded grep -q '^xhci_pci ' /proc/modules
check_equal device_leads_to_a_module_that_may_have_it "possible xhci_pci" "$(planned usb $multi.1)"
check usb_applies apply usb
bxctl rebind "$multi.1" >/dev/null || true
check module_is_found_by_the_device becomes $multi.1 xhci_hcd
check_equal explain_names_the_module xhci_pci \
	"$(bxctl explain --json "pci/$multi.1" | jq -r .decision.module)"
bxctl detach usb >/dev/null

# the vendor's driver, else the kernel's
check else_applies apply else
modprobe -a 8139cp 8139too
for dev in $absent $rejected; do
	driver_is "$dev" none || echo "$dev" >"$pci/$dev/driver/unbind"
done
bxctl reelect pci >/dev/null
check absent_driver_leaves_it_to_the_next becomes $absent 8139cp
check_equal explain_finds_no_module_for_it none "$(bxctl explain --json "pci/$absent" |
	jq -r '.opinions[] | select(.driver == "acme-net").driver_source')"
check rejected_card_goes_to_the_next becomes $rejected 8139cp
check_equal nothing_was_ejected_for_it "$ejected" "$(nr_ejected)"
check policy_is_still_there eval "bxctl policies | grep >/dev/null vendor_else"
bxctl detach vendor_else >/dev/null

# anything but one driver, whichever module is loaded first
modprobe -r -a 8139too 8139cp
wrong=$(wrong_probes)
check not_applies apply not
modprobe -a 8139too 8139cp
check other_driver_gets_the_card becomes $absent 8139cp
check and_its_sibling becomes $rejected 8139cp
modprobe -r -a 8139too 8139cp
modprobe -a 8139cp 8139too
check in_the_other_order_too becomes $absent 8139cp
echo $absent >$pci/$absent/driver/unbind
check_fails vetoed_driver_cannot_be_bound_by_hand \
	eval "echo $absent >/sys/bus/pci/drivers/8139too/bind"
check log_says_who_vetoes_it \
	eval "dmesg | grep >/dev/null \"driver '8139too' is refused: policy 'not_too' vetoes it\""
check_equal it_was_never_probed "$wrong" "$(wrong_probes)"
check explain_shows_the_veto \
	eval "bxctl explain pci/$absent | grep >/dev/null '8139too.*vetoed by policy'"
check_equal override_is_not_written "(null)" "$(cat $pci/$absent/driver_override)"
bxctl detach not_too >/dev/null

# a driver in the kernel image
check built_in_driver_was_first driver_is $virtio virtio-pci
check built_in_applies apply built-in
check_fails status_says_that_it_is_not_as_decided bxctl status
check status_names_its_driver_and_the_decided_one eval "{ bxctl status || true; } |
	grep -q 'pci/$virtio is not as decided: bound before the policy: has virtio-pci, decided vfio-pci'"
check apply_with_rebind_moves_it bxctl apply --rebind --allow-unsigned "$objects/cases-built-in.bpf.o"
check to_the_policys_driver driver_is $virtio vfio-pci
