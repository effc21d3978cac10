#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the two libraries show and need: exactly what the header declares and PAM asks for, and
# nothing but libc and libpam.
cd "$(dirname "$0")/.." || exit 1
build=${DBA_BUILD:-build}
passed=0
failed=0
same() {
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s\nwanted: %s\ngot:    %s\n' "$1" "$2" "$3"
    fi
}
exported() { nm -D --defined-only "$1" | awk '$2 == "T" {sub(/@.*/, "", $3); print $3}' | sort | xargs; }
needed() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort | xargs; }

same "exports of libdblabauth" \
    "$(grep -o 'dblabauth_[a-z_]*(' libdblabauth/include/dblabauth.h | tr -d '(' | sort -u | xargs)" \
    "$(exported "$build/libdblabauth.so.1")"
same "exports of pam_dblab" "pam_sm_acct_mgmt pam_sm_authenticate pam_sm_chauthtok \
pam_sm_close_session pam_sm_open_session pam_sm_setcred" "$(exported "$build/pam_dblab.so")"
same "libraries of libdblabauth" "libc.so.6" "$(needed "$build/libdblabauth.so.1")"
same "libraries of pam_dblab" "libc.so.6 libpam.so.0" "$(needed "$build/pam_dblab.so")"
same "keeper without libcurl and jansson" "" \
    "$(needed "$build/dblab-authd" | tr ' ' '\n' | grep -E 'curl|jansson|ssl' | xargs)"
same "command without foreign libraries" "libc.so.6" "$(needed "$build/dblab-auth")"
same "the environment is not read where others call us" "" \
    "$(grep -lE '\b(secure_)?getenv *\(' pam_dblab/*.c libdblabauth/*/*.c | xargs)"
for program in dblab-authd dblab-authd-checker dblab-auth; do
    same "hardening of $program" "yes" \
        "$(readelf -d "$build/$program" | grep -q 'BIND_NOW\|NOW' && readelf -h "$build/$program" |
            grep -q 'DYN' && readelf -lW "$build/$program" | grep -q 'GNU_RELRO' && echo yes)"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
