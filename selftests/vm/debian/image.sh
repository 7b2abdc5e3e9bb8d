#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A disk image with a stock Debian of this machine's release, for which packages are built here,
# the newest 6.12 kernel it has, its headers, and the dependencies of the project's packages:
# made once, from the archive that apt on this machine uses. Nothing is mounted here, and no
# user needs to be root.
#
#   image.sh IMAGE
#
# In it, one unit is not Debian's: bx-job.service, which when the machine is up runs
# the program 'job' from the tar archive on the second disk, with its output on a
# virtio port, and then switches off (see boot.sh beside this). And since every test
# run with an empty cache makes this image, and an emulated machine boots it: documentation
# is left out, and of the kernel's modules all but those that the guest's hardware and a boot
# may need, which are not compressed; and an initramfs is made once, compressed fast, with
# only those modules that are listed: the disk's, and nvme, which it loads itself, right
# after the scripts in init-top.
set -euo pipefail
. "$(dirname "$0")/../../../scripts/lib.sh"
here=$top/selftests/vm/debian
image=$1
size=6G
release=$("$top/scripts/release.sh" host)

# The archive as apt here has it, without the releases that were added for other kernels
sources() {
	# shellcheck disable=SC2016 # apt expands them
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' \
		'Created-By: Packages' 'Origin: Debian' | sort -u |
		while read -r uri suite; do
			case $suite in
			*-backports*) continue ;;
			*-security) suite=$release-security ;;
			*-updates) suite=$release-updates ;;
			*) suite=$release ;;
			esac
			echo "deb $uri $suite main"
		done | sort -u
}

packages() {
	case $release in
	bookworm) echo linux-image-6.12-amd64 linux-headers-6.12-amd64 ;;
	*) echo linux-image-amd64 linux-headers-amd64 libbpf-dev ;;
	esac
	echo systemd-sysv initramfs-tools udev kmod zstd dkms dwarves
	# dependencies of the debs: a machine without a network must have them already
	echo libelf-dev zlib1g-dev libyaml-dev libkmod-dev libarchive-dev libssl-dev
}

# Runs where mmdebstrap is root, with the new system's / as its argument, on which
# mmdebstrap has mounted proc and the like: they end with this mount namespace.
hook=$(cat <<'END'
set -e
install -m 644 "$BX_HERE/bx-job.service" "$1/etc/systemd/system/"
install -m 755 "$BX_HERE/bx-job" "$1/usr/local/sbin/"
mkdir -p "$1/etc/systemd/system/multi-user.target.wants"
ln -s ../bx-job.service "$1/etc/systemd/system/multi-user.target.wants/"
ln -s /dev/null "$1/etc/systemd/system/getty.target"
echo '/dev/vda / ext4 defaults 0 1' >"$1/etc/fstab"
echo guest >"$1/etc/hostname"
sed -i 's/^MODULES=.*/MODULES=list/' "$1/etc/initramfs-tools/initramfs.conf"
echo COMPRESSLEVEL=1 >>"$1/etc/initramfs-tools/initramfs.conf"
printf '%s\n' virtio_pci virtio_blk ext4 nvme >>"$1/etc/initramfs-tools/modules"
find "$1/lib/modules" -name '*.ko.xz' -print0 | xargs -0 -P "$(nproc)" -n 64 xz -d
for modules in "$1"/lib/modules/*; do
	depmod -b "$1" "${modules##*/}"
	chroot "$1" update-initramfs -c -k "${modules##*/}"
done
unshare --mount sh -e -c '
	sed -n "s|^[^ ]* \($1/[^ ]*\) .*|\1|p" /proc/mounts | sort -r | xargs -r umount -l
	mke2fs -q -t ext4 -L root -d "$1" "$BX_IMAGE" "$BX_SIZE"' sh "$1"
END
)

# Paths that dpkg does not unpack, and then the exceptions
dpkg_paths() {
	printf 'path-exclude=/usr/share/%s/*\n' doc man info locale zoneinfo
	echo 'path-exclude=/usr/lib/x86_64-linux-gnu/gconv/*'
	echo 'path-exclude=/usr/src/linux-headers-*/arch/*'
	echo 'path-include=/usr/src/linux-headers-*/arch/x86*'
	echo 'path-exclude=/lib/modules/*/kernel/*'
	printf 'path-include=/lib/modules/*/kernel/%s*\n' \
		drivers/{block,iommu,nvme,pci,vfio,virtio}/ virt/ crypto/ lib/ block/ \
		fs/{autofs,configfs,ext4,fuse,jbd2,nls}/ fs/mbcache
}

# INITRD=No: the kernel's own script would make an initramfs of all modules first.
# The list of paths is a file in the guest: as options of mmdebstrap, they would have it unpack
# the essential packages through a filter in Python.
make_image() {
	# shellcheck disable=SC2016 # for mmdebstrap
	sources | BX_HERE=$here BX_IMAGE=$image.tmp BX_SIZE=$size BX_PATHS=$(dpkg_paths) \
		INITRD=No mmdebstrap \
		--variant=minbase --dpkgopt=force-unsafe-io --format=null --skip=cleanup/reproducible \
		--include="$(packages | tr ' \n' ',,' | sed 's/,*$//')" \
		--extract-hook='echo "$BX_PATHS" >"$1/etc/dpkg/dpkg.cfg.d/50paths"' \
		--customize-hook="$hook" "$release" - -
}

mkdir -p "$(dirname "$image")"
exec 9>"$image.lock"
flock 9
# made of what is in this directory
recipe=$(cat "$here"/{image.sh,bx-job,bx-job.service} | sha256sum)
[ ! -e "$image" ] || [ "$(cat "$image.recipe" 2>/dev/null)" != "$recipe" ] || exit 0
rm -f "$image.tmp"
step DEBIAN "making a guest with $release from the archive"
logged debian-image make_image
mv "$image.tmp" "$image"
echo "$recipe" >"$image.recipe"
