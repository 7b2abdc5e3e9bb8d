#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# One bundle for all devices of the machine that several of the kernel's drivers claim. It is
# activated as at boot, before most of the buses exist. Then the modules are loaded in one
# order after the other: each device gets the same driver in all of them, and no other
# driver is probed.
#
#   BX_SEED=    the orders of an earlier run
#   BX_ORDERS=  number of orders (3)
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh
. selftests/lib/devices.sh
. selftests/lib/probes.sh

orders=${BX_ORDERS:-3}
seed=${BX_SEED:-$((SRANDOM % 32768))}
usb='/sys/bus/pci/devices/0000:00:0f.0/usb*'
disks='/sys/bus/pci/devices/0000:00:11.0/usb*'
bundle=/tmp/orders
options=/etc/modprobe.d/orders.conf
modprobe=$(</proc/sys/kernel/modprobe)

modules=(xhci_pci rndis_host cdc_subset cdc_ether wacom usbhid hid_generic uas usb_storage
	sd_mod sr_mod psmouse 8139too 8139cp bxaux bxaux_first bxaux_second)
# The wrong drivers: 8139too, cdc_subset, wacom, atkbd, which is in the kernel image, sr,
# bxaux_first.widget, and uas for the first disk
decided=(
	"/sys/bus/pci/devices/0000:00:0a.0 pci/drivers/8139cp"
	"/sys/bus/pci/devices/0000:00:0b.0 pci/drivers/8139cp"
	"$usb/*-1/*-1:1.0 usb/drivers/cdc_ether"
	"$usb/*-1/*-1:1.1 usb/drivers/cdc_ether"
	"$usb/*-2/*-2:1.0 usb/drivers/usbhid"
	"$usb/*-2/*-2:1.0/*:056A:0000.* hid/drivers/hid-generic"
	"$disks/*-1/*-1:1.0 usb/drivers/usb-storage"
	"$disks/*-1/*-1:1.0/host*/target*/[0-9]*:* scsi/drivers/sd"
	"$disks/*-2/*-2:1.0 usb/drivers/uas"
	"$disks/*-2/*-2:1.0/host*/target*/[0-9]*:* scsi/drivers/sd"
	"/sys/bus/serio/devices/serio1 serio/drivers/psmouse"
	"/sys/bus/auxiliary/devices/bxaux.widget.0 auxiliary/drivers/bxaux_second.widget"
	"/sys/bus/auxiliary/devices/bxaux.widget.1 auxiliary/drivers/bxaux_second.widget"
)
probed="8139cp bxaux_second.widget cdc_ether hid-generic psmouse sd uas usb-storage usbhid"

cleanup() {
	bxctl remove orders >/dev/null || true
	probes_end
	echo "$modprobe" >/proc/sys/kernel/modprobe
	unload "${modules[@]}" usbserial usbnet xhci_hcd >/dev/null
	rm -rf "$bundle" "$options"
}

make_bundle() {
	mkdir -p "$bundle" /etc/modprobe.d
	cp build/selftests/e2e/orders.bpf.o "$bundle"
	cat >"$bundle/bundle.yaml" <<END
bundle: orders
version: 1.0.0
vendor: bus_ext
summary: one driver for each device that several claim
requires: 0.1.0
claims:
  - { bus: pci, vendor: 0x10ec }
  - { bus: usb, vendor: 0x0525 }
  - { bus: usb, vendor: 0x46f4 }
  - { bus: hid, vendor: 0x056a }
  - { bus: auxiliary }
  - { bus: scsi }
  - { bus: serio }
policies: [ orders.bpf.o ]
drivers: [ 8139cp, cdc_ether, usb-storage, uas, hid-generic, bxaux_second.widget,
  psmouse, sd ]
END
	# usb-serial: a bus of which bus_ext knows only this name
	echo "options bus_ext adopt=usb-serial" >"$options"
	echo "options usb-storage delay_use=0" >>"$options"
}

# The modules in a random order; same seed, same orders
shuffled() {
	local i j left=("${modules[@]}")
	for ((i = ${#left[@]}; i > 0; i--)); do
		j=$((RANDOM % i))
		order+=("${left[j]}")
		left[j]=${left[i - 1]}
	done
}

# Each device has its driver, whose probe has ended.
all_as_decided() {
	local line path
	for line in "${decided[@]}"; do
		# shellcheck disable=SC2086 # a glob
		set -- ${line% *}
		path=$1
		[ "$path/driver" -ef "/sys/bus/${line##* }" ] || {
			echo "$path: expected ${line##* }, got $(readlink "$path/driver")"
			return 1
		}
	done
	probes_over
}

# Drivers that were probed, but for those of the host controllers and hubs
drivers_probed() {
	probes_list | awk '$3 == "probed" { print $2 }' | grep -vE '^(xhci_hcd|hub)$' | sort -u |
		xargs
}

first_disk() {
	device_at "$disks/*-1/*-1:1.0"
}

replug() {
	local device
	for device in "$usb/*-1" "$usb/*-2" "$disks/*-1" "$disks/*-2"; do
		# shellcheck disable=SC2086 # a glob
		set -- $device
		echo 0 >"$1/authorized"
		echo 1 >"$1/authorized"
	done
}

load_in_order() {
	local order=() module
	shuffled
	ktap_diag "order $1: ${order[*]}"
	probes_clear
	for module in "${order[@]}"; do modprobe "$module"; done
	check "order_${1}_gives_each_device_its_driver" wait_until 30 all_as_decided
	check_equal "order_${1}_has_no_wrong_probe" "$probed" "$(drivers_probed)"
	check "order_${1}_has_none_of_uas_for_the_other_disk" probes_none "$(first_disk)" uas
}

needs_modules "${modules[@]}"
ktap_plan $((3 * orders + 13))
ktap_diag "BX_SEED=$seed BX_ORDERS=$orders"
RANDOM=$seed
unload "${modules[@]}" hid scsi_mod usbcore	# another test may have loaded them
probes_watch auxiliary hid pci scsi serio usb || ktap_skip_all "probes cannot be recorded: $probes_why"

# Only the order decides what is loaded when: the modules that bus_ext requests for elected
# drivers are not found.
echo /bin/true >/proc/sys/kernel/modprobe
make_bundle
check bundle_is_installed bxctl install --offline --allow-unsigned "$bundle"
check boot_activates_it bxctl boot
check_equal policies_await_their_buses "adapter disk storage tablet" \
	"$(bxctl policies | awk '/awaits bus/ { print $1 }' | xargs)"
check_fails bus_of_the_parameter_does_not_exist test -e /sys/kernel/bus_ext/buses/usb-serial

for i in $(seq "$orders"); do
	load_in_order "$i"
	[ "$i" = "$orders" ] || unload "${modules[@]}"
done

probes_clear
replug
check replugged_devices_get_the_same_drivers wait_until 30 all_as_decided
check replugged_disk_is_not_probed_by_uas probes_none "$(first_disk)" uas
check_equal replugged_devices_have_no_wrong_probe "cdc_ether hid-generic sd uas usb-storage usbhid" \
	"$(drivers_probed)"

# lifetimes
modprobe usbserial
check bus_of_the_parameter_is_adopted_when_it_comes \
	test -e /sys/kernel/bus_ext/buses/usb-serial
check_match module_of_an_adopted_bus_is_in_use "in use" "$(rmmod usbserial 2>&1)"
unload "${modules[@]}"
check_match module_stays_when_its_drivers_are_gone "in use" "$(rmmod hid 2>&1)"
check bundle_can_be_removed bxctl remove orders
check bus_ext_can_be_unloaded wait_until 30 rmmod bus_ext
check buses_can_be_unloaded_then rmmod usbserial hid
