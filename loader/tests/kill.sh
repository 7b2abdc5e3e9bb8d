#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# bxctl is killed before some of its system calls that change something. The active
# policies are those before or those after, all of them, and the next command recovers.
# Runs in the VM. build/loader/tests/native/crash_safety does so at every step, with
# its own kernel; here it is a sample, with the real one:
#
#   BX_KILL_STEPS=N  steps of each command, the first and the last among them, or all (3)
#   BX_SEED=         chooses the others
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
objects=build/loader/tests/objects
killat=build/loader/tests/killat
pins=/sys/fs/bpf/bus_ext
state=/var/lib/bus_ext/bundles
work=$(mktemp -d)
one=$objects/good.bpf.o
export TMPDIR=$work/tmp
seed=${BX_SEED:-$((SRANDOM % 32768))}

cleanup() {
	quietly "$bxctl" remove two
	quietly "$bxctl" detach --all
	rm -rf "$work" "$state"
}

quietly() { "$@" >/dev/null 2>&1; }

# rest: policies that are not active
rest() {
	"$bxctl" --json policies | jq -r '[.policies[] | select(.stage != "active") |
		"\(.name)(\(.stage))"] | sort | join(" ")'
}

# left: everything that exists, without the numbers of generations
left() {
	local path all=()
	shopt -s nullglob dotglob
	for path in "$state"/*/* "$state"/.[!.]* "$pins"/policies/*/* "$TMPDIR"/*; do
		path=${path#"$state"/two/}
		path=${path#"$pins"/policies/}
		all+=("${path%-[0-9]*}")
	done
	echo "${all[*]}"
}

# choose COUNT: steps to kill at, in order
choose() {
	local wanted=${BX_KILL_STEPS:-3}
	[ "$wanted" != all ] || wanted=$1
	steps=([1]=1 [$1]=1)
	while [ ${#steps[@]} -lt "$wanted" ] && [ ${#steps[@]} -lt "$1" ]; do
		steps[RANDOM % $1 + 1]=1
	done
}

# is STATE SAID: compares the active policies, and leftovers
is() {
	local now
	now="$(attached), $(left)"
	[ "$now" = "$1" ] || wrong=${wrong:-"after step $step: $2; $now; expected $1"}
}

# at_steps NAME COMMAND AFTER LEFT BACK BEFORE LEFT [STATUS]: of the first,
# starting from what the second makes; which is the next command, and makes that again.
# A policy that is ejected takes itself back, with status 6; meanwhile there may be none.
at_steps() {
	local name=$1 command back said count step=none wrong='' seen='' status=0 now
	local expected=${8:-0}
	read -ra command <<<"$2"
	read -ra back <<<"$5"
	count=$("$killat" count "$bxctl" "${command[@]}" 2>/dev/null) || status=$?
	is "$3, $4" "status $status"
	quietly "$bxctl" "${back[@]}"
	choose "$count"
	for step in "${!steps[@]}"; do
		quietly "$killat" "$step" "$bxctl" "${command[@]}"
		now=$(attached)
		[ "$now" != "$6" ] || seen+=b
		[ "$now" != "$3" ] || seen+=a
		[[ $now == "$6" || $now == "$3" ||
			($expected == 6 && $now == @(|loader_test:5)) ]] ||
			wrong=${wrong:-"active before step $step: '$now'"}
		said=$("$bxctl" "${back[@]}" 2>&1)
		is "$6, $7" "$said"
	done
	ktap_diag "$name: steps ${!steps[*]} of $count"
	check_equal "$name: whole at some steps" "$expected, yes yes, , " "$status, $(
		[[ $seen != *b* ]] || echo yes) $([[ $seen != *a* ]] || echo yes), $wrong, $(rest)"
}

ktap_plan 11
RANDOM=$seed
ktap_diag "BX_SEED=$seed BX_KILL_STEPS=${BX_KILL_STEPS:-3}"
modprobe bus_ext
mkdir -p "$TMPDIR" "$work/both" "$work/both2"
cp $one $objects/other.bpf.o "$work/both/"
cp $objects/good2.bpf.o $objects/other.bpf.o "$work/both2/"
write_bundle "$work/old" two 1.0 good other
write_bundle "$work/new" two 2.0 good2
old="loader_test:1 other.v1:0" new="loader_test:2"
shadow="loader_test:1(shadow) other.v1:0(shadow)"
new_pins="loader_test/link loader_test/map"
old_pins="$new_pins other:v1/link other:v1/map"
shadow_pins="loader_test@shadow/link loader_test@shadow/map other:v1@shadow/link other:v1@shadow/map"
two="generation generation state.yaml"
three="generation $two"
install="install --allow-unsigned $work/old"
upgrade="upgrade --allow-unsigned $work"

at_steps attach "apply --allow-unsigned $one" loader_test:1 "$new_pins" "detach --all" '' ''

quietly "$bxctl" apply --allow-unsigned $one
at_steps detach "detach loader_test" '' '' "apply --allow-unsigned $one" loader_test:1 "$new_pins"
at_steps ejected "apply --allow-unsigned $objects/late.bpf.o" loader_test:1 "$new_pins" \
	"apply --allow-unsigned $one" loader_test:1 "$new_pins" 6
quietly "$bxctl" detach --all

quietly "$bxctl" apply --allow-unsigned "$work/both"
at_steps apply "apply --allow-unsigned $work/both2" "loader_test:2 other.v1:0" "$old_pins" \
	"apply --allow-unsigned $work/both" "$old" "$old_pins"
quietly "$bxctl" detach --all

at_steps install "$install" "$old" "generation state.yaml $old_pins" "remove two" '' ''

quietly "$bxctl" install --allow-unsigned "$work/old"
at_steps remove "remove two" '' '' "$install" "$old" "generation state.yaml $old_pins"

quietly "$bxctl" upgrade --allow-unsigned "$work/new"
at_steps rollback "rollback -g 1 two" "$old" "$two $old_pins" "rollback -g 2 two" "$new" \
	"$two $new_pins"

quietly "$bxctl" upgrade --allow-unsigned --allow-downgrade "$work/old"
at_steps upgrade "$upgrade/new" "$new" "$three $new_pins" \
	"$upgrade/old --allow-downgrade" "$old" "$three $old_pins"

at_steps disable "disable two" '' "$three" "enable two" "$old" "$three $old_pins"

quietly "$bxctl" disable two
at_steps enable "enable two" "$old" "$three $old_pins" "disable two" '' "$three"

quietly "$bxctl" enable two
at_steps mode "mode shadow two" "$shadow" "$three $shadow_pins" "mode enforce two" "$old" \
	"$three $old_pins"
