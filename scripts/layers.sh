#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Lists the calls between the files of bus_ext.ko, from the symbols of their objects.
# kernel/Kbuild lists the files in the order of their layers; a file may refer to the files
# before it. Tracepoints are defined in main.c for all files and do not count. Calls
# through a table of operations (struct bx_kind, work items) are not found.
#
#   layers.sh OBJECT_DIR	print 'FILE -> FILE: SYMBOL...' for each pair
#
# Exit status 1, with those lines on stderr, if calls go up.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
objects=$1

order=$(sed -n '/^bus_ext-y/,/[^\\]$/p' "$top/kernel/Kbuild" | grep -oE '[a-z_]+\.o')
for object in $order; do
	nm "$objects/$object" | sed "s/^/${object%.o} /"
done | awk -v order="$order" '
	BEGIN {
		n = split(order, name, /\.o[ \n]*/)
		for (i = 1; i <= n; i++)
			layer[name[i]] = i
	}
	NF == 4 && $3 ~ /^[TDBRVW]$/ { home[$4] = $1 }
	NF == 3 && $2 == "U" && $3 !~ /__tracepoint_|__SC[KT]__|__traceiter_/ { wants[$1 " " $3] }
	END {
		for (pair in wants) {
			split(pair, p, " ")
			to = home[p[2]]
			if (to == "" || to == p[1])
				continue
			calls[p[1] " -> " to] = calls[p[1] " -> " to] " " p[2]
			if (layer[to] > layer[p[1]])
				up[p[1] " -> " to]
		}
		for (c in calls)
			print c ":" calls[c] | "sort"
		close("sort")
		for (c in up) {
			print "up: " c ":" calls[c] >"/dev/stderr"
			failed = 1
		}
		exit failed
	}'
