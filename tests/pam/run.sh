#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs all PAM cases, or those named, on the module in $DBA_BUILD (default build). Users and groups
# come from the two files here (nss_wrapper), so that nothing depends on who runs it.
cd "$(dirname "$0")/../.." || exit 1
build=${DBA_BUILD:-build}
preload=libnss_wrapper.so
# The sanitizer's runtime wants to be the first library.
if ldd "$build/pam-runner" | grep -q libasan; then
    preload="$(gcc -print-file-name=libasan.so) $preload"
    # libpam and its dlopen'ed modules keep what a short process need not give back.
    export ASAN_OPTIONS=detect_leaks=0
fi
[ $# -gt 0 ] || set -- tests/pam/cases/*
LD_PRELOAD=$preload NSS_WRAPPER_PASSWD=tests/pam/passwd NSS_WRAPPER_GROUP=tests/pam/group \
    exec "$build/pam-runner" "$build/pam_dblab.so" "$@"
