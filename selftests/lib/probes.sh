# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Record which drivers the driver core tries for which devices, and which of them are
# really probed. Sourced by tests, for buses that may not exist yet:
#
#	. selftests/lib/probes.sh
#	probes_watch usb hid || ktap_skip_all "$probes_why"
#	...
#	check wrong_driver_is_not_probed probes_none "$dev" wrong
#
# A decision is enforced inside really_probe(), after the driver was linked to the device and
# before the probe function of the bus. So a kprobe on really_probe() sees all tries, also
# refused ones, with the names of device and driver; a second one on the function of the bus
# sees the probe itself, of the same device in the same task. call_driver_probe(), which
# would do for all buses, is inlined.

probes_tracing=/sys/kernel/tracing
probes_group=bx_probes
probes_why=
probes_events=()

# The functions by which a bus, or its drivers, begin a probe; MODULE:FUNCTION in a module,
# which may be loaded later. Their first argument is the struct device.
probes_functions() {
	case $1 in
	auxiliary) echo auxiliary_bus_probe ;;
	hdaudio) echo snd_hda_codec:hda_codec_driver_probe ;;
	hid) echo hid:hid_device_probe ;;
	i2c) echo i2c_device_probe ;;
	pci) echo pci_device_probe ;;
	platform) echo platform_probe ;;
	scsi) probes_functions_of_scsi ;;
	serio) echo serio_driver_probe ;;
	spi) echo spi_probe ;;
	usb) echo usbcore:usb_probe_interface ;;
	vdpa) echo vdpa:vdpa_dev_probe ;;
	virtio) echo virtio_dev_probe ;;
	*) return 1 ;;
	esac
}

# This bus has a function of its own on newer kernels, where those of drivers get another
# structure.
probes_functions_of_scsi() {
	if grep -qs scsi_bus_probe "$(modinfo -n scsi_mod)" /proc/kallsyms; then
		echo scsi_mod:scsi_bus_probe
	else
		echo sd_mod:sd_probe sr_mod:sr_probe
	fi
}

# Functions of modules that are not loaded have no type information: hence a register.
probes_first_argument() {
	case $(uname -m) in
	x86_64) echo %di ;;
	aarch64) echo %x0 ;;
	*) return 1 ;;
	esac
}

probes_event() {
	echo "$*" >>"$probes_tracing/kprobe_events"
}

probes_enable() {
	local event
	probes_event "p:$probes_group/begin really_probe dev=\$arg1:x64" \
		"device=dev->kobj.name:string driver=drv->name:string" || return
	probes_event "r:$probes_group/end really_probe" || return
	for event in "${probes_events[@]}"; do
		probes_event "p:$probes_group/${event##*:} $event dev=$1:x64" || return
	done
	echo counter >"$probes_tracing/trace_clock"	# one order for all processors
	echo 1 >"$probes_tracing/events/$probes_group/enable"
}

# probes_watch BUS...: begin to record; on failure, probes_why has the reason.
probes_watch() {
	local bus argument functions
	probes_why="no kprobe events with types"
	argument=$(probes_first_argument) && [ -e "$probes_tracing/kprobe_events" ] || return
	for bus; do
		probes_why="no function known that begins a probe on bus '$bus'"
		functions=$(probes_functions "$bus") || return
		# shellcheck disable=SC2206
		probes_events+=($functions)
	done
	# shellcheck disable=SC2034 # for the test
	probes_why="kprobe events: $(tail -n 3 "$probes_tracing/error_log" 2>/dev/null)"
	probes_enable "$argument" 2>/dev/null
}

probes_end() {
	echo 0 >"$probes_tracing/events/$probes_group/enable"
	echo >"$probes_tracing/kprobe_events"
	probes_clear
}

probes_clear() {
	echo >"$probes_tracing/trace"
}

# The recorded tries that have ended, in order: 'DEVICE DRIVER probed' or '... unprobed'.
# A probe may add devices that are tried before it ends, by the same task. With 'all', also
# the tries that have not ended: '... running'.
probes_list() {
	awk -v all="${1:-}" '
	match($0, /-[0-9]+ +\[/) {
		task = substr($0, RSTART + 1, RLENGTH - 1)
		sub(/ .*/, "", task)
		value = $0
		sub(/.* dev=/, "", value)
		sub(/ .*/, "", value)
	}
	/ begin: / {
		n = ++depth[task]
		split($0, part, "\"")
		name[task, n] = part[2] " " part[4]
		dev[task, n] = value
		probed[task, n] = "unprobed"
		next
	}
	/ end: / {
		if (depth[task])
			print name[task, depth[task]], probed[task, depth[task]--]
		next
	}
	/ dev=/ && dev[task, depth[task]] == value { probed[task, depth[task]] = "probed" }
	END {
		if (all)
			for (task in depth)
				if (depth[task])
					print name[task, depth[task]], "running"
	}
	' "$probes_tracing/trace"
}

# probes_over: all tries so far have ended. A device has the link to its driver before that.
probes_over() {
	! probes_list all | grep ' running$'
}

# probes_tried DEVICE DRIVER: the driver core has tried it, and is through
probes_tried() {
	probes_list | grep >/dev/null "^$1 $2 "
}

# probes_refused DEVICE DRIVER: it was tried and not probed
probes_refused() {
	probes_tried "$1" "$2" && probes_none "$1" "$2"
}

# probes_none DEVICE [DRIVER]: no probe of this driver, or of any, was recorded
probes_none() {
	local probed
	probed=$(probes_list | grep "^$1 ${2:-[^ ]*} probed") || return 0
	echo "$probed"
	return 1
}

# probes_only DEVICE DRIVER: this driver was probed for the device, and no other
probes_only() {
	local drivers
	wait_until 30 probes_over
	drivers=$(probes_list | awk -v dev="$1" '$1 == dev && $3 == "probed" { print $2 }' |
		sort -u)
	echo "probed: $drivers"
	[ "$drivers" = "$2" ]
}
