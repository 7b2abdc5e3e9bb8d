#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Installed bundles: owners of policies, accepted upgrades, repeated checks, and bundles
# whose files, state or disk are bad. Runs on the host, with the tests' own kernel
# (native/bxctl.c).
cd "$(dirname "$0")/../.." || exit 1
. loader/tests/says.sh
on_fake_kernel
state=$work/var/bundles
claims='[ { bus: pci } ]'

cleanup() {
	rm -rf "$work"
}

active() { "$bxctl" !active; }
quietly() { "$@" >/dev/null 2>&1; }
remove_all() {
	local dir
	for dir in "$state"/*/; do quietly "$bxctl" remove "$(basename "$dir")"; done
	quietly "$bxctl" detach --all
}
# has DESCRIPTION ACTIVE: these are the active policies
has() { check_equal "$1" "$2" "$(active)"; }

# make NAME VERSION POLICY... [-- LINE...]: $work/NAME, with lines of the manifest
make() { write_bundle "$work/$1" "$@"; }
# change DESCRIPTION STATUS REGEX COMMAND NAME [OPTION...]: of the unsigned $work/NAME
change() { says "$1" "$2" "$3" "$4" --allow-unsigned "$work/$5" "${@:6}"; }
of() { sed -n "s/^$2: //p" "$state/$1/state.yaml"; }
generations() { (cd "$state/$1" && echo generation-* | sed 's/generation-//g'); }

trust() { cp "$work/$1.pem" "$work/etc/keys/"; }
# sign KEY NAME: $work/NAME
sign() { "$bxctl" sign --key "$work/$1.key" --cert "$work/$1.pem" "$work/$2" >/dev/null; }

ktap_plan 161
mkdir -p "$work"/{etc/keys,etc/bundles.d,tmp,kernel,lib/bundles}

# --- messages of commands
make x 1.0 good
change "a bundle is installed" 0 "installed x 1.0 .generation 1, not signed.$" install x
has "and active" "loader_test:1"
says "enable names the bundle" 0 "enabled x 1.0 .generation 1, not signed" enable x
says "so does mode" 0 "in shadow mode: x 1.0 .generation 1" mode shadow x
says "and disable" 0 "disabled x 1.0 .generation 1" disable x
check_equal "JSON has the parts" "x 1.0 1 null enabled" "$("$bxctl" --json enable x |
	jq -r '"\(.bundle) \(.version) \(.generation) \(.signer) \(.done)"')"
says "remove names it as well" 0 "removed x 1.0" remove x
has "nothing is left" ""

# --- a policy belongs to one bundle
make x 1.0 good
quietly "$bxctl" install --allow-unsigned "$work/x"
make x 2.0 other
change "a version with another policy" 0 "upgraded x to 2.0 .generation 2" upgrade x
has "replaces the one before" "other.v1:0"
make y 1.0 good
change "a policy that a kept generation of another bundle has" 5 \
	"bundle 'y' has the policy 'loader_test', and so has generation 1 of the installed bundle 'x'" install y
says "without a bundle it may be attached" 0 "applied loader_test" apply --allow-unsigned "$objects/good.bpf.o"
for command in "mode shadow x" "mode enforce x" "enable x" "disable x" "enable x"; do
	# shellcheck disable=SC2086
	says "$command" 0 "x 2.0" $command
	check_match "leaves the policy that is not the bundle's" "loader_test:1( |$)" "$(active)"
done
says "rollback does not take it over" 5 \
	"'loader_test' of bundle 'x' is attached already, and not by that bundle; use 'bxctl detach loader_test'" rollback x
has "and changes nothing" "loader_test:1 other.v1:0"
check_equal "on disk either" "2 true " "$(of x current) $(of x enabled) $(of x unsettled)"
says "boot changes nothing either" 0 "x 2.0 .*already" boot
says "what a bundle has active is not replaced" 5 \
	"'other.v1' belongs to the installed bundle 'x'; use 'bxctl upgrade', or 'bxctl disable x'" \
	apply --allow-unsigned "$objects/other.bpf.o"
says "remove" 0 "detached other.v1 .*removed x" remove x
has "leaves it, too" "loader_test:1"
quietly "$bxctl" detach loader_test
# as an older version allowed
make y 1.0 good
quietly "$bxctl" install --allow-unsigned "$work/y"
mv "$state/y" "$work/y.installed"
make x 1.0 good
quietly "$bxctl" install --allow-unsigned --offline "$work/x"
make x 2.0 other
quietly "$bxctl" upgrade --allow-unsigned --offline "$work/x"
mv "$work/y.installed" "$state/y"
says "two that have one already" 0 "x 2.0.* is active.*y 1.0.* already" boot
says "rollback to it is refused" 5 \
	"bundle 'x' has the policy 'loader_test', and so has generation 1 of the installed bundle 'y'" rollback x
says "offline as well" 5 "and so has generation 1 of the installed bundle 'y'" rollback --offline x
says "shadow mode of the first" 0 "x 2.0" mode shadow x
has "leaves the second" "loader_test:1 other.v1:0(shadow)"
says "and so does its removal" 0 "removed x" remove x
has "the second stays" "loader_test:1"
remove_all

# --- accepted upgrades
make x 1.10 good
quietly "$bxctl" install --allow-unsigned "$work/x"
change "the same again" 0 "already installed: x 1.10 .generation 1" upgrade x
check_equal "makes no generation" 1 "$(generations x)"
check_equal "and JSON says so" unchanged "$("$bxctl" --json upgrade --allow-unsigned "$work/x" | jq -r .done)"
make x 1.9 good2
change "a lower version" 4 "from 1.10 to the lower version 1.9; use '--allow-downgrade'" upgrade x
has "is not activated" "loader_test:1"
change "with the flag it is" 0 "upgraded x to 1.9 .generation 2" upgrade x --allow-downgrade
has "and active" "loader_test:2"
make x 1.10.0 good
change "a missing number is a zero" 0 "upgraded x to 1.10.0" upgrade x
make x 1.10 good2
change "the same version with other files" 4 "x' 1.10.0 is installed with other files .*'--allow-downgrade'" upgrade x
change "with the flag, too" 0 "upgraded x to 1.10 " upgrade x --allow-downgrade
make x 1.1000000000 good
change "a number of ten digits" 4 "'version'" upgrade x
make x 1.10 good2
touch "$state/x/generation-4/stray"
change "what is damaged is replaced by the same" 0 "upgraded x to 1.10 .generation 5" upgrade x
remove_all

certificate acme -addext "subjectAltName=URI:bus-ext:pci"
subject=acme certificate acme2 -addext "subjectAltName=URI:bus-ext:pci"
certificate other -addext "subjectAltName=URI:bus-ext:pci"
trust acme
trust other
make x 1.0 good other
quietly "$bxctl" install --allow-unsigned "$work/x"
make x 1.1 good other
sign acme x
says "from unsigned to signed" 0 \
	"upgraded x to 1.1 .generation 2, signed by .*acme.* [0-9a-f]{16}" upgrade "$work/x"
make x 1.2 good
sign other x
says "another signer" 4 \
	"'x' 1.1 is signed by '.*acme' .*, and '.*' by '.*other' .*; use '--change-signer'" upgrade "$work/x"
trust acme2
sign acme2 x
says "another certificate of the same name" 4 "use '--change-signer'" upgrade "$work/x"
rm "$work/x/bundle.sig"
change "no signer" 4 "is signed by '.*acme' .*, and '.*' is not signed; use '--change-signer'" upgrade x
has "is not activated" "loader_test:1 other.v1:0"
sign other x
says "with the flag it is" 0 "upgraded x to 1.2 .*other" upgrade --change-signer "$work/x"
says "the next one of the new signer" 0 "already installed" upgrade "$work/x"
# policies of pci, and a signer who may not decide about pci any more
remove_all
make x 1.0 good other
sign other x
quietly "$bxctl" install "$work/x"
make x 2.0 no-such-bus -- 'drivers: []'
sed -i 's/bus: pci/bus: no-such-bus/' "$work/x/bundle.yaml"
sign other x
printf '%s\n' 'claims: [ { bus: no-such-bus } ]' 'override: true' >"$work/etc/keys/other.yaml"
says "policies out of the signer's scope do not go" 4 \
	"the policy 'loader_test' of bundle 'x' 1.0 would be dropped: .*; use '--change-signer'" upgrade --offline "$work/x"
says "with the flag they do" 0 "upgraded x to 2.0" upgrade --offline --change-signer "$work/x"
rm "$work/etc/keys/other.yaml"
quietly "$bxctl" boot
remove_all

# --- settings
settings='settings: { n: { type: int, min: 0, max: 9, default: 1, help: x }, m: { type: int, default: 1, help: x } }'
make s 1.0 good -- "$settings"
change "installed for the next boot" 0 "installed s 1.0 .*, for the next boot" install s --offline --set n=7 --set m=2
for wrong in nosuch=1 noequals n=10 n=x; do
	status=4
	[[ $wrong != no* ]] || status=8
	says "--set $wrong is refused" $status "'$wrong'|'nosuch'|'10'|'x'" enable --offline s --set $wrong
done
check_equal "and not written" "n=7 m=2" "$(sed -n 's/.*"\(.=.\)"/\1/p' "$state/s/state.yaml" | xargs)"
says "--set of a good one" 0 "enabled s" enable --offline s --set n=8
says "--unset" 0 "enabled s" enable --offline s --unset n
check_equal "forgets it" "m=2" "$(sed -n 's/.*"\(.=.\)"/\1/p' "$state/s/state.yaml" | xargs)"
says "--unset of what was not set" 4 "cannot unset 'n' of bundle 's'" enable --offline s --unset n
quietly "$bxctl" enable --offline s --set n=7
make s 1.1 good -- "${settings/max: 9/max: 5}"
change "a kept value that no longer fits" 0 "dropping the setting 'n=7': .*upgraded s to 1.1" upgrade s --offline
check_equal "is dropped, and no other" "m=2" "$(sed -n 's/.*"\(.=.\)"/\1/p' "$state/s/state.yaml" | tail -1)"
quietly "$bxctl" enable --offline s --set n=5
make s 1.2 good -- "${settings/max: 9/max: 3}"
change "a new value replaces a kept one that does not fit" 0 "upgraded s to 1.2" upgrade s --offline --set n=2
make s 1.3 good -- "$settings"
change "upgrade --unset" 0 "upgraded s to 1.3" upgrade s --offline --unset n --unset m
check_equal "forgets them" "" "$(sed -n '/version: 1.3/,$s/.*"\(.=.\)"/\1/p' "$state/s/state.yaml")"
echo 'n: 10' >"$work/etc/bundles.d/s.yaml"
says "the operator's file is checked as well" 4 "'10'" mode --offline shadow s
says "verify finds it" 4 "FAILED s 1.3 .generation 4, current.*'10'" verify --installed
rm "$work/etc/bundles.d/s.yaml"
remove_all

# --- lists
settings='settings: { l: { type: list, max_items: 3, default: [], help: x } }'
kept() { sed -n 's/.*- "\(l=.*\)"/\1/p' "$state/s/state.yaml" | tail -1; }
make s 1.0 good -- "$settings"
quietly "$bxctl" install --allow-unsigned --offline "$work/s" --set l=a
says "an item is added to the kept list" 0 "enabled s" enable --offline s --set l+=b
check_equal "which is kept as a whole" "l=a,b" "$(kept)"
says "another one is removed" 0 "enabled s" enable --offline s --set l-=a
check_equal "from it" "l=b" "$(kept)"
says "one too many changes nothing" 4 "too many items" enable --offline s --set l+=c,d,e
check_equal "at all" "l=b" "$(kept)"
make s 1.1 good -- "$settings"
change "an upgrade adds to the kept list" 0 "upgraded s to 1.1" upgrade s --offline --set l+=c
check_equal "as well" "l=b,c" "$(kept)"
quietly "$bxctl" enable --offline s --unset l
echo 'l: [ f, g ]' >"$work/etc/bundles.d/s.yaml"
quietly "$bxctl" enable --offline s --set l+=h
check_equal "without a kept list, to that of the operator's file" "l=f,g,h" "$(kept)"
echo 'l: f' >"$work/etc/bundles.d/s.yaml"
says "which must be a list there" 4 "s.yaml:1:.*the setting 'l' is a list" mode --offline shadow s
rm "$work/etc/bundles.d/s.yaml"
remove_all

# --- settings in a plan: as in the upgrade
settings='settings: { size4: { type: int, min: 0, max: 9, default: 1, help: x } }'
make s 1.0 settings -- "$settings"
quietly "$bxctl" install --allow-unsigned "$work/s" --set size4=7
make s 1.1 settings -- "${settings/max: 9/max: 5}"
change "plan drops a kept value that no longer fits" 0 \
	"dropping the setting 'size4=7': .*devices in scope" plan s
change "a new one replaces it" 0 "devices in scope" plan s --set size4=5
change "if it fits" 4 "'6'" plan s --set size4=6
make s 1.2 good
change "plan drops a setting that has gone" 0 \
	"dropping the setting 'size4=7': .*no setting 'size4'.*devices in scope" plan s
change "the upgrade does the same" 0 "dropping the setting 'size4=7': .*upgraded s" upgrade s
remove_all

# --- offline
make x 1.0 good
quietly "$bxctl" install --allow-unsigned "$work/x"
says "disable --offline" 0 "disabled x 1.0 .*, for the next boot" disable --offline x
has "leaves the kernel alone" "loader_test:1"
says "so do the others" 0 "in shadow mode" mode --offline shadow x
says "also on a disabled bundle" 0 "rolled back x to 1.0" rollback --offline -g 1 x
has "the policy is active still" "loader_test:1"
sed -i '1i unsettled: true' "$state/x/state.yaml"
says "and with an interrupted change" 0 "enabled x" enable --offline x
has "which is not settled offline" "loader_test:1"
check_equal "but marked still" true "$(of x unsettled)"
says "the next command does that" 0 "recovering bundle 'x'" disable x
has "and then" ""
quietly "$bxctl" enable x
says "remove --offline" 0 \
	"removed x 1.0, for the next boot|removed x 1.0 .*, for the next boot" remove --offline x
has "leaves the kernel alone as well" "loader_test:1(shadow)"
says "boot deactivates what is not installed" 0 "bundle x" boot
has "and now" ""

# --- unreadable states
make x 1.0 good
quietly "$bxctl" install --allow-unsigned "$work/x"
: >"$state/x/state.yaml"
says "an empty state" 4 "state.yaml" disable x
says "is removed" 0 "detached loader_test .*removed x" remove x
has "with its policies" ""
check "and its folder" test ! -e "$state/x"
quietly "$bxctl" install --allow-unsigned "$work/x"
sed -i 's/^mode: .*/mode: chaos/' "$state/x/state.yaml"
says "an unknown mode" 4 "'mode' must be shadow or enforce, not 'chaos'" enable x
quietly "$bxctl" remove x
quietly "$bxctl" install --allow-unsigned "$work/x"
rm "$state/x/state.yaml"
says "no state, and something active" 0 "detached loader_test .*removed x" remove x
says "nothing at all" 8 "'x' is not installed" remove x

# --- a full disk
# full COMMAND...: no byte can be written
full() { (trap '' XFSZ; ulimit -f 0; "$bxctl" "$@" 2>&1); }
quietly "$bxctl" install --allow-unsigned "$work/x"
said=$(full disable x)
check_equal "disable fails" 1 $?
check_match "and says what is so" \
	"cannot write .*bundle 'x' is deactivated, and still enabled on disk: the next boot activates it again" "$said"
has "the policies are gone" ""
says "repeated, it is done" 0 "disabled x" disable x
quietly "$bxctl" enable x
said=$(full remove x)
check_equal "remove works" 0 $?
has "in the kernel" ""
check "and on disk" test ! -e "$state/x"
quietly "$bxctl" install --allow-unsigned "$work/x"
said=$(full mode shadow x)
check_equal "what is not a way out is not begun" 1 $?
has "and changes nothing" "loader_test:1"
remove_all

# --- checked again
# damaged DESCRIPTION REGEX: by each command
damaged() {
	says "$1: enable" 4 "$2" enable x
	says "$1: mode" 4 "$2" mode --offline shadow x
	quietly "$bxctl" disable x
	says "$1: verify" 4 "FAILED x 1.0 .generation 1, current, .*$2" verify --installed x
	check_match "$1: status" "$2" "$("$bxctl" --json status | jq -r '.bundles[0].problem')"
	sed -i 's/^enabled: .*/enabled: true/' "$state/x/state.yaml"
	"$bxctl" !boot
	says "$1: boot" 6 "$2" boot
	has "$1: is not activated" ""
}
make x 1.0 good
quietly "$bxctl" install --allow-unsigned "$work/x"
says "all is well" 0 "ok +x 1.0 .generation 1, current, not signed" verify --installed
cp "$objects/good2.bpf.o" "$state/x/generation-1/good.bpf.o"
damaged unsigned "not what was installed: files in '.*generation-1' have changed; install it again with 'bxctl upgrade'"
remove_all
make x 1.0 good
sign acme x
quietly "$bxctl" install "$work/x"
says "all is well with a signature" 0 \
	"ok +x 1.0 .generation 1, current, signed by .*acme" verify --installed x
cp "$state/x/generation-1/bundle.yaml" "$work/before.yaml"
sed -i 's/^summary: .*/summary: other/' "$state/x/generation-1/bundle.yaml"
damaged signed "have changed|was changed"
cp "$work/before.yaml" "$state/x/generation-1/bundle.yaml"
quietly "$bxctl" enable x
rm "$work/etc/keys/acme.pem"
make x 1.1 good2
sign other x
quietly "$bxctl" upgrade --change-signer "$work/x"
says "rollback to a signer that is not trusted any more" 4 "signer no longer trusted" rollback x
has "changes nothing" "loader_test:2"
trust acme
says "once it is again" 0 "rolled back x to 1.0" rollback x
rm "$work/etc/keys/acme.pem"
says "boot takes out what an older initramfs has activated" 6 \
	"'x' was active and is deactivated.*signer no longer trusted" boot
has "it is not active" ""
quietly "$bxctl" remove x
trust acme
make x 1.0 good
sign acme x
quietly "$bxctl" install "$work/x"
rm "$work/etc/keys/acme.pem"
damaged withdrawn "signer no longer trusted"
trust acme
says "cannot be recovered, but disabled: before" 0 "enabled x" enable x
rm "$work/etc/keys/acme.pem"
sed -i '1i unsettled: true' "$state/x/state.yaml"
says "an interrupted change of it" 6 \
	"signer no longer trusted.*cannot recover bundle 'x' from an interrupted change, see above; deactivate it with 'bxctl disable x'" mode shadow x
says "is ended by disable" 0 "disabled x" disable x
check_equal "for good" " false" "$(of x unsettled) $(of x enabled)"
trust acme
# the certificate of its signer expires
: >"$work/index"
printf '%s\n' '[ca]' 'default_ca=x' '[x]' "database=$work/index" "new_certs_dir=$work" \
	"serial=$work/serial" 'policy=p' 'default_md=sha256' 'x509_extensions=e' '[p]' \
	'commonName=supplied' '[e]' 'subjectAltName=URI:bus-ext:pci' >"$work/ca.cnf"
openssl req -new -key "$work/acme.key" -subj /CN=acme -out "$work/acme.csr" 2>/dev/null
openssl ca -batch -config "$work/ca.cnf" -create_serial -selfsign -keyfile "$work/acme.key" \
	-in "$work/acme.csr" -startdate 20200101000000Z -enddate 20200201000000Z \
	-out "$work/acme.pem" -notext 2>/dev/null
trust acme
# bxctl does not sign with it
make x 1.0 good
openssl cms -verify -noverify -in "$state/x/generation-1/bundle.sig" -inform PEM 2>/dev/null |
	tr -d '\r' >"$work/list"
openssl cms -sign -binary -nodetach -in "$work/list" -signer "$work/acme.pem" \
	-inkey "$work/acme.key" -outform PEM -out "$work/x/bundle.sig" 2>/dev/null
print=$(openssl x509 -in "$work/acme.pem" -noout -fingerprint -sha256 | sed 's/.*=//; s/://g; s/.*/\L&/')
says "a certificate that has expired" 4 "expired" upgrade "$work/x"
cp "$work/x/bundle.sig" "$state/x/generation-1/"
sed -i "s/fingerprint: .*/fingerprint: \"$print\"/; s/anchor: .*/anchor: \"$print\"/" "$state/x/state.yaml"
says "is accepted for an installed bundle" 0 "enabled x" enable x
says "an initramfs gets the keys" 0 "file .*/keys/acme.pem" boot --files
says "verify of what is not installed" 8 "'none' is not installed" verify --installed none
says "verify of nothing" 8 "needs a BUNDLE, or '--installed'" verify
remove_all

# --- bundles of packages
if [ "$(id -u)" = 0 ]; then
	make p 1.0 good
	cp -r "$work/p" "$work/lib/bundles/p"
	chmod -R go-w "$work/lib"
	says "a package's bundle needs no flag" 0 "installed p 1.0" install p
	check_match "a directory of that name here is never meant" "already installed" \
		"$(cd "$work" && "$bxctl" upgrade p)"
	remove_all
	chmod o+w "$work/lib/bundles/p/good.bpf.o"
	says "one that others may write is not trusted" 4 \
		"not trusted as a package's: '.*good.bpf.o': others than root may write it.*is not signed" install p
	chmod o-w "$work/lib/bundles/p/good.bpf.o"
	chmod g+w "$work/lib"
	says "nor is one in such a directory" 4 "'.*/lib': others than root may write it" install p
	chmod g-w "$work/lib"
	chown 65534 "$work/lib/bundles/p/bundle.yaml"
	says "nor a file of another user" 4 "bundle.yaml': it does not belong to root" install p
	chown 0 "$work/lib/bundles/p/bundle.yaml"
	mv "$work/lib" "$work/real"
	ln -s real "$work/lib"
	says "nor what a link leads to" 4 "'.*/lib': it is a link" install p
	says "with the flag it is installed" 0 "installed p 1.0" install --allow-unsigned p
else
	for i in {1..7}; do ktap_skip "a package's bundle, $i" "needs root"; done
fi
(cd "$work" && "$bxctl" install --allow-unsigned x) >"$work/said" 2>&1
check_match "a bare name is none of a directory here" \
	"'x' is neither installed nor in '.*/lib/bundles'; for the file of that name, write './x'" "$(<"$work/said")"
