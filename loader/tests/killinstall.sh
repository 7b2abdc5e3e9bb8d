#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# bxctl is killed before each of its system calls that changes something, while it
# installs, upgrades, rolls back and removes a bundle. What is in force then is what
# was, or what was to be; and the next command goes on from there. Runs in the VM.
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

# then_is STEP WANT LEFT COMMAND...: the next command makes it so
then_is() {
	local said now
	said=$("$bxctl" "${@:4}" 2>&1)
	now="$(attached), $(left)"
	[ "$now" = "$2, $3" ] || wrong=${wrong:-"after step $1: $said; $now; $2, $3"}
}

ktap_plan 3
modprobe bus_ext
mkdir -p "$TMPDIR"
write_bundle "$work/old" two 1.0 good other
write_bundle "$work/new" two 2.0 good2
old="loader_test:1 other.v1:0" new="loader_test:2"
old_pins="1 loader_test/link 1 loader_test/map 1 other:v1/link 1 other:v1/map 1 state.yaml"
new_pins="1 loader_test/link 1 loader_test/map 1 state.yaml"
install=(install --allow-unsigned "$work/old")

# to and fro, until neither has a step any more
more=1
while n=$((n + 1)) && [ $more ]; do
	more=
	if killed $n "${install[@]}"; then
		more=1
		in_between $n '' "$old"
	fi
	then_is $n "$old" "1 generation $old_pins" "${install[@]}"
	if killed $n remove two; then
		more=1
		in_between $n "$old" ''
	fi
	then_is $n '' '' remove two
done
whole "install and remove"

"$bxctl" "${install[@]}" >/dev/null 2>&1
# it is installed: to and fro, three generations in the end
for version in new old; do "$bxctl" upgrade --allow-unsigned "$work/$version"; done >/dev/null 2>&1
from=$old to=$new to_pins=$new_pins from_pins=$old_pins version=new other=old
while n=$((n + 1)) && killed $n upgrade --allow-unsigned "$work/$version"; do
	in_between $n "$from" "$to"
	then_is $n "$to" "3 generation $to_pins" upgrade --allow-unsigned "$work/$version"
	x=$from from=$to to=$x x=$from_pins from_pins=$to_pins to_pins=$x
	x=$version version=$other other=$x
done
whole upgrade

# of the three that are kept, two neighbours are a version each
newest=$("$bxctl" --json status | jq '.bundles[0].generation')
x=$from from=$to to=$x x=$from_pins from_pins=$to_pins to_pins=$x
there=$((newest - 1)) here=$newest
while n=$((n + 1)) && killed $n rollback -g "$there" two; do
	in_between $n "$from" "$to"
	then_is $n "$to" "3 generation $to_pins" rollback -g "$there" two
	x=$from from=$to to=$x x=$from_pins from_pins=$to_pins to_pins=$x
	x=$here here=$there there=$x
done
whole rollback
