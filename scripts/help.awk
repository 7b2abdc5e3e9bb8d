# SPDX-License-Identifier: GPL-2.0-only
# Prints the goals of the Makefile that have a '## description'.
BEGIN { print "usage: make [GOAL] [VARIABLE=value]\n" }
/^[a-z-]+( [a-z-]+)*:.*## / {
	goal = $0
	sub(/:.*/, "", goal)
	text = $0
	sub(/.*## /, "", text)
	printf "  %-13s %s\n", goal, text
}
END {
	print "\n  KERNEL=VERSION, or a name in scripts/kernels.list, builds for another"
	print "  kernel, V=1 shows every command, NO_INSTALL=1 lists missing packages and stops."
}
