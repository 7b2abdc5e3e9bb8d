#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the kernel modules against a kernel directory (see kernel.sh) and installs
# them into its root/, for modprobe.
#
#   modules.sh KERNEL_DIR VERSION [MAKE ARGUMENT...]
#
# Kbuild writes its objects beside the sources, so the sources are mirrored as
# symbolic links under build/modules/VERSION: the checkout stays clean, and
# several kernels can be built for at once. NO_MODINST=1 stops after the build;
# TEST_MODULES=0 leaves selftests/modules out; SOURCES= is a directory with other sources, those
# of strip-compat.sh.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

kdir=$(realpath "$1") version=$2
shift 2
mirror=${MODULES_DIR:-$build/modules/$version}
sources=$(realpath "${SOURCES:-$top}")

mirror_sources() {
	local dir
	mkdir -p "$mirror/selftests"
	for dir in kernel include selftests/modules; do
		cp -rsf --no-target-directory "$sources/$dir" "$mirror/$dir"
	done
	# removed sources, and the objects that were built from them
	find "$mirror" -xtype l -delete
}

# compile DIR ARGUMENT...: messages name the sources, not their mirror. A module of an
# earlier build that this one did not make is removed.
compile() {
	local ko
	in_release "$kdir" make -C "$kdir/build" --no-print-directory M="$mirror/$1" \
		-j"$(nproc)" "${@:2}" modules 2>&1 | sed "s|$mirror/||g"
	find "$mirror/$1" -name '*.ko' | while read -r ko; do
		grep -qE "(^|/)$(basename "$ko" .ko)\.k?o\$" "$mirror/$1/modules.order" ||
			rm "$ko"
	done
}

# compile_all ARGUMENT...: sets modules, the built files
compile_all() {
	local symvers=Module.symvers dirs=("$mirror/kernel")
	logged modules compile kernel "$@"
	if [ "${TEST_MODULES:-1}" = 1 ]; then
		# Kbuild does not see that symbols of other modules have changed.
		[ ! "$mirror/kernel/$symvers" -nt "$mirror/selftests/modules/$symvers" ] ||
			rm -f "$mirror/selftests/modules/$symvers"
		logged test-modules compile selftests/modules \
			KBUILD_EXTRA_SYMBOLS="$mirror/kernel/Module.symvers" "$@"
		dirs+=("$mirror/selftests/modules")
	fi
	mapfile -t modules < <(find "${dirs[@]}" -name '*.ko')
	[ ${#modules[@]} -gt 0 ] || die "kernel/Kbuild builds no module"
}

# build_all ARGUMENT...: if pahole's libbpf makes copies of the kernel's types, again with one
# that is built here. A file tells the next build to begin with it.
build_all() {
	local status=0 mark=$mirror/.own-libbpf
	local own="PAHOLE=env LD_LIBRARY_PATH=$host_build/tools/shared pahole"
	if [ -e "$mark" ]; then
		compile_all "$own" "$@"
	else
		compile_all "$@"
	fi
	"$top/scripts/check-btf.sh" "$kdir/build" "${modules[@]}" || status=$?
	[ $status != 0 ] || return 0
	[ $status = 3 ] && [ ! -e "$mark" ] || exit $status
	step MODULES "building again, with a libbpf for pahole that does not make them"
	KERNEL='' "$top/scripts/tools.sh" shared
	touch "$mark"
	rm -f "${modules[@]}"
	compile_all "$own" "$@"
	"$top/scripts/check-btf.sh" "$kdir/build" "${modules[@]}"
}

install_modules() {
	local updates=$kdir/root/lib/modules/$version/updates
	rm -rf "$updates.new"
	mkdir -p "$updates.new"
	# Modules for the emulated machine have no debug information, because they are
	# loaded many times. The mirror's modules keep it.
	install -m 644 "$@" "$updates.new"
	"${arch:+aarch64-linux-gnu-}strip" --strip-debug "$updates.new"/*.ko
	# depmod only if modules have changed
	if [ -d "$updates" ] && diff -rq "$updates" "$updates.new" >/dev/null; then
		rm -rf "$updates.new"
		return
	fi
	rm -rf "$updates"
	mv "$updates.new" "$updates"
	step DEPMOD "$version"
	logged depmod depmod -b "$kdir/root" "$version"
}

# Concurrent runs in one checkout wait for each other: Kbuild does not support them.
mkdir -p "$mirror"
exec 9>"$mirror/.lock"
flock 9
mirror_sources
step MODULES "building for $version"
build_all "$@"
[ "${NO_MODINST:-0}" = 1 ] || install_modules "${modules[@]}"
