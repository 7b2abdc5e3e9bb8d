# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Devices and drivers in sysfs, for tests. Sourced after ktap.sh. While a test waits, these
# functions start no process: in an emulated machine, that would slow down the wait.

# device_at GLOB: the first device whose path matches
device_at() {
	# shellcheck disable=SC2086 # a glob
	set -- $1
	[ -e "$1" ] && basename "$1"
}

# driver_is BUS DEVICE DRIVER; 'none' for no driver
driver_is() {
	local dev=/sys/bus/$1/devices/$2
	if [ "$3" = none ]; then
		[ -e "$dev" ] && [ ! -e "$dev/driver" ]
	else
		[ "$dev/driver" -ef "/sys/bus/$1/drivers/$3" ]
	fi
}

becomes() { wait_until 30 driver_is "$@"; }

# bind BUS DEVICE DRIVER: by hand
bind() { echo "$2" >"/sys/bus/$1/drivers/$3/bind"; }

# unload MODULE...: those that are loaded, in this order
unload() {
	local module
	for module; do
		[ ! -e "/sys/module/$module" ] || rmmod "$module" || true
	done
}
