#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Adoption by name on other buses than usb.sh has, with the kernel's drivers: a driver is
# refused before its first probe, when it is registered later, and by hand; a detach
# gives the device back. All probes are recorded, also those that fail.
#
# Missing: mdio_bus (no driver of qemu's network cards uses it) and wmi (qemu's ACPI tables have
# no such device). auxiliary has devices of the module bxaux: nothing that qemu emulates
# makes some.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh
. selftests/lib/devices.sh
. selftests/lib/probes.sh

objects=build/selftests/e2e
usb=/sys/bus/pci/devices/0000:00:11.0
hda=/sys/bus/pci/devices/0000:00:10.0
vduse=
# In the order of their unloading
modules=(uas usb_storage sd_mod sr_mod xhci_pci snd_hda_intel snd_hda_codec_generic lm75
	i2c_stub lm70 spi_lm70llp parport_pc psmouse serio_raw bxaux_first bxaux_second bxaux
	vhost_vdpa virtio_vdpa vduse)

cleanup() {
	bxctl detach --all >/dev/null || true
	probes_end
	end_vdpa 2>/dev/null || true
	unload "${modules[@]}" xhci_hcd
}
apply() { bxctl apply --allow-unsigned "$objects/buses-$1.bpf.o"; }

# refused BUS DEVICE DRIVER: the driver core has tried it, which the recorded probes show;
# 3 results
refused() {
	local bus=$1 dev=$2 driver=$3
	check "${bus}_${driver}_is_refused_before_its_probe" \
		wait_until 30 probes_refused "$dev" "$driver"
	check_fails "${bus}_${driver}_cannot_be_bound_by_hand" bind "$bus" "$dev" "$driver"
	check "${bus}_device_has_no_driver" driver_is "$bus" "$dev" none
}

# skipped REASON NAME...
skipped() {
	local name
	for name in "${@:2}"; do ktap_skip "$name" "$1"; done
}

add_vdpa() { vdpa dev add name bxv0 mgmtdev vduse; }
end_vdpa() {
	[ -n "$vduse" ] || return 0
	vdpa dev del bxv0
	kill "$vduse"
	wait "$vduse"
	vduse=
}

# given_back BUS DEVICE DRIVER: 1 result
given_back() {
	check "${1}_detach_gives_the_device_back" becomes "$@"
}

needs_modules xhci_pci usb_storage uas sd_mod sr_mod i2c_stub lm75 lm70 spi_lm70llp parport_pc psmouse serio_raw
ktap_plan 51
unload "${modules[@]}"	# another test may have loaded them
modprobe bus_ext
probes_watch auxiliary hdaudio i2c scsi serio spi usb vdpa ||
	ktap_skip_all "probes cannot be recorded: $probes_why"
check policies_of_eight_buses_apply apply refuse

# the driver comes after the device
modprobe i2c-stub chip_addr=0x48
adapter=$(grep -l "SMBus stub" /sys/bus/i2c/devices/i2c-*/name)
echo lm75 0x48 >"${adapter%/name}/new_device"
sensor=$(device_at "${adapter%/name}/*-0048")
modprobe lm75
refused i2c "$sensor" lm75
modprobe psmouse
refused serio serio1 psmouse

# the device comes after its drivers
modprobe -a bxaux_first bxaux_second bxaux
refused auxiliary bxaux.widget.0 bxaux_first.widget
refused auxiliary bxaux.widget.1 bxaux_second.widget
modprobe -a parport_pc lm70 spi_lm70llp
spi=$(device_at /sys/bus/spi/devices/spi*)
refused spi "$spi" lm70

# disks: refused on usb, then on scsi
modprobe usb-storage delay_use=0
modprobe -a uas sd_mod sr_mod xhci_pci
wait_until 30 device_at "$usb/usb*/*-1/*:1.0"
wait_until 30 device_at "$usb/usb*/*-2/*:1.0"
bulk=$(device_at "$usb/usb*/*-1/*:1.0")
uas=$(device_at "$usb/usb*/*-2/*:1.0")
refused usb "$bulk" usb-storage
refused usb "$uas" uas
check_fails no_disk_is_there device_at "$usb/usb*/*-[12]/*:1.0/host*"
bxctl detach no_storage >/dev/null
given_back usb "$bulk" usb-storage
given_back usb "$uas" uas
check uas_is_not_probed_for_the_disk_of_usb_storage probes_only "$bulk" usb-storage
for port in 1 2; do
	wait_until 30 device_at "$usb/usb*/*-$port/*:1.0/host*/target*/[0-9]*:*"
	disk=$(device_at "$usb/usb*/*-$port/*:1.0/host*/target*/[0-9]*:*")
	refused scsi "$disk" sd
done
check_fails no_block_device_is_there device_at "/dev/sd*"
bxctl detach no_disk >/dev/null
given_back scsi "$disk" sd
check block_devices_are_there wait_until 30 test -b /dev/sda -a -b /dev/sdb
check sr_is_not_probed_for_a_disk probes_only "$disk" sd

# a codec, without which its parent gives up
codec() { device_at "/sys/bus/hdaudio/devices/*"; }
no_codec() { ! codec; }
codec_is_refused() { probes_list | grep >/dev/null '^hdaudio.* snd_hda_codec_generic unprobed'; }
if modprobe -n -q snd_hda_intel; then
	modprobe snd_hda_intel
	check hdaudio_snd_hda_codec_generic_is_refused_before_its_probe \
		wait_until 30 codec_is_refused
	check hdaudio_snd_hda_intel_has_given_up wait_until 30 no_codec
else
	skipped "no snd_hda_intel" hdaudio_snd_hda_codec_generic_is_refused_before_its_probe \
		hdaudio_snd_hda_intel_has_given_up
fi

# vdpa, which has driver_override: the drivers are not even tried
if modprobe -n -q -a vduse virtio_vdpa vhost_vdpa && type -P vdpa >/dev/null; then
	modprobe -a vduse virtio_vdpa vhost_vdpa
	build/selftests/e2e/vduse bxv0 &
	vduse=$!
	wait_until 30 test -e /dev/vduse/bxv0
	add_vdpa
	check vdpa_device_has_no_driver driver_is vdpa bxv0 none
	check_fails vdpa_virtio_vdpa_cannot_be_bound_by_hand bind vdpa bxv0 virtio_vdpa
	bxctl detach no_vdpa >/dev/null
	given_back vdpa bxv0 virtio_vdpa
	vdpa dev del bxv0
	probes_clear
	apply vdpa >/dev/null
	add_vdpa
	check vdpa_selected_driver_gets_the_device becomes vdpa bxv0 vhost_vdpa
	check vdpa_other_driver_is_not_probed probes_only bxv0 vhost_vdpa
	end_vdpa
else
	skipped "no vduse, or no vdpa of iproute2" vdpa_device_has_no_driver \
		vdpa_virtio_vdpa_cannot_be_bound_by_hand vdpa_detach_gives_the_device_back \
		vdpa_selected_driver_gets_the_device vdpa_other_driver_is_not_probed
fi

# a driver that is bound without a probe
modprobe serio_raw
echo -n serio_raw >/sys/bus/serio/devices/serio1/drvctl
check serio_drvctl_binds_without_a_probe becomes serio serio1 serio_raw
check serio_device_is_shown_as_claimed \
	eval "bxctl explain serio/serio1 | grep >/dev/null 'serio_raw, which has claimed the device'"
check serio_log_says_so \
	eval "dmesg | grep >/dev/null \"serio1: bus_ext: driver 'serio_raw' has claimed the device\""

# the others
bxctl detach --all >/dev/null
given_back i2c "$sensor" lm75
given_back auxiliary bxaux.widget.0 bxaux_first.widget
given_back spi "$spi" lm70
bxctl rebind serio/serio1 >/dev/null
given_back serio serio1 psmouse
if [ -e /sys/module/snd_hda_intel ]; then
	[ ! -e "$hda/driver" ] || echo "${hda##*/}" >"$hda/driver/unbind"
	echo "${hda##*/}" >/sys/bus/pci/drivers_probe
	wait_until 30 codec
	given_back hdaudio "$(codec)" snd_hda_codec_generic
else
	skipped "no snd_hda_intel" hdaudio_detach_gives_the_device_back
fi
