#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Build the Debian packages from a copy of the sources, with dpkg-buildpackage.
#
#   deb.sh DIR [NEXT]    DIR for the packages and the copy; NEXT for those of the version
#                        after this one, as it would be if nothing else changed
#
# debian/ has neither the changelog nor the list of modules: both would say again
# what the sources say.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
dir=$(realpath -m "$1")
next=${2:+$(realpath -m "$2")}

# Of the command and of the module: two files, one version.
version() {
	local command module
	command=$(sed -n 's/^#define BXCTL_VERSION\s*"\(.*\)"/\1/p' "$1/loader/cmd/bxctl.h")
	module=$(sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' "$1/kernel/main.c")
	[ "${command:-none}" = "$module" ] ||
		die "loader/cmd/bxctl.h says version '$command', kernel/main.c '$module'"
	echo "$command"
}

# Everything but what was built; of that, what make would fetch or build once more.
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

# dkms wants each module by name, and where it is built.
dkms_modules() {
	local module n=0
	while read -r module; do
		echo "BUILT_MODULE_NAME[$n]=\"${module##*/}\""
		echo "BUILT_MODULE_LOCATION[$n]=\"${module%/*}\""
		echo "DEST_MODULE_LOCATION[$n]=\"/updates/dkms\""
		n=$((n + 1))
	done < <(cd "$1" && find kernel -name Kbuild ! -path 'kernel/sim/*' | sort |
		while read -r kbuild; do
			sed -n 's/^obj-m += //p' "$kbuild" | grep -o '[a-z0-9_]*\.o' |
				sed "s|^|${kbuild%Kbuild}|; s|\.o$||"
		done)
	[ $n -gt 0 ] || die "kernel/Kbuild builds no module"
}

# make's own variables are not for the make that debian/rules is.
# -d: scripts/packages.sh knows what is needed, and that is no C++
package() {
	cd "$1"
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u BUILD -u DESTDIR -u PREFIX \
		dpkg-buildpackage -d -b -us -uc
}

# write_packages DIR: of the copy, as it is now; what is built in it is kept
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

# The copy gets the version after its own, and of what is built in it, only what has the
# version in it is built again.
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
	[ "$(version "$copy")" = "$this" ] || die "cannot make a version $this"
}

# Two at once in one checkout take turns.
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
