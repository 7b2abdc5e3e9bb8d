#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Draw the results of the benchmarks on rules as SVG, or print them and the costs of hooks as
# the tables of docs/performance.md:
#
#   plot-rules.sh [build/bench/rules.json] >docs/performance.svg
#   plot-rules.sh --tables [build/bench/rules.json]
#
# Above, the cost of one device over the number of rules, on logarithmic axes; below, the time
# until virtual functions have their driver. 'make bench' writes the JSON.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

form=plot
[ "${1:-}" != --tables ] || { form=tables; shift; }
file=${1:-$build/bench/rules.json}
[ -s "$file" ] || die "$file is missing: 'make bench' writes it"

# Lines for awk: names may have blanks
lines() {
	gojq -r '
	"kernel\t\(.kernel)",
	(.elections // [] | .[] | "point\t\(.what)\t\(.rules)\t\(.cost)"),
	(.functions // [] | .[] |
		"tool\t\(.tool)\t\(.autoprobe)\t\(.ns)\t\(.wrong_probes)\t\(.functions)"),
	(.hooks.rows // [] | .[] | "hook\t\(.hook)\t\(.programs)\t" +
		if .missing then "missing" else "\(.without)\t\(.with)" end),
	(.native.elections // [] | .[] | "native\t\(.what)\t\(.rules)\t\(.cost)")' "$file"
}

lines | awk -F'\t' -f "$top/scripts/$form-rules.awk"
