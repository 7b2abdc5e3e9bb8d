#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Run the benchmarks in VMs that count instructions, and write what concerns rules and the hooks
# as one JSON document, build/bench/rules.json, from which scripts/plot-rules.sh draws. 'make
# bench' builds what this needs and calls it.
#
#   BENCH=   some of: all (costs of policies, and the rest), rules, hooks, functions, latency
#            (default: all and functions)
#
# driverctl and udev's rules come from the packages of this machine's Debian archive.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

out=$build/bench
packages=$out/packages
kernel=$(basename "$VM_KERNEL_DIR"/root/lib/modules/*)

unpack_packages() {
	local tmp=$out/deb deb
	[ ! -e "$packages/usr/sbin/driverctl" ] || return 0
	step FETCH "driverctl and udev"
	rm -rf "$tmp" "$packages"
	mkdir -p "$tmp"
	logged bench-fetch download "$tmp" driverctl udev ||
		{ apt_update && logged bench-fetch download "$tmp" driverctl udev; }
	for deb in "$tmp"/*.deb; do dpkg-deb -x "$deb" "$packages.new"; done
	mv "$packages.new" "$packages"
	rm -rf "$tmp"
}

# in_vm SCRIPT DEVICES: its results are the files that it leaves in /vm
in_vm() {
	ICOUNT=1 MEM=4G TIMEOUT=3600 RUN="selftests/bench/$1" DEVICES=$2 VM_LOG=$out/$1 \
		"$top/selftests/vm/run.sh"
	mv "$out/$1"/share/*.json "$out/"
}

# result NAME: of this run or an earlier one
result() {
	cat "$out/$1.json" 2>/dev/null || echo null
}

# The same BPF code, in nanoseconds of this machine, if its kernel can run it
native() {
	"$build/selftests/bench/rules" --json 2>/dev/null || echo null
}

# The hooks have a kernel of their own in the document, because not every kernel has all of them.
document() {
	if [ "${BENCH:-}" = hooks ] && [ -s "$out/rules.json" ]; then
		kernel=$(gojq -r .kernel "$out/rules.json")
	fi
	# shellcheck disable=SC2016 # of gojq
	gojq -n --arg kernel "$kernel" --arg native "$(uname -r)" \
		--argjson elections "$(result elections)" --argjson functions "$(result functions)" \
		--argjson hooks "$(result hooks)" --argjson here "$(native)" '{
			kernel: $kernel, elections: $elections, functions: $functions, hooks: $hooks,
			native: (if $here then {kernel: $native, elections: $here} else null end)
		}' >"$out/rules.json.new"
	mv "$out/rules.json.new" "$out/rules.json"
	step JSON "${out#"$top"/}/rules.json"
}

mkdir -p "$out"
for part in ${BENCH:-all functions}; do
	case $part in
	all) in_vm run none ;;
	rules) in_vm elections none ;;
	hooks) in_vm hooks one ;;
	functions) ;;
	latency) in_vm latency one ;;
	*) die "BENCH=$part: expected all, rules, hooks, functions or latency" ;;
	esac
	[ "$part" != functions ] || unpack_packages
	[ "$part" != functions ] || in_vm functions "one nvme-functions"
done
document
