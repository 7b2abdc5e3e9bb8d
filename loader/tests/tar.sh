# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154,SC2034
# Rows of a tar file that no tar writes, in $work/tar. Sourced from the top of the checkout.

# number N: 11 octal digits and a NUL
number() { printf '%011o\0' "$1"; }

# row NAME TYPE [SIZE]: a header with a good sum
row() {
	local head=$work/tar/head sum
	{
		printf '%b' "$1" | head -c 100
		head -c $((100 - $(printf '%b' "$1" | head -c 100 | wc -c))) /dev/zero
		printf '%s' "${mode:-0000644}" && printf '\0'
		printf '0000000\0%.0s' 1 2
		if [[ ${3:-0} =~ ^[0-9]+$ ]]; then number "${3:-0}"; else printf '%b' "$3"; fi
		number 0
		printf '        %b' "$2"
		printf x
		head -c 99 /dev/zero
		printf 'ustar\00000'
		head -c 247 /dev/zero
	} >"$head"
	sum=$(od -An -v -tu1 "$head" | awk '{ for (i = 1; i <= NF; i++) n += $i } END { print n }')
	printf '%06o\0 ' "$sum" | dd of="$head" bs=1 seek=148 conv=notrunc status=none
	cat "$head"
}

# data FILE: its bytes, padded to full blocks
data() {
	cat "$1"
	head -c $(((512 - $(stat -c %s "$1") % 512) % 512)) /dev/zero
}

# file NAME FILE: a regular file
file() {
	row "$1" 0 "$(stat -c %s "$2")"
	data "$2"
}

# extended KEY=VALUE: a PAX header for the next row
extended() {
	local len size
	printf ' %b\n' "$1" >"$work/tar/pax"
	size=$(stat -c %s "$work/tar/pax")
	len=$((size + 2))
	[ "$len" -lt 100 ] || len=$((size + 3))
	[ "$len" -ge 10 ] || len=$((size + 1))
	{ printf '%s' "$len" && cat "$work/tar/pax"; } >"$work/tar/record"
	row pax x "$(stat -c %s "$work/tar/record")"
	data "$work/tar/record"
}

end() { head -c 1024 /dev/zero; }
