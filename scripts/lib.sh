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

# step WORD TEXT...: the line that a user sees, in place of the line of a log that another
# step may be showing
step() {
	[ ! -t 1 ] || printf '\r\e[K'
	printf '  %-7s %s\n' "$1" "${*:2}"
}

# watch_log LOG: its last line, again and again, until killed or left alone.
# An empty log is left alone: sudo may be asking for a password.
watch_log() {
	local line
	while sleep 1 && kill -0 $$ 2>/dev/null; do
		line=$(tail -n 1 "$1" | tr -d '\0-\37' | cut -c 1-68)
		[ -z "$line" ] || printf '\r\e[K          %s' "$line"
	done
}

# logged NAME COMMAND...: quiet unless it fails (or V=1), but for a line on a
# terminal that comes and goes
logged() {
	local log=$build/log/$1.log watcher='' status=0
	shift
	mkdir -p "$build/log"
	if [ "${V:-0}" = 1 ]; then
		"$@" 2>&1 </dev/null | tee "$log"
		return "${PIPESTATUS[0]}"
	fi
	: >"$log"
	if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
		watch_log "$log" &
		watcher=$!
	fi
	# In a subshell, so that what ends it is reported as well.
	("$@") >"$log" 2>&1 </dev/null || status=$?
	if [ -n "$watcher" ]; then
		kill "$watcher" 2>/dev/null || true
		wait "$watcher" 2>/dev/null || true
		printf '\r\e[K'
	fi
	[ "$status" != 0 ] || return 0
	tail -n 30 "$log" >&2
	echo "${0##*/}: '$1' failed; the whole output is in $log" >&2
	return 1
}

# can_be_root: can as_root work at all?
can_be_root() {
	[ "$(id -u)" = 0 ] || command -v sudo >/dev/null
}

# as_root COMMAND...: through sudo when that is needed
as_root() {
	can_be_root || die "'$*' needs root and there is no sudo: run it yourself, then try again"
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# apt_cached PROGRAM ARGUMENT...: with a cache of our own: where apt keeps none, as in many
# containers, it reads all of its lists for each question. It sees when they have changed.
apt_cached() {
	mkdir -p "$build/apt" 2>/dev/null || true
	"$1" -o Dir::Cache::pkgcache="$build/apt/pkgcache.bin" \
		-o Dir::Cache::srcpkgcache="$build/apt/srcpkgcache.bin" "${@:2}"
}

# apt_lists: is there anything that apt-cache could answer from?
apt_lists() {
	apt_cached apt-cache show "$1" >/dev/null 2>&1
}

# download DIR PACKAGE...: the packages' files, for root and for anybody else
download() {
	# apt-get downloads into the directory it runs in
	(cd "$1" && apt_cached apt-get -q -o APT::Sandbox::User="$(id -un)" download "${@:2}")
}
