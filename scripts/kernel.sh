#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Selects Debian's kernel and unpacks a copy of it in build/kernel/. Nothing is installed
# on this machine.
#
#   kernel.sh version        print the version to use (KERNEL= names another: a version, or
#                            a name in kernels.list)
#   kernel.sh fetch VERSION  download and unpack it
#   kernel.sh list           print the names in kernels.list
#
# A version that the sources of this machine do not have is looked for in the archive of
# the Debian release that its name tells. For a kernel of another release than this machine's,
# modules are built in a system of that release (release.sh).
#
# The VM boots a kernel from a directory with this layout, as build/kernel/VERSION/ has it:
#   vmlinuz         the image
#   vmlinux         a file with the kernel's BTF
#   build/          the build directory for modules ('make -C')
#   root/           / of the kernel: lib/modules/VERSION with modules.dep
#   cmdline         parameters that it needs (optional)
#   release         the Debian release in whose system modules are built (optional)
set -euo pipefail
. "$(dirname "$0")/lib.sh"

depends() {
	apt_cached apt-cache depends --no-recommends --no-suggests --no-conflicts \
		--no-breaks --no-replaces --no-enhances "$1" |
		sed -n 's/^ *|\?Depends: *//p'
}

# The newest 6.12 if the release has several kernels, otherwise its only one.
meta() {
	local m
	for m in linux-image-6.12-amd64 linux-image-amd64; do
		if apt_lists "$m"; then
			echo "$m"
			return
		fi
	done
	return 1
}

# The line of a name in kernels.list
listed() {
	awk -v name="$1" '$1 == name { print; found = 1 } END { exit !found }' \
		"$top/scripts/kernels.list"
}

# use_listed NAME: use the archive that has this kernel; sets package
use_listed() {
	local release suites
	read -r _ release suites package _ < <(listed "$1")
	if [ -n "$arch" ] || [ "$release" != "$("$top/scripts/release.sh" host)" ] ||
		[[ $suites == *backports* ]] || ! apt_lists "$package"; then
		use_archive "$release" "$suites" >&2
	fi
}

# Debian names the release in the version: 7.3.4+deb13-amd64.
release_of() {
	case $1 in
	*[+-~]deb12[-.]*) echo bookworm ;;
	*[+-~]deb13[-.]*) echo trixie ;;
	*) "$top/scripts/release.sh" host ;;
	esac
}

# use_version VERSION: use an archive that has it
use_version() {
	local image=linux-image-$1 release suites update
	apt_lists "$image" && return
	release=$(release_of "$1")
	for update in '' 1; do
		for suites in main,security backports; do
			use_archive "$release" "$suites"
			[ -z "$update" ] || apt_update
			apt_lists "$image" && return
		done
	done
	die "no archive has $image; see 'apt-cache search --names-only linux-image-', name a" \
		"kernel of scripts/kernels.list, or leave KERNEL= out"
}

version_of() {
	depends "$1" | sed -n 's/^linux-image-\([0-9].*\)$/\1/p;T;q'
}

version() {
	local package m
	if [ -n "${KERNEL:-}" ]; then
		if listed "$KERNEL" >/dev/null; then
			use_listed "$KERNEL"
			version_of "$package"
		else
			echo "${KERNEL#linux-image-}"
		fi
		return
	fi
	if ! m=$(meta); then
		apt_update >&2
		m=$(meta) || die "apt has no linux-image-6.12-amd64 (on Debian 12" \
			"it is in bookworm-security): add that source, or name a" \
			"kernel with KERNEL=VERSION"
	fi
	version_of "$m"
}

# Prints the packages of image, modules and headers. Releases split them differently, so
# the script follows the dependencies that name a part of the same kernel. The programs with
# which modules are built run on this machine, also for another architecture.
packages() {
	local version=$1 queue seen=' ' name dep
	queue=("linux-image-$version" "linux-headers-$version")
	while [ ${#queue[@]} -gt 0 ]; do
		name=${queue[0]}
		queue=("${queue[@]:1}")
		case $seen in *" $name "*) continue ;; esac
		seen+="$name "
		echo "$name"
		while read -r dep; do
			case $dep in
			linux-kbuild-[0-9]*)
				queue+=("${dep%%:*}${arch:+:amd64}")
				;;
			*-unsigned | *-dbg*) ;;
			linux-image-[0-9]* | linux-binary-[0-9]* | linux-base-[0-9]* | \
			linux-modules-[0-9]* | linux-headers-[0-9]*)
				queue+=("$dep")
				;;
			esac
		done < <(depends "$name")
	done
}

# Modules for hardware that no VM here has are most of the bytes to decompress.
absent() {
	local dir
	for dir in sound/{firewire,isa,soc,usb,pci/[!h]*} net/{bluetooth,mac80211,wireless,netfilter} \
		drivers/{gpu,media,infiniband,staging,iio,bluetooth,isdn,mtd,mmc,target} \
		drivers/net/{ethernet/[!ir]*,wireless,can,wan,wwan} \
		fs/{bcachefs,btrfs,xfs,ocfs2,nfs,nfsd,smb,ceph,gfs2,f2fs,jfs,dlm}; do
		echo "--exclude=*/lib/modules/*/kernel/$dir/*"
	done
}

unpack() {
	local root=$1 deb options
	shift
	mapfile -t options < <(absent)
	for deb in "$@"; do
		dpkg-deb --fsys-tarfile "$deb" |
			tar -xp --warning=no-timestamp -C "$root" "${options[@]}"
	done
	# Split packages put the modules under usr/lib.
	[ -d "$root/lib/modules" ] || ln -sfn usr/lib "$root/lib"
}

# Debian's headers refer to each other below /usr/src. These are in the checkout, which
# may be moved.
relocate_headers() {
	local makefile=$1/Makefile
	# shellcheck disable=SC2016 # make expands it
	sed -i -E 's|/usr/src/|$(dir $(realpath $(lastword $(MAKEFILE_LIST))))../|g' "$makefile"
}

# Compressed modules make every depmod and modprobe slower.
decompress_modules() {
	find "$1" -name '*.ko.xz' -print0 | xargs -0 -r -P "$(nproc)" -n 64 xz -d
	find "$1" -name '*.ko.zst' -print0 | xargs -0 -r -P "$(nproc)" -n 64 zstd -q -d --rm
}

fetch() {
	local version=$1 dir=$build/kernel/$1 tmp=$build/kernel/$1.tmp names release
	use_version "$version"
	rm -rf "$tmp"
	mkdir -p "$tmp/deb" "$tmp/root"
	mapfile -t names < <(packages "$version")
	step KERNEL "fetching linux-image-$version and headers"
	logged kernel-fetch download "$tmp/deb" "${names[@]}" ||
		{ apt_update && logged kernel-fetch download "$tmp/deb" "${names[@]}"; }
	step KERNEL "unpacking $version"
	unpack "$tmp/root" "$tmp"/deb/*.deb
	relocate_headers "$tmp/root/usr/src/linux-headers-$version"
	decompress_modules "$tmp/root/lib/modules"
	[ -s "$tmp/root/lib/modules/$version/modules.builtin" ] ||
		die "no modules.builtin in the packages of $version: ${names[*]}"
	logged depmod depmod -b "$tmp/root" "$version"

	local image=root/boot/vmlinuz-$version
	[ -e "$tmp/$image" ] || image=root/usr/lib/modules/$version/vmlinuz
	[ -e "$tmp/$image" ] || die "no vmlinuz in the packages of $version: ${names[*]}"
	ln -s "$image" "$tmp/vmlinuz"
	ln -s "root/usr/src/linux-headers-$version" "$tmp/build"
	ln -s build/vmlinux "$tmp/vmlinux"
	release=$(release_of "$version")
	if [ "$release" != "$("$top/scripts/release.sh" host)" ]; then
		"$top/scripts/release.sh" make "$release"
		echo "$release" >"$tmp/release"
	fi
	rm -rf "$tmp/deb" "$dir"
	mv "$tmp" "$dir"
}

case ${1:-} in
version) version ;;
fetch) fetch "$2" ;;
list) awk '/^[^#]/ { print $1 }' "$top/scripts/kernels.list" ;;
*) die "usage: kernel.sh version | fetch VERSION | list" ;;
esac
