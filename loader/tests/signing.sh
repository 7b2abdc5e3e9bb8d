#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Signatures and changes after them (trust.sh: who may sign), hostile archives, and the
# files of installed bundles: all tests that need no kernel. Runs on the host.
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
# files that others can write are not trusted
umask 022
bxctl=$(realpath "$bxctl")
objects=$(realpath "${BUILD:-build}/loader/tests/objects")
work=$(mktemp -d)
export BXCTL_SYSFS=$work/sys BXCTL_CONF_DIR=$work/etc BXCTL_STATE_DIR=$work/var TMPDIR=$work/tmp
bundle=$work/acme
state=$work/var/bundles

cleanup() {
	rm -rf "$work"
}

sign() { "$bxctl" sign --key "$work/$1.key" --cert "$work/$1.pem" "$bundle"; }
trust() { cp "$work/$1.pem" "$work/etc/keys/"; }
install_it() { says "$1" "$2" "$3" install --offline "${@:4}"; }
nothing() { check_equal "$1" "" "$({ find "$state" -mindepth 1; ls -A "$TMPDIR"; } 2>/dev/null)"; }

# archive NAME TAR-ARGUMENT...: of the files in $work/in
archive() { tar -C "$work/in" --zstd -cf "$work/$1.tar.zst" "${@:2}"; }
# hostile DESCRIPTION REGEXP TAR-ARGUMENT...: refused, with nothing left
hostile() {
	archive hostile "${@:3}"
	install_it "$1" 4 "$2" --allow-unsigned "$work/hostile.tar.zst"
}

# quiet DESCRIPTION REGEXP ARGUMENT...: refused, and the terminal gets only text
quiet() {
	local output
	output=$("$bxctl" "${@:3}" 2>&1)
	if [ $? = 4 ] && [[ $output =~ $2 ]] && ! LC_ALL=C grep -q \
		$'[\x01-\x09\x0b-\x1f\x7f]\\|\xc2[\x80-\x9f]\\|\xe2\x80[\xaa-\xae]' <<<"$output"; then
		ktap_ok "$1"
	else
		ktap_not_ok "$1" "expected: $2" "actual:" "$(cat -v <<<"$output")"
	fi
}

ktap_plan 112
mkdir -p "$work/etc/keys" "$work/in" "$TMPDIR"

# --- signatures
make_bundle
certificate acme -addext "subjectAltName=URI:bus-ext:pci"
certificate other -addext "subjectAltName=URI:bus-ext:pci"
install_it "unsigned is refused" 4 "is not signed; .*--allow-unsigned" "$bundle"
nothing "and leaves nothing"
says "apply refuses it, too" 4 "is not signed" apply "$bundle"
says "a bundle is signed" 0 "signed '.*acme'" sign -k "$work/acme.key" -c "$work/acme.pem" "$bundle"
check "openssl and sha256sum agree with it" eval "(cd '$bundle' &&
	openssl cms -verify -in bundle.sig -inform PEM -CAfile '$work/acme.pem' -purpose any \
		2>/dev/null | tr -d '\r' | sha256sum -c --quiet)"
install_it "it is not trusted yet" 4 "signed by 'CN=acme', which is not trusted: .*if you trust this vendor .*put it into '.*/keys'" "$bundle"
install_it "not with --allow-unsigned either" 4 "which is not trusted" --allow-unsigned "$bundle"
trust other
install_it "another certificate does not help" 4 "which is not trusted" "$bundle"
trust acme
says "verify shows who signed it, once a kernel is there" 3 "not loaded" verify "$bundle"
install_it "its own does" 0 "installed acme 1.0 .generation 1, signed by .*acme [0-9a-f]{16}., for the next boot" "$bundle"
check_match "the state says who" 'signer: "CN=acme"' "$(<"$state/acme/state.yaml")"
says "status needs no kernel for what is installed" 3 \
	"acme +1.0 +1 of 1 +enforce +not active +0 +0 +CN=acme" status
install_it "not twice" 5 "is already installed; use 'bxctl upgrade'" "$bundle"
says "remove takes it away" 0 "removed acme" remove acme
nothing "and leaves nothing"
sign other >/dev/null
install_it "signed by another whom we trust" 0 "installed" "$bundle"
"$bxctl" remove acme >/dev/null

# --- tampering
# tampered DESCRIPTION REGEXP COMMAND: after the signature
tampered() {
	make_bundle
	sign acme >/dev/null
	(cd "$bundle" && eval "$3")
	install_it "$1" 4 "$2" --allow-unsigned "$bundle"
}
tampered "a file was changed" "the file 'bundle.yaml' was changed after" 'echo "# x" >>bundle.yaml'
tampered "a file was added" "the file 'new' was added after" 'touch new'
tampered "a file is missing" "the file 'tests/x.yaml' was signed with it, and is missing" 'rm tests/x.yaml'
tampered "a file was renamed" "'tests/y.yaml' was added after" 'mv tests/x.yaml tests/y.yaml'
tampered "the signature is empty" "is not a CMS message" ': >bundle.sig'
tampered "the signature is not a message" "is not a CMS message" 'cp bundle.yaml bundle.sig'
# shellcheck disable=SC2016
tampered "the signature is another file's" "does not cover a bundle's list of files" \
	'echo x >../l; openssl cms -sign -binary -nodetach -in ../l -signer ../acme.pem -inkey ../acme.key -outform PEM -out bundle.sig'
# shellcheck disable=SC2016
tampered "two signatures" "must have exactly one signature, found 2" \
	'openssl cms -verify -in bundle.sig -inform PEM -CAfile ../acme.pem -purpose any -out ../l 2>/dev/null
	openssl cms -sign -binary -nodetach -in ../l -signer ../acme.pem -inkey ../acme.key \
		-signer ../other.pem -inkey ../other.key -outform PEM -out bundle.sig'
# shellcheck disable=SC2016
tampered "a signature without its content" "is not valid" \
	'openssl cms -sign -binary -in bundle.yaml -signer ../acme.pem -inkey ../acme.key -outform PEM -out bundle.sig'
# An untrusted manifest is not parsed: this one is not YAML.
broken='echo "]" >bundle.yaml'
tampered "the signature comes before the manifest" "the file 'bundle.yaml' was changed after" "$broken"
make_bundle
(cd "$bundle" && eval "$broken")
sign acme 2>/dev/null >/dev/null
install_it "and so does the question for one" 4 "is not signed" "$bundle"
install_it "unless none is asked for" 4 "bundle.yaml:1:1: invalid YAML" --allow-unsigned "$bundle"
tampered "a link to elsewhere" "is neither a file nor a directory" 'ln -s /etc/passwd tests/p'
tampered "an invalid name" "has 'a b', which is not a valid name in a bundle" 'touch "a b"'
make_bundle
sign acme >/dev/null
touch "$bundle/.hidden"
install_it "a file that starts with a dot is ignored" 0 installed "$bundle"
check "and is not copied" test ! -e "$state/acme/generation-1/.hidden"
"$bxctl" remove acme >/dev/null
says "a key that does not belong to the certificate" 4 "is not that of the certificate" \
	sign -k "$work/other.key" -c "$work/acme.pem" "$bundle"
says "an invalid key" 4 "is not a private key" sign -k "$work/acme.pem" -c "$work/acme.pem" "$bundle"
says "a certificate that is not there" 1 "cannot open '.*none.pem'" sign -k "$work/acme.key" -c "$work/none.pem" "$bundle"
says "sign needs both" 8 "needs '--key FILE' and '--cert FILE'" sign -k "$work/acme.key" "$bundle"

# --- claims
certificate narrow -addext "subjectAltName=URI:bus-ext:pci/0x1234,URI:https://acme.example"
certificate silent
trust narrow
trust silent
make_bundle
sign narrow >/dev/null
install_it "more than the certificate allows" 4 \
	"claims bus pci, any vendor, and the certificate 'CN=narrow' permits only bus pci, vendor 0x1234" "$bundle"
printf '%s\n' 'claims: [ { bus: pci } ]' 'override: true' >"$work/etc/keys/narrow.yaml"
install_it "the operator may override that" 0 installed "$bundle"
"$bxctl" remove acme >/dev/null
printf '%s\n' 'claims: [ { bus: bx-sf } ]' 'override: true' >"$work/etc/keys/narrow.yaml"
install_it "or forbid it" 4 "narrow.yaml' permits only bus bx-sf, any vendor" "$bundle"
echo 'claim: []' >"$work/etc/keys/narrow.yaml"
install_it "a mistake there is none for the better" 4 "narrow.yaml:1: unknown key 'claim' .did you mean 'claims'" "$bundle"
sign silent >/dev/null
install_it "a certificate that says nothing allows nothing" 4 "the certificate 'CN=silent' permits nothing" "$bundle"
# an authority that may speak for pci, and a vendor whose certificate it issued
certificate root -addext "subjectAltName=URI:bus-ext:pci"
trust root
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=leaf \
	-keyout "$work/leaf.key" -out "$work/leaf.csr" 2>/dev/null
printf '%s\n' "subjectAltName=URI:bus-ext:pci/0x1234,URI:bus-ext:platform" \
	"extendedKeyUsage=codeSigning" >"$work/leaf.ext"
openssl x509 -req -in "$work/leaf.csr" -CA "$work/root.pem" -CAkey "$work/root.key" -days 2 \
	-extfile "$work/leaf.ext" -out "$work/leaf.pem" 2>/dev/null
sign leaf >/dev/null
install_it "an issued certificate allows what all of its chain do" 4 \
	"and the certificate 'CN=leaf' permits only bus pci, vendor 0x1234;" "$bundle"
printf '%s\n' 'claims: [ { bus: pci } ]' 'override: true' >"$work/etc/keys/root.yaml"
install_it "the operator's override on the authority replaces that" 0 installed "$bundle"
"$bxctl" remove acme >/dev/null

# --- archives
sign acme >/dev/null
says "a bundle is packed" 0 "wrote .*acme.tar.zst" pack -o "$work/acme.tar.zst" "$bundle"
check_equal "below one folder" \
	"acme-1.0/bundle.sig acme-1.0/bundle.yaml acme-1.0/good.bpf.o acme-1.0/tests/x.yaml" \
	"$(tar -tf "$work/acme.tar.zst" | xargs)"
before=$(sha256sum <"$work/acme.tar.zst")
touch "$bundle"/*
"$bxctl" pack -o "$work/acme.tar.zst" "$bundle" >/dev/null
check_equal "always in the same way" "$before" "$(sha256sum <"$work/acme.tar.zst")"
install_it "and installed from there" 0 installed "$work/acme.tar.zst"
check "as it was" diff -r "$bundle" "$state/acme/generation-1"
"$bxctl" remove acme >/dev/null
nothing "nothing is left in the temporary directory"
mkdir -p "$work/in/acme/d/e/f/g" "$work/in/b"
cp "$bundle"/* "$work/in/acme/" 2>/dev/null
cp "$bundle/bundle.yaml" "$work/in/b/"
hostile "a file above" "one folder" -P --transform 's|^|../|' acme/bundle.yaml
hostile "a file above, later" "'../../x', which is not a valid name" -P --transform 's|^acme/bundle.yaml|acme/../../x|' acme/good.bpf.o acme/bundle.yaml
hostile "a file from the root" "one folder" -P --transform 's|^|/tmp/|' acme/bundle.yaml
check "none of them was written" test ! -e "$work/x" -a ! -e "$TMPDIR/x" -a ! -e "$state/x" -a ! -e "$work/var/x"
ln -s /etc "$work/in/acme/d/link"
hostile "a link" "has the link 'acme/d/link'" acme
rm "$work/in/acme/d/link"
ln "$work/in/acme/bundle.yaml" "$work/in/acme/d/hard"
hostile "a hard link" "has the link" acme
rm "$work/in/acme/d/hard"
mkfifo "$work/in/acme/d/fifo"
hostile "a pipe" "neither a file nor a folder" acme
rm "$work/in/acme/d/fifo"
hostile "two folders" "in one folder" acme/bundle.yaml b
hostile "no folder" "in one folder" -C acme bundle.yaml
hostile "one file twice" "has 'bundle.yaml' twice" --hard-dereference acme/bundle.yaml acme/bundle.yaml
touch "$work/in/acme/d/e/f/g/x"
hostile "too deep" "not a valid name in a bundle" acme
rm "$work/in/acme/d/e/f/g/x"
for i in {1..260}; do : >"$work/in/acme/d/$i"; done
hostile "too many files" "at most 256 files" acme
rm "$work"/in/acme/d/[0-9]*
mkdir "$work"/in/acme/d/{1..600}
hostile "too many folders" "at most 256 files" acme
rmdir "$work"/in/acme/d/[0-9]*
# --- output to a terminal
touch "$work/in/acme/d/"$'\e]0;x\a\nsigned by acme'
archive hostile acme
quiet "a name with escape sequences in an archive" 'has a name with the byte 0x1b' install --offline --allow-unsigned "$work/hostile.tar.zst"
rm "$work/in/acme/d/"$'\e'*
make_bundle $'vendor: "Evil\\rsigned by /CN=Debian\\e[8m"'
quiet "an escape in the manifest" 'control character U\+000D is not allowed' verify --allow-unsigned "$bundle"
make_bundle $'"a\\u202eb": c'
quiet "a change of direction in a key" 'control character U\+202E' verify --allow-unsigned "$bundle"
make_bundle $'vendor: Evil\e[8m'
quiet "a byte of the manifest" 'the byte 0x1b is not part of' verify --allow-unsigned "$bundle"
make_bundle
mv "$bundle" "$work/"$'x\e[8m\302\233'
rm "$work/"$'x\e[8m\302\233/good.bpf.o'
quiet "a directory" 'x\\x1b\[8m\\xc2\\x9b' verify "$work/"$'x\e[8m\302\233/tests/x.yaml'
quiet "an argument" 'x\\x1b' install --offline "$work/"$'x\e[8m\302\233'
rm -r "$work/x"*
truncate -s 70M "$work/in/acme/d/zeros"
hostile "much from little" "64 MiB" acme
rm "$work/in/acme/d/zeros"
head -c 700 "$work/acme.tar.zst" >"$work/short.tar.zst"
install_it "half an archive" 4 "not a whole archive|cannot read" "$work/short.tar.zst"
echo bundle >"$work/text.tar.zst"
install_it "no archive" 4 "archive of a bundle" "$work/text.tar.zst"
tar -C "$work/in" -czf "$work/gz.tar.zst" acme
install_it "compressed otherwise" 4 "archive of a bundle" "$work/gz.tar.zst"
archive empty -T /dev/null
install_it "an empty one" 4 "there is no file in it" "$work/empty.tar.zst"
nothing "nothing is left of all that"

# --- settings, upgrade, rollback: on disk
make_bundle 'settings: { m: { type: string, values: [ a, "\u00e9\"\\ \U0001f427" ], default: a, help: x } }'
install_it "any text may be the value of a setting" 0 installed --allow-unsigned --set 'm=é"\ 🐧' "$bundle"
says "and is still one afterwards" 0 "already installed" upgrade --offline --allow-unsigned "$bundle"
check_equal "as it was given" '"m=é\"\\ 🐧"' "$(sed -n 's/.*- \("m=.*\)/\1/p' "$state/acme/state.yaml" | sort -u)"
"$bxctl" remove acme >/dev/null
settings='settings: { x: { type: int, min: 0, max: 9, default: 1, help: x } }'
make_bundle "$settings"
mkdir -p "$work/etc/bundles.d"
echo 'x: 12' >"$work/etc/bundles.d/acme.yaml"
install_it "a value in a file that is not allowed" 4 "invalid value '12' for the setting 'x'" --allow-unsigned "$bundle"
echo 'y: 1' >"$work/etc/bundles.d/acme.yaml"
install_it "a setting in a file that there is not" 4 "bundles.d/acme.yaml:1: bundle 'acme' has no setting 'y'; there are: x" --allow-unsigned "$bundle"
echo '[ x ]' >"$work/etc/bundles.d/acme.yaml"
install_it "an invalid file of settings" 4 "the file must be a mapping" --allow-unsigned "$bundle"
nothing "nothing of it is installed"
echo 'x: 3' >"$work/etc/bundles.d/acme.yaml"
install_it "a value that is allowed" 0 installed --allow-unsigned "$bundle" --set x=4
check_match "what was given is kept" '- "x=4"' "$(<"$state/acme/state.yaml")"
make_bundle "version: 2.0" "$settings"
says "upgrade" 0 "upgraded acme to 2.0" upgrade --offline --allow-unsigned "$bundle"
check_equal "keeps the version before, and the setting" "1 2 x=4 x=4" \
	"$(cd "$state/acme" && echo generation-* | sed 's/generation-//g') $(
		sed -n 's/.*"\(x=4\)"/\1/p' "$state/acme/state.yaml" | xargs)"
make_bundle "version: 3.0"
says "a setting that went is dropped, and said" 4 "bundle 'acme' has no setting 'x'" \
	upgrade --offline --allow-unsigned "$bundle"
rm "$work/etc/bundles.d/acme.yaml"
says "once the file has it no longer" 0 "dropping the setting 'x=4'" \
	upgrade --offline --allow-unsigned "$bundle"
says "rollback" 0 "rolled back acme" rollback --offline acme
says "to the one before" 3 "acme +2.0 +2 of 3 " status
says "and to another one" 0 "rolled back" rollback --offline -g 3 acme
says "one that is not there" 8 "has no generation 7; kept are: 1 \(1.0\), 2 \(2.0\), 3 \(3.0\)" \
	rollback --offline -g 7 acme
make_bundle "version: 4.0"
says "three are kept" 0 "upgraded" upgrade --offline --allow-unsigned "$bundle"
check_equal "and no more" "2 3 4" "$(cd "$state/acme" && echo generation-* | sed 's/generation-//g')"
says "what is enabled is what an initramfs needs" 0 \
	"state.yaml.*generation-4/bundle.yaml.*generation-4/good.bpf.o.*module bus_ext" boot --files
says "disable" 0 "disabled acme" disable acme
says "then it needs nothing" 0 '^$' boot --files
says "shadow" 8 "takes two arguments" mode shadow acme acme
says "an invalid mode" 8 "'loud' is neither" mode loud acme
make_bundle "bundle: sh" "policies: [ shadow.bpf.o ]"
cp "$objects/shadow.bpf.o" "$bundle"
install_it "what is made for shadow mode" 4 "cannot be enforced: it is made for shadow mode" --allow-unsigned "$bundle"
install_it "is installed as that" 0 installed --allow-unsigned --mode shadow "$bundle"
says "and cannot be enforced, not even when it is disabled" 4 "cannot be enforced" mode --offline enforce sh
"$bxctl" remove sh >/dev/null
says "a bundle that is not installed" 8 "'none' is not installed" enable none
make_bundle "bundle: another" "policies: [ other.bpf.o ]"
cp "$objects/other.bpf.o" "$bundle"
says "nor to be upgraded" 8 "'another' is not installed; use 'bxctl install'" upgrade --offline --allow-unsigned "$bundle"
make_bundle "bundle: another"
install_it "a policy of another bundle" 5 "has the policy 'loader_test', and so has generation . of the installed bundle 'acme'" --allow-unsigned "$bundle"

# --- leftovers of a killed process, or of another one
mkdir -p "$state/.new" "$state/acme/generation-9" "$state/half"
says "the next command continues" 0 "enabled acme" enable --offline acme
check_equal "and removes unknown files" "acme: generation-2 generation-3 generation-4 state.yaml" \
	"$(ls -A "$state"): $(cd "$state/acme" && shopt -s dotglob && echo *)"
sed -i '1i unsettled: true' "$state/acme/state.yaml"
says "an interrupted change shows" 3 "acme .* change interrupted" status
says "and is recovered from" 0 "recovering bundle 'acme' from an interrupted change" disable acme
check_match "for good" "^# written" "$(<"$state/acme/state.yaml")"
echo 'format: 2' >"$state/acme/state.yaml"
says "a state of another format" 4 "state.yaml:1: .*'format' must be a number from 1 to 1" enable --offline acme
says "does not prevent an installation" 0 "installed" install --offline --allow-unsigned "$bundle"
says "status names it" 3 "acme .*unreadable.*" status
