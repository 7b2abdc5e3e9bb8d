#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# bxctl is killed before each of its system calls that changes something. What is
# in force then is the old version of all policies or the new one of all, and the
# next command goes on from there. Runs in the VM.
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/killed.sh
objects=build/loader/tests/objects
pins=/sys/fs/bpf/bus_ext/policies
work=$(mktemp -d)
one=$objects/good.bpf.o

cleanup() {
	"$bxctl" detach --all >/dev/null 2>&1
	rm -rf "$work"
}

quietly() { "$@" >/dev/null 2>&1; }

# state: names, versions and stages in the kernel, in order of the names
state() {
	"$bxctl" --json policies | jq -r '[.policies[] |
		"\(.name):\(.version)" + if .stage == "force" then "" else "(\(.stage))" end] |
		sort | join(" ")'
}
# what is staged or retired does nothing, and is not there
in_force() { attached; }
pinned() { (cd $pins && shopt -s nullglob && echo */*); }

two_pinned="loader_test/link loader_test/map other:v1/link other:v1/map"
one_pinned="loader_test/link loader_test/map"

# after STEP BEFORE AFTER PINNED COMMAND...: what is in force is BEFORE or AFTER; the
# command, once more, makes it AFTER and leaves nothing else
after() {
	local step=$1 before=$2 want=$3 expected=$4 now said
	shift 4
	in_between "$step" "$before" "$want"
	said=$("$bxctl" "$@" 2>&1)
	now="$(state), $(pinned)"
	[ "$now" = "$want, $expected" ] || wrong=${wrong:-"after step $step: $said; $now"}
}

ktap_plan 4
modprobe bus_ext
mkdir "$work/old" "$work/new"
cp $one $objects/other.bpf.o "$work/old/"
cp $objects/good2.bpf.o $objects/other.bpf.o "$work/new/"
old="loader_test:1 other.v1:0" new="loader_test:2 other.v1:0"

while n=$((n + 1)) && quietly "$bxctl" detach --all; killed $n apply $one; do
	after $n '' loader_test:1 "$one_pinned" apply $one
done
whole attach

quietly "$bxctl" detach --all
quietly "$bxctl" apply "$work/old"
while n=$((n + 1)) && killed $n apply "$work/new"; do
	after $n "$old" "$new" "$two_pinned" apply "$work/new"
	# to and fro: what is new becomes old
	mv "$work/old" "$work/x" && mv "$work/new" "$work/old" && mv "$work/x" "$work/new"
	swapped=$old && old=$new && new=$swapped
done
whole upgrade
quietly "$bxctl" detach --all

while n=$((n + 1)) && quietly "$bxctl" apply $one; killed $n detach loader_test; do
	after $n loader_test:1 '' '' detach --all
done
whole detach

# One that is ejected takes itself back; meanwhile it may be there, or nothing
while n=$((n + 1)) && quietly "$bxctl" apply $one
	killed $n apply $objects/ejected.bpf.o; do
	case $(in_force) in
	loader_test:1 | loader_test:3 | '') ;;
	*) wrong="in force before step $n: $(in_force)" ;;
	esac
	quietly "$bxctl" apply $one
	[ "$(state), $(pinned)" = "loader_test:1, $one_pinned" ] ||
		wrong="after step $n: $(state), $(pinned)"
done
check_equal "roll back: the next command mends it at each step" "6 " "$status $wrong"
