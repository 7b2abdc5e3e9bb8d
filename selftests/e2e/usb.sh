#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Buses without driver_override, on qemu's devices with the kernel's drivers: a network
# adapter on usb that a wrong driver would take, two serial adapters of which one is left to
# user space, and a tablet on hid that its special driver would take from the generic one.
# The policies are attached before the buses exist.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh

objects=build/selftests/e2e
usb=/sys/bus/usb/devices
hid=/sys/bus/hid/devices
card=0000:00:0d.0	# e1000e

unload() {
	modprobe -r -a cdc_subset cdc_ether usbnet wacom usbhid hid_generic ftdi_sio usbserial \
		usb_storage xhci_pci xhci_hcd usbcore 2>/dev/null || true
}
cleanup() {
	bxctl detach --all >/dev/null || true
	unload
}
driver_of() { basename "$(readlink "$1/driver" || echo /none)"; }
driver_is() { [ "$(driver_of "$1")" = "$2" ]; }
becomes() { wait_until 30 driver_is "$1" "$2"; }
apply() { bxctl apply --allow-unsigned "$objects/usb-$1.bpf.o"; }
# The USB device with an id, as 1-1
device_of() {
	local dev
	for dev in "$usb"/*-*; do
		[ -e "$dev/idProduct" ] || continue
		[ "$(cat "$dev/idVendor"):$(cat "$dev/idProduct")" = "$1" ] || continue
		basename "$dev"
		return
	done
	return 1
}
# The serial adapter of a serial number
adapter() {
	local dev
	for dev in "$usb"/*-*; do
		[ "$(cat "$dev/serial" 2>/dev/null)" = "$1" ] || continue
		basename "$dev"
	done
}
fact() { bxctl --json explain "$1" | jq -r ".facts.$2"; }
replug() {
	echo 0 >"$usb/$1/authorized"
	echo 1 >"$usb/$1/authorized"
}
tablet_of() {
	local dev
	for dev in "$hid"/*:056A:0000.*; do
		[ -e "$dev" ] || return 1
		echo "$dev"
		return
	done
}

needs_modules xhci_pci cdc_subset ftdi_sio usbhid hid_generic wacom
ktap_plan 44
unload		# another test may have loaded them
modprobe bus_ext
check_fails usb_is_not_there test -e /sys/bus/usb
check policy_of_a_bus_that_comes_later_applies apply net
check policies_shows_it eval "bxctl policies | grep >/dev/null 'usb_net .*awaits bus'"

# a network adapter: the wrong driver is there first
modprobe -a cdc_subset xhci_pci
check bus_is_adopted test -e /sys/kernel/bus_ext/buses/usb
check adapter_comes wait_until 30 device_of 0525:a4a2
net=$(device_of 0525:a4a2)
check control_interface_goes_to_the_right_driver becomes "$usb/$net:1.0" cdc_ether
check data_interface_goes_to_the_right_driver becomes "$usb/$net:1.1" cdc_ether
check network_interface_is_there wait_until 30 eval "ls $usb/$net:1.0/net/* >/dev/null"
check explain_shows_who_decided \
	eval "bxctl explain usb/$net:1.0 | grep >/dev/null 'decision: cdc_ether, by policy usb_net'"
check_equal ids_are_known "0525 a4a2" \
	"$(bxctl --json explain "usb/$net:1.0" | jq -r '.device | "\(.vendor) \(.device)"' |
		sed 's/0x//g')"
check_equal those_of_the_device_too "0525 a4a2 usb" \
	"$(bxctl --json explain "usb/$net" |
		jq -r '"\(.device.vendor) \(.device.device) \(.device.driver)"' | sed 's/0x//g')"

# facts by name, compared with sysfs
check_equal interface_has_the_ports_of_its_device "$net" "$(fact "usb/$net:1.0" path)"
for name in serial product manufacturer; do
	check_equal "interface_has_the_${name}_of_its_device" "$(cat "$usb/$net/$name")" \
		"$(fact "usb/$net:1.0" $name)"
done
check_equal interface_has_its_configuration "$(cat "$usb/$net/bConfigurationValue")" \
	"$(fact "usb/$net:1.0" configuration)"
check_match all_interfaces_are_listed '^:.*:0a0000:.*' "$(fact "usb/$net" interfaces)"
check explain_prints_them eval "bxctl explain usb/$net:1.0 | grep >/dev/null '^facts    path  *$net\$'"
check_equal adapter_tells_its_address "$(cat "$usb/$net:1.0/net/"*/address)" \
	"$(fact "usb/$net:1.0" mac)"
check_match network_card_has_its_address_as_serial '^525400[0-9a-f]{10}$' "$(fact "pci/$card" serial)"
if [ -e /sys/firmware/acpi ]; then
	check_equal firmware_has_numbered_the_controller 7 "$(fact pci/0000:01:00.0 acpi_index)"
else
	ktap_skip firmware_has_numbered_the_controller "firmware has no ACPI tables"
fi
# The fingerprint, as docs/buses.md defines it, of a device with one configuration
digest() { sha256sum | cut -d' ' -f1 | sed 's/../\\x&/g'; }
printed() {
	local part
	printf 'bx-usb-1'
	# shellcheck disable=SC2059 # bytes
	printf "$(head -c 18 "$usb/$1/descriptors" | digest)"
	for part in manufacturer product serial; do
		# shellcheck disable=SC2059
		printf "$(tr -d '\n' <"$usb/$1/$part" | digest)"
	done
	# shellcheck disable=SC2059
	printf "$(tail -c +19 "$usb/$1/descriptors" | digest)"
}
one=$(device_of 0403:6001)
check_equal fingerprint_is_as_documented "$(printed "$one" | sha256sum | cut -d' ' -f1)" \
	"$(fact "usb/$one" fingerprint)"
check_match two_configurations_have_one_too '^[0-9a-f]{64}$' "$(fact "usb/$net" fingerprint)"
check_fails another_device_of_the_same_ids_has_another \
	test "$(fact "usb/$(adapter AAA)" fingerprint)" = "$(fact "usb/$(adapter BBB)" fingerprint)"

replug "$net"
check after_a_replug_too becomes "$usb/$net:1.0" cdc_ether
check both_of_them becomes "$usb/$net:1.1" cdc_ether
echo "$net:1.0" >/sys/bus/usb/drivers/cdc_ether/unbind
check_fails wrong_driver_cannot_be_bound_by_hand \
	eval "echo '$net:1.1' >/sys/bus/usb/drivers/cdc_subset/bind"
check log_says_who_refused \
	eval "dmesg | grep >/dev/null \"$net:1.1: bus_ext: driver 'cdc_subset' is refused: policy 'usb_net'\""
check rebind_brings_it_back bxctl rebind "usb/$net:1.0"
check it_is_bound driver_is "$usb/$net:1.0" cdc_ether
check bxctl_shows_it_as_decided \
	eval "bxctl --json devices --bus usb | jq -e '[.devices[] | select(.name == \"$net:1.0\") | .as_decided] == [true]'"

# two serial adapters that differ by their serial number
check serial_policy_applies apply serial
modprobe ftdi_sio
check adapter_bbb_is_the_hosts becomes "$usb/$(adapter BBB):1.0" ftdi_sio
check adapter_aaa_is_left_to_user_space driver_is "$usb/$(adapter AAA):1.0" none
check_equal one_terminal_is_there 1 "$(find /sys/class/tty -name 'ttyUSB*' | wc -l)"
replug "$(adapter AAA)"
replug "$(adapter BBB)"
check after_a_replug_the_hosts_is_bound becomes "$usb/$(adapter BBB):1.0" ftdi_sio
check and_the_other_one_is_not driver_is "$usb/$(adapter AAA):1.0" none

# a tablet: the special driver comes first, and then the policy
modprobe -a usbhid hid_generic wacom
check special_driver_takes_the_tablet wait_until 30 eval "driver_is \"\$(tablet_of)\" wacom"
tablet=$(basename "$(tablet_of)")
check tablet_policy_applies apply tablet
uevent() { sed -n "s/^$1=//p" "$hid/$tablet/uevent"; }
check_equal tablet_has_its_path "$(uevent HID_PHYS)" "$(fact "hid/$tablet" path)"
check_equal tablet_has_its_name "$(uevent HID_NAME)" "$(fact "hid/$tablet" product)"
check rebind_takes_the_generic_driver bxctl rebind "hid/$tablet"
check it_is_the_generic_one driver_is "$hid/$tablet" hid-generic
rmmod wacom	# modprobe -r removes usbhid with it, and so the device
modprobe wacom
check it_stays_when_the_special_driver_comes_again driver_is "$hid/$tablet" hid-generic
