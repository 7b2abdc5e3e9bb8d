#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Devices that are created on request, by the commands, in the VM, with the simulated parent.
set -euo pipefail
cd "$(dirname "$0")/../.."
. loader/tests/says.sh

guid=6a4c1c2e-6b0a-4e5e-9d4f-000000000001
other=6a4c1c2e-6b0a-4e5e-9d4f-000000000002
bus=/sys/bus/bx-sf/devices
sim=/sys/devices/bxsim
cleanup() {
	bxctl detach --all >/dev/null 2>&1 || true
	rm -f /etc/bus_ext/devices.d/*
	for dir in "$bus"/*-*-*-*-*/; do
		echo 1 >"$dir/remove" 2>/dev/null || true
	done
}
json() { bxctl --json "$@" || true; }

ktap_plan 44
modprobe bxsim
says types_are_listed 0 'bxsim +small +sf +16 +0 +Small' types
says types_of_an_unknown_parent 8 "'nosuch' is not a parent that creates devices" types nosuch
says settings_are_described 0 'rate=10  number 1..1000, also while a driver is bound' \
	types --verbose bxsim
says texts_too 0 'label=  text 0..15 characters' types --verbose bxsim
check_equal types_as_json "bxsim small sf 16 0" "$(json types | jq -r '.types[] |
	select(.name == "small") | "\(.parent) \(.name) \(.contract) \(.available) \(.devices)"')"

says without_a_driver_the_reason_is_told 0 "$guid.*no driver is bound: no driver claims it" \
	create --guid ${guid^^} bxsim small
check_equal it_is_there ready "$(cat $bus/$guid/state)"
says explain_shows_its_guid 0 "guid +$guid" explain $guid
check_equal and_so_does_json $guid "$(json explain $guid | jq -r .device.guid)"
says the_guid_is_in_use 5 "cannot create '$guid': the GUID is in use" \
	create --guid $guid bxsim large
says it_is_removed 0 "bx-sf/$guid: removed" destroy $guid
check_fails and_gone test -e $bus/$guid
says a_second_time_it_is_unknown 8 "no device '$guid'" destroy $guid

echo "a ids=*:*" >$sim/driver_add
says the_driver_is_told 0 "bx-sf/$guid: driver 'a' is bound" \
	create --guid $guid --set rate=0x20 --set label=x bxsim small
check_equal settings_are_taken "32 x" "$(cat $bus/$guid/settings/rate) $(cat $bus/$guid/settings/label)"
says a_device_with_a_driver_is_removed 0 "bx-sf/$guid: removed" destroy bx-sf/$guid
random=$(bxctl create bxsim small | sed -n 1p)
check_match a_random_guid_is_of_version_4 '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' \
	"$random"
check_equal and_is_the_device bound "$(cat "$bus/$random/state")"
bxctl destroy "$random" >/dev/null

# what is defined comes again
check a_device_is_defined bxctl define --auto --guid $other --set rate=30 bxsim small
check it_is_started_at_boot bxctl boot
check_equal as_it_was_defined "30 bound" \
	"$(cat $bus/$other/settings/rate) $(cat $bus/$other/state)"
says it_is_listed 0 "$other +bxsim +small +auto +a" defined
bxctl destroy $other >/dev/null
says all_are_started_on_request 0 "$other: started, driver a" start --all
says and_not_twice 0 'nothing to start' start --all
bxctl undefine $other >/dev/null
bxctl destroy $other >/dev/null

# mistakes
says an_unknown_parent 8 "'nosuch' is not a parent that creates devices; there are: bxsim" \
	create nosuch small
says an_unknown_type 8 "parent 'bxsim' has no type 'tiny'; it has: large, single, small" \
	create bxsim tiny
says no_type 8 "needs two arguments: PARENT TYPE" create bxsim
says not_a_guid 8 "'x' is not a GUID" create --guid x bxsim small
says the_null_guid 8 "is not a GUID" create --guid 00000000-0000-0000-0000-000000000000 bxsim small
says an_unknown_setting 8 "type 'small' of parent 'bxsim' has no setting 'speed'" \
	create --set speed=1 bxsim small
says a_value_out_of_range 1 "cannot create a device of type 'small' on 'bxsim': Numerical result out of range" \
	create --set rate=0 bxsim small
says a_value_with_a_space 8 "the value of setting 'label' must consist of" \
	create --set "label=a rate=9" bxsim small
bxctl create --guid $other bxsim single >/dev/null
says no_capacity 1 "parent 'bxsim' has no capacity left" create bxsim single
bxctl destroy $other >/dev/null
echo "fixed f055:1" >$sim/create
says a_device_of_its_parent 8 "'bx-sf/fixed' was not created on request: only its parent 'bxsim' removes it" \
	destroy fixed
echo fixed >$sim/destroy

# a policy with a quota of four
says a_policy_with_admit_is_attached 0 . apply --allow-unsigned build/bpf/quota.bpf.o
for _ in 1 2 3; do bxctl create bxsim small >/dev/null; done
says the_fourth_is_admitted 0 "driver 'a' is bound" create --guid $guid bxsim small
says the_fifth_is_refused_with_the_reason 1 \
	"Disk quota exceeded; refused by policy quota: [-0-9a-f]+ of type small: the user has as many" \
	create bxsim small
check_equal the_policy_shows_its_programs admit \
	"$(json policies | jq -r '.policies[] | select(.name == "quota").ops | join(" ")')"
bxctl destroy $guid >/dev/null
says one_less_and_it_is_admitted 0 "driver 'a' is bound" create bxsim small
for dir in "$bus"/*-*-*-*-*/; do echo 1 >"$dir/remove"; done
echo a >$sim/driver_del

# a parent with a thousand sub-functions, which a policy divides among three drivers
bxctl detach --all >/dev/null
rmmod bxsim
modprobe bxsim capacity=1000
for name in first middle last; do echo "$name" >$sim/driver_add; done
bxctl apply --allow-unsigned build/selftests/bpf/ranges.bpf.o >/dev/null
bound() { sed -n "s/^$1 .*bound=\([0-9]*\) .*/\1/p" $sim/drivers; }
check a_thousand_devices_come build/selftests/bench/create 0 1000
check_equal each_has_the_driver_of_its_range "100 600 300" "$(bound first) $(bound middle) $(bound last)"
says and_no_more_fit 1 "parent 'bxsim' has no capacity left" create bxsim small
check they_go build/selftests/bench/create -d 0 1000
check_equal none_is_left "0 0 0" "$(bound first) $(bound middle) $(bound last)"
bxctl detach --all >/dev/null
for name in first middle last; do echo "$name" >$sim/driver_del; done
