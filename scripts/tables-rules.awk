# SPDX-License-Identifier: GPL-2.0-only
# The tables of plot-rules.sh, which describes its input.

# 10000000 as 10,000,000
function with_commas(n,	s) {
	n = sprintf("%.0f", n)
	while (length(n) > 3) {
		s = "," substr(n, length(n) - 2) s
		n = substr(n, 1, length(n) - 3)
	}
	return n s
}

# row SOURCE WHAT NAME UNIT
function row(source, what, name, unit,	i) {
	printf "| %s |", name
	for (i = 10; i <= 100000; i *= 10)
		printf " %s |", (source, what, i) in cost ? with_commas(cost[source, what, i] / unit) : "-"
	print ""
}

function costs(source) {
	print "| 10 rules | 100 | 1,000 | 10,000 | 100,000 |"
	print "|---|---|---|---|---|---|"
	row(source, "an election: a rule matches", "an election: a rule matches", 1)
	row(source, "an election: none does", "an election: none does", 1)
	row(source, "one lookup in a hash", "one lookup in a hash of the kernel", 1)
	row(source, "scan of a table of ids: the middle one matches",
		"scan of a table of ids: the middle one matches", 1)
	row(source, "scan of a table of ids: none does", "scan of a table of ids: none does", 1)
	row(source, "fnmatch() on each pattern", "`fnmatch()` on each pattern", 1)
	row(source, "writing the table", "writing the table, in thousands", 1000)
	row(source, "replacing one rule", "replacing one rule, in thousands", 1000)
	row(source, "replacing one rule: entries written", "replacing one rule: entries written", 1)
	row(source, "memory of the table, bytes", "memory of the table, in kB", 1000)
}

$1 == "point" || $1 == "native" { cost[$1, $2, $3 + 0] = $4 }
$1 == "native" { native = 1 }
$1 == "tool" {
	tools = tools sprintf("| %s | %s | %.0f | %d |\n", $2, $3 ? "on" : "off", $4 / 1e6, $5)
}
$1 == "hook" && $4 == "missing" {
	hooks = hooks sprintf("| %s | %d | not in this kernel | | |\n", $2, $3)
}
$1 == "hook" && $4 != "missing" {
	hooks = hooks sprintf("| %s | %d | %s | %s | %s |\n", $2, $3, with_commas($4),
		with_commas($5), with_commas($5 - $4))
}
END {
	printf "| instructions "
	costs("point")
	if (tools)
		printf "\n| by | autoprobe | milliseconds | wrong probes |\n|---|---|---|---|\n%s", tools
	if (hooks)
		printf "\n| instructions for one run of | programs | without | with | more |\n" \
			"|---|---|---|---|---|\n%s", hooks
	if (native) {
		printf "\n| nanoseconds "
		costs("native")
	}
}
