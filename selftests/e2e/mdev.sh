#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The distribution's mdevctl and udev with a real parent, qemu's edu: what it lists, defines,
# starts, modifies and stops is a sub-function on bx-sf that works, and one that is defined
# for the automatic start comes with its parent.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh

parent=0000:00:01.0
guid=6a4c1c2e-6b0a-4e5e-9d4f-000000000001
auto=6a4c1c2e-6b0a-4e5e-9d4f-000000000002
bus=/sys/bus/bx-sf/devices
type=bx_edu-fact
types=/sys/bus/pci/devices/$parent/mdev_supported_types

cleanup() {
	bxctl detach --all >/dev/null 2>&1 || true
	pkill udevd 2>/dev/null || killall systemd-udevd 2>/dev/null || true
	modprobe -r bx_mdev 2>/dev/null || true
	rm -rf /etc/mdevctl.d/0*
}
factorial() { echo "$2" >"$bus/$1/factorial" && cat "$bus/$1/factorial"; }
driver_of() { basename "$(readlink "$bus/$1/driver" || echo none)"; }
running() { mdevctl list | sort | xargs; }

needs_modules bx_edu_sf bx_mdev
type -P mdevctl udevadm >/dev/null || ktap_skip_all "mdevctl or udev is not installed"
ktap_plan 27
modprobe -a bx_edu bx_edu_sf bx_mdev
wait_until 10 test -e $bus/edu-$parent-fact/factorial

check_match types_are_listed "$parent .*$type Available instances: 8 Device API: bus_ext Name: fact Description: computes factorials" \
	"$(mdevctl types -p $parent | xargs)"
check_equal nothing_runs "" "$(running)"
check a_device_is_defined mdevctl define -u $guid -p $parent -t $type
check_match it_is_listed "$guid $parent $type manual" "$(mdevctl list -d)"
check_equal but_does_not_run "" "$(running)"
check it_is_started mdevctl start -u $guid
check_match it_runs "$guid $parent $type" "$(running)"
check_equal its_driver_is_elected edu-fact "$(driver_of $guid)"
check_equal the_hardware_computes 3628800 "$(factorial $guid 10)"
check_equal one_less_is_available 7 "$(cat $types/$type/available_instances)"
check_equal of_both_types 7 "$(cat $types/bx_edu-dma/available_instances)"
check_equal its_state_is_bound bound "$(cat $bus/$guid/state)"
check_match explain_knows_it edu-fact "$(bxctl explain $guid)"
check it_is_stopped mdevctl stop -u $guid
check_fails and_gone test -e $bus/$guid
check_equal the_capacity_is_back 8 "$(cat $types/$type/available_instances)"

# a setting, at each start
check a_setting_is_defined mdevctl modify -u $guid --addattr=bx_device/settings/limit --value=5
check it_is_started_with_it mdevctl start -u $guid
check_equal which_holds 120 "$(factorial $guid 5)"
check_fails above_it_nothing_is_computed factorial $guid 6
check it_is_stopped_again mdevctl stop -u $guid

# a policy decides, as on any bus
check a_policy_refuses_creations bxctl apply --allow-unsigned build/selftests/bpf/no-admission.bpf.o
check_fails mdevctl_cannot_start_it mdevctl start -u $guid
bxctl detach --all >/dev/null
check it_is_undefined mdevctl undefine -u $guid

# udev starts what is defined for the automatic start, when the parent comes
mkdir -p /run/udev
/usr/lib/systemd/systemd-udevd --daemon
udevadm settle
mdevctl define -u $auto -p $parent -t $type --auto
echo $parent >/sys/bus/pci/drivers/bx_edu/unbind
check_fails without_the_parent_there_is_no_device test -e $bus/$auto
echo $parent >/sys/bus/pci/drivers/bx_edu/bind
check udev_has_started_it wait_until 60 test -e $bus/$auto/factorial
check_equal and_it_works 24 "$(factorial $auto 4)"
