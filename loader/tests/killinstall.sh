#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# bxctl is killed before each of its system calls that changes something, while it
# installs, upgrades, rolls back and removes a bundle. What is in force then is what
# was, or what was to be; and the next command goes on from there. Runs in the VM.
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
objects=$PWD/build/loader/tests/objects
pins=/sys/fs/bpf/bus_ext
state=/var/lib/bus_ext/bundles
work=$(mktemp -d)
export TMPDIR=$work/tmp

cleanup() {
	"$bxctl" remove two >/dev/null 2>&1
	"$bxctl" detach --all >/dev/null 2>&1
	rm -rf "$work" "$state"
}

# make_bundle NAME VERSION POLICY...
make_bundle() {
	local policy
	mkdir -p "$work/$1"
	{
		printf '%s\n' 'bundle: two' "version: $2" 'vendor: v' 'summary: s' \
			'claims: [ { bus: pci } ]' 'policies:'
		for policy in "${@:3}"; do echo "- $policy.bpf.o"; done
	} >"$work/$1/bundle.yaml"
	for policy in "${@:3}"; do cp "$objects/$policy.bpf.o" "$work/$1/"; done
}

# killed N COMMAND...: whether it was killed before step N
killed() {
	status=0
	build/loader/tests/killat "$1" "$bxctl" "${@:2}" >/dev/null 2>&1 || status=$?
	[ "$status" = 99 ]
}

# left: all that there is, but for numbers of generations
left() {
	{
		find "$state" -mindepth 2 -maxdepth 2
		find "$state" -maxdepth 1 -name '.*'
		find $pins/policies -type f
		ls "$TMPDIR"
	} | sed 's|.*/two/||; s|generation-.*|generation|; s|.*/policies/||' | sort | uniq -c | xargs
}

# in_between STEP BEFORE AFTER: one of them is in force
in_between() {
	local now
	now=$(attached)
	case $now in
	"$2") seen+=b ;;
	"$3") seen+=a ;;
	*) wrong=${wrong:-"in force before step $1: '$now'"} ;;
	esac
}

# then_is STEP WANT LEFT COMMAND...: the next command makes it so
then_is() {
	local said now
	said=$("$bxctl" "${@:4}" 2>&1)
	now="$(attached), $(left)"
	[ "$now" = "$2, $3" ] || wrong=${wrong:-"after step $1: $said; $now; $2, $3"}
}

# whole NAME: every step was as it should be, before and after were seen
whole() {
	ktap_diag "$((n - 1)) steps"
	check_equal "$1: whole at each step" "0, yes yes, " "$status, $(
		[[ $seen != *b* ]] || echo yes) $([[ $seen != *a* ]] || echo yes), $wrong"
	n=0 wrong='' seen=''
}

ktap_plan 4
modprobe bus_ext
mkdir -p "$TMPDIR"
make_bundle old 1.0 good other
make_bundle new 2.0 good2
old="loader_test:1 other.v1:0" new="loader_test:2"
old_pins="1 loader_test/link 1 loader_test/map 1 other:v1/link 1 other:v1/map 1 state.yaml"
new_pins="1 loader_test/link 1 loader_test/map 1 state.yaml"
install=(install --allow-unsigned "$work/old")
n=0 wrong='' seen=''

while n=$((n + 1)) && killed $n "${install[@]}"; do
	in_between $n '' "$old"
	then_is $n "$old" "1 generation $old_pins" "${install[@]}"
	"$bxctl" remove two >/dev/null 2>&1
done
whole install

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
while n=$((n + 1)) && killed $n rollback -g $there two; do
	in_between $n "$from" "$to"
	then_is $n "$to" "3 generation $to_pins" rollback -g $there two
	x=$from from=$to to=$x x=$from_pins from_pins=$to_pins to_pins=$x
	x=$here here=$there there=$x
done
whole rollback

while n=$((n + 1))
	"$bxctl" remove two >/dev/null 2>&1
	"$bxctl" "${install[@]}" >/dev/null 2>&1
	killed $n remove two; do
	in_between $n "$old" ''
	then_is $n '' '' remove two
done
whole remove
