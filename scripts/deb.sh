#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the Debian packages from a copy of the sources, with dpkg-buildpackage.
#
#   deb.sh DIR [NEXT]    DIR for the packages and the copy; NEXT for those of the version
#                        after this one, with no other change
#
# debian/ has neither the changelog nor the list of modules: both are made from the
# sources.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
dir=$(realpath -m "$1")
next=${2:+$(realpath -m "$2")}

# Prints the version, which must be the same in the command and in the module.
version() {
	local command module
	command=$(sed -n 's/^#define BXCTL_VERSION\s*"\(.*\)"/\1/p' "$1/loader/cmd/bxctl.h")
	module=$(sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' "$1/kernel/main.c")
	[ "${command:-none}" = "$module" ] ||
		die "version in loader/cmd/bxctl.h is '$command', in kernel/main.c '$module'"
	echo "$command"
}

# Copies the sources, and the build results that make would fetch or build again.
copy_sources() {
	local to=$1
	mkdir -p "$to/build"
	find "$top" -mindepth 1 -maxdepth 1 ! -name '.*' ! -path "$build" \
		-exec cp -a -t "$to" {} +
	ln -s "$build/kernel" "$build/tools" "$to/build/"
	cp "$build"/config*.mk "$to/build/"
}

changelog() {
	cat <<END
bus-ext ($1) unstable; urgency=medium

  * Built from the sources of version $1.

 -- bus_ext maintainers <maintainers@bus-ext.invalid>  $(date -R -r "$top/kernel/main.c")
END
}

# Prints the modules of the directories whose Kbuild is given, with their directories.
kbuild_modules() {
	local kbuild module
	for kbuild; do
		sed -n 's/^obj-m += //p' "$kbuild" | tr ' ' '\n' | while read -r module; do
			[[ $module != *.o ]] || echo "${kbuild%Kbuild}${module%.o}"
		done
	done
}

# Prints the name and the directory of each module, for dkms, whose configuration is a
# script. The bridges are not built for a kernel without the other bus, so they are last.
dkms_modules() {
	local modules module n=0
	modules=$(cd "$1" && kbuild_modules kernel/{,contracts/,parents/}Kbuild &&
		echo && kbuild_modules kernel/bridges/Kbuild)
	while read -r module; do
		if [ -z "$module" ]; then
			# shellcheck disable=SC2016 # for dkms
			echo 'if grep -qs ^CONFIG_VFIO_MDEV= "$kernel_source_dir/.config"; then'
			continue
		fi
		echo "BUILT_MODULE_NAME[$n]=\"${module##*/}\""
		echo "BUILT_MODULE_LOCATION[$n]=\"${module%/*}\""
		echo "DEST_MODULE_LOCATION[$n]=\"/updates/dkms\""
		n=$((n + 1))
	done <<<"$modules"
	echo "fi"
	[ $n -gt 0 ] || die "kernel/Kbuild builds no module"
}

# The variables of this make must not reach the make of debian/rules.
# -d: scripts/packages.sh installs the needed packages, which are fewer (no C++)
package() {
	cd "$1"
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u BUILD -u DESTDIR -u PREFIX \
		dpkg-buildpackage -d -b -us -uc
}

# write_packages DIR: build the packages of the copy; keeps its build results
write_packages() {
	local version
	version=$(version "$copy")
	rm -rf "$1"
	mkdir -p "$1"
	changelog "$version" >"$copy/debian/changelog"
	cp "$top/debian/bus-ext-dkms.dkms" "$copy/debian/"
	dkms_modules "$copy" >>"$copy/debian/bus-ext-dkms.dkms"
	step DEB "version $version in ${1#"$top"/}"
	logged deb package "$copy"
	mv "$work"/*.deb "$1"
}

# Gives the copy the next version, and rebuilds only the files that contain the version.
raise_version() {
	local this header=$copy/loader/cmd/bxctl.h
	this=$(version "$copy")
	this=${this%.*}.$((${this##*.} + 1))
	cp -p "$header" "$work/header"
	sed -i "s/^\(#define BXCTL_VERSION\s*\).*/\1\"$this\"/" "$header"
	touch -r "$work/header" "$header"
	grep -rlZ --include='*.c' BXCTL_VERSION "$copy/loader" | xargs -0 touch
	touch "$copy/loader/libbusext.pc.in"
	sed -i "s/^MODULE_VERSION(.*/MODULE_VERSION(\"$this\");/" "$copy/kernel/main.c"
	[ "$(version "$copy")" = "$this" ] || die "cannot set the version to $this"
}

# Concurrent runs in one checkout wait for each other.
work=$dir.work
copy=$work/bus-ext
mkdir -p "${dir%/*}"
exec 9>"$dir.lock"
flock 9
rm -rf "$work"
mkdir -p "$work"
copy_sources "$copy"
write_packages "$dir"
if [ "$next" ]; then
	raise_version
	write_packages "$next"
fi
rm -rf "$work"
