#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the binaries show and what they need: the library exports what its header declares, the
# module the six entry points, neither brings a library into a foreign process or reads its
# environment, and the programs are hardened. Then the example is built as a third party would,
# with the header and the library alone, and run where there is no daemon.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${DBA_BUILD:-build}
cc=${CC:-cc}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# check NAME WANTED GOT
check() {
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s\n  wanted: %s\n  got:    %s\n' "$1" "$2" "$3"
    fi
}

words() {
    tr -s ' ' '\n' | sort | xargs
}

# Defined dynamic symbols, with their versions; the versions' own names are not among them.
exports() {
    nm -D --defined-only "$1" | awk '$2 != "A" {print $3}' | words
}

needed() {
    readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | words
}

soname() {
    readelf -d "$1" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p'
}

# 0 or 1
needs() {
    needed "$1" | grep -c -E "lib($2)\.so"
}

library=$build/libdblabauth.so.1
module=$build/pam_dblab.so
header=libdblabauth/include/dblabauth.h

declared=$($cc -E -P "$header" | grep -o 'dblabauth_[a-z_]*(' | sed 's/($/@@DBLABAUTH_1/' | words)
check "exports of the library" "$declared" "$(exports "$library")"
check "exports of the module" "pam_sm_acct_mgmt pam_sm_authenticate pam_sm_chauthtok \
pam_sm_close_session pam_sm_open_session pam_sm_setcred" "$(exports "$module")"
check "soname of the library" "libdblabauth.so.1" "$(soname "$library")"
check "what the library needs" "libc.so.6" "$(needed "$library")"
check "what the module needs" "libc.so.6 libpam.so.0" "$(needed "$module")"
check "what the command needs" "libc.so.6" "$(needed "$build/dblab-auth")"
check "the keeper without curl and jansson" 0 "$(needs "$build/dblab-authd" 'curl|jansson')"
check "the checker with them" 1 "$(needs "$build/dblab-authd-checker" 'curl')"

check "the environment is not read where others call us" "" \
    "$(grep -lE '\b(secure_)?getenv *\(' pam_dblab/*.c libdblabauth/*/*.c | xargs)"
for program in dblab-authd dblab-authd-checker dblab-auth; do
    check "hardening of $program" "bound now, pie, relro" "$(
        readelf -d "$build/$program" | grep -q NOW && printf 'bound now, '
        readelf -h "$build/$program" | grep -q DYN && printf 'pie, '
        readelf -lW "$build/$program" | grep -q GNU_RELRO && printf relro
    )"
done

# The header stands alone, in C and in C++.
printf '#include <dblabauth.h>\n' | $cc -std=c11 -Wall -Wextra -Wpedantic -Werror \
    -Ilibdblabauth/include -fsyntax-only -x c - 2>"$work/errors"
check "the header in C" 0 $?
if command -v c++ >/dev/null; then
    printf '#include <dblabauth.h>\n' | c++ -Wall -Wextra -Wpedantic -Werror \
        -Ilibdblabauth/include -fsyntax-only -x c++ - 2>>"$work/errors"
    check "the header in C++" 0 $?
fi

mkdir "$work/include"
cp "$header" "$work/include/"
$cc -std=c11 -Wall -Wextra -Werror -I"$work/include" -o "$work/example" \
    libdblabauth/example/example.c "$library" -Wl,-rpath,"$PWD/$build" 2>>"$work/errors"
check "the example builds" 0 $?
cat "$work/errors"

# example USER: its exit code; the token is on its standard input
example() {
    printf 'token\n' | "$work/example" proxy "$1" "$work/socket" 2>"$work/message"
    echo $?
}

check "the example, an unknown user before the daemon ever ran" 3 "$(example nobody.there)"
printf 'dblab-auth-policy 1\ngroup dblab\nmin-uid 1000\ndeny-user root\n%s%s\nend\n' \
    'service proxy plain local
caller ' "$(id -u)" >"$work/policy"
chmod 644 "$work/policy"
check "the example, nobody listens" 2 "$(example alice)"
check "its message" "dblab-authd cannot be reached; is it running?" "$(cat "$work/message")"
check "the example, a denied user" 1 "$(example root)"
check "the example, no valid name" 3 "$(example 'Alice!')"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
