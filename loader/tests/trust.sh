#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Who may sign a bundle, and with what: certificates, chains, limits, digests, the
# operator's files, and how 'bxctl sign' writes. Runs on the host, without a kernel.
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
. loader/tests/certificates.sh
umask 022
bxctl=$(realpath "$bxctl")
signer=$(realpath "${BUILD:-build}/loader/tests/signer")
work=$(mktemp -d)
export BXCTL_SYSFS=$work/sys BXCTL_CONF_DIR=$work/etc BXCTL_STATE_DIR=$work/var TMPDIR=$work/tmp
bundle=$work/acme
keys=$work/etc/keys

cleanup() {
	rm -rf "$work"
}

# trust NAME...: only those
trust() {
	rm -rf "${work:?}/etc"
	mkdir -p "$keys"
	[ $# = 0 ] || cp "${@/#/$work/}" "$keys/"
}

# limit NAME [LINE...]: the operator's limits
limit() { printf '%s\n' "${@:2}" >"$keys/$1.yaml"; }

refused() { says "$1" 4 "$2" install --offline "$bundle"; }
accepted() {
	says "$1" 0 installed install --offline "$bundle"
	rm -rf "${work:?}/var"
}
fails() { says "$1" 1 "$2" install --offline "$bundle"; }

ktap_plan 142
mkdir -p "$keys" "$TMPDIR"
claims='[ { bus: pci } ]' write_bundle "$bundle" acme 1.0 good
certificate acme self "$pci" "$code"
quietly "$bxctl" sign -k "$work/acme.key" -c "$work/acme.pem" "$bundle"
quietly openssl cms -verify -in "$bundle/bundle.sig" -inform PEM -CAfile "$work/acme.pem" \
	-purpose any -binary -out "$work/list"

# --- usage
certificate root self "$ca" "$pci"
certificate good root "$code" keyUsage=digitalSignature "$pci"
trust root.pem
cms good
accepted "an issued certificate with codeSigning and a claim signs"
certificate plain root "$pci"
cms plain
refused "one without an extended key usage does not" \
	"signed by 'CN=plain' .SHA-256 [0-9a-f]{16}., which may not sign bundles: .*must have the extended key usage codeSigning"
certificate web root extendedKeyUsage=critical,serverAuth keyUsage=critical,keyEncipherment subjectAltName=DNS:www.example
cms web
refused "a TLS server's does not" "may not sign bundles"
certificate any root extendedKeyUsage=anyExtendedKeyUsage "$pci"
cms any
refused "one for any usage does not say so either" "extended key usage codeSigning"
certificate cipher root "$code" keyUsage=keyEncipherment "$pci"
cms cipher
refused "one whose key may not sign does not" "'CN=cipher' has a key usage without digitalSignature"
certificate mute root "$code"
cms mute
refused "one without a claim inherits nothing" "the certificate 'CN=mute' permits nothing"
trust plain.pem
cms plain
accepted "one that is in keys/ itself needs no extended key usage"
trust plain.pem root.pem
accepted "also beside its issuer"
trust cipher.pem
cms cipher
refused "but a key that may sign" "without digitalSignature"
trust mute.pem
cms mute
refused "and a claim" "the certificate 'CN=mute' permits nothing; .*override.* '.*/keys/mute.yaml'"
limit mute 'claims: [ { bus: pci } ]'
accepted "or one of the operator's"

# --- intermediate certificates
certificate inter root "$ca"
certificate below inter "$code" "$pci"
trust root.pem
cms below -certfile "$work/inter.pem"
accepted "an intermediate without a claim passes on its issuer's"
certificate nvidia self "$ca" subjectAltName=URI:bus-ext:pci/10de
certificate inter2 nvidia "$ca"
certificate below2 inter2 "$code" "$pci"
trust nvidia.pem
cms below2 -certfile "$work/inter2.pem"
refused "and no more" "'CN=nvidia' permits only bus pci, vendor 0x10de"
certificate tls root "$ca" extendedKeyUsage=serverAuth
certificate below3 tls "$code" "$pci"
trust root.pem
cms below3 -certfile "$work/tls.pem"
refused "an intermediate for TLS issues no signers" "'CN=tls' has an extended key usage without codeSigning"
certificate nocert root basicConstraints=CA:FALSE
certificate below4 nocert "$code" "$pci"
cms below4 -certfile "$work/nocert.pem"
refused "a certificate that is not an authority issues none" "invalid CA certificate"
certificate short root basicConstraints=critical,CA:TRUE,pathlen:0
certificate deep short "$ca"
certificate below5 deep "$code" "$pci"
cat "$work/short.pem" "$work/deep.pem" >"$work/both.crt"
cms below5 -certfile "$work/both.crt"
refused "a chain is not longer than an authority permits" "path length constraint exceeded"
certificate vague self "$ca"
certificate below6 vague "$code" "$pci"
trust vague.pem
cms below6
refused "an authority in keys/ without a claim permits nothing" "the certificate 'CN=vague' permits nothing"
limit vague 'claims: [ { bus: pci } ]'
accepted "but what the operator says"

# --- claims of certificates
# misspelt URI [TYPE]: it is an error in an authority, where it would limit nothing
misspelt() {
	certificate bad self "$ca" subjectAltName=@names '[names]' "${2:-URI}.1=$1"
	trust bad.pem
	refused "an error: ${2:-URI} '${1:0:40}'" "'CN=bad' has the invalid claim '${3:-${1:0:40}}"
}
certificate bad self "$ca"
certificate leaf bad "$code" "$pci"
cms leaf
misspelt bus-ext:pci/0x0
misspelt bus-ext:pci/0xffffffff
misspelt bus-ext:pci/0x10de/ac
misspelt bus-ext:pci/0x110000000
misspelt bus-ext:pci/10dg
misspelt bus-ext:pci/
misspelt bus-ext:/10de
misspelt bus-ext:
misspelt bus-ext://pci/0x10de
misspelt bus-ext:pci,0x10de
misspelt bus-ext:pci:0x10de
misspelt bus-ext:p%63i/10de
misspelt bus_ext:pci/10de
misspelt BusExt:pci/10de
misspelt bus-ext/pci/10de
misspelt bus-ext:pci/10de DNS
misspelt bus-ext:pci/10de email
misspelt "bus-ext:$(printf 'a%.0s' {1..32})/10de"
misspelt "bus-ext:$(printf 'a%.0s' {1..200})"
# a NUL: 86 is a URI
nul='DER:30:15:86:13:62:75:73:2d:65:78:74:3a:70:63:69:00:2f:30:78:31:32:33:34'
certificate bad self "$ca" "subjectAltName=$nul"
trust bad.pem
refused "an error: a NUL" "the invalid claim 'bus-ext:pci.x00/0x1234'"
certificate bad self "$ca" "subjectAltName=DER:30:03:86:05"
trust bad.pem
refused "an error: names that cannot be read" "bad.pem' has an extension that cannot be read"
certificate leaf root "$code" "subjectAltName=DER:30:03:86:05"
trust root.pem
cms leaf
refused "also in a certificate that was issued" "the certificate 'CN=leaf' has an extension that cannot be read"
certificate bad self "$ca" subjectAltName=URI:bus-ext:pci/
certificate leaf root "$code" subjectAltName=@names '[names]' "$(printf 'URI.%d=bus-ext:bus%d\n' {1..64}{,} | sort -u)" \
	URI.65=bus-ext:pci
cms leaf
refused "an error: more claims than there is room for" "'CN=leaf' has more than 64 claims: 'bus-ext:"
certificate leaf root "$code" subjectAltName=URI:https://bus-ext.example/x,DNS:bus-ext.example,URI:bus-extra:x,URI:bus-ext:pci
cms leaf
accepted "names of others are not claims"

# limited URI WORDS: an authority with it limits
limited() {
	certificate lim self "$ca" "subjectAltName=URI:$1"
	trust lim.pem
	refused "a limit: $1" "'CN=lim' permits only bus pci, vendor $2;"
}
certificate lim self "$ca"
certificate leaf lim "$code" "$pci"
cms leaf
limited bus-ext:pci/0x10de 0x10de
limited BUS-EXT:pci/0X10DE 0x10de
limited bus-ext:pci/10de 0x10de
limited bus-ext:pci/8086 0x8086
sed -i '/^claims/c claims: [ { bus: pci, vendor: 8086 } ]' "$bundle/bundle.yaml"
trust lim.pem
says "sign has nothing to say when all is well" 0 "^signed" sign -k "$work/leaf.key" -c "$work/leaf.pem" "$bundle"
refused "a manifest's vendor is hexadecimal, too" "any vendor, which its manifest does not claim"
sed -i '/^claims/c claims: [ { bus: pci, vendor: 0x1f96 } ]' "$bundle/bundle.yaml"
"$bxctl" sign -k "$work/leaf.key" -c "$work/leaf.pem" "$bundle" >/dev/null
refused "so another one is another one" "claims bus pci, vendor 0x1f96, and .* permits only bus pci, vendor 0x8086"
sed -i '/^claims/c claims: [ { bus: pci, vendor: 10dg } ]' "$bundle/bundle.yaml"
says "an invalid one is refused" 4 "'vendor' must be an id in hexadecimal .*, got '10dg'" sign -k "$work/leaf.key" -c "$work/leaf.pem" "$bundle"
sed -i '/^claims/c claims: [ { bus: pci, vendor: 0 } ]' "$bundle/bundle.yaml"
says "as is 0" 4 "'vendor' must be an id in hexadecimal .*, got '0'" sign -k "$work/leaf.key" -c "$work/leaf.pem" "$bundle"
sed -i '/^claims/c claims: [ { bus: pci } ]' "$bundle/bundle.yaml"

# --- limits of the operator
certificate narrow root "$code" subjectAltName=URI:bus-ext:pci/1234
trust root.pem
cms narrow
limit root 'claims: [ { bus: pci } ]'
refused "limits do not widen a certificate's" "'CN=narrow' permits only bus pci, vendor 0x1234"
limit root 'claims: [ { bus: pci } ]' 'override: true'
accepted "an override does"
limit root 'claims: [ { bus: pci } ]' 'override: false'
refused "one that says no does not" "'CN=narrow' permits only"
limit root 'claims: [ { bus: pci } ]' 'override: yes'
refused "one that says something else is an error" "'override' .*true or false"
cms good
limit root 'claims: [ { bus: pci, vendor: 10de } ]'
refused "limits narrow it" "root.yaml' permits only bus pci, vendor 0x10de; to permit more, edit '.*root.yaml'"
limit root 'claims: []'
refused "also to nothing" "root.yaml' permits nothing"
cp "$work/root.pem" "$keys/a.pem"
cp "$work/root.pem" "$keys/z.pem"
refused "the same certificate in another file does not help" "root.yaml' permits nothing"
limit z 'claims: [ { bus: pci } ]' 'override: true'
refused "nor does a limit beside that" "root.yaml' permits nothing"
trust root.pem
cms narrow
cp "$work/root.pem" "$keys/a.pem"
limit root 'claims: [ { bus: pci } ]' 'override: true'
refused "an override counts only if each file has one" "'CN=narrow' permits only"
limit a 'claims: [ { bus: pci } ]' 'override: true'
accepted "as here"
trust root.pem good.pem
cms good
limit root 'claims: [ { bus: bx-sf } ]'
refused "limits of the issuer hold for a certificate in keys/ as well" "root.yaml' permits only bus bx-sf"
trust root.pem
ln -s /none "$keys/root.yaml"
fails "limits behind a dangling link are an error" "cannot read '.*root.yaml': No such file"
ln -sf root.yaml "$keys/root.yaml"
fails "as are those behind a loop" "cannot read '.*root.yaml': Too many levels"
rm "$keys/root.yaml"
mkdir "$keys/root.yaml"
refused "and a directory of that name" "root.yaml' must be a file"
rmdir "$keys/root.yaml"
limit root 'claim: []'
refused "and a wrong key" "root.yaml:1: .*'claim'"
limit root '- x'
refused "and no mapping" "root.yaml.* must be a mapping"

# --- the operator's files
# stray FILE REGEXP: a copy of the certificate with that name is an error
stray() {
	trust root.pem
	cp "$work/root.pem" "$keys/$1"
	refused "an error: keys/$1" "keys/$1' $2"
}
cms good
stray other.crt "would be ignored: its name must be NAME.pem"
stray other.PEM "would be ignored: its name must be NAME.pem"
stray other.cer "would be ignored: its name must be NAME.pem"
stray root.yml "would be ignored: its name must be NAME.yaml"
stray root.YAML "would be ignored: its name must be NAME.yaml"
stray other.yaml "limits nothing: there is no 'other.pem' beside it"
trust root.pem
cat "$work/root.pem" "$work/good.pem" >"$keys/root.pem"
refused "an error: two certificates in a file" "root.pem' has more than one certificate"
cat "$work/root.pem" "$work/root.key" >"$keys/root.pem"
refused "an error: a key beside it" "root.pem' has a block 'PRIVATE KEY'"
trust root.pem
head -c 200 "$work/good.pem" >"$keys/zz.pem"
refused "an error: half a certificate" "zz.pem' is not a certificate"
trust root.pem
echo text >"$keys/README"
says "anything else gets a note" 0 "note: '.*README' is neither NAME.pem nor NAME.yaml" install --offline "$bundle"
rm -rf "${work:?}/var"

# writable DESCRIPTION FILE MODE: others could trust anyone there
writable() {
	trust root.pem
	limit root 'claims: [ { bus: pci } ]'
	chmod "$3" "$2"
	refused "an error: $1" "'$2' can be written by others.*'chmod go-w $2'"
	chmod go-w "$2"
}
writable "a certificate that all can write" "$keys/root.pem" 666
writable "a certificate that the group can write" "$keys/root.pem" 664
writable "limits that the group can write" "$keys/root.yaml" 664
writable "a directory that all can write" "$keys" 1777
writable "a directory above that the group can write" "$work/etc" 775
accepted "without that all is well"
# foreign DESCRIPTION FILE
foreign() {
	trust root.pem
	limit root 'claims: [ { bus: pci } ]'
	if chown 65534 "$2" 2>/dev/null; then
		refused "an error: $1" "'$2' belongs to the user 65534.*'chown root $2'"
	else
		ktap_skip "an error: $1" "only root can make that"
	fi
}
foreign "a certificate of another user" "$keys/root.pem"
foreign "limits of another user" "$keys/root.yaml"
foreign "a directory of another user" "$keys"

# --- cryptography
trust root.pem
cms good -md sha384
accepted "SHA-384 is accepted"
cms good -md sha512
accepted "SHA-512 is accepted"
cms good -md sha1
refused "SHA-1 is not" "must be SHA-256, SHA-384 or SHA-512"
algorithm=(-newkey rsa:2048)
certificate rsa root "$code" "$pci"
certificate rsaroot self "$ca" "$pci"
algorithm=()
cms rsa
accepted "RSA with 2048 bits is accepted"
cms rsa -md md5
refused "with MD5 it is not" "must be SHA-256, SHA-384 or SHA-512"
cms rsa -keyopt rsa_padding_mode:pss
accepted "with PSS it is"
for bits in 512 1024; do
	algorithm=(-newkey "rsa:$bits")
	rm -f "$work"/{weak,weakroot}.csr
	certificate weak root "$code" "$pci"
	certificate weakroot self "$ca" "$pci"
	algorithm=()
	cms weak
	trust root.pem
	refused "RSA with $bits bits is refused" "'CN=weak': EE certificate key too weak"
	trust weak.pem
	refused "also in keys/" "EE certificate key too weak"
	certificate leaf weakroot "$code" "$pci"
	cms leaf
	trust weakroot.pem
	refused "also of an authority" "'CN=weakroot': CA certificate key too weak"
	says "and sign says so" 4 "is too weak; use an EC key" sign -k "$work/weak.key" -c "$work/weak.pem" "$bundle"
done
trust rsaroot.pem
for digest in md5 sha1; do
	certificate leaf rsaroot "$code" "$pci"
	cms leaf
	refused "a certificate signed with $digest is refused" "CA signature digest algorithm too weak"
done
unset digest
algorithm=(-newkey ed25519)
certificate ed root "$code" "$pci"
algorithm=()
says "Ed25519 cannot sign, and the message blames the key" 4 \
	"ed.key' is of the type ED25519, which cannot sign bundles; use an EC key" \
	sign -k "$work/ed.key" -c "$work/ed.pem" "$bundle"

# --- the form of the signature
trust root.pem
cms good
cp "$bundle/bundle.sig" "$work/good.sig"
# deformed DESCRIPTION REGEXP COMMAND: from $work/good.sig, in $work
deformed() {
	(cd "$work" && eval "$3") >"$bundle/bundle.sig"
	refused "$1" "$2"
}
deformed "two messages in a file" "something is behind the message" 'cat good.sig good.sig'
deformed "text behind it" "something is behind the message" 'cat good.sig; echo x'
deformed "a NUL behind it" "something is behind the message" 'cat good.sig; printf "\0"'
deformed "text before it" "does not start with a block" 'echo x; cat good.sig'
deformed "a block of another kind" "block of another kind" 'cat good.pem'
deformed "one that says that it is encrypted" "block of another kind" \
	'sed "1a Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00000000000000000000000000000000\n" good.sig'
deformed "two messages in a block" "something is behind the message" \
	'echo "-----BEGIN CMS-----"; { openssl cms -cmsout -in good.sig -inform PEM -outform DER
	openssl cms -cmsout -in good.sig -inform PEM -outform DER; } | base64 -w 64; echo "-----END CMS-----"'
deformed "DER" "does not start with a block" 'openssl cms -cmsout -in good.sig -inform PEM -outform DER'
deformed "2 MiB" "more than 1048576 bytes" 'head -c 2M /dev/zero'
deformed "half of it" "is not a CMS message" 'head -c 600 good.sig'
deformed "another kind of message" "exactly one signature, found 0" \
	'openssl cms -data_create -in list -binary -outform PEM'
cp "$work/list" "$work/list.good"
{ cat "$work/list.good" && printf '\0tail'; } >"$work/list"
cms good
refused "a list with a NUL and more behind it" "does not cover a bundle's list of files|is not what was signed"
cat "$work/list.good" "$work/list.good" >"$work/list"
cms good
refused "a list twice" "does not cover a bundle's list of files"
cp "$work/list.good" "$work/list"
cms good -nocerts
refused "a signature without its certificate" "signer certificate not found"
cms good
accepted "and the right one is right"

# --- time
dated old 200101 200201
dated next 400101 410101
trust old.pem
cms old
refused "an expired certificate in keys/ is named, with its file and its end" \
	"the certificate 'CN=old' \('.*keys/old.pem'\) expired on 2020-02-01 00:00:00 UTC; its holder must renew it"
check_equal "without the clock it is good" \
	"CN=old $(openssl x509 -in "$work/old.pem" -outform DER | sha256sum | cut -d' ' -f1)" \
	"$("$signer" "$bundle" any-time | cut -d, -f1)"
check_match "with it, it is not" "expired on" "$("$signer" "$bundle")"
echo >>"$bundle/bundle.yaml"
check_match "the files count without the clock as well" "'bundle.yaml' was changed" "$("$signer" "$bundle" any-time)"
sed -i '$d' "$bundle/bundle.yaml"
trust
check_match "as does trust" "not trusted" "$("$signer" "$bundle" any-time)"
trust next.pem
cms next
refused "one that is not valid yet asks for the clock" "is not valid before 2040-01-01 .*is the clock right"
says "sign refuses an expired one" 4 "old.pem' expired on 2020-02-01" sign -k "$work/old.key" -c "$work/old.pem" "$bundle"
says "and one that is not valid yet" 4 "next.pem' is not valid before 2040" sign -k "$work/next.key" -c "$work/next.pem" "$bundle"

# --- the reported signer
print=$(openssl x509 -in "$work/good.pem" -outform DER | sha256sum | cut -d' ' -f1)
trust
cms good
refused "an unknown signer is shown with the fingerprint" "signed by 'CN=good', which is not trusted: .*SHA-256 $print"
subject=$'/CN=a\e[8m\xe2\x80\xaeb,c' certificate odd self "$pci"
trust odd.pem
cms odd
check_match "a subject is printable" '^CN=[ -~]*1B\[8m[ -~]*$' "$("$signer" "$bundle")"
subject=/ certificate none self "$pci"
trust none.pem
cms none
check_match "and never empty, or it would look unsigned" '^\(no subject\) [0-9a-f]{64}, by .*none.pem' "$("$signer" "$bundle")"

# --- how sign writes
files() { find "$bundle" -mindepth 1 -maxdepth 1 -printf '%P\n' | LC_ALL=C sort | xargs; }
signs() { says "$1" "$2" "$3" sign -k "$work/$4.key" -c "$work/$4.pem" "$bundle"; }
echo precious >"$work/victim"
rm "$bundle/bundle.sig"
ln -s "$work/victim" "$bundle/.bundle.sig"
signs "sign writes through no link that waits for it" 0 "signed" good
check_equal "what a link leads to is left alone" precious "$(<"$work/victim")"
(umask 077 && "$bxctl" sign -k "$work/good.key" -c "$work/good.pem" "$bundle" >/dev/null)
check_equal "its mode does not depend on umask" 644 "$(stat -c %a "$bundle/bundle.sig")"
check_equal "nothing else is left" "bundle.sig bundle.yaml good.bpf.o" "$(files)"
signs "sign notes that a certificate does not sign code" 0 "note: .*plain.pem' does not have the extended key usage codeSigning.*signed" plain
signs "and that it does not permit what the bundle claims" 0 "note: .*narrow.pem' does not permit bus pci, any vendor, which the bundle claims" narrow
signs "and refuses one whose key may not sign" 4 "cipher.pem' has a key usage without digitalSignature" cipher
signs "and one with an invalid claim" 4 "'CN=bad' has the invalid claim" bad
says "a key that cannot be opened is named with the reason" 1 "cannot open '.*good.pem/x': Not a directory" \
	sign -k "$work/good.pem/x" -c "$work/good.pem" "$bundle"
says "a certificate, too" 1 "cannot open '.*good.pem/x': Not a directory" \
	sign -k "$work/good.key" -c "$work/good.pem/x" "$bundle"
says "a key may come through a pipe" 0 "signed" sign -k <(cat "$work/good.key") -c "$work/good.pem" "$bundle"
rm "$bundle/bundle.sig"
mkdir "$bundle/bundle.sig"
touch "$bundle/bundle.sig/x"
signs "a directory in the way is not removed" 1 "cannot write '.*bundle.sig'" good
check_equal "and nothing is left beside it" "bundle.sig bundle.yaml good.bpf.o" "$(files)"
