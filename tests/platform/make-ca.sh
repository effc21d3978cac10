#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the certificates of the simulated Platform: make-ca.sh DIR [DAYS-OF-THE-CA]
#
#   ca.crt           the authority that a configuration names as caFile
#   good.crt         localhost, platform.test, blackhole.test, 127.0.0.1, ::1
#   expired.crt      the same names, of yesteryear
#   wrong-host.crt   another host's
#   self-signed.crt  the right names, by nobody's authority
#
# each with its .key; pin.txt: the good key as CURLOPT_PINNEDPUBLICKEY has it.
set -eu
umask 077
dir=${1:?usage: make-ca.sh DIR}
mkdir -p "$dir"
cd "$dir"
names='DNS:localhost,DNS:platform.test,DNS:blackhole.test,IP:127.0.0.1,IP:::1'

key() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
}

# sign NAME SUBJECT-ALT-NAMES [OPTION...]
sign() {
    name=$1
    alt=$2
    shift 2
    key "$name"
    openssl req -new -key "$name.key" -subj "/CN=$name" -out "$name.csr"
    printf 'subjectAltName=%s\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n' \
        "$alt" > "$name.ext"
    openssl ca -batch -notext -config ca.cnf -extfile "$name.ext" -in "$name.csr" \
        -out "$name.crt" "$@" 2> "$name.log" || { cat "$name.log" >&2; exit 1; }
    rm -f "$name.csr" "$name.ext" "$name.log"
}

key ca
openssl req -x509 -new -key ca.key -subj '/CN=dblab-auth test authority' -days 3650 \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign \
    -out ca.crt
: > index.txt
echo 01 > serial
cat > ca.cnf <<END
[ca]
default_ca = own
[own]
database = index.txt
serial = serial
new_certs_dir = .
certificate = ca.crt
private_key = ca.key
default_md = sha256
policy = any
unique_subject = no
default_days = 365
[any]
commonName = supplied
END
sign good "$names"
sign wrong-host 'DNS:elsewhere.test'
sign expired "$names" -startdate 20200101000000Z -enddate 20210101000000Z
key self-signed
openssl req -x509 -new -key self-signed.key -subj '/CN=localhost' -days 365 \
    -addext "subjectAltName=$names" -out self-signed.crt
printf 'sha256//%s\n' "$(openssl x509 -in good.crt -pubkey -noout | openssl pkey -pubin \
    -outform der | openssl dgst -sha256 -binary | base64)" > pin.txt
rm -f index.txt* serial* ca.cnf ./*.pem
