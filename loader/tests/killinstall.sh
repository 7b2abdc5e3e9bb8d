#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# bxctl is killed before each of its system calls that changes something, while it
# installs and removes a bundle, upgrades it and rolls back, disables and enables it and
# changes its mode. What is in force then is what was, or what was to be; and the next
# command goes on from there. Runs in the VM.
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/killed.sh
pins=/sys/fs/bpf/bus_ext
state=/var/lib/bus_ext/bundles
work=$(mktemp -d)
export TMPDIR=$work/tmp

cleanup() {
	"$bxctl" remove two >/dev/null 2>&1
	"$bxctl" detach --all >/dev/null 2>&1
	rm -rf "$work" "$state"
}

in_force() { attached; }

# left: all that there is, but for numbers of generations
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

# at_each_step NAME COMMAND WANT LEFT BACK WANT LEFT: of the first, starting from what
# the second makes; which is the next command, and makes that again
at_each_step() {
	local name=$1 command back said
	read -ra command <<<"$2"
	read -ra back <<<"$5"
	while n=$((n + 1)) && killed $n "${command[@]}"; do
		in_between $n "$6" "$3"
		said=$("$bxctl" "${back[@]}" 2>&1)
		is $n "$6, $7" "$said"
	done
	is $n "$3, $4"
	whole "$name"
}

# is STEP WANT SAID
is() {
	local now
	now="$(attached), $(left)"
	[ "$now" = "$2" ] || wrong=${wrong:-"after step $1: $3; $now; $2"}
}

ktap_plan 7
modprobe bus_ext
mkdir -p "$TMPDIR"
write_bundle "$work/old" two 1.0 good other
write_bundle "$work/new" two 2.0 good2
old="loader_test:1 other.v1:0" new="loader_test:2"
shadow="loader_test:1(shadow) other.v1:0(shadow)"
new_pins="loader_test/link loader_test/map"
old_pins="$new_pins other:v1/link other:v1/map"
three="generation generation generation state.yaml"
install="install --allow-unsigned $work/old"
upgrade="upgrade --allow-unsigned $work"

at_each_step install "$install" "$old" "generation state.yaml $old_pins" "remove two" '' ''
at_each_step remove "remove two" '' '' "$install" "$old" "generation state.yaml $old_pins"

for change in "$install" "$upgrade/new" "$upgrade/old"; do
	read -ra command <<<"$change"
	"$bxctl" "${command[@]}" >/dev/null 2>&1
done
at_each_step upgrade "$upgrade/new" "$new" "$three $new_pins" "$upgrade/old" "$old" "$three $old_pins"

# the one before it is the old version
newest=$("$bxctl" --json status | jq '.bundles[0].generation')
at_each_step rollback "rollback -g $((newest - 1)) two" "$old" "$three $old_pins" \
	"rollback -g $newest two" "$new" "$three $new_pins"

at_each_step disable "disable two" '' "$three" "enable two" "$old" "$three $old_pins"
at_each_step enable "enable two" "$old" "$three $old_pins" "disable two" '' "$three"
at_each_step mode "mode shadow two" "$shadow" "$three $old_pins" \
	"mode enforce two" "$old" "$three $old_pins"
