# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the scripts have in common: where things are, one line per step on the
# terminal, the details in a log. Sourced, never run.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${BUILD:-$top/build}
case $build in /*) ;; *) build=$top/$build ;; esac
export top build

# An ordinary user's PATH has no depmod, and what apt-cache says is translated.
export PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C.UTF-8

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# step WORD TEXT...: the line that a user sees
step() {
	printf '  %-7s %s\n' "$1" "${*:2}"
}

# logged NAME COMMAND...: quiet unless it fails (or V=1)
logged() {
	local log=$build/log/$1.log
	shift
	mkdir -p "$build/log"
	if [ "${V:-0}" = 1 ]; then
		"$@" 2>&1 | tee "$log"
		return "${PIPESTATUS[0]}"
	fi
	"$@" >"$log" 2>&1 && return
	tail -n 30 "$log" >&2
	echo "${0##*/}: '$1' failed; the whole output is in $log" >&2
	return 1
}

# as_root COMMAND...: through sudo when that is needed
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "'$*' needs root and there is no sudo: run it yourself, then try again"
	fi
}

# apt_lists: is there anything that apt-cache could answer from?
apt_lists() {
	apt-cache show "$1" >/dev/null 2>&1
}
