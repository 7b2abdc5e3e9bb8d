#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The steps of the tutorial: its programs attach, and work as it describes.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh

sim=/sys/devices/bxsim
objects=build/docs
cleanup() {
	bxctl detach --all >/dev/null 2>&1
}
driver_of() {
	bxctl devices --json --bus bx-sf |
		jq -r --arg d "$1" '.devices[] | select(.name == $d) | .driver'
}
try() {
	check "${1}_applies" bxctl apply --allow-unsigned "$objects/$1.bpf.o"
}
again() {
	echo "$1" >$sim/destroy
	echo "$1 1d1d:1" >$sim/create
}

ktap_plan 12
modprobe bxsim
echo 'sf-legacy ids=1d1d:1' >$sim/driver_add
echo 'fast ids=1d1d:1' >$sim/driver_add
echo 'dev0 1d1d:1' >$sim/create
check_equal id_table_alone sf-legacy "$(driver_of dev0)"

try scores
again dev0
check_equal the_veto_and_the_score_decide fast "$(driver_of dev0)"
check_match explain_shows_the_veto veto "$(bxctl explain dev0)"
bxctl detach judge >/dev/null

try candidates
again dev0
check_equal the_last_candidate_is_chosen fast "$(driver_of dev0)"
bxctl detach last >/dev/null

try events
for i in 1 2 3 4 5; do
	echo "lim$i 1d1d:1" >$sim/create
done
check_equal the_limit_lets_four_in sf-legacy "$(driver_of lim4)"
check_equal and_no_fifth null "$(driver_of lim5)"
bxctl detach limit >/dev/null

try scope
try types
check_equal two_policies_on_pci 2 "$(bxctl policies --json |
	jq '[.policies[] | select(.bus == "pci")] | length')"
