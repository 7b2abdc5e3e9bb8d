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
	{
		find "$state" -mindepth 2 -maxdepth 2
		find "$state" -maxdepth 1 -name '.*'
		find $pins/policies -type f
		ls "$TMPDIR"
	} | sed 's|.*/two/||; s|generation-.*|generation|; s|.*/policies/||' | sort | uniq -c | xargs
}

# to_and_fro NAME COMMAND WANT LEFT BACK WANT LEFT: from what the second makes to what the
# first makes and back, each killed at each step; the same once more then makes it so
to_and_fro() {
	local name=$1 more=1 said now command
	shift
	while n=$((n + 1)) && [ $more ]; do
		more=
		for _ in to fro; do
			read -ra command <<<"$1"
			said=
			if killed $n "${command[@]}"; then
				more=1
				in_between $n "$5" "$2"
				said=$("$bxctl" "${command[@]}" 2>&1)
			fi
			now="$(attached), $(left)"
			[ "$now" = "$2, $3" ] || wrong=${wrong:-"after step $n: $said; $now; $2, $3"}
			set -- "$4" "$5" "$6" "$1" "$2" "$3"
		done
	done
	whole "$name"
}

ktap_plan 5
modprobe bus_ext
mkdir -p "$TMPDIR"
write_bundle "$work/old" two 1.0 good other
write_bundle "$work/new" two 2.0 good2
old="loader_test:1 other.v1:0" new="loader_test:2"
old_pins="1 loader_test/link 1 loader_test/map 1 other:v1/link 1 other:v1/map 1 state.yaml"
new_pins="1 loader_test/link 1 loader_test/map 1 state.yaml"

to_and_fro "install and remove" \
	"install --allow-unsigned $work/old" "$old" "1 generation $old_pins" \
	"remove two" '' ''

for change in "install old" "upgrade new" "upgrade old"; do
	"$bxctl" "${change% *}" --allow-unsigned "$work/${change#* }" >/dev/null
done
to_and_fro "upgrade" \
	"upgrade --allow-unsigned $work/new" "$new" "3 generation $new_pins" \
	"upgrade --allow-unsigned $work/old" "$old" "3 generation $old_pins"

# of the three that are kept, two neighbours are a version each
newest=$("$bxctl" --json status | jq '.bundles[0].generation')
to_and_fro "rollback" \
	"rollback -g $((newest - 1)) two" "$new" "3 generation $new_pins" \
	"rollback -g $newest two" "$old" "3 generation $old_pins"

to_and_fro "disable and enable" \
	"disable two" '' "3 generation 1 state.yaml" \
	"enable two" "$old" "3 generation $old_pins"

to_and_fro "mode" \
	"mode shadow two" "loader_test:1(shadow) other.v1:0(shadow)" "3 generation $old_pins" \
	"mode enforce two" "$old" "3 generation $old_pins"
