#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Run one job in the system on a disk that boot.sh boots, by this machine's kernel: at
# full speed, where the emulated one would compile for many minutes. The disk is
# mounted in a mount namespace, so nothing stays mounted, however this ends; processes
# that the job leaves end with its PID namespace, and cannot keep the disk busy.
#
#   chroot.sh DISK JOB_DIR     as for boot.sh
#   chroot.sh try DISK         can it be done here? Loop devices need a real root.
set -euo pipefail
. "$(dirname "$0")/../../../scripts/lib.sh"

# Its arguments: the disk, a directory to mount it on, and perhaps the job's.
inside=$(cat <<'END'
set -e
mount -o loop "$1" "$2"
[ -n "$3" ] || exit 0
mount --bind /dev "$2/dev"
rm -rf "$2/var/tmp/bx-job"
cp -r "$3" "$2/var/tmp/bx-job"
status=0
unshare --pid --fork --kill-child --mount-proc="$2/proc" \
	chroot "$2" sh -c 'cd /var/tmp/bx-job && exec ./job' </dev/null || status=$?
umount "$2/dev" "$2"
exit $status
END
)

job=
if [ "$1" = try ]; then
	can_be_root || exit 1
else
	job=$(realpath "$2")
	set -- run "$1"
fi
mnt=$(mktemp -d)
trap 'rmdir "$mnt"' EXIT
as_root unshare --mount --propagation private env -i PATH="$PATH" \
	sh -c "$inside" sh "$(realpath "$2")" "$mnt" "$job"
