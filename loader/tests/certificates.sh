# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154,SC2034
# Unusual certificates, and signatures that 'bxctl sign' does not make, in $work, of
# $bundle. Sourced after says.sh, whose certificate() this one replaces.
ec=(-newkey ec -pkeyopt ec_paramgen_curve:P-256)
code=extendedKeyUsage=codeSigning
ca=basicConstraints=critical,CA:TRUE
pci=subjectAltName=URI:bus-ext:pci

# quietly COMMAND...: with its output in a file for the report of a failed test
quietly() {
	"$@" >"$work/log" 2>&1 || ktap_diag "failed: $*" "$(<"$work/log")"
}

# request NAME: a key and a request; $subject and $algorithm choose
request() {
	quietly openssl req -new "${algorithm[@]:-${ec[@]}}" -nodes -subj "${subject:-/CN=$1}" \
		-keyout "$work/$1.key" -out "$work/$1.csr"
}

# certificate NAME ISSUER [LINE...]: issued by ISSUER ('self'), with extensions, by $digest;
# for the key that NAME has, if there is one
certificate() {
	local issuer=(-CA "$work/$2.pem" -CAkey "$work/$2.key" -CAcreateserial)
	[ "$2" != self ] || issuer=(-signkey "$work/$1.key")
	[ -e "$work/$1.csr" ] || request "$1"
	printf '%s\n' "${@:3}" >"$work/extensions"
	quietly openssl x509 -req -in "$work/$1.csr" "${issuer[@]}" -days 9 \
		"-${digest:-sha256}" -extfile "$work/extensions" -out "$work/$1.pem"
}

# dated NAME FROM TO: self-signed, with a claim, from one YYMMDD to another
dated() {
	request "$1"
	: >"$work/index"
	printf '%s\n' '[ca]' 'default_ca=x' '[x]' "database=$work/index" "new_certs_dir=$work" \
		"serial=$work/serial" 'policy=p' 'default_md=sha256' 'x509_extensions=e' \
		'[p]' 'commonName=supplied' '[e]' "$pci" "$code" >"$work/ca.cnf"
	quietly openssl ca -batch -config "$work/ca.cnf" -create_serial -selfsign \
		-keyfile "$work/$1.key" -in "$work/$1.csr" -startdate "${2}000000Z" \
		-enddate "${3}000000Z" -notext -out "$work/$1.pem"
}

# cms NAME [ARGUMENT...]: sign the bundle's list with openssl
cms() {
	quietly openssl cms -sign -binary -nodetach -in "$work/list" -signer "$work/$1.pem" \
		-inkey "$work/$1.key" -outform PEM -out "$bundle/bundle.sig" "${@:2}"
}
