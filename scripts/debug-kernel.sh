#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the sanitizer kernel: Debian's source, configured for finding bugs.
#
#   debug-kernel.sh dir VERSION     print its directory, which need not exist yet; kernel.sh
#                                   describes the layout
#   debug-kernel.sh build VERSION   build it, or take it from KERNEL_CACHE=DIR, unless it exists
#   debug-kernel.sh pack VERSION    write a pack of it, into build/kernel-cache/
#
# A pack is RELEASE.tar.zst, the directory without modules of this project, with its sum in
# SHA256SUMS in the same directory. A pack in KERNEL_CACHE= is unpacked if its sum is right;
# otherwise a message is printed and the kernel is built.
#
# VERSION is that of the stock kernel, whose source package is used. The package's version
# and the configuration identify a sanitizer kernel, so kernels with others exist side by
# side. CONFIG="CONFIG_X=y ..." adds to the configuration, selftests/vm/debug.config;
# PATCHES=DIR applies DIR/*.patch to the source, which identify the kernel, too. An
# interrupted build continues.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

config=$top/selftests/vm/debug.config
files=1400		# approximate number of compiled files
minutes=26		# approximate processor time

tar=$("$top/scripts/source.sh" "$2")
source_version=${tar##*_}
source_version=${source_version%.tar.xz}

wanted() {
	grep '^CONFIG_' "$config"
	[ -z "${CONFIG:-}" ] || xargs -n 1 <<<"$CONFIG"
}

# In the order of their numbers; 0000 is a cover letter.
patches() {
	[ -z "${PATCHES:-}" ] || find "$PATCHES" -name '*.patch' ! -name '0000-*' | sort
}

key=$({ echo "$source_version"; wanted; patches | xargs -r cat; } | sha256sum | cut -c 1-8)
release=$(cut -d- -f1 <<<"$source_version")-debug-$key
dir=$build/kernel/$release
work=$build/debug-kernel/$key
src=$work/source
log=$build/log/debug-kernel.log

# progress() counts the short lines, which V=1 would replace by whole commands.
kmake() {
	make V=0 -C "$src" --no-print-directory -j"$(nproc)" LOCALVERSION="-debug-$key" "$@"
}

unpack() {
	local free patch
	[ -e "$work/unpacked" ] && return
	mkdir -p "$src"
	free=$(df --output=avail -k "$work" | tail -n 1)
	[ "$free" -gt 4000000 ] || die "$work needs 4 GB for building the" \
		"kernel, and has $((free / 1000)) MB"
	step KERNEL "unpacking the source of $release"
	tar xJf "$tar" -C "$src" --strip-components=1
	while IFS= read -r patch; do
		step PATCH "${patch##*/}"
		logged debug-kernel-patch patch -d "$src" -p1 -F0 -i "$(realpath "$patch")"
	done < <(patches)
	touch "$work/unpacked"
}

configure() {
	local line missing=()
	wanted >"$work/wanted"
	KCONFIG_ALLCONFIG=$work/wanted logged debug-kernel-config kmake allnoconfig
	while read -r line; do
		grep -qxF -- "$line" "$src/.config" || missing+=("$line")
	done <"$work/wanted"
	[ ${#missing[@]} = 0 ] || die "cannot set in this kernel: ${missing[*]}" \
		"(a dependency is disabled, or the name is wrong)"
}

# Prints a line every 20 seconds, which on a terminal replaces the last one.
progress() {
	local count start=$SECONDS format='  %-7s compiled %d of about %d files, %d s\n'
	[ ! -t 1 ] || format="\r\e[K${format%\\n}"
	while sleep 20 && kill -0 $$ 2>/dev/null; do
		count=$(grep -c '^  CC ' "$log" || true)
		# shellcheck disable=SC2059 # it is a format
		printf "$format" KERNEL "$count" "$files" $((SECONDS - start))
	done
}

compile() {
	local watcher status=0
	step KERNEL "building $release: about $minutes minutes of processor time, on $(nproc) processors"
	mkdir -p "${log%/*}"
	: >"$log"
	progress &
	watcher=$!
	kmake bzImage modules >"$log" 2>&1 </dev/null || status=$?
	kill $watcher
	wait $watcher 2>/dev/null || true
	[ ! -t 1 ] || printf '\r\e[K'
	[ $status = 0 ] && return
	grep -iE -m 5 -A 3 'error|undefined' "$log" >&2 || tail -n 30 "$log" >&2
	die "cannot build the kernel; the whole output is in $log"
}

# Collects the files for booting the kernel and building modules for it. The BTF of
# modules is made against the BTF of exactly this link.
collect() {
	local new=$work/new
	rm -rf "$new"
	mkdir -p "$new/root"
	cp "$src/arch/x86/boot/bzImage" "$new/vmlinuz"
	kmake INSTALL_MOD_PATH="$new/root" INSTALL_MOD_STRIP=1 modules_install
	rm -f "$new/root/lib/modules/$release"/{build,source}
	# shellcheck disable=SC2016 # make expands it
	kmake KBUILD_RUN_COMMAND='$(srctree)/scripts/package/install-extmod-build '"$new/build" \
		run-command
	objcopy --only-section=.BTF --set-section-flags .BTF=alloc,readonly \
		"$src/vmlinux" "$new/build/vmlinux"
	ln -s build/vmlinux "$new/vmlinux"
	cp "$src/.config" "$new/config"
	# nvme frees DMA memory late when the probe of an offline function
	# fails, which is not an error of this project
	echo dma_debug_driver=bx_edu >"$new/cmdline"
}

pack=$release.tar.zst

# Whether the sum of the pack in a directory is that in its SHA256SUMS.
pack_is_good() {
	(cd "$1" && grep -E "^[0-9a-f]{64} [ *]$pack\$" SHA256SUMS | sha256sum --check --status) \
		2>/dev/null
}

# Unpacks into build/kernel/; the kernel gets its name only when it is complete.
unpack_pack() {
	rm -rf "$work/pack"
	mkdir -p "$work/pack"
	tar --zstd -xf "$KERNEL_CACHE/$pack" -C "$work/pack" && [ -e "$work/pack/$release/vmlinuz" ] &&
		install_kernel "$work/pack/$release"
}

take_pack() {
	[ -n "${KERNEL_CACHE:-}" ] || return
	if [ ! -e "$KERNEL_CACHE/$pack" ]; then
		step KERNEL "$KERNEL_CACHE has no $pack"
		return 1
	fi
	if ! pack_is_good "$KERNEL_CACHE"; then
		step KERNEL "not used: $pack does not match $KERNEL_CACHE/SHA256SUMS"
		return 1
	fi
	step KERNEL "unpacking $pack"
	logged debug-kernel-unpack unpack_pack ||
		die "cannot unpack $KERNEL_CACHE/$pack; without KERNEL_CACHE= the kernel is built"
	rm -rf "$work/pack"
}

# Removes modules that were built for another link of the kernel: they do not fit.
install_kernel() {
	rm -rf "$dir" "$build/modules/$release"
	mkdir -p "${dir%/*}"
	mv "$1" "$dir"
}

# Writes a pack; the same kernel makes the same pack.
write_pack() {
	local cache=$build/kernel-cache copy=$work/copy
	[ -e "$dir/vmlinuz" ] || die "$release does not exist; build it with 'make test-debug'"
	rm -rf "$copy"
	mkdir -p "$copy" "$cache"
	cp -a "$dir" "$copy/"
	rm -rf "$copy/$release/root/lib/modules/$release/updates"
	depmod -b "$copy/$release/root" "$release"
	find "$copy/$release/build" -type f -perm -u+x ! -name vmlinux -exec sh -c \
		'for f; do strip --strip-unneeded "$f" 2>/dev/null; done; true' sh {} +
	tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner \
		-C "$copy" -c "$release" | zstd -q -19 -T0 -f -o "$cache/$pack"
	rm -rf "$copy"
	(cd "$cache" && sha256sum ./*.tar.zst | sed 's|\./||' >SHA256SUMS)
	step PACK "${cache#"$top"/}/$pack"
}

build_kernel() {
	local began=$SECONDS
	[ -e "$dir/vmlinuz" ] && return
	take_pack && return
	unpack
	configure
	compile
	logged debug-kernel-collect collect
	install_kernel "$work/new"
	step KERNEL "built in $((SECONDS - began)) s"
	[ "${KEEP_OBJECTS:-0}" = 1 ] || rm -rf "$work"
}

# Concurrent runs in one checkout wait for each other.
mkdir -p "$build/debug-kernel"
exec 9>"$build/debug-kernel/.lock"
flock 9
case $1 in
dir) echo "$dir" ;;
build) build_kernel ;;
pack) write_pack ;;
*) die "usage: debug-kernel.sh dir|build|pack VERSION" ;;
esac
