#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A system of another Debian release in build/release/, for kernels of that release: their
# headers contain programs for that release's C library, and require its compiler. The
# system is made once; nothing is installed on this machine but mmdebstrap.
#
#   release.sh host                 print the name of this machine's release
#   release.sh make RELEASE         make the system
#   release.sh run RELEASE COMMAND...
#                                   run a command in it, in this directory and as this user;
#                                   the checkout has the same path there
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# For building modules with BTF against headers of that release, with its own compiler
packages=gcc,make,dwarves,libelf-dev,libssl-dev,zlib1g-dev,kmod,python3-minimal
[ "$arch" != arm64 ] || packages+=,gcc-aarch64-linux-gnu

host() {
	sed -n 's/^VERSION_CODENAME=//p' /etc/os-release
}

make_system() {
	local release=$1 dir=$build/release/$1
	[ ! -e "$dir/made" ] || return 0
	NO_INSTALL=${NO_INSTALL:-0} "$top/scripts/packages.sh" release
	step RELEASE "making a system of $release with its compiler, once"
	as_root rm -rf "$dir"
	mkdir -p "$dir"
	archive "$release" main,security >"$dir/sources.list"
	# No documentation: a third of the files
	logged "release-$release" as_root mmdebstrap --mode=root --variant=essential \
		--include="$packages" --dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		"$release" "$dir/root" "$dir/sources.list"
	mkdir -p "$dir/root/$top" 2>/dev/null || as_root mkdir -p "$dir/root/$top"
	touch "$dir/made"
}

# Its arguments: the system, the checkout, build/, the user, the directory, the command
inside=$(cat <<'INSIDE'
set -e
root=$1 top=$2 build=$3 user=$4 dir=$5
shift 5
for shared in "$top" "$build" /dev /proc; do
	mkdir -p "$root$shared"
	mount --rbind "$shared" "$root$shared"
done
exec chroot --userspec="$user" "$root" sh -c 'cd "$0" && exec "$@"' "$dir" "$@"
INSIDE
)

run() {
	local root=$build/release/$1/root
	shift
	as_root unshare --mount --propagation private \
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
		sh -c "$inside" sh "$root" "$top" "$(realpath "$build")" \
		"$(id -u):$(id -g)" "$PWD" "$@"
}

case ${1:-} in
host) host ;;
make)
	mkdir -p "$build/release"
	# Concurrent runs in one checkout wait for each other.
	exec 9>"$build/release/.lock"
	flock 9
	make_system "$2"
	;;
run) run "${@:2}" ;;
*) die "usage: release.sh host | make RELEASE | run RELEASE COMMAND..." ;;
esac
