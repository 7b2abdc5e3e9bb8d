#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The phases of packages.sh in the Debian guest: each acts and prints its findings, a
# line '@KEY VALUE' each; packages.sh compares them with the expected ones.
#
#   packages-guest.sh PHASE     in the directory with the debs and bundles
export DEBIAN_FRONTEND=noninteractive TERM=dumb LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin
nvme=/sys/bus/pci/devices/0000:01:00.0
# in a chroot, this differs from the version that uname prints
kernel=$(basename /lib/modules/*)
initrd=/boot/initrd.img-$kernel

# say KEY [VALUE...]: each line of the value has the key
say() {
	printf "%s\n" "${*:2}" | sed "s/^/@$1 /"
}

# status_of KEY COMMAND...: its output is progress
status_of() {
	local key=$1 status=0
	shift
	echo "$ $*"
	"$@" 2>&1 || status=$?
	say "$key" $status
}

nvme_driver() {
	basename "$(readlink $nvme/driver || echo none)"
}

policies() {
	ls /sys/kernel/bus_ext/policies 2>&1
}

# versions of the modules on the disk, one per line
built() {
	local module
	for module in bus_ext bx_composite bx_sf bx_vfio bx_virtio bx_edu bx_edu_sf bx_mdev; do
		echo "$module $(modinfo -k "$kernel" -n $module 2>&1)"
	done
}

in_initrd() {
	lsinitramfs "$initrd" | grep -E 'bxctl|bus_ext' | sort
}

# all files of the project on the disk, by its name
ours() {
	find /etc /usr /lib/systemd /var /boot \( -path /var/tmp -o -path /var/cache \) -prune -o \
		\( -iname '*bus[_-]ext*' -o -iname '*bxctl*' -o -iname '*busext*' \) -print
}

# installed [PREFIX]: the installed packages, and the changes that they made
installed() {
	status_of install dpkg -i old/*.deb
	say "${1:-}initrd" "$(in_initrd)"
	say enabled "$(systemctl is-enabled bus_ext-early bus_ext bus_ext-booted | xargs)"
}

# bundles OPTION...: install both
bundles() {
	for bundle in no-nvme broken; do
		status_of "install-$bundle" bxctl install "$@" --allow-unsigned "$PWD/$bundle"
	done
}

# as a failing disk would
break_it() {
	find /var/lib/bus_ext -path '*broken*' -name '*.bpf.o' | while read -r object; do
		say broke "$object"
		truncate -s 100 "$object"
	done
}

# upgrade_bxctl: install the new bxctl; the initramfs is left alone
upgrade_bxctl() {
	status_of upgrade-bxctl dpkg --no-triggers -i new/bxctl_*.deb
	say upgraded "$(bxctl version)"
	say upgraded-policies "$(policies | xargs)"
}

modules() {
	status_of modprobe modprobe -a bus_ext bx_composite bx_sf bx_vfio bx_virtio bx_edu bx_edu_sf bx_mdev
	say btf "$(cd /sys/kernel/btf && echo bus_ext bx_*)"
}

# would_run CMDLINE: the result of the units' conditions with these kernel parameters
would_run() {
	local unit condition all=
	for unit in bus_ext-early bus_ext; do
		while read -r condition; do
			SYSTEMD_PROC_CMDLINE=$1 systemd-analyze condition "$condition" >&2 ||
				condition=no
			all+=${condition/#Condition*/yes}
		done < <(sed -n '/^Condition/p' "/lib/systemd/system/$unit.service")
		all+=' '
	done
	echo "$all"
}

# script CMDLINE: the output of the initramfs' script with these kernel parameters
script() {
	echo "$1" >cmdline
	mount --bind cmdline /proc/cmdline
	rm -f /run/initramfs/bus_ext.log
	/usr/share/initramfs-tools/scripts/init-top/bus_ext
	umount /proc/cmdline
	cat /run/initramfs/bus_ext.log
}

phase_install() {
	installed
	say dkms "$(dkms status)"
	say built "$(built)"
}

# The old version is there, but for its modules: DKMS knows them, and builds only those of
# the new one.
phase_add() {
	touch /etc/dkms/no-autoinstall
	installed old-
	dkms add -m bus-ext -v "$(dpkg-query -W -f '${Version}' bus-ext-dkms)"
	say old-dkms "$(dkms status)"
	say none-enabled "$(would_run '')"
	bundles --offline
	say some-enabled "$(would_run '')"
	say off "$(would_run 'x bus_ext=off')"
	say script-off "$(script 'x bus_ext=off')"
	break_it
	rm /etc/dkms/no-autoinstall
	phase_upgrade
	say built "$(built)"
}

phase_first() {
	say driver "$(nvme_driver)"
	say early "$(systemctl show -P ConditionResult bus_ext-early)"
	modules
	say version "$(cat /sys/module/bus_ext/version)"
	bundles
	say policies "$(policies | xargs)"
	say bound "$(nvme_driver)"
	upgrade_bxctl
	break_it
}

phase_upgrade() {
	status_of upgrade dpkg -i new/*.deb
	say dkms "$(dkms status)"
	say initrd "$(in_initrd)"
	# An initramfs as another program would make it: without the hook, and
	# without nvme.
	chmod -x /usr/share/initramfs-tools/hooks/bus_ext
	cp -r /etc/initramfs-tools small
	printf '%s\n' virtio_pci virtio_blk ext4 >small/modules
	status_of small mkinitramfs -d "$PWD/small" -o /boot/small-initrd "$kernel"
	chmod +x /usr/share/initramfs-tools/hooks/bus_ext
}

# The result of this boot: printed in all phases but the first.
report() {
	say driver "$(nvme_driver)"
	modprobe nvme
	udevadm settle
	say driver-with-nvme "$(nvme_driver)"
	say policies "$(policies | xargs)"
	say version "$(cat /sys/module/bus_ext/version 2>&1)"
	say log "$(cat /run/initramfs/bus_ext.log 2>&1)"
	say journal "$(journalctl -b -o cat -u bus_ext-early -u bus_ext)"
	say dmesg "$(dmesg | grep -E 'bus_ext|nvme')"
	say explain "$(bxctl explain 0000:01:00.0 2>&1)"
	say early "$(systemctl show -P Result bus_ext-early) $(systemctl show -P ConditionResult bus_ext-early)"
	say unit "$(systemctl show -P Result bus_ext) $(systemctl show -P ConditionResult bus_ext)"
	say multi-user "$(systemctl is-active multi-user.target)"
}

phase_reboot() {
	report
	modules
	upgrade_bxctl
	status_of remove-broken bxctl remove broken
}

phase_off() {
	report
}

phase_unit() {
	report
	say before-udev "$(systemctl show -P ExecMainExitTimestampMonotonic bus_ext-early)" \
		"$(systemctl show -P ExecMainStartTimestampMonotonic systemd-udev-trigger)"
	status_of remove dpkg --no-triggers -r bxctl
	say removed-policies "$(policies | xargs)"
	say removed-pins "$(ls -d /sys/fs/bpf/bus_ext 2>&1)"
}

phase_purge() {
	rm /boot/small-initrd
	status_of remove dpkg -r libbusext-dev bus-ext-dkms
	say dkms "$(dkms status)"
	say initrd "$(in_initrd)"
	say state "$(ls -d /var/lib/bus_ext)"
	status_of purge dpkg -P bxctl libbusext-dev bus-ext-dkms
	say left "$(ours)"
}

"phase_$1"
say end "$1"
