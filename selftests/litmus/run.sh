#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Pairs of barriers, checked by the kernel's memory model, for all architectures: herd7
# computes all outcomes of each model *.litmus beside this file.
#
# - The bad outcome of a model never happens.
# - It happens sometimes without one of its barriers. A line that ends with '// [NAME] OTHER'
#   belongs to barrier NAME, without which the line is OTHER, or nothing.
# - The code has the lines of the model: 'code: FILE FUNCTION WORD...' in a model's comment
#   says that the body of the function has these words, in this order.
#
# HERD7 is the command, herd7 by default. LKMM is the directory of the model, which is
# tools/memory-model of the kernel's source; by default it comes from build/source, if a
# source package is there. Without both, only the code is compared.
set -euo pipefail
cd "$(dirname "$0")/../.."
. selftests/lib/ktap.sh
build=${BUILD:-build}
herd=${HERD7:-herd7}
work=$(mktemp -d)
cleanup() { rm -rf "$work"; }

# body FILE FUNCTION: the lines of its definition, without comments that fill a line
body() {
	awk -v name="$2" '
		!found && /^[a-z].*\(/ && $0 ~ "[ *]" name "\\(" { begun = 1 }
		begun && /;$/ && !/^[\t{]/ && !open { begun = 0 }	# a declaration
		begun && /^{/ { open = 1 }
		begun && open && !/^[\t ]*(\/\*|\*)/ { print }
		begun && open && /^}/ { exit }' "$1"
}

# has FILE FUNCTION WORD...: the function has the words, in this order
has() {
	local text word
	text=$(body "$1" "$2")
	for word in "${@:3}"; do
		if [[ $text != *"$word"* ]]; then
			echo "$1: $2() has no '$word' there"
			return 1
		fi
		text=${text#*"$word"}
	done
}

# has_code MODEL: all its lines 'code:'
has_code() {
	local file function words
	grep -q '^ \* code: ' "$1" || return 1
	while read -r file function words; do
		# shellcheck disable=SC2086 # a word has no spaces
		has "$file" "$function" $words || return 1
	done < <(sed -n 's/^ \* code: //p' "$1")
}

# lkmm: prints the directory of the kernel's memory model
lkmm() {
	local dir=$build/litmus source
	if [ "${LKMM:-}" ]; then
		echo "$LKMM"
		return
	fi
	for source in "$build"/source/linux-source-*.tar.xz; do
		[ -e "$source" ] || return 1
		if [ ! -e "$dir/complete" ] || [ "$source" -nt "$dir/complete" ]; then
			mkdir -p "$dir"
			tar -xf "$source" -C "$dir" --strip-components=3 --wildcards --no-anchored \
				'tools/memory-model/linux-kernel.*' 'tools/memory-model/lock.cat'
			touch "$dir/complete"
		fi
		echo "$dir"
		return
	done
}

# without BARRIER MODEL: the model that lacks the barrier
without() {
	sed "s|^\(\t*\).*// \[$1\] *\(.*\)$|\1\2|" "$2"
}

barriers() { sed -n 's|.*// \[\([a-z]*\)\].*|\1|p' "$1" | sort -u; }

# outcome MODEL: Never, Sometimes or Always
outcome() {
	(cd "$model" && "$herd" -conf linux-kernel.cfg "$1") |
		sed -n 's/^Observation [^ ]* \([A-Za-z]*\) .*/\1/p'
}

models=(selftests/litmus/*.litmus)
tests=0
for file in "${models[@]}"; do
	tests=$((tests + 2 + $(barriers "$file" | wc -l)))
done
ktap_plan $((tests + 1))

# a lost barrier must not go unnoticed
check_status 1 "a missing word is found" has kernel/call.c bx_call_idle "begun +=" smp_mb

for file in "${models[@]}"; do
	check "${file##*/}: the code has its barriers" has_code "$file"
done

reason=
model=
if [ ! "$(type -P "$herd")" ]; then
	reason="no herd7"
elif ! model=$(realpath "$(lkmm)" 2>/dev/null) || [ ! -e "$model/linux-kernel.cfg" ]; then
	reason="no memory model of the kernel: set LKMM="
fi
# judge NAME EXPECTED FILE
judge() {
	if [ "$reason" ]; then
		ktap_skip "$1" "$reason"
	else
		check_equal "$1" "$2" "$(outcome "$3")"
	fi
}
for file in "${models[@]}"; do
	judge "${file##*/}: never" Never "$PWD/$file"
	for barrier in $(barriers "$file"); do
		without "$barrier" "$file" >"$work/$barrier.litmus"
		judge "${file##*/}: sometimes without [$barrier]" Sometimes "$work/$barrier.litmus"
	done
done
