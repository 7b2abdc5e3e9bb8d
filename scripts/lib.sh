# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Functions for all scripts: directories, one line per step on the terminal, the details
# in a log. To source, not to run.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${BUILD:-$top/build}
case $build in /*) ;; *) build=$top/$build ;; esac
# The architecture of the kernel KERNEL= if it is not this machine's; make does the same.
# shellcheck disable=SC2034 # of modules.sh
arch='' host_build=$build
case ${KERNEL:-} in
*-arm64)
	arch=arm64
	build=$build/$arch
	;;
esac
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

# archive RELEASE SUITES: print lines for apt's sources; suites are main, security, updates,
# backports, separated by commas. The mirror is the one that apt here uses, if it is Debian.
archive() {
	local release=$1 suite uri key=/usr/share/keyrings/debian-archive-keyring.gpg
	local mirror=http://deb.debian.org/debian security=http://deb.debian.org/debian-security
	# shellcheck disable=SC2016 # apt expands them
	while read -r uri suite; do
		case $suite in
		*-security) security=${uri%/} ;;
		*) mirror=${uri%/} ;;
		esac
	done < <(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' \
		'Origin: Debian' 2>/dev/null | sort -u)
	for suite in ${2//,/ }; do
		case $suite in
		main) echo "deb [signed-by=$key] $mirror $release main" ;;
		security) echo "deb [signed-by=$key] $security $release-security main" ;;
		*) echo "deb [signed-by=$key] $mirror $release-$suite main" ;;
		esac
	done
}

# use_archive RELEASE SUITES: let the functions below use these instead of the sources of
# this machine, with lists in build/, which are fetched once.
use_archive() {
	local dir=$build/apt/$1-${2//,/-} list=sources.list
	apt_archive=(-o Dir::Etc::sourcelist="$dir/$list" -o Dir::Etc::sourceparts=/dev/null
		-o Dir::State::lists="$dir/lists" -o Dir::Cache="$dir/cache"
		-o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=1)
	[ -z "$arch" ] || apt_archive+=(-o APT::Architecture="$arch"
		-o APT::Architectures::="$arch" -o APT::Architectures::=amd64)
	[ -e "$dir/fetched" ] || apt_update
}

# The archive in use: options for apt, none for the sources of this machine
apt_archive=()

# apt_update: fetch the lists of the archive in use
apt_update() {
	local dir
	if [ ${#apt_archive[@]} = 0 ]; then
		logged apt-update as_root apt-get update
		return
	fi
	dir=${apt_archive[1]#*=}
	dir=${dir%/*}
	mkdir -p "$dir"/{lists/partial,cache/archives/partial}
	step APT "fetching the lists of ${dir##*/}"
	archive_of "${dir##*/}" >"$dir/sources.list"
	logged apt-update apt-get "${apt_archive[@]}" update
	touch "$dir/fetched"
}

# archive_of RELEASE-SUITE-SUITE
archive_of() {
	local suites=${1#*-}
	archive "${1%%-*}" "${suites//-/,}"
}

# apt_cached PROGRAM ARGUMENT...: with a cache in build/. Where apt keeps no cache, as in many
# containers, each call reads all package lists. apt notices when the lists have changed.
apt_cached() {
	if [ ${#apt_archive[@]} -gt 0 ]; then
		"$1" "${apt_archive[@]}" "${@:2}"
		return
	fi
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

# in_release KERNEL_DIR COMMAND...: run the command in the system of the kernel's Debian
# release, if that is not this machine's
in_release() {
	if [ -e "$1/release" ]; then
		"$top/scripts/release.sh" run "$(<"$1/release")" "${@:2}"
	else
		"${@:2}"
	fi
}

# compat_macros FILE: the macros that a compat.mk may define
compat_macros() {
	sed -nE 's/.*(bx-(has|lacks),|echo -D)(BX_[A-Z_]+).*/\3/p' "$1"
}
