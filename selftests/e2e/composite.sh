#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A composite device of real hardware (bpf/composite-pair.bpf.c): a card without a driver, and
# an NVMe controller with the kernel's driver; its explanation, in text and JSON.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh
. selftests/lib/devices.sh

pair=bx-composite/pair.0
card=0000:00:01.0
params=/sys/module/bxpair/parameters

cleanup() {
	bxctl detach --all >/dev/null 2>&1 || true
	modprobe -r -a bxpair nvme || true
}

explains() { bxctl explain "$1" | grep >/dev/null -- "$2"; }
explained() { bxctl --json explain "$1" | jq -r "$2"; }
pair_is() { [ "$(cat /sys/bus/bx-composite/devices/pair.0/state)" = "$1" ]; }

ktap_plan 30
unload nvme vfio_pci bx_edu_sf bx_edu
modprobe -a bus_ext bxpair
check_fails nothing_is_there_yet bxctl explain $pair
check applies bxctl apply --allow-unsigned build/bpf/composite-pair.bpf.o
check one_part_makes_the_device wait_until 30 test -e /sys/bus/bx-composite/devices/pair.0
# Without the driver of the controller, which cannot be missing if it is built in
if modprobe -n -r nvme 2>/dev/null; then
	check explain_tells_which_part_is_missing \
		wait_until 30 explains $pair "^part     right: missing"
	check and_which_is_there explains $pair "^part     left: pci/$card, free (policy pair)"
	check and_why_no_driver_is_bound explains $pair "^but part 'right' is missing"
	check_equal so_does_json "left free pci $card pair;right missing null null null;" \
		"$(explained $pair '.parts[] | "\(.part) \(.state) \(.bus) \(.device) \(.policy);"' |
			tr -d '\n')"
	check explain_of_a_part_names_the_device explains pci/$card \
		"^part of  $pair: left, free (policy pair)"
	check_equal and_so_does_json "pair.0 left free" \
		"$(explained pci/$card '.parts[] | "\(.composite) \(.part) \(.state)"')"
else
	for name in explain_tells_which_part_is_missing and_which_is_there \
		and_why_no_driver_is_bound so_does_json explain_of_a_part_names_the_device \
		and_so_does_json; do
		ktap_skip $name "nvme is built in"
	done
fi
check_equal the_driver_was_elected "bxpair" "$(explained $pair .decision.driver)"
check_equal other_devices_are_no_parts 0 "$(explained pci/0000:00:02.0 '.parts | length')"

modprobe nvme
check driver_is_bound_when_the_controller_has_its_own wait_until 60 pair_is bound
nvme=$(explained $pair '.parts[] | select(.part == "right") | .device')
check_equal with_both_parts "left=pci/$card right=pci/$nvme" "$(cat $params/parts)"
check controller_keeps_its_driver driver_is pci "$nvme" nvme
check_fails nothing_is_missing eval "explains $pair missing"
check explain_says_that_they_are_used explains $pair "^part     right: pci/$nvme, used (policy pair)"
check_fails card_can_have_no_other_driver eval "modprobe bx_edu && driver_is pci $card bx_edu"
check so_the_device_is_still_bound pair_is bound

echo "$nvme" >/sys/bus/pci/drivers/nvme/unbind
check driver_is_unbound_with_that_of_the_controller pair_is ready
echo "$nvme" >/sys/bus/pci/drivers/nvme/bind
check and_bound_again wait_until 60 pair_is bound
echo 1 >"/sys/bus/pci/devices/$card/remove"
check driver_is_unbound_when_the_card_is_pulled pair_is ready
echo 1 >/sys/bus/pci/rescan
check and_bound_when_it_is_back wait_until 60 pair_is bound
check_equal no_part_left_too_early 0 "$(cat $params/early)"

# the same by rules, without a program
bxctl detach --all >/dev/null
modprobe -r -a bxpair bx_composite bx_edu	# which has the card now
modprobe bxpair
rules=$(mktemp)
cat >"$rules" <<-END
	pci:*  class=nvme            part=pair.0/right  bound
	pci:*  path=0000:00:01.0     part=pair.0/left
	pci:*  path=0000:00:01.0     refuse
END
check rules_apply bxctl rules apply "$rules"
check they_name_the_parts wait_until 60 pair_is bound
check explain_names_their_policy explains $pair "^part     left: pci/$card, used (policy rules-pci)"
check_equal and_the_card_is_refused "refused rules-pci" \
	"$(explained pci/$card '.decision | "\(.outcome) \(.policy)"')"
sed -i /right/d "$rules"
echo "$nvme" >/sys/bus/pci/drivers/nvme/unbind
check without_one_of_them bxctl rules apply "$rules"
echo "$nvme" >/sys/bus/pci/drivers/nvme/bind
check a_part_is_missing wait_until 30 explains $pair "^part     right: missing"
check no_driver_is_bound pair_is ready
rm "$rules"
