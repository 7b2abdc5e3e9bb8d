#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The packages on a stock Debian of this release: installed, upgraded, and purged, with policies
# active before the first probe of the boots between. Runs on the host; some phases of
# packages-guest.sh are a boot of the same disk each, with qemu's NVMe controller there
# from the start, for which the policy allows no driver. Phases that use DKMS or build the
# initramfs run in a chroot on that disk, where that is possible.
#
# DKMS builds once, and there are two boots: with all that an initramfs can have, and with
# an initramfs that knows nothing of bus_ext.
#
#   IN_VM=1    nothing is done outside of a VM, each version is built, and there is a
#              boot before a bundle is enabled, and one with bus_ext=off: an hour
#   KEEP=DIR   leave the disk and the guest's output there
set -euo pipefail
. "$(dirname "$0")/../lib/ktap.sh"
cd "$(dirname "$0")/../.."
. scripts/lib.sh
vm=$top/selftests/vm/debian
work=${KEEP:-$(mktemp -d "$build/debian-test.XXXXXX")}
disk=$work/disk.img

cleanup() {
	[ -n "${KEEP:-}" ] || rm -rf "$work"
}

# bundle NAME POLICY: make one with the policy's object
bundle() {
	local dir=$work/job/$1
	mkdir -p "$dir"
	cp "$build/$2" "$dir/$1.bpf.o"
	cat >"$dir/bundle.yaml" <<-END
		bundle: $1
		version: 1.0.0
		vendor: bus_ext
		summary: for the test of the packages
		claims: [ { bus: pci, vendor: 0x1b36 }, { bus: bx-sf } ]
		policies: [ $1.bpf.o ]
	END
}

prepare() {
	local image
	image=$build/debian/$(scripts/release.sh host).img
	"$vm/image.sh" "$image"
	cp --sparse=always "$image" "$disk"
	mkdir -p "$work/job"/{old,new}
	cp "$build"/deb/{bus-ext-dkms,bxctl,libbusext-dev}_*.deb "$work/job/old"
	cp "$build"/deb-next/{bus-ext-dkms,bxctl,libbusext-dev}_*.deb "$work/job/new"
	bundle no-nvme selftests/e2e/packages.bpf.o
	bundle broken bpf/qemu-nvme.bpf.o
	cp selftests/e2e/packages-guest.sh "$work/job/"
}

# run NAME COMMAND...: run the phase by that command; the output goes to NAME.out
run() {
	local status=0
	current=$1
	shift
	printf '#!/bin/sh\nexec ./packages-guest.sh %s\n' "$current" >"$work/job/job"
	chmod +x "$work/job/job"
	ktap_diag "phase $current, at $SECONDS seconds"
	"$@" "$disk" "$work/job" 2>&1 | tee "$work/$current.out" | sed 's/^/# /' ||
		status=${PIPESTATUS[0]}
	check_equal "$current: runs to its end" "0 $current" "$status $(fact end)"
}

# phase NAME [VARIABLE=value...]: boot and run the phase; the kernel must not complain
phase() {
	run "$1" env DEVICES=nvme-sriov VM_LOG="$work/$1.log" "${@:2}" "$vm/boot.sh"
}

# compile NAME: a phase that needs no boot, but time
compile() {
	if [ -z "${IN_VM:-}" ]; then
		run "$1" "$vm/chroot.sh"
	else
		phase "$1" TIMEOUT=3600
	fi
}

# fact KEY: the guest's values of KEY in this phase
fact() {
	sed -n "s/^@$1 //p" "$work/$current.out"
}

# is NAME KEY VALUE
is() {
	check_equal "$current: $1" "$3" "$(fact "$2")"
}

# has NAME KEY REGEX
has() {
	check_match "$current: $1" "$3" "$(fact "$2")"
}

hasnt() {
	check_fails "$current: $1" grep -E "$3" <<<"$(fact "$2")"
}

version() {
	dpkg-deb -f "$work/job/$1"/bxctl_*.deb Version
}

install_old() {
	compile install
	is "the packages install" install 0
	has "DKMS builds them for 6.12" dkms "^bus-ext/$(version old), 6\.12\..*: installed$"
	hasnt "modprobe finds all of them" built 'ERROR|not found'
	nothing_enabled ''
}

# nothing_enabled PREFIX
nothing_enabled() {
	is "the initramfs has nothing but the script and the aliases" "$1initrd" \
		$'scripts/init-top/bus_ext\nusr/lib/modprobe.d/bus_ext.conf'
	is "the units are enabled" enabled "enabled enabled enabled"
}

first_boot() {
	phase first TIMEOUT=400
	is "with nothing enabled nvme has the controller" driver nvme
	is "and no unit has anything to do" early no
	modules_load
	is "of the package's version" version "$(version old)"
	is "a bundle installs" install-no-nvme 0
	is "and another" install-broken 0
	has "and is active" policies no_nvme
	is "which leaves a bound device alone" bound nvme
	bxctl_is_upgraded
	has "a bundle was broken" broke broken
}

modules_load() {
	is "all modules load" modprobe 0
	is "and have BTF" btf "bus_ext bx_composite bx_edu bx_edu_sf bx_mdev bx_sf bx_vfio bx_virtio"
}

bxctl_is_upgraded() {
	is "bxctl is upgraded" upgrade-bxctl 0
	has "to the new version" upgraded "bxctl $(version new)"
	has "which leaves policies active" upgraded-policies no_nvme
}

upgrade() {
	compile upgrade
	upgraded
}

upgraded() {
	is "the packages upgrade" upgrade 0
	has "DKMS builds the new version" dkms "^bus-ext/$(version new), 6\.12\..*: installed$"
	hasnt "and the old one is gone" dkms "bus-ext/$(version old),.*: installed"
	has "bxctl is in the initramfs" initrd usr/bin/bxctl
	has "and the module" initrd /bus_ext.ko
	has "and the bundle" initrd no-nvme
	is "there is another initramfs, without the hook" small 0
}

# Instead of install_old, first_boot, upgrade and switched_off
add_and_upgrade() {
	compile add
	is "the packages install" install 0
	has "the old version is there" old-dkms "^bus-ext/$(version old): added$"
	nothing_enabled old-
	is "with nothing enabled no unit has anything to do" none-enabled "yesnono yesnono "
	is "a bundle installs for the next boot" install-no-nvme 0
	is "and another" install-broken 0
	is "then the units have" some-enabled "yesyesno yesyesno "
	is "but not with bus_ext=off" off "noyesno noyesno "
	has "nor has the initramfs" script-off "bus_ext=off.*nothing is attached"
	has "a bundle was broken" broke broken
	upgraded
	hasnt "modprobe finds all modules" built 'ERROR|not found'
}

# active: what each boot with policies must show
active() {
	is "the boot is not blocked" multi-user active
	is "the controller got no driver" driver none
	is "and gets none when nvme is loaded" driver-with-nvme none
	hasnt "nvme never saw it" dmesg 'nvme nvme0|nvme 0000:01:00\.0'
	has "bxctl tells why" explain 'no_nvme'
}

reboot() {
	phase reboot TIMEOUT=300
	active
	is "the module is the upgraded one" version "$(version new)"
	has "the initramfs attached it" log no-nvme
	has "and reports what it could not" log broken
	has "also in the kernel's log" dmesg 'bus_ext: boot: .*broken'
	has "the unit fails for the broken one" unit '^exit-code yes$'
	has "and says so" journal broken
	modules_load
	bxctl_is_upgraded
	is "the broken bundle is removed" remove-broken 0
}

switched_off() {
	phase off TIMEOUT=300 APPEND=bus_ext=off
	is "the boot is not blocked" multi-user active
	is "nvme has the controller" driver nvme
	hasnt "nothing is attached" policies no_nvme
	has "the units are skipped" unit ' no$'
}

unit_alone() {
	phase unit TIMEOUT=300 INITRD=small-initrd
	active
	hasnt "the initramfs did nothing" log no-nvme
	has "the unit attached it" journal no-nvme
	is "and there was nothing to complain of" unit "success yes"
	# shellcheck disable=SC2016 # awk's fields
	check "$current: before udev asked for drivers" \
		awk '{ exit !($1 > 0 && $1 <= $2) }' <<<"$(fact before-udev)"
	is "bxctl is removed" remove 0
	hasnt "which detaches what it attached" removed-policies no_nvme
	has "and removes the pins" removed-pins 'No such file'
}

purge() {
	compile purge
	is "the other packages are removed" remove 0
	is "the modules are gone" dkms ""
	is "and the initramfs has nothing of them" initrd ""
	is "what was installed is kept" state /var/lib/bus_ext
	is "the packages are purged" purge 0
	is "and nothing is left" left ""
}

# With what libbusext.pc says, outside of the source tree.
development_files() {
	local root=$work/dev
	dpkg-deb -x "$build"/deb/libbusext-dev_*.deb "$root"
	sed -n '/^#include/,/^}/p' docs/man/libbusext.3 | sed 's/\\e/\\/g' >"$root/program.c"
	check "libbusext-dev: a program is built with its pkg-config file" sh -c "
		export PKG_CONFIG_SYSROOT_DIR='$root'
		flags=\$(PKG_CONFIG_LIBDIR=\$(dirname '$root'/usr/lib/*/pkgconfig/.):/usr/lib/x86_64-linux-gnu/pkgconfig \
			pkg-config --cflags --libs libbusext) &&
		gcc -Wall -Werror -o '$root/program' '$root/program.c' \$flags"
	check_status 1 "libbusext-dev: and it runs" "$root/program"
	cp bpf/first.bpf.c "$root/"
	check "libbusext-dev: a policy is compiled with its headers" \
		"${CLANG:-clang-19}" -O2 -g -target bpf -I "$root/usr/include/bus_ext" \
		-c "$root/first.bpf.c" -o "$root/first.bpf.o"
}

# A module without BTF cannot be used, and its build says why.
build_without_btf() {
	local ko=$work/no-btf.ko
	check_match "DKMS's build says what is missing when there is no pahole" \
		'install the package dwarves' \
		"$(PATH=$work/none /bin/sh scripts/dkms-build.sh 6.12 /none 2>&1 || true)"
	objcopy --remove-section=.BTF "$(find "$build/modules" -name bus_ext.ko | head -n 1)" "$ko"
	check_match "and when a module has no BTF" 'no-btf.ko has no BTF' \
		"$(scripts/check-btf.sh /none "$ko" 2>&1 || true)"
}

prepare
[ "${IN_VM:-}" ] || "$vm/chroot.sh" try "$disk" 2>/dev/null ||
	ktap_skip_all "no disk can be mounted here: 'make test-packages' does it in the VM"
if [ "${IN_VM:-}" ]; then
	ktap_plan 76
else
	ktap_plan 63
fi
development_files
build_without_btf
if [ "${IN_VM:-}" ]; then
	install_old
	first_boot
	upgrade
else
	add_and_upgrade
fi
reboot
[ -z "${IN_VM:-}" ] || switched_off
unit_alone
purge
