#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# bpftool is enough, without bxctl: an unpatched one attaches a hook (which needs only
# autoattach), the one that is built here attaches a whole policy.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh

pci=/sys/bus/pci/devices
pf=0000:01:00.0
vf=0000:01:00.1
pins=/sys/fs/bpf/bus_ext
obj=build/bpf

cleanup() {
	vfs 0
	rm -rf "${pins:?}"/* 2>/dev/null
}

vfs() { echo "$1" >"$pci/$pf/sriov_numvfs"; }
driver_is() {
	[ "$(basename "$(readlink "$pci/$1/driver" || echo /none)")" = "$2" ]
}
override() { cat "$pci/$vf/driver_override"; }
no_override() { [ "$(override)" = '(null)' ]; }
# The kernel ends a link some time after its last pin.
a_new_function_has_no_override() {
	vfs 0
	vfs 1
	no_override
}
nvme_ready() { [ -e /sys/bus/pci/drivers/nvme/$pf ]; }
listed() { bpftool -j struct_ops list | jq -r '.[].name'; }
no_policy() { [ ! -e /sys/kernel/bus_ext/policies/first ]; }

ktap_plan 20
modprobe nvme
modprobe bus_ext
wait_until 30 nvme_ready
mkdir -p $pins

# The hook
check hook_attaches_with_autoattach \
	bpftool prog loadall $obj/hook.bpf.o $pins/hook autoattach
vfs 1
check_equal hook_refuses_every_driver none "$(override)"
check hook_keeps_the_function_unbound driver_is $vf none
check_fails hook_pins_the_module rmmod bus_ext
rm -r $pins/hook
check hook_is_gone_with_its_pin wait_until 10 a_new_function_has_no_override
vfs 0

# A whole policy
check register bpftool struct_ops register $obj/first.bpf.o $pins/first
check_equal list first "$(listed)"
check_equal list_names_the_type bus_ext_ops \
	"$(bpftool -j struct_ops list | jq -r '.[0].kernel_struct_ops')"
check_match dump_shows_the_members '"bus": "pci"' \
	"$(bpftool -p struct_ops dump name first)"
check_match dump_is_json first \
	"$(bpftool -j struct_ops dump | jq -r '.[0].bpf_map_info.name')"
check_match map_dump '"name": "first"' "$(bpftool map dump name first)"
vfs 1
check policy_decides wait_until 30 driver_is $vf vfio-pci
check_equal policy_wrote_the_override vfio-pci "$(override)"
check_fails a_second_one_is_refused \
	bpftool struct_ops register $obj/first.bpf.o $pins/second
check_match the_reason_can_be_read \
	'first: a policy of this name is attached' \
	"$(cat /sys/kernel/bus_ext/refused)"

# It ends with its pin, or by name
rm -r $pins/first
check the_policy_ends_with_its_pin wait_until 10 no_policy
check its_override_ends_as_well wait_until 10 no_override
bpftool struct_ops register $obj/first.bpf.o $pins/first
check unregister_by_name bpftool struct_ops unregister name first
check the_policy_is_unregistered no_policy
check_fails unregister_what_is_not bpftool struct_ops unregister name first
