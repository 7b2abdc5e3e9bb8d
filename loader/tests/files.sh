#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Files that other users could change: the store and its lock, the operator's
# directories, hostile archives, the contents and the place of a packed archive, signals.
# Runs on the host. Tests that a shell cannot do are in storage.c.
# shellcheck disable=SC2119 # make_bundle takes lines of the manifest, here none
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
. loader/tests/tar.sh
bxctl=$(realpath "$bxctl")
native=$(realpath "${BUILD:-build}/loader/tests/native/bxctl")
script=$PWD/boot/initramfs-script
work=$(mktemp -d)
export BXCTL_SYSFS=$work/sys BXCTL_CONF_DIR=$work/etc BXCTL_STATE_DIR=$work/var TMPDIR=$work/tmp
bundle=$work/acme
state=$work/var/bundles
umask 022

cleanup() {
	rm -rf "$work"
}

# As a user without capabilities, who can enter $work
unprivileged() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
# Only root can become another user.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		ktap_skip "$2" "only root can make it so"
	fi
}

install_it() { says "$1" "$2" "$3" install --offline --allow-unsigned "${4:-$bundle}"; }
forget() { rm -rf "${BXCTL_STATE_DIR:?}"; }
modes() { (cd "$work/var" && find bundles -printf '%y%m\n' | sort -u | xargs); }

ktap_plan 91
mkdir -p "$work/etc/bundles.d" "$TMPDIR" "$work/tar" "$work/out"
chmod 755 "$work"
make_bundle

# --- the store and its lock
(umask 0 && "$bxctl" install --offline --allow-unsigned "$bundle" >/dev/null 2>&1)
check_equal "with umask 0 the store is private" "d700 f600" "$(modes)"
forget
(umask 077 && "$bxctl" install --offline --allow-unsigned "$bundle" >/dev/null 2>&1)
check_equal "with umask 077 it is the same" "d700 f600" "$(modes)"
chmod 755 "$state"
says "a store of an earlier version is made private" 0 "disabled" disable acme
check_equal "whatever its mode was" 700 "$(stat -c %a "$state")"
as_root check_fails "another user cannot hold the lock" unprivileged flock -n "$state" true
mkfifo "$work/held"
flock "$state" cat "$work/held" >/dev/null &
holder=$!
wait_until 30 eval "! flock -n '$state' true" || ktap_diag "the lock is not held"
says "a lock that is held names its holder, and the time" 5 \
	"(process $holder \(flock\)|another process) has held the lock on '.*/bundles' for 1 s" \
	enable --offline --timeout 1 acme
echo >"$work/held"
wait "$holder"
chmod 770 "$state"
says "a store that the group can write to is refused" 7 \
	"others can write to '.*/bundles' \(mode 0770\); .*'chmod go-w " disable acme
says "and not shown either" 7 "others can write to" status
chmod 700 "$state"
chmod 777 "$work/var"
says "so is one that others could exchange" 7 "others can write to '.*/var'" disable acme
chmod 755 "$work/var"
other_owner() {
	chown 65534 "$state"
	says "$1" 7 "belongs to user 65534.*'chown root: " disable acme
	chown 0 "$state"
}
as_root other_owner "a store of another user is refused"

# --- the operator's directories
refuses_conf() {
	chmod "$2" "$work/etc/$3"
	says "$1" 7 "others can write to '.*/etc/?$3'" upgrade --offline --allow-unsigned "$bundle"
	chmod go-w "$work/etc/$3"
}
echo '{}' >"$work/etc/bundles.d/acme.yaml"
refuses_conf "a configuration that others can write to" 775 ""
refuses_conf "settings that others can add" 757 bundles.d
refuses_conf "settings that others can change" 666 bundles.d/acme.yaml
rm "$work/etc/bundles.d/acme.yaml"
ln -s /none "$work/etc/bundles.d/acme.yaml"
says "settings behind a link that leads nowhere are an error" 1 "cannot open '.*acme.yaml'" \
	upgrade --offline --allow-unsigned "$bundle"
rm "$work/etc/bundles.d/acme.yaml"
forget

# --- a source directory
mkdir "$work/mount"
if unshare -m true 2>/dev/null; then
	output=$(unshare -m sh -c "mount --bind '$work/mount' '$bundle/tests' &&
		'$bxctl' install --offline --allow-unsigned '$bundle'" 2>&1)
	check_match "a mount in a bundle is not read" "tests': it is on another file system" "$output"
else
	ktap_skip "a mount in a bundle is not read" "this process cannot mount"
fi
forget

# --- archives; tar.sh writes those that no tar writes
# good_in FOLDER: a bundle in it
good_in() {
	file "$1/bundle.yaml" "$bundle/bundle.yaml"
	file "$1/good.bpf.o" "$bundle/good.bpf.o"
}
good() { good_in a; }

# archive STATUS NAME REGEX COMMAND...: with the rows of COMMAND; a bad one leaves nothing
archive() {
	"${@:4}" | zstd -q -1 -f -o "$work/x.tar.zst"
	install_it "$2" "$1" "$3" "$work/x.tar.zst"
	if [ "$1" != 0 ] && [ -n "$(find "$state" "$TMPDIR" -mindepth 1 2>/dev/null)" ]; then
		ktap_diag "left: $(find "$state" "$TMPDIR" -mindepth 1)"
		ktap_failed=$((ktap_failed + 1))
	fi
	installed=$state/acme/generation-1
}

rows() { good && "$@" && end; }
before() { "$@" && good && end; }
upper() { file a/Bundle.yaml "$bundle/bundle.yaml"; }
archive 0 "a tar of another writer" installed rows true
forget
archive 0 "names that differ in case are two files" installed rows upper
check "which are both there" test -e "$installed/Bundle.yaml" -a -e "$installed/bundle.yaml"
forget
archive 4 "a character device" "'a/dev', which is neither a file nor a folder" rows row a/dev 3
archive 4 "a block device" "'a/dev', which is neither" rows row a/dev 4
archive 4 "a pipe" "'a/dev', which is neither" rows row a/dev 6
archive 4 "an unknown type" "'a/dev' of the unknown type 0x5a" rows row a/dev Z
archive 4 "a file with holes" "'a/dev' of the unknown type 0x53" rows row a/dev S
archive 4 "a symbolic link" "the link 'a/d'" rows row a/d 2
archive 4 "a hard link" "the link 'a/d'" rows row a/d 1
mode=0006777 archive 0 "setuid and setgid" installed rows true
check_equal "are not kept" "600" "$(stat -c %a "$installed/good.bpf.o")"
forget
capability() { extended 'SCHILY.xattr.security.capability=\x01\x00\x00\x02' && good && end; }
archive 0 "a capability as an extended attribute" installed capability
check_equal "is not kept" "" "$(getfattr -d -m - "$installed/bundle.yaml" 2>/dev/null)"
forget
named() { extended "path=$1" && row a/y 0 && good && end; }
archive 4 "a NUL in a name" "a name with the byte 0x00" named 'a/x\x00y'
archive 4 "a name from right to left" "a name with the byte 0xe2" named 'a/x\xe2\x80\xaey'
archive 4 "an escape sequence in a name" "a name with the byte 0x1b" named 'a/\x1b]0;x\x07'
check_equal "is not printed" "" "$("$bxctl" install --offline --allow-unsigned "$work/x.tar.zst" 2>&1 |
	tr -d '[:print:]\n')"
archive 4 "the same in a short name" "a name with the byte 0x1b" before row 'a/\x1b[8m' 0
archive 4 "a size in an extended header" "has the size of a file" eval 'extended size=5 && row a/y 0 && end'
archive 4 "an extended header that is damaged" "header is damaged" eval \
	'row pax x 512 && head -c 512 /dev/zero && good && end'
for path in ../x a/../../x /tmp/x a/./b a//b a/..; do
	archive 4 "the path '$path'" "in one folder|not a valid name" \
		before row "$path" 0
done
check "none of them was written" test ! -e "$work/x" -a ! -e "$TMPDIR/x" -a ! -e "$work/var/x"
twice() { file a/bundle.yaml "$bundle/bundle.yaml"; }
archive 4 "a file twice" "has 'bundle.yaml' twice" rows twice
archive 4 "a file as a folder" "has 'bundle.yaml/x' twice" rows row a/bundle.yaml/x 0
long=$(printf 'x%.0s' {1..220})
archive 4 "a name of 220 characters" "up to 200" named "a/$long"
archive 4 "five folders" "in 3 folders at most" before row a/b/c/d/e/f 0
archive 4 "a negative size" "a size is not a number" before row a/x 0 '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff'
archive 4 "a size of 2^62 bytes" "a size is not a number" before row a/x 0 '\x80\0\0\0\x40\0\0\0\0\0\0\0'
archive 4 "a size beyond the end" "it ends within a file" rows row a/x 0 1000000
zeros() { head -c 80M /dev/zero; }
archive 4 "80 MiB of an extended header" "64 MiB" eval 'row pax x 83886080 && zeros && end'
archive 4 "80 MiB of a long name" "64 MiB" eval 'row ././@LongLink L 83886080 && zeros && end'
archive 4 "80 MiB of a file" "64 MiB" eval 'row a/x 0 83886080 && zeros && end'
archive 4 "80 MiB behind the end" "64 MiB" eval 'good && end && zeros'
archive 4 "a folder with data" "a folder has data" eval 'row a/d/ 5 512 && head -c 512 /dev/zero && good && end'
archive 4 "data behind the end" "there is data behind its end" eval 'good && end && echo x'
archive 4 "an archive without an end" "its end is missing" good
archive 0 "zeros behind the end" installed eval 'good && end && head -c 9000 /dev/zero'
forget
archive 0 "'tar c ./a'" installed eval 'row ./ 5 && row ./a/ 5 && good_in ./a && end'
check "is as 'tar c a'" cmp "$bundle/good.bpf.o" "$installed/good.bpf.o"
forget
flat() { row ./ 5 && file ./bundle.yaml "$bundle/bundle.yaml" && end; }
archive 4 "'tar c .' in the bundle" "has 'bundle.yaml': an archive of a bundle has all files in one folder; make it with 'bxctl pack'" \
	flat
{ good && end; } | gzip >"$work/gz.tar.zst"
install_it "compressed with something else" 4 "not compressed with zstd" "$work/gz.tar.zst"
{ good && end; } | zstd -q >"$work/tail.tar.zst"
echo x >>"$work/tail.tar.zst"
install_it "data behind the compressed archive" 4 "Zstd decompression failed|not a whole archive" "$work/tail.tar.zst"
rm -f "$work"/*.tar.zst
for i in {1..300}; do : >"$bundle/tests/$i"; done
install_it "300 files in a directory" 4 "at most 256 files" "$bundle"
make_bundle
forget

# --- the place of an archive
out=$work/out/acme.tar.zst
pack() { says "$1" "$2" "$3" pack -o "${4:-$out}" "$bundle"; }
echo precious >"$work/precious"
ln -s "$work/precious" "$out"
pack "not through a link" 8 "it is a symbolic link; only a regular file is replaced"
rm "$out"
mkfifo "$out"
pack "not over a pipe" 8 "it is a pipe"
rm "$out"
if mknod "$out" c 1 3 2>/dev/null; then
	pack "not over a device" 8 "it is a device"
	check "which stays" test -c "$out"
	rm "$out"
else
	ktap_skip "not over a device" "this process cannot make one"
	ktap_skip "which stays" "this process cannot make one"
fi
pack "not over a directory" 8 "it is a directory" "$work/out"
ln -s "$work/precious" "$work/out/.acme.tar.zst.part"
echo old >"$out"
pack "over a file" 0 "wrote $out"
check_equal "and through no link on the way" "precious acme.tar.zst" "$(<"$work/precious") $(ls -A "$work/out")"
"$bxctl" pack -o - "$bundle" >"$work/piped"
check "the standard output gets the same" cmp "$out" "$work/piped"
says "but not beside JSON" 8 "both write to the standard output" pack --json -o - "$bundle"
rm "$out"

# --- the contents of an archive
# bad_pack NAME REGEX FILE TEXT: with that file in the bundle
bad_pack() {
	printf '%b' "$4" >"$bundle/$3"
	pack "$1" 4 "$2"
	rm "$bundle/$3"
}
bad_pack "a key, by its name" "'acme.key' is a private key; move it" acme.key ''
bad_pack "a key, by what is in it" "'tests/x.pem' is a private key" tests/x.pem \
	'x\n-----BEGIN CERTIFICATE-----\n-----BEGIN EC PRIVATE KEY-----\n'
bad_pack "an archive of a bundle" "'old.tar.zst' is an archive of a bundle" old.tar.zst ''
bad_pack "cases with an unknown key" "tests/y.yaml:.*'drivr'" tests/y.yaml \
	'- { name: x, device: { bus: pci }, expect: { drivr: a } }\n'
bad_pack "cases with an id that is not hexadecimal" "tests/y.yaml:1: 'vendor' must be an id in hexadecimal .*, got '10dg'" \
	tests/y.yaml '- { name: x, device: { bus: pci, vendor: 10dg }, expect: { driver: a } }\n'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=acme \
	-addext subjectAltName=URI:bus-ext:pci -keyout "$work/key" -out "$work/cert" 2>/dev/null
"$bxctl" sign --key "$work/key" --cert "$work/cert" "$bundle" >/dev/null
pack "a signature that fits" 0 "wrote"
bad_pack "a signature of other files" "'new.txt' was added after" new.txt ''
rm "$bundle/bundle.sig" "$out"
check_equal "nothing was written of those" "" "$(ls -A "$work/out")"
touch -d '1 minute ago' "$bundle/good.bpf.o"
touch "$bundle/good.bpf.c"
pack "an object that is older than its source is a note" 0 \
	"note: 'good.bpf.o' is older than its source 'good.bpf.c': compile it again"
make_bundle

# --- signals
# shellcheck disable=SC2094 # a pipe that is opened to be written, and then has no reader
exec 8<>"$work/held" 7>"$work/held" 8<&-
says_to() { "$bxctl" "${@:2}" >&7 2>"$work/said"; }
check_status 1 "a closed pipe is an error" says_to x help
check_match "with a message" "cannot write the output: Broken pipe" "$(<"$work/said")"
check_status 0 "notes to a closed pipe do not end a command" \
	sh -c "'$bxctl' install --offline --allow-unsigned '$bundle' 2>&7"
check "which did its work" test -e "$state/acme/state.yaml"
exec 7>&-
# ended SIGNAL: bxctl ends by SIGNAL, while it waits for the lock with a copy of a bundle
ended() {
	local status=0
	BXCTL_FAKE=$work/kernel env --default-signal=INT "$native" verify --allow-unsigned "$bundle" &
	wait_until 30 eval "[ -n \"\$(ls -A '$TMPDIR')\" ]"
	kill "-$1" $!
	wait $! || status=$?
	check_equal "SIG$1 ends a command, and leaves no temporary files" "$((128 + $2)) " \
		"$status $(ls -A "$TMPDIR")"
}
pins=$work/kernel/sys/fs/bpf/bus_ext
mkdir "$work/kernel"
BXCTL_FAKE=$work/kernel "$native" verify --allow-unsigned "$bundle" >/dev/null
flock "$pins" cat "$work/held" >/dev/null &
holder=$!
wait_until 30 eval "! flock -n '$pins' true" || ktap_diag "the lock is not held"
ended TERM 15
ended HUP 1
ended INT 2
echo >"$work/held"
wait "$holder"

# --- the program, and the script that starts it
if readelf -V "$bxctl" 2>/dev/null | grep >/dev/null -i asan; then
	ktap_skip "bxctl is built hardened" "it is built with sanitizers"
else
	check_equal "bxctl is built hardened" "BIND_NOW __stack_chk_fail fortify" \
		"$(readelf -Wd "$bxctl" | grep -o -m1 BIND_NOW) $(
			readelf -W --dyn-syms "$bxctl" | grep -o -m1 __stack_chk_fail) $(
			readelf -W --dyn-syms "$bxctl" | grep >/dev/null '__[a-z]*_chk@' && echo fortify)"
fi
sed -n '/^to_log()/,/^}/p' "$script" | sed "s|/dev/kmsg|$work/kmsg|" >"$work/to_log"
# shellcheck disable=SC2016
printf '%s\n' 'a\tb\c -n' | sh -c '. "$1"; log=$2; to_log 6' sh "$work/to_log" "$work/log"
check_equal "the initramfs' log has lines as they are" 'a\tb\c -n <6>bus_ext: boot: a\tb\c -n' \
	"$(<"$work/log") $(<"$work/kmsg")"
