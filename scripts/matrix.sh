#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the tests on all kernels of kernels.list, one after the other, with one set of BPF
# objects, and prints a table, kernel by set of tests.
#
#   matrix.sh run BPF_VERSION  run; the table is written to docs/kernels.md, too. Objects are
#                              built with the types of that kernel. KERNELS="NAME..." and
#                              TESTS="WORD..." select; other results are kept.
#   matrix.sh table            print the table of the results so far, in build/matrix/
#   matrix.sh readme           print the table of supported kernels, for README.md
set -euo pipefail
. "$(dirname "$0")/lib.sh"
results=$build/matrix
list=$top/scripts/kernels.list
sets=(kernel e2e loader)

names() {
	awk '/^[^#]/ { print $1 }' "$list"
}

# Prints the kernels as lines 'NAME PACKAGE SERIES DESCRIPTION'.
kernels() {
	awk '/^[^#]/ {
		text = $6
		for (i = 7; i <= NF; i++) text = text " " $i
		print $1, $4, $5, text
	}' "$list"
}

readme() {
	local name package series text
	echo "| kernel | series | package | \`KERNEL=\` |"
	echo "|---|---|---|---|"
	while read -r name package series text; do
		echo "| $text | $series | \`$package\` | \`$name\` |"
	done < <(kernels)
}

# run_one NAME BPF_VERSION: leave its version, and the output of the tests
run_one() {
	local name=$1 version status=0
	version=$(KERNEL=$name "$top/scripts/kernel.sh" version | tail -n 1)
	if [ -z "$version" ]; then
		echo "$name: no archive has it" >&2
		return
	fi
	step MATRIX "$name: $version"
	mkdir -p "$results"
	echo "$version" >"$results/$name.version.new"
	WHERE="vm stock" make --no-print-directory -C "$top" test KERNEL="$version" \
		BPF_KERNEL="$2" 2>&1 | tee "$results/$name.new" || status=$?
	echo $status >"$results/$name.status"
	echo "${TESTS:-all}" >"$results/$name.tests"
	mv "$results/$name.version.new" "$results/$name.version"
	mv "$results/$name.new" "$results/$name.output"
}

# count NAME SET: the cell of a table
count() {
	awk -v set="$2" -v status="$(<"$results/$1.status")" '
		/^[0-9]+ passed, / { total = 1 }
		$1 ~ "^" set "/.*:$" && ($2 == "ok" || ($2 == "not" && $3 == "ok")) {
			if ($2 == "not") failed++
			else if (/# SKIP/) skipped++
			else passed++
		}
		END {
			if (!passed && !failed && !skipped) {
				print total || status == 0 ? "not run" : "**failed** to build"
				exit
			}
			printf "%d", passed
			if (failed) printf ", **%d failed**", failed
			if (skipped) printf ", %d skipped", skipped
			print ""
		}' "$results/$1.output"
}

table() {
	local name set cells
	echo "| \`KERNEL=\` | version | \`TESTS=\` | ${sets[*]/%/\/ |}"
	echo "|---|---|---|${sets[*]/*/---|}" | tr -d ' '
	while read -r name; do
		if [ ! -e "$results/$name.output" ]; then
			echo "| \`$name\` | | | ${sets[*]/*/not run |}"
			continue
		fi
		cells=
		for set in "${sets[@]}"; do cells+=" $(count "$name" "$set") |"; done
		echo "| \`$name\` | $(<"$results/$name.version") |" \
			"$(<"$results/$name.tests") |$cells"
	done < <(names)
}

document() {
	cat <<'TEXT'
# Kernels

The supported kernels are listed in [scripts/kernels.list](../scripts/kernels.list).
`make test-matrix` writes this file: it runs the tests that need a kernel on each of them, in
VMs, with one set of BPF objects, built with the types of the first (CO-RE). A cell has the
number of passed tests. `make test KERNEL=NAME` runs one kernel; headers and a compiler for
kernels of another Debian release than this machine's are in a system of that release, which is
made once, in `build/release/`, and programs for arm64 are cross-built ([testing.md](testing.md)).

TEXT
	table
	cat <<'TEXT'

Skipped tests and limits:

- `-cloud` kernels have neither mediated devices nor a driver of the PC speaker, and NVMe is
  built in, so its driver cannot be missing. They also lack most drivers of the end-to-end tests
  of rules and buses: USB, sound, `e1000e`.
- arm64 has no south bridge of a PC, no mediated devices and neither `i2c-stub` nor `uhci-hcd`;
  `psmouse` is built in, and firmware gives devices no numbers. A device gets its IOMMU group
  shortly before its first probe ([matching.md](matching.md)).
- BPF has no timers with PREEMPT_RT, and 7.3 with it has no mediated devices.
- 7.3 with PREEMPT_RT: pahole must be linked with a newer libbpf than 1.5.0, which leaves copies of
  the kernel's types in the modules. `make` builds one for it; DKMS on Debian 13 refuses to build.
- No supported kernel has iommufd (`CONFIG_IOMMUFD`): `make test-debug-drivers` tests it.
- 7.3: `ehci-pci` hangs in `usbcore` when it is bound or unbound while a companion of the controller
  is bound to `vfio-pci`.
TEXT
}

case ${1:-} in
run)
	for name in ${KERNELS:-$(names)}; do run_one "$name" "$2"; done
	document >"$top/docs/kernels.md"
	table
	! table | grep 'failed' >/dev/null
	;;
table) table ;;
readme) readme ;;
*) die "usage: matrix.sh run BPF_VERSION | table | readme" ;;
esac
