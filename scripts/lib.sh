# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Functions for all scripts: directories, one line per step on the terminal, the details
# in a log. To source, not to run.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${BUILD:-$top/build}
case $build in /*) ;; *) build=$top/$build ;; esac
export top build

# An ordinary user's PATH lacks depmod, and the output of apt-cache is translated.
export PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C.UTF-8

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# step WORD TEXT...: print a line for the user, over the line of a log that another step may
# be showing
step() {
	[ ! -t 1 ] || printf '\r\e[K'
	printf '  %-7s %s\n' "$1" "${*:2}"
}

# watch_log LOG: print its last line every second, until it is killed or the script has
# ended. Prints nothing for an empty log: sudo may be asking for a password.
watch_log() {
	local line
	while sleep 1 && kill -0 $$ 2>/dev/null; do
		line=$(tail -n 1 "$1" | tr -d '\0-\37' | cut -c 1-68)
		[ -z "$line" ] || printf '\r\e[K          %s' "$line"
	done
}

# logged NAME COMMAND...: run the command with its output in a log. Prints the end of the log
# if it fails, all of it with V=1; on a terminal, the last line while it runs
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
	# In a subshell, so that an exit in it is reported as well. Not with '||', which would
	# have a function continue after a failed command.
	set +e
	(set -e; "$@") >"$log" 2>&1 </dev/null
	status=$?
	set -e
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

# can_be_root: whether as_root can work
can_be_root() {
	[ "$(id -u)" = 0 ] || command -v sudo >/dev/null
}

# as_root COMMAND...: run it as root, with sudo if needed
as_root() {
	can_be_root || die "'$*' needs root, and sudo was not found: run it as root, then try again"
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# apt_cached PROGRAM ARGUMENT...: with a cache in build/. Where apt keeps no cache, as in many
# containers, each call reads all package lists. apt notices when the lists have changed.
apt_cached() {
	mkdir -p "$build/apt" 2>/dev/null || true
	"$1" -o Dir::Cache::pkgcache="$build/apt/pkgcache.bin" \
		-o Dir::Cache::srcpkgcache="$build/apt/srcpkgcache.bin" "${@:2}"
}

# apt_lists PACKAGE: whether apt's lists have the package
apt_lists() {
	apt_cached apt-cache show "$1" >/dev/null 2>&1
}

# download DIR PACKAGE...: download the packages' files, as root or as another user
download() {
	# apt-get downloads into the directory it runs in
	(cd "$1" && apt_cached apt-get -q -o APT::Sandbox::User="$(id -un)" download "${@:2}")
}
