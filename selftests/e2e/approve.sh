#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The bundle hotplug and 'bxctl approve', with USB devices of this test's own (usbdev.c) and
# the kernel's drivers: a disk that is plugged in later gets no driver until it is approved,
# another device with its ids and serial number never, and keyboards that were there at boot
# stay.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh
. selftests/lib/devices.sh
. selftests/lib/probes.sh

bundle=/tmp/hotplug
booted=/sys/module/bus_ext/parameters/booted
bus=/sys/bus/usb/devices
declare -A plugged

cleanup() {
	local port
	for port in "${!plugged[@]}"; do unplug "$port"; done
	bxctl remove hotplug >/dev/null || true
	bxctl detach --all >/dev/null 2>&1 || true
	rm -rf /etc/bus_ext/rules.d /etc/bus_ext/approved
	probes_end
	unload usbhid hid_generic usb_storage vhci_hcd usbip_core
	rm -rf "$bundle"
}

# plug PORT KIND SERIAL PRODUCT: the ports of vhci_hcd's first hub are counted from 0
plug() {
	build/selftests/e2e/usbdev "$@" &
	plugged[$1]=$!
	wait_until 30 test -e "$bus/$(at "$1")" || ktap_diag "no device at $(at "$1")"
}
is_gone() { [ ! -e "$bus/$(at "$1")" ]; }
unplug() {
	kill "${plugged[$1]}" || true
	wait "${plugged[$1]}" 2>/dev/null || true
	unset "plugged[$1]"
	wait_until 30 is_gone "$1"
}
at() { echo "$hub-$(($1 + 1))"; }

# The driver usb was tried for the device, and not probed: it has no configuration.
is_refused() {
	wait_until 30 probes_tried "$(at "$1")" usb &&
		driver_is usb "$(at "$1")" none &&
		! ls "$bus/$(at "$1"):"* 2>/dev/null
}
has() { becomes usb "$(at "$1"):1.$2" "$3"; }
fact() { bxctl --json explain "usb/$(at "$1")" | jq -r ".facts.$2"; }
approved() { bxctl --json status | jq -c '.bundles[0].settings[] | select(.name == "approved").value'; }
# says NAME STATUS REGEX ARGUMENT...
says() {
	local output status=0
	output=$(bxctl "${@:4}" 2>&1) || status=$?
	check_match "$1" "^$2 .*$3" "$status ${output//$'\n'/ }"
}

needs_modules usbcore usbhid hid_generic usb_storage vhci_hcd
ktap_plan 69
modprobe bus_ext
modprobe -a usbcore usbhid hid_generic usb_storage vhci_hcd
probes_watch usb || ktap_skip_all "$probes_why"
cp -r bpf/bundles/hotplug "$bundle"
cp build/bpf/bundles/hotplug/*.bpf.o "$bundle"
hub=$(device_at '/sys/devices/platform/vhci_hcd.0/usb*')	# the second one is for USB 3
hub=${hub#usb}

# --- at boot
check bundle_is_installed bxctl install --allow-unsigned "$bundle"
plug 0 keyboard K1 Keyboard
check keyboard_at_boot_gets_its_driver has 0 0 usbhid
plug 1 both K2 "Keyboard with a disk"
check so_does_another_one has 1 0 usbhid
check with_all_of_its_interfaces has 1 1 usb-storage
unit=$(sed -n 's/^ExecStart=//p' boot/bus_ext-booted.service.in)
eval "$unit"
check_equal the_unit_ends_the_boot Y "$(cat "$booted")"

# --- later
plug 2 disk D1 Disk
check disk_that_comes_later_is_refused is_refused 2
check no_driver_of_an_interface_was_probed probes_none "$(at 2):1.0"
says explain_names_the_command 0 "it waits for an approval: 'bxctl approve usb/$(at 2)'" \
	explain "usb/$(at 2)"
check_equal so_does_json true "$(bxctl --json explain "usb/$(at 2)" | jq .approvable)"
print=$(fact 2 fingerprint)
check_match it_has_a_fingerprint '^[0-9a-f]{64}$' "$print"
says list_shows_what_waits 0 "waits +usb/$(at 2) +hotplug +$print +bus_ext Disk, serial D1, interfaces :080650:" \
	approve --list

# --- approve
says another_fingerprint_is_refused 6 "its fingerprint is $print, and not a{64}: it is another device" \
	approve "$(at 2)" --fingerprint "$(printf 'a%.0s' {1..64})"
says one_that_is_none_as_well 8 "'abc' is not a fingerprint: it must have 64 hex" approve "$(at 2)" --fingerprint abc
says an_unplugged_device_cannot_be_approved 8 "no device .9-9" approve usb/9-9
says nor_one_without_a_fingerprint 4 "it has no fingerprint" approve platform/vhci_hcd.0
check_equal nothing_is_approved_yet '[]' "$(approved)"
check and_the_disk_is_still_refused is_refused 2
unplug 0	# it is not there while the policies are replaced
says the_disk_is_approved 0 "bus_ext Disk, serial D1, interfaces :080650: fingerprint $print approved in bundle hotplug: usb" \
	approve "usb/$(at 2)" --fingerprint "${print^^}"
check and_gets_its_driver has 2 0 usb-storage
check_equal the_bundle_keeps_it "[\"$print\"]" "$(approved)"
says a_second_time_nothing_changes 0 "already approved in bundle hotplug" approve "$(at 2)"
check_equal json_has_the_parts "false true hotplug $print D1" \
	"$(bxctl --json approve "$(at 2)" | jq -r '"\(.changed) \(.approved) \(.bundle) \(.fingerprint) \(.serial)"')"
says list_shows_the_approval 0 "approved +usb/$(at 2) +hotplug +$print" approve --list

# --- the approved device comes back, and others with its ids and serial number
unplug 2
says list_shows_it_without_the_device 0 "approved +- +hotplug +$print" approve --list
plug 3 disk D1 Disk
check at_another_port_it_is_approved has 3 0 usb-storage
unplug 3
probes_clear
plug 2 disk D1 "Disk 2"
check another_text_is_another_device is_refused 2
says that_cannot_be_approved_in_its_place 6 "its fingerprint is .*, and not $print" \
	approve "$(at 2)" --fingerprint "$print"
unplug 2
probes_clear
plug 2 both D1 Disk
check another_interface_as_well is_refused 2
check no_interface_of_it_was_probed probes_none "$(at 2):1.*"
unplug 2
probes_clear
plug 2 disk D2 Disk
check another_serial_number_as_well is_refused 2
unplug 2

# --- keyboards
plug 0 keyboard K1 Keyboard
check keyboard_of_the_boot_comes_back has 0 0 usbhid
unplug 1
probes_clear
plug 4 both K2 "Keyboard with a disk"
check the_other_one_comes_back_as_a_keyboard has 4 0 usbhid
check its_disk_was_tried wait_until 30 probes_tried "$(at 4):1.1" usb-storage
check and_not_probed probes_none "$(at 4):1.1"
says an_interface_can_be_named 0 "approved in bundle hotplug" approve "usb/$(at 4):1.1"
check then_the_disk_is_there has 4 1 usb-storage
probes_clear
plug 5 keyboard K3 Keyboard
check a_new_keyboard_is_refused is_refused 5
unplug 5

# --- revoke
plug 2 disk D1 Disk
check the_disk_is_there_again has 2 0 usb-storage
says its_approval_is_revoked 0 "no longer approved: $print .*a bound device keeps its driver" \
	approve --revoke "$print"
check_equal it_is_not_in_the_list 1 "$(approved | jq length)"
says rebind_unbinds_it 0 "usb -> none" rebind "usb/$(at 2)"
check and_its_interfaces_are_gone test ! -e "$bus/$(at 2):1.0"
says to_revoke_it_again_changes_nothing 0 "$print is not approved" approve --revoke "$(at 2)"
unplug 2
probes_clear
plug 2 disk D1 Disk
check it_is_refused_when_it_comes_back is_refused 2

# --- the limits of a list
many=$(for i in {1..64}; do printf "%s%064d" "${sep:-}" "$i"; sep=,; done)
check sixty_four_approvals_are_verified bxctl enable hotplug --set "approved=$many"
says one_more_is_an_error 4 "there are too many items; it must be a list of up to 64" approve "$(at 2)"
check_equal which_changes_nothing 64 "$(approved | jq length)"
check keyboard_is_still_there driver_is usb "$(at 0):1.0" usbhid
check it_is_not_locked_out_where_nothing_at_boot_is_trusted \
	bxctl enable hotplug --set at_boot=keyboards --set approved=
unplug 0
plug 0 keyboard K1 Keyboard
check it_comes_back_there_too has 0 0 usbhid
check a_disabled_bundle_refuses_nothing bxctl disable hotplug
check the_disk_comes_up has 2 0 usb-storage

# --- the same by a rule, without a bundle
unplug 2
mkdir -p /etc/bus_ext/rules.d
echo '* bus=usb class=storage refuse until=approved' >/etc/bus_ext/rules.d/60-usb.rules
check rule_is_active bxctl boot
probes_clear
plug 2 disk D1 Disk
check rule_refuses_the_disk is_refused 2
check no_driver_of_it_was_probed probes_none "$(at 2):1.0"
check keyboard_is_not_concerned driver_is usb "$(at 0):1.0" usbhid
says explain_names_the_command_for_a_rule 0 "it waits for an approval: 'bxctl approve usb/$(at 2)'" \
	explain "usb/$(at 2)"
says list_shows_what_waits_for_a_rule 0 "waits +usb/$(at 2) +- +$print" approve --list
says disk_is_approved_for_the_rule 0 "approved in the list of the machine: usb" approve "$(at 2)"
check and_gets_its_driver_again has 2 0 usb-storage
says rule_does_not_match_it 0 "60-usb.rules:1.* approved" rules explain /etc/bus_ext/rules.d/60-usb.rules "usb/$(at 2)"
unplug 2
probes_clear
plug 2 disk D2 Disk
check rule_refuses_another_serial_number is_refused 2
unplug 2
bxctl detach --all >/dev/null
check approval_is_there_after_a_boot bxctl boot
plug 3 disk D1 Disk
check and_at_another_port has 3 0 usb-storage
says it_is_revoked 0 "no longer approved: $print" approve --revoke "$print"
unplug 3
probes_clear
plug 2 disk D1 Disk
check rule_refuses_it_again is_refused 2
echo "$print" >/etc/bus_ext/approved
chmod 666 /etc/bus_ext/approved
says file_of_others_approves_nothing 0 "no device is approved: others can write" boot
unplug 2
probes_clear
plug 2 disk D1 Disk
check the_disk_is_refused_then is_refused 2
check keyboard_was_there_all_the_time driver_is usb "$(at 0):1.0" usbhid
