#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Make the VM's root file system, an initramfs:
#
#   initramfs.sh KERNEL_DIR VERSION OUTPUT
#
# It holds all that is needed to mount the shares (busybox, kmod, the modules of 9p or virtiofs)
# and programs from this machine, or of its release for another architecture (scripts/sysroot.sh),
# each with its libraries. Programs that are built here stay in build/ and are reached through
# the share; only their libraries are copied.
# Does nothing when OUTPUT is newer than its inputs.
set -euo pipefail
. "$(dirname "$0")/qemu.sh"

kdir=$1 version=$2 output=$3
here=$top/selftests/vm
modroot=$kdir/root
large=$build/vm/large
gnu_name=aarch64-linux-gnu
share_type=$(share_type "$kdir")

# programs of the project that will run in the guest, for their libraries
project_programs() {
	find "$build/bin" "$build/tools/bpftool" "$build/selftests" \
		-type f -perm -u+x 2>/dev/null || true
}

inputs() {
	echo "$here/init" "$here/initramfs.sh" "$here/tools" "$top/boot/modprobe.conf"
	echo "$here"/guest/*
	project_programs
}

up_to_date() {
	local file
	[ -e "$output" ] || return 1
	for file in $(inputs) "$kdir/vmlinuz"; do
		[ ! "$file" -nt "$output" ] || return 1
	done
}

# put FILE PLACE: large files that mounting the shares does not need stay in the
# share: most of their pages are never read, and unpacking them takes seconds in a
# sanitizer kernel, as each scan for leaks does that reads them
put() {
	local shared=$large$2
	mkdir -p "$root${2%/*}"
	if [ "$(stat -Lc %s "$1")" -lt 1000000 ] || [[ $large != "$top"/* ]] ||
		grep -qxF "$1" <<<"$early"; then
		cp -L "$1" "$root$2"
		return
	fi
	mkdir -p "${shared%/*}"
	# a running VM may have the previous one open
	cp -L "$1" "$shared.$$"
	mv "$shared.$$" "$shared"
	ln -s "/bus_ext/${shared#"$top"/}" "$root$2"
}

# copy FILE...: to the same place, with the targets of links
copy() {
	local file
	for file in "$@"; do
		[ -e "$root${file#"$system"}" ] || [ -L "$root${file#"$system"}" ] ||
			put "$file" "${file#"$system"}"
	done
}

# find_program NAME...: their paths
find_program() {
	(
		[ -z "$system" ] || PATH=$system/usr/sbin:$system/usr/bin
		type -P "$@"
	)
}

# find_library NAME: of the system of another architecture
find_library() {
	find "$system"/usr/lib/{,"$gnu_name"} -maxdepth 1 -name "$1" -print -quit 2>/dev/null
}

# libraries FILE...: what they are linked with. Here ldd asks the loader; a file of another
# architecture names only the next ones.
libraries() {
	local file name seen=' '
	if [ -z "$system" ]; then
		ldd "$@" 2>/dev/null | grep -oE '/[^ ]+\.so[^ ]*' | sort -u
		return
	fi
	while [ $# -gt 0 ]; do
		file=$1
		shift
		for name in $(readelf -dl "$file" 2>/dev/null | sed -n \
			-e 's/.*(NEEDED).*\[\(.*\)\]$/\1/p' \
			-e 's|.*program interpreter: .*/\(.*\)\]$|\1|p'); do
			case $seen in *" $name "*) continue ;; esac
			seen+="$name "
			file=$(find_library "$name")
			[ -n "$file" ] || die "the VM needs '$name', which $system has not"
			echo "$file"
			set -- "$@" "$file"
		done
	done | sort -u
}

add_tools() {
	local optional name path
	while read -r optional name; do
		case $optional in
		'' | '#'*) continue ;;
		'?') ;;
		*) name=$optional optional= ;;
		esac
		if ! path=$(find_program "$name"); then
			[ "$optional" ] && continue
			die "the VM needs '$name', which ${system:-this machine} has not"
		fi
		put "$path" "/usr/bin/$name"
		# shellcheck disable=SC2046
		copy $(libraries "$path")
	done <"$here/tools"
	for name in modprobe insmod rmmod lsmod depmod modinfo; do
		ln -s ../bin/kmod "$root/usr/sbin/$name"
	done
	# jq 1.6 of Debian 12 takes 170 million instructions to start, this one 10
	ln -s gojq "$root/usr/bin/jq"
}

add_busybox() {
	local applet
	cp -L "$(find_program busybox)" "$root/usr/bin/busybox"
	for applet in $(busybox --list); do
		[ -e "$root/usr/bin/$applet" ] || [ -L "$root/usr/bin/$applet" ] ||
			[ -e "$root/usr/sbin/$applet" ] ||
			ln -s busybox "$root/usr/bin/$applet"
	done
}

# The modules for the shares, and what they depend on, in order.
add_modules() {
	local line modules=(9p 9pnet_virtio)
	[ "$share_type" = 9p ] || modules=("$share_type")
	modprobe -d "$modroot" -S "$version" --show-depends -a \
		"${modules[@]}" 2>/dev/null | while read -r line; do
		case $line in
		"insmod "*)
			line=${line#insmod }
			cp "${line%% *}" "$root/share-modules/"
			basename "${line%% *}" >>"$root/share-modules/order"
			;;
		esac
	done
}

[ -x "$(find_program busybox)" ] || die "busybox is missing: scripts/packages.sh vm installs it"
up_to_date && exit 0

step INITRD "$version"
mapfile -t early_programs < <(find_program bash kmod)
early=$(printf '%s\n' "${early_programs[@]}"; libraries "${early_programs[@]}")
root=$(mktemp -d "$build/vm/initramfs.XXXXXX")
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{usr/{bin,sbin,lib,lib64},etc,dev,proc,sys,run,tmp,root,share-modules,vm,bus_ext,lib/modules,home/user}
rmdir "$root/lib/modules" "$root/lib"
for dir in bin sbin lib lib64; do ln -s usr/$dir "$root/$dir"; done
mkdir -p "$root/usr/lib/modules"
chmod 755 "$root"	# mktemp keeps others out, and then no program of 'user' finds a library
chmod 1777 "$root/tmp"

add_tools
add_busybox
add_modules
# shellcheck disable=SC2046
copy $(libraries $(project_programs))
# bxctl loads this one when it is needed
if [ -n "$system" ]; then
	libarchive=$(find_library libarchive.so.13)
else
	libarchive=$(ldconfig -p | sed -n 's/.*libarchive\.so\.13 (.*=> //p' | head -n 1)
fi
# shellcheck disable=SC2046
[ -z "$libarchive" ] || copy "$libarchive" $(libraries "$libarchive")
for entry in x/xterm x/xterm-256color l/linux v/vt220 s/screen t/tmux-256color; do
	[ ! -e "$system/lib/terminfo/$entry" ] || copy "$system/lib/terminfo/$entry"
done

# udev is a name of udevadm. Debian 12's rule names mdevctl in sbin, where it is not; mdevctl of
# Debian 13 fails without the directories in usr/.
if find_program mdevctl udevadm >/dev/null; then
	mkdir -p "$root"/usr/lib/{systemd,udev/rules.d} "$root/etc/udev" \
		"$root"/{etc/mdevctl.d,usr/lib/mdevctl}/scripts.d/{callouts,notifiers}
	ln -s ../../bin/udevadm "$root/usr/lib/systemd/systemd-udevd"
	cp "$system"/usr/lib/udev/rules.d/60-mdevctl.rules "$root/usr/lib/udev/rules.d/"
	[ -e "$root/usr/sbin/mdevctl" ] || ln -s ../bin/mdevctl "$root/usr/sbin/mdevctl"
fi
install -m 755 "$here/init" "$root/init"
install -m 755 "$here"/guest/* "$root/usr/bin/"
install -D -m 644 "$top/boot/modprobe.conf" "$root/usr/lib/modprobe.d/bus_ext.conf"
cat >"$root/etc/passwd" <<'END'
root:x:0:0:root:/root:/bin/bash
nobody:x:65534:65534:nobody:/:/bin/false
user:x:1000:1000:an ordinary user:/home/user:/bin/bash
END
cat >"$root/etc/group" <<'END'
root:x:0:
tty:x:5:
nogroup:x:65534:
user:x:1000:
END

options=
[ "$share_type" != 9p ] || options=",trans=virtio,version=9p2000.L,msize=512000,cache="
cat >"$root/etc/fstab" <<END
sys	/sys			sysfs		defaults		0 0
devpts	/dev/pts		devpts		gid=5,mode=620,ptmxmode=666	0 0
shm	/dev/shm		tmpfs		mode=1777		0 0
tmp	/tmp			tmpfs		mode=1777		0 0
run	/run			tmpfs		mode=755		0 0
bpf	/sys/fs/bpf		bpf		defaults		0 0
debug	/sys/kernel/debug	debugfs		defaults		0 0
trace	/sys/kernel/tracing	tracefs		defaults		0 0
security /sys/kernel/security	securityfs	defaults		0 0
cgroup	/sys/fs/cgroup		cgroup2		defaults		0 0
repo	/bus_ext		$share_type	ro${options:+${options}loose}	0 0
modules	/lib/modules		$share_type	ro${options:+${options}loose}	0 0
vm	/vm			$share_type	rw${options:+${options}none}	0 0
END

(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) >"$output.$$"
mv "$output.$$" "$output"
