#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The benchmark of hooks (selftests/bench/hooks): each row is measured or, in a kernel without
# that hook, says so; programs run exactly once in each measured call, which the benchmark checks
# itself; nothing is left attached. Costs are not judged: this VM does not count instructions.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh

work=$(mktemp -d)
cleanup() {
	bxctl detach --all >/dev/null 2>&1 || true
	rm -rf "$work"
}

# kernel_has SYMBOL
kernel_has() { grep -q " $1\$" /proc/kallsyms; }

# state PREFIX: of all rows whose hook begins so: measured, missing
state() {
	jq -r --arg prefix "$1" '[.rows[] | select(.hook | startswith($prefix)) |
		if .missing then "missing" elif .without > 0 and .with > 0 then "measured"
		else "invalid" end] | unique | join(" ")' "$work/hooks.json"
}

# expected SYMBOL: for hooks that a kernel with this function has
expected() { kernel_has "$1" && echo measured || echo missing; }

# programs: each row with its number of programs
programs() {
	jq -r '[.rows[] | "\(.hook) \(.programs)"] | join(", ")' "$work/hooks.json"
}

# attached: BPF objects that a benchmark attaches, and schedulers
attached() {
	bpftool -j map | jq -r '.[] | select(.type == "struct_ops") | .name' | xargs
	cat /sys/kernel/sched_ext/state 2>/dev/null || echo disabled
}

# tables: what the document has for rows of one kernel
tables() {
	printf '{"kernel": "k", "hooks": {"kernel": "k", "rows": %s}}' "$1" >"$work/document.json"
	scripts/plot-rules.sh --tables "$work/document.json"
}

ktap_plan 8
check it_ends_well selftests/bench/hooks "$work/hooks.json"
check_equal it_names_the_kernel "$(uname -r)" "$(jq -r .kernel "$work/hooks.json")"
check_equal no_row_is_left_out "a function pointer, by itself 1, bus_ext: call() 1, bus_ext: call() 4, \
bus_ext: select() 1, bus_ext: select() 4, HID-BPF: hid_device_event() 1, \
HID-BPF: hid_device_event() 4, sched_ext: running() 1, sched_ext: set_weight() 1" "$(programs)"
check_equal hooks_of_bus_ext_are_measured measured "$(state bus_ext)"
check_equal hid_bpf_is_measured_where_it_exists "$(expected dispatch_hid_bpf_device_event)" \
	"$(state HID-BPF)"
check_equal sched_ext_is_measured_where_it_exists "$(expected scx_bpf_task_cpu)" "$(state sched_ext)"
check_equal nothing_is_left_attached "disabled" "$(attached | xargs)"
check_match the_table_names_missing_hooks \
	'\| a\(\) \| 1 \| 1,000 \| 1,234 \| 234 \| \| b\(\) \| 4 \| not in this kernel \| \| \|' \
	"$(tables '[{"hook": "a()", "programs": 1, "without": 1000, "with": 1234},
		{"hook": "b()", "programs": 4, "missing": true}]' | xargs)"
