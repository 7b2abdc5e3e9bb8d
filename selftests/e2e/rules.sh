#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Rules on qemu's devices with the kernel's drivers: one of two identical controllers by its
# path, one of two cards by its serial number, one of two serial adapters on usb, and a table
# that changes. A rule counts before the first probe, and no table ejects the policy.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh
. selftests/lib/probes.sh

pci=/sys/bus/pci/devices usb=/sys/bus/usb/devices
left=0000:01:00.0 right=0000:02:00.0	# NVMe, behind 00:08.0 and 00:09.0
card=0000:00:0d.0 other=0000:00:0c.0	# e1000e
work=$(mktemp -d)
file=$work/t.rules

unload() {
	modprobe -r -a ftdi_sio usbserial nvme e1000e xhci_pci xhci_hcd usbcore 2>/dev/null || true
}
cleanup() {
	bxctl detach --all >/dev/null 2>&1 || true
	probes_end
	rm -rf "$work"
	unload
}
driver_of() { basename "$(readlink "$1/driver" || echo /none)"; }
driver_is() { [ "$(driver_of "$1")" = "$2" ]; }
becomes() { wait_until 30 driver_is "$1" "$2"; }
# rules LINE...: activates these
rules() {
	printf '%s\n' "$@" >"$file"
	bxctl rules apply "$file"
}
applied() { bxctl --json rules apply "$file" | jq -r "$1"; }
outcome() { bxctl explain --json "$1" | jq -r '.decision | "\(.driver) \(.outcome) \(.policy)"'; }
ejected() { cat /sys/kernel/bus_ext/nr_ejected; }
adapter() {
	local dev
	for dev in "$usb"/*-*; do
		[ "$(cat "$dev/serial" 2>/dev/null)" = "$1" ] || continue
		basename "$dev"
	done
}
has_adapter() { [ -n "$(adapter "$1")" ]; }
replug() {
	local dev
	for dev; do echo 1 >"$pci/$dev/remove"; done
	echo 1 >/sys/bus/pci/rescan
}
pins() { find /sys/fs/bpf/bus_ext/rules -mindepth 2 -maxdepth 2 -printf '%f ' 2>/dev/null || true; }

needs_modules nvme vfio-pci e1000e xhci_pci ftdi_sio
probes_watch pci usb || ktap_skip_all "$probes_why"
ktap_plan 42
unload
modprobe bus_ext
before=$(ejected)

# before the drivers and the bus usb are there
check rules_apply rules \
	"pci:v00001B36d00000010*  path=0000:00:09.0/00.0       driver=vfio-pci" \
	"pci:v00008086d000010D3*  serial=525400ffff0000b2      driver=no-such-driver,vfio-pci" \
	"usb:v0403p6001*          serial=AAA                   refuse"
check_equal a_policy_for_each_bus "rules-pci pci 1 rules-usb usb 1" \
	"$(bxctl --json policies | jq -r '.policies[] | "\(.name) \(.bus) \(.version)"' | xargs)"
modprobe -a nvme vfio-pci e1000e
check left_one_is_the_hosts becomes $pci/$left nvme
check right_one_is_a_guests becomes $pci/$right vfio-pci
check_equal explain_says_so "vfio-pci driver rules-pci" "$(outcome pci/$right)"
check the_hosts_driver_was_not_probed_there probes_none $right nvme
check card_with_the_number_is_a_guests becomes $pci/$card vfio-pci
check the_hosts_driver_was_not_probed_there_either probes_none $card e1000e
check card_with_another_one_is_the_hosts becomes $pci/$other e1000e
replug $left $right
check left_one_is_found_again becomes $pci/$left nvme
check right_one_is_found_again becomes $pci/$right vfio-pci
check still_without_a_wrong_probe probes_none $right nvme

# a bus where drivers are refused at binding
modprobe -a xhci_pci ftdi_sio
check adapters_come eval 'wait_until 30 has_adapter AAA && wait_until 30 has_adapter BBB'
check adapter_bbb_is_the_hosts becomes "$usb/$(adapter BBB):1.0" ftdi_sio
check_equal adapter_aaa_is_refused "null refused rules-usb" "$(outcome "usb/$(adapter AAA):1.0")"
check no_driver_was_probed_there probes_none "$(adapter AAA):1.0" ftdi_sio
check adapter_aaa_has_no_driver driver_is "$usb/$(adapter AAA):1.0" none

# a change by the difference
check_equal same_rules_write_nothing "2 0 false" "$(applied '"\(.generation) \(.written) \(.remade)"')"
sed -i s/AAA/BBB/ "$file"
check_equal one_rule_writes_few_entries "3 true false" \
	"$(applied '"\(.generation) \(.written > 0 and .written < 9) \(.remade)"')"
check_equal the_other_adapter_is_refused_now "null refused rules-usb" \
	"$(outcome "usb/$(adapter BBB):1.0")"
check aaa_gets_its_driver becomes "$usb/$(adapter AAA):1.0" ftdi_sio
check bound_one_keeps_it driver_is "$usb/$(adapter BBB):1.0" ftdi_sio
check the_same_maps_are_used test "$(pins)" = "1 "
check_equal pci_is_as_before "vfio-pci driver rules-pci" "$(outcome pci/$right)"

# a bus without rules, and more rules than there is room for
check fewer_rules_apply rules "pci:v00001B36d00000010*  path=0000:00:09.0/00.0  driver=vfio-pci"
check_equal usb_has_no_policy rules-pci "$(bxctl --json policies | jq -r '.policies[].name')"
for i in {1..3000}; do
	printf 'pci:v00001234d%08X*  driver=nvme\n' "$i"
done >>"$file"
check_equal many_rules_have_new_maps "5 true 3001" "$(applied '"\(.generation) \(.remade) \(.rules)"')"
check_equal the_old_maps_are_removed "5 " "$(pins)"
check_equal right_one_is_still_decided "vfio-pci driver rules-pci" "$(outcome pci/$right)"

# a trial, and errors
echo 'pci:* driver=a/b' >"$file"
check_fails invalid_driver_is_refused bxctl rules apply "$file"
echo 'pci:*  serial=1  group=slot  refuse' >"$file"
check_fails fact_of_other_members_is_refused bxctl rules apply "$file"
check_equal nothing_changes "5 vfio-pci driver rules-pci" \
	"$(bxctl --json policies | jq -r '.policies[].version') $(outcome pci/$right)"

# a group: the function with the number decides for both
check group_applies rules "pci:v00008086d000010D3*  name=0000:00:0c.0  group=slot  refuse"
check_equal function_0_is_refused "null refused rules-pci" "$(outcome pci/0000:00:0c.0)"
check_equal function_1_too "null refused rules-pci" "$(outcome pci/0000:00:0c.1)"
check_equal another_slot_is_not "null" "$(bxctl explain --json pci/$card | jq -r .decision.policy)"

# killed before a step that others see: one table or the other is active, and the next
# command recovers
old='pci:v00008086d000010D3*  serial=525400ffff0000b2  refuse'
new='pci:v00008086d000010D3*  serial=525400ffff0000b2  driver=vfio-pci'
many=$(for i in {1..300}; do printf 'pci:v00001234d%08X*  driver=nvme\n' "$i"; done)
# killed_at STEP LINE...: applies these and is killed; the status
killed_at() {
	local step=$1 status=0
	shift
	printf '%s\n' "$@" >"$file"
	build/loader/tests/killat "$step" bxctl rules apply "$file" >/dev/null 2>&1 || status=$?
	return $status
}
# survives LINE...: every third step, or with BX_KILL_STEPS=all each
survives() {
	local step=1 status seen='' now stride=3
	[ "${BX_KILL_STEPS:-}" != all ] || stride=1
	while :; do
		rules "$old" >/dev/null || return
		status=0
		killed_at "$step" "$@" || status=$?
		now=$(outcome pci/$card)
		case $now in
		"null refused rules-pci") seen+=b ;;
		"vfio-pci driver rules-pci") seen+=a ;;
		*)
			echo "# step $step: $now"
			return 1
			;;
		esac
		[ "$status" = 99 ] || break
		step=$((step + stride))
	done
	echo "# $step steps, $seen"
	[[ $seen == *b*a ]] && rules "$old" >/dev/null && [ "$(pins | wc -w)" = 1 ]
}
check a_killed_change_is_all_or_nothing survives "$new"
check with_new_maps_too survives "$new" "$many"
check_equal nothing_is_left_of_it "$(bxctl --json policies | jq -r '.policies[].version')" \
	"$(bxctl --json policies | jq -r '.policies | map(select(.stage == "active"))[].version')"

# no rules
: >"$file"
check empty_file_deactivates bxctl rules apply "$file"
check_equal no_policy_and_no_map "" "$(bxctl --json policies | jq -r '.policies[].name')$(pins)"
check_equal nothing_was_ejected "$before" "$(ejected)"
