#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The README's two commands, 'make demo' and 'make test', work for a reader: in a Debian system
# that has nothing but a clone of the checkout's last commit, git and make. A kernel of another
# release can be tested there, too.
#
#   BX_README_RELEASES=  "bookworm trixie"; the system is made with mmdebstrap, in build/readme/,
#                        and removed afterwards, but for the log of each command
#   BX_README_TESTS=     TESTS= for 'make test'; by default all of the default set run
#
# It needs root, the archive, and an hour for each release.
set -euo pipefail
. "$(dirname "$0")/../scripts/lib.sh"
. "$top/selftests/lib/ktap.sh"
read -ra releases <<<"${BX_README_RELEASES:-bookworm trixie}"
dir=$build/readme

# make_system RELEASE
make_system() {
	local root=$dir/$1/root
	mkdir -p "$dir/$1"
	archive "$1" main,security >"$dir/$1/sources.list"
	mmdebstrap --mode=root --variant=apt --include=ca-certificates,git,make \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		"$1" "$root" "$dir/$1/sources.list" >"$dir/$1/system.log" 2>&1 || return
	cp /etc/resolv.conf "$root/etc/"
	git clone -q --no-hardlinks --single-branch "$top" "$root/root/bus_ext"
}

# Its arguments: the system's /, the command. It has the devices of this machine, its network
# and no processes but its own; its / is a mount, as on a machine.
inside=$(cat <<'INSIDE'
set -e
root=$1
shift
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/tmp"
exec chroot "$root" env -i HOME=/root TERM=dumb LC_ALL=C.UTF-8 \
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	sh -c 'cd /root/bus_ext && exec "$@"' sh "$@" </dev/null
INSIDE
)

# in_system RELEASE COMMAND...
in_system() {
	unshare --mount --pid --fork --kill-child --propagation private \
		sh -c "$inside" sh "$dir/$1/root" "${@:2}"
}

# works NAME RELEASE COMMAND...: the end of its output tells about a failure
works() {
	local log=$dir/$2/$1.log
	if in_system "${@:2}" >"$log" 2>&1; then
		ktap_ok "$1"
	else
		ktap_not_ok "$1" "$(tail -n 20 "$log")" "the whole output is in $log"
	fi
}

# other_kernel RELEASE: the first in the list of another release
other_kernel() {
	awk -v release="$1" '/^[^#]/ && $2 != release { print $1; exit }' "$top/scripts/kernels.list"
}

cleanup() {
	for release in "${releases[@]}"; do rm -rf "${dir:?}/$release/root"; done
}

[ "$(id -u)" = 0 ] || ktap_skip_all "it needs root"
type -P mmdebstrap >/dev/null || ktap_skip_all "mmdebstrap is not installed"
cleanup
ktap_plan $((4 * ${#releases[@]}))
for release in "${releases[@]}"; do
	check "${release}_is_made" make_system "$release"
	works "make_demo_on_$release" "$release" make demo
	works "make_test_on_$release" "$release" make test \
		${BX_README_TESTS:+TESTS="$BX_README_TESTS"}
	works "make_test_of_another_release_on_$release" "$release" make test \
		KERNEL="$(other_kernel "$release")" TESTS="kernel/election e2e/demo"
	rm -rf "${dir:?}/$release/root"
done
