#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Hostile input of each kind that a bundle, its archive, its manifest, its signature, its
# object, the administrator's files and a name can be: one result for a kind. A refusal
# names the thing and the remedy, loads nothing and leaves nothing. Runs on the host,
# with the tests' own kernel (native/bxctl.c). The details are in signing.sh,
# trust.sh, files.sh, bundles.sh, installed.sh, storage.c, native/objects.c.
# shellcheck disable=SC2016 # eval expands
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
. loader/tests/tar.sh
. loader/tests/certificates.sh
. selftests/lib/times.sh
umask 022
build=$(realpath "${BUILD:-build}")
bxctl=$build/loader/tests/native/bxctl
work=$(mktemp -d)
world=$work/world
export BUILD=$build BXCTL_FAKE=$world/kernel BXCTL_CONF_DIR=$world/etc BXCTL_STATE_DIR=$world/var \
	TMPDIR=$world/tmp
bundle=$work/acme
keys=$world/etc/keys
state=$world/var/bundles
installed=$state/acme/generation-1
good=$world/var/bundles/acme/generation-1/good.bpf.o
wrong=()
# the snapshot before the command; empty when it is not known
before=

cleanup() {
	rm -rf "$work"
}

# kind DESCRIPTION: one result for all checks since the last one
kind() {
	if [ ${#wrong[@]} = 0 ]; then
		ktap_ok "$1"
	else
		ktap_not_ok "$1" "${wrong[@]}"
	fi
	wrong=()
}

# must DESCRIPTION COMMAND...
must() { "${@:2}" >"$work/log" 2>&1 || wrong+=("$1" "$(<"$work/log")"); }

# snapshot: all that bxctl could change, the objects that the kernel loaded, and the files
# that a path out of an archive would lead to
snapshot() {
	find "$world"/{kernel,var,tmp} "$work/escaped" \( -type f ! -name memory -printf '%T@ %s ' , \
		-printf '%p %m %l\n' \) 2>/dev/null
	cksum "$BXCTL_FAKE/memory"
}

# run STATUS REGEX ARGUMENT...: it exits with STATUS, says REGEX, and prints only text
run() {
	local output status=0
	before=
	output=$("$bxctl" "${@:3}" 2>&1) || status=$?
	if [ "$status" != "$1" ] || ! [[ $output =~ $2 ]] ||
		[[ ${output//$'\n'/} =~ [[:cntrl:]] ]]; then
		wrong+=("command:  bxctl ${*:3}" "expected: status $1 and /$2/" \
			"actual:   status $status" "$(cat -v <<<"$output")")
	fi
}

# refused STATUS REGEX ARGUMENT...: as run, and nothing is loaded or left
refused() {
	local known=${before:-$(snapshot)} after
	run "$@"
	after=$(snapshot)
	[ "$known" = "$after" ] || wrong+=("bxctl ${*:3}" "changed: $(
		diff <(echo "$known") <(echo "$after"))")
	before=$after
}

# accepted ARGUMENT...: it is installed and active
accepted() {
	run 0 "installed acme" install "$@"
	[ "$("$bxctl" !active)" = loader_test:1 ] || wrong+=("bxctl install $*" "is not active")
}

# forget: remove all that was installed
forget() { run 0 removed remove acme; }

# archive COMMAND...: make $work/x.tar.zst of the rows that it writes
archive() { "$@" | zstd -q -1 -f -o "$work/x.tar.zst"; }
unsigned=(install --allow-unsigned)
# bad_archive REGEX COMMAND...
bad_archive() {
	archive "${@:2}"
	refused 4 "$1" "${unsigned[@]}" "$work/x.tar.zst"
}
# good_archive COMMAND...
good_archive() {
	archive "$@"
	accepted --allow-unsigned "$work/x.tar.zst"
}

end() { head -c 1024 /dev/zero; }
files() {
	file a/bundle.yaml "$bundle/bundle.yaml"
	file a/good.bpf.o "$bundle/good.bpf.o"
}
# after ROW...: a complete bundle, and then this row
after() { files && "$@" && end; }
before() { "$@" && files && end; }
# named PATH: a file of that name, by an extended header
named() { extended "path=$1" && row a/y 0 && files && end; }
zeros() { head -c 70M /dev/zero; }

# bad_bundle REGEX: as it is in $bundle, unsigned
bad_bundle() { refused 4 "$1" "${unsigned[@]}" "$bundle"; }
# bad_signed REGEX: signed
bad_signed() { refused 4 "$1" install "$bundle"; }
# trust NAME...: only those
trust() {
	rm -rf "$keys"
	mkdir "$keys"
	[ $# = 0 ] || cp "${@/#/$work/}" "$keys/"
}

ktap_plan 42
mkdir -p "$keys" "$world/etc/bundles.d" "$TMPDIR" "$BXCTL_FAKE" "$work/tar"
make_bundle
accepted --allow-unsigned "$bundle"
forget

# --- archives
upper() { file a/Bundle.yaml "$bundle/bundle.yaml"; }
good_archive after upper
must "both are there" test -e "$installed/Bundle.yaml" -a -e "$installed/bundle.yaml"
forget
kind "archive: names that differ in case are two files"
bad_archive "has 'a/dev', which is neither a file nor a folder" after row a/dev 3
kind "archive: a character device is refused"
bad_archive "has 'a/dev', which is neither a file nor a folder" after row a/dev 4
bad_archive "has 'a/dev', which is neither a file nor a folder" after row a/dev 6
bad_archive "'a/dev' of the unknown type 0x5a" after row a/dev Z
kind "archive: a block device, a pipe and an unknown type are refused"
mode=0004755 good_archive after true
must "setuid is not kept" test "$(stat -c %a "$good")" = 600
forget
mode=0006777 good_archive after true
must "setgid is not kept" test "$(stat -c %a "$good")" = 600
forget
kind "archive: setuid and setgid are not kept"
attributes() {
	extended 'SCHILY.xattr.security.capability=\x01\x00\x00\x02'
	files
	extended 'SCHILY.acl.access=user::rwx,user:65534:rwx,group::r-x,mask::rwx,other::r-x'
	row a/x 0
	end
}
good_archive attributes
must "no attribute is kept" test -z "$(getfattr -d -m - "$installed"/* 2>/dev/null)"
must "no list of users is kept" test "$(stat -c %a "$installed/x")" = 600
forget
kind "archive: capabilities and access lists are not kept"
bad_archive "a name with the byte 0x00" named 'a/x\x00y'
kind "archive: a NUL in a name is refused"
bad_archive "a name with the byte 0xe2" named 'a/x\xe2\x80\xaey'
kind "archive: a name from right to left is refused"
bad_archive "a name with the byte 0x1b" named 'a/\x1b]0;x\x07'
bad_archive "a name with the byte 0x1b" before row 'a/\x1b[8m' 0
kind "archive: an escape sequence in a name is refused, and not printed"
for path in ../x a/../../x "$work/escaped" a/./b a//b a/..; do
	bad_archive "in one folder|not a valid name" before row "$path" 0
done
kind "archive: a path that leads elsewhere, or is spelt in another way, is refused"
bad_archive "has the link 'a/d'" after row a/d 2
bad_archive "has the link 'a/d'" after row a/d 1
folder_then_link() { row a/d/ 5 && row a/d 2 && row a/d/x 0; }
bad_archive "has the link 'a/d'" after folder_then_link
kind "archive: links are refused"
twice() { file a/bundle.yaml "$bundle/bundle.yaml"; }
bad_archive "has 'bundle.yaml' twice" after twice
bad_archive "has 'bundle.yaml/x' twice" after row a/bundle.yaml/x 0
kind "archive: a file twice, and a file as a folder, are refused"
bad_archive "not a valid name in a bundle.*up to 200" named "a/$(printf 'x%.0s' {1..220})"
bad_archive "in 3 folders at most" before row a/b/c/d/e/f 0
kind "archive: long and deep names are refused"
bad_archive "a size is not a number" before row a/x 0 '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff'
bad_archive "a size is not a number" before row a/x 0 '\x80\0\0\0\x40\0\0\0\0\0\0\0'
bad_archive "it ends within a file" after row a/x 0 1000000
kind "archive: a size below zero, and one beyond the end, are refused"
for type in x g L; do
	bad_archive "64 MiB" eval "row x $type 73400320 && zeros && end"
done
kind "archive: much from little in a header is refused"
bad_archive "64 MiB" eval 'row a/x 0 73400320 && zeros && end'
kind "archive: much from little in a file is refused"
bad_archive "a folder has data" eval 'row a/d/ 5 512 && head -c 512 /dev/zero && files && end'
bad_archive "64 MiB" eval 'files && end && zeros'
bad_archive "there is data behind its end" eval 'files && end && echo x'
kind "archive: data of a folder, and behind the end, is refused"
rm -f "$work/x.tar.zst"
(cd "$bundle/tests" && seq 10000 | xargs touch)
bad_bundle "at most 256 files"
make_bundle
kind "10,000 files in a directory are refused"
good_archive eval 'row ./ 5 && row ./a/ 5 && file ./a/bundle.yaml "$bundle/bundle.yaml" &&
	file ./a/good.bpf.o "$bundle/good.bpf.o" && end'
forget
bad_archive "has 'bundle.yaml': an archive of a bundle has all files in one folder; make it with 'bxctl pack'" \
	eval 'row ./ 5 && file ./bundle.yaml "$bundle/bundle.yaml" && end'
kind "archive: that of 'tar c ./a' is a bundle, that of 'tar c .' is told apart"

# --- manifests
# manifest REGEX TEXT: behind a good one
manifest() {
	make_bundle
	printf '%b' "$2" >>"$bundle/bundle.yaml"
	bad_bundle "$1"
}
for key in bundle '"bundle"' '!!str bundle' '"b\\u0075ndle"'; do
	manifest "bundle.yaml:7:[0-9]+: (duplicate key 'bundle'|.*not allowed)" "$key: x\n"
done
manifest "bundle.yaml:7:[0-9]+: " '? bundle\n: x\n'
kind "manifest: a key twice is refused, however it is spelt"
manifest "bundle.yaml:7.*'<<'" '<<: { a: b }\n'
manifest "bundle.yaml:7:[0-9]+: aliases .*not allowed" 'x: *y\n'
manifest "bundle.yaml:7" '? [ a ]\n: x\n'
manifest "bundle.yaml:7" ': x\n'
kind "manifest: merges, aliases, and keys that are not text are refused in their line"
make_bundle
head -c 200000 /dev/zero | tr '\0' '[' >"$bundle/bundle.yaml"
bad_bundle "bundle.yaml:1:[0-9]+: more than 32 lists"
head -c 900 /dev/zero | tr '\0' '[' >"$bundle/bundle.yaml"
bad_bundle "bundle.yaml:1:33: more than 32 lists"
head -c 500000 /dev/zero | tr '\0' '[' >"$bundle/bundle.yaml"
bad_bundle "at most 262144 bytes"
kind "manifest: deep nesting is refused"
seq -f '%.0f: x' 100000 199999 >"$bundle/bundle.yaml"
bad_bundle "at most 262144 bytes"
seq -f '%.0f: x' 100000 120000 >"$bundle/bundle.yaml"
begin=$(processor_ms $$)
bad_bundle "bundle.yaml"
must "it takes seconds" test $(($(processor_ms $$) - begin)) -lt 10000
kind "manifest: many keys are refused, in a moment"
manifest "bundle.yaml" '---\nbundle: x\n'
manifest "bundle.yaml" '...\n]\n'
manifest "bundle.yaml:7: the byte 0x00" '\0\0\n'
kind "manifest: whatever follows it is refused"
make_bundle
printf '\xef\xbb\xbf' | cat - "$bundle/bundle.yaml" >"$work/bom"
cp "$work/bom" "$bundle/bundle.yaml"
bad_bundle "bundle.yaml:1: the byte 0xef|bundle.yaml:1.*byte order mark"
kind "manifest: a byte order mark is refused"

# --- signatures
certificate acme self "$pci" "$code"
certificate other self "$pci" "$code"
certificate root self "$ca" "$pci"
certificate leaf root "$code" "$pci"
sign() { must "sign with $1" "$bxctl" sign -k "$work/$1.key" -c "$work/$1.pem" "$bundle"; }
# tampered REGEX COMMAND: after the signature
tampered() {
	make_bundle
	sign acme
	(cd "$bundle" && eval "$2")
	bad_signed "$1"
	refused 4 "$1" "${unsigned[@]}" "$bundle"
}
trust acme.pem
make_bundle
sign acme
accepted "$bundle"
forget
quietly openssl cms -verify -in "$bundle/bundle.sig" -inform PEM -CAfile "$work/acme.pem" \
	-purpose any -binary -out "$work/list"
cp "$work/list" "$work/list.good"
tampered "the file 'bundle.yaml' was changed after" 'echo "# x" >>bundle.yaml'
tampered "the file 'new' was added after" 'touch new'
tampered "the file 'tests/x.yaml' was signed with it, and is missing" 'rm tests/x.yaml'
tampered "'tests/y.yaml' was added after" 'mv tests/x.yaml tests/y.yaml'
kind "signature: a file that was changed, added, removed or renamed is named"
make_bundle
# signed REGEX COMMAND: the signature that it writes, in $work, of $work/list
signed() {
	(cd "$work" && eval "$2") >"$bundle/bundle.sig" 2>/dev/null
	bad_signed "$1"
}
openssl_sign='openssl cms -sign -binary -signer acme.pem -inkey acme.key -in list'
signed "does not cover a bundle's list of files" "echo x >list; $openssl_sign -nodetach -outform PEM"
cp "$work/list.good" "$work/list"
signed "must have exactly one signature, found 2" \
	"$openssl_sign -nodetach -outform PEM -signer other.pem -inkey other.key"
signed "is not valid" "$openssl_sign -outform PEM"
signed "does not start with a block" "$openssl_sign -nodetach -outform DER"
signed "signer certificate not found" "$openssl_sign -nodetach -nocerts -outform PEM"
signed "more than 1048576 bytes" "head -c 2M /dev/zero"
kind "signature: one of another form, or of something else, is refused"
signed "something is behind the message" \
	"$openssl_sign -nodetach -outform PEM; $openssl_sign -nodetach -outform PEM"
{ cat "$work/list.good" && printf '\0tail'; } >"$work/list"
signed "does not cover a bundle's list of files|is not what was signed" "$openssl_sign -nodetach -outform PEM"
cp "$work/list.good" "$work/list"
kind "signature: a second message, and a list with a NUL and a tail, are refused"
trust root.pem
cms leaf
accepted "$bundle"
forget
algorithm=(-newkey rsa:512)
certificate weak root "$code" "$pci"
algorithm=(-newkey rsa:2048)
certificate rsaroot self "$ca" "$pci"
certificate rsa root "$code" "$pci"
for digest in md5 sha1; do
	cms rsa -md "$digest"
	bad_signed "must be SHA-256, SHA-384 or SHA-512"
done
algorithm=()
cms weak
bad_signed "'CN=weak': EE certificate key too weak"
digest=md5 certificate md5 rsaroot "$code" "$pci"
trust rsaroot.pem
cms md5
bad_signed "CA signature digest algorithm too weak"
unset digest
kind "signature: weak digests and weak keys are refused"
# chain REGEX NAME [LINE...]: an authority between root and signer
chain() {
	certificate inter root "${@:3}"
	certificate below inter "$code" "$pci"
	cms below -certfile "$work/inter.pem"
	bad_signed "$1"
}
trust root.pem
chain "invalid CA certificate" x basicConstraints=CA:FALSE
chain "invalid CA certificate" x keyUsage=digitalSignature
certificate short root basicConstraints=critical,CA:TRUE,pathlen:0
certificate deep short "$ca"
certificate below deep "$code" "$pci"
cat "$work/short.pem" "$work/deep.pem" >"$work/both.crt"
cms below -certfile "$work/both.crt"
bad_signed "path length constraint exceeded"
kind "signature: what lies between must be authorities, and not too many"
certificate web root extendedKeyUsage=critical,serverAuth keyUsage=critical,keyEncipherment subjectAltName=DNS:www.example
cms web
bad_signed "'CN=web' .*may not sign bundles: .*has a key usage without digitalSignature"
certificate web root extendedKeyUsage=critical,serverAuth subjectAltName=DNS:www.example
cms web
bad_signed "'CN=web' .*may not sign bundles: .*must have the extended key usage codeSigning"
kind "signature: a certificate of a TLS server is refused"
dated old 200101 200201
trust old.pem
cms old
bad_signed "the certificate 'CN=old' \('.*keys/old.pem'\) expired on 2020-02-01 00:00:00 UTC; its holder must renew it"
kind "signature: a certificate that has expired is named, with its end"
certificate bad self "$ca"
certificate narrow bad "$code" "$pci"
cms narrow
# shellcheck disable=SC2043
for uri in bus-ext:pci/0x0 bus-ext:pci/0x10de/ac bus-ext://pci/0x10de bus-ext:pci,0x10de \
	bus-ext:pci/10dg "bus-ext:$(printf 'a%.0s' {1..200})" \
	DER:30:15:86:13:62:75:73:2d:65:78:74:3a:70:63:69:00:2f:30:78:31:32:33:34; do
	case $uri in
	DER:*) certificate bad self "$ca" "subjectAltName=$uri" ;;
	*) certificate bad self "$ca" subjectAltName=@names '[names]' "URI.1=$uri" ;;
	esac
	trust bad.pem
	bad_signed "'CN=bad' has the invalid claim"
done
for uri in bus-ext:pci/10de BUS-EXT:pci/0X10DE; do
	certificate bad self "$ca" "subjectAltName=URI:$uri"
	trust bad.pem
	bad_signed "'CN=bad' permits only bus pci, vendor 0x10de"
done
trust root.pem
cms leaf
ln -s /none "$keys/root.yaml"
refused 1 "cannot read '.*root.yaml': No such file" install "$bundle"
rm "$keys/root.yaml"
echo 'claims: []' >"$keys/root.yaml"
cp "$work/root.pem" "$keys/z.pem"
bad_signed "root.yaml' permits nothing; to permit more, edit"
kind "limits: what cannot be read, or is not in all files, limits all the same"
trust root.pem
mv "$bundle/bundle.sig" "$work/sig"
mkdir "$bundle/bundle.sig"
bad_signed "is not signed; .*'--allow-unsigned'|has 'bundle.sig', which is not a file"
rm -r "$bundle/bundle.sig"
kind "signature: a folder of that name is not one"
mv "$work/sig" "$bundle/bundle.sig"
head -c 200 "$work/acme.pem" >"$keys/zz.pem"
bad_signed "zz.pem' is not a certificate"
kind "keys: a file that is not a certificate is an error for any signer"

# --- versions, signers
trust acme.pem other.pem
write_bundle "$bundle" acme 2.0 good
sed -i '/^claims/c claims: [ { bus: pci } ]' "$bundle/bundle.yaml"
sign acme
run 0 "installed acme 2.0" install "$bundle"
make_bundle
sign acme
refused 4 "--allow-downgrade" upgrade "$bundle"
make_bundle 'version: 3.0'
sign other
refused 4 "--change-signer" upgrade "$bundle"
make_bundle 'version: 3.0'
refused 4 "--allow-unsigned|--change-signer" upgrade "$bundle"
refused 4 "--change-signer" upgrade --allow-unsigned "$bundle"
forget
kind "upgrade: an older version, another signer, and none are refused"

# --- objects
# object NAME REGEX: a changed object of native/objects.c
object() {
	rm -rf "$bundle"
	must "object '$1'" "$build/loader/tests/native/objects" "$1" "$bundle"
	bad_bundle "$2"
	refused 4 "$2" apply --allow-unsigned "$bundle"
}
object "two members of one name" "member 'vendor' is there twice"
object "two members of one name, flags" "member 'flags' is there twice"
kind "object: two members of one name are refused"
object "a member far away" "member 'match' of struct 'bus_ext_ops' is out of its bounds"
kind "object: a member out of bounds is refused"
object "a map that pins itself" "map 'pinned' asks to be pinned as .*remove 'pinning'"
object "a kprobe" "program 'beside' in section 'kprobe/do_group_exit' is neither"
object "an LSM program" "program 'beside' in section 'lsm/bpf' is neither"
kind "object: pinned maps and foreign programs are refused"

# --- changes during a command, or afterwards
make_bundle
echo secret >"$work/secret"
mkdir "$work/elsewhere"
cp "$work/secret" "$work/elsewhere/x.yaml"
ln -s "$work/elsewhere" "$work/link"
# turn: exchange the folder and the link to another one, again and again
turn() {
	while [ ! -e "$work/enough" ]; do
		mv "$bundle/tests" "$work/away" && mv "$work/link" "$bundle/tests"
		mv "$bundle/tests" "$work/link" && mv "$work/away" "$bundle/tests"
	done
}
turn &
turner=$!
for _ in {1..5}; do
	output=$("$bxctl" install --allow-unsigned "$bundle" 2>&1)
	status=$?
	must "it is not read: $status $output" eval '! grep -rq secret "$world/var" "$world/tmp"'
	[ "$status" != 0 ] || forget
done
touch "$work/enough"
wait "$turner"
must "nothing is left" test -z "$(find "$TMPDIR" "$state" -mindepth 1)"
must "nothing is active" test -z "$("$bxctl" !active)"
kind "directory: one that is exchanged for a link meanwhile is not followed"
make_bundle
run 0 "installed acme" install --allow-unsigned "$bundle"
cp "$build/loader/tests/objects/good2.bpf.o" "$good"
sed -i 's/^summary: .*/summary: other/' "$installed/bundle.yaml"
refused 4 "files in '.*generation-1' have changed" mode shadow acme
refused 4 "FAILED acme .*have changed" verify --installed acme
run 6 "bundle acme: its files, settings or mode are not those that are active; try 'bxctl enable acme'" status
forget
kind "store: replaced files are found"

# --- files of settings
settings=$world/etc/bundles.d/acme.yaml
ln -s /etc/shadow "$settings"
bad_bundle "acme.yaml.*not the name of a setting"
must "no line of it is shown" eval '! "$bxctl" install --allow-unsigned "$bundle" 2>&1 | grep -F "root:"'
rm "$settings"
mkfifo "$settings"
bad_bundle "acme.yaml.*is not a file"
rm "$settings"
ln -s /none "$settings"
refused 1 "cannot open '.*acme.yaml'" "${unsigned[@]}" "$bundle"
rm "$settings"
kind "settings: a file that leads elsewhere, nowhere, or is a pipe is an error"

# --- names
for name in ../../etc a/b . "$(printf 'x%.0s' {1..5000})"; do
	refused 8 "is not a valid name of a bundle" enable "$name"
	refused 8 "is not a valid name of a bundle" remove "$name"
done
refused 8 "'--help' is not a valid name of a bundle" enable -- --help
kind "names: a path, an option and an endless one are not valid names"
