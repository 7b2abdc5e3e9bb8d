# SPDX-License-Identifier: GPL-2.0-only
# The drawing of plot-rules.sh, which describes its input.

function log10(n) { return log(n) / log(10) }
function x_of(rules) { return left + (log10(rules) - 1) / 4 * width }
function y_of(cost) { return upper + height - (log10(cost) - low) / (high - low) * height }

function text(x, y, what, more) {
	gsub(/&/, "\\&amp;", what)
	gsub(/</, "\\&lt;", what)
	printf "<text x=\"%.1f\" y=\"%.1f\"%s>%s</text>\n", x, y, more ? " " more : "", what
}

function line(x1, y1, x2, y2, class) {
	printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n",
		x1, y1, x2, y2, class
}

# 10000000 as 10,000,000
function with_commas(n,	s) {
	n = sprintf("%d", n)
	while (length(n) > 3) {
		s = "," substr(n, length(n) - 2) s
		n = substr(n, 1, length(n) - 3)
	}
	return n s
}

function grid(	i) {
	for (i = 1; i <= 5; i++) {
		line(x_of(10 ^ i), upper, x_of(10 ^ i), upper + height, "grid")
		text(x_of(10 ^ i), upper + height + 18, with_commas(10 ^ i), "text-anchor=\"middle\"")
	}
	for (i = low; i <= high; i++) {
		line(left, y_of(10 ^ i), left + width, y_of(10 ^ i), "grid")
		text(left - 8, y_of(10 ^ i) + 4, with_commas(10 ^ i), "text-anchor=\"end\"")
	}
	text(left + width / 2, upper + height + 38, "rules", "text-anchor=\"middle\"")
	text(-(upper + height / 2), 16, "instructions", "text-anchor=\"middle\" transform=\"rotate(-90)\"")
}

# A line through the points of a row, its name at the right end, moved down by @shift
function curve(what, name, color, style, shift,	i, n, path, x, y) {
	for (i = 10; i <= 100000; i *= 10) {
		if (!((what, i) in cost))
			continue
		x = x_of(i)
		y = y_of(cost[what, i])
		path = path (n++ ? " L" : "M") sprintf("%.1f %.1f", x, y)
		printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", x, y, color
	}
	if (!n)
		return
	printf "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s/>\n", path, color,
		style ? " stroke-dasharray=\"" style "\"" : ""
	text(left + width + 10, y + 4 + shift, name, "fill=\"" color "\"")
}

# libkmod has one table, that of the kernel: a line across
function level(what, name, color,	y) {
	if (!((what, 0) in cost))
		return
	y = y_of(cost[what, 0])
	printf "<path d=\"M%.1f %.1f H%.1f\" stroke=\"%s\" stroke-width=\"1.5\" stroke-dasharray=\"2 4\"/>\n",
		left, y, left + width, color
	text(left + width + 10, y + 4, name, "fill=\"" color "\"")
}

function costs() {
	text(20, 28, "Instructions for one device, over the number of rules (both axes are logarithmic)",
		"class=\"title\"")
	grid()
	curve("fnmatch() on each pattern", "fnmatch() on each pattern", "#8a6d00")
	curve("scan of a table of ids: none does", "scan of a table of ids", "#a33100")
	level("libkmod: lookup in the aliases of this kernel", "libkmod, the kernel's aliases", "#6b3fa0")
	curve("an election: none does", "", "#0b57a4", "6 4")
	curve("an election: a rule matches", "election by rules", "#0b57a4")
	curve("one lookup in a hash", "one lookup in a hash", "#3d6b35", "6 4")
}

# Bars of the time; that of bus_ext has another color.
function bars(	i, y, most, w) {
	for (i = 1; i <= tools; i++)
		most = ns[i] > most ? ns[i] : most
	y = upper + height + 92
	text(20, y, sprintf("Milliseconds from sriov_numvfs to %d functions with vfio-pci, at 10⁹ instructions a second",
		functions), "class=\"title\"")
	for (i = 1; i <= tools; i++) {
		y += 26
		text(bar_left - 10, y + 4, tool[i] (autoprobe[i] ? "" : "; autoprobe off"), "text-anchor=\"end\"")
		w = ns[i] / most * bar_width
		printf "<rect x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"16\" fill=\"%s\"/>\n",
			bar_left, y - 8, w, tool[i] ~ /^bus_ext/ ? "#0b57a4" : "#b9b9b9"
		text(bar_left + w + 8, y + 4, sprintf("%d, %s", ns[i] / 1e6 + 0.5,
			wrong[i] ? wrong[i] " wrong probes" : "no wrong probe"))
	}
	text(20, y + 40, "Linux " kernel " in qemu -icount; docs/performance.md describes what is compared.")
}

BEGIN {
	left = 110; upper = 56; width = 560; height = 380
	low = 1; high = 8
	bar_left = 300; bar_width = 400
}
$1 == "kernel" { kernel = $2 }
$1 == "point" { cost[$2, $3 + 0] = $4 }
$1 == "tool" { tool[++tools] = $2; autoprobe[tools] = $3; ns[tools] = $4; wrong[tools] = $5; functions = $6 }
END {
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 900 %d\" width=\"900\" height=\"%d\"\n" \
		"\tfont-family=\"sans-serif\" font-size=\"13\" fill=\"#1a1a1a\">\n", \
		(total = upper + height + 110 + 26 * tools + 40), total
	print "<style>.title { font-size: 15px; font-weight: bold } .grid { stroke: #dddddd }</style>"
	print "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>"
	costs()
	if (tools)
		bars()
	print "</svg>"
}
